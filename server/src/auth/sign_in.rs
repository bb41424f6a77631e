//! One sign-in by device flow: what the user is shown, and the wait for their approval.

use std::time::{Duration, SystemTime};

use oauth2::PkceCodeVerifier;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::auth::base_url::may_be_opened;
use crate::auth::credentials::Credentials;
use crate::auth::error::Error;
use crate::auth::oauth::Service;
use crate::auth::poll::{self, Poll};
use crate::auth::reply::Device;
use crate::auth::session::{Token, TokenStore, token_of};

/// What the user is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceAuthorization {
    /// The code to compare or to type.
    pub user_code: String,
    /// Where to type it; safe to open, byte for byte as the service gave it.
    pub verification_uri: String,
    /// Where nothing is to be typed; likewise.
    pub verification_uri_complete: Option<String>,
    /// When the code ends.
    pub expires_at: SystemTime,
}

/// A sign-in that waits for the user. Dropping it, or the future that [`approval`](Self::approval) returns, cancels it,
/// and nothing is stored.
#[derive(Debug)]
pub struct SignIn {
    /// What the user is to be shown.
    pub authorization: DeviceAuthorization,
    store: TokenStore,
    client: reqwest::Client,
    service: Service,
    device: Device,
    verifier: PkceCodeVerifier,
    started: Instant,
    turn: watch::Receiver<u64>,
    mine: u64,
}

impl TokenStore {
    /// Asks the service for a code. A sign-in that is still waiting ends with [`Error::TakenOver`].
    pub async fn sign_in(&self, client: &reqwest::Client) -> Result<SignIn, Error> {
        let service = Service::of(&self.inner.env)?;
        self.inner.turn.send_modify(|turn| *turn += 1);
        let mut turn = self.inner.turn.subscribe();
        let mine = *turn.borrow_and_update();
        let (device, verifier) = service.authorize_device(client).await?;
        let authorization = DeviceAuthorization {
            user_code: device.user_code.clone(),
            verification_uri: device.verification_uri.clone(),
            verification_uri_complete: device.verification_uri_complete.clone(),
            expires_at: SystemTime::now() + device.expires_in,
        };
        if !authorization.is_safe_to_show() {
            let why = "it gave an address or a code that is not safe to open or to show".to_owned();
            return Err(Error::SignInUnavailable { host: service.host, why });
        }
        let started = Instant::now();
        Ok(SignIn {
            authorization,
            store: self.clone(),
            client: client.clone(),
            service,
            device,
            verifier,
            started,
            turn,
            mine,
        })
    }
}

impl DeviceAuthorization {
    /// The page to open: with the code in it where the service gives such a one.
    pub fn page(&self) -> &str {
        self.verification_uri_complete.as_deref().unwrap_or(&self.verification_uri)
    }

    /// How long the code is still good for.
    pub fn time_left(&self) -> Duration {
        self.expires_at.duration_since(SystemTime::now()).unwrap_or_default()
    }

    fn is_safe_to_show(&self) -> bool {
        may_be_opened(&self.verification_uri)
            && self.verification_uri_complete.as_deref().is_none_or(may_be_opened)
            && !self.user_code.chars().any(char::is_control)
    }
}

impl SignIn {
    /// Waits for the [`approval`](Self::approval), and stores the session.
    pub async fn finish(self) -> Result<Token, Error> {
        self.approval().await?.keep().await
    }

    /// Waits until the user has approved or refused, or the code has expired. The first poll is sent at once.
    pub async fn approval(mut self) -> Result<ApprovedSignIn, Error> {
        let poll = Poll::new(&self.service.host, self.device.interval, self.device.expires_in);
        let (service, client, device, verifier) = (&self.service, &self.client, &self.device, &self.verifier);
        let approved = poll::run(poll, self.started, || service.poll(client, &device.device_code, verifier));
        let mine = self.mine;
        let tokens = tokio::select! {
            biased;
            // The sender lives in the store, of which we hold a clone.
            _ = self.turn.wait_for(|turn| *turn != mine) => return Err(Error::TakenOver),
            tokens = approved => tokens?,
        };
        let session = Credentials::of_sign_in(tokens, SystemTime::now());
        let token = token_of(&session)?;
        Ok(ApprovedSignIn { session, token, store: self.store, turn: self.turn, mine })
    }
}

/// A sign-in that the user has approved; nothing is stored yet.
#[derive(Debug)]
pub struct ApprovedSignIn {
    session: Credentials,
    token: Token,
    store: TokenStore,
    turn: watch::Receiver<u64>,
    mine: u64,
}

impl ApprovedSignIn {
    /// Stores the session. [`TokenStore::unsaved`] says if it could not be.
    pub async fn keep(self) -> Result<Token, Error> {
        // Without the lock, a refresh under way would write the old session over the new one. The CLI signs in without
        // it, so neither does a lock that cannot be had keep the user out.
        let _lock = self.store.inner.place.lock().await;
        if *self.turn.borrow() != self.mine {
            return Err(Error::TakenOver);
        }
        self.store.inner.keep(&self.session).await;
        Ok(self.token)
    }
}
