//! The built binary over stdio, against stand-ins on loopback.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::needless_pass_by_value, reason = "values are written in place, by `json!`")]
#![allow(clippy::type_complexity, reason = "a table of cases has a function in each row")]
#![allow(clippy::format_collect, reason = "a test's text is short")]

#[path = "../support/mod.rs"]
mod support;

mod announcements;
mod auth;
mod before_initialize;
mod binding;
mod chat;
mod chat_documents;
mod chat_errors;
mod code_actions;
mod commands;
mod completion;
mod documents;
mod dotenv;
mod ending;
mod hostile_files;
mod http2;
mod keyring;
mod oauth;
mod oidc;
mod processes;
mod protocol;
mod resolution;
mod rows;
mod secrets;
mod settings;
mod signin;
mod terminal;
mod tidy;
mod transport;
mod upstream;
mod verbs;
