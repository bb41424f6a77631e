//! `textDocument/inlineCompletion` (LSP 3.18): grey text after the cursor.

use serde_json::Value;
use tower_lsp::jsonrpc;
use tower_lsp::ls_types::{
    InlineCompletionItem, InlineCompletionList, InlineCompletionParams, InlineCompletionTriggerKind,
};

use crate::lsp::backend::Backend;
use crate::lsp::completion::mode::Trigger;
use crate::lsp::completion::place::Place;
use crate::lsp::completion::suggest;
use crate::lsp::params::parse;

/// Answers with one item, or none; never with an error, as long as the request is right.
pub async fn inline_completion(backend: &Backend, params: Value) -> jsonrpc::Result<InlineCompletionList> {
    let params: InlineCompletionParams = parse(&params)?;
    let (document, context) = (params.text_document_position, params.context);
    let uri = document.text_document.uri;
    let trigger = if context.trigger_kind == InlineCompletionTriggerKind::AUTOMATIC {
        Trigger::Automatic
    } else {
        Trigger::Invoked
    };
    let selected = context.selected_completion_info.map(|info| (info.range, info.text));
    let place = backend.with_session(|session| Place::take(session, &uri, document.position, selected));
    let suggestion = match place {
        Some(place) => suggest(backend, &uri, place, trigger).await,
        None => None,
    };
    let items = suggestion.map(|suggestion| InlineCompletionItem {
        insert_text: suggestion.text,
        filter_text: None,
        range: Some(suggestion.range),
        command: None,
        // No member of LSP 3.18's; plain text is what there is.
        insert_text_format: None,
    });
    Ok(InlineCompletionList { items: items.into_iter().collect() })
}
