//! The account of a root that uses a key: which key, which endpoint, which model, and whether they may meet.

use url::Url;

use super::binding::{self, Verdict};
use super::notes::Notes;
use super::provider_choice::Choice;
use super::settings::SettingsFile;
use super::sources::{Key, Source};
use super::{
    Extras, Found, Inputs, Origin, OriginKind, Problem, ProblemKind, Provider, Scope, State, StoredKey, endpoint,
    extras, key_problems, provider, variables,
};

/// What was decided, before it is made a resolution.
pub(super) struct Account {
    pub(super) state: State,
    pub(super) key: Option<Key>,
    pub(super) base_url: Option<Found<Url>>,
    pub(super) model: Option<Found<String>>,
    pub(super) extras: Extras,
    pub(super) wants_stored_key: Option<String>,
    /// The variable that is missing, where one is.
    pub(super) missing: Option<String>,
    /// Where the key is that a local server does not get.
    pub(super) withheld: Option<Origin>,
}

/// Decides.
pub(super) fn decide(
    inputs: &Inputs<'_>,
    sources: &[Source<'_>],
    files: &[SettingsFile],
    choice: &Choice<'_>,
    notes: &mut Notes,
) -> Account {
    let mut key = choose_key(sources, choice, notes);
    let named = choose_url(sources, choice, notes);
    let wants_stored_key = if key.is_none() { stored_key_origin(inputs, choice, named.as_ref()) } else { None };
    if let (Some(_), StoredKey::Found(value)) = (&wants_stored_key, inputs.stored_key) {
        let origin = Origin::new(OriginKind::Keyring, Scope::User);
        key = Some(Key { value: value.clone(), origin, only_trusted: false });
    }
    if let (Some(origin), StoredKey::Unavailable(reason)) = (&wants_stored_key, inputs.stored_key) {
        let message = format!("the key for {origin} could not be read from the keyring: {reason}");
        notes.problem(Problem::new(ProblemKind::KeyringUnavailable, message));
    }
    let stored = key.as_ref().filter(|key| key.origin.kind == OriginKind::Keyring);
    let account = stored.and_then(|_| match &named {
        Some(named) => inputs.remembered.account_at(&endpoint::origin_of(&named.value)?),
        None => inputs.remembered.account(inputs.root),
    });
    let named = named.or_else(|| {
        let origin = Origin::new(OriginKind::Keyring, Scope::User);
        Some(Found { value: account?.base_url.clone(), origin })
    });
    let mut state = State::SignedIn;
    let base_url = match named {
        Some(named) => {
            let parsed = parsed(named, notes);
            if parsed.is_none() {
                state = State::Refused;
            }
            parsed
        }
        None => default_url(key.as_ref()),
    };
    if let Some(url) = base_url.as_ref().filter(|url| is_insecure(&url.value)) {
        notes.problem(key_problems::insecure(url));
        state = State::Refused;
    }
    let (mut missing, mut withheld) = (None, None);
    let word = binding::users_word(inputs, sources, files);
    if let (Some(found), Some(url)) = (&key, &base_url) {
        match binding::verdict(inputs, found, url, &word) {
            Verdict::Send => notes.problems.extend(key_problems::mismatch(found, url)),
            Verdict::Withhold => {
                notes.ignored(found.origin.clone(), key_problems::withheld(found, url));
                withheld = Some(found.origin.clone());
                key = None;
            }
            Verdict::Refuse => {
                notes.problem(key_problems::not_trusted(found, url));
                state = State::Refused;
            }
        }
        if let Some(key) = key.as_ref().filter(|key| !binding::is_sendable(&key.value)) {
            notes.problem(key_problems::unsendable(key));
            state = State::Refused;
        }
    } else if key.is_none() && state == State::SignedIn && !base_url.as_ref().is_some_and(is_local) {
        state = State::SignedOut;
        missing = Some(choice.key_variable().unwrap_or(variables::API_KEY).to_owned());
    }
    let model = choose_model(choice, account.and_then(|account| account.model.clone()), base_url.as_ref(), notes);
    let extras = extras::choose(choice, base_url.as_ref(), key.as_ref(), &word, notes);
    let wants_stored_key = wants_stored_key.filter(|_| matches!(inputs.stored_key, StoredKey::NotAsked));
    Account { state, key, base_url, model, extras, wants_stored_key, missing, withheld }
}

fn choose_key(sources: &[Source<'_>], choice: &Choice<'_>, notes: &mut Notes) -> Option<Key> {
    let variable = choice.key_variable().unwrap_or(variables::API_KEY);
    let mut keys = sources.iter().filter_map(|source| source.key(variable));
    let mut winner = keys.next();
    for loser in keys {
        notes.ignored(loser.origin, wins(winner.as_ref().map(|key| &key.origin)));
    }
    if variable != variables::API_KEY {
        // E53: the key of another account is never sent to the entry's endpoint in its place.
        let entry = choice.unit().map(|entry| entry.origin.place()).unwrap_or_default();
        for loser in sources.iter().filter_map(|source| source.key(variables::API_KEY)) {
            notes.ignored(loser.origin, format!("{entry} names `{variable}`"));
        }
        if let (Some(key), Some(entry)) = (&mut winner, choice.unit()) {
            // Without an endpoint of its own, an entry sends its key to the default one, where not every key belongs.
            let is_at_home = variables::holds_provider_key(variable)
                && (entry.base_url.is_some() || binding::own_endpoint(key).is_some());
            key.only_trusted |= entry.origin.scope == Scope::Project && key.origin.scope == Scope::User && !is_at_home;
        }
    }
    winner
}

fn choose_url(sources: &[Source<'_>], choice: &Choice<'_>, notes: &mut Notes) -> Option<Found<String>> {
    let of_entry = choice.unit().and_then(|entry| {
        let name = entry.origin.variable.as_deref().map(|name| format!("{name}.baseUrl")).unwrap_or_default();
        Some(Found { value: entry.base_url.clone()?, origin: entry.origin.clone().named(name) })
    });
    let mut urls = of_entry.into_iter().chain(sources.iter().filter_map(|source| source.text(variables::BASE_URL)));
    let winner = urls.next()?;
    for loser in urls {
        notes.ignored(loser.origin, wins(Some(&winner.origin)));
    }
    Some(winner)
}

fn choose_model(
    choice: &Choice<'_>,
    stored: Option<String>,
    base_url: Option<&Found<Url>>,
    notes: &mut Notes,
) -> Option<Found<String>> {
    if let Some((winner, losers)) = choice.models.split_first() {
        for loser in losers {
            notes.ignored(loser.origin.clone(), wins(Some(&winner.origin)));
        }
        return Some(winner.clone());
    }
    if let Some(value) = stored {
        return Some(Found { value, origin: Origin::new(OriginKind::Keyring, Scope::User) });
    }
    let provider = Provider::of(&base_url?.value);
    let because = format!("no model is named, and this is the default for {}", provider.name());
    Some(Found { value: provider.default_model().to_owned(), origin: Origin::default(because) })
}

/// Who won.
fn wins(winner: Option<&Origin>) -> String {
    winner.map_or_else(String::new, |winner| format!("{} wins", winner.place()))
}

/// The origin whose stored key could be used: where an endpoint is named by the user, or by anyone where the user set
/// a key for it, its own; else the account's. An entry that names its variable wants that one and no other.
fn stored_key_origin(inputs: &Inputs<'_>, choice: &Choice<'_>, named: Option<&Found<String>>) -> Option<String> {
    if choice.key_variable().is_some() {
        return None;
    }
    match named {
        Some(named) => {
            let url = endpoint::parse(&named.value).ok()?;
            let origin = endpoint::origin(&url);
            let has_account = inputs.remembered.account_at(&origin).is_some();
            let asks = has_account || (named.origin.scope == Scope::User && !provider::is_loopback(&url));
            asks.then_some(origin)
        }
        None => endpoint::origin_of(&inputs.remembered.account(inputs.root)?.base_url),
    }
}

fn parsed(named: Found<String>, notes: &mut Notes) -> Option<Found<Url>> {
    match endpoint::parse(&named.value) {
        Ok(value) => Some(Found { value, origin: named.origin }),
        Err(error) => {
            let message = format!("{} {error}", named.origin.place());
            notes.problem(Problem::new(ProblemKind::BadRequest, message).at(&named.origin));
            None
        }
    }
}

/// Where a key goes when nobody names an endpoint: its provider's by its prefix or its variable, else Qwen Code's
/// default (P01).
fn default_url(key: Option<&Key>) -> Option<Found<Url>> {
    let own = binding::provider_of_key(key?);
    let provider = own.unwrap_or(Provider::Dashscope);
    let because = match own {
        Some(provider) => format!("no endpoint is named, and the key is one of {}", provider.name()),
        None => format!("no endpoint is named, and Qwen Code's default is {}", provider.name()),
    };
    let value = endpoint::parse(provider.default_base_url()).expect("the defaults are URLs, as a test shows");
    Some(Found { value, origin: Origin::default(because) })
}

fn is_local(url: &Found<Url>) -> bool {
    provider::is_loopback(&url.value)
}

fn is_insecure(url: &Url) -> bool {
    url.scheme() == "http" && !provider::is_loopback(url)
}
