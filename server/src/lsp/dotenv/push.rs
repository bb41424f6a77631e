//! Diagnostics as the user types, for editors that do not ask for them; and the open environment files.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tower_lsp::ls_types::request::{CodeLensRefresh, InlayHintRefreshRequest, WorkspaceDiagnosticRefresh};
use tower_lsp::ls_types::{ClientCapabilities, MarkupKind, ResourceOperationKind, Uri};

use super::actions::EditAbilities;
use super::facts::is_env_file;
use super::requests::subject;
use crate::lsp::backend::Backend;
use crate::qwen::Exposure;
use crate::transport::ask;

/// How long to wait for an editor that is asked to ask again.
const LIMIT: Duration = Duration::from_secs(5);

/// What the editor can do with an environment file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a capability of its own, read once from the protocol")]
pub struct ClientAbilities {
    /// `textDocument/diagnostic`: it asks, and is not told.
    pub pulls: bool,
    /// `workspace/diagnostic/refresh`.
    pub refreshes: bool,
    /// `textDocument/codeLens`.
    pub code_lens: bool,
    /// `workspace/codeLens/refresh`, or `workspace/inlayHint/refresh` where hints stand for the lenses.
    pub refreshes_lenses: bool,
    /// Other places in a diagnostic.
    pub related_information: bool,
    /// Plain text rather than Markdown in a hover.
    pub plain_hover: bool,
    /// Edits.
    pub edits: EditAbilities,
}

impl ClientAbilities {
    /// Reads them from the `initialize` request.
    pub fn of(capabilities: &ClientCapabilities) -> Self {
        let document = capabilities.text_document.as_ref();
        let workspace = capabilities.workspace.as_ref();
        let edit = workspace.and_then(|workspace| workspace.workspace_edit.as_ref());
        let operations = edit.and_then(|edit| edit.resource_operations.as_ref());
        let code_lens = document.is_some_and(|document| document.code_lens.is_some());
        let refreshes_lenses = if code_lens {
            workspace.and_then(|workspace| workspace.code_lens.as_ref()).and_then(|lens| lens.refresh_support)
        } else {
            workspace.and_then(|workspace| workspace.inlay_hint.as_ref()).and_then(|hint| hint.refresh_support)
        };
        let format = document
            .and_then(|document| document.hover.as_ref())
            .and_then(|hover| hover.content_format.as_ref())
            .and_then(|formats| {
                formats.iter().find(|format| [MarkupKind::PlainText, MarkupKind::Markdown].contains(format))
            });
        Self {
            pulls: document.is_some_and(|document| document.diagnostic.is_some()),
            refreshes: workspace
                .and_then(|workspace| workspace.diagnostics.as_ref())
                .and_then(|diagnostics| diagnostics.refresh_support)
                .unwrap_or(false),
            code_lens,
            refreshes_lenses: refreshes_lenses.unwrap_or(false),
            related_information: document
                .and_then(|document| document.publish_diagnostics.as_ref())
                .and_then(|diagnostics| diagnostics.related_information)
                .unwrap_or(false),
            plain_hover: format != Some(&MarkupKind::Markdown),
            edits: EditAbilities {
                document_changes: edit.and_then(|edit| edit.document_changes).unwrap_or(false),
                create_file: operations.is_some_and(|operations| operations.contains(&ResourceOperationKind::Create)),
            },
        }
    }
}

/// The open environment files. Nothing is kept of any other document.
#[derive(Clone, Debug, Default)]
pub struct EnvFiles {
    open: Arc<Mutex<HashMap<Uri, State>>>,
    /// Held while looking and telling, so that an older state is never told after a newer one.
    telling: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug, Default)]
struct State {
    /// What was found on the disk, until that may have changed.
    exposure: Option<Exposure>,
    /// How often the disk may have changed.
    disk: u64,
    /// Whether something changed since the last look.
    is_stale: bool,
}

impl EnvFiles {
    /// The open ones.
    pub fn open(&self) -> Vec<Uri> {
        self.states().keys().cloned().collect()
    }

    /// What is known of the disk, and how often that may have changed.
    pub fn exposure(&self, uri: &Uri) -> (Option<Exposure>, u64) {
        self.states().get(uri).map_or((None, 0), |state| (state.exposure.clone(), state.disk))
    }

    /// Keeps what was found on the disk, unless it may have changed since `disk` was told.
    pub fn keep_exposure(&self, uri: &Uri, exposure: &Exposure, disk: u64) {
        if let Some(state) = self.states().get_mut(uri).filter(|state| state.disk == disk) {
            state.exposure = Some(exposure.clone());
        }
    }

    fn states(&self) -> MutexGuard<'_, HashMap<Uri, State>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `textDocument/didOpen`.
pub fn opened(backend: &Backend, uri: &Uri) {
    if is_env_file(uri.as_str()).is_some() {
        backend.env_files.states().insert(uri.clone(), State::default());
        changed(backend, uri);
    }
}

/// `textDocument/didChange`.
pub fn changed(backend: &Backend, uri: &Uri) {
    if let Some(state) = backend.env_files.states().get_mut(uri) {
        state.is_stale = true;
    } else {
        return;
    }
    if !pulls(backend) {
        let (backend, uri) = (backend.clone(), uri.clone());
        tokio::spawn(async move { tell(&backend, &uri).await });
    }
}

/// `textDocument/didClose`.
pub fn closed(backend: &Backend, uri: &Uri) {
    let was_open = backend.env_files.states().remove(uri).is_some();
    if was_open && !pulls(backend) {
        let (backend, uri) = (backend.clone(), uri.clone());
        tokio::spawn(async move {
            let _telling = backend.env_files.telling.lock().await;
            backend.client.publish_diagnostics(uri, Vec::new(), None).await;
        });
    }
}

/// The disk, the settings or a choice may be other ones: looks at every open file again.
pub fn refresh(backend: &Backend) {
    let open = backend.env_files.open();
    for uri in &open {
        if let Some(state) = backend.env_files.states().get_mut(uri) {
            state.exposure = None;
            state.disk += 1;
        }
        changed(backend, uri);
    }
    let asks_again =
        backend.with_session(|session| session.abilities.dotenv.pulls && session.abilities.dotenv.refreshes);
    if !open.is_empty() {
        refresh_lenses(backend);
    }
    if asks_again && !open.is_empty() {
        let client = backend.client.clone();
        tokio::spawn(async move { ask::<WorkspaceDiagnosticRefresh>(&client, (), LIMIT).await });
    }
}

/// What the lenses say may be something else: the editor is asked to ask for them again, where it takes that.
pub fn refresh_lenses(backend: &Backend) {
    let abilities = backend.with_session(|session| session.abilities.dotenv);
    if !abilities.refreshes_lenses {
        return;
    }
    let client = backend.client.clone();
    tokio::spawn(async move {
        if abilities.code_lens {
            ask::<CodeLensRefresh>(&client, (), LIMIT).await;
        } else {
            ask::<InlayHintRefreshRequest>(&client, (), LIMIT).await;
        }
    });
}

fn pulls(backend: &Backend) -> bool {
    backend.with_session(|session| session.abilities.dotenv.pulls)
}

/// Tells what is found in the newest text. Of many changes in a row, whoever comes first tells of all of them.
async fn tell(backend: &Backend, uri: &Uri) {
    let files = &backend.env_files;
    let _telling = files.telling.lock().await;
    match files.states().get_mut(uri) {
        Some(state) if state.is_stale => state.is_stale = false,
        Some(_) | None => return,
    }
    let Some(subject) = subject(backend, uri).await else { return };
    let is_newest = files.states().get(uri).is_some_and(|state| !state.is_stale);
    if is_newest {
        let found = subject.diagnostics();
        backend.client.publish_diagnostics(uri.clone(), found, subject.version).await;
    }
}
