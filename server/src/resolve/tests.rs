//! `resolve` as a whole, on trees of files in memory.

mod binding;
mod environment;
mod headless;
mod providers;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::*;
use crate::env::Environment;
use crate::files::Files;
use crate::files::memory::Memory;
use crate::secret::Secret;

/// The inputs of one resolution; home is `/h`, and the root `/h/p`.
struct Case {
    root: PathBuf,
    env: Vec<(String, String)>,
    files: Memory,
    client: ClientSettings,
    request: RequestFields,
    remembered: Remembered,
    stored_key: StoredKey,
    oauth: OauthHint,
}

fn case() -> Case {
    Case {
        root: PathBuf::from("/h/p"),
        env: vec![("HOME".to_owned(), "/h".to_owned())],
        files: Memory::default(),
        client: ClientSettings::default(),
        request: RequestFields::default(),
        remembered: Remembered::default(),
        stored_key: StoredKey::Absent,
        oauth: OauthHint::Absent,
    }
}

impl Case {
    fn root(self, root: &str) -> Self {
        Self { root: PathBuf::from(root), ..self }
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    fn file(self, path: &str, text: &str) -> Self {
        Self { files: self.files.file(path, text), ..self }
    }

    /// A file where there is none yet.
    fn file_unless_there(self, path: &str, text: &str) -> Self {
        if self.files.read(Path::new(path)).is_ok() { self } else { self.file(path, text) }
    }

    fn link(self, path: &str, target: &str) -> Self {
        Self { files: self.files.link(path, target), ..self }
    }

    fn signed_in(self) -> Self {
        let expires_at = SystemTime::UNIX_EPOCH + Duration::from_secs(3_600_000_000);
        Self { oauth: OauthHint::Usable { expires_at }, ..self }
    }

    fn account(mut self, base_url: &str, model: Option<&str>) -> Self {
        let account = Account {
            root: self.root.clone(),
            base_url: base_url.to_owned(),
            model: model.map(str::to_owned),
            ..Account::default()
        };
        self.remembered.accounts.push(account);
        self
    }

    fn stored(self, key: &str) -> Self {
        Self { stored_key: StoredKey::Found(Secret::new(key)), ..self }
    }

    fn resolve(&self) -> Resolution {
        let env: Environment = self.env.iter().cloned().collect();
        resolve(&Inputs {
            root: &self.root,
            env: &env,
            client: &self.client,
            request: &self.request,
            files: &self.files,
            remembered: &self.remembered,
            stored_key: &self.stored_key,
            oauth: &self.oauth,
            oauth_kind: OriginKind::CredentialFile,
        })
    }
}

/// What is sent: key, endpoint and model, each `-` where there is none; a state other than signed in stands before it.
fn sent(resolution: &Resolution) -> String {
    let key = resolution.key.as_ref().map_or("-", |key| key.value.expose());
    let url = resolution.base_url.as_ref().map_or("-", |url| url.value.as_str());
    let model = resolution.model.as_ref().map_or("-", |model| &model.value);
    match resolution.state {
        State::SignedIn => format!("{key} {url} {model}"),
        State::SignedOut => format!("signed out: {key} {url} {model}"),
        State::Refused => format!("refused: {key} {url} {model}"),
    }
}

fn kinds(resolution: &Resolution) -> Vec<ProblemKind> {
    resolution.problems.iter().map(|problem| problem.kind).collect()
}

/// Whether something lost that stands in `path` under `variable`, for a reason that holds `because`.
fn lost(resolution: &Resolution, path: &str, variable: &str, because: &str) -> bool {
    resolution.ignored.iter().any(|ignored| {
        ignored.origin.path.as_deref().is_none_or(|at| at == Path::new(path))
            && ignored.origin.variable.as_deref().is_none_or(|name| name == variable)
            && ignored.because.contains(because)
    })
}

const TRIPLE: &str = "OPENAI_API_KEY=k\nOPENAI_BASE_URL=https://x.example/v1\nOPENAI_MODEL=m\n";
const USED: &str = "k https://x.example/v1 m";

#[test]
fn a_walk_of_thirty_directories_asks_for_at_most_seventy_files() {
    let root = format!("/h/{}", vec!["d"; 28].join("/"));
    let case = case().root(&root).env("OPENAI_API_KEY", "k");
    assert_eq!(case.resolve().state, State::SignedIn);
    assert!(case.files.probes() <= 70, "{}", case.files.probes());
}

proptest! {
    #[test]
    fn whatever_the_files_say_there_is_an_answer_without_a_key_in_it(
        dotenv in "(OPENAI_API_KEY|OPENAI_BASE_URL|DEBUG|[A-Z]{1,3}|)[=: ]{0,2}['\"$]?(sk-canary|http://u:sk-canary@h/v1|\n){0,3}",
        settings in r#"(\{"security":\{"auth":\{"(apiKey|baseUrl)":"\$?sk-canary"\}\}|\{"env":\{"[A-Z_]{1,4}":"sk-canary)(\}|"|/|,|\n){0,4}"#,
        key in "(sk-canary[ \n]?|)",
    ) {
        let case = case()
            .env("OPENAI_API_KEY", &key)
            .file("/h/p/.env", &dotenv)
            .file("/h/.qwen/.env", &dotenv)
            .file("/h/.qwen/settings.json", &settings)
            .file("/h/p/.qwen/settings.json", &settings)
            .file("/h/.qwen/trustedFolders.json", &settings);
        let shown = format!("{:?}", case.resolve());
        prop_assert!(!shown.contains("canary"), "{}", shown);
    }
}

#[test]
fn the_wire_has_the_protocols_names() {
    let resolution = case().env("OPENAI_API_KEY", "sk-or-k").resolve();
    let origin = serde_json::to_value(resolution.base_url.unwrap().origin).unwrap();
    assert_eq!(
        origin,
        serde_json::json!({
            "kind": "default", "because": "no endpoint is named, and the key is one of OpenRouter"
        })
    );
    let problem = serde_json::to_value(&case().resolve().problems[0]).unwrap();
    assert_eq!(problem["kind"], "notSignedIn");
}
