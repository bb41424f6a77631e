//! The two places that Qwen OAuth credentials can be kept in, and what they say before anything is waited for.

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
}

impl Tokens {
    pub(super) fn new(env: &Environment, keyring: &Keyring) -> Self {
        Self { file: TokenStore::in_file(env), keyring: TokenStore::in_keyring(env, keyring.clone()) }
    }

    /// The keeper of a place; an error where there is no home directory.
    pub(super) fn of(&self, place: CredentialStore) -> Result<&TokenStore, Error> {
        let store = match place {
            CredentialStore::File => &self.file,
            CredentialStore::Keyring => &self.keyring,
        };
        store.as_ref().map_err(Clone::clone)
    }

    /// What the credential file says. Reads it.
    pub(super) fn in_file(&self) -> OauthHint {
        self.file.as_ref().map_or(OauthHint::Absent, |store| for_resolution(store.peek()))
    }

    /// What the keyring says, asking it.
    pub(super) async fn in_keyring(&self) -> OauthHint {
        match &self.keyring {
            Ok(store) => for_resolution(store.look().await),
            Err(_) => OauthHint::Absent,
        }
    }
}

fn for_resolution(hint: Hint) -> OauthHint {
    match hint {
        Hint::Absent | Hint::InKeyring => OauthHint::Absent,
        Hint::Usable { expires_at } => OauthHint::Usable { expires_at },
        // The next request renews it.
        Hint::Expired { renewable: true } => OauthHint::Usable { expires_at: SystemTime::UNIX_EPOCH },
        Hint::Expired { renewable: false } => OauthHint::Expired,
        Hint::Unreadable(error) => OauthHint::Unreadable(error.to_string()),
    }
}
