//! A temporary home, roots, files and environment.
