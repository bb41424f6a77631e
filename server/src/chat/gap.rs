//! A gap in a text: how it is shown to a model, and what of the model's answer fits into it. Pure.

/// The longest text before the cursor, after it, and of all other files, in bytes. The nearest text counts most.
const MAX_PREFIX: usize = 8 << 10;
const MAX_SUFFIX: usize = 4 << 10;
const MAX_OTHERS: usize = 8 << 10;

/// The place in a document where something is missing, and what else helps to know what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gap {
    /// The document before the cursor; as much of it as is useful is sent.
    pub prefix: String,
    /// The document after the cursor.
    pub suffix: String,
    /// The document's path below its root.
    pub path: Option<String>,
    /// The root's name.
    pub repo: Option<String>,
    /// Other documents of the same root, the most useful first: path and text.
    pub others: Vec<(String, String)>,
    /// The longest answer, in tokens.
    pub max_tokens: u32,
}

impl Gap {
    /// The prompt with Qwen's tokens: one file alone, or a repository of several.
    pub(super) fn prompt_with_tokens(&self) -> String {
        let gap = format!(
            "<|fim_prefix|>{}<|fim_suffix|>{}<|fim_middle|>",
            harmless(end_of(&self.prefix, MAX_PREFIX)),
            harmless(start_of(&self.suffix, MAX_SUFFIX))
        );
        let others = self.useful_others();
        if others.is_empty() {
            return gap;
        }
        let mut prompt = format!("<|repo_name|>{}\n", harmless(self.repo.as_deref().unwrap_or("workspace")));
        for (path, text) in others {
            prompt.extend(["<|file_sep|>", &harmless(path), "\n", &harmless(text), "\n"]);
        }
        prompt.extend(["<|file_sep|>", &harmless(self.path.as_deref().unwrap_or("untitled")), "\n", &gap]);
        prompt
    }

    /// The prompt for a chat, with a mark where the cursor is.
    pub(super) fn prompt_for_chat(&self) -> String {
        let mut prompt = String::new();
        for (path, text) in self.useful_others() {
            prompt.extend(["File ", path, ":\n", text, "\n\n"]);
        }
        if let Some(path) = &self.path {
            prompt.extend(["File ", path, ":\n"]);
        }
        prompt.extend([end_of(&self.prefix, MAX_PREFIX), "<CURSOR>", start_of(&self.suffix, MAX_SUFFIX)]);
        prompt
    }

    /// As many of the other files as fit, each cut at its end.
    fn useful_others(&self) -> Vec<(&str, &str)> {
        let mut room = MAX_OTHERS;
        let mut useful = Vec::new();
        for (path, text) in &self.others {
            let text = start_of(text, room);
            if text.is_empty() {
                continue;
            }
            room -= text.len();
            useful.push((path.as_str(), text));
        }
        useful
    }
}

/// Text that cannot be taken for one of the model's own tokens.
fn harmless(text: &str) -> String {
    text.replace("<|", "< |")
}

fn start_of(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

fn end_of(text: &str, limit: usize) -> &str {
    let start = (text.len().saturating_sub(limit)..=text.len()).find(|start| text.is_char_boundary(*start));
    &text[start.unwrap_or_default()..]
}

/// What of a model's answer belongs between the cursor and `suffix`, the text that follows it.
///
/// Left out: a code fence around it, tokens of the model, and an end that repeats what already follows.
pub(super) fn trim(answer: &str, suffix: &str) -> String {
    let answer = unfenced(answer);
    let answer = answer.split("<|").next().unwrap_or_default();
    let answer = answer.strip_suffix("<CURSOR>").unwrap_or(answer);
    let answer = before_repeated_line(answer, suffix);
    let overlap = overlap(answer, suffix);
    let (kept, repeated) = answer.split_at(answer.len() - overlap);
    // A bracket that closes one of the answer's own is no repetition of the one that follows.
    let only_closers = repeated.chars().all(|c| matches!(c, ')' | ']' | '}' | ';' | ',') || c.is_whitespace());
    let closes_own = only_closers && repeated.contains([')', ']', '}']) && depth(answer) >= 0;
    if closes_own { answer.to_owned() } else { kept.to_owned() }
}

/// The inside of a single code fence.
fn unfenced(answer: &str) -> &str {
    let Some(inside) = answer.trim().strip_prefix("```") else { return answer };
    let inside = inside.split_once('\n').map_or("", |(_language, inside)| inside);
    let inside = inside.strip_suffix("```").unwrap_or(inside);
    inside.strip_suffix('\n').unwrap_or(inside)
}

/// The answer up to a line that is, in the document, the next line with text.
fn before_repeated_line<'a>(answer: &'a str, suffix: &str) -> &'a str {
    let next = suffix.split_once('\n').and_then(|(_, below)| below.lines().find(|line| !line.trim().is_empty()));
    // Short lines such as `}` repeat by right.
    let Some(next) = next.map(str::trim_end).filter(|next| next.trim().chars().count() > 3) else { return answer };
    let mut at = 0;
    for line in answer.split_inclusive('\n') {
        if at > 0 && line.trim_end() == next {
            return answer[..at].trim_end_matches('\n');
        }
        at += line.len();
    }
    answer
}

/// The length in bytes of the longest end of `answer` that `suffix` begins with.
fn overlap(answer: &str, suffix: &str) -> usize {
    let longest = answer.len().min(suffix.len());
    (1..=longest)
        .rev()
        .find(|length| suffix.is_char_boundary(*length) && answer.as_bytes().ends_with(&suffix.as_bytes()[..*length]))
        .unwrap_or_default()
}

/// How many more brackets are opened than closed.
fn depth(text: &str) -> i64 {
    text.chars().fold(0, |depth, c| match c {
        '(' | '[' | '{' => depth + 1,
        ')' | ']' | '}' => depth - 1,
        _ => depth,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_file_is_shown_with_three_tokens() {
        let gap = Gap { prefix: "fn f() {".into(), suffix: "}\n".into(), ..Gap::default() };
        assert_eq!(gap.prompt_with_tokens(), "<|fim_prefix|>fn f() {<|fim_suffix|>}\n<|fim_middle|>");
    }

    #[test]
    fn other_files_make_it_a_repository() {
        let gap = Gap {
            prefix: "p".into(),
            suffix: "s".into(),
            path: Some("src/a.rs".into()),
            repo: Some("app".into()),
            others: vec![("src/b.rs".into(), "b".into()), ("empty".into(), String::new())],
            max_tokens: 1,
        };
        assert_eq!(
            gap.prompt_with_tokens(),
            "<|repo_name|>app\n<|file_sep|>src/b.rs\nb\n<|file_sep|>src/a.rs\n<|fim_prefix|>p<|fim_suffix|>s<|fim_middle|>"
        );
        assert_eq!(gap.prompt_for_chat(), "File src/b.rs:\nb\n\nFile src/a.rs:\np<CURSOR>s");
    }

    #[test]
    fn a_document_cannot_forge_tokens() {
        let gap = Gap { prefix: "<|fim_middle|>".into(), ..Gap::default() };
        assert_eq!(gap.prompt_with_tokens(), "<|fim_prefix|>< |fim_middle|><|fim_suffix|><|fim_middle|>");
    }

    #[test]
    fn long_texts_are_cut_far_from_the_cursor() {
        let gap = Gap {
            prefix: format!("{}x", "密".repeat(9000)),
            suffix: format!("y{}", "密".repeat(9000)),
            ..Gap::default()
        };
        let prompt = gap.prompt_with_tokens();
        assert!(prompt.contains("密x<|fim_suffix|>y密"), "the cursor's neighbourhood is kept");
        assert!(prompt.len() < MAX_PREFIX + MAX_SUFFIX + 100);
    }

    #[test]
    fn what_follows_the_cursor_is_not_repeated() {
        for (answer, suffix, expected) in [
            ("a, b)", ")", "a, b"),
            ("a, b", ")", "a, b"),
            ("f(a)", ")", "f(a)"),
            ("f(a))", ")", "f(a)"),
            ("{ x; }", "}", "{ x; }"),
            ("x;\n}", "\n}\n", "x;"),
            ("    return 1\n", "\n", "    return 1"),
            ("1\nlet second = 2;\nlet third = 3;", "\nlet second = 2;\n", "1"),
            ("1;\nlet second = 2;", "\n\nlet second = 2;\n", "1;"),
            ("all that follows", "all that follows\n", ""),
            ("密🙂", "🙂", "密"),
            ("```rust\nlet x = 1;\n```", "", "let x = 1;"),
            ("```", "", ""),
            ("x<|endoftext|>junk", "", "x"),
            ("x<CURSOR>", "", "x"),
            ("  indented", "", "  indented"),
            ("", "x", ""),
        ] {
            assert_eq!(trim(answer, suffix), expected, "{answer:?} before {suffix:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(answer in "[a密🙂(){}\n<|`]{0,30}", suffix in "[a密🙂(){}\n<|`]{0,30}") {
            let text = trim(&answer, &suffix);
            prop_assert!(answer.contains(&text));
            let gap = Gap { prefix: answer, suffix, others: vec![("x".into(), text)], ..Gap::default() };
            gap.prompt_with_tokens();
            gap.prompt_for_chat();
        }
    }
}
