//! From a model's answer to the text that replaces some lines: unfenced, indented and ended as those were. Pure.

/// The new text for `old`, lines ending in `line_break`; none where the model answered nothing.
pub fn fitted(answer: &str, old: &str, line_break: &str) -> Option<String> {
    let text = unfenced(answer).replace("\r\n", "\n");
    let text = text.trim_end_matches('\n');
    if text.trim().is_empty() {
        return None;
    }
    let mut text = indented(text, &common_indentation(old));
    if old.ends_with('\n') || old.is_empty() {
        text.push('\n');
    }
    Some(text.replace('\n', line_break))
}

/// The inside of the first code fence, up to the last line that can close it; all where there is none.
fn unfenced(answer: &str) -> String {
    let lines: Vec<&str> = answer.lines().collect();
    let ticks = |line: &str| line.trim_start().chars().take_while(|c| *c == '`').count();
    let Some(open) = lines.iter().position(|line| ticks(line) >= 3) else { return answer.to_owned() };
    let fence = ticks(lines[open]);
    let closes = |line: &&str| ticks(line) >= fence && line.trim().chars().all(|c| c == '`');
    let inside = &lines[open + 1..];
    let close = inside.iter().rposition(closes).unwrap_or(inside.len());
    inside[..close].join("\n")
}

/// `text` with this indentation in place of the one that all of its lines have, where that is less.
fn indented(text: &str, wanted: &str) -> String {
    let has = common_indentation(text);
    if has.len() >= wanted.len() {
        return text.to_owned();
    }
    let line = |line: &str| match line.strip_prefix(has.as_str()) {
        Some(rest) if !rest.trim().is_empty() => format!("{wanted}{rest}"),
        _ => line.trim_end().to_owned(),
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// The white space that every line with text begins with.
fn common_indentation(text: &str) -> String {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let indentation = |line: &str| line[..line.len() - line.trim_start().len()].to_owned();
    let Some(first) = lines.next().map(indentation) else { return String::new() };
    lines.fold(first, |common, line| {
        let same = common.chars().zip(line.chars()).take_while(|(one, other)| one == other);
        same.map(|(c, _)| c).collect()
    })
}

/// A change of some lines of a text: the first one, how many go, and what comes in their place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The lines before it that stay.
    pub first: usize,
    /// The lines that go.
    pub removed: usize,
    /// What comes.
    pub text: String,
}

/// The lines in which `new` differs from `old`: an editor keeps cursors and folds in all others. None if in none.
pub fn difference(old: &str, new: &str) -> Option<Change> {
    let (old, new): (Vec<_>, Vec<_>) = (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    let first = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[first..], &new[first..]);
    if old.is_empty() && new.is_empty() {
        return None;
    }
    let last = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    Some(Change { first, removed: old.len() - last, text: new[..new.len() - last].concat() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_answer_becomes_lines_like_the_old_ones() {
        for (answer, old, line_break, expected) in [
            ("```rust\nlet x = 1;\n```", "let x = 2;\n", "\n", "let x = 1;\n"),
            ("Sure:\n```rust\nlet x = 1;\n```\nDone.", "let x = 2;\n", "\n", "let x = 1;\n"),
            ("let x = 1;", "let x = 2;\n", "\n", "let x = 1;\n"),
            ("```\na\nb\n```", "c\r\n", "\r\n", "a\r\nb\r\n"),
            ("```\na\n```", "c", "\n", "a"),
            ("```\nif a {\n    b\n}\n```", "    c\n", "\n", "    if a {\n        b\n    }\n"),
            ("```\n    a\n\n    b\n```", "    c\n", "\n", "    a\n\n    b\n"),
            ("```\na\n\nb\n```", "\tc\n", "\n", "\ta\n\n\tb\n"),
            ("````md\n```\ncode\n```\n````", "x\n", "\n", "```\ncode\n```\n"),
            ("```\ncut off", "x\n", "\n", "cut off\n"),
        ] {
            assert_eq!(fitted(answer, old, line_break).as_deref(), Some(expected), "{answer:?}");
        }
        for nothing in ["", "```\n```", "```", "  \n"] {
            assert_eq!(fitted(nothing, "x\n", "\n"), None, "{nothing:?}");
        }
    }

    #[test]
    fn only_the_lines_that_differ_change() {
        let change = |first, removed, text: &str| Some(Change { first, removed, text: text.to_owned() });
        for (old, new, expected) in [
            ("a\nb\nc\n", "a\nB\nc\n", change(1, 1, "B\n")),
            ("a\nb\n", "a\nb\n", None),
            ("a\n", "a\nb\n", change(1, 0, "b\n")),
            ("a\na\n", "a\n", change(1, 1, "")),
            ("a", "a\n", change(0, 1, "a\n")),
            ("", "a\n", change(0, 0, "a\n")),
        ] {
            assert_eq!(difference(old, new), expected, "{old:?} {new:?}");
        }
    }

    proptest! {
        #[test]
        fn a_difference_makes_the_new_text(old in "[ab密\n]{0,12}", new in "[ab密\n]{0,12}") {
            let lines: Vec<&str> = old.split_inclusive('\n').collect();
            let made = match difference(&old, &new) {
                None => old.clone(),
                Some(Change { first, removed, text }) => {
                    format!("{}{text}{}", lines[..first].concat(), lines[first + removed..].concat())
                }
            };
            prop_assert_eq!(made, new);
        }

        #[test]
        fn no_answer_makes_it_panic(answer in "[ab`密 \t\n]{0,20}", old in "[a \t\r\n]{0,8}") {
            fitted(&answer, &old, "\r\n");
        }
    }
}
