//! The groups of measures. A new one is a file and a line here.

mod cancel;
mod chat;
mod editing;
mod idle;
mod memory;
mod start;
mod status;
mod streams;

use super::table::Row;

/// A name, and what fills lines of the table.
pub type Group = (&'static str, fn() -> Vec<Row>);

/// All of them.
pub const GROUPS: [Group; 8] = [
    ("start", start::measure),
    ("memory", memory::measure),
    ("chat", chat::measure),
    ("streams", streams::measure),
    ("cancel", cancel::measure),
    ("status", status::measure),
    ("editing", editing::measure),
    ("idle", idle::measure),
];
