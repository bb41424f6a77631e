//! `codeAction/resolve`: the user chose an action, so the model is asked for its edit.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::json;
use tower_lsp::jsonrpc::{self, ErrorCode};
use tower_lsp::ls_types::{CodeAction, MessageType, Range, TextEdit, Uri, WorkspaceEdit};

use crate::chat::{ChatRequest, FinishReason};
use crate::lsp::backend::Backend;
use crate::lsp::code_action::edit::workspace_edit;
use crate::lsp::code_action::region::Region;
use crate::lsp::code_action::{Data, Task, answer, prompt};
use crate::lsp::completion::place::is_shared;
use crate::lsp::documents::Document;
use crate::lsp::error::wire;
use crate::lsp::params::parse;
use crate::lsp::progress::WorkDone;
use crate::lsp::roots::file_path;
use crate::qwen::Scope;

/// Longer than any answer takes.
const LIMIT: Duration = Duration::from_secs(3600);

/// The action with its edit. It is for the version of the document that the action was listed for, and no other.
pub async fn resolve(backend: &Backend, mut action: CodeAction) -> jsonrpc::Result<CodeAction> {
    let Some(data) = action.data.clone() else { return Ok(action) };
    let data: Data = parse(&data)?;
    let uri: Uri = data.uri.parse().map_err(|_| jsonrpc::Error::invalid_params("`uri` of the action is no URI"))?;
    let (document, root, abilities) = backend
        .with_session(|session| {
            let document = session.documents.snapshot(&uri).filter(|document| document.version == data.version);
            Some((document?, session.root_of(&uri)?, session.abilities.clone()))
        })
        .ok_or_else(text_changed)?;
    if !is_shared(&uri, &document) {
        return Err(jsonrpc::Error::invalid_params("this document is not shown to a model"));
    }
    backend.settled().await;
    let scope = backend.with_session(|session| session.scope_of(&root));
    let region = Region::of(&document, data.range, data.task);
    let path = file_path(uri.as_str());
    let name = path
        .as_ref()
        .map_or("untitled".into(), |path| path.strip_prefix(&root.path).unwrap_or(path).to_string_lossy().into_owned());
    let request = prompt::request(data.task, data.problem.as_deref(), &region, &name, &document.language_id);

    let work_done = WorkDone::create(backend, &action.title).await;
    let asked = work_done.unless_cancelled(ask(backend, &scope, request));
    let asked = tokio::select! {
        asked = asked => Some(asked),
        // What the model is writing is for another text.
        () = backend.changed_after(&uri, data.version, LIMIT) => None,
    };
    work_done.end().await;
    let text = asked.ok_or_else(text_changed)???;
    if backend.with_session(|session| session.documents.snapshot(&uri)).map(|now| now.version) != Some(data.version) {
        return Err(text_changed());
    }
    action.edit = Some(if let Some(edit) = change(&document, &region, data.task, &text) {
        workspace_edit(&abilities, uri, data.version, edit, &action.title)
    } else {
        let message = format!("{}: the model found nothing to change", action.title);
        backend.client.show_message(MessageType::INFO, message).await;
        WorkspaceEdit { changes: Some(HashMap::new()), ..WorkspaceEdit::default() }
    });
    Ok(action)
}

async fn ask(backend: &Backend, scope: &Scope, request: ChatRequest) -> jsonrpc::Result<String> {
    let mut chat = backend.qwen.chat(scope, request, None).await.map_err(wire)?;
    while chat.next().await.map_err(wire)?.is_some() {}
    let (_, answer) = chat.answer();
    if answer.finish_reason == Some(FinishReason::Length) {
        return Err(jsonrpc::Error {
            code: ErrorCode::ServerError(-32803),
            message: "the model's answer was cut off at its limit; select less and ask again".into(),
            data: Some(json!({ "kind": "interrupted" })),
        });
    }
    Ok(answer.content)
}

/// What the answer changes in the document: the lines that differ, or tests at its end.
fn change(document: &Document, region: &Region, task: Task, text: &str) -> Option<TextEdit> {
    let line_break = if document.has_crlf() { "\r\n" } else { "\n" };
    if task == Task::WriteTests {
        let tests = answer::fitted(text, "", line_break)?;
        let ends_line = document.is_empty() || document.before(document.len(), 1) == "\n";
        let gap = if ends_line { line_break.to_owned() } else { line_break.repeat(2) };
        return Some(TextEdit { range: document.end(), new_text: format!("{gap}{tests}") });
    }
    let change = answer::difference(&region.text, &answer::fitted(text, &region.text, line_break)?)?;
    let lines: Vec<&str> = region.text.split_inclusive('\n').collect();
    let length = |lines: &[&str]| lines.iter().map(|line| line.len()).sum::<usize>();
    let start = document.byte_of(region.range.start) + length(&lines[..change.first]);
    let end = start + length(&lines[change.first..change.first + change.removed]);
    let range = Range::new(document.position_of(start), document.position_of(end));
    Some(TextEdit { range, new_text: change.text })
}

fn text_changed() -> jsonrpc::Error {
    jsonrpc::Error { message: "the text changed; ask again".into(), ..jsonrpc::Error::content_modified() }
}
