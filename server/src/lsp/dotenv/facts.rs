//! Which documents are environment files, and what is known of one beside its text.

use std::path::{Path, PathBuf};

use crate::lsp::roots::{Root, file_path};
use crate::qwen::{Exposure, Qwen, Scope};
use crate::resolve::{View, variables};

/// What is known of a file beside its text.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The file.
    pub path: PathBuf,
    /// The root that it belongs to.
    pub root: Root,
    /// What that root makes of it, with the text that the editor has.
    pub view: View,
    /// Who else can see it.
    pub exposure: Exposure,
}

/// The path of a document that is a `.env` or a `.qwen/.env`; the features of this module are for those alone. Qwen
/// Code reads no `.env.local`.
pub fn is_env_file(uri: &str) -> Option<PathBuf> {
    file_path(uri).filter(|path| path.file_name().is_some_and(|name| name == ".env"))
}

impl Facts {
    /// Asks what the facts are. `exposure` is what was found before, where the disk has not changed since.
    pub async fn gather(
        qwen: &Qwen,
        scope: &Scope,
        root: Root,
        path: PathBuf,
        text: &str,
        exposure: Option<Exposure>,
    ) -> Self {
        let exposure = match exposure {
            Some(exposure) => exposure,
            None => qwen.exposure(path.clone()).await,
        };
        let view = qwen.view(scope, path.clone(), text.to_owned()).await;
        Self { path, root, view, exposure }
    }

    /// The root's name for a person.
    pub fn root_name(&self) -> String {
        let name = self.root.path.file_name().unwrap_or(self.root.path.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// Whether a variable of this name holds a key.
    pub fn holds_key(&self, name: &str) -> bool {
        variables::holds_provider_key(name) || self.view.env_keys.iter().any(|key| key == name)
    }

    /// Another file as a person knows it: below the root where it is there.
    pub fn short<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root.path).unwrap_or(path).display()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_qwen_code_reads_are_environment_files() {
        for (uri, is) in [
            ("file:///w/.env", true),
            ("file:///w/%E6%96%87/.qwen/.env", true),
            ("file:///w/.env.local", false),
            ("file:///w/.envrc", false),
            ("file:///w/a.rs", false),
            ("untitled:.env", false),
            ("git:/w/.env?ref=HEAD", false),
        ] {
            assert_eq!(is_env_file(uri).is_some(), is, "{uri}");
        }
    }
}
