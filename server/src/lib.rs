//! Qwen in every editor, with the right account for each project.
//!
//! The modules are the floors of a house (see `server/ARCHITECTURE.md`), listed from the ground up: imports point
//! down only.

pub mod secret;

pub mod env;

pub mod log;

pub mod files;

pub mod resolve;

pub mod watch;

pub mod http;

pub mod auth;

pub mod chat;

pub mod qwen;

pub mod transport;

pub mod lsp;

pub mod cli;
