//! Handlers that misbehave on request, for the transport's tests. Built with debug assertions only.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::ls_types::{notification, request};
use tower_lsp::{Client, LanguageServer, LspServiceBuilder};

use crate::transport;

/// Registers the methods in `$test/`; `client` finds the client in the backend.
pub(super) fn register<S: LanguageServer>(
    builder: LspServiceBuilder<S>,
    client: fn(&S) -> &Client,
) -> LspServiceBuilder<S> {
    let record = Arc::new(Mutex::new(Vec::new()));
    let recorded = record.clone();
    builder
        .custom_method("$test/panic", |_: &S, params: Value| panic(params))
        .custom_method("$test/hold", |_: &S, params: Value| hold(params))
        .custom_method("$test/notify", move |server: &S, params: Value| notify(client(server).clone(), params))
        .custom_method("$test/ask", move |server: &S, params: Value| ask(client(server).clone(), params))
        .custom_method("$test/record", move |_: &S, params: Value| record_first(record.clone(), params))
        .custom_method("$test/recorded", move |_: &S, _: Value| {
            let recorded = recorded.clone();
            async move { Ok(Value::Array(recorded.lock().unwrap_or_else(PoisonError::into_inner).clone())) }
        })
}

/// Panics with `message`; with `later`, after it has waited once.
async fn panic(params: Value) -> Result<Value> {
    if params["later"] == true {
        tokio::task::yield_now().await;
    }
    panic!("{}", params["message"])
}

/// Connects to `port` of this machine where one is given, sends a line, and never ends.
async fn hold(params: Value) -> Result<Value> {
    if let Some(port) = params["port"].as_u64().and_then(|port| u16::try_from(port).ok()) {
        let mut upstream =
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.map_err(|_| Error::internal_error())?;
        let _ = upstream.read(&mut [0]).await;
    }
    std::future::pending().await
}

/// Sends `count` notifications `$test/note` that hold `n` from 0 on and `size` bytes of text, then answers `count`.
async fn notify(client: Client, params: Value) -> Result<Value> {
    let text = "x".repeat(params["size"].as_u64().and_then(|size| usize::try_from(size).ok()).unwrap_or_default());
    for n in 0..params["count"].as_u64().unwrap_or_default() {
        client.send_notification::<Note>(json!({ "of": params["of"], "n": n, "text": text })).await;
    }
    Ok(params["count"].clone())
}

/// Asks the editor `$test/question`, waits `limit` milliseconds at most, and answers what it said.
async fn ask(client: Client, params: Value) -> Result<Value> {
    let limit = Duration::from_millis(params["limit"].as_u64().unwrap_or(600_000));
    let answer = transport::ask::<Question>(&client, params, limit).await;
    Ok(json!({ "answer": answer }))
}

/// Notes `value` before it waits for ever.
async fn record_first(record: Arc<Mutex<Vec<Value>>>, params: Value) {
    record.lock().unwrap_or_else(PoisonError::into_inner).push(params["value"].clone());
    std::future::pending::<()>().await;
}

struct Note;

impl notification::Notification for Note {
    type Params = Value;
    const METHOD: &'static str = "$test/note";
}

struct Question;

impl request::Request for Question {
    type Params = Value;
    type Result = String;
    const METHOD: &'static str = "$test/question";
}
