//! `qwen/chat`: streaming, errors, retries and cancelling.
