//! The language of `.env` and `.qwen/.env`: pure functions over a text and what is known of its file, and a thin edge.

pub mod facts;
pub mod names;
pub mod places;

pub mod finding;
pub mod findings;

pub mod actions;
pub mod commands;
pub mod completion;
pub mod diagnostics;
pub mod hover;
pub mod requests;
pub mod usage;

pub mod push;

#[cfg(test)]
#[cfg(unix)]
mod tests;

pub use diagnostics::diagnostics;
pub use facts::{Facts, is_env_file};
