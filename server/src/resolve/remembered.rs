//! What the user chose before, in an editor or a terminal: plain data that `auth` keeps in its state file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Method;
use super::{endpoint, method};

/// The user's choices. What another version wrote and this one does not know is kept as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Remembered {
    /// The method that the user switched a root to.
    pub methods: BTreeMap<PathBuf, Method>,
    /// The origins that may get the user's key from a root's files.
    pub trusted: BTreeMap<PathBuf, Vec<String>>,
    /// The accounts whose keys are stored.
    pub accounts: Vec<Account>,
    /// Whether the Qwen OAuth session was put into the keyring.
    pub session_in_keyring: bool,
    /// Methods that this version does not know: nothing is switched by them.
    pub unknown_methods: BTreeMap<PathBuf, Value>,
    /// Members that this version does not know.
    pub other: Map<String, Value>,
}

/// The file's own shape.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Written {
    methods: BTreeMap<PathBuf, Value>,
    trusted: BTreeMap<PathBuf, Vec<String>>,
    accounts: Vec<Account>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    session_in_keyring: bool,
    #[serde(flatten)]
    other: Map<String, Value>,
}

impl From<Written> for Remembered {
    fn from(written: Written) -> Self {
        let Written { methods: named, trusted, accounts, session_in_keyring, other } = written;
        let (mut methods, mut unknown_methods) = (BTreeMap::new(), BTreeMap::new());
        for (root, name) in named {
            match Method::deserialize(&name) {
                Ok(method) => drop(methods.insert(root, method)),
                Err(_) => drop(unknown_methods.insert(root, name)),
            }
        }
        Self { methods, trusted, accounts, session_in_keyring, unknown_methods, other }
    }
}

impl From<Remembered> for Written {
    fn from(remembered: Remembered) -> Self {
        let Remembered { methods, trusted, accounts, session_in_keyring, unknown_methods, other } = remembered;
        let known = methods.into_iter().map(|(root, method)| (root, method::name(method).into()));
        // A root that was switched since has the method that it was switched to.
        let methods = unknown_methods.into_iter().chain(known).collect();
        Self { methods, trusted, accounts, session_in_keyring, other }
    }
}

/// An account that the user set a key for. The key itself is in the keyring, under the origin of `base_url`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Account {
    /// The root that it was set for.
    pub root: PathBuf,
    /// Where its key belongs.
    pub base_url: String,
    /// The model to ask it for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Members that this version does not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Remembered {
    /// The account of `root`: its own, else the first one.
    pub fn account(&self, root: &Path) -> Option<&Account> {
        self.accounts.iter().find(|account| account.root == root).or_else(|| self.accounts.first())
    }

    /// The first account whose key belongs to `origin`.
    pub fn account_at(&self, origin: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| endpoint::origin_of(&account.base_url).as_deref() == Some(origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_is_written_back_as_it_was_and_switches_nothing() {
        let text = r#"{"methods":{"/p":"passkey","/q":"openai","/r":7},"trusted":{},"accounts":[{"root":"/p","baseUrl":"https://x/v1","new":[1]}],"new":{"a":1}}"#;
        let mut remembered: Remembered = serde_json::from_str(text).unwrap();
        assert_eq!(remembered.methods, [("/q".into(), Method::Openai)].into());
        assert_eq!(serde_json::to_string(&remembered).unwrap(), text);
        remembered.methods.insert("/p".into(), Method::QwenOauth);
        assert!(serde_json::to_string(&remembered).unwrap().contains(r#""/p":"qwen-oauth""#));
    }

    #[test]
    fn unknown_and_missing_members_are_no_error() {
        let remembered: Remembered = serde_json::from_str(
            r#"{ "new": 1, "methods": { "/p": "qwen-oauth" }, "accounts": [{ "baseUrl": "https://x/v1", "new": 1 }] }"#,
        )
        .unwrap();
        assert_eq!(remembered.methods[Path::new("/p")], Method::QwenOauth);
        assert_eq!(remembered.account(Path::new("/q")).unwrap().base_url, "https://x/v1");
        assert!(remembered.account_at("https://x").is_some());
        assert!(remembered.account_at("https://y").is_none());
    }
}
