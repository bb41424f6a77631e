//! `qwen.chat`: opens the newest conversation of a root, or begins one.

use std::io;
use std::time::Duration;

use tower_lsp::ls_types::request::ShowDocument;
use tower_lsp::ls_types::{MessageType, ShowDocumentParams};

use super::format;
use crate::lsp::backend::Backend;
use crate::lsp::roots::Root;
use crate::transport::ask;

/// How long an editor may take to show a document.
const LIMIT: Duration = Duration::from_secs(10);

/// Opens a conversation of `root`: a new one with `prompt`, or without one the newest there is.
pub async fn open(backend: &Backend, root: &Root, prompt: Option<String>) -> io::Result<()> {
    let newest = match prompt {
        Some(_) => None,
        None => backend.qwen.newest_conversation(&root.path).await?,
    };
    let document = if let Some(newest) = newest {
        newest
    } else {
        let text = format::template(&root.path.to_string_lossy(), &prompt.unwrap_or_default());
        backend.qwen.begin_conversation(&root.path, text).await?
    };
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
