//! One file per request: `qwen/chat` is `chat.rs`, `chat()`, `ChatParams`, `ChatResult`.

pub mod auth;
pub mod chat;
pub mod code_action;
pub mod code_action_resolve;
pub mod code_lens;
pub mod command;
pub mod completion;
pub mod inline_completion;
pub mod models;
