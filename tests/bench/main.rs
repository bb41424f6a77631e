//! The benchmarks: one table, each figure beside its floor, both taken in turns in the same run.
//!
//! `cargo bench` runs all of them, `cargo bench -- chat idle` those whose group has that name. A floor is the least
//! that could be done: a bare program that answers over stdio, or the same request made directly.
#![allow(unreachable_pub, reason = "the parts of a program are public to each other")]

mod bare;
mod direct;
mod measures;
mod model;
mod process;
mod sample;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod wire;

use std::process::ExitCode;

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let mut rows = Vec::new();
    for (group, measure) in measures::GROUPS {
        if wanted.is_empty() || wanted.iter().any(|name| name == group) {
            table::progress(group);
            rows.extend(measure());
        }
    }
    table::print(&rows);
    ExitCode::SUCCESS
}
