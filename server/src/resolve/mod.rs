//! Decides, for one root, who is asked and with which credential. Pure: it does nothing but decide.

pub mod dotenv;
pub mod origin;
pub mod provider;

use std::path::PathBuf;

use serde_json::{Map, Value};
use url::Url;

pub use origin::{Found, Origin, OriginKind, Scope};
pub use provider::Provider;

use crate::secret::Secret;

/// How a root authenticates, named as on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
    /// What lost, and to whom.
    pub ignored: Vec<Ignored>,
    /// What a person should know.
    pub problems: Vec<Problem>,
}

/// Whether a request may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extras {
    /// Headers that replace the built-in ones of the same name.
    pub custom_headers: Vec<(String, String)>,
    /// Members that are merged into the body last.
    pub extra_body: Map<String, Value>,
    /// Members of the body such as `temperature`, below the request's own.
    pub sampling_params: Map<String, Value>,
}

/// A value that lost.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Ignored {
    /// Where it stands.
    pub origin: Origin,
    /// Why it lost, and to whom.
    pub because: String,
}

/// Something a person should know about a root's configuration, as the editors see it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// What is wrong, with what, and what to do, in one sentence.
    pub message: String,
    /// The file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// The line in it, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

/// The kinds of problems, named as on the wire; those that are also errors have the `ErrorKind`'s name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ProblemKind {
    /// No method is configured, or the one that is lacks its key.
    NotSignedIn,
    /// A user's key and an endpoint that only the project names.
    EndpointNotTrusted,
    /// Plain http to another machine.
    InsecureEndpoint,
    /// A key that cannot work where it would go.
    InvalidKey,
    /// A setting or URL that cannot be used.
    BadRequest,
    /// A file that is there and cannot be read.
    UnreadableFile,
    /// A file that cannot be parsed.
    MalformedFile,
    /// The keyring was asked and could not answer.
    KeyringUnavailable,
    /// A token that ran out and could not be renewed.
    SessionExpired,
    /// A file with a key that others may read.
    WorldReadable,
    /// A file with a key that git tracks.
    TrackedByGit,
    /// A file of another user, which counts as no file.
    OtherOwner,
    /// A line that is not `KEY=value`, or whose value other tools read differently.
    MalformedLine,
}
