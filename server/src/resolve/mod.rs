//! Decides, for one root, who is asked and with which credential. Pure: it does nothing but decide.

pub mod dotenv;
pub mod elsewhere;
pub mod endpoint;
pub mod git_ignore;
pub mod git_index;
pub mod inputs;
pub mod origin;
pub mod problem;
pub mod provider;
pub mod remembered;
pub mod resolution;
pub mod variables;
pub mod view;

mod binding;
mod discover;
mod env_file;
mod expand;
mod extras;
mod folder_trust;
mod json;
mod key_problems;
mod method;
mod notes;
mod oauth;
mod openai;
mod provider_choice;
mod provider_entry;
mod settings;
mod signed_out;
mod sources;

#[cfg(test)]
mod tests;

pub use binding::is_sendable;
pub use git_ignore::Ignore;
pub use git_index::git_problem;
pub use inputs::{ClientSettings, EnvPrecedence, Inputs, OauthHint, RequestFields, StoredKey};
pub use origin::{Found, Origin, OriginKind, Scope};
pub use problem::{Ignored, Problem, ProblemKind};
pub use provider::Provider;
pub use remembered::{Account, Remembered};
pub use resolution::{Extras, Method, Resolution, State};
pub use view::{Standing, View, view};

use discover::Discovered;
use env_file::EnvFile;
use folder_trust::FolderTrust;
use notes::Notes;
use settings::SettingsFile;
use sources::Source;

/// Decides for one root. It has always an answer: what is wrong is a [`Problem`] in it, so that there is a status.
///
/// It reads a handful of small files each time and keeps nothing, so an edited file counts at once.
pub fn resolve(inputs: &Inputs<'_>) -> Resolution {
    let mut notes = Notes::default();
    let (settings, trust) = trusted_settings(inputs, &mut notes);
    let env_keys = settings::providers(&settings).map_or(&[][..], |(_, entries)| entries);
    let known =
        |name: &str| variables::is_known(name) || env_keys.iter().any(|entry| entry.env_key.as_deref() == Some(name));
    let file = match discover::discover(inputs, trust, &known, &mut notes) {
        Discovered::File(file) => Some(file),
        Discovered::Unreadable | Discovered::Nothing => None,
    };
    let says_nothing = file.as_ref().is_some_and(|file| file.kind == OriginKind::ProjectFile && file.is_empty());
    let file = file.map(|file| file.without(&settings::excluded(&settings), &mut notes));
    let sources = sources::in_order(inputs, file.as_ref(), &settings);
    let choice = provider_choice::choose(&sources, &settings);
    let method = method::choose(inputs, &sources, &choice, &mut notes);

    let mut resolution = Resolution {
        root: inputs.root.to_owned(),
        state: State::SignedOut,
        key: None,
        base_url: None,
        provider: None,
        model: None,
        extras: Extras::default(),
        debug: debug(&sources),
        wants_stored_key: None,
        withheld: None,
        ignored: Vec::new(),
        problems: Vec::new(),
        method,
    };
    match resolution.method.as_ref().map(|method| method.value) {
        Some(Method::QwenOauth) => oauth::fill(&mut resolution, inputs, &sources, &choice, &mut notes),
        // Without a method a key is looked for too: the keyring may hold one for an endpoint that is named.
        Some(Method::Openai) | None => {
            let account = openai::decide(inputs, &sources, &settings, &choice, &mut notes);
            fill(&mut resolution, account, inputs, &mut notes);
        }
    }
    enforce(&mut resolution, &settings, &mut notes);
    if let (true, None, Some(file)) = (says_nothing, &resolution.key, &file) {
        name_shadowed_home(inputs, file, &known, &mut notes);
    }
    resolution.ignored = notes.ignored;
    resolution.problems = notes.problems;
    resolution
}

/// The settings files that count, and whether the root's own files do.
fn trusted_settings(inputs: &Inputs<'_>, notes: &mut Notes) -> (Vec<SettingsFile>, FolderTrust) {
    let settings = settings::read(inputs, notes);
    let trust = folder_trust::decide(inputs, &settings, notes);
    if trust == FolderTrust::Trusted {
        return (settings, trust);
    }
    let (users, projects): (Vec<_>, Vec<_>) = settings.into_iter().partition(|file| file.scope == Scope::User);
    for file in projects {
        let origin = Origin::new(OriginKind::Settings, Scope::Project).in_file(file.path);
        notes.ignored(origin, "the folder is not trusted (trustedFolders.json)");
    }
    (users, trust)
}

fn fill(resolution: &mut Resolution, account: openai::Account, inputs: &Inputs<'_>, notes: &mut Notes) {
    resolution.state = account.state;
    if let Some(path) = account.key.as_ref().and_then(|key| key.origin.path.as_ref())
        && notes.is_open_to_others(path)
    {
        let message = format!("{0} holds a key, and others may open it; run `chmod 600 {0}`", path.display());
        notes.problem(Problem::new(ProblemKind::WorldReadable, message).in_file(path));
    }
    resolution.wants_stored_key = account.wants_stored_key;
    if resolution.method.is_none() {
        // Nothing is configured; what was found is half an account at most, and is not shown as one.
        resolution.state = State::SignedOut;
        notes.problem(signed_out::no_key(inputs, None));
        return;
    }
    if account.state == State::SignedOut {
        notes.problem(signed_out::no_key(inputs, account.missing.as_deref()));
    }
    resolution.key = account.key.map(|key| Found { value: key.value, origin: key.origin });
    resolution.provider = account.base_url.as_ref().map(|url| Provider::of(&url.value));
    resolution.base_url = account.base_url;
    resolution.model = account.model;
    resolution.extras = account.extras;
    resolution.withheld = account.withheld;
}

/// `security.auth.enforcedType` (H10): another method is refused, whatever chose it.
fn enforce(resolution: &mut Resolution, settings: &[SettingsFile], notes: &mut Notes) {
    let Some(method) = &resolution.method else { return };
    let enforced = settings.iter().find_map(|file| Some((file, file.enforced_type.as_deref()?)));
    let name = method::name(method.value);
    if let Some((file, enforced)) = enforced.filter(|(_, enforced)| *enforced != name) {
        let message = format!(
            "{} allows `{enforced}` only, and this root uses `{name}` ({}); switch to `{enforced}`",
            file.path.display(),
            method.origin.place()
        );
        notes.problem(Problem::new(ProblemKind::BadRequest, message).in_file(&file.path));
        resolution.state = State::Refused;
        resolution.wants_stored_key = None;
    }
}

fn debug(sources: &[Source<'_>]) -> Option<Origin> {
    let set = |found: Found<String>| (!matches!(found.value.as_str(), "0" | "false")).then_some(found.origin);
    sources.iter().find_map(|source| variables::DEBUG.iter().find_map(|name| source.text(name).and_then(set)))
}

/// A project's file that sets nothing still ends the search (E08, E09), which surprises those who keep a key at home.
fn name_shadowed_home(inputs: &Inputs<'_>, file: &EnvFile, known: &dyn Fn(&str) -> bool, notes: &mut Notes) {
    // What is wrong with a file that is not in force is not said.
    if let Discovered::File(home) = discover::discover_home(inputs, known, &mut Notes::default())
        && let Some((_, origin)) = home.get(variables::API_KEY)
    {
        let because = format!(
            "{} sets nothing for Qwen, but ended the search: the first file found is the only one",
            file.path.display()
        );
        notes.ignored(origin, because);
    }
}
