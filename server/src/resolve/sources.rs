//! The places that may name a key, an endpoint or a model, in the order in which they are asked.

use std::path::PathBuf;

use super::env_file::EnvFile;
use super::settings::SettingsFile;
use super::{ClientSettings, EnvPrecedence, Found, Inputs, Origin, OriginKind, RequestFields, Scope, variables};
use crate::env::Environment;
use crate::secret::Secret;

/// One place.
pub(super) enum Source<'a> {
    Request(&'a RequestFields),
    File(&'a EnvFile),
    Client(&'a ClientSettings),
    Environment(&'a Environment),
    /// `env` of a settings file.
    SettingsEnv(&'a SettingsFile),
    /// The other members of a settings file.
    SettingsFields(&'a SettingsFile),
}

/// A key, and what the binding rule has to know of it.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) value: Secret,
    /// Where it stands, with the scope of the key itself.
    pub(super) origin: Origin,
    /// Whether only the project says that this value is a key at all, so that naming an endpoint does not speak for it.
    pub(super) only_trusted: bool,
}

/// All places, highest first.
///
/// Qwen Code puts the environment above every file (E10); here the project's file is above it unless the user's setting
/// says otherwise, since one server has roots of many accounts. `OPENAI_MODEL` is above `model.name`, as in the seed
/// era (E47).
pub(super) fn in_order<'a>(
    inputs: &Inputs<'a>,
    file: Option<&'a EnvFile>,
    settings: &'a [SettingsFile],
) -> Vec<Source<'a>> {
    let of_kind = |kind| file.filter(|file| file.kind == kind).map(Source::File);
    let project = of_kind(OriginKind::ProjectFile);
    let environment = Source::Environment(inputs.env);
    let mut sources = vec![Source::Request(inputs.request)];
    match inputs.client.env_precedence {
        EnvPrecedence::Project => {
            sources.extend(project);
            sources.extend([Source::Client(inputs.client), environment]);
        }
        EnvPrecedence::Environment => {
            sources.push(environment);
            sources.extend(project);
            sources.push(Source::Client(inputs.client));
        }
    }
    sources.extend(of_kind(OriginKind::HomeFile));
    sources.extend(settings.iter().map(Source::SettingsEnv));
    sources.extend(settings.iter().map(Source::SettingsFields));
    sources
}

impl Source<'_> {
    /// The value of a variable that is no key.
    pub(super) fn text(&self, name: &str) -> Option<Found<String>> {
        let found = |value: &str, origin: Origin| {
            let value = value.trim();
            (!value.is_empty()).then(|| Found { value: value.to_owned(), origin })
        };
        let of = |kind, setting: &str| Origin::new(kind, Scope::User).named(setting);
        match self {
            Self::Request(request) => match name {
                variables::MODEL => found(request.model.as_deref()?, of(OriginKind::Request, "model")),
                _ => None,
            },
            Self::Client(client) => match name {
                variables::MODEL => found(client.model.as_deref()?, of(OriginKind::Client, "qwen.model")),
                variables::BASE_URL => {
                    found(client.base_url.as_deref()?, of(OriginKind::Client, "qwen.openai.baseUrl"))
                }
                _ => None,
            },
            Self::File(file) => file.get(name).and_then(|(value, origin)| found(value, origin)),
            Self::Environment(env) => found(env.get(name)?, of(OriginKind::Environment, name)),
            Self::SettingsEnv(file) => {
                let (_, value) = file.env.iter().find(|(known, _)| known == name)?;
                found(&value.text, settings_origin(file, file.scope, &format!("env.{name}")))
            }
            Self::SettingsFields(file) => {
                let (value, member) = match name {
                    variables::MODEL => (file.model.as_deref()?, "model.name"),
                    variables::BASE_URL => (file.base_url.as_deref()?, "security.auth.baseUrl"),
                    _ => return None,
                };
                found(value, settings_origin(file, file.scope, member))
            }
        }
    }

    /// The key in a variable.
    pub(super) fn key(&self, name: &str) -> Option<Key> {
        let (text, origin, borrowed) = match self {
            // Neither a request nor an editor's setting ever holds a key.
            Self::Request(_) | Self::Client(_) => return None,
            Self::File(file) => {
                let (text, origin) = file.get(name)?;
                (text, Origin { scope: file.key_scope, ..origin }, &[][..])
            }
            Self::Environment(env) => {
                let origin = Origin::new(OriginKind::Environment, Scope::User).named(name);
                (env.get(name)?, origin, &[][..])
            }
            Self::SettingsEnv(file) => {
                let (_, value) = file.env.iter().find(|(known, _)| known == name)?;
                let scope = key_scope(file, &value.variables);
                (value.text.as_str(), settings_origin(file, scope, &format!("env.{name}")), value.variables.as_slice())
            }
            Self::SettingsFields(file) => {
                let value = file.api_key.as_ref().filter(|_| name == variables::API_KEY)?;
                let scope = key_scope(file, &value.variables);
                let origin = settings_origin(file, scope, "security.auth.apiKey");
                (value.text.as_str(), origin, value.variables.as_slice())
            }
        };
        let only_trusted =
            self.scope() == Scope::Project && borrowed.iter().any(|variable| !variables::holds_provider_key(variable));
        let text = text.trim();
        (!text.is_empty()).then(|| Key { value: Secret::new(text), origin, only_trusted })
    }

    /// The settings file whose members these are.
    pub(super) fn settings_fields(&self) -> Option<&SettingsFile> {
        match self {
            Self::SettingsFields(file) => Some(file),
            Self::Request(_) | Self::File(_) | Self::Client(_) | Self::Environment(_) | Self::SettingsEnv(_) => None,
        }
    }

    /// Whether this is what a root's own `.env` says.
    pub(super) fn is_project_file(&self) -> bool {
        match self {
            Self::File(file) => file.kind == OriginKind::ProjectFile,
            Self::Request(_)
            | Self::Client(_)
            | Self::Environment(_)
            | Self::SettingsEnv(_)
            | Self::SettingsFields(_) => false,
        }
    }

    fn scope(&self) -> Scope {
        match self {
            Self::Request(_) | Self::Client(_) | Self::Environment(_) => Scope::User,
            Self::File(file) => file.scope,
            Self::SettingsEnv(file) | Self::SettingsFields(file) => file.scope,
        }
    }
}

/// Whose a key in a settings file is: what it takes from the environment, or from a file outside the project, is the
/// user's, whoever asks for it.
fn key_scope(file: &SettingsFile, borrowed: &[String]) -> Scope {
    if borrowed.is_empty() && !file.linked { file.scope } else { Scope::User }
}

fn settings_origin(file: &SettingsFile, scope: Scope, member: &str) -> Origin {
    Origin::new(OriginKind::Settings, scope).in_file(PathBuf::from(&file.path)).named(member)
}
