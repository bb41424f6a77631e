//! `qwen/models`: what the provider of a root offers.

use serde::Serialize;
use serde_json::Value;
use tower_lsp::jsonrpc;

use crate::lsp::backend::Backend;
use crate::lsp::error::wire;
use crate::lsp::params::parse;
use crate::lsp::roots::Place;
use crate::qwen::ListedModel;

/// The answer to `qwen/models`.
#[derive(Debug, Serialize)]
pub struct ModelsResult {
    /// The provider's models; the one in use is always among them.
    models: Vec<ListedModel>,
}

/// Answers `qwen/models`.
pub async fn models(backend: &Backend, params: Value) -> jsonrpc::Result<ModelsResult> {
    let place: Place = parse(&params)?;
    let (root, _) = backend.scope(&place)?;
    backend.settled().await;
    let scope = backend.scope_now(&root);
    let models = backend.qwen.models(&scope).await.map_err(wire)?;
    Ok(ModelsResult { models })
}
