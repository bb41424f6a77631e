//! The two places that Qwen OAuth credentials can be kept in, and what they say before anything is waited for.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::CredentialStore;
use crate::auth::keyring::Keyring;
use crate::auth::{Error, Hint, TokenStore};
use crate::env::Environment;
use crate::resolve::OauthHint;

/// One keeper for each place. Making them touches neither.
#[derive(Clone, Debug)]
pub(super) struct Tokens {
    file: Result<TokenStore, Error>,
    keyring: Result<TokenStore, Error>,
    /// Where each root keeps its session, as it was at the root's last request.
    places: Arc<Mutex<HashMap<PathBuf, CredentialStore>>>,
    moving: Arc<tokio::sync::Mutex<()>>,
}

impl Tokens {
    pub(super) fn new(env: &Environment, keyring: &Keyring) -> Self {
        Self {
            file: TokenStore::in_file(env),
            keyring: TokenStore::in_keyring(env, keyring.clone()),
            places: Arc::default(),
            moving: Arc::default(),
        }
    }

    /// The keeper of a place; an error where there is no home directory.
    pub(super) fn of(&self, place: CredentialStore) -> Result<&TokenStore, Error> {
        let store = match place {
            CredentialStore::File => &self.file,
            CredentialStore::Keyring => &self.keyring,
        };
        store.as_ref().map_err(Clone::clone)
    }

    /// Takes the session along when `root` begins to keep it in `place`, unless there is one already.
    ///
    /// Into the keyring, whenever that is the setting; out of it, only when the setting was changed while we ran: a
    /// terminal, or another editor that knows nothing of the setting, must not put the token back into a file.
    ///
    /// Answers with the place that the session has been moved to, if it was.
    pub(super) async fn settle(&self, root: &Path, place: CredentialStore) -> Option<CredentialStore> {
        let (Ok(file), Ok(keyring)) = (&self.file, &self.keyring) else { return None };
        let before = self.places.lock().unwrap_or_else(PoisonError::into_inner).insert(root.to_owned(), place);
        if place == CredentialStore::File && before != Some(CredentialStore::Keyring) {
            return None;
        }
        // Who comes while the session is on its way waits until it is there.
        let _moving = self.moving.lock().await;
        let moved = match (before, place) {
            (Some(CredentialStore::Keyring), CredentialStore::File) => keyring.move_to(file).await,
            (Some(CredentialStore::File) | None, CredentialStore::Keyring) => match peek(file).await {
                Hint::Absent => return None,
                Hint::Usable { .. } | Hint::Expired { .. } | Hint::Unreadable(_) | Hint::InKeyring => {
                    file.move_to(keyring).await
                }
            },
            (_, CredentialStore::File | CredentialStore::Keyring) => return None,
        };
        match moved {
            Ok(moved) => moved.then_some(place),
            Err(error) => {
                tracing::warn!(%error, "the session stays where it was");
                None
            }
        }
    }

    /// What the credential file says. Reads it, and waits for the disk.
    pub(super) fn in_file(&self) -> OauthHint {
        self.file.as_ref().map_or(OauthHint::Absent, |store| for_resolution(store.peek()))
    }

    /// What `place` says: the disk is waited for off the event loop, the keyring is asked.
    pub(super) async fn hint(&self, place: CredentialStore) -> OauthHint {
        match (place, &self.file) {
            (CredentialStore::File, Ok(file)) => for_resolution(peek(file).await),
            (CredentialStore::File, Err(_)) => OauthHint::Absent,
            (CredentialStore::Keyring, _) => self.in_keyring().await,
        }
    }

    /// What the keyring says, asking it.
    pub(super) async fn in_keyring(&self) -> OauthHint {
        match &self.keyring {
            Ok(store) => for_resolution(store.look().await),
            Err(_) => OauthHint::Absent,
        }
    }
}

async fn peek(file: &TokenStore) -> Hint {
    let file = file.clone();
    let peeked = tokio::task::spawn_blocking(move || file.peek());
    peeked.await.expect("reading a file does not panic, and is not cancelled")
}

fn for_resolution(hint: Hint) -> OauthHint {
    match hint {
        Hint::Absent | Hint::InKeyring => OauthHint::Absent,
        Hint::Usable { expires_at } => OauthHint::Usable { expires_at },
        // The next request renews it.
        Hint::Expired { renewable: true } => OauthHint::Usable { expires_at: SystemTime::UNIX_EPOCH },
        Hint::Expired { renewable: false } => OauthHint::Expired,
        Hint::Unreadable(Error::Keyring(error)) => OauthHint::Unavailable(error.to_string()),
        Hint::Unreadable(error) => OauthHint::Unreadable(error.to_string()),
    }
}
