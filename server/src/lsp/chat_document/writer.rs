//! Writes into an open document around a marker, while the user may be typing in it.

use std::time::Duration;

use tower_lsp::ls_types::request::ApplyWorkspaceEdit;
use tower_lsp::ls_types::{
    ApplyWorkspaceEditParams, DocumentChanges, OneOf, OptionalVersionedTextDocumentIdentifier, Range, TextDocumentEdit,
    TextEdit, Uri, WorkspaceEdit,
};

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

    /// Puts `text` before the marker.
    pub(super) async fn insert(&self, text: &str) -> Result<(), Stopped> {
        self.edit(|document| {
            document.find(&self.marker).map(|range| (Range::new(range.start, range.start), text.to_owned()))
        })
        .await
    }

    /// Puts a note and what follows in the place of the marker. The blank lines before the note are left out where nothing
    /// was answered.
    pub(super) async fn finish(&self, note: &str, rest: &str) -> Result<(), Stopped> {
        self.edit(|document| {
            let range = document.find(&self.marker)?;
            let is_blank = document.before(document.byte_of(range.start), 1).ends_with('\n');
            let note = if is_blank { note.trim_start_matches('\n') } else { note };
            Some((range, format!("{note}{rest}")))
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
