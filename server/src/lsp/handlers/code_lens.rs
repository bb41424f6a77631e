//! `textDocument/codeLens`: «Send to Qwen» above the question of a chat document that waits for an answer.

use serde_json::json;
use tower_lsp::ls_types::{CodeLens, Command, Uri};

use crate::lsp::backend::Backend;
use crate::lsp::chat_document::{format, is_chat_document};

/// The lenses of a document; none for one that is no chat document.
pub fn code_lens(backend: &Backend, uri: &Uri) -> Option<Vec<CodeLens>> {
    if !is_chat_document(uri.as_str()) {
        return None;
    }
    let document = backend.with_session(|session| session.documents.snapshot(uri))?;
    if !format::parse(&document.text()).awaits_answer() {
        return None;
    }
    let range = document.find(format::YOU)?;
    let command = Command {
        title: "Send to Qwen".to_owned(),
        command: "qwen.chatSend".to_owned(),
        arguments: Some(vec![json!({ "uri": uri.as_str() })]),
    };
    Some(vec![CodeLens { range, command: Some(command), data: None }])
}
