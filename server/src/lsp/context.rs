//! The files that a question is about, as the editor has them: unsaved text included.

use std::path::{Path, PathBuf};

use tower_lsp::jsonrpc;
use tower_lsp::ls_types::Range;

use super::documents::Document;
use super::handlers::chat::ContextItem;
use super::position::Encoding;
use super::roots::{Root, file_path};
use super::session::Session;
use crate::chat::{ChatRequest, Content, ContentPart, Message, Role};
use crate::files::{Disk, Files};

/// A part of a file, chosen in message order; its text is read later.
#[derive(Debug)]
pub struct Attachment {
    uri: String,
    name: String,
    /// Where the file is, for an open document that is one too.
    path: Option<PathBuf>,
    source: Source,
    range: Option<Range>,
}

#[derive(Debug)]
enum Source {
    Open(Document),
    OnDisk(PathBuf, Encoding),
}

/// The text of a part of a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The path below the root, or the whole one.
    pub name: String,
    /// The first and last line, from 1, where it is a part.
    pub lines: Option<(u32, u32)>,
    /// The text.
    pub text: String,
}

/// Chooses what to read: the editor's text of an open document, else the file.
pub fn attach(session: &Session, root: &Root, items: &[ContextItem]) -> jsonrpc::Result<Vec<Attachment>> {
    items.iter().map(|item| attach_one(session, root, item)).collect()
}

fn attach_one(session: &Session, root: &Root, item: &ContextItem) -> jsonrpc::Result<Attachment> {
    let path = file_path(&item.uri);
    if path.as_deref().is_some_and(holds_secrets) {
        return Err(refusal(&item.uri));
    }
    let name = match &path {
        Some(path) => path.strip_prefix(&root.path).unwrap_or(path).to_string_lossy().into_owned(),
        None => item.uri.clone(),
    };
    let open = item.uri.parse().ok().and_then(|uri| session.documents.snapshot(&uri));
    let source = match (open, path.clone()) {
        (Some(document), _) => Source::Open(document),
        (None, Some(path)) => Source::OnDisk(path, session.abilities.encoding),
        (None, None) => {
            let message = format!("`{}` in `context` is neither an open document nor a file", item.uri);
            return Err(jsonrpc::Error::invalid_params(message));
        }
    };
    Ok(Attachment { uri: item.uri.clone(), name, path, source, range: item.range })
}

fn refusal(uri: &str) -> jsonrpc::Error {
    jsonrpc::Error::invalid_params(format!(
        "`{uri}` holds secrets and is not sent to a model; take it out of `context`"
    ))
}

/// Whether a file is an environment file, which no model may see.
pub fn holds_secrets(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name == ".env" || name.starts_with(".env.") || name == "oauth_creds.json"
}

/// Reads the attachments, off the event loop.
pub async fn read(attachments: Vec<Attachment>) -> jsonrpc::Result<Vec<Excerpt>> {
    if attachments.is_empty() {
        return Ok(Vec::new());
    }
    let excerpts = tokio::task::spawn_blocking(|| attachments.into_iter().map(read_one).collect());
    excerpts.await.unwrap_or_else(|_| Err(jsonrpc::Error::internal_error()))
}

fn read_one(attachment: Attachment) -> jsonrpc::Result<Excerpt> {
    let Attachment { uri, name, path, source, range } = attachment;
    // A link may have any name.
    if path.and_then(|path| Disk.real_path(&path)).is_some_and(|real| holds_secrets(&real)) {
        return Err(refusal(&uri));
    }
    let document = match source {
        Source::Open(document) => document,
        Source::OnDisk(path, encoding) => match crate::files::read_source(&path) {
            Ok(text) => Document::new(&text, encoding),
            Err(error) => {
                return Err(jsonrpc::Error::invalid_params(format!("`context`: {}: {error}", path.display())));
            }
        },
    };
    Ok(match range {
        Some(range) => {
            Excerpt { name, lines: Some((range.start.line + 1, range.end.line + 1)), text: document.text_in(range) }
        }
        None => Excerpt { name, lines: None, text: document.text() },
    })
}

/// Puts the excerpts before the user's last words, each in a block of its own.
pub fn put_before(request: &mut ChatRequest, excerpts: &[Excerpt]) {
    if excerpts.is_empty() {
        return;
    }
    let text: String = excerpts.iter().map(block).collect();
    let Some(message) = request.messages.iter_mut().rev().find(|message| message.role == Role::User) else {
        request.messages.push(Message::text(Role::User, text));
        return;
    };
    match &mut message.content {
        Content::Text(words) => words.insert_str(0, &text),
        Content::Parts(parts) => parts.insert(0, ContentPart::text(text)),
    }
}

/// A fence longer than any in the text, so that the text cannot end its own block.
fn block(excerpt: &Excerpt) -> String {
    let longest = excerpt.text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let lines = excerpt.lines.map(|(first, last)| format!(" (lines {first} to {last})")).unwrap_or_default();
    let end = if excerpt.text.ends_with('\n') { "" } else { "\n" };
    format!("{}{lines}:\n{fence}\n{}{end}{fence}\n\n", excerpt.name, excerpt.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_cannot_end_its_own_block() {
        let excerpt = Excerpt { name: "a.md".into(), lines: Some((3, 5)), text: "````\nx".into() };
        assert_eq!(block(&excerpt), "a.md (lines 3 to 5):\n`````\n````\nx\n`````\n\n");
    }

    #[test]
    fn environment_files_are_recognised() {
        let named = |name: &str| holds_secrets(Path::new(name));
        assert!(
            named("/w/.env") && named("/w/.qwen/.env") && named("/w/.env.local") && named("/h/.qwen/oauth_creds.json")
        );
        assert!(!named("/w/env.rs") && !named("/w/.environment"));
    }
}
