//! One `.env` as a root sees it, with the text that an editor has and nobody has saved yet.

use std::path::{Path, PathBuf};

use super::discover::{self, Discovered};
use super::notes::Notes;
use super::{Inputs, OriginKind, Resolution, settings, trusted_settings, variables};
use crate::files::{Files, ReadError, TextFile};

/// What a root makes of one file.
#[derive(Clone, Debug)]
pub struct View {
    /// What is decided for the root, as if the text had been saved.
    pub resolution: Resolution,
    /// What the file is for the root.
    pub standing: Standing,
    /// The names that this file may not set.
    pub excluded: Vec<String>,
    /// The variables that hold a key because an entry of `modelProviders` says so.
    pub env_keys: Vec<String>,
}

/// What a file is for a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is the one file that is read.
    InForce,
    /// It would be read, and another one is found before it.
    Shadowed {
        /// That one.
        by: PathBuf,
    },
    /// The root's search does not come to it, or does not take it.
    NotRead,
}

/// What the root of `inputs` makes of the file at `path` with this text.
pub fn view(inputs: &Inputs<'_>, path: &Path, text: &str) -> View {
    let files = Unsaved { saved: inputs.files, path, text };
    let inputs = Inputs { files: &files, ..*inputs };
    let resolution = super::resolve(&inputs);
    let mut unsaid = Notes::default();
    let (settings, trust) = trusted_settings(&inputs, &mut unsaid);
    let entries = settings::providers(&settings).map_or(&[][..], |(_, entries)| entries);
    let env_keys: Vec<String> = entries.iter().filter_map(|entry| entry.env_key.clone()).collect();
    let known = |name: &str| variables::is_known(name) || env_keys.iter().any(|key| key == name);
    let home_files = discover::home_files(&inputs);
    let mut is_plain = path.parent().and_then(Path::file_name).is_none_or(|name| name != ".qwen");
    is_plain &= !home_files.iter().any(|home| home == path);
    let standing = match discover::discover(&inputs, trust, &known, &mut unsaid) {
        Discovered::File(file) if file.path == path => {
            is_plain &= file.kind == OriginKind::ProjectFile;
            Standing::InForce
        }
        Discovered::File(file) if is_candidate(&inputs, path, &home_files) => Standing::Shadowed { by: file.path },
        Discovered::File(_) | Discovered::Unreadable | Discovered::Nothing => Standing::NotRead,
    };
    let excluded = if is_plain { settings::excluded(&settings) } else { Vec::new() };
    View { resolution, standing, excluded, env_keys }
}

fn is_candidate(inputs: &Inputs<'_>, path: &Path, home_files: &[PathBuf]) -> bool {
    let on_the_way = |directory: &Path| directory.join(".qwen/.env") == path || directory.join(".env") == path;
    home_files.iter().any(|home| home == path) || inputs.root.ancestors().any(on_the_way)
}

/// The files, with one text in the place of what is saved.
struct Unsaved<'a> {
    saved: &'a dyn Files,
    path: &'a Path,
    text: &'a str,
}

impl Files for Unsaved<'_> {
    fn read(&self, path: &Path) -> Result<TextFile, ReadError> {
        if path != self.path {
            return self.saved.read(path);
        }
        match self.saved.read(path) {
            Ok(saved) => Ok(TextFile { text: self.text.to_owned(), ..saved }),
            Err(ReadError::NotFound) => {
                let parent = path.parent().and_then(|parent| self.saved.real_path(parent));
                let real_path = parent.zip(path.file_name()).map(|(parent, name)| parent.join(name));
                let real_path = real_path.unwrap_or_else(|| path.to_owned());
                Ok(TextFile { text: self.text.to_owned(), real_path, open_to_others: false })
            }
            // A pipe or another user's file is not read, whatever an editor shows of it.
            Err(error) => Err(error),
        }
    }

    fn read_system(&self, path: &Path) -> Result<TextFile, ReadError> {
        self.saved.read_system(path)
    }

    fn read_bytes(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        self.saved.read_bytes(path, limit)
    }

    fn real_path(&self, path: &Path) -> Option<PathBuf> {
        self.saved.real_path(path)
    }
}
