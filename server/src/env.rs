//! The process environment, read once into a snapshot that never changes.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// The variables that the process was started with. The only place that reads them.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Reads the environment of this process. Names and values that are not UTF-8 are left out.
    pub fn read() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// The value of `name`; a variable that is set to nothing counts as not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The user's home directory: `HOME`, or `USERPROFILE` on Windows.
    pub fn home(&self) -> Option<PathBuf> {
        self.get(if cfg!(windows) { "USERPROFILE" } else { "HOME" }).map(PathBuf::from)
    }

    /// Qwen Code's global directory: `QWEN_HOME` (a leading `~` is the home directory), else `~/.qwen`.
    pub fn qwen_home(&self) -> Option<PathBuf> {
        match self.get("QWEN_HOME") {
            None => Some(self.home()?.join(".qwen")),
            Some("~") => self.home(),
            Some(path) => match path.strip_prefix("~/") {
                Some(rest) => Some(self.home()?.join(rest)),
                None => std::path::absolute(path).ok(),
            },
        }
    }

    /// Where this program keeps what it remembers: `$XDG_STATE_HOME/qwen-language-server`, by default below
    /// `~/.local/state` (`%LOCALAPPDATA%` on Windows).
    pub fn state_dir(&self) -> Option<PathBuf> {
        let base = if cfg!(windows) {
            self.get("LOCALAPPDATA").map(PathBuf::from)
        } else {
            // The XDG base directory specification: a relative path there is invalid and ignored.
            self.get("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute())
        };
        let base = match base {
            Some(base) => base,
            None => self.home()?.join(".local/state"),
        };
        Some(base.join("qwen-language-server"))
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

/// Shows the names only: values may be keys.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_variable_set_to_nothing_counts_as_not_set() {
        assert_eq!(environment(&[("A", "")]).get("A"), None);
    }

    #[test]
    #[cfg(unix)]
    fn the_global_directory_is_qwen_codes() {
        let of = |variables: &[(&str, &str)]| environment(variables).qwen_home();
        assert_eq!(of(&[("HOME", "/h")]), Some("/h/.qwen".into()));
        assert_eq!(of(&[("HOME", "/h"), ("QWEN_HOME", "/x")]), Some("/x".into()));
        assert_eq!(of(&[("HOME", "/h"), ("QWEN_HOME", "~/q")]), Some("/h/q".into()));
        assert_eq!(of(&[]), None);
    }

    #[test]
    #[cfg(unix)]
    fn a_relative_state_home_is_ignored() {
        let of = |variables: &[(&str, &str)]| environment(variables).state_dir();
        assert_eq!(of(&[("HOME", "/h"), ("XDG_STATE_HOME", "x")]), Some("/h/.local/state/qwen-language-server".into()));
        assert_eq!(of(&[("HOME", "/h"), ("XDG_STATE_HOME", "/s")]), Some("/s/qwen-language-server".into()));
    }

    #[test]
    fn debug_output_shows_names_and_no_values() {
        assert_eq!(format!("{:?}", environment(&[("OPENAI_API_KEY", "sk-canary")])), r#"{"OPENAI_API_KEY"}"#);
    }
}
