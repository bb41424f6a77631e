//! The one credential of a request: the only file of this module that exposes it.

use reqwest::header::{self, HeaderMap, HeaderValue, InvalidHeaderValue};

use crate::resolve::Provider;
use crate::secret::{self, Secret};

/// What a request authenticates with.
#[derive(Clone, Debug)]
pub enum Credential {
    /// An API key.
    Key(Secret),
    /// An access token of Qwen OAuth.
    OauthToken(Secret),
    /// Nothing: a server on this machine.
    None,
}

impl Credential {
    /// Writes the header that `provider` expects it in.
    pub(super) fn write(&self, provider: Provider, headers: &mut HeaderMap) -> Result<(), InvalidHeaderValue> {
        let (name, value) = match self {
            Self::None => return Ok(()),
            Self::Key(key) if provider == Provider::Azure => {
                (header::HeaderName::from_static("api-key"), key.expose().to_owned())
            }
            Self::Key(secret) | Self::OauthToken(secret) => {
                (header::AUTHORIZATION, format!("Bearer {}", secret.expose()))
            }
        };
        let mut value = HeaderValue::try_from(value)?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok(())
    }

    /// The provider whose keys look like this one.
    pub(super) fn looks_like(&self) -> Option<Provider> {
        match self {
            Self::Key(key) => Provider::of_key(key.expose()),
            Self::OauthToken(_) => Some(Provider::Qwen),
            Self::None => None,
        }
    }

    /// `text` without any trace of the credential.
    pub(super) fn strike_out(&self, text: &str) -> String {
        match self {
            Self::Key(secret) | Self::OauthToken(secret) => secret::redact(text, [secret]),
            Self::None => text.to_owned(),
        }
    }
}
