//! The terminal front: translates the command line into the verbs of `qwen`, and decides nothing.
