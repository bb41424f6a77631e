//! The editor front: translates LSP into the verbs of `qwen`, and decides nothing.

pub mod position;

pub mod documents;

#[cfg(debug_assertions)]
mod probe;

use std::io;

use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::{InitializeParams, InitializeResult};
use tower_lsp::{Client, LanguageServer, LspService};

use crate::transport;

/// Serves an editor over stdio; the exit code.
pub fn run(options: &transport::Options) -> io::Result<i32> {
    transport::install_panic_hook();
    let ending = transport::run(options, || {
        let builder = LspService::build(|client| Backend { client });
        #[cfg(debug_assertions)]
        let builder = probe::register(builder, |backend| &backend.client);
        builder.finish()
    })?;
    Ok(ending.exit_code())
}

struct Backend {
    #[cfg_attr(not(debug_assertions), expect(dead_code, reason = "nothing is sent yet"))]
    client: Client,
}

impl LanguageServer for Backend {
    async fn initialize(&self, _: InitializeParams) -> Result<InitializeResult> {
        Ok(InitializeResult::default())
    }

    async fn shutdown(&self) -> Result<()> {
        Ok(())
    }
}
