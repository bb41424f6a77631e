//! What a person may see of a root's authentication: `AuthStatus` of `editors/PROTOCOL.md`. It holds no secret.

use std::time::SystemTime;

use serde::Serialize;
use url::Url;

use crate::auth::quota::Quota;
use crate::resolve::{Ignored, Method, Origin, Problem, Provider, Resolution, State, endpoint};

/// Who a root's requests go to, with which credential, and where each part of that came from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthStatus {
    /// The root's URI, for a workspace folder in the editor's own spelling.
    pub root: String,
    /// Whether a request may be sent.
    pub state: State,
    /// The method in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// Whose service it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderName>,
    /// Where requests go, without the values of its query, where a gateway's key may stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The model that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The key's fingerprint, such as `sk-…9f3c`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// When the token runs out, RFC 3339; Qwen OAuth only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Qwen OAuth's limits and today's use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
    /// Where each value came from.
    pub origins: Origins,
    /// What lost, and to whom.
    pub ignored: Vec<Ignored>,
    /// What a person should know.
    pub problems: Vec<Problem>,
}

/// A provider, for a program and for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProviderName {
    /// Its identifier.
    pub id: Provider,
    /// Its name.
    pub name: String,
}

/// Where each value came from.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Origins {
    /// The key's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<Origin>,
    /// The base URL's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<Origin>,
    /// The model's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Origin>,
    /// The method's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<Origin>,
}

impl AuthStatus {
    /// The status of the root at `uri`, as `resolution` decided it.
    pub fn new(uri: String, resolution: Resolution, expires_at: Option<SystemTime>, quota: Option<Quota>) -> Self {
        let base_url = resolution.base_url.as_ref().map(|found| &found.value);
        let provider = resolution.provider.map(|id| ProviderName { id, name: provider_name(id, base_url) });
        Self {
            root: uri,
            state: resolution.state,
            provider,
            base_url: base_url.map(endpoint::shown),
            key: resolution.key.as_ref().map(|found| found.value.fingerprint()),
            expires_at: expires_at.map(|time| humantime::format_rfc3339_seconds(time).to_string()),
            quota,
            origins: Origins {
                api_key: resolution.key.map(|found| found.origin),
                base_url: resolution.base_url.map(|found| found.origin),
                model: resolution.model.as_ref().map(|found| found.origin.clone()),
                method: resolution.method.as_ref().map(|found| found.origin.clone()),
            },
            method: resolution.method.map(|found| found.value),
            model: resolution.model.map(|found| found.value),
            ignored: resolution.ignored,
            problems: resolution.problems,
        }
    }
}

/// An API that is not known by name is told apart by its host.
pub(super) fn provider_name(provider: Provider, base_url: Option<&Url>) -> String {
    match (provider, base_url.and_then(Url::host_str)) {
        (Provider::Other, Some(host)) => host.to_owned(),
        _ => provider.name().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Environment;
    use crate::files::memory::Memory;
    use crate::resolve::{
        ClientSettings, Inputs, OauthHint, OriginKind, Remembered, RequestFields, StoredKey, resolve,
    };

    #[test]
    fn no_status_shows_what_stands_in_an_endpoints_query() {
        let env: Environment = [("OPENAI_API_KEY".to_owned(), "k".to_owned())].into_iter().collect();
        let text = "OPENAI_BASE_URL=https://x.example/v1?subscription-key=canary&api-version=1\n";
        let resolution = resolve(&Inputs {
            root: std::path::Path::new("/h/p"),
            env: &env,
            client: &ClientSettings::default(),
            request: &RequestFields::default(),
            files: &Memory::of([("/h/p/.env", text)]),
            remembered: &Remembered::default(),
            stored_key: &StoredKey::Absent,
            oauth: &OauthHint::Absent,
            oauth_kind: OriginKind::CredentialFile,
        });
        let status = AuthStatus::new("file:///h/p".to_owned(), resolution, None, None);
        assert_eq!(status.base_url.as_deref(), Some("https://x.example/v1?subscription-key=…&api-version=1"));
        assert_eq!(status.state, State::Refused);
        let shown = serde_json::to_string(&status).unwrap();
        assert!(!shown.contains("canary"), "{shown}");
    }
}
