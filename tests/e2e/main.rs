//! The built binary over stdio, against stand-ins on loopback.

#[path = "../support/mod.rs"]
mod support;

mod auth;
mod chat;
mod documents;
mod oauth;
mod resolution;
mod terminal;
mod transport;
mod upstream;
