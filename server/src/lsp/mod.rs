//! The editor front: translates LSP into the verbs of `qwen`, and decides nothing.

pub mod announce;
pub mod backend;
pub mod cancellation;
pub mod capabilities;
pub mod chat_document;
pub mod choose;
pub mod configuration;
pub mod context;
pub mod documents;
pub mod error;
pub mod handlers;
pub mod params;
pub mod position;
#[cfg(debug_assertions)]
mod probe;
pub mod progress;
pub mod roots;
pub mod sentence;
pub mod session;
pub mod settings;
pub mod sign_in;

use std::io;
use std::sync::Arc;

use tower_lsp::LspService;
use tower_lsp::ls_types::notification::{Notification, WorkDoneProgressCancel};

use self::backend::Backend;
use crate::env::Environment;
use crate::qwen::Qwen;
use crate::transport;

/// Serves an editor over stdio; the exit code. Nothing is read or written before the `initialize` request.
pub fn run(options: &transport::Options) -> io::Result<i32> {
    transport::install_panic_hook();
    let ending = transport::run(options, || {
        let working_directory = std::env::current_dir().unwrap_or_else(|_| "/".into());
        let qwen = Arc::new(Qwen::new(Environment::read()));
        let builder = LspService::build(|client| Backend::new(client, qwen, working_directory))
            .custom_method("qwen/auth", Backend::auth)
            .custom_method("qwen/chat", Backend::chat)
            .custom_method("qwen/models", Backend::models)
            .custom_method(WorkDoneProgressCancel::METHOD, Backend::work_done_progress_cancel);
        #[cfg(debug_assertions)]
        let builder = probe::register(builder, |backend| &backend.client);
        builder.finish()
    })?;
    Ok(ending.exit_code())
}
