//! What was decided for one root.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::{Found, Ignored, Origin, Problem, Provider};
use crate::secret::Secret;

/// How a root authenticates, named as on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Qwen OAuth: the device flow, and a token that is refreshed by itself.
    QwenOauth,
    /// Any OpenAI-compatible API, by key.
    Openai,
}

/// What was decided for one root.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// The root, as the editor names it.
    pub root: PathBuf,
    /// Whether a request may be sent.
    pub state: State,
    /// The method; none when nothing is configured.
    pub method: Option<Found<Method>>,
    /// The key that may be sent to `base_url`. None for Qwen OAuth and for a local server without one.
    /// With [`State::Refused`], the key that may not be sent.
    pub key: Option<Found<Secret>>,
    /// Where requests go; for Qwen OAuth the credential says so, and this is none.
    pub base_url: Option<Found<Url>>,
    /// Whose service that is.
    pub provider: Option<Provider>,
    /// The model to ask for.
    pub model: Option<Found<String>>,
    /// What a provider entry of `settings.json` adds to each request.
    pub extras: Extras,
    /// Where `DEBUG` or `DEBUG_MODE` is set for this root: its requests are logged at info.
    pub debug: Option<Origin>,
    /// The origin (such as `https://api.openai.com`) whose stored key would be used: the caller asks the keyring for
    /// it and resolves again. None when another source gave a key, or none is needed.
    pub wants_stored_key: Option<String>,
    /// Where the user's key is that a server on this machine does not get, since only the project names it.
    pub withheld: Option<Origin>,
    /// What lost, and to whom.
    pub ignored: Vec<Ignored>,
    /// What a person should know.
    pub problems: Vec<Problem>,
}

/// Whether a request may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// A credential is there and may be used.
    SignedIn,
    /// There is none.
    SignedOut,
    /// A key is there and may not be sent; the problems say why.
    Refused,
}

/// What a provider entry of `settings.json` (`modelProviders.openai[].generationConfig`) adds to each request.
#[derive(Clone, Default, PartialEq)]
pub struct Extras {
    /// Headers that replace the built-in ones of the same name.
    pub custom_headers: Vec<(String, String)>,
    /// Members that are merged into the body last.
    pub extra_body: Map<String, Value>,
    /// Members of the body such as `temperature`, below the request's own.
    pub sampling_params: Map<String, Value>,
}

/// Shows names only: a gateway's key may stand among the headers.
impl std::fmt::Debug for Extras {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let headers: Vec<&str> = self.custom_headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Extras").field("custom_headers", &headers).finish_non_exhaustive()
    }
}
