//! One finding: where, what, and what would mend it.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

/// Something that a person should know about a place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The bytes that it is about.
    pub span: Range<usize>,
    /// What kind of finding it is.
    pub code: Code,
    /// What is wrong and what to do, in one sentence.
    pub message: String,
    /// Another file that has to do with it.
    pub related: Option<Related>,
    /// What would mend it.
    pub fix: Option<Fix>,
}

/// The place of another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What is there.
    pub message: String,
}

/// The kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// A line that is no entry.
    MalformedLine,
    /// A value that other tools read otherwise.
    ReadOtherwise,
    /// A name that nobody reads.
    UnknownName,
    /// A URL that is none.
    BadUrl,
    /// Plain http to another machine.
    InsecureEndpoint,
    /// A key and an endpoint that do not belong together.
    InvalidKey,
    /// A user's key and an endpoint that only the project names.
    EndpointNotTrusted,
    /// A variable that this file may not set.
    ExcludedVariable,
    /// A value that lost.
    NotUsed,
    /// A file that is not read because of another one.
    Shadowed,
    /// A key that others on this machine may read.
    WorldReadable,
    /// A key that git keeps.
    TrackedByGit,
    /// A key that git would take.
    NotIgnored,
}

/// What would mend a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
    /// Other text in the place of some bytes.
    Replace {
        /// What the user is told, without the text.
        title: String,
        /// The bytes.
        span: Range<usize>,
        /// The text.
        text: OwnText,
    },
    /// Name the file in `.gitignore`.
    AddToGitignore,
    /// `chmod 600`.
    MakePrivate,
    /// Trust this origin.
    Trust(String),
}

/// The user's own text with its remedy. Only an edit ever says it: it may hold a key, so that its `Debug` does not.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnText(pub String);

impl fmt::Debug for OwnText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[text]")
    }
}

impl Finding {
    /// One without another file and without a remedy.
    pub fn new(code: Code, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, code, message: message.into(), related: None, fix: None }
    }

    /// The same with its remedy.
    #[must_use]
    pub fn mended_by(self, fix: Option<Fix>) -> Self {
        Self { fix, ..self }
    }
}
