//! Signing in and staying signed in: Qwen OAuth tokens, keys in the keyring, and what the user chose.
