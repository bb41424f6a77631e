//! Where a position of the editor's lies in a text, in the unit that was negotiated.
//!
//! LSP 3.17, Text Documents: a line ends at `\n`, `\r\n` or `\r`; a character counts bytes, UTF-16 code units or code
//! points.

use ropey::{Rope, RopeSlice};
use tower_lsp::ls_types::{Position, PositionEncodingKind, Range};

/// What `character` counts within a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// UTF-16 code units: the default of the protocol, and all that some editors know.
    #[default]
    Utf16,
    /// Code points.
    Utf32,
}

impl Encoding {
    /// The encoding to use with an editor that offers these, in its `general.positionEncodings`.
    pub fn negotiate(offered: Option<&[PositionEncodingKind]>) -> Self {
        // UTF-8 is what the text is stored in, so it costs least.
        let offered = offered.unwrap_or_default();
        [Self::Utf8, Self::Utf16, Self::Utf32]
            .into_iter()
            .find(|encoding| offered.contains(&encoding.kind()))
            .unwrap_or_default()
    }

    /// Its name on the wire.
    pub fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
            Self::Utf32 => PositionEncodingKind::UTF32,
        }
    }

    /// The byte at which `position` lies in `text`.
    ///
    /// Beyond the end of a line is the end of the line, before its line break; beyond the last line is the end of the
    /// text; within a character is its start.
    pub fn byte_of(self, text: &Rope, position: Position) -> usize {
        text.char_to_byte(self.char_of(text, position))
    }

    /// The position at which the code point number `at` of `text` lies.
    pub fn position_of(self, text: &Rope, at: usize) -> Position {
        let line = text.char_to_line(at);
        let start = text.line_to_char(line);
        let before = text.slice(start..at);
        let character = match self {
            Self::Utf8 => before.len_bytes(),
            Self::Utf16 => before.len_utf16_cu(),
            Self::Utf32 => before.len_chars(),
        };
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Position::new(number(line), number(character))
    }

    /// The code points between the two ends of `range`, whichever comes first, clamped like [`Encoding::byte_of`].
    pub(super) fn chars_of(self, text: &Rope, range: Range) -> std::ops::Range<usize> {
        let (start, end) = (self.char_of(text, range.start), self.char_of(text, range.end));
        start.min(end)..start.max(end)
    }

    fn char_of(self, text: &Rope, position: Position) -> usize {
        let (line, character) = (index(position.line), index(position.character));
        if line >= text.len_lines() {
            return text.len_chars();
        }
        let start = text.line_to_char(line);
        let line = text.line(line);
        let column = match self {
            Self::Utf8 => line.byte_to_char(character.min(line.len_bytes())),
            Self::Utf16 => line.utf16_cu_to_char(character.min(line.len_utf16_cu())),
            Self::Utf32 => character,
        };
        start + column.min(length_before_break(line))
    }
}

/// The code points of a line without its line break.
fn length_before_break(line: RopeSlice<'_>) -> usize {
    let length = line.len_chars();
    let last = |back: usize| length.checked_sub(back).map(|at| line.char(at));
    match (last(2), last(1)) {
        (Some('\r'), Some('\n')) => length - 2,
        (_, Some('\n' | '\r')) => length - 1,
        _ => length,
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_8_is_used_where_it_is_offered_and_utf_16_where_nothing_is() {
        let kinds = |names: &[Encoding]| names.iter().map(|name| name.kind()).collect::<Vec<_>>();
        assert_eq!(Encoding::negotiate(None), Encoding::Utf16);
        assert_eq!(Encoding::negotiate(Some(&[])), Encoding::Utf16);
        assert_eq!(Encoding::negotiate(Some(&kinds(&[Encoding::Utf16]))), Encoding::Utf16);
        assert_eq!(Encoding::negotiate(Some(&kinds(&[Encoding::Utf32, Encoding::Utf16]))), Encoding::Utf16);
        assert_eq!(Encoding::negotiate(Some(&kinds(&[Encoding::Utf32]))), Encoding::Utf32);
        assert_eq!(Encoding::negotiate(Some(&kinds(&[Encoding::Utf16, Encoding::Utf8]))), Encoding::Utf8);
        assert_eq!(Encoding::negotiate(Some(&[PositionEncodingKind::new("utf-7")])), Encoding::Utf16);
    }

    #[test]
    fn a_position_is_clamped_to_its_line_its_text_and_the_start_of_its_character() {
        use Encoding::{Utf8, Utf16, Utf32};
        // Bytes:      0 1    5  6 7    8    10   12
        let text = Rope::from_str("a😀b\r\nc\rd\u{2028}e\n");
        for (line, character, utf8, utf16, utf32) in [
            (0, 0, 0, 0, 0),
            (0, 1, 1, 1, 1),
            (0, 2, 1, 1, 5),
            (0, 3, 1, 5, 6),
            (0, 4, 1, 6, 6),
            (0, 5, 5, 6, 6),
            (0, 6, 6, 6, 6),
            (0, 7, 6, 6, 6),
            (0, u32::MAX, 6, 6, 6),
            (1, 0, 8, 8, 8),
            (1, 5, 9, 9, 9),
            // U+2028 ends no line in LSP.
            (2, 1, 11, 11, 11),
            (2, 2, 11, 14, 14),
            (2, 9, 15, 15, 15),
            (3, 0, 16, 16, 16),
            (3, 9, 16, 16, 16),
            (4, 0, 16, 16, 16),
            (u32::MAX, u32::MAX, 16, 16, 16),
        ] {
            let position = Position { line, character };
            let bytes = [Utf8, Utf16, Utf32].map(|encoding| encoding.byte_of(&text, position));
            assert_eq!(bytes, [utf8, utf16, utf32], "{line}:{character}");
        }
    }
}
