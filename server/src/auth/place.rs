//! Where a Qwen OAuth session is stored: Qwen Code's file, or one entry of the keyring. The same text in both.

use std::fs;
use std::io;
use std::path::PathBuf;

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
            Self::File { path, .. } => read_file(path),
            Self::Keyring { keyring, .. } => Ok(keyring.get(OAUTH_ACCOUNT).await?),
        }
    }

    pub(super) async fn write(&self, text: &str) -> Result<(), Error> {
        match self {
            Self::File { path, .. } => atomic::write(path, text.as_bytes())
                .map_err(|error| Error::Unwritable { place: self.name(), why: words_of(&error) }),
            Self::Keyring { keyring, .. } => Ok(keyring.set(OAUTH_ACCOUNT, &Secret::new(text)).await?),
        }
    }

    /// What a writer that was killed had wholly written but not yet put in place, latest first.
    pub(super) fn leftovers(&self) -> Vec<Secret> {
        let Self::File { path, .. } = self else { return Vec::new() };
        let Some(stored) = atomic::written(path) else { return Vec::new() };
        let dated = atomic::leftovers(path).into_iter().filter_map(|path| Some((atomic::written(&path)?, path)));
        let mut later: Vec<_> = dated.filter(|(written, _)| *written > stored).collect();
        later.sort();
        later.into_iter().rev().filter_map(|(_, path)| read_file(&path).ok().flatten()).collect()
    }

    /// Deletes what is stored, and says whether there was anything.
    pub(super) async fn delete(&self) -> Result<bool, Error> {
        if let Self::File { path, .. } = self {
            for leftover in atomic::leftovers(path) {
                let _ = fs::remove_file(leftover);
            }
        }
        match self {
            Self::File { path, .. } => match fs::remove_file(path) {
                Ok(()) => Ok(true),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
                Err(error) => Err(Error::Undeletable { place: self.name(), why: words_of(&error) }),
            },
            Self::Keyring { keyring, .. } => Ok(keyring.delete(OAUTH_ACCOUNT).await?),
        }
    }

    /// Waits for the lock that all who change this place take.
    pub(super) async fn lock(&self) -> Result<Lock, Error> {
        let (Self::File { lock, .. } | Self::Keyring { lock, .. }) = self;
        if let Some(dir) = lock.parent() {
            // If it cannot be made, the lock says so better.
            let _ = atomic::create_dir(dir);
        }
        Ok(Lock::acquire(lock).await?)
    }
}

/// Reads the credential file, unless it is something that would block or fill the memory.
pub(super) fn read_file(path: &std::path::Path) -> Result<Option<Secret>, Error> {
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
