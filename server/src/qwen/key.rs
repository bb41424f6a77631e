//! Keys and choices: set a key, switch, sign out, trust an endpoint.

use url::Url;

use super::choices::{Remember, key_entry};
use super::{Error, Qwen, Scope};
use crate::auth::NOT_REVOKED;
use crate::chat::{self, Credential, Endpoint};
use crate::resolve::{self, Account, Extras, Method, OriginKind, Provider, Scope as Whose};
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

impl Qwen {
    /// Stores a key, bound to its endpoint's origin, after the provider was asked whether it knows the key.
    pub async fn set_key(&self, scope: &Scope, new: NewKey) -> Result<(), Error> {
        if new.key.expose().trim().is_empty() {
            return Err(Error::EmptyKey);
        }
        let base_url = self.endpoint_of(scope, &new).await?;
        self.check(scope, &new, &base_url).await?;
        self.store(scope, new, &base_url).await
    }

    pub(super) async fn store(&self, scope: &Scope, new: NewKey, base_url: &Url) -> Result<(), Error> {
        let origin = base_url.origin().ascii_serialization();
        let base_url_text = base_url.to_string();
        let account =
            Account { root: scope.root.clone(), base_url: base_url_text, model: new.model, ..Account::default() };
        let entry = key_entry(&origin, &scope.root);
        match new.keep {
            Remember::Always => {
                self.keyring.set(&entry, &new.key).await?;
                // One that was kept in memory before would hide the new one.
                self.choices.forget_key(&entry);
            }
            Remember::ThisSession => self.choices.keep_key(&entry, new.key),
        }
        self.choices.set_account(&account, new.keep).await?;
        // Whoever sets a key wants it used; a switch to the other method is taken back.
        Ok(self.choices.forget_method(&scope.root).await?)
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
    /// Answers with what the sign-out leaves undone, for the person who signed out.
    pub async fn sign_out(&self, scope: &Scope, method: Option<Method>) -> Result<Option<&'static str>, Error> {
        let resolution = self.resolve(scope, None).await;
        let method = method.or(resolution.method.as_ref().map(|found| found.value));
        match method {
            None => Ok(None),
            Some(Method::QwenOauth) => {
                let done = self.tokens.of(scope.settings.credential_store)?.sign_out().await?;
                self.choices.forget_method(&scope.root).await?;
                Ok(done.was_signed_in.then_some(NOT_REVOKED))
            }
            Some(Method::Openai) => {
                let forgotten = self.forget_keys(scope).await?;
                match resolution.key {
                    Some(key) if !forgotten && key.origin.kind != OriginKind::Keyring => {
                        Err(Error::KeyIsElsewhere(key.origin))
                    }
                    _ => Ok(None),
                }
            }
        }
    }

    async fn forget_keys(&self, scope: &Scope) -> Result<bool, Error> {
        let (remembered, _) = self.choices.in_force();
        let Some(account) = remembered.account(&scope.root).cloned() else { return Ok(false) };
        if let Ok(url) = resolve::endpoint::parse(&account.base_url) {
            let entry = key_entry(&url.origin().ascii_serialization(), &account.root);
            if !self.choices.forget_key(&entry) {
                self.keyring.delete(&entry).await?;
            }
        }
        self.choices.forget_account(&account).await?;
        Ok(true)
    }
}

fn parse(member: &'static str, url: &str) -> Result<Url, Error> {
    resolve::endpoint::parse(url).map_err(|why| Error::BadEndpoint { member, why })
}
