//! Which method a root uses: the user's switch, else the first place that names one.

use super::provider_choice::Choice;
use super::settings::SettingsFile;
use super::sources::Source;
use super::{
    Found, Inputs, Method, OauthHint, Origin, OriginKind, Problem, ProblemKind, Scope, StoredKey, endpoint,
    notes::Notes, provider, variables,
};

/// Chooses the method; none where nothing is configured.
pub(super) fn choose(
    inputs: &Inputs<'_>,
    sources: &[Source<'_>],
    choice: &Choice<'_>,
    notes: &mut Notes,
) -> Option<Found<Method>> {
    if let Some(method) = inputs.remembered.methods.get(inputs.root) {
        return Some(Found { value: *method, origin: Origin::new(OriginKind::Client, Scope::User).named("switch") });
    }
    sources
        .iter()
        .find_map(|source| named_by(source, choice, notes))
        .or_else(|| choice.unit().map(|entry| Found { value: Method::Openai, origin: entry.origin.clone() }))
        .or_else(|| stored(inputs))
        .or_else(|| signed_in(inputs))
}

/// The method that one place names. A key is the stronger word inside one place (H08), and settings' `selectedType`
/// stands below every variable, so that an environment key beats it (H07).
fn named_by(source: &Source<'_>, choice: &Choice<'_>, notes: &mut Notes) -> Option<Found<Method>> {
    if let Some(selected) = source.settings_fields().and_then(|file| selected(file, notes)) {
        return Some(selected);
    }
    let key_variables = std::iter::once(variables::API_KEY).chain(choice.key_variable());
    let key = key_variables.filter_map(|name| source.key(name)).map(|key| key.origin).next();
    let local = || {
        let url = source.text(variables::BASE_URL)?;
        provider::is_loopback(&endpoint::parse(&url.value).ok()?).then_some(url.origin)
    };
    if let Some(origin) = key.or_else(local) {
        return Some(Found { value: Method::Openai, origin });
    }
    let oauth = source.text(variables::OAUTH)?;
    Some(Found { value: Method::QwenOauth, origin: oauth.origin })
}

fn selected(file: &SettingsFile, notes: &mut Notes) -> Option<Found<Method>> {
    let selected = file.selected_type.as_deref()?;
    let origin = Origin::new(OriginKind::Settings, file.scope).in_file(&file.path).named("security.auth.selectedType");
    if let Some(value) = named(selected) {
        return Some(Found { value, origin });
    }
    let message = format!(
        "{} is `{selected}`, which this server does not speak; choose `openai` or `qwen-oauth`",
        origin.place()
    );
    notes.problem(Problem::new(ProblemKind::BadRequest, message).at(&origin));
    None
}

/// The method of a name in `settings.json`, which is the name on the wire.
fn named(name: &str) -> Option<Method> {
    match name {
        "openai" => Some(Method::Openai),
        "qwen-oauth" => Some(Method::QwenOauth),
        _ => None,
    }
}

/// The name of a method, on the wire and in `settings.json`.
pub(super) fn name(method: Method) -> &'static str {
    match method {
        Method::QwenOauth => "qwen-oauth",
        Method::Openai => "openai",
    }
}

/// A key that was set before, unless it is known to be gone.
fn stored(inputs: &Inputs<'_>) -> Option<Found<Method>> {
    let origin = Origin::new(OriginKind::Keyring, Scope::User);
    let there = match inputs.stored_key {
        StoredKey::Found(_) => true,
        StoredKey::Absent => false,
        StoredKey::NotAsked | StoredKey::Unavailable(_) => inputs.remembered.account(inputs.root).is_some(),
    };
    there.then_some(Found { value: Method::Openai, origin })
}

/// A Qwen sign-in that Qwen Code or this server made (H09).
fn signed_in(inputs: &Inputs<'_>) -> Option<Found<Method>> {
    match inputs.oauth {
        OauthHint::Absent | OauthHint::Unreadable(_) => None,
        OauthHint::Unavailable(_) if !inputs.remembered.session_in_keyring => None,
        OauthHint::Usable { .. } | OauthHint::Expired | OauthHint::Unavailable(_) => {
            Some(Found { value: Method::QwenOauth, origin: credential(inputs) })
        }
    }
}

/// Where the session is: in Qwen Code's file, or in the keyring.
pub(super) fn credential(inputs: &Inputs<'_>) -> Origin {
    let origin = Origin::new(inputs.oauth_kind, Scope::User);
    let home = inputs.env.qwen_home().filter(|_| inputs.oauth_kind == OriginKind::CredentialFile);
    Origin { path: home.map(|home| home.join("oauth_creds.json")), ..origin }
}
