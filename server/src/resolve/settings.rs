//! Qwen Code's `settings.json` files: read with their comments, never written, renamed or migrated.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::expand::{Expanded, expand_secret};
use super::notes::Notes;
use super::provider_entry::{self, ProviderEntry, expanded};
use super::{Inputs, Origin, OriginKind, Problem, ProblemKind, Scope, json, variables};
use crate::files::ReadError;

/// What one settings file says about the account.
pub(super) struct SettingsFile {
    /// The file.
    pub(super) path: PathBuf,
    /// Whose word it is: the project's only in the root's own `.qwen/settings.json`.
    pub(super) scope: Scope,
    /// Whether a project's file is a link to a place outside the project, so that its keys are the user's.
    pub(super) linked: bool,
    /// `env`.
    pub(super) env: Vec<(String, Expanded)>,
    /// `security.auth.selectedType`.
    pub(super) selected_type: Option<String>,
    /// `security.auth.enforcedType`.
    pub(super) enforced_type: Option<String>,
    /// `security.auth.apiKey`, deprecated.
    pub(super) api_key: Option<Expanded>,
    /// `security.auth.baseUrl`, deprecated.
    pub(super) base_url: Option<String>,
    /// `model.name`.
    pub(super) model: Option<String>,
    /// `modelProviders.openai`.
    pub(super) providers: Option<Vec<ProviderEntry>>,
    /// `security.folderTrust.enabled`.
    pub(super) folder_trust: Option<bool>,
    /// `advanced.excludedEnvVars`.
    pub(super) excluded: Option<Vec<String>>,
}

/// The settings files that there are, highest first: system, workspace, user, system defaults (facts 2.7).
pub(super) fn read(inputs: &Inputs<'_>, notes: &mut Notes) -> Vec<SettingsFile> {
    let env = inputs.env;
    let qwen_home = env.qwen_home();
    let user = qwen_home.as_ref().map(|home| home.join("settings.json"));
    let workspace = inputs.root.join(".qwen/settings.json");
    // The home directory's own `.qwen` is the user's, also when home is the root (E49).
    let is_home = env.home().as_deref() == Some(inputs.root) || user.as_ref() == Some(&workspace);
    let system = |variable: &str, name: &str| match env.get(variable) {
        Some(path) => PathBuf::from(path),
        None => Path::new(SYSTEM_DIRECTORY).join(name),
    };
    let files = [
        Some((system("QWEN_CODE_SYSTEM_SETTINGS_PATH", "settings.json"), Place::System)),
        (!is_home).then_some((workspace, Place::Workspace)),
        user.map(|path| (path, Place::User)),
        Some((system("QWEN_CODE_SYSTEM_DEFAULTS_PATH", "system-defaults.json"), Place::System)),
    ];
    files.into_iter().flatten().filter_map(|(path, place)| read_file(inputs, path, place, notes)).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    System,
    Workspace,
    User,
}

const SYSTEM_DIRECTORY: &str = if cfg!(windows) {
    r"C:\ProgramData\qwen-code"
} else if cfg!(target_os = "macos") {
    "/Library/Application Support/QwenCode"
} else {
    "/etc/qwen-code"
};

fn read_file(inputs: &Inputs<'_>, path: PathBuf, place: Place, notes: &mut Notes) -> Option<SettingsFile> {
    let read = match place {
        Place::System => inputs.files.read_system(&path),
        Place::Workspace | Place::User => inputs.files.read(&path),
    };
    let file = match read {
        Ok(file) => file,
        Err(ReadError::NotFound | ReadError::Directory) => return None,
        Err(ReadError::OtherOwner) => {
            let message = format!("{} belongs to another user, and counts as no file", path.display());
            notes.problem(Problem::new(ProblemKind::OtherOwner, message).in_file(path));
            return None;
        }
        Err(error @ (ReadError::Special | ReadError::TooLarge { .. } | ReadError::Io(_))) => {
            let message = format!("{} is not read: {error}; repair or delete it", path.display());
            notes.problem(Problem::new(ProblemKind::UnreadableFile, message).in_file(path));
            return None;
        }
    };
    let object = match json::object(&file.text) {
        Ok(object) => object,
        Err(error) => {
            let message = format!("{} {error}; nothing in it counts until that is repaired", path.display());
            let problem = Problem::new(ProblemKind::MalformedFile, message).in_file(path);
            notes.problem(match error {
                json::Error::Malformed { line, .. } => problem.on_line(line),
                json::Error::NotAnObject => problem,
            });
            return None;
        }
    };
    if file.open_to_others {
        notes.open_to_others(&path);
    }
    let linked = place == Place::Workspace
        && inputs.files.real_path(inputs.root).is_none_or(|root| !file.real_path.starts_with(root));
    let scope = if place == Place::Workspace { Scope::Project } else { Scope::User };
    Some(parse(&object, path, scope, linked, inputs, notes))
}

fn parse(
    object: &Map<String, Value>,
    path: PathBuf,
    scope: Scope,
    linked: bool,
    inputs: &Inputs<'_>,
    notes: &mut Notes,
) -> SettingsFile {
    let at = |names: &[&str]| {
        names
            .iter()
            .try_fold(None::<&Value>, |value, name| {
                let next = match value {
                    None => object.get(*name),
                    Some(value) => value.get(name),
                };
                next.map(Some)
            })
            .flatten()
    };
    let origin = Origin::new(OriginKind::Settings, scope).in_file(&path);
    let text = |names: &[&str]| at(names).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let shown = |names: &[&str], notes: &mut Notes| {
        text(names).and_then(|text| expanded(text, &origin, &names.join("."), inputs.env, notes))
    };
    let key = |name: &str, text: &str, notes: &mut Notes| match expand_secret(text, inputs.env) {
        Ok(expanded) => Some(expanded),
        Err(missing) => {
            let place = origin.clone().named(name).place();
            let message = format!(
                "{place} names `${missing}`, which is not set in the environment; set it or write the value itself"
            );
            notes.problem(Problem::new(ProblemKind::BadRequest, message).in_file(&path));
            None
        }
    };
    let mut env = Vec::new();
    for (name, value) in at(&["env"]).and_then(Value::as_object).into_iter().flatten() {
        let Some(text) = value.as_str().filter(|text| !text.is_empty()) else { continue };
        let member = format!("env.{name}");
        let value = if variables::is_known(name) && !variables::is_key(name) {
            expanded(text, &origin, &member, inputs.env, notes).map(|text| Expanded { text, variables: Vec::new() })
        } else if variables::holds_provider_key(name) {
            key(&member, text, notes)
        } else {
            // It may be the key that an entry names; else nobody asks for it, and a missing variable is no problem.
            expand_secret(text, inputs.env).ok()
        };
        env.extend(value.map(|value| (name.clone(), value)));
    }
    SettingsFile {
        scope,
        linked,
        env,
        selected_type: text(&["security", "auth", "selectedType"]).map(str::to_owned),
        enforced_type: text(&["security", "auth", "enforcedType"]).map(str::to_owned),
        api_key: text(&["security", "auth", "apiKey"]).and_then(|text| key("security.auth.apiKey", text, notes)),
        base_url: shown(&["security", "auth", "baseUrl"], notes),
        model: shown(&["model", "name"], notes),
        providers: provider_entry::entries(object, &path, scope, inputs.env, notes),
        folder_trust: at(&["security", "folderTrust", "enabled"]).and_then(Value::as_bool),
        excluded: at(&["advanced", "excludedEnvVars"])
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        path,
    }
}

/// The names that a project's plain `.env` may not set: the union of what the files list, or Qwen Code's own two where
/// none lists any (facts 2.3).
pub(super) fn excluded(settings: &[SettingsFile]) -> Vec<String> {
    let listed: Vec<_> = settings.iter().filter_map(|file| file.excluded.as_ref()).collect();
    if listed.is_empty() {
        return variables::DEBUG.map(str::to_owned).to_vec();
    }
    listed.into_iter().flatten().cloned().collect()
}

/// The provider entries in force, with the file that gives them: a higher file's list replaces a lower one's (E51).
pub(super) fn providers(settings: &[SettingsFile]) -> Option<(&SettingsFile, &[ProviderEntry])> {
    settings.iter().find_map(|file| Some((file, file.providers.as_deref()?)))
}
