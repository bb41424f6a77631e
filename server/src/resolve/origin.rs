//! Where a value came from: nothing is known without knowing from where.

use std::path::PathBuf;

use serde::Serialize;

/// A value and its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// The value.
    pub value: T,
    /// Where it was found.
    pub origin: Origin,
}

/// The place a value was found in, as the editors see it (`Origin` in `editors/PROTOCOL.md`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// What kind of place it is.
    pub kind: OriginKind,
    /// The file, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// The variable, or the setting's name such as `modelProviders.openai[0].baseUrl`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// The line in the file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Why a default is what it is; only defaults have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Whose word it is. Not on the wire: it follows from the other fields for a reader, not for a parser.
    #[serde(skip)]
    pub scope: Scope,
}

impl Origin {
    /// A place of this kind, and no more is known of it.
    pub fn new(kind: OriginKind, scope: Scope) -> Self {
        Self { kind, path: None, variable: None, line: None, because: None, scope }
    }

    /// A default of this product's, and why it is this one.
    pub fn default(because: impl Into<String>) -> Self {
        Self { because: Some(because.into()), ..Self::new(OriginKind::Default, Scope::Product) }
    }

    /// The same place, with the variable or the setting's name.
    #[must_use]
    pub fn named(self, variable: impl Into<String>) -> Self {
        Self { variable: Some(variable.into()), ..self }
    }

    /// The same place, with the file that it is in.
    #[must_use]
    pub fn in_file(self, path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()), ..self }
    }

    /// The place in a few words for a person, such as "`OPENAI_API_KEY` in /p/.env line 3".
    pub fn place(&self) -> String {
        if self.kind == OriginKind::Client && self.variable.as_deref() == Some("switch") {
            return "chosen by a switch or a sign-in".to_owned();
        }
        let variable = self.variable.as_deref().map(|variable| format!("`{variable}`"));
        let at = match (self.kind, &self.path) {
            (_, Some(path)) => format!("in {}", path.display()),
            (OriginKind::Request, None) => "in the request".to_owned(),
            (OriginKind::Client, None) => "in the editor's settings".to_owned(),
            (OriginKind::Environment, None) => "in the environment".to_owned(),
            (OriginKind::Keyring, None) => "the stored account".to_owned(),
            (OriginKind::CredentialFile, None) => "the Qwen sign-in".to_owned(),
            (OriginKind::Default, None) => "the default".to_owned(),
            (OriginKind::ProjectFile | OriginKind::HomeFile | OriginKind::Settings, None) => String::new(),
        };
        let line = self.line.map(|line| format!("line {line}"));
        [variable, Some(at), line].into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// The kinds of places, named as on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum OriginKind {
    /// The request's own fields.
    Request,
    /// The first `.qwen/.env` or `.env` from the root up to `/`, outside the home directory itself.
    ProjectFile,
    /// The editor's settings for the root, or a choice that the user made in the editor.
    Client,
    /// The environment that the process was started with.
    Environment,
    /// The home directory's `.qwen/.env` or `.env`.
    HomeFile,
    /// A `settings.json` of Qwen Code's.
    Settings,
    /// The operating system's keyring, or the server's memory where the user chose that.
    Keyring,
    /// Qwen Code's `oauth_creds.json`.
    CredentialFile,
    /// Nothing said otherwise.
    Default,
}

/// Whose word a value is. A user's key goes only where the user, or this product, says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The project's: whoever wrote the repository may have written this.
    Project,
    /// The user's own.
    User,
    /// This product's defaults.
    Product,
}
