//! The built binary over stdio, against stand-ins on loopback.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod auth;
mod chat;
mod commands;
mod documents;
mod dotenv;
mod oauth;
mod processes;
mod resolution;
mod signin;
mod terminal;
mod tidy;
mod transport;
mod upstream;
