//! One refresh: from taking the lock to storing what the service answered.

use std::sync::Arc;
use std::time::SystemTime;

use crate::auth::credentials::Credentials;
use crate::auth::error::Error;
use crate::auth::lock;
use crate::auth::oauth::Service;
use crate::auth::session::{Inner, Token, token_of};
use crate::secret::Secret;

/// Refreshes under the lock, unless somebody else has done so by the time we hold it.
pub(super) async fn refresh(inner: Arc<Inner>, client: reqwest::Client, stale: Option<Secret>) -> Result<Token, Error> {
    let service = Service::of(&inner.env)?;
    let _lock = match inner.place.lock().await {
        Ok(lock) => Some(lock),
        // Nobody else has a session that lives in our memory only.
        Err(Error::Lock(lock::Error::Unwritable { .. })) if inner.is_unsaved() => None,
        Err(error) => return Err(error),
    };
    let before = match inner.rescue().await {
        Some(session) => session,
        None => inner.read().await?.ok_or_else(|| inner.not_signed_in())?,
    };
    let is_stale = stale.as_ref().is_some_and(|stale| before.has(stale));
    if !is_stale && before.is_usable(SystemTime::now()) {
        return token_of(&before);
    }
    let refresh_token = before.refresh_token.as_ref().ok_or(Error::SessionExpired)?;
    let answer = service.refresh(&client, refresh_token).await;

    // The CLI signs in without the lock, and deletes anyone's lock when it exits: look again before writing.
    let is_untouched = match inner.read().await {
        Ok(None) => return Err(inner.not_signed_in()),
        Ok(Some(now)) if now.has(&before.access_token) => true,
        Ok(Some(now)) if now.is_usable(SystemTime::now()) => return token_of(&now),
        Ok(Some(_)) | Err(_) => false,
    };
    match answer {
        Ok(tokens) => {
            let session = before.renewed(tokens, SystemTime::now());
            inner.keep(&session).await;
            token_of(&session)
        }
        Err(error) => {
            if error == Error::SessionExpired && is_untouched {
                inner.forget().await?;
            }
            Err(error)
        }
    }
}

impl Inner {
    /// Puts in place what a killed writer could not: its refresh token may be the only one that is still good.
    ///
    /// To be called under the lock, so that no writer is at work but a CLI that signs in, whose own rename comes later.
    async fn rescue(&self) -> Option<Credentials> {
        let (session, text) = self.place.leftovers().await.into_iter().find_map(|text| {
            let session = Credentials::parse(text.expose().as_bytes()).ok()?;
            Some((session, text))
        })?;
        self.place.write(text.expose()).await.ok()?;
        Some(session)
    }
}
