//! The documents that are open in the editor, as the editor has them, unsaved text included.
//!
//! A rope: an edit of a 20 MB document costs microseconds, and so does a snapshot, which later edits leave alone.

use std::collections::HashMap;

use ropey::Rope;
use tower_lsp::ls_types::{DidChangeTextDocumentParams, Position, Range, TextDocumentItem, Uri};

use super::position::Encoding;
use crate::transport::memory;

/// The open documents.
#[derive(Debug, Default)]
pub struct Documents {
    encoding: Encoding,
    open: HashMap<Uri, Document>,
    /// The document that was opened or changed last stands last.
    recent: Vec<Uri>,
}

/// A document as it was at one version.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its language, such as `rust`.
    pub language_id: String,
    /// Its version, as the editor counts.
    pub version: i32,
    encoding: Encoding,
    text: Rope,
}

impl Documents {
    /// No documents; positions in them count in `encoding`.
    pub fn new(encoding: Encoding) -> Self {
        Self { encoding, ..Self::default() }
    }

    /// `textDocument/didOpen`. A document that is open already is replaced: the editor has the last word.
    pub fn open(&mut self, item: TextDocumentItem) {
        let TextDocumentItem { uri, language_id, version, text } = item;
        let text = if text.len() > memory::LARGE {
            memory::at_the_end(|| Rope::from_str(&text))
        } else {
            Rope::from_str(&text)
        };
        self.touch(&uri);
        self.open.insert(uri, Document { language_id, version, encoding: self.encoding, text });
    }

    /// `textDocument/didChange`, in the order of its changes. A document that is not open is left alone.
    pub fn change(&mut self, params: DidChangeTextDocumentParams) {
        let Some(document) = self.open.get_mut(&params.text_document.uri) else { return };
        document.version = params.text_document.version;
        for change in params.content_changes {
            document.edit(change.range, &change.text);
        }
        self.touch(&params.text_document.uri);
    }

    /// `textDocument/didClose`.
    pub fn close(&mut self, uri: &Uri) {
        self.recent.retain(|open| open != uri);
        let closed = self.open.remove(uri);
        let was_large = closed.as_ref().is_some_and(|document| document.len() > memory::LARGE);
        drop(closed);
        if was_large {
            memory::give_back();
        }
    }

    /// The document that was opened or changed last, of those whose URI is `wanted`.
    pub fn last_changed(&self, wanted: impl Fn(&Uri) -> bool) -> Option<Uri> {
        self.recent.iter().rev().find(|uri| wanted(uri)).cloned()
    }

    /// Every open document but this one, the one that was opened or changed last first.
    pub fn others<'a>(&'a self, uri: &'a Uri) -> impl Iterator<Item = (&'a Uri, &'a Document)> {
        let others = self.recent.iter().rev().filter(move |other| *other != uri);
        others.filter_map(|other| Some((other, self.open.get(other)?)))
    }

    fn touch(&mut self, uri: &Uri) {
        if self.recent.last() != Some(uri) {
            self.recent.retain(|open| open != uri);
            self.recent.push(uri.clone());
        }
    }

    /// The document as it is now, if it is open. Cheap: the text is shared until it changes.
    pub fn snapshot(&self, uri: &Uri) -> Option<Document> {
        self.open.get(uri).cloned()
    }
}

impl Document {
    /// A document that is not open, such as a file that was just read.
    pub fn new(text: &str, encoding: Encoding) -> Self {
        Self { language_id: String::new(), version: 0, encoding, text: Rope::from_str(text) }
    }

    /// The whole text, line breaks as the editor sent them.
    pub fn text(&self) -> String {
        self.text.to_string()
    }

    /// The text between the two ends of a range; ends beyond the text are clamped to it.
    pub fn text_in(&self, range: Range) -> String {
        self.text.slice(self.encoding.chars_of(&self.text, range)).to_string()
    }

    /// The byte at which `position` lies; beyond the end of a line or of the text, it is that end.
    pub fn byte_of(&self, position: Position) -> usize {
        self.encoding.byte_of(&self.text, position)
    }

    /// Where a byte of the text lies; within a character, that character's start.
    pub fn position_of(&self, byte: usize) -> Position {
        self.encoding.position_of(&self.text, self.text.byte_to_char(byte.min(self.len())))
    }

    /// Up to `limit` bytes of text that end at `byte`, in whole characters.
    pub fn before(&self, byte: usize, limit: usize) -> String {
        let end = self.text.byte_to_char(byte.min(self.len()));
        let start = self.text.byte_to_char(byte.min(self.len()).saturating_sub(limit));
        self.text.slice(start..end).to_string()
    }

    /// Up to `limit` bytes of text from `byte` on, in whole characters.
    pub fn after(&self, byte: usize, limit: usize) -> String {
        let start = self.text.byte_to_char(byte.min(self.len()));
        let end = self.text.byte_to_char(byte.saturating_add(limit).min(self.len()));
        self.text.slice(start..end).to_string()
    }

    /// Where `wanted` stands last.
    pub fn find(&self, wanted: &str) -> Option<Range> {
        let start = self.text().rfind(wanted)?;
        Some(Range::new(self.position_of(start), self.position_of(start + wanted.len())))
    }

    /// How often `text` stands in it.
    pub fn count(&self, text: &str) -> usize {
        self.text().matches(text).count()
    }

    /// The place after the last character.
    pub fn end(&self) -> Range {
        let end = self.position_of(self.len());
        Range::new(end, end)
    }

    /// Whether its first line ends as Windows has it.
    pub fn has_crlf(&self) -> bool {
        let first = self.text.line(0);
        first.len_chars() > 1 && first.slice(first.len_chars() - 2..) == "\r\n"
    }

    /// The text's length in bytes.
    pub fn len(&self) -> usize {
        self.text.len_bytes()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Replaces what is in `range`, or the whole text.
    fn edit(&mut self, range: Option<Range>, text: &str) {
        let Some(range) = range else {
            self.text = Rope::from_str(text);
            return;
        };
        let range = self.encoding.chars_of(&self.text, range);
        let start = range.start;
        self.text.remove(range);
        self.text.insert(start, text);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tower_lsp::ls_types::{TextDocumentContentChangeEvent, VersionedTextDocumentIdentifier};

    use super::*;

    const PATH: &str = "file:///a.rs";

    fn uri() -> Uri {
        PATH.parse().expect("a URI")
    }

    fn opened(encoding: Encoding, text: &str) -> Documents {
        let mut documents = Documents::new(encoding);
        let item = TextDocumentItem { uri: uri(), language_id: "rust".into(), version: 1, text: text.into() };
        documents.open(item);
        documents
    }

    fn change(version: i32, changes: &[(Option<Range>, &str)]) -> DidChangeTextDocumentParams {
        let content_changes = changes
            .iter()
            .map(|(range, text)| TextDocumentContentChangeEvent {
                range: *range,
                range_length: None,
                text: (*text).to_owned(),
            })
            .collect();
        DidChangeTextDocumentParams {
            text_document: VersionedTextDocumentIdentifier { uri: uri(), version },
            content_changes,
        }
    }

    fn range(start: (u32, u32), end: (u32, u32)) -> Range {
        let position = |(line, character)| Position { line, character };
        Range { start: position(start), end: position(end) }
    }

    #[test]
    fn changes_of_one_notification_build_on_each_other() {
        let mut documents = opened(Encoding::Utf16, "one\r\ntwo\r\n");
        let first = (Some(range((0, 0), (0, 3))), "1\r\n1½");
        let second = (Some(range((1, 1), (2, 0))), "!");
        documents.change(change(7, &[first, second]));
        let document = documents.snapshot(&uri()).expect("it is open");
        assert_eq!((document.text().as_str(), document.version), ("1\r\n1!two\r\n", 7));
        assert_eq!(document.text_in(range((1, 1), (1, 3))), "!t");
        assert_eq!(document.text_in(range((1, 3), (1, 1))), "!t", "the ends may be the wrong way round");
    }

    #[test]
    fn a_snapshot_stays_as_it_was() {
        let mut documents = opened(Encoding::Utf16, "before");
        let snapshot = documents.snapshot(&uri()).expect("it is open");
        documents.change(change(2, &[(None, "after")]));
        assert_eq!((snapshot.text().as_str(), snapshot.version), ("before", 1));
        assert_eq!(documents.snapshot(&uri()).expect("it is open").text(), "after");
    }

    #[test]
    fn a_document_is_gone_when_it_is_closed_and_a_change_of_it_is_ignored() {
        let mut documents = opened(Encoding::Utf16, "text");
        documents.close(&uri());
        documents.change(change(2, &[(None, "late")]));
        assert!(documents.snapshot(&uri()).is_none());
    }

    #[test]
    fn an_edit_may_join_and_split_a_line_break() {
        let mut documents = opened(Encoding::Utf8, "a\rb");
        documents.change(change(2, &[(Some(range((1, 0), (1, 0))), "\n")]));
        assert_eq!(documents.snapshot(&uri()).expect("it is open").text_in(range((1, 0), (1, 9))), "b");
        documents.change(change(3, &[(Some(range((0, 1), (1, 0))), "\r")]));
        assert_eq!(documents.snapshot(&uri()).expect("it is open").text(), "a\rb");
    }

    #[test]
    fn a_document_of_20_mb_can_be_edited_anywhere() {
        let mut documents = opened(Encoding::Utf16, &"0123456789é\r\n".repeat(1_500_000));
        documents.change(change(2, &[(Some(range((750_000, 3), (750_000, 4))), "X")]));
        let document = documents.snapshot(&uri()).expect("it is open");
        assert_eq!(document.text_in(range((749_999, 9), (750_000, 99))), "9é\r\n012X456789é");
        assert_eq!(document.len(), 21_000_000);
    }

    /// What a text should become, by the plainest way: a walk over its characters.
    fn reference(text: &str, encoding: Encoding, range: Range, new: &str) -> String {
        let start = walk(text, encoding, range.start);
        let end = walk(text, encoding, range.end);
        let (start, end) = (start.min(end), start.max(end));
        format!("{}{new}{}", &text[..start], &text[end..])
    }

    fn walk(text: &str, encoding: Encoding, position: Position) -> usize {
        let (mut line, mut column) = (0, 0);
        let mut characters = text.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let ends_line = matches!(character, '\r' | '\n');
            let width = match encoding {
                Encoding::Utf8 => character.len_utf8(),
                Encoding::Utf16 => character.len_utf16(),
                Encoding::Utf32 => 1,
            };
            let width = u32::try_from(width).expect("four at most");
            if line == position.line && (ends_line || column + width > position.character) {
                return at;
            }
            if ends_line {
                if character == '\r' && characters.peek().is_some_and(|(_, next)| *next == '\n') {
                    characters.next();
                }
                line += 1;
                column = 0;
            } else {
                column += width;
            }
        }
        text.len()
    }

    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => "[a-c]{1,4}",
            2 => prop_oneof![Just("\n".to_owned()), Just("\r\n".to_owned()), Just("\r".to_owned())],
            2 => prop_oneof![Just("é".to_owned()), Just("密".to_owned()), Just("😀".to_owned()), Just("e\u{301}".to_owned())],
            1 => prop_oneof![Just("\u{2028}".to_owned()), Just("\u{85}".to_owned()), Just("\u{b}".to_owned())],
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    fn edit() -> impl Strategy<Value = (Option<Range>, String)> {
        let position = || (0..12_u32, prop_oneof![9 => 0..12_u32, 1 => Just(u32::MAX)]);
        let place = prop_oneof![
            40 => (position(), position()).prop_map(|(start, end)| Some(range(start, end))),
            1 => Just(None),
        ];
        (place, text())
    }

    const EDITS: usize = 40;
    const CASES: u32 = 250;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(CASES))]

        /// 10,000 edits in each encoding.
        #[test]
        fn any_edits_leave_the_text_that_the_editor_has(start in text(), edits in prop::collection::vec(edit(), EDITS)) {
            for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
                let mut documents = opened(encoding, &start);
                let mut expected = start.clone();
                for (version, (place, new)) in (2..).zip(&edits) {
                    documents.change(change(version, &[(*place, new)]));
                    expected = match place {
                        Some(range) => reference(&expected, encoding, *range, new),
                        None => new.clone(),
                    };
                    let document = documents.snapshot(&uri()).expect("it is open");
                    prop_assert_eq!(document.text(), expected.clone());
                    prop_assert_eq!(document.version, version);
                }
            }
        }
    }
}
