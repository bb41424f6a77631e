//! What other tools read in the same `.env`, for a warning where it is something else.

use std::collections::HashMap;

/// A file larger than this, in bytes, is not read a second time for a warning.
const COMPARED_UP_TO: usize = 64 * 1024;

/// What dotenvy, as an example of other tools, reads in a text; read when first asked. It has no `Debug`: it holds keys.
pub struct Elsewhere<'a> {
    text: &'a str,
    read: Option<HashMap<String, String>>,
}

impl<'a> Elsewhere<'a> {
    /// Nothing is read yet.
    pub fn new(text: &'a str) -> Self {
        Self { text, read: None }
    }

    /// Whether other tools read another value of `name`, or none.
    pub fn differs(&mut self, name: &str, value: &str) -> bool {
        if self.text.len() > COMPARED_UP_TO {
            return false;
        }
        let read = self.read.get_or_insert_with(|| {
            let text = self.text.trim_start_matches('\u{feff}');
            // Its errors hold the line, which may be a key: they are dropped unseen. Other tools stop there too.
            dotenvy::from_read_iter(text.as_bytes()).map_while(Result::ok).collect()
        });
        // Line ends inside a value differ from tool to tool and matter to nobody.
        read.get(name).is_none_or(|other| other.replace("\r\n", "\n") != value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::resolve::dotenv;

    #[test]
    fn a_value_that_other_tools_read_differently_is_told_apart() {
        let differs = |text: &str| {
            let parsed = dotenv::parse(text);
            let entry = parsed.entries.last().unwrap();
            Elsewhere::new(text).differs(entry.name, &entry.value)
        };
        for text in ["K=v", "K='a$b'", "K=\"a b\" # c", "\u{feff}K=v\r\n", "A=1\nK=v"] {
            assert!(!differs(text), "{text:?}");
        }
        for text in ["K=a$b", "K=a#b", "K=a b", "K: v", "no line\nK=v", "K=`v`"] {
            assert!(differs(text), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_compared(text in "([A-C]|export |[=:#'\"`\\\\$\\{\\} \t\r\n\u{feff}é密]){0,40}") {
            Elsewhere::new(&text).differs("A", "");
        }
    }
}
