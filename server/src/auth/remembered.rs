//! A small JSON file that several server processes share: what the user chose.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::auth::{atomic, lock, lock::Lock, words_of};
use crate::files::{Disk, Files, ReadError, TEXT_LIMIT};

/// What a file holds, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded<T> {
    /// The content; the default where there is no file, or one that cannot be understood.
    pub value: T,
    /// Why the content is the default though a file is there. The next [`update`] sets that file aside.
    pub broken: Option<Error>,
}

/// What an update did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Updated<T> {
    /// The content that is on disk now.
    pub value: T,
    /// Where the previous file went, if it could not be understood. It is never thrown away.
    pub set_aside: Option<PathBuf>,
}

/// Why the file could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not JSON, or not what this version writes.
    #[error(
        "{path} cannot be understood ({why}); the next choice you make moves it to {path}.broken and starts anew",
        path = path.display()
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, column and reason; nothing of the content.
        why: String,
    },
    /// There, and not readable.
    #[error("{path} cannot be read ({why}); make it readable, or delete it", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// Not writable: the choice holds until this process ends.
    #[error("{path} cannot be written ({why}); the choice is not remembered", path = path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// Another process holds the file's lock.
    #[error(transparent)]
    Lock(#[from] lock::Error),
}

/// Reads the file, and waits for the disk. Never fails: what is wrong with it is part of the answer.
pub fn load<T: DeserializeOwned + Default>(path: &Path) -> Loaded<T> {
    match read(path) {
        Ok(value) => Loaded { value, broken: None },
        Err(error) => Loaded { value: T::default(), broken: Some(error) },
    }
}

/// Changes the file's content under its lock (`<path>.lock`), so that no process undoes what another has just chosen.
///
/// A file that cannot be understood is moved to `<path>.broken`, or the first free `<path>.broken-2` and so on.
///
/// The disk is waited for off the event loop. Who stops waiting stops no change that has begun.
pub async fn update<T>(path: &Path, change: impl FnOnce(&mut T) + Send + 'static) -> Result<Updated<T>, Error>
where
    T: Serialize + DeserializeOwned + Default + Send + 'static,
{
    let own = path.to_owned();
    let made = tokio::task::spawn_blocking(move || match own.parent() {
        Some(dir) => atomic::create_dir(dir).map_err(|error| unwritable(&own, &error)),
        None => Ok(()),
    });
    made.await.expect("making a directory does not panic, and is not cancelled")?;
    let lock = Lock::acquire(&beside(path, ".lock")).await?;
    let own = path.to_owned();
    let written = tokio::task::spawn_blocking(move || {
        let _lock = lock;
        rewrite(&own, change)
    });
    written.await.expect("changing a choice does not panic, and is not cancelled")
}

fn rewrite<T>(path: &Path, change: impl FnOnce(&mut T)) -> Result<Updated<T>, Error>
where
    T: Serialize + DeserializeOwned + Default,
{
    let unwritable = |error: io::Error| unwritable(path, &error);
    let (mut value, set_aside) = match read::<T>(path) {
        Ok(value) => (value, None),
        Err(Error::Malformed { .. }) => (T::default(), Some(set_aside(path).map_err(unwritable)?)),
        Err(error) => return Err(error),
    };
    change(&mut value);
    let mut text = serde_json::to_vec_pretty(&value).map_err(|error| unwritable(error.into()))?;
    text.push(b'\n');
    atomic::write(path, &text).map_err(unwritable)?;
    Ok(Updated { value, set_aside })
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    Error::Unwritable { path: path.to_owned(), why: words_of(error) }
}

fn read<T: DeserializeOwned + Default>(path: &Path) -> Result<T, Error> {
    match Disk.read_bytes(path, TEXT_LIMIT) {
        Ok(text) => serde_json::from_slice(&text).map_err(|error| Error::Malformed {
            path: path.to_owned(),
            // serde's own text may quote what it found.
            why: format!("line {}, column {}", error.line(), error.column()),
        }),
        Err(ReadError::NotFound) => Ok(T::default()),
        Err(error) => Err(Error::Unreadable { path: path.to_owned(), why: error.to_string() }),
    }
}

fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let free = (1..=u32::MAX)
        .map(|n| beside(path, &if n == 1 { ".broken".to_owned() } else { format!(".broken-{n}") }))
        .find(|candidate| fs::symlink_metadata(candidate).is_err())
        .expect("one of four thousand million names is free");
    fs::rename(path, &free)?;
    Ok(free)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    type Choices = BTreeMap<String, u32>;

    fn choose(choices: &mut Choices, what: &str, n: u32) {
        choices.insert(what.to_owned(), n);
    }

    #[tokio::test]
    async fn what_was_chosen_is_there_the_next_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/state.json");
        update(&path, |choices| choose(choices, "a", 1)).await.unwrap();
        let updated = update(&path, |choices| choose(choices, "b", 2)).await.unwrap();
        assert_eq!(updated.set_aside, None);
        assert_eq!(load(&path), Loaded { value: updated.value, broken: None });
        assert_eq!(load::<Choices>(&path).value, [("a".to_owned(), 1), ("b".to_owned(), 2)].into());
    }

    #[tokio::test]
    async fn a_broken_file_is_reported_and_set_aside_and_never_lost() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.json");
        for (text, aside) in [("{\"a\": 1", "state.json.broken"), ("[]", "state.json.broken-2")] {
            fs::write(&path, text).unwrap();
            let loaded = load::<Choices>(&path);
            assert_eq!(loaded.value, Choices::new());
            assert!(matches!(loaded.broken, Some(Error::Malformed { .. })));
            let updated = update(&path, |choices| choose(choices, "b", 2)).await.unwrap();
            assert_eq!(updated.set_aside, Some(dir.path().join(aside)));
            assert_eq!(fs::read_to_string(dir.path().join(aside)).unwrap(), text);
        }
    }

    #[test]
    fn processes_that_write_at_once_do_not_undo_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = &dir.path().join("state.json");
        // A runtime each, as processes have: what they share is the disk.
        std::thread::scope(|scope| {
            for writer in 0..8_u32 {
                scope.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                    runtime.block_on(async {
                        for n in 0..4_u32 {
                            update(path, move |choices| choose(choices, &format!("{writer}.{n}"), n)).await.unwrap();
                        }
                    });
                });
            }
        });
        assert_eq!(load::<Choices>(path).value.len(), 32);
    }

    #[tokio::test]
    async fn a_directory_that_cannot_be_made_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let path = dir.path().join("file/state.json");
        let error = update(&path, |_: &mut Choices| {}).await.unwrap_err();
        assert!(matches!(error, Error::Unwritable { .. }), "{error}");
    }
}
