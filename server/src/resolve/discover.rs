//! Finds the one `.env` of a root: up to `/`, in each directory `.qwen/.env` then `.env`, and home only if there is none.

use std::path::{Path, PathBuf};

use super::env_file::EnvFile;
use super::folder_trust::FolderTrust;
use super::notes::Notes;
use super::{Inputs, Origin, OriginKind, Problem, ProblemKind, Scope};
use crate::files::{ReadError, TextFile};

/// How the search for a root's file ended.
pub(super) enum Discovered {
    /// With a file: nothing is merged, the first one found is the only one.
    File(EnvFile),
    /// At a file that is there and cannot be read: what stands behind it must not take its place in silence.
    Unreadable,
    /// With nothing.
    Nothing,
}

/// Searches for `root`'s file. `known` says which variables are read from a file at all.
pub(super) fn discover(
    inputs: &Inputs<'_>,
    trust: FolderTrust,
    known: &dyn Fn(&str) -> bool,
    notes: &mut Notes,
) -> Discovered {
    let home = inputs.env.home();
    let home_files = home_files(inputs);
    let mut passed_home = false;
    for directory in inputs.root.ancestors() {
        let at_home = Some(directory) == home.as_deref();
        passed_home |= at_home;
        let candidates =
            if at_home { home_files.clone() } else { vec![directory.join(".qwen/.env"), directory.join(".env")] };
        for path in candidates {
            // `.qwen` may be the global directory also where home is not on the way.
            let of_home = home_files.contains(&path);
            match read(inputs, &path, notes) {
                Read::Nothing => {}
                Read::Unreadable(_) if trust == FolderTrust::Untrusted && !of_home => {}
                Read::Unreadable(problem) => {
                    notes.problem(problem);
                    return Discovered::Unreadable;
                }
                Read::File(file) if of_home => {
                    return Discovered::File(EnvFile::of_home(path, &file, known, notes));
                }
                Read::File(file) => match place(inputs, directory, &path, &file, &home_files) {
                    Place::Home => return Discovered::File(EnvFile::of_home(path, &file, known, notes)),
                    Place::Inside | Place::Outside if trust == FolderTrust::Untrusted => {
                        let origin = Origin::new(OriginKind::ProjectFile, Scope::Project).in_file(path);
                        notes.ignored(origin, "the folder is not trusted (trustedFolders.json)");
                    }
                    Place::Inside => {
                        return Discovered::File(EnvFile::of_project(path, &file, Scope::Project, known, notes));
                    }
                    Place::Outside => {
                        return Discovered::File(EnvFile::of_project(path, &file, Scope::User, known, notes));
                    }
                },
            }
        }
    }
    if passed_home { Discovered::Nothing } else { discover_home(inputs, known, notes) }
}

/// Searches the home directory alone.
pub(super) fn discover_home(inputs: &Inputs<'_>, known: &dyn Fn(&str) -> bool, notes: &mut Notes) -> Discovered {
    for path in home_files(inputs) {
        match read(inputs, &path, notes) {
            Read::Nothing => {}
            Read::Unreadable(problem) => {
                notes.problem(problem);
                return Discovered::Unreadable;
            }
            Read::File(file) => return Discovered::File(EnvFile::of_home(path, &file, known, notes)),
        }
    }
    Discovered::Nothing
}

/// The home directory's files, first one first: the global directory's, then `~/.qwen/.env` and `~/.env`.
pub(super) fn home_files(inputs: &Inputs<'_>) -> Vec<PathBuf> {
    let global = inputs.env.qwen_home().map(|home| home.join(".env"));
    let own = inputs.env.home().into_iter().flat_map(|home| [home.join(".qwen/.env"), home.join(".env")]);
    let mut files: Vec<PathBuf> = global.into_iter().chain(own).collect();
    files.dedup();
    files
}

enum Read {
    Nothing,
    Unreadable(Problem),
    File(TextFile),
}

fn read(inputs: &Inputs<'_>, path: &Path, notes: &mut Notes) -> Read {
    match inputs.files.read(path) {
        Ok(file) => Read::File(file),
        Err(ReadError::NotFound | ReadError::Directory) => Read::Nothing,
        Err(ReadError::OtherOwner) => {
            let message = format!("{} belongs to another user, and counts as no file", path.display());
            notes.problem(Problem::new(ProblemKind::OtherOwner, message).in_file(path));
            Read::Nothing
        }
        Err(error @ (ReadError::Special | ReadError::TooLarge { .. } | ReadError::Io(_))) => {
            let message = format!(
                "{} is not read: {error}; no other file is looked for until it is repaired or deleted",
                path.display()
            );
            Read::Unreadable(Problem::new(ProblemKind::UnreadableFile, message).in_file(path))
        }
    }
}

/// Where a file that was found on the way up really is.
enum Place {
    /// Below the directory that it was found in.
    Inside,
    /// Elsewhere: a repository may hold a link to any file of the user's.
    Outside,
    /// It is one of home's files.
    Home,
}

fn place(inputs: &Inputs<'_>, directory: &Path, path: &Path, file: &TextFile, home_files: &[PathBuf]) -> Place {
    // A real path costs one look for each directory in it. Where the file's is the one that it was found by, there is no
    // link on the way, and its directory's is its own too.
    let is_inside = || inputs.files.real_path(directory).is_some_and(|real| file.real_path.starts_with(real));
    if file.real_path == path || is_inside() {
        // A root above home has home's files inside it, yet they are reached here by a link only.
        let is_home = |home: &PathBuf| *home == file.real_path;
        return if home_files.iter().any(is_home) { Place::Home } else { Place::Inside };
    }
    let is_home = |home: &PathBuf| inputs.files.real_path(home).as_ref() == Some(&file.real_path);
    if home_files.iter().any(is_home) { Place::Home } else { Place::Outside }
}
