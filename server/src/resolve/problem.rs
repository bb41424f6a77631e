//! What a person should know about a root's configuration: what lost, and what is wrong.

use std::path::PathBuf;

use serde::Serialize;

use super::Origin;

/// A value that lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ignored {
    /// Where it stands.
    pub origin: Origin,
    /// Why it lost, and to whom.
    pub because: String,
}

/// Something a person should know about a root's configuration, as the editors see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// What is wrong, with what, and what to do, in one sentence.
    pub message: String,
    /// The file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// The line in it, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

impl Problem {
    /// A problem that has no file.
    pub fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), path: None, line: None }
    }

    /// The same problem, with the file that it is in.
    #[must_use]
    pub fn in_file(self, path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()), ..self }
    }

    /// The same problem, with the place that a value was found in.
    #[must_use]
    pub fn at(self, origin: &Origin) -> Self {
        Self { path: origin.path.clone(), line: origin.line, ..self }
    }

    /// The same problem, with the line that it is on, from 1.
    #[must_use]
    pub fn on_line(self, line: usize) -> Self {
        Self { line: Some(line), ..self }
    }
}

/// The kinds of problems, named as on the wire; those that are also errors have the `ErrorKind`'s name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ProblemKind {
    /// No method is configured, or the one that is lacks its key.
    NotSignedIn,
    /// A user's key and an endpoint that only the project names.
    EndpointNotTrusted,
    /// Plain http to another machine.
    InsecureEndpoint,
    /// A key that cannot work where it would go.
    InvalidKey,
    /// A setting or URL that cannot be used.
    BadRequest,
    /// A file that is there and cannot be read.
    UnreadableFile,
    /// A file that cannot be parsed.
    MalformedFile,
    /// The keyring was asked and could not answer.
    KeyringUnavailable,
    /// A token that ran out and could not be renewed.
    SessionExpired,
    /// A file with a key that others may read.
    WorldReadable,
    /// A file with a key that git tracks.
    TrackedByGit,
    /// A file of another user, which counts as no file.
    OtherOwner,
    /// A line that is not `KEY=value`, or whose value other tools read differently.
    MalformedLine,
}
