//! JSON with comments, as Qwen Code's settings files are written: comments are blanked, and the rest is strict.

use serde_json::{Map, Value};

/// Why a text is not a JSON object. What stands there is not told: it may be a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    /// Not JSON.
    #[error("is not valid JSON at line {line}, column {column}")]
    Malformed {
        /// From 1.
        line: usize,
        /// In bytes, from 1.
        column: usize,
    },
    /// JSON, but no object.
    #[error("holds something other than a JSON object")]
    NotAnObject,
}

/// Stands for a byte that the comment stripper would treat as Qwen Code does not. No JSON text holds it.
const HELD: u8 = 1;

/// Parses an object. An empty text is an empty object.
pub(super) fn object(text: &str) -> Result<Map<String, Value>, Error> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    let stripped = without_comments(text).map_err(|at| {
        let before = &text[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Error::Malformed { line: before.matches('\n').count() + 1, column: at - line_start + 1 }
    })?;
    match serde_json::from_slice(&stripped) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Error::NotAnObject),
        Err(error) => Err(Error::Malformed { line: error.line(), column: error.column() }),
    }
}

/// The text with blanks for comments, or the place of a slash that begins none.
///
/// json-strip-comments also takes `#` for a comment and drops trailing commas; Qwen Code calls such a file corrupt and
/// renames it, so both bytes are held out of its sight.
fn without_comments(text: &str) -> Result<Vec<u8>, usize> {
    let held = |byte: u8| if matches!(byte, b',' | b'#') { HELD } else { byte };
    let before: Vec<u8> = text.bytes().map(held).collect();
    let mut after = before.clone();
    if json_strip_comments::strip_slice(&mut after).is_err() {
        // It stops behind the byte that it blanked last.
        return Err(before.iter().zip(&after).rposition(|(before, after)| before != after).unwrap_or(0));
    }
    for (after, original) in after.iter_mut().zip(text.bytes()) {
        if *after == HELD {
            *after = original;
        }
    }
    Ok(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_accepted() {
        let text = "\u{feff}// head\n{ /* a, b # c */ \"a\": \"// no, # no\", // \"\n \"b\": [1, 2] }\n/* é */";
        assert_eq!(Value::Object(object(text).unwrap()), serde_json::json!({ "a": "// no, # no", "b": [1, 2] }));
        assert_eq!(object(" \n"), Ok(Map::new()));
    }

    #[test]
    fn what_qwen_code_calls_corrupt_is_an_error_with_its_place() {
        let at = |line, column| Err(Error::Malformed { line, column });
        assert_eq!(object("{\n  \"a\": 1,\n}"), at(3, 1));
        assert_eq!(object("{\n# no\n}"), at(2, 1));
        assert_eq!(object("// c\n{ \"a\": / 1 }"), at(2, 8));
        assert_eq!(object("{ \"a\": tru }"), at(1, 11));
        assert_eq!(object("{"), at(1, 1));
        assert_eq!(object("[]"), Err(Error::NotAnObject));
        assert_eq!(object("\u{1}{}"), at(1, 1));
    }
}
