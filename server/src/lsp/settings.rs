//! The settings of `editors/PROTOCOL.md`, from what an editor sends to what the server uses.

use std::time::Duration;

use serde_json::Value;

use crate::qwen::{self, CredentialStore};
use crate::resolve::EnvPrecedence;

/// What an editor set for a root, with defaults for the rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What the verbs need.
    pub qwen: qwen::Settings,
    /// `qwen.inlineCompletion.enable`.
    pub inline_completion: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { qwen: qwen::Settings::default(), inline_completion: true }
    }
}

/// Reads the `qwen` section as an editor sends it. What has the wrong type keeps its default, and is named in the
/// second value as a sentence for a person. Values are never repeated there: one may be a key put in a wrong place.
pub fn read(section: &Value) -> (Settings, Vec<String>) {
    let mut settings = Settings::default();
    let mut reader = Reader { section, complaints: Vec::new() };
    let resolution = &mut settings.qwen.resolution;
    resolution.model = reader.string("model");
    resolution.base_url = reader.string("openai.baseUrl");
    resolution.trusted_endpoints = reader.strings("trustedEndpoints");
    resolution.env_precedence = match reader.choice("envPrecedence", &["project", "environment"]) {
        Some("environment") => EnvPrecedence::Environment,
        _ => EnvPrecedence::Project,
    };
    settings.qwen.credential_store = match reader.choice("credentialStore", &["file", "keyring"]) {
        Some("keyring") => CredentialStore::Keyring,
        _ => CredentialStore::File,
    };
    if let Some(seconds) = reader.seconds("requestTimeout") {
        settings.qwen.request_timeout = seconds;
    }
    if let Some(enable) = reader.boolean("inlineCompletion.enable") {
        settings.inline_completion = enable;
    }
    if !section.is_object() && !section.is_null() {
        reader.complaints.push("the setting `qwen` is not an object; its defaults are used".to_owned());
    }
    (settings, reader.complaints)
}

struct Reader<'a> {
    section: &'a Value,
    complaints: Vec<String>,
}

impl<'a> Reader<'a> {
    /// The value at a dotted name, nested or with the dots in the key, as editors differ in that.
    fn get(&self, name: &str) -> Option<&'a Value> {
        let nested = name.split('.').try_fold(self.section, |value, part| value.get(part));
        nested.or_else(|| self.section.get(name)).filter(|value| !value.is_null())
    }

    fn typed<T>(&mut self, name: &str, expected: &str, read: impl FnOnce(&'a Value) -> Option<T>) -> Option<T> {
        let value = self.get(name)?;
        let typed = read(value);
        if typed.is_none() {
            self.complaints.push(format!("the setting `qwen.{name}` is not {expected}; its default is used"));
        }
        typed
    }

    fn string(&mut self, name: &str) -> Option<String> {
        let text = self.typed(name, "a string", Value::as_str)?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn strings(&mut self, name: &str) -> Vec<String> {
        let strings = |value: &Value| {
            let texts = value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned));
            texts.collect::<Option<Vec<_>>>()
        };
        self.typed(name, "an array of strings", strings).unwrap_or_default()
    }

    fn choice(&mut self, name: &str, choices: &[&str]) -> Option<&'a str> {
        let expected =
            format!("one of {}", choices.iter().map(|choice| format!("\"{choice}\"")).collect::<Vec<_>>().join(", "));
        self.typed(name, &expected, |value| value.as_str().filter(|text| choices.contains(text)))
    }

    fn boolean(&mut self, name: &str) -> Option<bool> {
        self.typed(name, "true or false", Value::as_bool)
    }

    fn seconds(&mut self, name: &str) -> Option<Duration> {
        self.typed(name, "a number of seconds above 0", |value| {
            value
                .as_f64()
                .filter(|seconds| *seconds > 0.0)
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_setting_is_read() {
        let (settings, complaints) = read(&json!({
            "model": "m", "openai": { "baseUrl": "https://x.example/v1" }, "envPrecedence": "environment", "credentialStore": "keyring",
            "requestTimeout": 1.5, "inlineCompletion": { "enable": false }, "trustedEndpoints": ["https://x.example"],
        }));
        assert!(complaints.is_empty(), "{complaints:?}");
        assert_eq!(settings.qwen.resolution.model.as_deref(), Some("m"));
        assert_eq!(settings.qwen.resolution.base_url.as_deref(), Some("https://x.example/v1"));
        assert_eq!(settings.qwen.resolution.env_precedence, EnvPrecedence::Environment);
        assert_eq!(settings.qwen.resolution.trusted_endpoints, ["https://x.example"]);
        assert_eq!(settings.qwen.credential_store, CredentialStore::Keyring);
        assert_eq!(settings.qwen.request_timeout, Duration::from_millis(1500));
        assert!(!settings.inline_completion);
    }

    #[test]
    fn dots_may_be_in_the_key() {
        let (settings, _) = read(&json!({ "openai.baseUrl": "https://x.example/v1" }));
        assert_eq!(settings.qwen.resolution.base_url.as_deref(), Some("https://x.example/v1"));
    }

    #[test]
    fn a_wrong_type_is_named_and_its_value_is_not_repeated() {
        let (settings, complaints) =
            read(&json!({ "model": ["sk-canary"], "requestTimeout": -1, "envPrecedence": "sk-canary" }));
        assert_eq!(settings, Settings::default());
        assert_eq!(
            complaints,
            [
                "the setting `qwen.model` is not a string; its default is used",
                "the setting `qwen.envPrecedence` is not one of \"project\", \"environment\"; its default is used",
                "the setting `qwen.requestTimeout` is not a number of seconds above 0; its default is used",
            ]
        );
    }

    #[test]
    fn nothing_set_means_the_defaults() {
        assert_eq!(read(&Value::Null), (Settings::default(), Vec::new()));
        assert_eq!(read(&json!("x")).1.len(), 1);
    }
}
