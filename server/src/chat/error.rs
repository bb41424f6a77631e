//! Why a chat has no answer, one variant for each remedy.

use std::fmt;
use std::time::Duration;

use super::message::Answer;
use crate::http;

/// Why there is no answer. Nothing in it shows the credential.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// 401, or the service's word for a wrong key.
    #[error("{} refused the key{}", .0.host, .0.tail("check the key, or set another"))]
    InvalidKey(Box<Refusal>),
    /// The same for a Qwen OAuth token: refresh it once, else sign in again.
    #[error("{} refused the sign-in{}", .0.host, .0.tail("sign in to Qwen again"))]
    TokenRefused(Box<Refusal>),
    /// 403.
    #[error("{} does not allow this{}", .0.host, .0.tail("check what the key's account may use"))]
    Forbidden(Box<Refusal>),
    /// 429: too many requests for now.
    #[error("{} is limiting requests{}", .refusal.host, .refusal.tail(&comes_back(.retry_after.as_ref())))]
    RateLimited {
        /// What the service said.
        refusal: Box<Refusal>,
        /// When to come back, where the service says so.
        retry_after: Option<Duration>,
    },
    /// A quota is used up or a bill is open: waiting a minute does not help.
    #[error("the quota or credit at {} is used up{}", .0.host, .0.tail("check the account's balance, or use another key"))]
    QuotaExhausted(Box<Refusal>),
    /// The service does not know the model.
    #[error("{} has no model `{model}`{}", .refusal.host, .refusal.tail("choose another with `qwen.setModel`"))]
    ModelNotFound {
        /// What the service said.
        refusal: Box<Refusal>,
        /// The model that was asked for.
        model: String,
    },
    /// The conversation is longer than the model takes.
    #[error("the conversation is too long for the model{}", .0.tail("begin a new one, or attach less"))]
    ContextTooLong(Box<Refusal>),
    /// The service does not take the request as it is.
    #[error("{} did not accept the request{}", .0.host, .0.tail("check the base URL, the model and the request's options"))]
    BadRequest(Box<Refusal>),
    /// The service failed.
    #[error("{} failed{}", .0.host, .0.tail("try again later"))]
    Upstream(Box<Refusal>),
    /// An answer that is neither a stream nor a completion.
    #[error(
        "{host} answered with {content_type} instead of a stream; check that the base URL is that of an API, with its /v1"
    )]
    NotAStream {
        /// The host that was asked.
        host: String,
        /// What it sent; never the body, which may echo the request.
        content_type: String,
    },
    /// A stream with an event that makes no sense.
    #[error("{host} sent a stream that cannot be read ({because}); try again, or report it to who runs the service")]
    Malformed {
        /// The host that was asked.
        host: String,
        /// What is wrong with it.
        because: &'static str,
    },
    /// Nothing came in time.
    #[error("{host} sent nothing for {} s; try again, or raise `qwen.requestTimeout`", .limit.as_secs())]
    Timeout {
        /// The host that was asked.
        host: String,
        /// `qwen.requestTimeout`.
        limit: Duration,
    },
    /// The stream was cut off.
    #[error("the answer was cut off ({because}); what came is kept, ask again for the rest")]
    Interrupted {
        /// What came.
        partial: Box<Answer>,
        /// How it was cut off.
        because: String,
    },
    /// No connection, or one that is not safe.
    #[error(transparent)]
    Http(#[from] http::Error),
    /// Plain http to another machine.
    #[error("a key is never sent over plain http to {host}; use https there")]
    InsecureEndpoint {
        /// The host.
        host: String,
    },
    /// A key with characters that a header cannot carry.
    #[error("the key has a line break or another character that no key has; copy it again")]
    UnsendableKey,
    /// A `customHeaders` entry that cannot be sent.
    #[error("customHeaders.{name} cannot be sent; correct or delete it in settings.json")]
    CustomHeader {
        /// The header's name.
        name: String,
    },
}

/// A service's refusal in its own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The host that was asked.
    pub host: String,
    /// The HTTP status; that of the error object where it came inside a stream, which has 200.
    pub status: u16,
    /// The service's word for the error, such as `insufficient_quota`.
    pub code: Option<String>,
    /// The service's sentence: at most 2 KiB, the credential struck out, never HTML.
    pub words: Option<String>,
    /// Names the request to the service's support.
    pub request_id: Option<String>,
    /// What to do, where that is known better than from the kind of error.
    pub hint: Option<String>,
}

impl Error {
    /// The service's own words, where it was the service that refused.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::InvalidKey(refusal)
            | Self::TokenRefused(refusal)
            | Self::Forbidden(refusal)
            | Self::RateLimited { refusal, .. }
            | Self::QuotaExhausted(refusal)
            | Self::ModelNotFound { refusal, .. }
            | Self::ContextTooLong(refusal)
            | Self::BadRequest(refusal)
            | Self::Upstream(refusal) => Some(refusal),
            Self::NotAStream { .. }
            | Self::Malformed { .. }
            | Self::Timeout { .. }
            | Self::Interrupted { .. }
            | Self::Http(_)
            | Self::InsecureEndpoint { .. }
            | Self::UnsendableKey
            | Self::CustomHeader { .. } => None,
        }
    }

    /// When the service asks to come back.
    pub fn retry_after(&self) -> Option<Duration> {
        if let Self::RateLimited { retry_after, .. } = self { *retry_after } else { None }
    }
}

fn comes_back(retry_after: Option<&Duration>) -> String {
    match retry_after {
        Some(wait) => format!("try again in {} s", wait.as_secs_f64().ceil()),
        None => "wait a minute and try again".to_owned(),
    }
}

impl Refusal {
    /// ` (429: the words); what to do`.
    fn tail(&self, remedy: &str) -> impl fmt::Display + use<> {
        let remedy = self.hint.as_deref().unwrap_or(remedy);
        let said = match (&self.words, &self.code) {
            (Some(words), _) => format!(": {}", words.trim_end_matches('.')),
            (None, Some(code)) => format!(": {code}"),
            (None, None) => String::new(),
        };
        format!(" ({}{said}); {remedy}", self.status)
    }
}
