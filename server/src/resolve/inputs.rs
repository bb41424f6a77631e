//! All that `resolve` looks at: it reads nothing else, and remembers nothing.

use std::path::Path;
use std::time::SystemTime;

use super::OriginKind;
use super::remembered::Remembered;
use crate::env::Environment;
use crate::files::Files;
use crate::secret::Secret;

/// What is known when a request of a root arrives.
pub struct Inputs<'a> {
    /// The root's directory, absolute.
    pub root: &'a Path,
    /// The process's environment.
    pub env: &'a Environment,
    /// The editor's settings for the root.
    pub client: &'a ClientSettings,
    /// What the request itself says.
    pub request: &'a RequestFields,
    /// The files.
    pub files: &'a dyn Files,
    /// What the user chose in an editor or a terminal before.
    pub remembered: &'a Remembered,
    /// The key in the keyring, or in this process's memory.
    pub stored_key: &'a StoredKey,
    /// The Qwen OAuth session.
    pub oauth: &'a OauthHint,
    /// Where that is kept: [`OriginKind::CredentialFile`] or [`OriginKind::Keyring`].
    pub oauth_kind: OriginKind,
}

/// The editor's settings that bear on the account, as the editor gives them for a root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientSettings {
    /// `qwen.model`.
    pub model: Option<String>,
    /// `qwen.openai.baseUrl`.
    pub base_url: Option<String>,
    /// `qwen.envPrecedence`.
    pub env_precedence: EnvPrecedence,
    /// `qwen.trustedEndpoints`: URLs whose origins may get a user's key from any project.
    pub trusted_endpoints: Vec<String>,
}

/// Who wins where the project's file and the environment both speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EnvPrecedence {
    /// The project's file: what is nearest to the work.
    #[default]
    Project,
    /// The environment, as in Qwen Code (facts 2.5, E10).
    Environment,
}

/// The fields of a request that bear on the account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestFields {
    /// The model that it asks for.
    pub model: Option<String>,
}

/// What the keyring, or the memory of this process, holds for `Resolution::wants_stored_key`.
///
/// Asking the keyring may take seconds, so the caller resolves with [`StoredKey::NotAsked`] first, asks only if the
/// outcome wants the key, and resolves again.
#[derive(Clone, Debug)]
pub enum StoredKey {
    /// Nobody has looked.
    NotAsked,
    /// There is no key for that origin.
    Absent,
    /// The key.
    Found(Secret),
    /// The keyring could not answer, and said this.
    Unavailable(String),
}

/// What Qwen Code's credential file holds, or the keyring in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OauthHint {
    /// There is no credential.
    Absent,
    /// There is one that is valid, or that can be refreshed.
    Usable {
        /// When its access token runs out; in the past where it has to be refreshed first.
        expires_at: SystemTime,
    },
    /// There is one that ran out and cannot be refreshed.
    Expired,
    /// The file is there and cannot be read, for this reason.
    Unreadable(String),
    /// The keyring, where it is, did not say, for this reason.
    Unavailable(String),
}
