//! What the end-to-end tests, the demo and the benchmarks share: a fake editor, temporary worlds, and stand-ins.
#![allow(dead_code, reason = "each of the programs that share this uses a part of it")]
#![allow(unreachable_pub, reason = "what the programs see is public; each of them is a crate of its own")]
#![allow(clippy::needless_pass_by_value, reason = "values are written in place, by `json!`")]

pub mod editor;
pub mod http;
pub mod inbox;
pub mod oauth;
pub mod openai;
pub mod tls;
pub mod world;
