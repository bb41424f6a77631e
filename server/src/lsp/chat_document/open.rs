//! `qwen.chat`: opens the newest conversation of a root, or begins one.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tower_lsp::ls_types::request::ShowDocument;
use tower_lsp::ls_types::{MessageType, ShowDocumentParams};

use super::{SUFFIX, format};
use crate::lsp::backend::Backend;
use crate::lsp::roots::Root;
use crate::transport::ask;

/// How long an editor may take to show a document.
const LIMIT: Duration = Duration::from_secs(10);

/// Opens a conversation of `root`: a new one with `prompt`, or without one the newest there is.
pub async fn open(backend: &Backend, root: &Root, prompt: Option<String>) -> io::Result<()> {
    let state = backend.qwen.state_dir().ok_or_else(|| io::Error::other("there is no home directory to keep it in"))?;
    let path = root.path.clone();
    let document = tokio::task::spawn_blocking(move || find_or_begin(&state, &path, prompt.as_deref()));
    let document = document.await.map_err(io::Error::other)??;
    let shown = match url::Url::from_file_path(&document).ok().and_then(|url| url.as_str().parse().ok()) {
        Some(uri) => {
            let params = ShowDocumentParams { uri, external: Some(false), take_focus: Some(true), selection: None };
            ask::<ShowDocument>(&backend.client, params, LIMIT).await.is_some_and(|shown| shown.success)
        }
        None => false,
    };
    if !shown {
        let message = format!("open {} to chat, and send it with `qwen.chatSend`", document.display());
        backend.client.show_message(MessageType::INFO, message).await;
    }
    Ok(())
}

fn find_or_begin(state: &Path, root: &Path, prompt: Option<&str>) -> io::Result<PathBuf> {
    let directory = directory(state, root);
    match (prompt, newest(&directory)) {
        (None, Some(newest)) => Ok(newest),
        (prompt, _) => begin(&directory, root, prompt.unwrap_or_default()),
    }
}

/// One directory a root, named so that a person finds it and no two roots share it.
fn directory(state: &Path, root: &Path) -> PathBuf {
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, root.to_string_lossy().as_bytes()).simple().to_string();
    state.join("chats").join(format!("{name}-{}", &id[..8]))
}

fn newest(directory: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(directory).ok()?.flatten().map(|entry| entry.path());
    let chats = entries.filter(|path| path.to_string_lossy().ends_with(SUFFIX));
    chats.max_by_key(|path| fs::metadata(path).and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH))
}

fn begin(directory: &Path, root: &Path, prompt: &str) -> io::Result<PathBuf> {
    crate::auth::atomic::create_dir(directory)?;
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string().replace(':', "-");
    let text = format::template(&root.to_string_lossy(), prompt);
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
