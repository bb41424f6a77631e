//! The three requests of Qwen OAuth: device authorization, poll and refresh (RFC 8628, RFC 7636, RFC 6749 §6).

use std::time::{Duration, Instant};

use oauth2::{DeviceCode, PkceCodeChallenge, PkceCodeVerifier};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use url::Url;
use uuid::Uuid;

use crate::auth::base_url::is_safe;
use crate::auth::error::{Cause, Error};
use crate::auth::reply::{self, Device, Refreshed, Reply, Tokens};
use crate::env::Environment;
use crate::secret::Secret;

/// Where people sign in, unless `QWEN_OAUTH_BASE_URL` says otherwise.
pub const BASE_URL: &str = "https://chat.qwen.ai";
/// Qwen Code's public client, unless `QWEN_OAUTH_CLIENT_ID` says otherwise. There is no client secret.
pub const CLIENT_ID: &str = "f0304373b74a44d2b584a3fb70ca9e56";
/// What is asked for, unless `QWEN_OAUTH_SCOPE` says otherwise.
pub const SCOPE: &str = "openid profile email model.completion";
const DEVICE_PATH: &str = "/api/v1/oauth2/device/code";
const TOKEN_PATH: &str = "/api/v1/oauth2/token";
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A refresh holds the credential file's lock, which is stale after ten seconds.
const TIME_LIMIT: Duration = Duration::from_secs(8);
/// The real answers have one or two kilobytes.
const LARGEST_ANSWER: usize = 64 * 1024;

/// The authorization server to talk to, and as whom.
#[derive(Clone, Debug)]
pub struct Service {
    /// The server's host, for messages.
    pub host: String,
    base: String,
    client_id: String,
    scope: String,
}

impl Service {
    /// Qwen's, or the one that the process environment names. A project's file has no say in it.
    pub fn of(env: &Environment) -> Result<Self, Error> {
        let bad = |why| Error::BadVariable { variable: "QWEN_OAUTH_BASE_URL", why };
        let base = env.get("QWEN_OAUTH_BASE_URL").unwrap_or(BASE_URL).trim_end_matches('/');
        let url = Url::parse(base).map_err(|_| bad("is not a URL; correct it or remove it"))?;
        if !is_safe(&url) {
            return Err(bad(
                "is not https, so tokens would be readable on the way; use https, or http to this machine",
            ));
        }
        Ok(Self {
            host: url.host_str().unwrap_or_default().to_owned(),
            base: base.to_owned(),
            client_id: env.get("QWEN_OAUTH_CLIENT_ID").unwrap_or(CLIENT_ID).to_owned(),
            scope: env.get("QWEN_OAUTH_SCOPE").unwrap_or(SCOPE).to_owned(),
        })
    }

    /// Asks for a device code, bound to a new code verifier.
    pub async fn authorize_device(&self, client: &reqwest::Client) -> Result<(Device, PkceCodeVerifier), Error> {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let form = form(&[
            ("client_id", &self.client_id),
            ("scope", &self.scope),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", challenge.method()),
        ]);
        let (status, body) = self.post(client, DEVICE_PATH, form, Some(Uuid::new_v4())).await?;
        let device =
            reply::device(status, &body).map_err(|why| Error::SignInUnavailable { host: self.host.clone(), why })?;
        Ok((device, verifier))
    }

    /// Asks whether the user has approved.
    pub async fn poll(&self, client: &reqwest::Client, code: &DeviceCode, verifier: &PkceCodeVerifier) -> Reply {
        let form = form(&[
            ("grant_type", DEVICE_GRANT),
            ("client_id", &self.client_id),
            ("device_code", code.secret()),
            ("code_verifier", verifier.secret()),
        ]);
        match self.post(client, TOKEN_PATH, form, None).await {
            Ok((status, body)) => reply::poll(status, &body),
            Err(Error::Unreachable { cause: Cause::Timeout, .. }) => Reply::TimedOut,
            Err(Error::Unreachable { why, .. }) => Reply::Unclear(format!("none ({why})")),
            Err(error) => Reply::Unclear(error.to_string()),
        }
    }

    /// Trades a refresh token for new tokens. [`Error::SessionExpired`] if the server has no use for it any more;
    /// with any other error it may still be good.
    pub async fn refresh(&self, client: &reqwest::Client, refresh_token: &Secret) -> Result<Tokens, Error> {
        let form = form(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.expose()),
            ("client_id", &self.client_id),
        ]);
        let (status, body) = self.post(client, TOKEN_PATH, form, None).await?;
        match reply::refresh(status, &body) {
            Refreshed::Granted(tokens) => Ok(tokens),
            Refreshed::Refused => Err(Error::SessionExpired),
            Refreshed::Unclear(why) => Err(Error::RefreshUnavailable { host: self.host.clone(), why }),
        }
    }

    async fn post(
        &self,
        client: &reqwest::Client,
        path: &str,
        form: String,
        request_id: Option<Uuid>,
    ) -> Result<(u16, Vec<u8>), Error> {
        let mut request = client
            .post(format!("{}{path}", self.base))
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .timeout(TIME_LIMIT)
            .body(form);
        if let Some(id) = request_id {
            request = request.header("x-request-id", id.to_string());
        }
        let started = Instant::now();
        let sent = request.send().await;
        let status = sent.as_ref().map_or(0, |response| response.status().as_u16());
        // Nothing of the form or the answer: they are secrets, and an answer may reflect the form.
        tracing::debug!(host = self.host, path, status, ms = started.elapsed().as_millis(), "answered");
        let mut response = sent.map_err(|error| self.unreachable(error))?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(error))? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                let why = "its answer is too large to be one".to_owned();
                return Err(Error::Unreachable { host: self.host.clone(), cause: Cause::TooLarge, why });
            }
            body.extend_from_slice(&chunk);
        }
        Ok((response.status().as_u16(), body))
    }

    fn unreachable(&self, error: reqwest::Error) -> Error {
        let error = error.without_url();
        // The innermost error has the system's words; the outer ones say «error sending request».
        let chain = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
        let is_tls = chain.clone().any(is_tls);
        let (cause, why) = if error.is_timeout() {
            (Cause::Timeout, "no answer within eight seconds".to_owned())
        } else {
            let why = chain.last().map(ToString::to_string).unwrap_or_default();
            (if is_tls { Cause::Tls } else { Cause::Offline }, why)
        };
        Error::Unreachable { host: self.host.clone(), cause, why }
    }
}

/// Whether rustls said it: the connector wraps its errors in I/O errors, whose `source` passes them over.
fn is_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>() || wrapped.is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
}

/// A form body in the order given. Space is `%20`, as Qwen Code sends it, and not the `+` of HTML forms.
fn form(fields: &[(&str, &str)]) -> String {
    let encode =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o04_a_form_is_percent_encoded_in_order() {
        assert_eq!(
            form(&[("scope", SCOPE), ("grant_type", DEVICE_GRANT), ("x", "a+b&c=d/é")]),
            "scope=openid%20profile%20email%20model.completion\
             &grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&x=a%2Bb%26c%3Dd%2F%C3%A9"
        );
    }

    #[test]
    fn the_environment_may_name_another_service_but_no_readable_one() {
        let of = |url: &str| Service::of(&[("QWEN_OAUTH_BASE_URL".to_owned(), url.to_owned())].into_iter().collect());
        assert_eq!(Service::of(&Environment::default()).unwrap().base, BASE_URL);
        assert_eq!(of("https://sso.example/qwen/").unwrap().base, "https://sso.example/qwen");
        assert_eq!(of("http://127.0.0.1:8080").unwrap().host, "127.0.0.1");
        assert!(of("http://sso.example").is_err());
        assert!(of("sso.example").is_err());
    }
}
