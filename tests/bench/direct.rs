//! The floor of a chat: the same request, made by the same HTTP client without a server between.

use std::time::Instant;

use qwen_language_server::env::Environment;
use qwen_language_server::http::Http;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::model::{Model, Order};

/// A client with a connection of its own that stays open.
pub struct Direct {
    runtime: Runtime,
    client: reqwest::Client,
    url: String,
}

impl Direct {
    /// A client of `model`.
    pub fn new(model: &Model) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let client = Http::default().client(&Environment::default()).expect("a client").clone();
        Self { runtime, client, url: format!("{}/chat/completions", model.base_url()) }
    }

    /// The answer to `order`: each delta's text, and when it had arrived.
    pub fn chat(&self, order: Order) -> Vec<(String, Instant)> {
        self.runtime.block_on(chat(&self.client, &self.url, order, usize::MAX))
    }

    /// Many of them at once; only the number of deltas is of interest.
    pub fn chats(&self, order: Order, count: usize) -> usize {
        self.runtime.block_on(async {
            let chats = (0..count).map(|_| chat(&self.client, &self.url, order, usize::MAX));
            futures_util::future::join_all(chats).await.iter().map(Vec::len).sum()
        })
    }

    /// Asks, waits for the first delta, and hangs up; the moment before that.
    pub fn hang_up(&self) -> Instant {
        self.runtime.block_on(async {
            chat(&self.client, &self.url, Order::held(), 1).await;
            let before = Instant::now();
            // The connection's own task sees that nobody wants the rest.
            tokio::task::yield_now().await;
            before
        })
    }
}

/// Reads an answer up to its end, or to that many deltas.
async fn chat(client: &reqwest::Client, url: &str, order: Order, most: usize) -> Vec<(String, Instant)> {
    let body = order.body().to_string();
    let request = client.post(url).header("content-type", "application/json").bearer_auth("sk-of-the-benchmark-0000");
    let mut response = request.body(body).send().await.expect("the model answers");
    let mut deltas = Vec::new();
    let mut unread = Vec::new();
    while deltas.len() < most
        && let Some(chunk) = response.chunk().await.expect("a whole answer")
    {
        let at = Instant::now();
        unread.extend_from_slice(&chunk);
        while let Some(end) = unread.windows(2).position(|window| window == b"\n\n") {
            let event: Vec<u8> = unread.drain(..end + 2).collect();
            let data = event.strip_prefix(b"data: ").unwrap_or_default();
            let parsed: Value = serde_json::from_slice(data.trim_ascii()).unwrap_or_default();
            if let Some(content) = parsed["choices"][0]["delta"]["content"].as_str() {
                deltas.push((content.to_owned(), at));
            }
        }
    }
    deltas
}
