//! The lines that a task is about: what a selection touches, or what stands around a diagnostic.

use tower_lsp::ls_types::{Position, Range};

use super::Task;
use crate::lsp::documents::Document;

/// As many lines around a diagnostic may change with it.
const AROUND_A_DIAGNOSTIC: u32 = 10;

/// As much text before and after the lines is shown to a model, in bytes.
const BEFORE: usize = 16 << 10;
const AFTER: usize = 8 << 10;

/// Whole lines of a document, and the text around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// From the start of the first line to the start of the line after the last one, or the document's end.
    pub range: Range,
    /// Their text.
    pub text: String,
    /// The text before them.
    pub before: String,
    /// The text after them.
    pub after: String,
    /// What the task is about: the diagnostic's own text.
    pub point: String,
}

impl Region {
    /// The lines of `document` that `task` is about, for a selection or a diagnostic at `range`.
    pub fn of(document: &Document, range: Range, task: Task) -> Self {
        let (mut first, mut last) = (range.start.line.min(range.end.line), range.start.line.max(range.end.line));
        // A selection of whole lines ends at the start of the next one.
        if last > first && range.end.character == 0 {
            last -= 1;
        }
        if task == Task::Fix {
            (first, last) = (first.saturating_sub(AROUND_A_DIAGNOSTIC), last.saturating_add(AROUND_A_DIAGNOSTIC));
        }
        let byte = |line| document.byte_of(Position { line, character: 0 });
        let (start, end) = (byte(first), byte(last.saturating_add(1)));
        let range_of_lines = Range::new(document.position_of(start), document.position_of(end));
        Self {
            range: range_of_lines,
            text: document.text_in(range_of_lines),
            before: document.before(start, BEFORE),
            after: document.after(end, AFTER),
            point: document.text_in(range),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lsp::position::Encoding;

    fn region(text: &str, (start, end): ((u32, u32), (u32, u32)), task: Task) -> (String, String, String) {
        let position = |(line, character)| Position { line, character };
        let document = Document::new(text, Encoding::Utf16);
        let region = Region::of(&document, Range::new(position(start), position(end)), task);
        (region.before, region.text, region.after)
    }

    fn texts(before: &str, text: &str, after: &str) -> (String, String, String) {
        (before.to_owned(), text.to_owned(), after.to_owned())
    }

    #[test]
    fn a_selection_stands_for_its_lines() {
        let text = "a\n密🙂b\r\nc\nd";
        for (range, expected) in [
            (((1, 1), (1, 2)), texts("a\n", "密🙂b\r\n", "c\nd")),
            (((1, 0), (2, 0)), texts("a\n", "密🙂b\r\n", "c\nd")),
            (((0, 0), (1, 1)), texts("", "a\n密🙂b\r\n", "c\nd")),
            (((3, 0), (3, 1)), texts("a\n密🙂b\r\nc\n", "d", "")),
            (((90, 0), (95, 9)), texts("a\n密🙂b\r\nc\nd", "", "")),
        ] {
            assert_eq!(region(text, range, Task::Simplify), expected, "{range:?}");
        }
    }

    #[test]
    fn a_diagnostic_may_be_fixed_near_by() {
        let text = (0..30).map(|line| line.to_string()).collect::<Vec<_>>().join("\n");
        let (before, part, after) = region(&text, ((12, 0), (12, 1)), Task::Fix);
        assert!(
            before.ends_with("1\n") && part.starts_with("2\n") && part.ends_with("22\n") && after.starts_with("23\n")
        );
    }
}
