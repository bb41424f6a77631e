//! Why a verb could not do its work, as a kind that both fronts know and a sentence for a person.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::auth::pace::REQUESTS_PER_MINUTE;
use crate::auth::quota::REQUESTS_PER_DAY;
use crate::auth::{self, keyring, remembered};
use crate::chat;
use crate::files::ReadError;
use crate::http;
use crate::resolve::{Origin, Problem, ProblemKind, endpoint};

/// The kinds of errors, named as on the wire. `editors/PROTOCOL.md` lists them, and a test compares the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ErrorKind {
    /// Nothing to authenticate with.
    NotSignedIn,
    /// The user said no on the sign-in page.
    SignInDenied,
    /// The code ran out before it was used.
    DeviceCodeExpired,
    /// The sign-in service could not be used.
    SignInUnavailable,
    /// The token cannot be renewed.
    SessionExpired,
    /// A user's key and an endpoint that only the project names.
    EndpointNotTrusted,
    /// Plain http to another machine.
    InsecureEndpoint,
    /// The provider refused the key.
    InvalidKey,
    /// The provider knows the key and refuses the request.
    Forbidden,
    /// Too many requests for now.
    RateLimited,
    /// The allowance is used up.
    QuotaExhausted,
    /// The provider has no such model.
    ModelNotFound,
    /// The messages are longer than the model takes.
    ContextTooLong,
    /// The provider, or this server, cannot use the request.
    BadRequest,
    /// The provider failed.
    Upstream,
    /// The provider did not answer in time.
    Timeout,
    /// The provider could not be reached.
    Offline,
    /// The provider's certificate was not accepted.
    Tls,
    /// The proxy failed.
    Proxy,
    /// The answer was cut off.
    Interrupted,
    /// A file is there and cannot be read or written.
    UnreadableFile,
    /// A file cannot be parsed.
    MalformedFile,
    /// The keyring could not answer.
    KeyringUnavailable,
    /// Another sign-in took over.
    AlreadyInProgress,
}

impl ErrorKind {
    /// Every kind, in the order of the protocol page.
    pub const ALL: [Self; 24] = [
        Self::NotSignedIn,
        Self::SignInDenied,
        Self::DeviceCodeExpired,
        Self::SignInUnavailable,
        Self::SessionExpired,
        Self::EndpointNotTrusted,
        Self::InsecureEndpoint,
        Self::InvalidKey,
        Self::Forbidden,
        Self::RateLimited,
        Self::QuotaExhausted,
        Self::ModelNotFound,
        Self::ContextTooLong,
        Self::BadRequest,
        Self::Upstream,
        Self::Timeout,
        Self::Offline,
        Self::Tls,
        Self::Proxy,
        Self::Interrupted,
        Self::UnreadableFile,
        Self::MalformedFile,
        Self::KeyringUnavailable,
        Self::AlreadyInProgress,
    ];
}

/// Why a verb could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The root has no account that may be used.
    #[error("{message}")]
    NoAccount {
        /// The first problem's kind.
        kind: ErrorKind,
        /// The problem's sentence.
        message: String,
    },
    /// The chat has no answer.
    #[error(transparent)]
    Chat(#[from] chat::Error),
    /// A token that was just renewed, and is refused all the same.
    #[error("{0}; Qwen's free tier ended on 2026-04-15, so a sign-in alone no longer reaches a model: set an API key")]
    FreeTierEnded(chat::Error),
    /// A server on this machine wants a key, and the user's was not sent.
    #[error(
        "{endpoint} wants a key, and yours ({key}) was not sent, since only the project names that endpoint; if you trust it, \
         run `qwen-language-server auth trust {endpoint}` or `qwen.trustEndpoint`"
    )]
    KeyWithheld {
        /// Its origin.
        endpoint: String,
        /// Where the key is.
        key: String,
    },
    /// Qwen OAuth's requests of the minute are used up.
    #[error("{0}; Qwen OAuth allows {REQUESTS_PER_MINUTE} requests a minute, from all your programs together")]
    MinuteLimit(chat::Error),
    /// Qwen OAuth's requests of the day are used up.
    #[error("{error}; Qwen OAuth allows {REQUESTS_PER_DAY} requests a day, and counts anew in {} h", hours(.wait))]
    DailyQuota {
        /// What the service said.
        error: chat::Error,
        /// Until midnight UTC.
        wait: Duration,
    },
    /// No session, or none that can be renewed.
    #[error(transparent)]
    Auth(#[from] auth::Error),
    /// The keyring.
    #[error(transparent)]
    Keyring(#[from] keyring::Error),
    /// The state file.
    #[error(transparent)]
    State(#[from] remembered::Error),
    /// No HTTP client.
    #[error(transparent)]
    Http(#[from] http::Error),
    /// A URL that the caller gave.
    #[error("`{member}` {why}")]
    BadEndpoint {
        /// Where the caller gave it.
        member: &'static str,
        /// What is wrong with it.
        why: endpoint::Error,
    },
    /// `setKey` with what no header can hold.
    #[error("the key holds a blank, a line break or a letter that no key has; copy it again")]
    UnsendableKey,
    /// `setKey` without a key.
    #[error("the key is empty; send it as `apiKey`")]
    EmptyKey,
    /// A sign-out of a key that was not stored here.
    #[error("the key comes from {}, which is yours to edit; delete it there", .0.place())]
    KeyIsElsewhere(Origin),
    /// A file whose mode could not be changed.
    #[error("{} is still open to others: {why}; run `chmod 600` on it", .path.display())]
    NotPrivate {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: ReadError,
    },
}

/// What is known of an error beside its kind and its sentence; all of it may be shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    /// When to come back, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// The HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Names the request to the provider's support.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The text that had arrived when an answer was cut off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial: Option<String>,
}

impl Error {
    /// The error of a root whose resolution found no account that may be used.
    pub(super) fn of_problems(problems: &[Problem]) -> Self {
        // A warning, such as a file that others may read, may stand before the reason.
        let reason = problems.iter().find_map(|problem| Some((blocking_kind(problem.kind)?, problem)));
        match reason {
            Some((kind, problem)) => Self::NoAccount { kind, message: problem.message.clone() },
            None => Self::NoAccount { kind: ErrorKind::NotSignedIn, message: "no account is configured".to_owned() },
        }
    }

    /// Its kind.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoAccount { kind, .. } => *kind,
            Self::Chat(error) => kind_of_chat(error),
            Self::FreeTierEnded(_) => ErrorKind::SessionExpired,
            Self::KeyWithheld { .. } => ErrorKind::EndpointNotTrusted,
            Self::MinuteLimit(_) => ErrorKind::RateLimited,
            Self::DailyQuota { .. } => ErrorKind::QuotaExhausted,
            Self::Auth(error) => kind_of_auth(error),
            Self::Keyring(_) => ErrorKind::KeyringUnavailable,
            Self::State(remembered::Error::Malformed { .. }) => ErrorKind::MalformedFile,
            Self::State(_) | Self::NotPrivate { .. } => ErrorKind::UnreadableFile,
            Self::Http(error) => kind_of_http(error),
            Self::BadEndpoint { .. } | Self::EmptyKey | Self::UnsendableKey | Self::KeyIsElsewhere(_) => {
                ErrorKind::BadRequest
            }
        }
    }

    /// Whether the caller's request was wrong, rather than the user's or the service's turn.
    pub fn is_the_callers_mistake(&self) -> bool {
        matches!(self, Self::BadEndpoint { .. } | Self::EmptyKey | Self::UnsendableKey)
    }

    /// What may help, in a sentence, where the message does not say it.
    pub fn hint(&self) -> Option<String> {
        match self.kind() {
            // A session in the keyring has no other place to offer.
            ErrorKind::KeyringUnavailable if matches!(self, Self::Keyring(_)) => Some(
                "`store: \"memory\"` keeps the key until the server ends; a `.qwen/.env` keeps it in the project"
                    .to_owned(),
            ),
            ErrorKind::QuotaExhausted => {
                Some("switch to another account of this root: another key, or the other method".to_owned())
            }
            ErrorKind::SessionExpired | ErrorKind::SignInUnavailable => {
                let hint = "an API key works without a sign-in: set one (`setKey`, `qwen-language-server auth set-key`), \
                            or put it into `.qwen/.env`";
                Some(hint.to_owned())
            }
            _ => match self {
                Self::Chat(error) | Self::FreeTierEnded(error) => {
                    error.refusal().and_then(|refusal| refusal.hint.clone())
                }
                _ => None,
            },
        }
    }

    /// What else is known.
    pub fn details(&self) -> Details {
        match self {
            Self::Chat(error) | Self::FreeTierEnded(error) | Self::MinuteLimit(error) => details_of_chat(error),
            Self::DailyQuota { error, wait } => {
                Details { retry_after: Some(whole_seconds(*wait)), ..details_of_chat(error) }
            }
            _ => Details::default(),
        }
    }
}

fn details_of_chat(error: &chat::Error) -> Details {
    let refusal = error.refusal();
    Details {
        retry_after: error.retry_after().map(whole_seconds),
        status: refusal.map(|refusal| refusal.status).filter(|status| *status != 0),
        request_id: refusal.and_then(|refusal| refusal.request_id.clone()),
        partial: match error {
            chat::Error::Interrupted { partial, .. } => Some(partial.content.clone()),
            _ => None,
        },
    }
}

fn hours(wait: &Duration) -> u64 {
    wait.as_secs().div_ceil(3600)
}

/// Rounded up: coming back a moment too early would be refused again.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// The kind of a problem that keeps a root from being used; none for a mere warning.
fn blocking_kind(kind: ProblemKind) -> Option<ErrorKind> {
    match kind {
        ProblemKind::NotSignedIn => Some(ErrorKind::NotSignedIn),
        ProblemKind::EndpointNotTrusted => Some(ErrorKind::EndpointNotTrusted),
        ProblemKind::InsecureEndpoint => Some(ErrorKind::InsecureEndpoint),
        ProblemKind::InvalidKey => Some(ErrorKind::InvalidKey),
        ProblemKind::BadRequest => Some(ErrorKind::BadRequest),
        ProblemKind::UnreadableFile => Some(ErrorKind::UnreadableFile),
        ProblemKind::MalformedFile => Some(ErrorKind::MalformedFile),
        ProblemKind::KeyringUnavailable => Some(ErrorKind::KeyringUnavailable),
        ProblemKind::SessionExpired => Some(ErrorKind::SessionExpired),
        ProblemKind::WorldReadable
        | ProblemKind::TrackedByGit
        | ProblemKind::OtherOwner
        | ProblemKind::MalformedLine => None,
    }
}

fn kind_of_chat(error: &chat::Error) -> ErrorKind {
    match error {
        chat::Error::InvalidKey(_) | chat::Error::UnsendableKey => ErrorKind::InvalidKey,
        chat::Error::TokenRefused(_) => ErrorKind::SessionExpired,
        chat::Error::Forbidden(_) => ErrorKind::Forbidden,
        chat::Error::RateLimited { .. } => ErrorKind::RateLimited,
        chat::Error::QuotaExhausted(_) => ErrorKind::QuotaExhausted,
        chat::Error::ModelNotFound { .. } => ErrorKind::ModelNotFound,
        chat::Error::ContextTooLong(_) => ErrorKind::ContextTooLong,
        chat::Error::BadRequest(_) | chat::Error::CustomHeader { .. } => ErrorKind::BadRequest,
        chat::Error::Upstream(_) | chat::Error::NotAStream { .. } | chat::Error::Malformed { .. } => {
            ErrorKind::Upstream
        }
        chat::Error::Timeout { .. } => ErrorKind::Timeout,
        chat::Error::Interrupted { .. } => ErrorKind::Interrupted,
        chat::Error::Http(error) => kind_of_http(error),
        chat::Error::InsecureEndpoint { .. } => ErrorKind::InsecureEndpoint,
    }
}

fn kind_of_http(error: &http::Error) -> ErrorKind {
    match error {
        http::Error::Offline { .. } | http::Error::NotRunning { .. } => ErrorKind::Offline,
        http::Error::Closed { .. } => ErrorKind::Interrupted,
        http::Error::Tls { .. } | http::Error::Client(_) => ErrorKind::Tls,
        http::Error::Proxy { .. } | http::Error::SocksProxy { .. } | http::Error::ProxyUrl { .. } => ErrorKind::Proxy,
        http::Error::Timeout { .. } => ErrorKind::Timeout,
        http::Error::Redirect { .. } => ErrorKind::BadRequest,
    }
}

fn kind_of_auth(error: &auth::Error) -> ErrorKind {
    match error {
        auth::Error::Denied => ErrorKind::SignInDenied,
        auth::Error::DeviceCodeExpired { .. } => ErrorKind::DeviceCodeExpired,
        auth::Error::SignInUnavailable { .. } => ErrorKind::SignInUnavailable,
        auth::Error::RateLimited { .. } => ErrorKind::RateLimited,
        auth::Error::TakenOver => ErrorKind::AlreadyInProgress,
        auth::Error::NotSignedIn { .. } | auth::Error::NoHome => ErrorKind::NotSignedIn,
        auth::Error::SessionExpired => ErrorKind::SessionExpired,
        auth::Error::RefreshUnavailable { .. } => ErrorKind::Upstream,
        auth::Error::Unreachable { cause, .. } => match cause {
            auth::Cause::Offline => ErrorKind::Offline,
            auth::Cause::Timeout => ErrorKind::Timeout,
            auth::Cause::Tls => ErrorKind::Tls,
            auth::Cause::TooLarge => ErrorKind::Upstream,
        },
        auth::Error::UnreadableFile { .. }
        | auth::Error::Undeletable { .. }
        | auth::Error::Unwritable { .. }
        | auth::Error::Lock(_) => ErrorKind::UnreadableFile,
        auth::Error::Malformed { .. } => ErrorKind::MalformedFile,
        auth::Error::Keyring(_) => ErrorKind::KeyringUnavailable,
        auth::Error::BadVariable { .. } => ErrorKind::BadRequest,
        auth::Error::BadResourceUrl { .. } => ErrorKind::InsecureEndpoint,
        auth::Error::Interrupted => ErrorKind::Interrupted,
    }
}
