//! A stand-in for an OpenAI-compatible API: what it says is scripted, what it is asked is recorded.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::http::{Gate, Http, Reply, Request};

/// The stand-in. Each one has a key of its own, so that a test can see which key went where.
pub struct OpenAi {
    http: Http,
    key: String,
    model: String,
    script: Arc<Mutex<Script>>,
}

/// What it was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The path with its query.
    pub path: String,
    /// The key or token that came with it, without `Bearer`.
    pub key: Option<String>,
    /// The JSON body; null for a GET.
    pub body: Value,
    /// The request itself.
    pub request: Request,
}

/// One answer to a chat.
#[derive(Clone, Debug)]
pub struct Answer {
    deltas: Vec<Value>,
    pause: Duration,
    end: End,
    model: Option<String>,
}

#[derive(Clone, Debug)]
enum End {
    Finish(&'static str),
    Hold,
    Cut,
    Wait(Gate),
}

#[derive(Default)]
struct Script {
    answers: VecDeque<Scripted>,
    models: Vec<Value>,
}

#[derive(Clone)]
enum Scripted {
    Answer(Answer),
    Raw(Reply),
    With(Arc<dyn Fn(&Asked) -> Answer + Send + Sync>),
}

static NUMBER: AtomicUsize = AtomicUsize::new(1);

impl OpenAi {
    /// Starts one that answers each chat with `Hello`, until it is told otherwise.
    pub fn start() -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let script = Arc::new(Mutex::new(Script::default()));
        let model = format!("qwen-stand-in-{number}");
        let (shared, own) = (Arc::clone(&script), model.clone());
        let http = Http::start(move |request| reply(&shared, &own, request));
        Self { http, key: format!("sk-canary-{number:04}-0123456789abcdef"), model, script }
    }

    /// Scripts a stream of content deltas. Each scripted answer is given once, the last one ever after.
    #[must_use]
    pub fn stream<'a>(self, deltas: impl IntoIterator<Item = &'a str>) -> Self {
        self.answer(Answer::stream(deltas))
    }

    /// Scripts an answer.
    #[must_use]
    pub fn answer(self, answer: Answer) -> Self {
        self.push(Scripted::Answer(answer))
    }

    /// Makes the last scripted answer stop after its deltas, without an end.
    #[must_use]
    pub fn then_hold(self) -> Self {
        self.change_last(Answer::then_hold)
    }

    /// Makes the last scripted answer break off after its deltas.
    #[must_use]
    pub fn then_cut(self) -> Self {
        self.change_last(Answer::then_cut)
    }

    /// Scripts an error.
    #[must_use]
    pub fn error(self, status: u16, body: &Value) -> Self {
        self.raw(Reply::json(status, body))
    }

    /// Scripts any reply.
    #[must_use]
    pub fn raw(self, reply: Reply) -> Self {
        self.push(Scripted::Raw(reply))
    }

    /// Scripts answers that depend on the question.
    #[must_use]
    pub fn reply_with(self, answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        self.push(Scripted::With(Arc::new(answer)))
    }

    /// What `GET /models` lists; by default its own model.
    #[must_use]
    pub fn models<'a>(self, ids: impl IntoIterator<Item = &'a str>) -> Self {
        self.script().models = ids.into_iter().map(|id| json!({ "id": id, "object": "model" })).collect();
        self
    }

    /// Its key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Its model.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Its base URL, with `/v1`.
    pub fn base_url(&self) -> String {
        format!("{}/v1", self.http.url())
    }

    /// The text of a `.env` file that names it.
    pub fn dotenv(&self) -> String {
        format!("OPENAI_API_KEY={}\nOPENAI_BASE_URL={}\nOPENAI_MODEL={}\n", self.key, self.base_url(), self.model)
    }

    /// What it was asked so far.
    pub fn requests(&self) -> Vec<Asked> {
        self.http.requests().iter().map(Asked::of).collect()
    }

    /// Waits until it was asked `count` times.
    pub fn wait_for_requests(&self, count: usize) -> Vec<Asked> {
        self.http.wait_for_requests(count).iter().map(Asked::of).collect()
    }

    /// Waits until a client hangs up in the middle of an answer.
    pub fn expect_disconnect(&self) {
        self.http.expect_disconnect();
    }

    /// How many connections were made to it.
    pub fn connections(&self) -> usize {
        self.http.connections()
    }

    fn push(self, scripted: Scripted) -> Self {
        self.script().answers.push_back(scripted);
        self
    }

    fn change_last(self, change: impl Fn(Answer) -> Answer) -> Self {
        if let Some(Scripted::Answer(answer)) = self.script().answers.back_mut() {
            *answer = change(answer.clone());
        }
        self
    }

    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().expect("no panic while it was held")
    }
}

impl Answer {
    /// Content, delta by delta.
    pub fn stream<'a>(deltas: impl IntoIterator<Item = &'a str>) -> Self {
        Self::deltas(deltas.into_iter().map(|content| json!({ "content": content })))
    }

    /// Any deltas, in OpenAI's shape.
    pub fn deltas(deltas: impl IntoIterator<Item = Value>) -> Self {
        let deltas = deltas.into_iter().collect();
        Self { deltas, pause: Duration::ZERO, end: End::Finish("stop"), model: None }
    }

    /// Waits before each delta, so that a person sees it stream.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Says that another model answers than the one that was asked for.
    #[must_use]
    pub fn model(mut self, model: &str) -> Self {
        self.model = Some(model.to_owned());
        self
    }

    /// Ends for this reason instead of `stop`.
    #[must_use]
    pub fn finish(mut self, reason: &'static str) -> Self {
        self.end = End::Finish(reason);
        self
    }

    /// Says nothing more after the deltas.
    #[must_use]
    pub fn then_hold(mut self) -> Self {
        self.end = End::Hold;
        self
    }

    /// Breaks off after the deltas.
    #[must_use]
    pub fn then_cut(mut self) -> Self {
        self.end = End::Cut;
        self
    }

    /// Ends when the gate is opened.
    #[must_use]
    pub fn then_wait(mut self, gate: &Gate) -> Self {
        self.end = End::Wait(gate.clone());
        self
    }

    fn into_reply(self, asked: &Asked) -> Reply {
        let model = self.model.clone().map_or_else(|| asked.body["model"].clone(), Value::from);
        let event = |choices: Value, usage: Value| {
            let chunk = json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "model": model, "choices": choices, "usage": usage });
            format!("data: {chunk}\n\n")
        };
        let role = json!([{ "index": 0, "delta": { "role": "assistant", "content": "" }, "finish_reason": null }]);
        let mut reply =
            Reply::chunked("text/event-stream").header("x-request-id", "req-stand-in").chunk(event(role, Value::Null));
        let count = self.deltas.len();
        for delta in self.deltas {
            if !self.pause.is_zero() {
                reply = reply.pause(self.pause);
            }
            reply = reply.chunk(event(json!([{ "index": 0, "delta": delta, "finish_reason": null }]), Value::Null));
        }
        let reason = match self.end {
            End::Hold => return reply.then_hold(),
            End::Cut => return reply.then_cut(),
            End::Finish(reason) => reason,
            End::Wait(gate) => {
                reply = reply.wait(&gate);
                "stop"
            }
        };
        let usage = json!({ "prompt_tokens": 3, "completion_tokens": count, "total_tokens": 3 + count });
        reply
            .chunk(event(json!([{ "index": 0, "delta": {}, "finish_reason": reason }]), Value::Null))
            .chunk(event(json!([]), usage))
            .chunk("data: [DONE]\n\n")
    }
}

impl Asked {
    fn of(request: &Request) -> Self {
        let bearer = request.header("authorization").map(|value| value.trim_start_matches("Bearer "));
        let key = bearer.or_else(|| request.header("api-key")).map(str::to_owned);
        let body = serde_json::from_slice(&request.body).unwrap_or_default();
        Self { path: request.path.clone(), key, body, request: request.clone() }
    }

    /// The text of the last message.
    pub fn prompt(&self) -> String {
        let last = self.body["messages"].as_array().and_then(|messages| messages.last());
        last.and_then(|message| message["content"].as_str()).unwrap_or_default().to_owned()
    }
}

fn reply(script: &Mutex<Script>, model: &str, request: &Request) -> Reply {
    let asked = Asked::of(request);
    let mut script = script.lock().expect("no panic while it was held");
    if request.method == "GET" {
        let own = [json!({ "id": model, "object": "model" })];
        let data = if script.models.is_empty() { &own[..] } else { &script.models };
        return Reply::json(200, &json!({ "object": "list", "data": data }));
    }
    let next = if script.answers.len() > 1 { script.answers.pop_front() } else { script.answers.front().cloned() };
    drop(script);
    match next {
        None => Answer::stream(["Hello"]).into_reply(&asked),
        Some(Scripted::Answer(answer)) => answer.into_reply(&asked),
        Some(Scripted::Raw(reply)) => reply,
        Some(Scripted::With(answer)) => answer(&asked).into_reply(&asked),
    }
}
