//! One entry of `modelProviders.openai` in a settings file: a model with its endpoint and the name of its key.

use std::path::Path;

use serde_json::{Map, Value};

use super::expand::{Expanded, expand, expand_secret};
use super::notes::Notes;
use super::{Extras, Origin, OriginKind, Problem, ProblemKind, Scope};
use crate::env::Environment;

/// A provider entry.
#[derive(Clone)]
pub(super) struct ProviderEntry {
    /// The model.
    pub(super) id: String,
    /// Where it is served.
    pub(super) base_url: Option<String>,
    /// The variable that holds its key.
    pub(super) env_key: Option<String>,
    /// What it adds to each request.
    pub(super) extras: Extras,
    /// Where it stands: the setting's name is its place in the list.
    pub(super) origin: Origin,
}

/// The entries of a settings file; none where it has no such list. An entry without an `id` is no entry.
pub(super) fn entries(
    object: &Map<String, Value>,
    path: &Path,
    scope: Scope,
    env: &Environment,
    notes: &mut Notes,
) -> Option<Vec<ProviderEntry>> {
    let list = object.get("modelProviders")?.get("openai")?.as_array()?;
    let read = |(index, value): (usize, &Value)| {
        let origin =
            Origin::new(OriginKind::Settings, scope).in_file(path).named(format!("modelProviders.openai[{index}]"));
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        let base_url = text("baseUrl").and_then(|url| expanded(url, &origin, "baseUrl", env, notes));
        Some(ProviderEntry {
            id: text("id")?.to_owned(),
            base_url,
            env_key: text("envKey").map(str::to_owned),
            extras: extras(value.get("generationConfig"), &origin, env, notes),
            origin,
        })
    };
    Some(list.iter().enumerate().filter_map(read).collect())
}

/// A string of a settings file with its variables put in, or none and a problem.
///
/// A project's file may not put the user's environment into anything but a key, whose way is guarded: an endpoint or
/// a header would carry any variable that the project names to a host of its choice.
pub(super) fn expanded(
    text: &str,
    origin: &Origin,
    member: &str,
    env: &Environment,
    notes: &mut Notes,
) -> Option<String> {
    allowed(expand(text, env), origin, member, notes)
}

fn allowed(expanded: Result<Expanded, String>, origin: &Origin, member: &str, notes: &mut Notes) -> Option<String> {
    let name = origin.variable.as_deref().map_or(member.to_owned(), |variable| format!("{variable}.{member}"));
    let place = origin.clone().named(name).place();
    let message = match expanded {
        Ok(expanded) if expanded.variables.is_empty() || origin.scope == Scope::User => return Some(expanded.text),
        Ok(expanded) => format!(
            "{place} takes `{}` from your environment, which a project's settings may do for a key only; write the \
             value itself",
            expanded.variables.join("`, `")
        ),
        Err(name) => {
            format!("{place} names `${name}`, which is not set in the environment; set it or write the value itself")
        }
    };
    notes.problem(Problem::new(ProblemKind::BadRequest, message).at(origin));
    None
}

fn extras(config: Option<&Value>, origin: &Origin, env: &Environment, notes: &mut Notes) -> Extras {
    let object = |name: &str| config.and_then(|config| config.get(name)).and_then(Value::as_object);
    let headers = object("customHeaders").into_iter().flatten();
    Extras {
        custom_headers: headers
            .filter_map(|(name, value)| {
                let member = format!("generationConfig.customHeaders.{name}");
                let value = expand_secret(value.as_str()?, env);
                Some((name.clone(), allowed(value, origin, &member, notes)?))
            })
            .collect(),
        extra_body: object("extra_body").cloned().unwrap_or_default(),
        sampling_params: object("samplingParams").cloned().unwrap_or_default(),
    }
}
