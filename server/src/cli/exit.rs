//! Exit codes: one for each thing that a script may want to do next. `--help` lists them.

use crate::qwen::ErrorKind;

/// The command did what it was asked to.
pub(super) const DONE: u8 = 0;
/// There is nothing to authenticate with, or it was refused.
pub(super) const NOT_AUTHENTICATED: u8 = 1;
/// The command line, a file or a value in it is wrong.
pub(super) const USAGE: u8 = 2;
/// The service, the network or a time limit.
pub(super) const UNAVAILABLE: u8 = 3;
/// Ctrl-C: 128 and the number of SIGINT, as shells have it.
pub(super) const INTERRUPTED: u8 = 130;

/// The exit code of an error.
pub(super) fn code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::NotSignedIn
        | ErrorKind::SignInDenied
        | ErrorKind::DeviceCodeExpired
        | ErrorKind::SessionExpired
        | ErrorKind::EndpointNotTrusted
        | ErrorKind::InsecureEndpoint
        | ErrorKind::InvalidKey
        | ErrorKind::Forbidden
        | ErrorKind::AlreadyInProgress => NOT_AUTHENTICATED,
        ErrorKind::BadRequest
        | ErrorKind::ModelNotFound
        | ErrorKind::ContextTooLong
        | ErrorKind::UnreadableFile
        | ErrorKind::MalformedFile => USAGE,
        ErrorKind::SignInUnavailable
        | ErrorKind::RateLimited
        | ErrorKind::QuotaExhausted
        | ErrorKind::Upstream
        | ErrorKind::Timeout
        | ErrorKind::Offline
        | ErrorKind::Tls
        | ErrorKind::Proxy
        | ErrorKind::Interrupted
        | ErrorKind::KeyringUnavailable => UNAVAILABLE,
    }
}
