//! What the end-to-end tests, the demo and the benchmarks share: a fake editor, temporary worlds, and stand-ins.
#![allow(dead_code, reason = "each of the programs that share this uses a part of it")]
#![allow(unreachable_pub, reason = "the programs that share this are crates of their own")]

pub mod editor;
pub mod http;
pub mod oauth;
pub mod openai;
pub mod tls;
pub mod world;
