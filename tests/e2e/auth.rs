//! `qwen/auth`: status, setKey, switch, signOut and trust.
