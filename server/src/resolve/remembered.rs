//! What the user chose before, in an editor or a terminal: plain data that `auth` keeps in its state file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Method;
use super::endpoint;

/// The user's choices. Members that this version does not know are passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Remembered {
    /// The method that the user switched a root to.
    pub methods: BTreeMap<PathBuf, Method>,
    /// The origins that may get the user's key from a root's files.
    pub trusted: BTreeMap<PathBuf, Vec<String>>,
    /// The accounts whose keys are stored.
    pub accounts: Vec<Account>,
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
