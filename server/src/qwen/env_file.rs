//! What a person who edits a `.env` asks: what a root makes of it, who else can see it, and whether its key works.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{CredentialStore, Error, NewKey, Qwen, Scope};
use crate::files::{self, Files};
use crate::resolve::{self, Ignore, Inputs, OauthHint, OriginKind, RequestFields, StoredKey, View};

/// Who else can see a file. It changes with the disk, and not with what is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// Its mode lets its group or others open it.
    pub open_to_others: bool,
    /// Git tracks it.
    pub tracked: bool,
    /// What git would do with it otherwise.
    pub ignore: Ignore,
}

impl Qwen {
    /// What the root of `scope` makes of the file at `path` with this text. Asks neither network nor keyring: it is
    /// called at every key that is typed.
    pub async fn view(&self, scope: &Scope, path: PathBuf, text: String) -> View {
        let (env, choices) = (Arc::clone(&self.env), Arc::clone(&self.choices));
        let (files, tokens, scope) = (self.files, self.tokens.clone(), scope.clone());
        let viewed = tokio::task::spawn_blocking(move || {
            let oauth = match scope.settings.credential_store {
                CredentialStore::File => tokens.in_file(),
                CredentialStore::Keyring => OauthHint::Absent,
            };
            let inputs = Inputs {
                root: &scope.root,
                env: &env,
                client: &scope.settings.resolution,
                request: &RequestFields { model: scope.model.clone() },
                files: &files,
                remembered: &choices.in_force().0,
                stored_key: &StoredKey::NotAsked,
                oauth: &oauth,
                oauth_kind: OriginKind::CredentialFile,
            };
            resolve::view(&inputs, &path, &text)
        });
        viewed.await.expect("resolving does not panic, and is not cancelled")
    }

    /// Who else can see the file at `path`.
    pub async fn exposure(&self, path: PathBuf) -> Exposure {
        let files = self.files;
        let looked = tokio::task::spawn_blocking(move || Exposure {
            open_to_others: files.read(&path).is_ok_and(|file| file.open_to_others),
            tracked: resolve::git_problem(&files, &path).is_some(),
            ignore: resolve::git_ignore::ignore(&files, &path, global_list().as_deref()),
        });
        looked.await.expect("looking at files does not panic, and is not cancelled")
    }

    /// Takes the rights of group and others from the file at `path`.
    pub async fn make_private(&self, path: PathBuf) -> Result<(), Error> {
        let changed = tokio::task::spawn_blocking(move || (files::make_private(&path), path));
        let (outcome, path) = changed.await.expect("changing a mode does not panic, and is not cancelled");
        outcome.map_err(|why| Error::NotPrivate { path, why })
    }

    /// The text of a file that is not open in the editor.
    pub async fn read_text(&self, path: &Path) -> Option<String> {
        let (files, path) = (self.files, path.to_owned());
        tokio::task::spawn_blocking(move || files.read(&path).ok().map(|file| file.text)).await.ok().flatten()
    }

    /// Asks the provider whether it knows the key. `base_url` is where the key belongs; nothing is stored.
    pub async fn test_key(&self, scope: &Scope, new: &NewKey) -> Result<(), Error> {
        let base_url = self.endpoint_of(scope, new).await?;
        self.check(scope, new, &base_url).await
    }

    /// Stores a key without asking the provider, for one that is in use already.
    pub async fn keep_key(&self, scope: &Scope, new: NewKey) -> Result<(), Error> {
        let base_url = self.endpoint_of(scope, &new).await?;
        self.store(scope, new, &base_url).await
    }
}

/// The user's own list of what git ignores: git-config(1), `core.excludesFile`.
fn global_list() -> Option<PathBuf> {
    ignore::gitignore::gitconfig_excludes_path()
}
