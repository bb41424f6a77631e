//! Where a Qwen OAuth session is stored: Qwen Code's file, or one entry of the keyring. The same text in both.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::auth::error::Error;
use crate::auth::keyring::{Keyring, OAUTH_ACCOUNT};
use crate::auth::lock::Lock;
use crate::auth::{atomic, words_of};
use crate::secret::Secret;

/// A real one has two kilobytes.
const LARGEST_FILE: u64 = 1024 * 1024;

/// One of the two places.
#[derive(Clone, Debug)]
pub(super) enum Place {
    File { path: PathBuf, lock: PathBuf },
    Keyring { keyring: Keyring, lock: PathBuf },
}

impl Place {
    /// How a person would name it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::File { path, .. } => path.display().to_string(),
            Self::Keyring { .. } => "the keyring".to_owned(),
        }
    }

    /// The stored text, or none.
    pub(super) async fn read(&self) -> Result<Option<Secret>, Error> {
        match self {
            Self::File { path, .. } => on_disk(path, read_file).await,
            Self::Keyring { keyring, .. } => Ok(keyring.get(OAUTH_ACCOUNT).await?),
        }
    }

    pub(super) async fn write(&self, text: &str) -> Result<(), Error> {
        match self {
            Self::File { path, .. } => {
                let text = text.to_owned();
                let written = on_disk(path, move |path| atomic::write(path, text.as_bytes())).await;
                written.map_err(|error| Error::Unwritable { place: self.name(), why: words_of(&error) })
            }
            Self::Keyring { keyring, .. } => Ok(keyring.set(OAUTH_ACCOUNT, &Secret::new(text)).await?),
        }
    }

    /// What a writer that was killed had wholly written but not yet put in place, latest first.
    pub(super) async fn leftovers(&self) -> Vec<Secret> {
        match self {
            Self::File { path, .. } => on_disk(path, leftovers).await,
            Self::Keyring { .. } => Vec::new(),
        }
    }

    /// Deletes what is stored, and says whether there was anything.
    pub(super) async fn delete(&self) -> Result<bool, Error> {
        match self {
            Self::File { path, .. } => on_disk(path, delete_file)
                .await
                .map_err(|error| Error::Undeletable { place: self.name(), why: words_of(&error) }),
            Self::Keyring { keyring, .. } => Ok(keyring.delete(OAUTH_ACCOUNT).await?),
        }
    }

    /// Waits for the lock that all who change this place take.
    pub(super) async fn lock(&self) -> Result<Lock, Error> {
        let (Self::File { lock, .. } | Self::Keyring { lock, .. }) = self;
        // If the directory cannot be made, the lock says so better.
        let _ = on_disk(lock, |lock| lock.parent().map(atomic::create_dir)).await;
        Ok(Lock::acquire(lock).await?)
    }
}

/// Waits for the disk off the event loop. Who stops waiting stops nothing that has begun.
async fn on_disk<T: Send + 'static>(path: &Path, act: impl FnOnce(&Path) -> T + Send + 'static) -> T {
    let path = path.to_owned();
    let done = tokio::task::spawn_blocking(move || act(&path)).await;
    done.expect("reading and writing files does not panic, and is not cancelled")
}

fn leftovers(path: &Path) -> Vec<Secret> {
    let Some(stored) = atomic::written(path) else { return Vec::new() };
    let dated = atomic::leftovers(path).into_iter().filter_map(|path| Some((atomic::written(&path)?, path)));
    let mut later: Vec<_> = dated.filter(|(written, _)| *written > stored).collect();
    later.sort();
    later.into_iter().rev().filter_map(|(_, path)| read_file(&path).ok().flatten()).collect()
}

fn delete_file(path: &Path) -> io::Result<bool> {
    for leftover in atomic::leftovers(path) {
        let _ = fs::remove_file(leftover);
    }
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Reads the credential file, unless it is something that would block or fill the memory.
pub(super) fn read_file(path: &Path) -> Result<Option<Secret>, Error> {
    let unreadable = |why: String| Error::UnreadableFile { path: path.to_owned(), why };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(words_of(&error))),
        Ok(meta) if !meta.is_file() => return Err(unreadable("it is not a regular file".to_owned())),
        Ok(meta) if meta.len() > LARGEST_FILE => return Err(unreadable("it is too large".to_owned())),
        Ok(_) => {}
    }
    match fs::read(path) {
        Ok(text) => Ok(Some(Secret::new(String::from_utf8_lossy(&text)))),
        // Deleted since the look at it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(words_of(&error))),
    }
}
