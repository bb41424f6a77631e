//! The verbs that both fronts see: resolve, status, sign in, chat. No LSP word in it.

pub mod account;
mod browser;
pub mod chat;
pub mod choices;
pub mod conversations;
pub mod env_file;
pub mod error;
mod fill;
pub mod key;
pub mod report;
pub mod sign_in;
pub mod status;
mod tokens;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use chat::{Chat, retrying};
pub use choices::Remember;
pub use env_file::Exposure;
pub use error::{Details, Error, ErrorKind};
pub use key::{NewKey, SignOut};
pub use status::AuthStatus;
use tokio::sync::RwLock;

use self::choices::Choices;
use self::tokens::Tokens;
use crate::auth::keyring::Keyring;
use crate::auth::pace::Pace;
use crate::env::Environment;
use crate::files::Disk;
use crate::http::Http;
use crate::resolve::ClientSettings;
use crate::watch::{self, Changes, Watch};

/// Everything that one process needs to act for any root. It holds no state of a root but what the user chose.
#[derive(Clone, Debug)]
pub struct Qwen {
    env: Arc<Environment>,
    http: Arc<Http>,
    files: Disk,
    keyring: Keyring,
    tokens: Tokens,
    choices: Arc<Choices>,
    pace: Arc<Pace>,
    /// Read by a status, written by a change of several steps: nobody is told of a state between them.
    changing: Arc<RwLock<()>>,
}

/// What a request is about: a root, and the settings that hold for it.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The root's directory, absolute.
    pub root: PathBuf,
    /// The settings.
    pub settings: Settings,
    /// The model that the user chose for the root; a request's own comes before it.
    pub model: Option<String>,
}

/// What a front may set for a root.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What takes part in the resolution.
    pub resolution: ClientSettings,
    /// Where Qwen OAuth credentials are kept.
    pub credential_store: CredentialStore,
    /// How long to wait for the first byte of an answer, and for the next one.
    pub request_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            resolution: ClientSettings::default(),
            credential_store: CredentialStore::File,
            // What Qwen Code waits.
            request_timeout: Duration::from_secs(120),
        }
    }
}

/// Where Qwen OAuth credentials are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialStore {
    /// `oauth_creds.json`, shared with the Qwen Code CLI.
    File,
    /// The operating system's keyring, for those who want no token in a file.
    Keyring,
}

/// A model of a provider's.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedModel {
    /// Its identifier, for requests.
    pub id: String,
    /// Its name, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many tokens it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
    /// Whether it is the one that is asked by default.
    pub current: bool,
}

impl Qwen {
    /// The verbs for a process with this environment. Touches no file, network or keyring.
    pub fn new(env: Environment) -> Self {
        let env = Arc::new(env);
        let keyring = Keyring::system();
        Self {
            tokens: Tokens::new(&env, &keyring),
            pace: Arc::new(Pace::default()),
            choices: Arc::new(Choices::new(env.state_dir().map(|dir| dir.join("state.json")))),
            http: Arc::new(Http::default()),
            files: Disk,
            keyring,
            changing: Arc::default(),
            env,
        }
    }

    /// Watches the files that decide the roots' accounts; no root yet.
    pub fn watch(&self) -> Result<(Watch, Changes), watch::Error> {
        watch::watch(&self.env)
    }

    /// The provider's models; the current one is always among them.
    pub async fn models(&self, scope: &Scope) -> Result<Vec<ListedModel>, Error> {
        let account = self.account(scope, None).await?;
        let client = self.http.open(&self.env)?;
        let current = account.endpoint.model.clone();
        let models = crate::chat::models(client, &account.endpoint).await?;
        let mut listed: Vec<_> = models
            .into_iter()
            .map(|model| ListedModel {
                current: model.id == current,
                id: model.id,
                name: model.name,
                context_window: model.context_window,
            })
            .collect();
        if !listed.iter().any(|model| model.current) {
            listed.insert(0, ListedModel { id: current, name: None, context_window: None, current: true });
        }
        Ok(listed)
    }
}
