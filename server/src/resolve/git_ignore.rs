//! Whether git ignores a file: reads the `.gitignore` files above it, and runs no git.

use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::git_index::{git_directory, work_tree};
use crate::files::Files;

/// What git would do with an untracked file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ignore {
    /// It is in no repository.
    NoRepository,
    /// `git add .` leaves it out.
    Ignored,
    /// `git add .` takes it.
    NotIgnored {
        /// The directory with `.git`, whose `.gitignore` could name the file.
        work_tree: PathBuf,
    },
}

/// What git would do with the file at `path`. `global` is the user's own list (`core.excludesFile`).
///
/// gitignore(5): the last match of the nearest list decides, lists in the tree come before `info/exclude` and that
/// before the user's own; a file in an ignored directory cannot be taken back.
pub fn ignore(files: &dyn Files, path: &Path, global: Option<&Path>) -> Ignore {
    let Some(work_tree) = work_tree(files, path) else { return Ignore::NoRepository };
    let Ok(below) = path.strip_prefix(work_tree) else { return Ignore::NoRepository };
    let exclude = git_directory(files, work_tree).map(|git| git.join("info/exclude"));
    let outer = exclude.iter().map(PathBuf::as_path).chain(global);
    let outer: Vec<Gitignore> = outer.filter_map(|list| read(files, list, work_tree)).collect();
    // The lists of the directories from the top down, as far as the walk has come.
    let mut inner: Vec<Gitignore> = Vec::new();
    let mut at = work_tree.to_owned();
    for part in below {
        inner.extend(read(files, &at.join(".gitignore"), &at));
        at.push(part);
        let is_directory = at != path;
        let verdict = inner.iter().rev().chain(&outer).map(|list| list.matched(&at, is_directory));
        if matches!(verdict.into_iter().find(|verdict| !verdict.is_none()), Some(Match::Ignore(_))) {
            return Ignore::Ignored;
        }
    }
    Ignore::NotIgnored { work_tree: work_tree.to_owned() }
}

/// The list in the file `list`, whose patterns are relative to `directory`. A line that is no pattern counts as none,
/// as for git.
fn read(files: &dyn Files, list: &Path, directory: &Path) -> Option<Gitignore> {
    let text = files.read(list).ok()?.text;
    let mut builder = GitignoreBuilder::new(directory);
    for line in text.lines() {
        // A broken pattern is left out by itself.
        let _ = builder.add_line(None, line);
    }
    builder.build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::memory::Memory;

    #[test]
    fn the_nearest_list_decides() {
        for (lists, is_ignored) in [
            (&[][..], false),
            (&[("/w/.gitignore", ".env\n")], true),
            (&[("/w/.gitignore", "# c\n\n*.log\n/.env\n")], false),
            (&[("/w/.gitignore", "/app/.qwen/\n")], true),
            (&[("/w/.gitignore", ".env\r\n")], true),
            (&[("/w/.gitignore", ".env\n"), ("/w/app/.gitignore", "!.env\n")], false),
            // gitignore(5): «It is not possible to re-include a file if a parent directory of that file is excluded».
            (&[("/w/.gitignore", "app/\n"), ("/w/app/.gitignore", "!.env\n")], true),
            (&[("/w/.git/info/exclude", ".env\n")], true),
            (&[("/w/.git/info/exclude", ".env\n"), ("/w/.gitignore", "!.env\n")], false),
            (&[("/home/me/ignore", "**/.qwen/.env\n")], true),
            (&[("/w/.gitignore", "!.env\n.en[v\n")], false),
        ] {
            let files = Memory::of([("/w/.git/HEAD", "x"), ("/w/app/.qwen/.env", "")]);
            let files = lists.iter().fold(files, |files, (path, text)| files.file(path, text));
            let verdict = ignore(&files, Path::new("/w/app/.qwen/.env"), Some(Path::new("/home/me/ignore")));
            assert_eq!(verdict == Ignore::Ignored, is_ignored, "{lists:?}");
        }
    }

    #[test]
    fn outside_a_repository_there_is_nothing_to_ignore() {
        let files = Memory::of([("/w/.env", ""), ("/w/.gitignore", ".env")]);
        assert_eq!(ignore(&files, Path::new("/w/.env"), None), Ignore::NoRepository);
    }
}
