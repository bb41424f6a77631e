//! From a root to the account that a request is sent with.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::choices::key_entry;
use super::{AuthStatus, CredentialStore, Error, Qwen, Scope};
use crate::auth::quota;
use crate::chat::{self, Credential, Endpoint};
use crate::resolve::{
    self, Inputs, Method, OauthHint, Origin, OriginKind, Problem, ProblemKind, Provider, Remembered, RequestFields,
    Resolution, State, StoredKey, endpoint,
};

/// Where a request goes, and as whom.
#[derive(Clone, Debug)]
pub struct Account {
    /// The method.
    pub method: Method,
    /// The provider's name for a person.
    pub provider: String,
    /// The model that was asked for; the endpoint's differs where the provider does not serve it.
    pub requested_model: String,
    /// Where it goes.
    pub endpoint: Endpoint,
    /// What the user should be told before there is an answer: what makes a refusal likely.
    pub doubts: Vec<String>,
    /// What the user should be told with the answer.
    pub warnings: Vec<String>,
    /// Where the user's key is that this endpoint does not get.
    pub withheld: Option<Origin>,
}

/// What is known of a root's account without asking anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance {
    /// Whether a request could be sent, as far as the files tell.
    pub is_configured: bool,
    /// Whether an endpoint waits to be trusted.
    pub endpoint_waits: bool,
}

/// What a resolution is for: a person who looks at a status is told more than a request needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Request,
    /// Git's index is looked at too, which may be large.
    Status,
}

impl Qwen {
    /// Decides who is asked for `scope`, and as whom; `model` is the request's own.
    pub async fn resolve(&self, scope: &Scope, model: Option<&str>) -> Resolution {
        self.resolve_for(Purpose::Request, scope, model).await
    }

    async fn resolve_for(&self, purpose: Purpose, scope: &Scope, model: Option<&str>) -> Resolution {
        let request = RequestFields { model: model.or(scope.model.as_deref()).map(str::to_owned) };
        if let Some(place) = self.tokens.settle(&scope.root, scope.settings.credential_store).await {
            self.session_is_in_keyring(place == CredentialStore::Keyring).await;
        }
        let first = self.resolve_with(purpose, scope, &request, StoredKey::NotAsked, None).await;
        // The keyring is asked only for what no other source gave.
        let stored_key = match &first.wants_stored_key {
            Some(origin) => Some(self.stored_key(scope, origin).await),
            None => None,
        };
        let token = if wants_token(&first) && self.place(scope).await == CredentialStore::Keyring {
            Some(self.session_in_keyring().await)
        } else {
            None
        };
        if stored_key.is_none() && token.is_none() {
            return first;
        }
        self.resolve_with(purpose, scope, &request, stored_key.unwrap_or(StoredKey::NotAsked), token).await
    }

    /// Where the Qwen OAuth session of `scope` is: where the setting says; or in the keyring, where another editor's setting
    /// had put it and no file has one.
    pub(super) async fn place(&self, scope: &Scope) -> CredentialStore {
        let setting = scope.settings.credential_store;
        let is_elsewhere = setting == CredentialStore::File
            && self.choices.now().await.session_in_keyring
            && self.tokens.hint(CredentialStore::File).await == OauthHint::Absent;
        if is_elsewhere { CredentialStore::Keyring } else { setting }
    }

    /// What the keyring says of the session, remembered for who does not look there by setting.
    async fn session_in_keyring(&self) -> OauthHint {
        let found = self.tokens.in_keyring().await;
        let is_there = match found {
            OauthHint::Absent => false,
            OauthHint::Usable { .. } | OauthHint::Expired => true,
            OauthHint::Unreadable(_) | OauthHint::Unavailable(_) => return found,
        };
        self.session_is_in_keyring(is_there).await;
        found
    }

    /// Remembers whether the keyring has a session.
    pub(super) async fn session_is_in_keyring(&self, is_there: bool) {
        if let Err(error) = self.choices.set_session_in_keyring(is_there).await {
            tracing::warn!(%error, "who has no such setting may look for the session in the wrong place");
        }
    }

    /// What a menu needs to know. The keyring is not asked: it may ask its user.
    pub async fn glance(&self, scope: &Scope) -> Glance {
        let request = RequestFields { model: scope.model.clone() };
        let resolution = self.resolve_with(Purpose::Request, scope, &request, StoredKey::NotAsked, None).await;
        let may_be_in_keyring = resolution.wants_stored_key.is_some()
            || wants_token(&resolution) && self.choices.now().await.session_in_keyring;
        Glance {
            is_configured: resolution.state == State::SignedIn || may_be_in_keyring,
            endpoint_waits: resolution.problems.iter().any(|problem| problem.kind == ProblemKind::EndpointNotTrusted),
        }
    }

    /// Off the event loop: a file system may be slow. `token` is what the keyring said; the file is read here.
    async fn resolve_with(
        &self,
        purpose: Purpose,
        scope: &Scope,
        request: &RequestFields,
        stored_key: StoredKey,
        token: Option<OauthHint>,
    ) -> Resolution {
        let (env, choices) = (Arc::clone(&self.env), Arc::clone(&self.choices));
        let (files, tokens, request, scope) = (self.files, self.tokens.clone(), request.clone(), scope.clone());
        let decided = tokio::task::spawn_blocking(move || {
            let (remembered, broken) = choices.in_force();
            let oauth_kind = if token.is_some() { OriginKind::Keyring } else { OriginKind::CredentialFile };
            let oauth = token.unwrap_or_else(|| match scope.settings.credential_store {
                CredentialStore::File => tokens.in_file(),
                CredentialStore::Keyring => OauthHint::Absent,
            });
            let mut resolution = resolve::resolve(&Inputs {
                root: &scope.root,
                env: &env,
                client: &scope.settings.resolution,
                request: &request,
                files: &files,
                remembered: &remembered,
                stored_key: &stored_key,
                oauth: &oauth,
                oauth_kind,
            });
            resolution.problems.extend(broken.map(|error| Problem::new(ProblemKind::MalformedFile, error.to_string())));
            let key_file = resolution.key.as_ref().and_then(|key| key.origin.path.as_deref());
            let tracked =
                key_file.filter(|_| purpose == Purpose::Status).and_then(|path| resolve::git_problem(&files, path));
            resolution.problems.extend(tracked);
            resolution
        });
        decided.await.expect("resolving does not panic, and is not cancelled")
    }

    /// The key that was stored for an endpoint: in memory, else in the keyring.
    async fn stored_key(&self, scope: &Scope, origin: &str) -> StoredKey {
        let remembered = self.choices.now().await;
        let Some(account) = key_account(&remembered, &scope.root, origin) else { return StoredKey::Absent };
        let entry = key_entry(origin, &account.root);
        if let Some(key) = self.choices.key(&entry) {
            return StoredKey::Found(key);
        }
        match self.keyring.get(&entry).await {
            Ok(Some(key)) => StoredKey::Found(key),
            Ok(None) => StoredKey::Absent,
            Err(error) => StoredKey::Unavailable(error.to_string()),
        }
    }

    /// The account of `scope`, ready to be used: a token that is due is refreshed.
    pub async fn account(&self, scope: &Scope, model: Option<&str>) -> Result<Account, Error> {
        let resolution = self.resolve(scope, model).await;
        match (resolution.state, &resolution.method) {
            (State::SignedIn, Some(method)) => match method.value {
                Method::Openai => Ok(with_key(scope, resolution)),
                Method::QwenOauth => self.with_token(scope, resolution, model).await,
            },
            _ => Err(Error::of_problems(&resolution.problems)),
        }
    }

    async fn with_token(&self, scope: &Scope, resolution: Resolution, model: Option<&str>) -> Result<Account, Error> {
        let client = self.http.client(&self.env)?;
        let token = self.tokens.of(self.place(scope).await)?.token(client).await?;
        // The resolution has only models that are served; whoever asks for another one by name is told.
        let named = model.or(scope.model.as_deref()).or(scope.settings.resolution.model.as_deref()).map(str::to_owned);
        let resolved = || resolution.model.map_or_else(default_model, |found| found.value);
        let requested_model = named.unwrap_or_else(resolved);
        let model = default_model();
        let warnings = if requested_model == model {
            Vec::new()
        } else {
            vec![format!("Qwen OAuth serves `{model}` only; it was asked instead of `{requested_model}`")]
        };
        Ok(Account {
            method: Method::QwenOauth,
            provider: Provider::Qwen.name().to_owned(),
            requested_model,
            endpoint: Endpoint {
                base_url: token.base_url,
                provider: Provider::Qwen,
                credential: Credential::OauthToken(token.access_token),
                model,
                extras: resolution.extras,
                request_timeout: scope.settings.request_timeout,
                debug: resolution.debug.is_some(),
            },
            doubts: Vec::new(),
            warnings,
            withheld: None,
        })
    }

    /// Gives `account` another token than the one that was refused; whoever was refused with a key stays so.
    pub(super) async fn renew(&self, scope: &Scope, account: &mut Account, refused: chat::Error) -> Result<(), Error> {
        let Credential::OauthToken(stale) = &account.endpoint.credential else { return Err(refused.into()) };
        let client = self.http.client(&self.env)?;
        let token = self.tokens.of(self.place(scope).await)?.refresh(client, stale).await?;
        account.endpoint.base_url = token.base_url;
        account.endpoint.credential = Credential::OauthToken(token.access_token);
        Ok(())
    }

    /// The status of the root at `uri`.
    pub async fn status(&self, uri: &str, scope: &Scope) -> AuthStatus {
        let _unchanged = self.changing.read().await;
        let resolution = self.resolve_for(Purpose::Status, scope, None).await;
        let by_oauth = resolution.method.as_ref().is_some_and(|method| method.value == Method::QwenOauth);
        if !by_oauth {
            return AuthStatus::new(uri.to_owned(), resolution, None, None);
        }
        let now = SystemTime::now();
        let expires_at = match self.tokens.hint(self.place(scope).await).await {
            OauthHint::Usable { expires_at } => Some(expires_at).filter(|expires_at| *expires_at > now),
            OauthHint::Absent | OauthHint::Expired | OauthHint::Unreadable(_) | OauthHint::Unavailable(_) => None,
        };
        let env = Arc::clone(&self.env);
        let used = tokio::task::spawn_blocking(move || quota::quota(&env, now));
        let quota = used.await.expect("reading a file's size does not panic, and is not cancelled");
        AuthStatus::new(uri.to_owned(), resolution, expires_at, Some(quota))
    }
}

/// Whether a token could sign the root in, as far as the resolution without one can tell.
fn wants_token(resolution: &Resolution) -> bool {
    match &resolution.method {
        None => true,
        Some(method) => method.value == Method::QwenOauth,
    }
}

/// The account whose key is bound to `origin`: the root's own, else the first one.
pub(super) fn key_account<'a>(remembered: &'a Remembered, root: &Path, origin: &str) -> Option<&'a resolve::Account> {
    let at_origin = |account: &&resolve::Account| endpoint::origin_of(&account.base_url).as_deref() == Some(origin);
    let own = remembered.accounts.iter().filter(at_origin).find(|account| account.root == root);
    own.or_else(|| remembered.accounts.iter().find(at_origin))
}

fn default_model() -> String {
    Provider::Qwen.default_model().to_owned()
}

fn with_key(scope: &Scope, resolution: Resolution) -> Account {
    let base_url = resolution.base_url.expect("a root that is signed in by key has an endpoint").value;
    let provider = Provider::of(&base_url);
    let model = resolution.model.map_or_else(|| provider.default_model().to_owned(), |found| found.value);
    // P26: the key may be sent, and is another product's.
    let doubtful = resolution.problems.into_iter().filter(|problem| problem.kind == ProblemKind::InvalidKey);
    Account {
        method: Method::Openai,
        provider: super::status::provider_name(provider, Some(&base_url)),
        requested_model: model.clone(),
        endpoint: Endpoint {
            provider,
            base_url,
            credential: resolution.key.map_or(Credential::None, |found| Credential::Key(found.value)),
            model,
            extras: resolution.extras,
            request_timeout: scope.settings.request_timeout,
            debug: resolution.debug.is_some(),
        },
        doubts: doubtful.map(|problem| problem.message).collect(),
        warnings: Vec::new(),
        withheld: resolution.withheld,
    }
}
