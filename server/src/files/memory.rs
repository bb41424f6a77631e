//! A tree of files in memory, for tests.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Files, ReadError, TextFile};

/// A tree that holds exactly what a test put into it, and counts how often it was asked.
#[derive(Default)]
pub struct Memory {
    entries: BTreeMap<PathBuf, Entry>,
    probes: Cell<usize>,
}

#[derive(Clone)]
enum Entry {
    Text { text: String, open_to_others: bool },
    Bytes(Vec<u8>),
    Error(ReadError),
    Link(PathBuf),
}

impl Memory {
    /// A tree of these text files, all with mode 0600.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        files.into_iter().fold(Self::default(), |tree, (path, text)| tree.file(path, text))
    }

    /// Adds a text file with mode 0600.
    #[must_use]
    pub fn file(self, path: &str, text: &str) -> Self {
        self.with(path, Entry::Text { text: text.to_owned(), open_to_others: false })
    }

    /// Adds a text file with mode 0644.
    #[must_use]
    pub fn open_file(self, path: &str, text: &str) -> Self {
        self.with(path, Entry::Text { text: text.to_owned(), open_to_others: true })
    }

    /// Adds a file of bytes.
    #[must_use]
    pub fn bytes(self, path: &str, bytes: Vec<u8>) -> Self {
        self.with(path, Entry::Bytes(bytes))
    }

    /// Adds a file that cannot be read.
    #[must_use]
    pub fn error(self, path: &str, error: ReadError) -> Self {
        self.with(path, Entry::Error(error))
    }

    /// Adds a symbolic link to an absolute path.
    #[must_use]
    pub fn link(self, path: &str, target: &str) -> Self {
        self.with(path, Entry::Link(PathBuf::from(target)))
    }

    /// How many files were asked for.
    pub fn probes(&self) -> usize {
        self.probes.get()
    }

    fn with(mut self, path: &str, entry: Entry) -> Self {
        self.entries.insert(PathBuf::from(path), entry);
        self
    }

    fn follow(&self, path: &Path) -> PathBuf {
        for ancestor in path.ancestors() {
            if let Some(Entry::Link(target)) = self.entries.get(ancestor) {
                let rest = path.strip_prefix(ancestor).expect("an ancestor is a prefix");
                // `join("")` would add a slash.
                let next = if rest.as_os_str().is_empty() { target.clone() } else { target.join(rest) };
                return self.follow(&next);
            }
        }
        path.to_owned()
    }
}

impl Files for Memory {
    fn read(&self, path: &Path) -> Result<TextFile, ReadError> {
        self.probes.set(self.probes.get() + 1);
        let real_path = self.follow(path);
        match self.entries.get(&real_path) {
            Some(Entry::Text { text, open_to_others }) => {
                Ok(TextFile { text: text.clone(), real_path, open_to_others: *open_to_others })
            }
            Some(Entry::Error(error)) => Err(error.clone()),
            Some(Entry::Bytes(_)) => Err(ReadError::Io("it is not text".to_owned())),
            Some(Entry::Link(_)) | None => Err(ReadError::NotFound),
        }
    }

    fn read_system(&self, path: &Path) -> Result<TextFile, ReadError> {
        self.read(path)
    }

    fn read_bytes(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        match self.entries.get(&self.follow(path)) {
            Some(Entry::Bytes(bytes)) if bytes.len() as u64 > limit => Err(ReadError::TooLarge { limit }),
            Some(Entry::Bytes(bytes)) => Ok(bytes.clone()),
            Some(Entry::Text { text, .. }) => Ok(text.clone().into_bytes()),
            Some(Entry::Error(error)) => Err(error.clone()),
            Some(Entry::Link(_)) | None => Err(ReadError::NotFound),
        }
    }

    fn real_path(&self, path: &Path) -> Option<PathBuf> {
        let real = self.follow(path);
        self.entries.keys().any(|entry| entry.starts_with(&real)).then_some(real)
    }
}
