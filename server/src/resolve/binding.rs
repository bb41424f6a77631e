//! The binding rule: a user's key goes only where the user, or this product, says, and a project's key where its own
//! file says too.

use crate::secret::Secret;
use url::Url;

use super::settings::{self, SettingsFile};
use super::sources::{Key, Source};
use super::{Account, Found, Inputs, OriginKind, Provider, Scope, endpoint, provider, variables};

/// What may happen with a key at an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is sent.
    Send,
    /// The request goes without it: a server on this machine needs none.
    Withhold,
    /// Nothing is sent.
    Refuse,
}

/// The endpoints that the user named or trusts. Each speaks for what lies below its path.
pub(super) struct UsersWord {
    named: Vec<Url>,
    trusted: Vec<Url>,
    /// Whether the user names an endpoint for the keys that have no entry of their own.
    names_default: bool,
}

/// Gathers what the user said about endpoints.
pub(super) fn users_word(inputs: &Inputs<'_>, sources: &[Source<'_>], files: &[SettingsFile]) -> UsersWord {
    let users = |found: Found<String>| (found.origin.scope == Scope::User).then_some(found.value);
    let in_sources: Vec<String> =
        sources.iter().filter_map(|source| source.text(variables::BASE_URL).and_then(users)).collect();
    let names_default = !in_sources.is_empty();
    let entries = settings::providers(files).map_or(&[][..], |(_, entries)| entries);
    let in_entries = entries.iter().filter(|entry| entry.origin.scope == Scope::User);
    let account = inputs.remembered.account(inputs.root).map(|account| account.base_url.clone());
    let named = in_sources.into_iter().chain(in_entries.filter_map(|entry| entry.base_url.clone())).chain(account);
    let remembered = inputs.remembered.trusted.get(inputs.root).into_iter().flatten();
    let trusted = inputs.client.trusted_endpoints.iter().chain(remembered);
    UsersWord {
        named: named.filter_map(|url| endpoint::parse(&url).ok()).collect(),
        trusted: trusted.filter_map(|url| endpoint::parse(url).ok()).collect(),
        names_default,
    }
}

/// What may happen with `key` at `base_url`.
pub(super) fn verdict(inputs: &Inputs<'_>, key: &Key, base_url: &Found<Url>, word: &UsersWord) -> Verdict {
    let origin = endpoint::origin(&base_url.value);
    let otherwise = if provider::is_loopback(&base_url.value) { Verdict::Withhold } else { Verdict::Refuse };
    if is_trusted(&base_url.value, word) {
        return Verdict::Send;
    }
    if key.only_trusted {
        return otherwise;
    }
    let may = match (key.origin.scope, base_url.origin.scope) {
        (_, Scope::User | Scope::Product) | (Scope::Product, Scope::Project) => true,
        (Scope::User | Scope::Project, Scope::Project) => {
            // Where the user names another endpoint, a key that tells nothing of its provider is for that one.
            let is_own = || provider_of_key(key).is_some() || !word.names_default;
            word.named.iter().any(|named| endpoint::covers(named, &base_url.value))
                || (own_endpoint(key).is_some_and(|own| own == origin) && is_own())
                || is_stored_for(inputs, key, &base_url.value)
                || is_pair(key, base_url)
        }
    };
    if may { Verdict::Send } else { otherwise }
}

/// Whether the user trusts this endpoint with all that the project says of it.
pub(super) fn is_trusted(base_url: &Url, word: &UsersWord) -> bool {
    word.trusted.iter().any(|trusted| endpoint::covers(trusted, base_url))
}

/// The endpoint that a key goes to when none is named: of the provider that its variable or its prefix names, and for
/// `OPENAI_API_KEY` else Qwen Code's default.
pub(super) fn own_endpoint(key: &Key) -> Option<String> {
    let default = matches!(variable(key), variables::API_KEY | "security.auth.apiKey").then_some(Provider::Dashscope);
    provider_of_key(key).or(default).and_then(|provider| endpoint::origin_of(provider.default_base_url()))
}

/// The provider that the key's prefix names, else the one that its variable is named after.
pub(super) fn provider_of_key(key: &Key) -> Option<Provider> {
    Provider::of_key(key.value.expose()).or_else(|| variables::provider_of(variable(key)))
}

/// The variable that a key stands in, also where that is in a settings file.
fn variable(key: &Key) -> &str {
    key.origin.variable.as_deref().map_or("", |name| name.strip_prefix("env.").unwrap_or(name))
}

/// Whether the key can stand in a header: visible ASCII, as every provider's is.
pub fn is_sendable(key: &Secret) -> bool {
    key.expose().bytes().all(|byte| byte.is_ascii_graphic())
}

/// A stored key was looked up under the endpoint's own origin, and it is there because the user set it for that one.
fn is_stored_for(inputs: &Inputs<'_>, key: &Key, base_url: &Url) -> bool {
    let is_for =
        |account: &Account| endpoint::parse(&account.base_url).is_ok_and(|own| endpoint::covers(&own, base_url));
    key.origin.kind == OriginKind::Keyring && inputs.remembered.accounts.iter().any(is_for)
}

/// A key and an endpoint from one file belong together. From two files they may not: a key above a clone, or in an
/// untracked `.env` inside it, is not the repository's, whose `settings.json` may name any endpoint.
fn is_pair(key: &Key, base_url: &Found<Url>) -> bool {
    // A user's key has the place that it was borrowed for, unless the whole file is a link to one of the user's.
    let is_own = key.origin.scope == Scope::Project
        || (key.origin.kind == OriginKind::ProjectFile && base_url.origin.kind == OriginKind::ProjectFile);
    is_own && key.origin.path.is_some() && key.origin.path == base_url.origin.path
}
