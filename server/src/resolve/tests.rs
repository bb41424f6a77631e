//! `resolve` as a whole, on trees of files in memory.
