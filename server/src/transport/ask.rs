//! Requests to the editor, with a time limit: some editors never answer.

use std::time::Duration;

use futures_util::FutureExt;
use tower_lsp::Client;
use tower_lsp::jsonrpc::{Id, Request};
use tower_lsp::ls_types::request;
use tower_service::Service;

/// Asks the editor, and takes an error, an answer of another type, or silence for `limit` as "no".
///
/// Given up, by the limit or because the caller is dropped, the request is cancelled: the editor may take its question
/// back, and nothing of it stays with us.
pub async fn ask<R: request::Request>(client: &Client, params: R::Params, limit: Duration) -> Option<R::Result> {
    let id = client.next_request_id();
    let params = serde_json::to_value(params).ok()?;
    let call = client.clone().call(Request::build(R::METHOD).id(id.clone()).params(params).finish());
    let unanswered = Unanswered { client, id };
    let response = tokio::time::timeout(limit, call).await.ok()?;
    unanswered.answered();
    let (_, result) = response.ok()??.into_parts();
    serde_json::from_value(result.ok()?).ok()
}

/// Cancels the request when it is dropped.
struct Unanswered<'a> {
    client: &'a Client,
    id: Id,
}

impl Unanswered<'_> {
    fn answered(self) {
        std::mem::forget(self);
    }
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        // The first poll queues it: a fresh sender has a place of its own in the channel. The loop that sends it also
        // clears the entry that waits for the answer.
        let _ = self.client.clone().call(cancellation(&self.id)).now_or_never();
    }
}

/// `$/cancelRequest` for `id`.
pub(super) fn cancellation(id: &Id) -> Request {
    Request::build(CANCEL).params(serde_json::json!({ "id": id })).finish()
}

/// The method that cancels a request, in either direction.
pub(super) const CANCEL: &str = "$/cancelRequest";
