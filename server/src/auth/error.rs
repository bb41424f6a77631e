//! What can go wrong with a Qwen OAuth session, one variant a remedy.

use std::path::PathBuf;

use crate::auth::{keyring, lock};

/// Why there is no token. Cheap to clone: all who waited for one refresh get the same answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The user said no. `signInDenied`.
    #[error("the sign-in was refused in the browser; sign in again, or put an API key into `.qwen/.env`")]
    Denied,
    /// The code ran out, or the service no longer knows it. `deviceCodeExpired`.
    #[error("the sign-in code expired before it was approved{}; sign in again for a new code, or put an API key \
             into `.qwen/.env`", last_answer(last.as_deref()))]
    DeviceCodeExpired {
        /// What the last poll brought, if it was anything but «pending».
        last: Option<String>,
    },
    /// The service will not or cannot sign anyone in. `signInUnavailable`.
    #[error(
        "{host} does not offer the sign-in: {why}; Qwen's free OAuth tier ended on 2026-04-15, so put an API key into \
         `.qwen/.env` instead"
    )]
    SignInUnavailable {
        /// The service.
        host: String,
        /// What it answered, in our words: a body may reflect a device code.
        why: String,
    },
    /// HTTP 429 that asks for more than a slower pace. `rateLimited`.
    #[error("{host} refuses further sign-in attempts for now; wait some minutes, or put an API key into `.qwen/.env`")]
    RateLimited {
        /// The service.
        host: String,
    },
    /// Another sign-in or a sign-out for this account came after this one. `alreadyInProgress`.
    #[error("a later sign-in or sign-out took this one's place; go on with that one")]
    TakenOver,
    /// Nothing is stored. `notSignedIn`.
    #[error("not signed in with Qwen OAuth ({place} holds no session); sign in, or put an API key into `.qwen/.env`")]
    NotSignedIn {
        /// Where a session would be.
        place: String,
    },
    /// The refresh token is used up. `sessionExpired`.
    #[error(
        "the Qwen OAuth session has ended and cannot be renewed; sign in again, or put an API key into \
         `.qwen/.env`: Qwen's free OAuth tier ended on 2026-04-15"
    )]
    SessionExpired,
    /// The service could not renew the token now; nothing was deleted. `upstream`.
    #[error(
        "{host} could not renew the session just now ({why}); this is temporary and you are still signed in, so try again"
    )]
    RefreshUnavailable {
        /// The service.
        host: String,
        /// What it answered, in our words.
        why: String,
    },
    /// No answer at all. `offline`, `timeout` or `tls`, by its cause.
    #[error("{host} cannot be reached ({why}); nothing was changed, so check the network or the proxy and try again")]
    Unreachable {
        /// The service.
        host: String,
        /// What kind of failure it is.
        cause: Cause,
        /// The library's words, without a URL.
        why: String,
    },
    /// The credential file is there and cannot be read. `unreadableFile`.
    #[error("{path} cannot be read ({why}); make it readable, or sign in again", path = path.display())]
    UnreadableFile {
        /// The file.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// What is stored is not a session. `malformedFile`.
    #[error("{place} holds no Qwen OAuth session that can be understood ({why}); sign in again to replace it")]
    Malformed {
        /// The file, or the keyring.
        place: String,
        /// What is missing; nothing of the content.
        why: String,
    },
    /// The session could not be stored, and lives in this process only. `unreadableFile`.
    #[error("{place} cannot be written ({why}); the session is kept in memory until the server ends")]
    Unwritable {
        /// The file, or the keyring.
        place: String,
        /// The system's words.
        why: String,
    },
    /// The session could not be deleted. `unreadableFile`.
    #[error("{place} cannot be deleted ({why}), so you are still signed in; delete it yourself")]
    Undeletable {
        /// The file, or the keyring.
        place: String,
        /// The system's words.
        why: String,
    },
    /// The lock beside the credential file. `unreadableFile`.
    #[error(transparent)]
    Lock(#[from] lock::Error),
    /// `keyringUnavailable`.
    #[error(transparent)]
    Keyring(#[from] keyring::Error),
    /// A setting of the process environment. `badRequest`, or `insecureEndpoint` for plain http.
    #[error("{variable} {why}")]
    BadVariable {
        /// Such as `QWEN_OAUTH_BASE_URL`.
        variable: &'static str,
        /// What is wrong and what to do.
        why: &'static str,
    },
    /// The stored or answered `resource_url`. `insecureEndpoint`.
    #[error("the session's resource_url {why}; sign in again, or put an API key into `.qwen/.env`")]
    BadResourceUrl {
        /// What is wrong with it.
        why: &'static str,
    },
    /// Neither `HOME` nor `QWEN_HOME` is set. `notSignedIn`.
    #[error("there is no home directory to keep a session in; set HOME, or QWEN_HOME")]
    NoHome,
    /// The task that refreshed ended without an answer: the server is ending, or has a bug. `interrupted`.
    #[error("the session's renewal was interrupted; try again")]
    Interrupted,
}

/// Why a service could not be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No connection.
    Offline,
    /// No answer within eight seconds.
    Timeout,
    /// The certificate, or the TLS version.
    Tls,
    /// An answer larger than any token.
    TooLarge,
}

fn last_answer(last: Option<&str>) -> String {
    last.map(|last| format!(" (its last answer was {last})")).unwrap_or_default()
}
