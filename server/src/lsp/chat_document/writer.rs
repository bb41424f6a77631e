//! Writes into an open document around a marker, while the user may be typing in it.

use std::time::Duration;

use tower_lsp::ls_types::request::ApplyWorkspaceEdit;
use tower_lsp::ls_types::{
    ApplyWorkspaceEditParams, DocumentChanges, OneOf, OptionalVersionedTextDocumentIdentifier, Position, Range,
    TextDocumentEdit, TextEdit, Uri, WorkspaceEdit,
};

use super::format;
use crate::lsp::backend::Backend;
use crate::lsp::documents::Document;
use crate::transport::ask;

/// How long an editor may take to apply an edit.
const APPLY_LIMIT: Duration = Duration::from_secs(10);
/// How long the editor may take to tell of the change that it has applied, or that made it refuse.
const CHANGE_LIMIT: Duration = Duration::from_secs(2);
/// How often an edit is tried that the user's own typing overtakes.
const TRIES: usize = 50;
/// How often one is tried that an editor refuses though nothing has changed.
const TRIES_WITHOUT_CHANGE: usize = 3;

/// The marker in one open document.
pub(super) struct Writer<'a> {
    backend: &'a Backend,
    uri: Uri,
    marker: String,
}

/// What came of an answer and is not known to be in the document.
#[derive(Debug, Default)]
pub(super) struct Rest {
    /// The text.
    pub(super) text: String,
    /// Whether the editor was asked to insert it, and has not said that it did.
    pub(super) is_sent: bool,
}

/// Why nothing more can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// The user closed the document.
    Closed,
    /// The user deleted the marker: they want no more of the answer.
    MarkerGone,
    /// The editor refuses every edit.
    Refused,
}

impl<'a> Writer<'a> {
    pub(super) fn new(backend: &'a Backend, uri: Uri, marker: String) -> Self {
        Self { backend, uri, marker }
    }

    /// Appends a heading and what follows, below a blank line; the marker is in it.
    pub(super) async fn append(&self, text: &str) -> Result<(), Stopped> {
        self.edit(|document| {
            let gap = if document.before(document.len(), 1).ends_with('\n') { "\n" } else { "\n\n" };
            Some((document.end(), format!("{gap}{text}")))
        })
        .await
    }

    /// Puts what came before the marker. Dropped in the middle, it leaves `rest` as it was.
    pub(super) async fn insert(&self, rest: &mut Rest) -> Result<(), Stopped> {
        rest.is_sent = true;
        let text = rest.text.clone();
        self.edit(|document| {
            document.find(&self.marker).map(|range| (Range::new(range.start, range.start), text.clone()))
        })
        .await?;
        *rest = Rest::default();
        Ok(())
    }

    /// Puts the rest of the answer, a note, and what follows in the place of the marker. A block of code that the answer
    /// leaves open is closed, or the next turn would be a part of it.
    pub(super) async fn finish(&self, rest: &Rest, note: &str, next: &str) -> Result<(), Stopped> {
        self.edit(|document| {
            let range = document.find(&self.marker)?;
            let mut answer = document.text_in(Range::new(Position::default(), range.start));
            let before = answer.len();
            let is_there = rest.is_sent && answer.ends_with(&rest.text);
            answer.push_str(if is_there { "" } else { &rest.text });
            answer.push_str(&format::closing_fence(&answer));
            // No blank lines before the note where nothing was answered.
            answer.push_str(if answer.ends_with('\n') { note.trim_start_matches('\n') } else { note });
            Some((range, format!("{}{next}", &answer[before..])))
        })
        .await
    }

    /// Waits until the user deletes the marker, or closes the document: they want no more of the answer.
    pub(super) async fn stopped(&self) -> Stopped {
        loop {
            let Some(document) = self.document() else { return Stopped::Closed };
            if document.find(&self.marker).is_none() {
                return Stopped::MarkerGone;
            }
            self.backend.changed_after(&self.uri, document.version, Duration::MAX).await;
        }
    }

    /// Has the editor apply what `plan` says of the document as it is now. Each edit names the version that it was made
    /// for: an editor that has a newer one refuses it, and it is made anew.
    async fn edit(&self, plan: impl Fn(&Document) -> Option<(Range, String)>) -> Result<(), Stopped> {
        let mut without_change = 0;
        for _ in 0..TRIES {
            let document = self.document().ok_or(Stopped::Closed)?;
            let (range, text) = plan(&document).ok_or(Stopped::MarkerGone)?;
            // In the document's own kind of line ends.
            let text = if document.has_crlf() { text.replace('\n', "\r\n") } else { text };
            let before = document.count(&text);
            let applied = self.apply(document.version, TextEdit { range, new_text: text.clone() }).await;
            self.backend.changed_after(&self.uri, document.version, CHANGE_LIMIT).await;
            // Neovim says that it applied an edit which it skipped because the user's typing had overtaken it.
            let is_there = self.document().is_none_or(|document| document.count(&text) > before);
            if applied && is_there {
                return Ok(());
            }
            let is_unchanged = self.document().is_some_and(|now| now.version == document.version);
            without_change += usize::from(is_unchanged);
            if without_change == TRIES_WITHOUT_CHANGE {
                break;
            }
        }
        Err(Stopped::Refused)
    }

    /// Always with the version, also where an editor does not announce `documentChanges`: Neovim takes them all the
    /// same, and an edit without a version could land on what the user types.
    async fn apply(&self, version: i32, edit: TextEdit) -> bool {
        let text_document = OptionalVersionedTextDocumentIdentifier { uri: self.uri.clone(), version: Some(version) };
        let edits = TextDocumentEdit { text_document, edits: vec![OneOf::Left(edit)] };
        let edit =
            WorkspaceEdit { document_changes: Some(DocumentChanges::Edits(vec![edits])), ..WorkspaceEdit::default() };
        let params = ApplyWorkspaceEditParams { label: Some("Qwen".to_owned()), edit };
        let response = ask::<ApplyWorkspaceEdit>(&self.backend.client, params, APPLY_LIMIT).await;
        response.is_some_and(|response| response.applied)
    }

    fn document(&self) -> Option<Document> {
        self.backend.with_session(|session| session.documents.snapshot(&self.uri))
    }
}
