//! `$/progress`: the deltas of an answer, and what the server is busy with.

use std::future::Future;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tower_lsp::Client;
use tower_lsp::jsonrpc;
use tower_lsp::ls_types::notification::Notification;
use tower_lsp::ls_types::request::WorkDoneProgressCreate;
use tower_lsp::ls_types::{NumberOrString, WorkDoneProgressCreateParams};

use super::backend::Backend;
use super::cancellation::Registration;
use crate::transport::ask;

/// How long an editor may take to make a place for progress.
const LIMIT: Duration = Duration::from_secs(2);

/// `$/progress` with any value: LSP's own type knows work-done values only.
enum Progress {}

#[derive(Serialize, serde::Deserialize)]
struct ProgressParams {
    token: NumberOrString,
    value: Value,
}

impl Notification for Progress {
    type Params = ProgressParams;
    const METHOD: &'static str = "$/progress";
}

/// Where the deltas of one answer go: the request's `partialResultToken`, or nowhere.
pub struct PartialResult<'a> {
    client: &'a Client,
    token: Option<NumberOrString>,
}

impl<'a> PartialResult<'a> {
    /// Deltas go to `token`.
    pub fn new(client: &'a Client, token: Option<NumberOrString>) -> Self {
        Self { client, token }
    }

    /// Sends one delta; waits while the editor is slow to read.
    pub async fn send(&mut self, delta: impl Serialize) {
        let Some(token) = self.token.clone() else { return };
        let value = serde_json::to_value(delta).expect("a delta is made of strings and numbers");
        self.client.send_notification::<Progress>(ProgressParams { token, value }).await;
    }
}

/// The work-done progress of one request, and the user's wish to cancel it.
pub struct WorkDone {
    client: Client,
    token: Option<NumberOrString>,
    cancelled: watch::Receiver<bool>,
    _registration: Option<Registration>,
}

impl WorkDone {
    /// Begins progress on the token that a request brought; without one, nothing is shown and nothing can cancel.
    pub async fn begin(backend: &Backend, token: Option<NumberOrString>, title: &str) -> Self {
        let (registration, cancelled) = backend.cancellations.register(token.as_ref());
        let work_done = Self { client: backend.client.clone(), token, cancelled, _registration: registration };
        work_done.send(json!({ "kind": "begin", "title": title, "cancellable": true })).await;
        work_done
    }

    /// Begins progress on a token of the server's making, where the editor has that; for work that no request brought
    /// a token for.
    pub async fn create(backend: &Backend, title: &str) -> Self {
        let token = NumberOrString::String(format!("qwen/{}", uuid::Uuid::new_v4()));
        let has_it = backend.with_session(|session| session.abilities.work_done_progress);
        let params = WorkDoneProgressCreateParams { token: token.clone() };
        let created = has_it && ask::<WorkDoneProgressCreate>(&backend.client, params, LIMIT).await.is_some();
        Self::begin(backend, created.then_some(token), title).await
    }

    /// Whether the editor shows it.
    pub fn is_shown(&self) -> bool {
        self.token.is_some()
    }

    /// Says what is being done now.
    pub async fn report(&self, message: &str) {
        self.send(json!({ "kind": "report", "message": message, "cancellable": true })).await;
    }

    /// Ends it.
    pub async fn end(mut self) {
        self.send(json!({ "kind": "end" })).await;
        self.token = None;
    }

    /// The future's output; `-32800` as soon as the user cancels by `window/workDoneProgress/cancel`.
    pub async fn unless_cancelled<T>(&self, work: impl Future<Output = T>) -> jsonrpc::Result<T> {
        let mut cancelled = self.cancelled.clone();
        tokio::select! {
            biased;
            Ok(_) = cancelled.wait_for(|cancelled| *cancelled) => Err(jsonrpc::Error::request_cancelled()),
            output = work => Ok(output),
        }
    }

    async fn send(&self, value: Value) {
        let Some(token) = self.token.clone() else { return };
        self.client.send_notification::<Progress>(ProgressParams { token, value }).await;
    }
}

/// A request that is cancelled drops its progress in the middle; without an end the editor would show it for ever.
impl Drop for WorkDone {
    fn drop(&mut self) {
        let Some(token) = self.token.take() else { return };
        let client = self.client.clone();
        tokio::spawn(async move {
            client.send_notification::<Progress>(ProgressParams { token, value: json!({ "kind": "end" }) }).await;
        });
    }
}
