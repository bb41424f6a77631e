//! A model that does as the question says: so many deltas, so far apart. A delta's text is the time it was sent at.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support::http::{Http, Reply};

/// The stand-in.
pub struct Model {
    http: Http,
    clock: Clock,
}

/// Counts from one moment, for the sender and the receiver of a delta alike: both are in this process.
#[derive(Clone, Copy)]
pub struct Clock(Instant);

/// What a question asks for.
#[derive(Clone, Copy)]
pub struct Order {
    /// How many deltas.
    pub deltas: usize,
    /// The time before each.
    pub pause: Duration,
    /// How it goes on after them.
    pub end: End,
}

/// The end of an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// `[DONE]`.
    Done,
    /// Nothing more, until the client hangs up.
    Hold,
}

impl Model {
    /// Starts it.
    pub fn start() -> Self {
        let clock = Clock(Instant::now());
        Self { http: Http::start(move |request| answer(&request.json(), clock)), clock }
    }

    /// Its clock.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Its base URL.
    pub fn base_url(&self) -> String {
        format!("{}/v1", self.http.url())
    }

    /// The text of a `.env` that names it.
    pub fn dotenv(&self) -> String {
        format!("OPENAI_API_KEY=sk-of-the-benchmark-0000\nOPENAI_BASE_URL={}\nOPENAI_MODEL=bench\n", self.base_url())
    }

    /// Waits until a client hangs up in the middle of an answer.
    pub fn expect_disconnect(&self) {
        self.http.expect_disconnect();
    }
}

impl Clock {
    /// How long the delta with this text has taken to `at`.
    pub fn taken(self, text: &str, at: Instant) -> Duration {
        let sent = text.trim().parse().map_or(Duration::ZERO, Duration::from_nanos);
        at.duration_since(self.0).saturating_sub(sent)
    }

    fn now(self) -> u128 {
        self.0.elapsed().as_nanos()
    }
}

impl Order {
    /// So many deltas, as fast as they can be written.
    pub fn fast(deltas: usize) -> Self {
        Self { deltas, pause: Duration::ZERO, end: End::Done }
    }

    /// So many deltas, with a pause before each.
    pub fn paced(deltas: usize, pause: Duration) -> Self {
        Self { deltas, pause, end: End::Done }
    }

    /// One delta, and then nothing.
    pub fn held() -> Self {
        Self { deltas: 1, pause: Duration::ZERO, end: End::Hold }
    }

    /// The body of the request that says so.
    pub fn body(self) -> Value {
        json!({ "model": "bench", "messages": [{ "role": "user", "content": self.to_string() }], "stream": true,
            "stream_options": { "include_usage": true } })
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.deltas, self.pause.as_micros(), u8::from(self.end == End::Hold))
    }
}

impl FromStr for Order {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut numbers = text.split(' ').map(|number| number.parse::<u64>().map_err(|_| ()));
        let mut next = || numbers.next().unwrap_or(Err(()));
        let deltas = usize::try_from(next()?).map_err(|_| ())?;
        let pause = Duration::from_micros(next()?);
        let end = if next()? == 1 { End::Hold } else { End::Done };
        Ok(Self { deltas, pause, end })
    }
}

fn answer(body: &Value, clock: Clock) -> Reply {
    let text = body["messages"].as_array().and_then(|messages| messages.last()?["content"].as_str());
    let Some(order) = text.and_then(|text| text.parse::<Order>().ok()) else {
        return Reply::json(400, &json!({ "error": { "message": "not an order" } }));
    };
    let mut reply = Reply::chunked("text/event-stream");
    for _ in 0..order.deltas {
        if !order.pause.is_zero() {
            reply = reply.pause(order.pause);
        }
        reply = reply.chunk_made_when_sent(move || event(&format!("{} ", clock.now())).into_bytes());
    }
    match order.end {
        End::Hold => reply.then_hold(),
        End::Done => reply
            .chunk(
                "data: {\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"model\":\"bench\",\"choices\":[{\"index\":0,\
                 \"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
            )
            .chunk("data: [DONE]\n\n"),
    }
}

/// An event as services send them.
fn event(content: &str) -> String {
    format!(
        "data: {{\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"model\":\"bench\",\"choices\":[{{\"index\":0,\
         \"delta\":{{\"content\":\"{content}\"}},\"finish_reason\":null}}]}}\n\n"
    )
}
