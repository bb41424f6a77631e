//! Silence while nothing can be suggested: why is said once, and a service that does not answer is left alone a while.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::qwen::{Error, ErrorKind};

/// How long a service that failed is not asked by keys, unless it says how long itself. The user may still ask.
const REST: Duration = Duration::from_secs(30);

/// Why each root has no suggestions at the moment.
#[derive(Clone, Debug, Default)]
pub struct Quiet(Arc<Mutex<HashMap<PathBuf, Silence>>>);

#[derive(Clone, Copy, Debug)]
struct Silence {
    kind: ErrorKind,
    until: Instant,
}

impl Quiet {
    /// Whether keys ask nothing at `now`.
    pub fn rests(&self, root: &Path, now: Instant) -> bool {
        self.lock().get(root).is_some_and(|silence| now < silence.until)
    }

    /// Notes a failure; whether it is another one than before, and so worth a word.
    pub fn note(&self, root: &Path, error: &Error, now: Instant) -> bool {
        let kind = error.kind();
        let rest = match error.details().retry_after {
            Some(seconds) => Duration::from_secs(seconds),
            None if is_decided_here(kind) => Duration::ZERO,
            None => REST,
        };
        let silence = Silence { kind, until: now.checked_add(rest).unwrap_or(now) };
        let before = self.lock().insert(root.to_owned(), silence);
        before.is_none_or(|before| before.kind != kind)
    }

    /// Suggestions come again.
    pub fn end(&self, root: &Path) {
        self.lock().remove(root);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PathBuf, Silence>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the root's files alone made the error: no service was asked, and the next key may find another answer.
fn is_decided_here(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::NotSignedIn
            | ErrorKind::EndpointNotTrusted
            | ErrorKind::InsecureEndpoint
            | ErrorKind::UnreadableFile
            | ErrorKind::MalformedFile
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(kind: ErrorKind) -> Error {
        Error::NoAccount { kind, message: "m".to_owned() }
    }

    #[test]
    fn the_same_reason_is_said_once_and_another_one_or_a_later_one_again() {
        let (quiet, root, now) = (Quiet::default(), Path::new("/w"), Instant::now());
        assert!(quiet.note(root, &failure(ErrorKind::Offline), now));
        assert!(!quiet.note(root, &failure(ErrorKind::Offline), now));
        assert!(quiet.note(Path::new("/other"), &failure(ErrorKind::Offline), now));
        assert!(quiet.note(root, &failure(ErrorKind::NotSignedIn), now));
        quiet.end(root);
        assert!(quiet.note(root, &failure(ErrorKind::NotSignedIn), now));
    }

    #[test]
    fn a_service_that_failed_is_left_alone_and_a_root_without_account_is_looked_at_again() {
        let (quiet, root, now) = (Quiet::default(), Path::new("/w"), Instant::now());
        quiet.note(root, &failure(ErrorKind::Offline), now);
        assert!(quiet.rests(root, now) && !quiet.rests(root, now + REST));
        quiet.note(root, &failure(ErrorKind::NotSignedIn), now);
        assert!(!quiet.rests(root, now));
    }
}
