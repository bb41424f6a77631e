//! Which files are kept from a model that was not asked about them: those that `.gitignore` or `.qwenignore` excludes.

use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::files::{Disk, Files, read_source};
use crate::lsp::context::holds_secrets;

/// The files with patterns of what is excluded. In one directory, the later one has the last word of the two.
const NAMES: [&str; 2] = [".gitignore", ".qwenignore"];

/// Whether the file at `path` may be shown to a model as context. Reads the disk.
///
/// A link is as private as what it leads to, and one that leads out of the root is another's.
pub fn may_be_shown(root: &Path, path: &Path) -> bool {
    if holds_secrets(path) || is_excluded(root, path) {
        return false;
    }
    match (Disk.real_path(root), Disk.real_path(path)) {
        (Some(root), Some(path)) => path.starts_with(&root) && !holds_secrets(&path) && !is_excluded(&root, &path),
        // It was not saved yet.
        _ => true,
    }
}

/// As git does it: each directory above the file, from the top, then the file; a pattern nearer to it comes first.
fn is_excluded(root: &Path, path: &Path) -> bool {
    let top = repository(root).unwrap_or(root);
    let Ok(below) = path.strip_prefix(top) else { return false };
    let directories: Vec<PathBuf> = below.ancestors().skip(1).map(|directory| top.join(directory)).collect();
    // The nearest first, as `ancestors` has it.
    let patterns: Vec<Vec<Gitignore>> = NAMES
        .iter()
        .map(|name| directories.iter().filter_map(|directory| patterns(directory, name)).collect())
        .collect();
    let mut steps: Vec<&Path> = below.ancestors().filter(|step| !step.as_os_str().is_empty()).collect();
    steps.reverse();
    steps.into_iter().map(|step| top.join(step)).any(|step| {
        let is_directory = step != path;
        patterns.iter().any(|files| {
            let applying = files.iter().filter(|file| step.starts_with(file.path()) && step != file.path());
            let matches = applying.map(|file| file.matched(&step, is_directory));
            matches.into_iter().find(|found| !found.is_none()).is_some_and(|found| matches!(found, Match::Ignore(_)))
        })
    })
}

/// The directory of the git repository that `root` is in: its patterns hold below.
fn repository(root: &Path) -> Option<&Path> {
    root.ancestors().find(|directory| directory.join(".git").exists())
}

fn patterns(directory: &Path, name: &str) -> Option<Gitignore> {
    let text = read_source(&directory.join(name)).ok()?;
    let mut builder = GitignoreBuilder::new(directory);
    for line in text.lines() {
        // A line that is no pattern excludes nothing; the others still do.
        let _ = builder.add_line(None, line);
    }
    builder.build().ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a temporary directory");
        for (name, text) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().expect("it is below")).expect("writable");
            fs::write(path, text).expect("writable");
        }
        directory
    }

    #[test]
    fn both_files_exclude_and_the_nearest_has_the_last_word() {
        let tree = tree(&[
            (".git/HEAD", ""),
            (".gitignore", "*.log\n/build/\n[\n"),
            ("app/.gitignore", "!keep.log\n"),
            ("app/.qwenignore", "secret/\n*.pem\n"),
            ("app/build/a.rs", ""),
        ]);
        let shown = |name: &str| may_be_shown(&tree.path().join("app"), &tree.path().join("app").join(name));
        for (name, expected) in [
            ("a.rs", true),
            ("a.log", false),
            ("keep.log", true),
            ("secret/a.rs", false),
            ("deep/secret/a.rs", false),
            ("build/a.rs", true),
            ("key.pem", false),
            (".env", false),
            (".env.local", false),
        ] {
            assert_eq!(shown(name), expected, "{name}");
        }
        assert!(!may_be_shown(tree.path(), &tree.path().join("build/a.rs")));
    }

    #[test]
    fn a_file_below_an_excluded_directory_cannot_be_included_again() {
        let tree = tree(&[(".gitignore", "out/\n"), ("out/.gitignore", "!a.rs\n"), ("out/a.rs", "")]);
        assert!(!may_be_shown(tree.path(), &tree.path().join("out/a.rs")));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_as_private_as_what_it_leads_to() {
        let tree = tree(&[("one/.env", "K=1"), ("two/a.rs", ""), ("one/.gitignore", "hidden\n"), ("one/hidden", "")]);
        let one = tree.path().join("one");
        for target in ["one/.env", "two/a.rs", "one/hidden"] {
            let link = one.join("link.rs");
            std::os::unix::fs::symlink(tree.path().join(target), &link).expect("a link can be made");
            assert!(!may_be_shown(&one, &link), "{target}");
            fs::remove_file(link).expect("it was just made");
        }
    }
}
