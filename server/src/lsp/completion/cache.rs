//! The last suggestion of a document, for as long as the user types along it. Pure.

/// The text around a cursor, as much of it as a model is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Around {
    /// The cursor's byte in the document.
    pub at: usize,
    /// The text before it.
    pub before: String,
    /// The text after it.
    pub after: String,
}

/// A suggestion, and where it was made.
#[derive(Clone, Debug)]
pub struct Cached {
    around: Around,
    text: String,
}

impl Cached {
    /// `text` was suggested here; an empty one where the model had nothing to add.
    pub fn new(around: Around, text: String) -> Self {
        Self { around, text }
    }

    /// What is left of the suggestion at another place: none where the user did not come there by typing along it.
    ///
    /// At the suggestion's end nothing is left, and the next one may be asked for.
    pub fn rest(&self, now: &Around) -> Option<&str> {
        let length = now.at.checked_sub(self.around.at)?;
        if length > 0 && length >= self.text.len() {
            return None;
        }
        let (typed, rest) = self.text.split_at_checked(length)?;
        let start = now.before.strip_suffix(typed)?;
        // Each text is cut where it was too long: what both have must be the same.
        let same_before = start.ends_with(&self.around.before) || self.around.before.ends_with(start);
        (same_before && now.after == self.around.after).then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn around(before: &str, after: &str) -> Around {
        Around { at: before.len(), before: before.to_owned(), after: after.to_owned() }
    }

    #[test]
    fn typing_along_leaves_the_rest_and_anything_else_leaves_nothing() {
        let cached = Cached::new(around("let 密 = ", ";\n"), "f(\"🙂\")".to_owned());
        for (before, after, expected) in [
            ("let 密 = ", ";\n", Some("f(\"🙂\")")),
            ("let 密 = f(", ";\n", Some("\"🙂\")")),
            ("let 密 = f(\"🙂", ";\n", Some("\")")),
            ("let 密 = f(\"🙂\")", ";\n", None),
            ("let 密 = g", ";\n", None),
            ("let 密 =", ";\n", None),
            ("let 文 = f", ";\n", None),
            ("let 密 = f", "\n", None),
            ("let 密 = f(\"🙂\") and more", ";\n", None),
        ] {
            assert_eq!(cached.rest(&around(before, after)), expected, "{before:?} {after:?}");
        }
    }

    #[test]
    fn a_model_without_an_idea_is_not_asked_again_at_the_same_place() {
        let cached = Cached::new(around("x", ""), String::new());
        assert_eq!(cached.rest(&around("x", "")), Some(""));
        assert_eq!(cached.rest(&around("xy", "")), None);
    }

    #[test]
    fn a_text_that_was_cut_elsewhere_is_the_same() {
        let cached = Cached::new(Around { at: 100, before: "abc".into(), after: String::new() }, "def".into());
        assert_eq!(cached.rest(&Around { at: 101, before: "bcd".into(), after: String::new() }), Some("ef"));
        assert_eq!(cached.rest(&Around { at: 101, before: "xcd".into(), after: String::new() }), None);
    }

    proptest! {
        #[test]
        fn every_prefix_of_a_suggestion_leaves_the_rest(before in "[a密🙂\n]{0,8}", text in "[a密🙂\n]{1,8}") {
            let cached = Cached::new(around(&before, "z"), text.clone());
            for (at, _) in text.char_indices() {
                let now = around(&format!("{before}{}", &text[..at]), "z");
                prop_assert_eq!(cached.rest(&now), Some(&text[at..]));
            }
        }
    }
}
