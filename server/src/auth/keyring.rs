//! Secrets in the operating system's keyring, asked in a way that cannot hold anything up.
//!
//! A session bus that accepts a connection and stays silent hangs every keyring library for ever, and a locked keyring
//! may wait for the user. So each call has a thread of its own and a time limit. A thread that overstays is abandoned:
//! nothing joins it, and it ends with the process.

use std::sync::Arc;
use std::time::Duration;

use ::keyring::CredentialStore;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::Instant;
use url::Url;

use crate::secret::Secret;

/// The name under which every entry is filed.
pub const SERVICE: &str = "qwen-language-server";
/// The account of the Qwen OAuth record.
pub const OAUTH_ACCOUNT: &str = "qwen-oauth";
const LIMIT: Duration = Duration::from_secs(2);

type Open = dyn Fn() -> ::keyring::Result<Arc<CredentialStore>> + Send + Sync;

/// The keyring. Making one touches nothing; only [`get`](Self::get), [`set`](Self::set) and
/// [`delete`](Self::delete) do.
#[derive(Clone)]
pub struct Keyring {
    open: Arc<Open>,
    /// Held by the thread that asks, until it is answered: a keyring that hangs keeps one thread and no more.
    asking: Arc<Semaphore>,
}

/// Why the keyring did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is none, or it cannot be talked to.
    #[error("no keyring can be used here ({why})")]
    Unavailable {
        /// The system's words.
        why: String,
    },
    /// It is locked, or the user did not let us in.
    #[error("the keyring is locked; unlock it and try again")]
    Locked,
    /// It did not answer; most often it shows a password prompt.
    #[error("the keyring did not answer within two seconds; unlock it if it asks for its password and try again")]
    TimedOut,
}

impl Keyring {
    /// The keyring of this system: Secret Service on Linux, Keychain on macOS, Credential Manager on Windows.
    pub fn system() -> Self {
        Self::of(open_system)
    }

    /// A keyring in the given store, for tests.
    pub fn of(open: impl Fn() -> ::keyring::Result<Arc<CredentialStore>> + Send + Sync + 'static) -> Self {
        Self { open: Arc::new(open), asking: Arc::new(Semaphore::new(1)) }
    }

    /// The secret of `account`, or none.
    pub async fn get(&self, account: &str) -> Result<Option<Secret>, Error> {
        self.ask(account, |entry| match entry.get_password() {
            Ok(password) => Ok(Some(Secret::new(password))),
            Err(::keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    /// Stores the secret of `account`, in place of an earlier one.
    pub async fn set(&self, account: &str, secret: &Secret) -> Result<(), Error> {
        let secret = secret.clone();
        self.ask(account, move |entry| entry.set_password(secret.expose())).await
    }

    /// Deletes the secret of `account`, and says whether there was one.
    pub async fn delete(&self, account: &str) -> Result<bool, Error> {
        self.ask(account, |entry| match entry.delete_credential() {
            Ok(()) => Ok(true),
            Err(::keyring::Error::NoEntry) => Ok(false),
            Err(error) => Err(error),
        })
        .await
    }

    async fn ask<T: Send + 'static>(
        &self,
        account: &str,
        question: impl FnOnce(&::keyring::Entry) -> ::keyring::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let limit = Instant::now() + LIMIT;
        let turn = tokio::time::timeout_at(limit, Arc::clone(&self.asking).acquire_owned()).await;
        let turn = turn.map_err(|_| Error::TimedOut)?;
        let (answer, answered) = oneshot::channel();
        let (open, account) = (Arc::clone(&self.open), account.to_owned());
        std::thread::Builder::new()
            .name("keyring".to_owned())
            .spawn(move || {
                // A new connection each time (12 ms): a shared one would stay locked by a thread that hangs.
                let result = open().and_then(|store| question(&store.build(SERVICE, &account, None)?));
                drop(turn);
                // Nobody listens any more once the time is up.
                let _ = answer.send(result.map_err(|error| explain(&error)));
            })
            .map_err(|error| Error::Unavailable { why: error.to_string() })?;
        match tokio::time::timeout_at(limit, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Error::Unavailable { why: "its library crashed".to_owned() }),
            Err(_) => Err(Error::TimedOut),
        }
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring").finish_non_exhaustive()
    }
}

/// The account that a key for `base_url` is filed under: the origin, such as `https://host` or `http://host:8080`.
pub fn account(base_url: &Url) -> String {
    base_url.origin().ascii_serialization()
}

#[cfg(target_os = "linux")]
fn open_system() -> ::keyring::Result<Arc<CredentialStore>> {
    Ok(dbus_secret_service_keyring_store::Store::new()?)
}

#[cfg(target_os = "macos")]
fn open_system() -> ::keyring::Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(windows)]
fn open_system() -> ::keyring::Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn open_system() -> ::keyring::Result<Arc<CredentialStore>> {
    Err(::keyring::Error::NotSupportedByStore("this system has none that is known here".to_owned()))
}

/// The stores' own texts are shown only where they cannot hold a secret.
fn explain(error: &::keyring::Error) -> Error {
    use ::keyring::Error as E;
    let why = match error {
        E::NoStorageAccess(_) => return Error::Locked,
        E::PlatformFailure(why) => why.to_string(),
        E::NotSupportedByStore(why) => why.clone(),
        E::Ambiguous(_) => format!("it holds several entries of {SERVICE} for one account; delete all but one"),
        E::TooLong(_, limit) => format!("the secret is longer than {limit} characters"),
        E::NoEntry => "it has no such entry".to_owned(),
        _ => "the entry is damaged; delete it".to_owned(),
    };
    Error::Unavailable { why }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mock() -> Keyring {
        let store = ::keyring::mock::Store::new().unwrap();
        Keyring::of(move || Ok(store.clone()))
    }

    #[tokio::test]
    async fn what_is_set_is_got_until_it_is_deleted() {
        let keyring = mock();
        assert!(keyring.get("https://a").await.unwrap().is_none());
        keyring.set("https://a", &Secret::new("sk-canary")).await.unwrap();
        assert_eq!(keyring.get("https://a").await.unwrap().unwrap().expose(), "sk-canary");
        assert!(keyring.get("https://b").await.unwrap().is_none());
        assert!(keyring.delete("https://a").await.unwrap());
        assert!(!keyring.delete("https://a").await.unwrap());
    }

    #[tokio::test]
    async fn a_keyring_that_never_answers_is_given_up() {
        let (let_go, held) = std::sync::mpsc::channel::<()>();
        let held = std::sync::Mutex::new(held);
        let keyring = Keyring::of(move || {
            let _ = held.lock().unwrap().recv();
            Err(::keyring::Error::NoDefaultStore)
        });
        assert_eq!(keyring.get("a").await.unwrap_err(), Error::TimedOut);
        drop(let_go);
    }

    #[tokio::test]
    async fn a_locked_a_missing_and_a_crashing_keyring_are_told_apart() {
        let locked = Keyring::of(|| Err(::keyring::Error::NoStorageAccess("locked".into())));
        assert_eq!(locked.get("a").await.unwrap_err(), Error::Locked);
        let missing = Keyring::of(|| Err(::keyring::Error::PlatformFailure("no bus".into())));
        assert_eq!(missing.get("a").await.unwrap_err(), Error::Unavailable { why: "no bus".into() });
        let crashing = Keyring::of(|| panic!("a bug in a library"));
        assert!(matches!(crashing.get("a").await.unwrap_err(), Error::Unavailable { .. }));
    }

    #[tokio::test]
    async fn an_entry_that_is_no_text_is_not_shown() {
        let error = explain(&::keyring::Error::BadEncoding(b"canary\xff".to_vec()));
        assert!(!error.to_string().contains("canary"));
    }

    #[test]
    fn a_key_is_filed_under_its_endpoints_origin() {
        let of = |url: &str| account(&Url::parse(url).unwrap());
        assert_eq!(of("https://Api.Example:443/v1"), "https://api.example");
        assert_eq!(of("http://127.0.0.1:8080/v1/chat"), "http://127.0.0.1:8080");
    }
}
