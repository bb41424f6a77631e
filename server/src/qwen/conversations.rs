//! The conversations that are kept for a root: Markdown files in the state directory.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::Qwen;
use crate::auth::atomic;

/// The end of a conversation's name.
pub const SUFFIX: &str = ".qwen.md";

impl Qwen {
    /// The conversation of `root` that was changed last; none where there is none.
    pub async fn newest_conversation(&self, root: &Path) -> io::Result<Option<PathBuf>> {
        let directory = self.conversations(root)?;
        tokio::task::spawn_blocking(move || newest(&directory)).await.map_err(io::Error::other)
    }

    /// Begins a conversation of `root` with this text, for this user alone.
    pub async fn begin_conversation(&self, root: &Path, text: String) -> io::Result<PathBuf> {
        let directory = self.conversations(root)?;
        tokio::task::spawn_blocking(move || begin(&directory, &text)).await.map_err(io::Error::other)?
    }

    /// One directory a root, named so that a person finds it and no two roots share it.
    fn conversations(&self, root: &Path) -> io::Result<PathBuf> {
        let state = self.env.state_dir();
        let state = state.ok_or_else(|| io::Error::other("there is no home directory to keep it in"))?;
        let name = root.file_name().unwrap_or_default().to_string_lossy();
        let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, root.to_string_lossy().as_bytes()).simple().to_string();
        Ok(state.join("chats").join(format!("{name}-{}", &id[..8])))
    }
}

fn newest(directory: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(directory).ok()?.flatten().map(|entry| entry.path());
    let chats = entries.filter(|path| path.to_string_lossy().ends_with(SUFFIX));
    chats.max_by_key(|path| fs::metadata(path).and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH))
}

fn begin(directory: &Path, text: &str) -> io::Result<PathBuf> {
    atomic::create_dir(directory)?;
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string().replace(':', "-");
    for n in 1.. {
        let name = if n == 1 { format!("{now}{SUFFIX}") } else { format!("{now}-{n}{SUFFIX}") };
        let path = directory.join(name);
        match fs::File::create_new(&path) {
            Ok(mut file) => {
                file.write_all(text.as_bytes())?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    unreachable!("some number is free")
}
