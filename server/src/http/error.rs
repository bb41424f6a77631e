//! What went wrong between this machine and a service, told apart by what a person can do about it.

use std::error::Error as StdError;

use url::Url;

use super::chain;
use super::proxy::Proxies;
use crate::resolve::provider::is_loopback;

/// Why no answer came. Nothing in it shows a key, a query or a proxy's password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The TLS configuration was refused.
    #[error("no HTTP client could be made: {0}")]
    Client(String),
    /// The name does not resolve, or nothing answers there.
    #[error("{host} cannot be reached ({because}); check the network and the base URL")]
    Offline {
        /// The host that was asked.
        host: String,
        /// The operating system's words.
        because: String,
    },
    /// Nothing listens on this machine's port.
    #[error("no server answers at {host} on this machine ({because}); is it started?")]
    NotRunning {
        /// Host and port.
        host: String,
        /// The operating system's words.
        because: String,
    },
    /// The connection was closed before an answer came.
    #[error("{host} closed the connection before it answered ({because}); try again")]
    Closed {
        /// The host that was asked.
        host: String,
        /// The client's words.
        because: String,
    },
    /// The server's certificate is not trusted, or TLS could not be agreed on.
    #[error("the connection to {host} is not secure: {because}; {hint}")]
    Tls {
        /// The host that was asked.
        host: String,
        /// rustls's words.
        because: String,
        /// What to do.
        hint: String,
    },
    /// The proxy cannot be reached or refuses.
    #[error("the proxy {proxy} did not connect to {host} ({because}); check the variable and the proxy")]
    Proxy {
        /// The proxy, without its password, and its variable.
        proxy: String,
        /// The host that was asked.
        host: String,
        /// What the proxy did.
        because: String,
    },
    /// A SOCKS proxy.
    #[error(
        "{variable} names a SOCKS proxy, which is not supported; set an http:// proxy there or add the host to NO_PROXY"
    )]
    SocksProxy {
        /// The variable that names it.
        variable: &'static str,
    },
    /// A proxy variable that is no URL.
    #[error("{variable} is not the URL of an HTTP proxy; write http://host:port")]
    ProxyUrl {
        /// The variable.
        variable: &'static str,
    },
    /// Connecting or answering took too long.
    #[error("{host} did not answer in time; try again, or raise `qwen.requestTimeout`")]
    Timeout {
        /// The host that was asked.
        host: String,
    },
    /// A redirect, which is not followed.
    #[error(
        "{host} redirects to {location}, and a key is never carried there; if that is right, set it as the base URL"
    )]
    Redirect {
        /// The host that was asked.
        host: String,
        /// The host that it names.
        location: String,
    },
}

impl Error {
    /// Whether a connection was never made, so that sending the request again cannot repeat anything.
    pub fn is_connect(&self) -> bool {
        match self {
            Self::Offline { .. } | Self::NotRunning { .. } => true,
            Self::Client(_)
            | Self::Closed { .. }
            | Self::Tls { .. }
            | Self::Proxy { .. }
            | Self::SocksProxy { .. }
            | Self::ProxyUrl { .. }
            | Self::Timeout { .. }
            | Self::Redirect { .. } => false,
        }
    }

    pub(super) fn redirect(response: &reqwest::Response) -> Self {
        let from = response.url();
        let location = response.headers().get(reqwest::header::LOCATION).and_then(|value| value.to_str().ok());
        let location =
            location.and_then(|location| from.join(location).ok()).map_or_else(|| "nowhere".into(), |url| host(&url));
        Self::Redirect { host: host(from), location }
    }
}

/// Host and port as in the URL.
pub fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("an unnamed host");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

pub(super) fn explain(url: &Url, error: &reqwest::Error, proxies: &Proxies, bundle_problem: Option<&str>) -> Error {
    let host = host(url);
    if let Some(tls) = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return Error::Tls { host, because: tls.to_string(), hint: tls_hint(tls, bundle_problem) };
    }
    // The last cause is the operating system's; the ones before it repeat each other and may show the URL.
    let because = causes(error).last().map_or_else(|| "no reason given".to_owned(), ToString::to_string);
    if let Some(proxy) = proxies.describe(url).filter(|_| error.is_connect()) {
        return Error::Proxy { proxy, host, because: tunnel_problem(error).unwrap_or(because) };
    }
    if error.is_timeout() {
        Error::Timeout { host }
    } else if error.is_connect() {
        if is_loopback(url) { Error::NotRunning { host, because } } else { Error::Offline { host, because } }
    } else {
        Error::Closed { host, because }
    }
}

/// The causes of an error, those inside an `io::Error` included, which its `source` passes over.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    fn below<'a>(cause: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
        match cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => cause.source(),
        }
    }
    std::iter::successors(error.source(), |cause| below(*cause))
}

/// What a proxy said to CONNECT. The client's type for it is not public, its words are stable enough to be shown.
fn tunnel_problem(error: &reqwest::Error) -> Option<String> {
    let text = chain(error);
    if text.contains("proxy authorization required") {
        Some("it wants a user and a password: http://user:password@host:port".to_owned())
    } else if text.contains("tunnel error: unsuccessful") {
        Some("it refused the connection".to_owned())
    } else {
        None
    }
}

fn tls_hint(error: &rustls::Error, bundle_problem: Option<&str>) -> String {
    use rustls::{CertificateError, Error as Tls};
    if let Some(problem) = bundle_problem {
        return problem.to_owned();
    }
    match error {
        Tls::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => "check this machine's clock, or ask who runs the server to renew the certificate",
        Tls::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) => {
            "check the host in the base URL"
        }
        Tls::InvalidCertificate(_) => {
            "if your network uses a CA of its own, add its certificate to the system's store or name the file in SSL_CERT_FILE"
        }
        _ => "check that the base URL speaks https on that port",
    }
    .to_owned()
}
