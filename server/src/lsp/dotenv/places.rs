//! Where a byte of a text lies for the editor, and where its lines begin.

use std::ops::Range;

use tower_lsp::ls_types::{self, Position};

use crate::lsp::position::Encoding;
use crate::resolve::dotenv::Entry;

/// A text and its lines. It has no `Debug`: it holds keys. LSP ends a line at `\n`, `\r\n` and `\r`.
#[derive(Clone)]
pub struct Places<'a> {
    text: &'a str,
    encoding: Encoding,
    starts: Vec<usize>,
}

impl<'a> Places<'a> {
    /// Looks for the lines of `text`.
    pub fn new(text: &'a str, encoding: Encoding) -> Self {
        let bytes = text.as_bytes();
        let ends_line = |at: usize| bytes[at] == b'\n' || (bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
        let starts = std::iter::once(0).chain((0..bytes.len()).filter(|at| ends_line(*at)).map(|at| at + 1));
        Self { text, encoding, starts: starts.collect() }
    }

    /// What a position's character counts.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The bytes of a line, counted from 1 as in [`Entry::line`], without its line break.
    pub fn line(&self, number: usize) -> Range<usize> {
        let index = number.saturating_sub(1);
        let start = self.starts.get(index).copied().unwrap_or(self.text.len());
        let end = self.starts.get(index + 1).copied().unwrap_or(self.text.len());
        start..start + self.text[start..end].trim_end_matches(['\n', '\r']).len()
    }

    /// The number, from 1, of the line that a byte is on.
    pub fn line_of(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte)
    }

    /// The position of a byte.
    pub fn position(&self, byte: usize) -> Position {
        let index = self.line_of(byte) - 1;
        let before = &self.text[self.starts[index]..byte];
        let character = match self.encoding {
            Encoding::Utf8 => before.len(),
            Encoding::Utf16 => before.encode_utf16().count(),
            Encoding::Utf32 => before.chars().count(),
        };
        Position { line: number(index), character: number(character) }
    }

    /// The range of some bytes.
    pub fn range(&self, span: &Range<usize>) -> ls_types::Range {
        ls_types::Range { start: self.position(span.start), end: self.position(span.end) }
    }

    /// The byte at a position; beyond a line's end is its end, within a character is its start.
    pub fn byte(&self, position: Position) -> usize {
        let line = usize::try_from(position.line).unwrap_or(usize::MAX).saturating_add(1);
        let span = self.line(line);
        let mut left = usize::try_from(position.character).unwrap_or(usize::MAX);
        for (at, character) in self.text[span.clone()].char_indices() {
            let width = match self.encoding {
                Encoding::Utf8 => character.len_utf8(),
                Encoding::Utf16 => character.len_utf16(),
                Encoding::Utf32 => 1,
            };
            if left < width {
                return span.start + at;
            }
            left -= width;
        }
        span.end
    }

    /// The bytes of an entry's name: the last place before its value that says it.
    pub fn name(&self, entry: &Entry<'_>) -> Range<usize> {
        let start = self.text[..entry.span.start].rfind(entry.name).unwrap_or(entry.span.start);
        start..start + entry.name.len()
    }

    /// The bytes from an entry's name to the end of its value's last line, a comment there included.
    pub fn statement(&self, entry: &Entry<'_>) -> Range<usize> {
        self.name(entry).start..self.line(self.line_of(entry.span.end)).end
    }

    /// The bytes of all lines that an entry stands on, with their line breaks.
    pub fn lines(&self, entry: &Entry<'_>) -> Range<usize> {
        let statement = self.statement(entry);
        let (first, last) = (self.line_of(statement.start), self.line_of(statement.end));
        self.line(first).start..self.line(last + 1).start
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::dotenv;

    #[test]
    fn bytes_and_positions_lead_to_each_other_in_every_encoding() {
        let text = "密=😀b\r\nc\r\n\rd";
        for (encoding, character) in [(Encoding::Utf8, 8), (Encoding::Utf16, 4), (Encoding::Utf32, 3)] {
            let places = Places::new(text, encoding);
            let at = text.find('b').unwrap();
            assert_eq!(places.position(at), Position { line: 0, character });
            for (byte, _) in text.char_indices().filter(|(_, c)| !matches!(c, '\r' | '\n')) {
                assert_eq!(places.byte(places.position(byte)), byte);
            }
            assert_eq!(places.position(text.len()), Position { line: 3, character: 1 });
            assert_eq!(places.byte(Position { line: 0, character: u32::MAX }), at + 1);
            assert_eq!(places.byte(Position { line: u32::MAX, character: 0 }), text.len());
        }
    }

    #[test]
    fn a_statement_runs_over_its_lines() {
        let text = "# K\r\nexport K = \"a\r\nb\" # c\r\nL=1";
        let places = Places::new(text, Encoding::Utf16);
        let parsed = dotenv::parse(text);
        assert_eq!(&text[places.name(&parsed.entries[0])], "K");
        assert_eq!(&text[places.statement(&parsed.entries[0])], "K = \"a\r\nb\" # c");
        assert_eq!(&text[places.statement(&parsed.entries[1])], "L=1");
        assert_eq!(places.range(&parsed.entries[0].span).end, Position { line: 2, character: 1 });
    }
}
