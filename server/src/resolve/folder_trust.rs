//! Qwen Code's folder trust: off unless the user or the system turns it on, and then closed unless a rule opens it.

use std::path::{Path, PathBuf};

use super::notes::Notes;
use super::settings::SettingsFile;
use super::{Inputs, Problem, ProblemKind, Scope, json};
use crate::files::ReadError;

/// Whether the root's own files count (E57–E60).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FolderTrust {
    Trusted,
    Untrusted,
}

/// Decides for the root. A project cannot switch the feature off: only the user's and the system's settings are asked.
pub(super) fn decide(inputs: &Inputs<'_>, settings: &[SettingsFile], notes: &mut Notes) -> FolderTrust {
    let enabled = settings.iter().filter(|file| file.scope == Scope::User).find_map(|file| file.folder_trust);
    if enabled != Some(true) {
        return FolderTrust::Trusted;
    }
    let Some(path) = rules_path(inputs) else { return FolderTrust::Untrusted };
    let text = match inputs.files.read(&path) {
        Ok(file) => file.text,
        Err(ReadError::NotFound) => return FolderTrust::Untrusted,
        Err(error) => {
            let message =
                format!("{} is not read: {error}; until that is repaired no folder is trusted", path.display());
            notes.problem(Problem::new(ProblemKind::UnreadableFile, message).in_file(path));
            return FolderTrust::Untrusted;
        }
    };
    let rules = match json::object(&text) {
        Ok(rules) => rules,
        Err(error) => {
            let message = format!("{} {error}; until that is repaired no folder is trusted", path.display());
            notes.problem(Problem::new(ProblemKind::MalformedFile, message).in_file(path));
            return FolderTrust::Untrusted;
        }
    };
    let rules: Vec<(&Path, &str)> =
        rules.iter().filter_map(|(path, rule)| Some((Path::new(path), rule.as_str()?))).collect();
    let given = verdict(&rules, inputs.root);
    let real = inputs.files.real_path(inputs.root).and_then(|real| verdict(&rules, &real));
    // A link inside a trusted folder does not make trusted what it leads to.
    match (given, real) {
        (Some(FolderTrust::Untrusted), _) | (_, Some(FolderTrust::Untrusted)) | (None, None) => FolderTrust::Untrusted,
        (Some(FolderTrust::Trusted), _) | (_, Some(FolderTrust::Trusted)) => FolderTrust::Trusted,
    }
}

fn rules_path(inputs: &Inputs<'_>) -> Option<PathBuf> {
    match inputs.env.get("QWEN_CODE_TRUSTED_FOLDERS_PATH") {
        Some(path) => Some(PathBuf::from(path)),
        None => Some(inputs.env.qwen_home()?.join("trustedFolders.json")),
    }
}

/// What the longest rule that covers `root` says.
fn verdict(rules: &[(&Path, &str)], root: &Path) -> Option<FolderTrust> {
    let covered = rules.iter().filter_map(|(path, rule)| match *rule {
        "TRUST_FOLDER" => Some((*path, FolderTrust::Trusted)),
        "TRUST_PARENT" => Some((path.parent()?, FolderTrust::Trusted)),
        // A word that is not known opens nothing.
        _ => Some((*path, FolderTrust::Untrusted)),
    });
    let length = |path: &Path| path.components().count();
    covered
        .filter(|(path, _)| path.is_absolute() && root.starts_with(path))
        .max_by_key(|(path, trust)| (length(path), *trust == FolderTrust::Untrusted))
        .map(|(_, trust)| trust)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_rule_that_covers_the_root_decides() {
        let rules = [
            (Path::new("/w"), "TRUST_FOLDER"),
            (Path::new("/w/bad"), "DO_NOT_TRUST"),
            (Path::new("/v/app"), "TRUST_PARENT"),
            (Path::new("/odd"), "TRUST_ALL"),
        ];
        let of = |root: &str| verdict(&rules, Path::new(root));
        assert_eq!(of("/w/app"), Some(FolderTrust::Trusted));
        assert_eq!(of("/w/bad/sub"), Some(FolderTrust::Untrusted));
        assert_eq!(of("/w/badly"), Some(FolderTrust::Trusted));
        assert_eq!(of("/v/other"), Some(FolderTrust::Trusted));
        assert_eq!(of("/odd"), Some(FolderTrust::Untrusted));
        assert_eq!(of("/x"), None);
    }
}
