//! Where something may be missing: one place of one document, taken in message order, and what a model is shown of it.

use std::path::PathBuf;

use tower_lsp::ls_types::{Position, Range, Uri};

use super::cache::Around;
use super::exclusion::may_be_shown;
use crate::chat::Gap;
use crate::lsp::chat_document::is_chat_document;
use crate::lsp::context::holds_secrets;
use crate::lsp::documents::Document;
use crate::lsp::roots::{Root, file_path};
use crate::lsp::session::Session;

/// As much text before and after the cursor as a model is shown, in bytes.
const BEFORE: usize = 8 << 10;
const AFTER: usize = 4 << 10;

/// As many other documents, and as much of each, in bytes.
const OTHERS: usize = 8;
const OTHER: usize = 4 << 10;

/// The longest suggestion, in tokens: what is longer is not read while typing.
const MAX_TOKENS: u32 = 128;

/// A place in an open document, with the documents around it as they were.
#[derive(Debug)]
pub struct Place {
    /// The root that the document belongs to.
    pub root: Root,
    /// The text around the cursor.
    pub around: Around,
    /// What a suggestion replaces: nothing, but for an item that is selected in the completion menu.
    pub range: Range,
    /// What is selected in the completion menu: a suggestion goes on from there.
    pub selected: String,
    /// How lines end in the document.
    pub line_break: &'static str,
    path: Option<PathBuf>,
    others: Vec<(PathBuf, Document)>,
}

impl Place {
    /// The place of a request. None where no suggestion is ever made: in a document that is not open, or is no file,
    /// or holds secrets, or is a conversation.
    pub fn take(session: &Session, uri: &Uri, position: Position, selected: Option<(Range, String)>) -> Option<Self> {
        let document = session.documents.snapshot(uri)?;
        let path = file_path(uri.as_str());
        if !is_shared(uri, &document) {
            return None;
        }
        let root = session.root_of(uri)?;
        let cursor = document.byte_of(position);
        let at = document.position_of(cursor);
        let (range, selected) = selected.unwrap_or((Range::new(at, at), String::new()));
        let (start, end) = (document.byte_of(range.start), document.byte_of(range.end));
        let mut before = document.before(start, BEFORE);
        before.push_str(&selected);
        let others = session.documents.others(uri).filter(|(uri, document)| is_shared(uri, document));
        let others = others.filter_map(|(uri, document)| {
            let path = file_path(uri.as_str())?;
            (session.roots.of_document(uri.as_str()).ok()?.path == root.path).then(|| (path, document.clone()))
        });
        Some(Self {
            around: Around { at: start + selected.len(), before, after: document.after(end, AFTER) },
            range: Range::new(document.position_of(start), document.position_of(end)),
            selected,
            line_break: if document.has_crlf() { "\r\n" } else { "\n" },
            others: others.take(OTHERS).collect(),
            path,
            root,
        })
    }

    /// What a model is shown: none where the document is kept from it. Reads the disk.
    pub fn gap(&self) -> Option<Gap> {
        if self.path.as_deref().is_some_and(|path| !may_be_shown(&self.root.path, path)) {
            return None;
        }
        let name =
            |path: &PathBuf| path.strip_prefix(&self.root.path).unwrap_or(path).to_string_lossy().replace('\\', "/");
        let others = self.others.iter().filter(|(path, _)| may_be_shown(&self.root.path, path));
        Some(Gap {
            prefix: unix_lines(&self.around.before),
            suffix: unix_lines(&self.around.after),
            path: self.path.as_ref().map(name),
            repo: self.root.path.file_name().map(|name| name.to_string_lossy().into_owned()),
            others: others.map(|(path, document)| (name(path), unix_lines(&document.after(0, OTHER)))).collect(),
            max_tokens: MAX_TOKENS,
        })
    }

    /// A model's text as it goes into the document: lines end as they do there, and in the middle of a line there is
    /// only the rest of that line.
    pub fn fit(&self, text: &str) -> String {
        let rest_of_line = self.around.after.lines().next().unwrap_or_default();
        let closes = |c: char| c.is_whitespace() || matches!(c, ')' | ']' | '}' | '>' | ';' | ',' | '"' | '\'' | '`');
        let text = if rest_of_line.chars().all(closes) { text } else { text.lines().next().unwrap_or_default() };
        unix_lines(text).replace('\n', self.line_break)
    }
}

/// Whether a document may be shown to a model at all: a file, or one to be, that is no secret and no conversation.
pub fn is_shared(uri: &Uri, document: &Document) -> bool {
    let path = file_path(uri.as_str());
    let is_known = path.is_some() || uri.as_str().starts_with("untitled:");
    let is_private = document.language_id == "dotenv" || path.as_deref().is_some_and(holds_secrets);
    is_known && !is_private && !is_chat_document(uri.as_str())
}

fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

#[cfg(all(test, unix))]
mod tests {
    use serde_json::json;
    use tower_lsp::ls_types::TextDocumentItem;

    use super::*;

    fn uri(path: &str) -> Uri {
        format!("file://{path}").parse().expect("a URI")
    }

    fn session(documents: &[(&str, &str, &str)]) -> Session {
        let folders = json!([{ "uri": "file:///w/one", "name": "one" }, { "uri": "file:///w/two", "name": "two" }]);
        let params = serde_json::from_value(json!({ "capabilities": {}, "workspaceFolders": folders }));
        let mut session = Session::new("/start".into());
        session.initialize(&params.expect("valid params"));
        for (path, language_id, text) in documents {
            session.documents.open(TextDocumentItem {
                uri: uri(path),
                language_id: (*language_id).to_owned(),
                version: 1,
                text: (*text).to_owned(),
            });
        }
        session
    }

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    #[test]
    fn a_place_is_right_in_utf_16_and_clamped_beyond_the_end() {
        let session = session(&[("/w/one/a.rs", "rust", "密🙂x\r\nlast")]);
        let place = |line, character| {
            let place = Place::take(&session, &uri("/w/one/a.rs"), at(line, character), None).expect("a place");
            (place.around.before, place.range.start, place.around.after)
        };
        assert_eq!(place(0, 3), ("密🙂".to_owned(), at(0, 3), "x\r\nlast".to_owned()));
        assert_eq!(place(0, 99), ("密🙂x".to_owned(), at(0, 4), "\r\nlast".to_owned()));
        assert_eq!(place(99, 0), ("密🙂x\r\nlast".to_owned(), at(1, 4), String::new()));
    }

    #[test]
    fn an_item_that_is_selected_in_the_menu_counts_as_typed() {
        let session = session(&[("/w/one/a.js", "javascript", "console.;\n")]);
        let selected = Some((Range::new(at(0, 7), at(0, 8)), ".log".to_owned()));
        let place = Place::take(&session, &uri("/w/one/a.js"), at(0, 8), selected).expect("a place");
        assert_eq!((place.around.before.as_str(), place.around.after.as_str()), ("console.log", ";\n"));
        assert_eq!(place.around.at, 11);
        assert_eq!(place.range, Range::new(at(0, 7), at(0, 8)));
    }

    #[test]
    fn a_model_sees_other_documents_of_the_same_root_and_no_secret() {
        let session = session(&[
            ("/w/one/old.rs", "rust", "old"),
            ("/w/two/b.rs", "rust", "other root"),
            ("/w/one/.env", "dotenv", "K=1"),
            ("/w/one/config", "dotenv", "K=1"),
            ("/w/one/talk.qwen.md", "markdown", "## You"),
            ("/elsewhere/c.rs", "rust", "no root"),
            ("/w/one/new.rs", "rust", "new\r\n"),
            ("/w/one/a.rs", "rust", "a\r\n"),
        ]);
        let place = Place::take(&session, &uri("/w/one/a.rs"), at(1, 0), None).expect("a place");
        let gap = place.gap().expect("it may be shown");
        let others: Vec<_> = gap.others.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        assert_eq!(others, [("new.rs", "new\n"), ("old.rs", "old")]);
        assert_eq!((gap.path.as_deref(), gap.repo.as_deref(), gap.prefix.as_str()), (Some("a.rs"), Some("one"), "a\n"));
    }

    #[test]
    fn nothing_is_shared_a_secret_a_conversation_or_what_is_no_file() {
        let session = session(&[
            ("/w/one/.env", "plaintext", ""),
            ("/w/one/.qwen/.env", "plaintext", ""),
            ("/w/one/settings", "dotenv", ""),
            ("/w/one/talk.qwen.md", "markdown", ""),
        ]);
        for path in ["/w/one/.env", "/w/one/.qwen/.env", "/w/one/settings", "/w/one/talk.qwen.md", "/w/one/closed.rs"] {
            assert!(Place::take(&session, &uri(path), at(0, 0), None).is_none(), "{path}");
        }
    }

    #[test]
    fn a_suggestion_fits_the_line_and_its_break() {
        let session = session(&[("/w/one/a.rs", "rust", "f()\r\ng(here, there)\r\n")]);
        let place =
            |line, character| Place::take(&session, &uri("/w/one/a.rs"), at(line, character), None).expect("a place");
        assert_eq!(place(0, 2).fit("x,\ny"), "x,\r\ny", "only a bracket follows");
        assert_eq!(place(1, 2).fit("x,\ny"), "x,", "text follows");
    }
}
