//! The built binary over stdio, against stand-ins on loopback.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod announcements;
mod auth;
mod before_initialize;
mod binding;
mod chat;
mod chat_errors;
mod documents;
mod ending;
mod hostile_files;
mod oauth;
mod resolution;
mod secrets;
mod settings;
mod signin;
mod terminal;
mod tidy;
mod transport;
mod verbs;
