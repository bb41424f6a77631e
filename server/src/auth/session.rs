//! The Qwen OAuth session of this user: a token for the next request, renewed when it is due, by one at a time.
//!
//! Nothing is cached between requests: a session that the CLI or another editor's server renewed, replaced or deleted
//! counts from the next request. The one exception is a session that could not be stored, which lives on in memory
//! until what is stored changes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::sync::watch;
use url::Url;

use crate::auth::base_url;
use crate::auth::credentials::Credentials;
use crate::auth::error::Error;
use crate::auth::keyring::Keyring;
use crate::auth::place::{Place, read_file};
use crate::auth::refresh::refresh;
use crate::env::Environment;
use crate::secret::Secret;

/// What a request to the model needs.
#[derive(Clone, Debug)]
pub struct Token {
    /// Sent as `Authorization: Bearer`.
    pub access_token: Secret,
    /// Where it is good for, ending in `/v1`.
    pub base_url: Url,
    /// When it ends.
    pub expires_at: SystemTime,
}

/// What is known about the session without asking anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Nothing is stored.
    Absent,
    /// A request may be sent with it.
    Usable {
        /// When the access token ends.
        expires_at: SystemTime,
    },
    /// The access token has ended, or is about to.
    Expired {
        /// Whether there is a refresh token, so that the next request renews it.
        renewable: bool,
    },
    /// Something is stored that is no session, or cannot be read.
    Unreadable(Error),
    /// The keyring would have to be asked: [`TokenStore::look`] does.
    InKeyring,
}

/// What a sign-out did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedOut {
    /// Whether there was a session.
    pub was_signed_in: bool,
    /// Where it was deleted from.
    pub place: String,
}

/// What a sign-out leaves undone, for the person who signed out.
pub const NOT_REVOKED: &str = "signed out; the session was deleted from this machine. Qwen cannot revoke it: a copy of the \
     access token works until it expires (six hours at most), and other machines stay signed in";

/// The session's keeper. Clones share one; each place has one for the whole process.
#[derive(Clone, Debug)]
pub struct TokenStore {
    pub(super) inner: Arc<Inner>,
}

type Flight = Shared<BoxFuture<'static, Result<Token, Error>>>;

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) env: Environment,
    pub(super) place: Place,
    /// The refresh under way, which all who need one wait for.
    flight: Mutex<Option<Flight>>,
    unsaved: Mutex<Option<Unsaved>>,
    /// How many sign-ins and sign-outs there have been: the latest one counts.
    pub(super) turn: watch::Sender<u64>,
}

/// A session that could not be stored.
#[derive(Clone, Debug)]
struct Unsaved {
    session: Credentials,
    /// What was stored at that time: once it differs, somebody knows better.
    stored: Option<Secret>,
    why: Error,
}

impl TokenStore {
    /// The session in `oauth_creds.json`, shared with the Qwen Code CLI.
    pub fn in_file(env: &Environment) -> Result<Self, Error> {
        let dir = env.qwen_home().ok_or(Error::NoHome)?;
        Ok(Self::new(env, Place::File { path: dir.join("oauth_creds.json"), lock: dir.join("oauth_creds.lock") }))
    }

    /// The session in the keyring, for those who want no token in a file.
    pub fn in_keyring(env: &Environment, keyring: Keyring) -> Result<Self, Error> {
        let lock = env.state_dir().ok_or(Error::NoHome)?.join("oauth_keyring.lock");
        Ok(Self::new(env, Place::Keyring { keyring, lock }))
    }

    fn new(env: &Environment, place: Place) -> Self {
        Self {
            inner: Arc::new(Inner {
                env: env.clone(),
                place,
                flight: Mutex::default(),
                unsaved: Mutex::default(),
                turn: watch::Sender::new(0),
            }),
        }
    }

    /// The credential file; none for the keyring.
    pub fn path(&self) -> Option<PathBuf> {
        match &self.inner.place {
            Place::File { path, .. } => Some(path.clone()),
            Place::Keyring { .. } => None,
        }
    }

    /// What is known without waiting. The keyring is not asked.
    pub fn peek(&self) -> Hint {
        match &self.inner.place {
            Place::File { path, .. } => hint(self.inner.understand(read_file(path))),
            Place::Keyring { .. } => Hint::InKeyring,
        }
    }

    /// What is known, asking the keyring if that is the place: up to two seconds.
    pub async fn look(&self) -> Hint {
        hint(self.inner.read().await)
    }

    /// Why the session will be lost when this process ends, if it will.
    pub fn unsaved(&self) -> Option<Error> {
        locked(&self.inner.unsaved).as_ref().map(|unsaved| unsaved.why.clone())
    }

    /// A token that is good for another thirty seconds at least, renewed if it has to be.
    pub async fn token(&self, client: &reqwest::Client) -> Result<Token, Error> {
        let session = self.inner.read().await?.ok_or_else(|| self.inner.not_signed_in())?;
        if session.is_usable(SystemTime::now()) { token_of(&session) } else { self.renew(client, None).await }
    }

    /// Another token than `stale`, which the model has just refused: the stored one if somebody has renewed it since.
    pub async fn refresh(&self, client: &reqwest::Client, stale: &Secret) -> Result<Token, Error> {
        let token = self.renew(client, Some(stale.clone())).await?;
        if token.access_token.expose() != stale.expose() {
            return Ok(token);
        }
        // The refresh that was under way ended with the token that is refused.
        self.renew(client, Some(stale.clone())).await
    }

    /// Deletes the session and ends a sign-in under way. [`NOT_REVOKED`] says what this does not do.
    pub async fn sign_out(&self) -> Result<SignedOut, Error> {
        self.inner.turn.send_modify(|turn| *turn += 1);
        // A refresh under way would write the session again; one that hangs must not keep the user signed in.
        let _lock = self.inner.place.lock().await;
        Ok(SignedOut { was_signed_in: self.inner.forget().await?, place: self.inner.place.name() })
    }

    /// Moves the session to another place, if that place has none; says whether it did.
    ///
    /// It is deleted here only once it is stored there.
    pub async fn move_to(&self, other: &Self) -> Result<bool, Error> {
        let _lock = self.inner.place.lock().await?;
        let _other_lock = other.inner.place.lock().await?;
        let Some(session) = self.inner.read().await? else { return Ok(false) };
        if other.inner.read().await?.is_some() {
            return Ok(false);
        }
        other.inner.place.write(&session.to_text()).await?;
        self.inner.forget().await?;
        Ok(true)
    }

    /// Joins the refresh under way, or starts one.
    ///
    /// It runs in a task of its own: a chat that is cancelled in the middle must not lose the answer, which may hold
    /// the only refresh token that is still good.
    async fn renew(&self, client: &reqwest::Client, stale: Option<Secret>) -> Result<Token, Error> {
        let flight = {
            let mut slot = locked(&self.inner.flight);
            if let Some(flight) = slot.as_ref().filter(|flight| flight.peek().is_none()) {
                flight.clone()
            } else {
                let task = tokio::spawn(refresh(Arc::clone(&self.inner), client.clone(), stale));
                let flight = task.map(|ended| ended.unwrap_or(Err(Error::Interrupted))).boxed().shared();
                slot.insert(flight).clone()
            }
        };
        flight.await
    }
}

impl Inner {
    /// The session to go by: what is stored, or the one that could not be.
    pub(super) async fn read(&self) -> Result<Option<Credentials>, Error> {
        self.understand(self.place.read().await)
    }

    fn understand(&self, stored: Result<Option<Secret>, Error>) -> Result<Option<Credentials>, Error> {
        let mut unsaved = locked(&self.unsaved);
        if let Some(unsaved) = unsaved.as_ref()
            && stored.as_ref().map_or(true, |stored| same(stored.as_ref(), unsaved.stored.as_ref()))
        {
            return Ok(Some(unsaved.session.clone()));
        }
        *unsaved = None;
        let Some(text) = stored? else { return Ok(None) };
        Credentials::parse(text.expose().as_bytes())
            .map(Some)
            .map_err(|why| Error::Malformed { place: self.place.name(), why: why.to_owned() })
    }

    /// Stores a session; one that cannot be stored is kept in memory, and [`TokenStore::unsaved`] says why.
    pub(super) async fn keep(&self, session: &Credentials) {
        let written = self.place.write(&session.to_text()).await;
        let stored = if written.is_err() { self.place.read().await.ok().flatten() } else { None };
        *locked(&self.unsaved) = written.err().map(|why| Unsaved { session: session.clone(), stored, why });
    }

    pub(super) fn not_signed_in(&self) -> Error {
        Error::NotSignedIn { place: self.place.name() }
    }

    /// Whether the session lives in memory only.
    pub(super) fn is_unsaved(&self) -> bool {
        locked(&self.unsaved).is_some()
    }

    /// Deletes what is stored, and what could not be; says whether there was anything.
    pub(super) async fn forget(&self) -> Result<bool, Error> {
        let was_unsaved = locked(&self.unsaved).take().is_some();
        Ok(self.place.delete().await? || was_unsaved)
    }
}

pub(super) fn token_of(session: &Credentials) -> Result<Token, Error> {
    Ok(Token {
        access_token: session.access_token.clone(),
        base_url: base_url::of_resource(session.resource_url.as_deref())?,
        expires_at: session.expires_at,
    })
}

fn hint(session: Result<Option<Credentials>, Error>) -> Hint {
    match session {
        Ok(None) => Hint::Absent,
        Ok(Some(session)) if session.is_usable(SystemTime::now()) => Hint::Usable { expires_at: session.expires_at },
        Ok(Some(session)) => Hint::Expired { renewable: session.refresh_token.is_some() },
        Err(error) => Hint::Unreadable(error),
    }
}

fn same(one: Option<&Secret>, other: Option<&Secret>) -> bool {
    one.map(Secret::expose) == other.map(Secret::expose)
}

/// A panic elsewhere leaves these plain values whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
