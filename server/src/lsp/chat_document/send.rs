//! `qwen.chatSend`: sends the last question of a chat document, and lets the answer grow in it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;
use tower_lsp::jsonrpc;
use tower_lsp::ls_types::{MessageType, Position, Range, Uri};

use super::answers::Answering;
use super::format::{self, Conversation, QWEN, YOU};
use super::writer::{Rest, Stopped, Writer};
use crate::chat::{ChatRequest, Event, Message};
use crate::files::{Disk, Files};
use crate::lsp::backend::Backend;
use crate::lsp::context;
use crate::lsp::dotenv::push;
use crate::lsp::handlers::chat::ContextItem;
use crate::lsp::progress::WorkDone;
use crate::lsp::roots::{Place, TextDocument, file_path};
use crate::qwen::{Chat, Error, retrying};

/// About ten edits a second: more would fill the editor's undo list and its screen.
const EDIT_INTERVAL: Duration = Duration::from_millis(100);

/// Sends the last question of the document at `uri`. Returns when the answer is complete.
pub async fn send(backend: &Backend, uri: &Uri) -> jsonrpc::Result<()> {
    let document = backend.with_session(|session| session.documents.snapshot(uri));
    let document =
        document.ok_or_else(|| invalid(format!("`{}` is not open; open it and send it again", uri.as_str())))?;
    let conversation = format::parse(&document.text());
    if !conversation.awaits_answer() {
        return Err(invalid(format!("there is nothing to send: write under the last `{YOU}`")));
    }
    let only_one = backend
        .answers
        .begin(uri)
        .ok_or_else(|| invalid("this conversation is being answered; wait for its end, or stop it".to_owned()))?;
    let outcome = answer(backend, uri, conversation, &only_one).await;
    // The lens that was asked for at the last edit still says «Stop».
    drop(only_one);
    push::refresh_lenses(backend);
    outcome
}

/// `qwen.chatStop`: stops the answer that grows in the document at `uri`. What came is kept.
pub fn stop(backend: &Backend, uri: &Uri) -> jsonrpc::Result<()> {
    if backend.answers.stop(uri) { Ok(()) } else { Err(invalid("no answer is under way here".to_owned())) }
}

async fn answer(
    backend: &Backend,
    uri: &Uri,
    conversation: Conversation,
    answering: &Answering,
) -> jsonrpc::Result<()> {
    let root =
        conversation.root.clone().filter(|_| !backend.with_session(|session| session.roots.contains(uri.as_str())));
    let place = Place { root, text_document: Some(TextDocument { uri: uri.as_str().to_owned() }) };
    let (root, scope) = backend.scope(&place)?;
    let attachments = attached(&conversation, uri, &root.path);
    let attachments = backend.with_session(|session| context::attach(session, &root, &attachments))?;
    let mut request = ChatRequest { messages: conversation.messages, ..ChatRequest::default() };
    context::put_before(&mut request, &context::read(attachments).await?);

    let marker = format::marker(&uuid::Uuid::new_v4().simple().to_string()[..8]);
    let writer = Writer::new(backend, uri.clone(), marker.clone());
    let work_done = WorkDone::create(backend, "Qwen answers").await;
    if let Err(stopped) = writer.append(&format!("{QWEN}\n\n{marker}\n")).await {
        work_done.end().await;
        return Err(cannot_write(stopped));
    }
    let mut rest = Rest::default();
    let outcome = work_done.unless_cancelled(async {
        let mut chat = backend.qwen.chat(&scope, request, conversation.model).await.map_err(Ended::Failed)?;
        backend.tell_doubts(chat.account()).await;
        stream(&writer, &work_done, &mut chat, &mut rest).await?;
        Ok(chat.answer().0.warnings)
    });
    let outcome = tokio::select! {
        biased;
        () = answering.stopped() => Err(jsonrpc::Error::request_cancelled()),
        outcome = outcome => outcome,
    };
    work_done.end().await;
    let (last_words, error) = match outcome {
        Ok(Ok(warnings)) => (warnings.iter().map(|warning| format::note(warning)).collect::<String>(), None),
        Ok(Err(Ended::Stopped(stopped))) => return Err(cannot_write(stopped)),
        Ok(Err(Ended::Failed(error))) => {
            (format::note(&format!("No answer, or not all of it: {error}")), Some(error.to_string()))
        }
        Err(_) => (format::note("Cancelled."), None),
    };
    // The user may have deleted the marker while the end was on its way.
    let _ = writer.finish(&rest, &last_words, &format!("\n\n{YOU}\n\n")).await;
    if let Some(error) = error {
        backend.client.show_message(MessageType::ERROR, error).await;
    }
    Ok(())
}

enum Ended {
    Failed(Error),
    Stopped(Stopped),
}

/// Writes deltas as they come, those of a tenth of a second together.
async fn stream(writer: &Writer<'_>, work_done: &WorkDone, chat: &mut Chat, rest: &mut Rest) -> Result<(), Ended> {
    let mut next_edit = Instant::now();
    loop {
        let event = tokio::select! {
            event = chat.next() => Some(event),
            stopped = writer.stopped() => return Err(Ended::Stopped(stopped)),
            () = tokio::time::sleep_until(next_edit), if !rest.text.is_empty() => None,
        };
        match event {
            Some(Ok(Some(Event::Delta(delta)))) => {
                rest.text.push_str(delta.content.as_deref().unwrap_or_default());
            }
            Some(Ok(Some(Event::Retrying { attempt, wait, because }))) => {
                work_done.report(&retrying(attempt, wait, &because)).await;
            }
            None => {
                writer.insert(rest).await.map_err(Ended::Stopped)?;
                next_edit = Instant::now() + EDIT_INTERVAL;
            }
            // What came before the end, whatever that was, is written with it.
            Some(end) => return end.map(drop).map_err(Ended::Failed),
        }
    }
}

/// The files that the last question links to, looked for beside the document, then below the root.
///
/// Whoever wrote the document may not be who sends it: only what really lies in the root, or beside the document, goes.
fn attached(conversation: &Conversation, uri: &Uri, root: &Path) -> Vec<ContextItem> {
    let question = conversation.messages.last().map(Message::text_only).unwrap_or_default();
    let beside = file_path(uri.as_str()).and_then(|path| path.parent().map(Path::to_owned));
    let folders: Vec<PathBuf> = beside.iter().map(PathBuf::as_path).chain([root]).filter_map(real).collect();
    let bases = [url::Url::parse(uri.as_str()).ok(), url::Url::from_directory_path(root).ok()];
    let item = |(link, lines): (String, Option<(u32, u32)>)| {
        let joined = bases.iter().flatten().filter_map(|base| base.join(&link).ok()).map(String::from);
        let lies_inside = |path: &Path| {
            real(path).is_some_and(|path| path.is_file() && folders.iter().any(|folder| path.starts_with(folder)))
        };
        let uri = joined.into_iter().find(|uri| file_path(uri).is_some_and(|path| lies_inside(&path)))?;
        let range = lines.map(|(first, last)| Range::new(Position::new(first - 1, 0), Position::new(last, 0)));
        Some(ContextItem { uri, range })
    };
    format::links(&question).into_iter().filter_map(item).collect()
}

/// The path with every symbolic link followed.
fn real(path: &Path) -> Option<PathBuf> {
    Disk.real_path(path)
}

fn cannot_write(stopped: Stopped) -> jsonrpc::Error {
    match stopped {
        Stopped::Closed | Stopped::MarkerGone => jsonrpc::Error::request_cancelled(),
        Stopped::Refused => jsonrpc::Error {
            message: "the editor refused every edit of the conversation; make it writable and send again".into(),
            ..jsonrpc::Error::content_modified()
        },
    }
}

fn invalid(message: String) -> jsonrpc::Error {
    jsonrpc::Error::invalid_params(message)
}
