//! Keys and choices: set a key, switch, sign out, trust an endpoint.

use url::Url;

use super::account::key_account;
use super::choices::{Accounts, Remember, entry_of, key_entry};
use super::{CredentialStore, Error, Qwen, Scope};
use crate::auth::NOT_REVOKED;
use crate::chat::{self, Credential, Endpoint};
use crate::resolve::{self, Account, Extras, Method, OriginKind, Provider, Resolution, Scope as Whose};
use crate::secret::Secret;

/// A key that the user gives for a root.
#[derive(Debug)]
pub struct NewKey {
    /// The key.
    pub key: Secret,
    /// Where it belongs; by default the user's own endpoint, else the one that the key's prefix names.
    pub base_url: Option<String>,
    /// The model to ask for.
    pub model: Option<String>,
    /// In the keyring, or in this process's memory.
    pub keep: Remember,
}

/// What a sign-out has deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignOut {
    /// There was nothing.
    Nothing,
    /// A stored key.
    Key,
    /// The Qwen OAuth session, which cannot be revoked.
    Session,
}

impl SignOut {
    /// The same for the person who signed out.
    pub fn words(self) -> &'static str {
        match self {
            Self::Nothing => "nothing was stored for this folder",
            Self::Key => "signed out; the stored key is deleted",
            Self::Session => NOT_REVOKED,
        }
    }
}

impl Qwen {
    /// Stores a key, bound to its endpoint's origin, after the provider was asked whether it knows the key.
    pub async fn set_key(&self, scope: &Scope, new: NewKey) -> Result<(), Error> {
        if new.key.expose().trim().is_empty() {
            return Err(Error::EmptyKey);
        }
        if !resolve::is_sendable(&new.key) {
            return Err(Error::UnsendableKey);
        }
        let base_url = self.endpoint_of(scope, &new).await?;
        self.check(scope, &new, &base_url).await?;
        self.store(scope, new, &base_url).await
    }

    pub(super) async fn store(&self, scope: &Scope, new: NewKey, base_url: &Url) -> Result<(), Error> {
        let origin = base_url.origin().ascii_serialization();
        let base_url = base_url.to_string();
        let account = Account { root: scope.root.clone(), base_url, model: new.model, ..Account::default() };
        let entry = key_entry(&origin, &scope.root);
        let before = self.choices.accounts_of(&scope.root).await;
        // Not a step that others must wait for: a keyring may ask its user to unlock it.
        if new.keep == Remember::Always {
            self.keyring.set(&entry, &new.key).await?;
        }
        let changing = self.changing.write().await;
        match new.keep {
            // One that was kept in memory before would hide the new one.
            Remember::Always => {
                self.choices.forget_key(&entry);
            }
            Remember::ThisSession => self.choices.keep_key(&entry, new.key),
        }
        self.choices.set_account(&account, new.keep).await?;
        // Whoever sets a key wants it used; a switch to the other method is taken back.
        self.choices.forget_method(&scope.root).await?;
        drop(changing);
        self.forget_replaced(&before, new.keep, &entry).await;
        Ok(())
    }

    /// A key that another took the place of is of no use to anybody. Best effort: the new one is stored already. An entry
    /// names its root, which has one account, so no other account's key goes with it.
    async fn forget_replaced(&self, before: &Accounts, keep: Remember, entry: &str) {
        let replaced = |account: &Option<Account>| account.as_ref().and_then(entry_of).filter(|old| old != entry);
        if let Some(old) = replaced(&before.session) {
            self.choices.forget_key(&old);
        }
        // A key for this session hides the remembered one, which comes back with the next.
        if keep == Remember::Always
            && let Some(old) = replaced(&before.remembered)
            && let Err(error) = self.keyring.delete(&old).await
        {
            tracing::warn!(%error, "the key that was replaced is still in the keyring");
        }
    }

    /// A project's word does not count here: its endpoint would get the key that the user types.
    pub(super) async fn endpoint_of(&self, scope: &Scope, new: &NewKey) -> Result<Url, Error> {
        if let Some(base_url) = &new.base_url {
            return parse("baseUrl", base_url);
        }
        let resolution = self.resolve(scope, None).await;
        let users_own = resolution.base_url.filter(|found| found.origin.scope == Whose::User);
        let named_by_key = Provider::of_key(new.key.expose());
        match (named_by_key, users_own) {
            (None, Some(found)) => Ok(found.value),
            (provider, _) => {
                let provider = provider.unwrap_or(Provider::Dashscope);
                parse("baseUrl", provider.default_base_url())
            }
        }
    }

    /// One cheap question. A provider without a list of models has nothing to say about the key, and that is no «no».
    pub(super) async fn check(&self, scope: &Scope, new: &NewKey, base_url: &Url) -> Result<(), Error> {
        let provider = Provider::of(base_url);
        let endpoint = Endpoint {
            base_url: base_url.clone(),
            provider,
            credential: Credential::Key(new.key.clone()),
            model: new.model.clone().unwrap_or_else(|| provider.default_model().to_owned()),
            extras: Extras::default(),
            request_timeout: scope.settings.request_timeout,
            debug: false,
        };
        match chat::models(self.http.open(&self.env)?, &endpoint).await {
            Err(chat::Error::NotAStream { .. } | chat::Error::BadRequest(_) | chat::Error::ModelNotFound { .. }) => {
                Ok(())
            }
            outcome => Ok(outcome.map(drop)?),
        }
    }

    /// Chooses the method of a root; holds from its next request on.
    pub async fn switch(&self, scope: &Scope, method: Method, keep: Remember) -> Result<(), Error> {
        Ok(self.choices.switch(&scope.root, method, keep).await?)
    }

    /// Lets the user's own key go to an endpoint that only the project names; for this root and that origin alone.
    pub async fn trust(&self, scope: &Scope, endpoint: &str, keep: Remember) -> Result<(), Error> {
        let url = parse("endpoint", endpoint)?;
        Ok(self.choices.trust(&scope.root, &url.origin().ascii_serialization(), keep).await?)
    }

    /// Deletes what was stored for the method, by default the one in force. What stands in a file of the user's, or in
    /// the environment, is not ours to delete: the error says where it is.
    ///
    /// Answers with what was deleted.
    pub async fn sign_out(&self, scope: &Scope, method: Option<Method>) -> Result<SignOut, Error> {
        let resolution = self.resolve(scope, None).await;
        let method = method.or(resolution.method.as_ref().map(|found| found.value));
        match method {
            None => Ok(SignOut::Nothing),
            Some(Method::QwenOauth) => {
                let _changing = self.changing.write().await;
                let mut was_signed_in = false;
                for place in self.places(scope).await {
                    was_signed_in |= self.tokens.of(place)?.sign_out().await?.was_signed_in;
                }
                self.session_is_in_keyring(false).await;
                self.choices.forget_method(&scope.root).await?;
                Ok(if was_signed_in { SignOut::Session } else { SignOut::Nothing })
            }
            Some(Method::Openai) => {
                let forgotten = self.forget_keys(scope, &resolution).await?;
                match resolution.key {
                    Some(key) if !forgotten && key.origin.kind != OriginKind::Keyring => {
                        Err(Error::KeyIsElsewhere(key.origin))
                    }
                    _ => Ok(if forgotten { SignOut::Key } else { SignOut::Nothing }),
                }
            }
        }
    }

    /// Where a session may be: where the setting says, and in the other place if the keyring is known to have one, which
    /// would come to the fore.
    async fn places(&self, scope: &Scope) -> Vec<CredentialStore> {
        let setting = scope.settings.credential_store;
        let other = match setting {
            CredentialStore::File => CredentialStore::Keyring,
            CredentialStore::Keyring => CredentialStore::File,
        };
        let is_in_keyring = self.choices.now().await.session_in_keyring;
        std::iter::once(setting).chain(is_in_keyring.then_some(other)).collect()
    }

    /// Forgets the root's own key, else the stored key that it uses; says whether there was one.
    async fn forget_keys(&self, scope: &Scope, resolution: &Resolution) -> Result<bool, Error> {
        let own = self.choices.accounts_of(&scope.root).await;
        let accounts = if own == Accounts::default() { self.in_use(scope, resolution).await } else { own };
        if let Some(account) = &accounts.session {
            if let Some(entry) = entry_of(account) {
                self.choices.forget_key(&entry);
            }
            self.choices.forget_account(account, Remember::ThisSession).await?;
        }
        if let Some(account) = &accounts.remembered {
            if let Some(entry) = entry_of(account) {
                self.keyring.delete(&entry).await?;
            }
            self.choices.forget_account(account, Remember::Always).await?;
        }
        Ok(accounts != Accounts::default())
    }

    /// The account whose stored key is in force for a root that has no account of its own. A key of a file's or of the
    /// environment's is none.
    async fn in_use(&self, scope: &Scope, resolution: &Resolution) -> Accounts {
        let stored = resolution.key.as_ref().filter(|key| key.origin.kind == OriginKind::Keyring);
        let Some((_, base_url)) = stored.zip(resolution.base_url.as_ref()) else { return Accounts::default() };
        let origin = base_url.value.origin().ascii_serialization();
        let all = self.choices.now().await;
        let Some(account) = key_account(&all, &scope.root, &origin) else { return Accounts::default() };
        let of_its_root = self.choices.accounts_of(&account.root).await;
        let is_it = |found: &Account| found == account;
        Accounts { session: of_its_root.session.filter(is_it), remembered: of_its_root.remembered.filter(is_it) }
    }
}

fn parse(member: &'static str, url: &str) -> Result<Url, Error> {
    resolve::endpoint::parse(url).map_err(|why| Error::BadEndpoint { member, why })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Keyring;
    use crate::env::Environment;
    use crate::qwen::Settings;

    /// What a home directory, a keyring and the verbs on them are.
    fn machine() -> (tempfile::TempDir, Keyring, Qwen) {
        let home = tempfile::tempdir().unwrap();
        let variable = |name: &str| (name.to_owned(), home.path().to_str().unwrap().to_owned());
        let env: Environment =
            [variable("HOME"), variable("LOCALAPPDATA"), variable("XDG_STATE_HOME")].into_iter().collect();
        let store = ::keyring::mock::Store::new().unwrap();
        let keyring = Keyring::of(move || Ok(store.clone()));
        let qwen = Qwen { keyring: keyring.clone(), ..Qwen::new(env) };
        (home, keyring, qwen)
    }

    async fn set(qwen: &Qwen, scope: &Scope, host: &str, keep: Remember) {
        let key =
            NewKey { key: Secret::new("sk-canary"), base_url: Some(format!("https://{host}/v1")), model: None, keep };
        qwen.keep_key(scope, key).await.unwrap();
    }

    fn scope(home: &tempfile::TempDir, root: &str) -> Scope {
        let root = home.path().join(root);
        std::fs::create_dir_all(&root).unwrap();
        Scope { root, settings: Settings::default(), model: None }
    }

    #[tokio::test]
    async fn a_key_for_another_endpoint_leaves_none_of_the_old_one() {
        let (home, keyring, qwen) = machine();
        let (a, b) = (scope(&home, "a"), scope(&home, "b"));
        let is_kept = async |host: &str, scope: &Scope, keep| {
            let entry = key_entry(&format!("https://{host}"), &scope.root);
            match keep {
                Remember::Always => keyring.get(&entry).await.unwrap().is_some(),
                Remember::ThisSession => qwen.choices.key(&entry).is_some(),
            }
        };
        for keep in [Remember::ThisSession, Remember::Always] {
            set(&qwen, &a, "old.example", keep).await;
            set(&qwen, &b, "old.example", keep).await;
            set(&qwen, &a, "new.example", keep).await;
            assert!(!is_kept("old.example", &a, keep).await);
            assert!(is_kept("new.example", &a, keep).await);
            assert!(is_kept("old.example", &b, keep).await, "another root's is its own");
        }
        // One for this session only hides the remembered one.
        set(&qwen, &a, "memory.example", Remember::ThisSession).await;
        assert!(is_kept("new.example", &a, Remember::Always).await);
        // The remembered key takes the place of both.
        set(&qwen, &a, "last.example", Remember::Always).await;
        assert!(!is_kept("new.example", &a, Remember::Always).await);
        assert!(!is_kept("memory.example", &a, Remember::ThisSession).await);
    }

    #[tokio::test]
    async fn signing_out_leaves_no_key_of_the_root_neither_in_memory_nor_in_the_keyring() {
        let (home, keyring, qwen) = machine();
        let (a, b) = (scope(&home, "a"), scope(&home, "b"));
        set(&qwen, &b, "host.example", Remember::Always).await;
        set(&qwen, &a, "host.example", Remember::Always).await;
        set(&qwen, &a, "host.example", Remember::ThisSession).await;
        qwen.sign_out(&a, None).await.unwrap();
        let entry = |scope: &Scope| key_entry("https://host.example", &scope.root);
        assert!(qwen.choices.key(&entry(&a)).is_none());
        assert!(keyring.get(&entry(&a)).await.unwrap().is_none());
        assert!(keyring.get(&entry(&b)).await.unwrap().is_some());
        assert_eq!(qwen.choices.accounts_of(&a.root).await, Accounts::default());
    }
}
