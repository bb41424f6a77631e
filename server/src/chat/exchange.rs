//! One request and the head of its answer; what is no good answer becomes an error here.

use std::time::{Duration, Instant, SystemTime};

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, Request, Response};
use url::Url;

use super::refusal::{self, Reply};
use super::{Endpoint, Error, retry, sse};
use crate::http::{self, Client, host};

/// The longest whole answer that is read, in bytes.
pub(super) const MAX_BODY: usize = sse::MAX_EVENT;

/// The longest error body that is read, in bytes.
const MAX_ERROR_BODY: usize = 64 << 10;

/// How long an error's body may take.
const ERROR_BODY_LIMIT: Duration = Duration::from_secs(2);

/// A request that did not work.
pub(super) struct Rejected {
    pub(super) error: Error,
    /// When the service asks to come back.
    pub(super) told: Option<Duration>,
}

impl From<Rejected> for Error {
    fn from(rejected: Rejected) -> Self {
        rejected.error
    }
}

impl From<Error> for Rejected {
    fn from(error: Error) -> Self {
        Self { error, told: None }
    }
}

impl From<http::Error> for Rejected {
    fn from(error: http::Error) -> Self {
        Error::from(error).into()
    }
}

/// Sends a request and waits for the head of a good answer; reads the body of any other.
pub(super) async fn exchange(client: &Client, endpoint: &Endpoint, request: Request) -> Result<Response, Rejected> {
    let started = Instant::now();
    let (method, url) = (request.method().clone(), request.url().clone());
    let sent = client.send(request).await;
    log(endpoint, &method, &url, started, &sent);
    let response = sent?;
    let status = response.status();
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if status.is_success() {
        if content_type.trim_start().to_ascii_lowercase().starts_with("text/html") {
            let content_type = "text/html".to_owned();
            return Err(Error::NotAStream { host: host(&endpoint.base_url), content_type }.into());
        }
        return Ok(response);
    }
    let told = retry::told(response.headers(), SystemTime::now());
    let request_id = request_id(response.headers());
    let mut body = Vec::new();
    // The status says enough without a body that does not end.
    let _ = tokio::time::timeout(ERROR_BODY_LIMIT, read_limited(response, &mut body)).await;
    let reply = Reply { status: status.as_u16(), request_id, retry_after: told, body: &String::from_utf8_lossy(&body) };
    Err(Rejected { error: refusal::of_reply(endpoint, &reply), told })
}

/// The names that services give a request's id.
fn request_id(headers: &HeaderMap) -> Option<String> {
    let names = ["x-request-id", "request-id", "x-dashscope-request-id", "apim-request-id"];
    names.iter().find_map(|name| Some(headers.get(*name)?.to_str().ok()?.to_owned()))
}

/// As much of an error's body as comes and is allowed.
async fn read_limited(mut response: Response, body: &mut Vec<u8>) {
    while let Ok(Some(bytes)) = response.chunk().await {
        body.extend_from_slice(&bytes);
        if body.len() >= MAX_ERROR_BODY {
            body.truncate(MAX_ERROR_BODY);
            return;
        }
    }
}

/// The whole body of a good answer.
pub(super) async fn read_body(client: &Client, url: &Url, mut response: Response) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(bytes) = response.chunk().await.map_err(|error| client.explain(url, &error))? {
        body.extend_from_slice(&bytes);
        if body.len() > MAX_BODY {
            return Err(Error::Malformed { host: host(url), because: "the answer is over 8 MiB" });
        }
    }
    Ok(body)
}

/// Logs that a request was made, and nothing of what it said: no body, no header, no query.
fn log(endpoint: &Endpoint, method: &Method, url: &Url, started: Instant, sent: &Result<Response, http::Error>) {
    let (status, id) = match sent {
        Ok(response) => (response.status().as_u16(), request_id(response.headers()).unwrap_or_default()),
        Err(_) => (0, String::new()),
    };
    let (host, ms) = (host(url), started.elapsed().as_millis());
    let id = endpoint.strike_out(&id);
    if endpoint.debug {
        tracing::info!(%method, host, status, ms, id, "answered");
    } else {
        tracing::debug!(%method, host, status, ms, id, "answered");
    }
}
