//! One `.env` as a root uses it: its known variables, and what a person should know about its lines.

use std::collections::HashMap;
use std::path::PathBuf;

use super::notes::Notes;
use super::{Origin, OriginKind, Problem, ProblemKind, Scope, dotenv};
use crate::files::TextFile;

/// The file that was found, with the variables that this product knows. It has no `Debug`: it holds keys.
pub(super) struct EnvFile {
    pub(super) path: PathBuf,
    pub(super) kind: OriginKind,
    /// Whose its keys are.
    pub(super) key_scope: Scope,
    /// Whose word its other values are.
    pub(super) scope: Scope,
    variables: Vec<Variable>,
}

struct Variable {
    name: String,
    value: String,
    line: usize,
}

/// Lines that are reported at most for one file: a file of another kind has nothing but bad lines.
const MALFORMED_LINES_SHOWN: usize = 10;

/// A file larger than this, in bytes, is not read a second time for a warning.
const COMPARED_UP_TO: usize = 64 * 1024;

impl EnvFile {
    /// A file of the home directory: all in it is the user's.
    pub(super) fn of_home(path: PathBuf, file: &TextFile, known: &dyn Fn(&str) -> bool, notes: &mut Notes) -> Self {
        let place =
            Self { path, kind: OriginKind::HomeFile, key_scope: Scope::User, scope: Scope::User, variables: vec![] };
        place.filled(file, known, notes)
    }

    /// A file on the way up from the root. `key_scope` is the user's where the file is a link to a place outside the
    /// project; the rest of such a file is still the project's word, since the project chose it: what a repository
    /// links to may be another file of the same repository. A key goes to the endpoint of its own file in any case.
    pub(super) fn of_project(
        path: PathBuf,
        file: &TextFile,
        key_scope: Scope,
        known: &dyn Fn(&str) -> bool,
        notes: &mut Notes,
    ) -> Self {
        let place = Self { path, kind: OriginKind::ProjectFile, key_scope, scope: Scope::Project, variables: vec![] };
        place.filled(file, known, notes)
    }

    fn filled(mut self, file: &TextFile, known: &dyn Fn(&str) -> bool, notes: &mut Notes) -> Self {
        if file.open_to_others {
            notes.open_to_others(&self.path);
        }
        let parsed = dotenv::parse(&file.text);
        for line in parsed.malformed.iter().take(MALFORMED_LINES_SHOWN) {
            let message = format!("{} line {line} is not KEY=value; fix the line or delete it", self.path.display());
            notes.problem(Problem::new(ProblemKind::MalformedLine, message).in_file(&self.path).on_line(*line));
        }
        let elsewhere = LazyElsewhere { text: &file.text, read: None };
        let mut elsewhere = elsewhere;
        // The last entry of a name counts.
        for entry in parsed.entries.iter().rev().filter(|entry| known(entry.name)) {
            if self.variables.iter().any(|variable| variable.name == entry.name) {
                continue;
            }
            if elsewhere.differs(entry.name, &entry.value) {
                let message = format!(
                    "{} line {}: the value of `{}` is read as Qwen Code reads it, and other tools read another one; \
                     put it in single quotes",
                    self.path.display(),
                    entry.line,
                    entry.name
                );
                let problem = Problem::new(ProblemKind::MalformedLine, message);
                notes.problem(problem.in_file(&self.path).on_line(entry.line));
            }
            let (name, value) = (entry.name.to_owned(), entry.value.clone().into_owned());
            self.variables.push(Variable { name, value, line: entry.line });
        }
        self.variables.reverse();
        self
    }

    /// Takes away what may not be set in a project's plain `.env`, and what is set to nothing.
    pub(super) fn without(mut self, excluded: &[String], notes: &mut Notes) -> Self {
        // `.qwen/.env` and home's files are meant for Qwen alone, so nothing is excluded from them (E15, E17, E19).
        let is_plain = self.kind == OriginKind::ProjectFile
            && self.path.parent().and_then(|directory| directory.file_name()).is_none_or(|name| name != ".qwen");
        let variables = std::mem::take(&mut self.variables);
        self.variables = variables
            .into_iter()
            .filter(|variable| {
                if is_plain && excluded.contains(&variable.name) {
                    let because = "it is excluded from a project's .env; put it into .qwen/.env";
                    notes.ignored(self.origin(variable), because);
                    false
                } else if variable.value.is_empty() {
                    notes.ignored(self.origin(variable), "it is set to nothing, which counts as not set");
                    false
                } else {
                    true
                }
            })
            .collect();
        self
    }

    /// A variable's value, and where it stands.
    pub(super) fn get(&self, name: &str) -> Option<(&str, Origin)> {
        let variable = self.variables.iter().find(|variable| variable.name == name)?;
        Some((&variable.value, self.origin(variable)))
    }

    /// Whether it sets nothing that this product knows.
    pub(super) fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }

    fn origin(&self, variable: &Variable) -> Origin {
        let origin = Origin::new(self.kind, self.scope).in_file(&self.path).named(&variable.name);
        Origin { line: Some(variable.line), ..origin }
    }
}

/// What dotenvy, as an example of other tools, reads in the same text; read when first asked.
struct LazyElsewhere<'a> {
    text: &'a str,
    read: Option<HashMap<String, String>>,
}

impl LazyElsewhere<'_> {
    fn differs(&mut self, name: &str, value: &str) -> bool {
        if self.text.len() > COMPARED_UP_TO {
            return false;
        }
        let read = self.read.get_or_insert_with(|| {
            let text = self.text.trim_start_matches('\u{feff}');
            // Its errors hold the line, which may be a key: they are dropped unseen. Other tools stop there too.
            dotenvy::from_read_iter(text.as_bytes()).map_while(Result::ok).collect()
        });
        // Line ends inside a value differ from tool to tool and matter to nobody.
        read.get(name).is_none_or(|other| other.replace("\r\n", "\n") != value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_that_other_tools_read_differently_is_told_apart() {
        let differs = |text: &str| {
            let parsed = dotenv::parse(text);
            let entry = parsed.entries.last().unwrap();
            LazyElsewhere { text, read: None }.differs(entry.name, &entry.value)
        };
        for text in ["K=v", "K='a$b'", "K=\"a b\" # c", "\u{feff}K=v\r\n", "A=1\nK=v"] {
            assert!(!differs(text), "{text:?}");
        }
        for text in ["K=a$b", "K=a#b", "K=a b", "K: v", "no line\nK=v", "K=`v`"] {
            assert!(differs(text), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_compared(text in "([A-C]|export |[=:#'\"`\\\\$\\{\\} \t\r\n\u{feff}é密]){0,40}") {
            LazyElsewhere { text: &text, read: None }.differs("A", "");
        }
    }
}
