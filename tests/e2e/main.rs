//! The built binary over stdio, against stand-ins on loopback.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::needless_pass_by_value, reason = "values are written in place, by `json!`")]
#![allow(clippy::format_collect, reason = "a test's text is short")]

#[path = "../support/mod.rs"]
mod support;

mod auth;
mod chat;
mod chat_documents;
mod chat_errors;
mod code_actions;
mod commands;
mod completion;
mod documents;
mod hostile_files;
mod oauth;
mod processes;
mod resolution;
mod signin;
mod terminal;
mod tidy;
mod transport;
mod upstream;
mod verbs;
