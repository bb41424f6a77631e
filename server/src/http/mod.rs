//! The one HTTP client, made at the first request: reading the system's CA store takes milliseconds.

mod certificates;
mod error;
mod proxy;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::{Certificate, redirect};
use url::Url;

use crate::env::Environment;
use certificates::{bundles, mozilla};
pub use error::{Error, host};
pub use proxy::Proxies;

/// Makes and keeps the process's one HTTP client.
#[derive(Debug, Default)]
pub struct Http {
    client: OnceLock<Client>,
}

/// The client and what its errors need to name: cheap to clone, and all clones share their connections.
#[derive(Clone)]
pub struct Client {
    inner: reqwest::Client,
    proxies: Arc<Proxies>,
    /// Why a CA bundle that the environment names could not be used, for the TLS errors that follow from it.
    bundle_problem: Option<Arc<str>>,
    /// Names this process to services that want to tell sessions apart.
    session: uuid::Uuid,
}

/// How long a connection may take to be made, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Idle connections are closed before the usual minute of a load balancer is over.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);

impl Http {
    /// The client. The first call makes it, with the proxies and the CA bundles that `env` names.
    pub fn client(&self, env: &Environment) -> Result<&reqwest::Client, Error> {
        self.open(env).map(|client| &client.inner)
    }

    /// The same client together with what explains its errors.
    pub fn open(&self, env: &Environment) -> Result<&Client, Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::new(env)?;
        Ok(self.client.get_or_init(|| client))
    }
}

impl Client {
    fn new(env: &Environment) -> Result<Self, Error> {
        // A second installation is an error that means «there is one already».
        let _ = rustls::crypto::ring::default_provider().install_default();
        let proxies = Arc::new(Proxies::from_environment(env));
        let (bundles, bundle_problem) = bundles(env);
        let build = |certificates: Vec<Certificate>| {
            let proxies = Arc::clone(&proxies);
            reqwest::Client::builder()
                .user_agent(user_agent())
                // Also keeps reqwest from reading the process environment and the system's proxy settings.
                .no_proxy()
                .proxy(reqwest::Proxy::custom(move |url| proxies.server(url).cloned()))
                .tls_certs_merge(certificates)
                .connect_timeout(CONNECT_TIMEOUT)
                .pool_idle_timeout(IDLE_TIMEOUT)
                .tcp_nodelay(true)
                // A redirect could carry the key to another host: it is reported instead.
                .redirect(redirect::Policy::none())
                // What may be repeated is decided where it can be announced.
                .retry(reqwest::retry::never())
                .build()
        };
        let client = match build(bundles.clone()) {
            Ok(client) => client,
            // A machine without any CA store: Mozilla's list, which is compiled in.
            Err(_) => {
                build(bundles.into_iter().chain(mozilla()).collect()).map_err(|error| Error::Client(chain(&error)))?
            }
        };
        Ok(Self { inner: client, proxies, bundle_problem, session: uuid::Uuid::new_v4() })
    }

    /// A request; nothing is sent before [`Client::send`].
    pub fn request(&self, method: reqwest::Method, url: Url) -> reqwest::RequestBuilder {
        self.inner.request(method, url)
    }

    /// Sends a request and waits for the answer's head. A redirect is an error that names where it leads.
    pub async fn send(&self, request: reqwest::Request) -> Result<reqwest::Response, Error> {
        let url = request.url().clone();
        self.proxies.check(&url)?;
        let response = self.inner.execute(request).await.map_err(|error| self.explain(&url, &error))?;
        if response.status().is_redirection() {
            return Err(Error::redirect(&response));
        }
        Ok(response)
    }

    /// The proxy for `url` and its variable, without its password; none where there is none.
    pub fn proxy_for(&self, url: &Url) -> Option<String> {
        self.proxies.describe(url)
    }

    /// What an error of the client means, with the proxy or the certificate that is to blame.
    pub fn explain(&self, url: &Url, error: &reqwest::Error) -> Error {
        error::explain(url, error, &self.proxies, self.bundle_problem.as_deref())
    }

    /// Names this process to services that want to tell sessions apart. Random, and kept nowhere.
    pub fn session(&self) -> uuid::Uuid {
        self.session
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("proxies", &self.proxies).finish_non_exhaustive()
    }
}

/// `qwen-language-server/<version> (<os>; <arch>)`.
pub fn user_agent() -> String {
    use std::env::consts::{ARCH, OS};
    format!("qwen-language-server/{} ({OS}; {ARCH})", env!("CARGO_PKG_VERSION"))
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
