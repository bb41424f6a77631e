//! The editor front: translates LSP into the verbs of `qwen`, and decides nothing.
