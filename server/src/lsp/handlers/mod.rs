//! One file per request: `qwen/chat` is `chat.rs`, `chat()`, `ChatParams`, `ChatResult`.

pub mod auth;
pub mod chat;
pub mod code_lens;
pub mod command;
pub mod models;
