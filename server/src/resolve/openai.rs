//! The account of a root that uses a key: which key, which endpoint, which model, and whether they may meet.

use url::Url;

use super::binding::{self, UsersWord, Verdict};
use super::notes::Notes;
use super::provider_choice::Choice;
use super::settings::SettingsFile;
use super::sources::{Key, Source};
use super::{
    Extras, Found, Inputs, Origin, OriginKind, Problem, ProblemKind, Provider, Scope, State, StoredKey, endpoint,
    provider, variables,
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
        notes.problem(insecure(url));
        state = State::Refused;
    }
    let mut missing = None;
    let word = binding::users_word(inputs, sources, files);
    if let (Some(found), Some(url)) = (&key, &base_url) {
        match binding::verdict(inputs, found, url, &word) {
            Verdict::Send => warn_of_mismatch(found, url, notes),
            Verdict::Withhold => {
                let endpoint = endpoint::origin(&url.value);
                notes.ignored(
                    found.origin.clone(),
                    format!("it is yours, and only the project names {endpoint}; the request goes there without a key"),
                );
                key = None;
            }
            Verdict::Refuse => {
                notes.problem(not_trusted(found, url));
                state = State::Refused;
            }
        }
        if let Some(key) = key.as_ref().filter(|key| !binding::is_sendable(key)) {
            notes.problem(unsendable(key));
            state = State::Refused;
        }
    } else if key.is_none() && state == State::SignedIn && !base_url.as_ref().is_some_and(is_local) {
        state = State::SignedOut;
        missing = Some(choice.key_variable().unwrap_or(variables::API_KEY).to_owned());
    }
    let model = choose_model(choice, account.and_then(|account| account.model.clone()), base_url.as_ref(), notes);
    let extras = extras(choice, base_url.as_ref(), key.as_ref(), &word, notes);
    let wants_stored_key = wants_stored_key.filter(|_| matches!(inputs.stored_key, StoredKey::NotAsked));
    Account { state, key, base_url, model, extras, wants_stored_key, missing }
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
        let by_project = choice.unit().is_some_and(|entry| entry.origin.scope == Scope::Project);
        if let Some(key) = winner.as_mut().filter(|_| by_project && !variables::holds_provider_key(variable)) {
            key.only_trusted |= key.origin.scope == Scope::User;
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

/// Where a key goes when nobody names an endpoint: its provider's by its prefix, else Qwen Code's default (P01).
fn default_url(key: Option<&Key>) -> Option<Found<Url>> {
    let by_prefix = binding::provider_of_key(key?);
    let provider = by_prefix.unwrap_or(Provider::Dashscope);
    let because = match by_prefix {
        Some(provider) => format!("no endpoint is named, and the key begins as those of {} do", provider.name()),
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

fn insecure(url: &Found<Url>) -> Problem {
    let message = format!(
        "{} is plain http to another machine, where anyone on the way could read the key; use https (named by {})",
        endpoint::origin(&url.value),
        url.origin.place()
    );
    Problem::new(ProblemKind::InsecureEndpoint, message).at(&url.origin)
}

fn not_trusted(key: &Key, url: &Found<Url>) -> Problem {
    let endpoint = endpoint::origin(&url.value);
    let why = if key.only_trusted {
        "only the project says that this is a key"
    } else {
        "only the project names that endpoint"
    };
    let message = format!(
        "the key from {} is not sent to {endpoint}, which {} names: {why}; if you trust it, run `qwen-language-server \
         auth trust {endpoint}` or `qwen.trustEndpoint`",
        key.origin.place(),
        url.origin.place(),
    );
    Problem::new(ProblemKind::EndpointNotTrusted, message).at(&url.origin)
}

fn unsendable(key: &Key) -> Problem {
    let message = format!(
        "the key from {} holds a blank, a line break or a letter that no key has; copy the key again",
        key.origin.place()
    );
    Problem::new(ProblemKind::InvalidKey, message).at(&key.origin)
}

/// P26: Coding Plan keys and general keys are refused by each other's endpoints, with words that mislead.
fn warn_of_mismatch(key: &Key, url: &Found<Url>, notes: &mut Notes) {
    let is_plan_key = binding::provider_of_key(key) == Some(Provider::CodingPlan);
    let message = match Provider::of(&url.value) {
        Provider::Dashscope if is_plan_key => format!(
            "the key from {} is a Coding Plan key, which {} refuses; use {}",
            key.origin.place(),
            endpoint::origin(&url.value),
            Provider::CodingPlan.default_base_url()
        ),
        Provider::CodingPlan if !is_plan_key => format!(
            "the key from {} is no Coding Plan key (those begin with sk-sp-), and {} takes no other",
            key.origin.place(),
            endpoint::origin(&url.value)
        ),
        _ => return,
    };
    notes.problem(Problem::new(ProblemKind::InvalidKey, message).at(&key.origin));
}

/// What the model's entry adds: if the entry is in use, or its endpoint is the one in use. What the user's entry adds
/// may hold secrets, so it never goes to an endpoint that only the project names; and headers can send a request
/// elsewhere (`Host` before a shared front, a gateway's target header), so a project's never go with the user's key.
fn extras(
    choice: &Choice<'_>,
    base_url: Option<&Found<Url>>,
    key: Option<&Key>,
    word: &UsersWord,
    notes: &mut Notes,
) -> Extras {
    let (Some(entry), Some(url)) = (choice.entry(), base_url) else { return Extras::default() };
    let same_origin =
        entry.base_url.as_deref().and_then(endpoint::origin_of).is_some_and(|own| own == endpoint::origin(&url.value));
    let in_use = choice.unit().is_some() && entry.base_url.is_none();
    let may = entry.origin.scope == Scope::Project || url.origin.scope != Scope::Project;
    if !(same_origin || (in_use && may)) {
        return Extras::default();
    }
    let mut extras = entry.extras.clone();
    let is_users = key.is_some_and(|key| key.origin.scope == Scope::User);
    let is_projects = entry.origin.scope == Scope::Project && !binding::is_trusted(&url.value, word);
    if is_users && is_projects && !extras.custom_headers.is_empty() {
        extras.custom_headers.clear();
        let name = entry.origin.variable.clone().unwrap_or_default() + ".generationConfig.customHeaders";
        notes.ignored(entry.origin.clone().named(name), "a project's headers are not sent with your key");
    }
    extras
}
