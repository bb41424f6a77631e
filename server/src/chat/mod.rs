//! Chat completions: one request upstream, and its answer as a stream of deltas.

mod answer;
mod chunk;
mod credential;
mod error;
mod exchange;
mod fim;
mod gap;
mod message;
mod models;
mod refusal;
mod request;
mod retry;
pub mod sse;
mod stream;

use std::time::Duration;

use url::Url;

pub use credential::Credential;
pub use error::{Error, Refusal};
pub use fim::fill;
pub use gap::Gap;
pub use message::{
    Answer, ChatRequest, Content, ContentPart, Delta, FinishReason, FunctionCall, FunctionDelta, Message, Role, Tool,
    ToolCall, ToolCallDelta, Usage,
};
pub use models::{Model, models};
pub use stream::{Chat, Event};

use crate::resolve::{Extras, Provider};
use crate::secret::{Secret, redact};

/// Who is asked, for what, and with which credential.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The base URL; `/chat/completions` is added by the request.
    pub base_url: Url,
    /// Whose dialect is spoken.
    pub provider: Provider,
    /// What the request authenticates with.
    pub credential: Credential,
    /// The model that is asked for.
    pub model: String,
    /// What `settings.json` adds to each request.
    pub extras: Extras,
    /// `qwen.requestTimeout`: how long to wait for the first byte, and for the next one of a stream.
    pub request_timeout: Duration,
    /// Log requests (never their contents) at the level that is shown by default.
    pub debug: bool,
}

impl Endpoint {
    /// The limit when no setting gives one: Qwen Code's.
    pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);

    /// `text` without any trace of what the request authenticates with. A custom header may be a gateway's key.
    fn strike_out(&self, text: &str) -> String {
        let long = self.extras.custom_headers.iter().filter(|(_, value)| value.len() >= SHORTEST_KEY);
        let keys: Vec<Secret> = long.map(|(_, value)| Secret::new(value.trim_start_matches("Bearer "))).collect();
        redact(&self.credential.strike_out(text), &keys)
    }
}

/// A shorter header is a name or a version, in bytes.
const SHORTEST_KEY: usize = 16;
