//! CA certificates from files that the environment names.

use std::io;
use std::path::Path;
use std::sync::Arc;

use reqwest::Certificate;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::env::Environment;

/// Variables that name a file of CA certificates, in PEM: OpenSSL's, and Node's (which Qwen Code's users have set).
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"];

/// The certificates of the bundles that `env` names, and why one of them could not be used.
///
/// A bad bundle is not fatal: a server on this machine needs none.
pub(super) fn bundles(env: &Environment) -> (Vec<Certificate>, Option<Arc<str>>) {
    let mut certificates = Vec::new();
    let mut problem = None;
    for variable in VARIABLES {
        let Some(path) = env.get(variable) else { continue };
        match read(path.as_ref()) {
            Ok(found) if found.is_empty() => problem = Some(format!("{variable}={path} holds no certificate").into()),
            Ok(found) => certificates.extend(found),
            Err(error) => problem = Some(format!("{variable}={path} could not be read: {error}").into()),
        }
    }
    (certificates, problem)
}

/// Mozilla's list, which is compiled in.
pub(super) fn mozilla() -> impl Iterator<Item = Certificate> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(usable)
}

/// The certificates of a PEM file. Anything between them is passed over.
fn read(path: &Path) -> io::Result<Vec<Certificate>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    let pem = std::fs::read(path)?;
    Ok(CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok).filter_map(|der| usable(&der)).collect())
}

/// A certificate as the client takes it; none if rustls would refuse it, and with it every other.
fn usable(der: &CertificateDer<'_>) -> Option<Certificate> {
    rustls::RootCertStore::empty().add(der.clone().into_owned()).ok()?;
    Certificate::from_der(der).ok()
}
