//! Reads a `.env` exactly as Qwen Code does: quotes, comments, and no expansion.
//!
//! The rules are section 2.6 of the facts, and `dotenv_cases.json` is what the real program made of 114 inputs.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// A line `NAME=value`. Its `Debug` leaves the value out.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The variable's name.
    pub name: &'a str,
    /// Its value, without quotes and with `\n` and `\r` undone in double quotes.
    pub value: Cow<'a, str>,
    /// The line that the name stands on, from 1.
    pub line: usize,
    /// Where the value stands in the text, in bytes, without its quotes.
    pub span: Range<usize>,
}

impl fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("name", &self.name).field("line", &self.line).finish_non_exhaustive()
    }
}

/// A file's entries in their order (of a name's entries the last one counts), and the lines that are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dotenv<'a> {
    /// The entries.
    pub entries: Vec<Entry<'a>>,
    /// The numbers, from 1, of the lines that are neither `NAME=value` nor blank nor a comment. Their text is never
    /// told: it may be a key.
    pub malformed: Vec<usize>,
}

/// Parses `text`. Every text has an answer: lines that are not entries are listed.
pub fn parse(text: &str) -> Dotenv<'_> {
    let mut parsed = Dotenv::default();
    let mut lines = Lines { text, counted_to: 0, line: 1 };
    let mut at = 0;
    loop {
        at += text[at..].len() - text[at..].trim_start_matches(is_blank).len();
        let Some(first) = text[at..].chars().next() else { return parsed };
        if first != '#' {
            let line = lines.number_at(at);
            if let Some((entry, end)) = entry_at(text, at, line) {
                parsed.entries.push(entry);
                at = end;
                // What is left of the line is blank or a comment.
            } else {
                parsed.malformed.push(line);
            }
        }
        at += text[at..].find(is_line_end).unwrap_or(text.len() - at);
    }
}

/// The entry whose name begins at `start`, and the place where its value ends.
fn entry_at(text: &str, start: usize, line: usize) -> Option<(Entry<'_>, usize)> {
    let after_export = text[start..].strip_prefix("export").filter(|rest| rest.starts_with(is_blank)).map(|rest| {
        let rest = rest.trim_start_matches(is_blank);
        text.len() - rest.len()
    });
    after_export.and_then(|start| assignment_at(text, start, line)).or_else(|| assignment_at(text, start, line))
}

fn assignment_at(text: &str, start: usize, line: usize) -> Option<(Entry<'_>, usize)> {
    let name_end = start + text[start..].find(|c| !is_name(c))?;
    let name = &text[start..name_end];
    let rest = &text[name_end..];
    let value_start = match rest.strip_prefix(':') {
        // A colon touches the name and is followed by a blank, as in YAML.
        Some(rest) => name_end + 1 + rest.chars().next().filter(|c| is_blank(*c))?.len_utf8(),
        None => text.len() - rest.trim_start_matches(is_blank).strip_prefix('=')?.len(),
    };
    if name.is_empty() {
        return None;
    }
    let raw = quoted_at(text, value_start).unwrap_or_else(|| {
        let end = text[value_start..].find(['#', '\r', '\n']).unwrap_or(text.len() - value_start);
        value_start..value_start + end
    });
    let trimmed = text[raw.clone()].trim_matches(is_blank);
    let trimmed_start = raw.start + (text[raw.clone()].len() - text[raw.clone()].trim_start_matches(is_blank).len());
    let quote = trimmed.chars().next().filter(|c| is_quote(*c));
    let inner = quote.and_then(|quote| trimmed.strip_prefix(quote)?.strip_suffix(quote));
    let (shown, span_start) = match inner {
        Some(inner) => (inner, trimmed_start + 1),
        None => (trimmed, trimmed_start),
    };
    let entry = Entry { name, value: undone(shown, quote), line, span: span_start..span_start + shown.len() };
    Some((entry, raw.end))
}

/// The quoted value after `start`, on this line or after it, if only blanks and a comment follow on its last line.
///
/// A quote may be escaped; if the text cannot end at the first that is not, it may end at an escaped one before it.
fn quoted_at(text: &str, start: usize) -> Option<Range<usize>> {
    let open = text.len() - text[start..].trim_start_matches(is_blank).len();
    let quote = text[open..].chars().next().filter(|c| is_quote(*c))?;
    let body = open + 1;
    let mut last_fit = None;
    for (offset, _) in text[body..].match_indices(quote) {
        let end = body + offset + 1;
        if ends_line(&text[end..]) {
            last_fit = Some(end);
        }
        if !text[body..body + offset].ends_with('\\') {
            break;
        }
    }
    Some(start..last_fit?)
}

fn ends_line(rest: &str) -> bool {
    rest.chars().find(|c| is_line_end(*c) || !is_blank(*c)).is_none_or(|c| c == '#' || is_line_end(c))
}

/// Line ends are `\n` for Qwen Code before it looks at anything; in double quotes `\n` and `\r` are undone.
fn undone(value: &str, quote: Option<char>) -> Cow<'_, str> {
    let mut value = Cow::Borrowed(value);
    if value.contains('\r') {
        value = Cow::Owned(value.replace("\r\n", "\n").replace('\r', "\n"));
    }
    if quote == Some('"') && value.contains('\\') {
        value = Cow::Owned(value.replace("\\n", "\n").replace("\\r", "\r"));
    }
    value
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '`')
}

/// JavaScript's white space: Unicode's, with the byte order mark and without U+0085.
fn is_blank(c: char) -> bool {
    c == '\u{feff}' || (c != '\u{85}' && c.is_whitespace())
}

/// JavaScript's line ends.
fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

/// Counts lines as it is asked for later and later places.
struct Lines<'a> {
    text: &'a str,
    counted_to: usize,
    line: usize,
}

impl Lines<'_> {
    fn number_at(&mut self, at: usize) -> usize {
        let passed = &self.text.as_bytes()[self.counted_to..at];
        let alone = |i: usize, byte: u8| byte == b'\n' || (byte == b'\r' && passed.get(i + 1) != Some(&b'\n'));
        self.line += passed.iter().enumerate().filter(|(i, byte)| alone(*i, **byte)).count();
        self.counted_to = at;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(serde::Deserialize)]
    struct Case {
        name: String,
        input: String,
        qwen_code: BTreeMap<String, String>,
    }

    #[test]
    fn every_value_is_what_qwen_code_reads() {
        let cases: Vec<Case> = serde_json::from_str(include_str!("dotenv_cases.json")).unwrap();
        assert_eq!(cases.len(), 114);
        for case in cases {
            let parsed = parse(&case.input);
            let values: BTreeMap<String, String> =
                parsed.entries.iter().map(|entry| (entry.name.to_owned(), entry.value.clone().into_owned())).collect();
            assert_eq!(values, case.qwen_code, "{}", case.name);
        }
    }

    #[test]
    fn entries_and_bad_lines_know_their_line() {
        let text = "\u{feff}# head\r\nA=1\r\n\r\nnot a line\rB=\"x\ny\" # tail\nC='z'\n??\n";
        let parsed = parse(text);
        let entries: Vec<_> = parsed.entries.iter().map(|e| (e.name, e.line, &text[e.span.clone()])).collect();
        assert_eq!(entries, [("A", 2, "1"), ("B", 5, "x\ny"), ("C", 7, "z")]);
        assert_eq!(parsed.malformed, [4, 8]);
    }

    #[test]
    fn an_escaped_quote_may_end_a_value_that_nothing_else_ends() {
        for (text, value) in [
            (r#"K="C:\dir\""#, r"C:\dir\"),
            ("K=\"a\\\"\nN=1", "a\\"),
            (r#"K="a" "b""#, r#"a" "b"#),
            ("K:\nv", "v"),
            ("K\n=v", "v"),
            ("# c\u{2028}K=v", "v"),
        ] {
            assert_eq!(parse(text).entries[0].value, value, "{text:?}");
        }
    }

    #[test]
    fn debug_output_shows_no_value() {
        assert!(!format!("{:?}", parse("OPENAI_API_KEY=sk-canary\nsk-canary\n")).contains("canary"));
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_and_spans_stay_inside_it(text in "[A-C=:#'\"`\\\\nr \t\r\n\u{feff}\u{2028}é]{0,60}") {
            for entry in parse(&text).entries {
                prop_assert!(text.get(entry.span).is_some());
                prop_assert!(entry.line <= text.lines().count() + text.matches('\r').count());
            }
        }
    }
}
