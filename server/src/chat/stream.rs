//! One chat in progress: asks, asks again where that is right, and gives each delta as it comes.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap};
use reqwest::{Method, Response};
use tokio::time::{Sleep, sleep, timeout};

use super::answer::Growing;
use super::chunk::{self, Problem};
use super::exchange::{MAX_BODY, Rejected, exchange};
use super::message::{Answer, ChatRequest, Delta};
use super::retry::{self, Failure};
use super::{Endpoint, Error, refusal, request, sse};
use crate::http::{Client, host};

/// A chat that was started. Dropping it closes its connection at once.
///
/// `next` may be dropped and called again: nothing is lost by it.
pub struct Chat {
    client: Client,
    endpoint: Arc<Endpoint>,
    /// What is sent, each time.
    body: Vec<u8>,
    headers: HeaderMap,
    sent: u32,
    phase: Phase,
    queue: VecDeque<Delta>,
    growing: Growing,
    /// A delta was given away: from then on nothing is sent again.
    delivered: bool,
}

/// What happens in a chat.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// More of the answer, exactly as upstream cut it.
    Delta(Delta),
    /// The request did not work and is sent again after a wait.
    Retrying {
        /// The number of the coming request; the first was 1.
        attempt: u32,
        /// How long until then.
        wait: Duration,
        /// What went wrong, for a person.
        because: String,
    },
}

type Asking = Pin<Box<dyn Future<Output = Result<Response, Rejected>> + Send>>;

enum Phase {
    Asking(Asking),
    Pausing(Pin<Box<Sleep>>),
    Reading(Response, Reading),
    /// `[DONE]` came; a body that is read to its end leaves its connection to the next request.
    Draining(Response),
    /// What is still queued comes first, then this.
    Ended(Option<Error>),
}

/// How the body of an answer is read.
enum Reading {
    /// Nothing came that tells.
    Unknown,
    Events(sse::Parser),
    /// One completion instead of a stream.
    Whole(Vec<u8>),
}

/// How long the usage and the end of a stream may follow its `finish_reason`.
const LINGER: Duration = Duration::from_secs(5);

/// How long the end of a body may follow `[DONE]`. It usually comes with it.
const DRAIN: Duration = Duration::from_millis(10);

impl Chat {
    /// Prepares the request; the first `next` sends it.
    pub fn start(client: Client, endpoint: Endpoint, request: &ChatRequest) -> Self {
        let ids = request::Ids { session: client.session().to_string(), prompt: uuid::Uuid::new_v4().to_string() };
        let prepared = request::check(&endpoint).and_then(|()| request::headers(&endpoint));
        let body = request::body(&endpoint, request, &ids).to_string().into_bytes();
        let mut chat = Self {
            client,
            endpoint: Arc::new(endpoint),
            body,
            headers: HeaderMap::new(),
            sent: 0,
            phase: Phase::Ended(None),
            queue: VecDeque::new(),
            growing: Growing::default(),
            delivered: false,
        };
        match prepared {
            Ok(headers) => {
                chat.headers = headers;
                chat.ask();
            }
            Err(error) => chat.phase = Phase::Ended(Some(error)),
        }
        chat
    }

    /// The next thing that happens; none when the answer is complete.
    pub async fn next(&mut self) -> Result<Option<Event>, Error> {
        loop {
            if let Some(delta) = self.queue.pop_front() {
                self.delivered = true;
                return Ok(Some(Event::Delta(delta)));
            }
            let limit = self.limit();
            match &mut self.phase {
                Phase::Ended(error) => return error.take().map_or(Ok(None), Err),
                Phase::Pausing(pause) => {
                    pause.await;
                    self.ask();
                }
                Phase::Asking(asking) => match timeout(limit, asking).await {
                    Ok(Ok(response)) => self.phase = Phase::Reading(response, Reading::Unknown),
                    Ok(Err(rejected)) => {
                        if let Some(retrying) = self.fail(rejected) {
                            return Ok(Some(retrying));
                        }
                    }
                    Err(_) => self.end(Some(self.late(limit))),
                },
                Phase::Reading(response, _) => {
                    let read = timeout(limit, response.chunk()).await;
                    if let Some(retrying) = self.read(limit, read) {
                        return Ok(Some(retrying));
                    }
                }
                Phase::Draining(response) => {
                    let rest = async { while let Ok(Some(_)) = response.chunk().await {} };
                    let _ = timeout(DRAIN, rest).await;
                    self.end(None);
                }
            }
        }
    }

    /// The answer as far as it came: whole after `next` gave none.
    pub fn answer(self) -> Answer {
        self.growing.into_answer()
    }

    fn ask(&mut self) {
        self.sent += 1;
        self.growing = Growing::default();
        let url = request::url(&self.endpoint.base_url, "chat/completions");
        let request = self
            .client
            .request(Method::POST, url.clone())
            .header(ACCEPT, "text/event-stream, application/json")
            // Compressing services hold a stream back until a block is full.
            .header(ACCEPT_ENCODING, "identity")
            .header(CONTENT_TYPE, "application/json")
            .headers(self.headers.clone())
            .body(self.body.clone())
            .build();
        let (client, endpoint) = (self.client.clone(), Arc::clone(&self.endpoint));
        self.phase = Phase::Asking(Box::pin(async move {
            match request {
                Ok(request) => exchange(&client, &endpoint, request).await,
                Err(error) => Err(client.explain(&url, &error).into()),
            }
        }));
    }

    fn limit(&self) -> Duration {
        let limit = self.endpoint.request_timeout;
        if self.growing.answer().finish_reason.is_some() { limit.min(LINGER) } else { limit }
    }

    fn end(&mut self, error: Option<Error>) {
        self.phase = Phase::Ended(error);
    }

    /// Sends again if that is right, else ends.
    fn fail(&mut self, rejected: Rejected) -> Option<Event> {
        let jitter = f64::from(uuid::Uuid::new_v4().as_bytes()[0]) / 255.0;
        let untouched = !self.delivered && self.queue.is_empty();
        let wait = if untouched { retry::wait(failure(&rejected), self.sent, jitter) } else { None };
        let Some(wait) = wait else {
            self.end(Some(rejected.error));
            return None;
        };
        self.phase = Phase::Pausing(Box::pin(sleep(wait)));
        Some(Event::Retrying { attempt: self.sent + 1, wait, because: rejected.error.to_string() })
    }

    /// Takes what a read of the body gave.
    fn read(
        &mut self,
        limit: Duration,
        read: Result<reqwest::Result<Option<impl AsRef<[u8]>>>, tokio::time::error::Elapsed>,
    ) -> Option<Event> {
        match read {
            Ok(Ok(Some(bytes))) => self.take(bytes.as_ref()),
            Ok(Ok(None)) => self.finish("the connection was closed in the middle".to_owned()),
            Ok(Err(error)) => {
                let because = self.client.explain(&self.endpoint.base_url, &error).to_string();
                self.finish(because)
            }
            Err(_) if self.growing.answer().finish_reason.is_none() && !self.delivered => {
                self.end(Some(self.late(limit)));
                None
            }
            Err(_) => self.finish(format!("nothing came for {} s", limit.as_secs())),
        }
    }

    /// Takes more of the body.
    fn take(&mut self, bytes: &[u8]) -> Option<Event> {
        let Phase::Reading(_, reading) = &mut self.phase else { return None };
        if let Reading::Unknown = reading {
            match bytes.trim_ascii_start().first() {
                None => return None,
                Some(b'{' | b'[') => *reading = Reading::Whole(Vec::new()),
                Some(b'<') => {
                    self.end(Some(self.not_a_stream("an HTML page")));
                    return None;
                }
                Some(_) => *reading = Reading::Events(sse::Parser::default()),
            }
        }
        let events = match reading {
            Reading::Unknown => return None,
            Reading::Whole(whole) if whole.len() + bytes.len() <= MAX_BODY => {
                whole.extend_from_slice(bytes);
                return None;
            }
            Reading::Whole(_) => Err(sse::TooLong),
            Reading::Events(parser) => parser.push(bytes),
        };
        let Ok(events) = events else {
            self.end(Some(self.malformed("one event is over 8 MiB")));
            return None;
        };
        for event in events {
            match self.understand(&event) {
                Step::More => {}
                Step::Done => {
                    if let Phase::Reading(response, _) = std::mem::replace(&mut self.phase, Phase::Ended(None)) {
                        self.phase = Phase::Draining(response);
                    }
                    return None;
                }
                Step::Malformed => {
                    self.end(Some(self.malformed("an event is not JSON")));
                    return None;
                }
                Step::Failed(error) => return self.fail(error.into()),
            }
        }
        None
    }

    fn understand(&mut self, event: &sse::Event) -> Step {
        match event.data.trim() {
            "" => return Step::More,
            "[DONE]" => return Step::Done,
            _ => {}
        }
        match chunk::parse(&event.kind, &event.data) {
            Ok(chunk) => {
                let delta = self.growing.take(chunk);
                if !delta.is_empty() {
                    self.queue.push_back(delta);
                }
                Step::More
            }
            Err(Problem::Error(error)) => Step::Failed(refusal::of_event(&self.endpoint, &error)),
            Err(Problem::Malformed) => Step::Malformed,
        }
    }

    /// The body has ended, or nothing more comes.
    fn finish(&mut self, because: String) -> Option<Event> {
        let Phase::Reading(_, reading) = std::mem::replace(&mut self.phase, Phase::Ended(None)) else { return None };
        let (last, whole) = match reading {
            Reading::Unknown => (None, false),
            // Some services leave out the blank line after the last event. One that was cut is not understood.
            Reading::Events(parser) => (parser.finish(), false),
            Reading::Whole(bytes) => {
                let data = String::from_utf8_lossy(&bytes).into_owned();
                (Some(sse::Event { kind: String::new(), data }), true)
            }
        };
        match last.map(|last| self.understand(&last)) {
            Some(Step::Done) => return None,
            Some(Step::Failed(error)) => return self.fail(error.into()),
            Some(Step::More) if whole && !self.queue.is_empty() => return None,
            Some(Step::More) if whole && self.growing.answer().finish_reason.is_none() => {
                self.end(Some(self.not_a_stream("JSON that is no completion")));
                return None;
            }
            Some(Step::More | Step::Malformed) | None => {}
        }
        if self.growing.answer().finish_reason.is_none() {
            let partial = Box::new(self.growing.answer().clone());
            self.end(Some(Error::Interrupted { partial, because }));
        }
        None
    }

    fn late(&self, limit: Duration) -> Error {
        Error::Timeout { host: host(&self.endpoint.base_url), limit }
    }

    fn not_a_stream(&self, content_type: &str) -> Error {
        Error::NotAStream { host: host(&self.endpoint.base_url), content_type: content_type.to_owned() }
    }

    fn malformed(&self, because: &'static str) -> Error {
        Error::Malformed { host: host(&self.endpoint.base_url), because }
    }
}

/// What one event means for the chat.
enum Step {
    More,
    Done,
    Malformed,
    Failed(Error),
}

fn failure(rejected: &Rejected) -> Failure {
    match &rejected.error {
        Error::Http(error) if error.is_connect() => Failure::Connect,
        Error::RateLimited { .. } => Failure::Status(429, rejected.told),
        Error::Upstream(refusal) => Failure::Status(refusal.status, rejected.told),
        _ => Failure::Final,
    }
}
