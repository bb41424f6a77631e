//! Which model is asked for, and whether an entry of `modelProviders` speaks for it.

use super::provider_entry::ProviderEntry;
use super::settings::{self, SettingsFile};
use super::sources::Source;
use super::{Found, OriginKind, Scope, variables};

/// The models that were named, and the entry of the first one.
pub(super) struct Choice<'a> {
    /// The models, highest first.
    pub(super) models: Vec<Found<String>>,
    entry: Option<&'a ProviderEntry>,
    /// Whether nothing nearer than the settings gives a key or an endpoint.
    alone: bool,
}

/// Chooses. An entry is a unit: its endpoint and its key are used together, or neither (E53–E55).
pub(super) fn choose<'a>(sources: &[Source<'_>], files: &'a [SettingsFile]) -> Choice<'a> {
    let names = [variables::MODEL, variables::MODEL_ALIAS];
    let mut models: Vec<_> =
        sources.iter().flat_map(|source| names.iter().filter_map(|name| source.text(name))).collect();
    let project = sources.iter().find(|source| source.is_project_file());
    let alone =
        !project.is_some_and(|file| file.key(variables::API_KEY).is_some() || file.text(variables::BASE_URL).is_some());
    let Some((file, entries)) = settings::providers(files) else { return Choice { models, entry: None, alone } };
    let mut entry = models.first().and_then(|model| entries.iter().find(|entry| entry.id == model.value));
    // E52: a workspace's list replaces the user's, and with it the user's choice in their settings.
    let from_settings = models.first().is_some_and(|model| model.origin.kind == OriginKind::Settings);
    let first_speaks = match models.first() {
        Some(_) => from_settings && file.scope == Scope::Project,
        None => !sources.iter().any(|source| source.key(variables::API_KEY).is_some()),
    };
    if entry.is_none() && first_speaks {
        entry = entries.first();
        if let Some(entry) = entry {
            let origin = entry.origin.clone();
            let name = origin.variable.as_deref().map(|name| format!("{name}.id")).unwrap_or_default();
            models.insert(0, Found { value: entry.id.clone(), origin: origin.named(name) });
        }
    }
    Choice { models, entry, alone }
}

impl<'a> Choice<'a> {
    /// The entry whose endpoint and key are used.
    pub(super) fn unit(&self) -> Option<&'a ProviderEntry> {
        self.entry.filter(|_| self.alone)
    }

    /// The variable that the entry in use names for its key.
    pub(super) fn key_variable(&self) -> Option<&'a str> {
        self.unit()?.env_key.as_deref()
    }

    /// The entry of the model, in use or not.
    pub(super) fn entry(&self) -> Option<&'a ProviderEntry> {
        self.entry
    }
}
