//! Qwen OAuth: sign-in, the credential file, refresh.
