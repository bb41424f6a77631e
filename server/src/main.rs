//! The binary: everything is in the library.

use qwen_language_server::{lsp, transport};

fn main() -> std::io::Result<()> {
    let client_process_id = std::env::args()
        .find_map(|argument| argument.strip_prefix("--clientProcessId=").and_then(|id| id.parse().ok()));
    // Not by returning: a thread may be blocked in stdin or stdout for good.
    std::process::exit(lsp::run(&transport::Options { client_process_id })?);
}
