//! Chat documents: Markdown files that are conversations, for every editor that can show a file.
//!
//! The user writes under `## You` and sends; the answer grows under `## Qwen`. The server changes the document only
//! around a marker of its own, so that nothing the user types is ever lost.

pub mod answers;
pub mod format;
pub mod open;
pub mod send;

mod writer;

use crate::qwen::conversations::SUFFIX;

/// Whether `uri` names a chat document.
pub fn is_chat_document(uri: &str) -> bool {
    uri.ends_with(SUFFIX)
}
