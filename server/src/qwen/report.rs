//! What `doctor` tells of the network: the proxy, the certificates, and whether the endpoint answers.

use std::time::Instant;

use super::{Qwen, Scope};
use crate::resolve::{Method, Resolution};

/// How this machine reaches a root's endpoint. It holds no secret.
#[derive(Debug)]
pub struct NetworkReport {
    /// The proxy, without its password.
    pub proxy: String,
    /// The certificate authorities.
    pub certificates: String,
    /// Whether the endpoint answers, and how soon.
    pub reachability: String,
}

impl Qwen {
    /// Asks the endpoint of `scope` for its head, without a credential.
    pub async fn network_report(&self, scope: &Scope) -> NetworkReport {
        let certificates = tokio::task::spawn_blocking(system_certificates).await.unwrap_or_default();
        let resolution = self.resolve(scope, None).await;
        let Some(url) = endpoint(&resolution) else {
            let proxy = "not known without an endpoint".to_owned();
            return NetworkReport { proxy, certificates, reachability: "none is configured".to_owned() };
        };
        let client = match self.http.open(&self.env) {
            Ok(client) => client,
            Err(error) => {
                return NetworkReport { proxy: String::new(), certificates, reachability: error.to_string() };
            }
        };
        let started = Instant::now();
        let outcome = match client.request(reqwest::Method::HEAD, url.clone()).build() {
            Ok(request) => client.send(request).await.map(|response| response.status()),
            Err(error) => Err(client.explain(&url, &error)),
        };
        let host = url.host_str().unwrap_or_default().to_owned();
        NetworkReport {
            proxy: client.proxy_for(&url).unwrap_or_else(|| "none".to_owned()),
            certificates,
            reachability: match outcome {
                Ok(status) => format!("{host} answers ({status}, {} ms)", started.elapsed().as_millis()),
                Err(error) => error.to_string(),
            },
        }
    }
}

fn endpoint(resolution: &Resolution) -> Option<url::Url> {
    match resolution.method.as_ref().map(|method| method.value) {
        Some(Method::QwenOauth) => crate::auth::base_url::of_resource(None).ok(),
        Some(Method::Openai) | None => resolution.base_url.as_ref().map(|found| found.value.clone()),
    }
}

fn system_certificates() -> String {
    let found = rustls_native_certs::load_native_certs();
    match found.errors.first() {
        None => format!("{} in the system's store", found.certs.len()),
        Some(error) => format!("{} in the system's store; {error}", found.certs.len()),
    }
}
