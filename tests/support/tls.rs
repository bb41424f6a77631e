//! A private CA, and stand-ins that speak TLS with a certificate from it.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::http::Wrap;

/// A CA that no system trusts.
pub struct PrivateCa {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl PrivateCa {
    /// A new one.
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a key pair");
        let mut params = CertificateParams::new(Vec::new()).expect("no names to refuse");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// Its certificate, as a file that `SSL_CERT_FILE` may name.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// How a server that stands for `name`, a host or an IP address, speaks TLS.
    pub fn config(&self, name: &str) -> ServerConfig {
        let key = KeyPair::generate().expect("a key pair");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions that ring has")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("a key that fits")
    }

    /// TLS for the connections of such a server.
    pub fn server(&self, name: &str) -> Wrap {
        let config = Arc::new(self.config(name));
        Arc::new(move |stream| {
            let connection = ServerConnection::new(Arc::clone(&config)).expect("a valid configuration");
            Box::new(StreamOwned::new(connection, stream))
        })
    }
}
