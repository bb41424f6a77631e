//! What a provider entry adds to a request, and when it may.

use url::Url;

use super::binding::{self, UsersWord};
use super::notes::Notes;
use super::provider_choice::Choice;
use super::sources::Key;
use super::{Extras, Found, Scope, endpoint};

/// What the model's entry adds: if the entry is in use, or its endpoint is the one in use. What the user's entry adds
/// may hold secrets, so it never goes to an endpoint that only the project names; and headers can send a request
/// elsewhere (`Host` before a shared front, a gateway's target header), so a project's never go with the user's key, nor with
/// one from another file, which may not be the project's.
pub(super) fn choose(
    choice: &Choice<'_>,
    base_url: Option<&Found<Url>>,
    key: Option<&Key>,
    word: &UsersWord,
    notes: &mut Notes,
) -> Extras {
    let (Some(entry), Some(url)) = (choice.entry(), base_url) else { return Extras::default() };
    let may = entry.origin.scope == Scope::Project || url.origin.scope != Scope::Project;
    let is_same = |own: Url| {
        if may { endpoint::origin(&own) == endpoint::origin(&url.value) } else { endpoint::covers(&own, &url.value) }
    };
    let is_same = entry.base_url.as_deref().and_then(|own| endpoint::parse(own).ok()).is_some_and(is_same);
    let in_use = choice.unit().is_some() && entry.base_url.is_none();
    if !(is_same || (in_use && may)) {
        return Extras::default();
    }
    let mut extras = entry.extras.clone();
    let is_others = key.is_some_and(|key| key.origin.scope == Scope::User || key.origin.path != entry.origin.path);
    let is_projects = entry.origin.scope == Scope::Project && !binding::is_trusted(&url.value, word);
    if is_others && is_projects && !extras.custom_headers.is_empty() {
        extras.custom_headers.clear();
        let name = entry.origin.variable.clone().unwrap_or_default() + ".generationConfig.customHeaders";
        notes.ignored(
            entry.origin.clone().named(name),
            "a project's headers are not sent with your key, nor with one from another file",
        );
    }
    extras
}
