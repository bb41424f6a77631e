//! Which chat documents are being answered: each by one answer at a time, which its user can stop.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tower_lsp::ls_types::Uri;

/// The answers under way, by the document that they grow in.
#[derive(Clone, Debug, Default)]
pub struct Answers(Arc<Mutex<HashMap<Uri, watch::Sender<bool>>>>);

/// The only place of an answer to one document; free again when this is dropped.
#[derive(Debug)]
pub struct Answering {
    answers: Answers,
    uri: Uri,
    stopped: watch::Receiver<bool>,
}

impl Answers {
    /// Takes the place of an answer to this document; none while it is taken.
    pub fn begin(&self, uri: &Uri) -> Option<Answering> {
        let mut running = self.running();
        if running.contains_key(uri) {
            return None;
        }
        let (sender, stopped) = watch::channel(false);
        running.insert(uri.clone(), sender);
        Some(Answering { answers: self.clone(), uri: uri.clone(), stopped })
    }

    /// Whether this document is being answered.
    pub fn is_running(&self, uri: &Uri) -> bool {
        self.running().contains_key(uri)
    }

    /// Has the answer to this document end; says whether there was one.
    pub fn stop(&self, uri: &Uri) -> bool {
        self.running().get(uri).is_some_and(|answer| answer.send(true).is_ok())
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Uri, watch::Sender<bool>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answering {
    /// Waits until the user stops this answer.
    pub async fn stopped(&self) {
        // The sender lives as long as `self`.
        let _ = self.stopped.clone().wait_for(|stopped| *stopped).await;
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.answers.running().remove(&self.uri);
    }
}
