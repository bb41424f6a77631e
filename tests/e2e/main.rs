//! The built binary over stdio, against stand-ins on loopback.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod auth;
mod chat;
mod commands;
mod documents;
mod keyring;
mod oauth;
mod oidc;
mod processes;
mod resolution;
mod signin;
mod terminal;
mod tidy;
mod transport;
mod upstream;
