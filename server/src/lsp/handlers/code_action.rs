//! `textDocument/codeAction`: what can be done here. It reads a few small files, and asks no network.

use tower_lsp::ls_types::{CodeAction, CodeActionOrCommand, CodeActionParams, CodeActionTriggerKind, Uri};

use crate::lsp::backend::Backend;
use crate::lsp::chat_document::{format, is_chat_document};
use crate::lsp::code_action::commands::{ChatDocument, Situation, commands};
use crate::lsp::code_action::offer::{self, Asked, Trigger};
use crate::lsp::completion::place::is_shared;
use crate::lsp::roots::Root;
use crate::qwen::account::Glance;

/// The actions for a selection, its diagnostics, and the document's root.
pub async fn code_action(backend: &Backend, params: CodeActionParams) -> Option<Vec<CodeAction>> {
    let trigger = match params.context.trigger_kind {
        Some(CodeActionTriggerKind::AUTOMATIC) => Trigger::Automatic,
        _ => Trigger::Invoked,
    };
    if trigger == Trigger::Automatic && params.range.start == params.range.end {
        return None;
    }
    let uri = params.text_document.uri;
    let only = params.context.only.as_deref();
    let (document, root, abilities) = backend.with_session(|session| {
        let root = session.root_of(&uri)?;
        Some((session.documents.snapshot(&uri)?, root, session.abilities.clone()))
    })?;
    let scope = backend.with_session(|session| session.scope_of(&root));
    let Glance { is_configured, endpoint_waits } = backend.qwen.glance(&scope).await;

    let mut actions = Vec::new();
    if is_configured && is_shared(&uri, &document) {
        let asked = Asked {
            uri: uri.as_str(),
            version: document.version,
            range: params.range,
            diagnostics: &params.context.diagnostics,
            only,
            trigger,
            resolves: abilities.code_action_literals && abilities.code_action_resolve,
        };
        actions.extend(offer::edits(&asked));
        actions.extend(link(&root, &uri).and_then(|file| offer::explain(&asked, &root.uri, &file)));
    }
    let chat_document = if !is_chat_document(uri.as_str()) {
        None
    } else if backend.answers.is_running(&uri) {
        Some(ChatDocument::Answering(uri.as_str()))
    } else {
        format::parse(&document.text()).awaits_answer().then(|| ChatDocument::ToSend(uri.as_str()))
    };
    let situation = Situation { root: &root.uri, chat_document, endpoint_waits };
    actions.extend(commands(&situation, only, trigger));
    Some(actions)
}

/// Editors of before LSP 3.8 know commands alone.
pub fn in_the_editors_form(action: CodeAction, has_literals: bool) -> Option<CodeActionOrCommand> {
    if has_literals { Some(action.into()) } else { action.command.map(CodeActionOrCommand::Command) }
}

/// The document as a link below its root.
fn link(root: &Root, uri: &Uri) -> Option<String> {
    let root = url::Url::from_directory_path(&root.path).ok()?;
    root.make_relative(&url::Url::parse(uri.as_str()).ok()?)
}
