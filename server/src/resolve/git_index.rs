//! Whether git tracks a file that holds a key: reads the names in `.git/index`, and runs no git.

use std::path::{Path, PathBuf};

use super::{Problem, ProblemKind};
use crate::files::{Files, ReadError};

/// The largest index that is read, in bytes.
const INDEX_LIMIT: u64 = 64 * 1024 * 1024;

/// A path in a `.git` file or `commondir`, in bytes.
const POINTER_LIMIT: u64 = 4096;

/// The problem that a file with a key is tracked by git, if it is. For a status, not for every request: an index may
/// have many entries.
pub fn git_problem(files: &dyn Files, path: &Path) -> Option<Problem> {
    // One look per directory: its real path would take one for each directory above it.
    let is_there = |git: &Path| !matches!(files.read_bytes(git, POINTER_LIMIT), Err(ReadError::NotFound));
    let work_tree = path.ancestors().skip(1).find(|directory| is_there(&directory.join(".git")))?;
    let index = files.read_bytes(&git_directory(files, work_tree)?.join("index"), INDEX_LIMIT).ok()?;
    // The index's names have slashes on every system.
    let name = path.strip_prefix(work_tree).ok()?;
    let name = name.iter().map(|part| part.to_str()).collect::<Option<Vec<_>>>()?.join("/");
    if !names_file(&index, name.as_bytes()) {
        return None;
    }
    let message = format!(
        "{0} holds a key and is tracked by git; run `git rm --cached {0}`, add it to .gitignore, and replace the key \
         if it was ever pushed",
        path.display()
    );
    Some(Problem::new(ProblemKind::TrackedByGit, message).in_file(path))
}

/// The directory of the work tree's index: `.git`, or where a `.git` file of a worktree or a submodule points to.
fn git_directory(files: &dyn Files, work_tree: &Path) -> Option<PathBuf> {
    let git = work_tree.join(".git");
    let Ok(pointer) = files.read_bytes(&git, POINTER_LIMIT) else { return Some(git) };
    let pointer = String::from_utf8(pointer).ok()?;
    Some(work_tree.join(pointer.strip_prefix("gitdir:")?.trim()))
}

/// Whether an index (gitformat-index, versions 2 to 4) has an entry of this name. A broken index has none.
fn names_file(index: &[u8], wanted: &[u8]) -> bool {
    entries(index, |name| name == wanted).unwrap_or(false)
}

/// Whether `is_wanted` holds for an entry's name; none where the index ends too early or is of another kind.
fn entries(index: &[u8], is_wanted: impl Fn(&[u8]) -> bool) -> Option<bool> {
    let number = |at: usize| Some(u32::from_be_bytes(index.get(at..at + 4)?.try_into().ok()?));
    let version = number(4)?;
    if index.get(..4)? != b"DIRC" || !(2..=4).contains(&version) {
        return None;
    }
    let mut at = 12;
    let mut previous: Vec<u8> = Vec::new();
    for _ in 0..number(8)? {
        // Ten numbers of stat data and 20 bytes of object name; SHA-256 repositories have 32 there and are not read.
        let flags_at = at + 60;
        let flags = u16::from_be_bytes(index.get(flags_at..flags_at + 2)?.try_into().ok()?);
        let is_extended = version >= 3 && flags & 0x4000 != 0;
        let name_at = flags_at + if is_extended { 4 } else { 2 };
        if version == 4 {
            // Version 4 says how much of the previous name to drop, and then what follows.
            let (dropped, suffix_at) = variable_width(index, name_at)?;
            let length = index.get(suffix_at..)?.iter().position(|byte| *byte == 0)?;
            previous.truncate(previous.len().checked_sub(dropped)?);
            previous.extend_from_slice(&index[suffix_at..suffix_at + length]);
            if is_wanted(&previous) {
                return Some(true);
            }
            at = suffix_at + length + 1;
        } else {
            let length = index.get(name_at..)?.iter().position(|byte| *byte == 0)?;
            if is_wanted(&index[name_at..name_at + length]) {
                return Some(true);
            }
            // One to eight NULs, so that an entry's size is a multiple of eight.
            at += (name_at + length - at + 8) & !7;
        }
    }
    Some(false)
}

/// The variable width encoding of pack files' offsets: seven bits a byte, and one is added at each continuation.
fn variable_width(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut byte = *bytes.get(at)?;
    let mut value = usize::from(byte & 0x7f);
    while byte & 0x80 != 0 {
        at += 1;
        byte = *bytes.get(at)?;
        value = value.checked_add(1)?.checked_mul(128)?.checked_add(usize::from(byte & 0x7f))?;
    }
    Some((value, at + 1))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;
    use crate::files::Disk;
    use crate::files::memory::Memory;

    /// Runs git without the user's or the system's configuration; no git, no test.
    fn git(directory: &Path, arguments: &[&str]) -> bool {
        let mut git = Command::new("git");
        git.current_dir(directory).args(["-c", "user.name=t", "-c", "user.email=t@t"]).args(arguments);
        // A hook that runs the tests has set these.
        git.env_remove("GIT_DIR").env_remove("GIT_INDEX_FILE").env_remove("GIT_WORK_TREE");
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        git.output().is_ok_and(|output| output.status.success())
    }

    #[test]
    fn a_tracked_file_is_recognised_in_every_version_of_the_index() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::create_dir_all(root.join("app/.qwen")).unwrap();
        for name in ["README", "app/.env", "app/.env.example", "app/.qwen/.env", "z"] {
            std::fs::write(root.join(name), name).unwrap();
        }
        if !git(root, &["init", "-q"]) {
            return;
        }
        assert!(git(root, &["add", "-f", "README", "app/.qwen/.env", "app/.env.example", "z"]));
        // An intent to add needs the extended flags of version 3.
        for arguments in [
            &["update-index", "--index-version", "2"][..],
            &["add", "-fN", "app/new"],
            &["update-index", "--index-version", "4"],
        ] {
            std::fs::write(root.join("app/new"), "").unwrap();
            assert!(git(root, arguments));
            let problem = git_problem(&Disk, &root.join("app/.qwen/.env")).unwrap();
            assert_eq!(problem.kind, ProblemKind::TrackedByGit);
            assert_eq!(git_problem(&Disk, &root.join("app/.env")), None);
        }
    }

    #[test]
    fn a_worktree_has_an_index_of_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let main = directory.path().join("main");
        std::fs::create_dir(&main).unwrap();
        std::fs::write(main.join(".env"), "").unwrap();
        if !git(&main, &["init", "-q"]) {
            return;
        }
        assert!(git(&main, &["add", ".env"]) && git(&main, &["commit", "-qm", "t"]));
        assert!(git(&main, &["worktree", "add", "-q", "../other"]));
        assert!(git_problem(&Disk, &directory.path().join("other/.env")).is_some());
        assert!(git(&directory.path().join("other"), &["rm", "-q", "--cached", ".env"]));
        assert!(git_problem(&Disk, &directory.path().join("other/.env")).is_none());
        assert!(git_problem(&Disk, &main.join(".env")).is_some());
    }

    #[test]
    fn outside_a_repository_nothing_is_tracked() {
        let files = Memory::of([("/p/.env", "A=1")]);
        assert_eq!(git_problem(&files, Path::new("/p/.env")), None);
    }

    proptest! {
        #[test]
        fn a_broken_index_names_nothing_and_breaks_nothing(
            version in 0_u8..6, count in 0_u8..4, rest in proptest::collection::vec(any::<u8>(), 0..300)
        ) {
            let mut index = b"DIRC\0\0\0".to_vec();
            index.extend([version, 0, 0, 0, count]);
            index.extend(rest);
            let _ = names_file(&index, b".env");
        }
    }
}
