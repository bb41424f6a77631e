//! `qwen/authStatusChanged`: tells the editor, once for each real change, that a root's status is another one.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tower_lsp::Client;
use tower_lsp::ls_types::notification::{DidChangeWatchedFiles, Notification};
use tower_lsp::ls_types::request::RegisterCapability;
use tower_lsp::ls_types::{Registration, RegistrationParams};

use super::roots::Root;
use super::session::Session;
use crate::qwen::{AuthStatus, Qwen};
use crate::transport::ask;
use crate::watch::Watch;

/// How long to wait for an editor that is asked to watch files.
const LIMIT: Duration = Duration::from_secs(5);

/// Every file that takes part in a resolution, inside the workspace.
const WATCHED: [&str; 3] = ["**/.env", "**/.qwen/.env", "**/.qwen/settings.json"];

enum AuthStatusChanged {}

impl Notification for AuthStatusChanged {
    type Params = AuthStatusParams;
    const METHOD: &'static str = "qwen/authStatusChanged";
}

/// [`AuthStatus`] as tower-lsp wants its notifications: it never reads one.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
struct AuthStatusParams(serde_json::Value);

/// Compares the status of each root with what the editor knows. Without an editor that asked for it, does nothing.
#[derive(Clone)]
pub struct Announcements(Arc<Shared>);

struct Shared {
    client: Client,
    session: Arc<Mutex<Session>>,
    qwen: Arc<Qwen>,
    /// The status that the editor was told, or could have asked for, by root. Held while comparing, so that two
    /// comparisons cannot tell of the same change.
    told: tokio::sync::Mutex<HashMap<PathBuf, AuthStatus>>,
    changed: Notify,
    watch: Mutex<Option<Watched>>,
}

impl Announcements {
    /// Nothing happens before [`Self::start`].
    pub fn new(client: Client, session: Arc<Mutex<Session>>, qwen: Arc<Qwen>) -> Self {
        Self(Arc::new(Shared {
            client,
            session,
            qwen,
            told: tokio::sync::Mutex::default(),
            changed: Notify::new(),
            watch: Mutex::default(),
        }))
    }

    /// After `initialized`: takes note of every root's status and watches the files that may change it.
    pub fn start(&self) {
        if !self.0.is_wanted() {
            return;
        }
        let shared = self.0.clone();
        tokio::spawn(async move {
            shared.compare().await;
            shared.watch_files().await;
            loop {
                // Once at least: what changed before the watch began is nobody's event.
                shared.compare().await;
                shared.changed.notified().await;
            }
        });
    }

    /// Something may have changed: compares soon.
    pub fn something_changed(&self) {
        self.0.changed.notify_one();
    }

    /// The folders are other ones: watches those, and compares soon.
    pub fn roots_changed(&self) {
        let roots = self.0.session().roots.all();
        if let Some(watch) = self.0.watch().as_mut() {
            watch.follow(&roots);
        }
        self.something_changed();
    }

    /// Compares now, and tells of what is different.
    pub async fn announce_changes(&self) {
        if self.0.is_wanted() {
            self.0.compare().await;
        }
    }
}

/// Our own watch, and the roots that it watches for.
struct Watched {
    watch: Watch,
    roots: BTreeSet<PathBuf>,
}

impl Watched {
    fn follow(&mut self, roots: &[Root]) {
        let wanted: BTreeSet<PathBuf> = roots.iter().map(|root| root.path.clone()).collect();
        for gone in self.roots.difference(&wanted) {
            self.watch.remove(gone);
        }
        for new in wanted.difference(&self.roots) {
            if let Err(error) = self.watch.add(new) {
                tracing::warn!(root = %new.display(), %error, "changed files are noticed at the next request only");
            }
        }
        self.roots = wanted;
    }
}

impl Shared {
    async fn compare(&self) {
        let mut told = self.told.lock().await;
        let roots: Vec<_> = {
            let session = self.session();
            session.roots.all().into_iter().map(|root| (session.scope_of(&root), root)).collect()
        };
        told.retain(|path, _| roots.iter().any(|(_, root)| root.path == *path));
        for (scope, root) in roots {
            let status = self.qwen.status(&root.uri, &scope).await;
            let known = without_counters(status.clone());
            match told.insert(root.path, known.clone()) {
                Some(before) if before != known => {
                    let params = serde_json::to_value(status).expect("a status is made of strings and numbers");
                    self.client.send_notification::<AuthStatusChanged>(AuthStatusParams(params)).await;
                }
                _ => {}
            }
        }
    }

    /// By the editor where it offers that, else by ourselves.
    async fn watch_files(self: &Arc<Self>) {
        if self.session().abilities.watched_files_registration && self.ask_editor_to_watch().await {
            return;
        }
        let (watch, mut changes) = match self.qwen.watch() {
            Ok(started) => started,
            Err(error) => return tracing::warn!(%error, "changed files are noticed at the next request only"),
        };
        let mut watched = Watched { watch, roots: BTreeSet::new() };
        watched.follow(&self.session().roots.all());
        *self.watch() = Some(watched);
        let shared = Arc::downgrade(self);
        tokio::spawn(async move {
            while changes.next().await.is_some() {
                let Some(shared) = shared.upgrade() else { return };
                shared.changed.notify_one();
            }
        });
    }

    async fn ask_editor_to_watch(&self) -> bool {
        let watchers: Vec<_> = WATCHED.iter().map(|pattern| serde_json::json!({ "globPattern": pattern })).collect();
        let registration = Registration {
            id: "qwen.files".to_owned(),
            method: DidChangeWatchedFiles::METHOD.to_owned(),
            register_options: Some(serde_json::json!({ "watchers": watchers })),
        };
        ask::<RegisterCapability>(&self.client, RegistrationParams { registrations: vec![registration] }, LIMIT)
            .await
            .is_some()
    }

    fn is_wanted(&self) -> bool {
        self.session().notifications.contains(AuthStatusChanged::METHOD)
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&self) -> MutexGuard<'_, Option<Watched>> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request counted, or a token renewed, is no change of a status.
fn without_counters(status: AuthStatus) -> AuthStatus {
    AuthStatus { quota: None, expires_at: None, ..status }
}
