//! `textDocument/codeLens`: «Send to Qwen» above the question of a chat document, «Stop» above an answer under way.

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
    let (heading, title, command) = if backend.answers.is_running(uri) {
        (format::QWEN, "Stop", "qwen.chatStop")
    } else if format::parse(&document.text()).awaits_answer() {
        (format::YOU, "Send to Qwen", "qwen.chatSend")
    } else {
        return None;
    };
    let range = document.find(heading)?;
    let command = Command {
        title: title.to_owned(),
        command: command.to_owned(),
        arguments: Some(vec![json!({ "uri": uri.as_str() })]),
    };
    Some(vec![CodeLens { range, command: Some(command), data: None }])
}
