//! How a conversation is written as Markdown, and read back. Pure.

use crate::chat::{Message, Role};

/// The heading of the user's turn.
pub const YOU: &str = "## You";
/// The heading of the model's turn.
pub const QWEN: &str = "## Qwen";

/// What a chat document says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conversation {
    /// `model` in the front matter.
    pub model: Option<String>,
    /// `root` in the front matter: the directory whose account is used, where the document lies outside every folder.
    pub root: Option<String>,
    /// The turns, oldest first, each without surrounding blank lines; empty ones are left out.
    pub messages: Vec<Message>,
}

impl Conversation {
    /// Whether there is something to send: the last word is the user's.
    pub fn awaits_answer(&self) -> bool {
        self.messages.last().is_some_and(|message| message.role == Role::User)
    }
}

/// Reads a chat document. Whatever stands before the first heading is for people only.
pub fn parse(text: &str) -> Conversation {
    let mut conversation = Conversation::default();
    let body = front_matter(text, &mut conversation);
    let mut turn: Option<(Role, Vec<&str>)> = None;
    let mut fence: Option<&str> = None;
    for line in body.lines() {
        // A heading inside a block of code is part of what was said.
        fence = fence_after(fence, line);
        let role = match (fence, line.trim_end()) {
            (None, YOU) => Some(Role::User),
            (None, QWEN) => Some(Role::Assistant),
            _ => None,
        };
        match (role, &mut turn) {
            (Some(role), turn) => {
                finish(turn.take(), &mut conversation.messages);
                *turn = Some((role, Vec::new()));
            }
            (None, Some(_)) if is_marker(line) => {}
            (None, Some((Role::Assistant, _))) if fence.is_none() && line.starts_with(NOTE) => {}
            (None, Some((_, lines))) => lines.push(line),
            (None, None) => {}
        }
    }
    finish(turn, &mut conversation.messages);
    conversation
}

fn front_matter<'a>(text: &'a str, conversation: &mut Conversation) -> &'a str {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Some(rest) = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n")) else { return text };
    let mut length = 0;
    for line in rest.split_inclusive('\n') {
        length += line.len();
        if line.trim_end() == "---" {
            return &rest[length..];
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = Some(value.trim().trim_matches('"').to_owned()).filter(|value| !value.is_empty());
        match name.trim() {
            "model" => conversation.model = value,
            "root" => conversation.root = value,
            _ => {}
        }
    }
    text
}

/// The fence of the block of code that is open after `line`, where `open` was before it.
fn fence_after<'a>(open: Option<&'a str>, line: &'a str) -> Option<&'a str> {
    let trimmed = line.trim_start();
    match open {
        Some(fence) if trimmed.starts_with(fence) && trimmed.trim_end().chars().all(|c| fence.starts_with(c)) => None,
        Some(fence) => Some(fence),
        None => fence_of(trimmed),
    }
}

/// What closes the block of code in which `text` ends, on a line of its own; nothing where it ends in none.
pub fn closing_fence(text: &str) -> String {
    match text.lines().fold(None, fence_after) {
        Some(fence) if text.ends_with('\n') => fence.to_owned(),
        Some(fence) => format!("\n{fence}"),
        None => String::new(),
    }
}

/// The run of back-quotes or tildes that opens a block of code.
fn fence_of(line: &str) -> Option<&str> {
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = line.chars().take_while(|c| *c == mark).count();
    (length >= 3).then(|| &line[..length])
}

fn finish(turn: Option<(Role, Vec<&str>)>, messages: &mut Vec<Message>) {
    let Some((role, lines)) = turn else { return };
    let text = lines.join("\n");
    let text = text.trim();
    if text.is_empty() {
        return;
    }
    match messages.last_mut().filter(|last| last.role == role) {
        // The user deleted what stood between.
        Some(last) => *last = Message::text(role, format!("{}\n\n{text}", last.content.flatten())),
        None => messages.push(Message::text(role, text)),
    }
}

/// The line that says where an answer grows.
pub fn marker(id: &str) -> String {
    format!("<!-- qwen is answering: {id} -->")
}

fn is_marker(line: &str) -> bool {
    line.trim().starts_with("<!-- qwen is answering: ")
}

/// What a note to the user below an answer begins with; it is no word of the model's.
const NOTE: &str = "> **Qwen:** ";

/// A note to the user below an answer, with a blank line before it.
pub fn note(text: &str) -> String {
    // In one line: what a service says must not read like a turn.
    format!("\n\n{NOTE}{}", text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A new, empty conversation.
pub fn template(root: &str, prompt: &str) -> String {
    format!(
        "---\nroot: \"{root}\"\nmodel:\n---\n\nWrite below and send it with the code action or code lens «Send to Qwen» (`qwen.chatSend`).\n\n{YOU}\n\n{prompt}\n"
    )
}

/// The files that the last question links to: the target of each Markdown link, and the lines in its `#L10-L40`.
pub fn links(text: &str) -> Vec<(String, Option<(u32, u32)>)> {
    let mut links = Vec::new();
    for (start, _) in text.match_indices("](") {
        let rest = &text[start + 2..];
        let Some(end) = rest.find(')') else { continue };
        let target = rest[..end].trim().trim_start_matches('<').trim_end_matches('>');
        if target.is_empty() || target.starts_with('#') || target.contains("://") || target.starts_with("mailto:") {
            continue;
        }
        match target.split_once('#') {
            Some((path, fragment)) => links.push((path.to_owned(), lines(fragment))),
            None => links.push((target.to_owned(), None)),
        }
    }
    links
}

/// `L10` or `L10-L40`, from 1.
fn lines(fragment: &str) -> Option<(u32, u32)> {
    let number = |text: &str| text.trim_start_matches('L').parse::<u32>().ok().filter(|line| *line > 0);
    match fragment.split_once('-') {
        Some((first, last)) => Some((number(first)?, number(last)?)),
        None => number(fragment).map(|line| (line, line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(text: &str) -> Vec<(Role, String)> {
        parse(text).messages.into_iter().map(|message| (message.role, message.content.flatten())).collect()
    }

    #[test]
    fn a_conversation_is_read_turn_by_turn() {
        let text = "---\nmodel: m\nroot: \"/p\"\n---\nhello\n\n## You\n\nfirst\n\n## Qwen\n\nanswer\n\n## You\n\nsecond\nline\n";
        let conversation = parse(text);
        assert_eq!((conversation.model.as_deref(), conversation.root.as_deref()), (Some("m"), Some("/p")));
        assert!(conversation.awaits_answer());
        assert_eq!(
            turns(text),
            [
                (Role::User, "first".to_owned()),
                (Role::Assistant, "answer".to_owned()),
                (Role::User, "second\nline".to_owned()),
            ]
        );
    }

    #[test]
    fn a_note_to_the_user_is_not_sent_to_the_model() {
        let text = format!("## You\n\na\n\n## Qwen\n\nhalf{}\n\n## You\n\nb\n", note("cancelled"));
        let said = [(Role::User, "a"), (Role::Assistant, "half"), (Role::User, "b")];
        assert_eq!(turns(&text), said.map(|(role, text)| (role, text.to_owned())));
        assert_eq!(note("bad\n\n## You\n\nevil"), "\n\n> **Qwen:** bad ## You evil");
    }

    #[test]
    fn what_the_user_quotes_is_theirs() {
        let quoted = "What is this?\n> **Qwen:** Cancelled.\nplease";
        assert_eq!(turns(&format!("## You\n\n{quoted}\n")), [(Role::User, quoted.to_owned())]);
        let code = "```\n> **Qwen:** x\n```";
        assert_eq!(turns(&format!("## Qwen\n\n{code}\n")), [(Role::Assistant, code.to_owned())]);
    }

    #[test]
    fn a_block_of_code_is_closed_where_it_was_left_open() {
        for (text, closing) in [
            ("a", ""),
            ("```rust\nfn a() {\n", "```"),
            ("```rust\nfn a() {", "\n```"),
            ("````\n```\nb", "\n````"),
            ("```\na\n```\n", ""),
            ("~~~\na", "\n~~~"),
        ] {
            assert_eq!(closing_fence(text), closing, "{text}");
        }
    }

    #[test]
    fn a_heading_inside_code_is_part_of_what_was_said() {
        let text = "## You\n\n````md\n## Qwen\n```\n## You\n````\nafter\n";
        assert_eq!(turns(text), [(Role::User, "````md\n## Qwen\n```\n## You\n````\nafter".to_owned())]);
    }

    #[test]
    fn empty_turns_are_left_out_and_turns_of_one_speaker_joined() {
        assert_eq!(turns("## You\n\na\n\n## Qwen\n\n## You\n\nb\n"), [(Role::User, "a\n\nb".to_owned())]);
        assert!(!parse("## You\n\n").awaits_answer());
        assert!(!parse("## You\n\na\n## Qwen\n\nb\n\n## You\n").awaits_answer());
        assert!(!parse("").awaits_answer());
    }

    #[test]
    fn windows_line_ends_and_a_byte_order_mark_are_no_obstacle() {
        assert_eq!(turns("\u{feff}---\r\nmodel: m\r\n---\r\n## You\r\n\r\na\r\n"), [(Role::User, "a".to_owned())]);
        assert_eq!(parse("\u{feff}---\r\nmodel: m\r\n---\r\n").model.as_deref(), Some("m"));
    }

    #[test]
    fn front_matter_without_an_end_is_text() {
        assert_eq!(turns("---\nmodel: m\n## You\n\na"), [(Role::User, "a".to_owned())]);
    }

    #[test]
    fn the_template_is_read_back() {
        let conversation = parse(&template("/a b", "why?"));
        assert_eq!(conversation.root.as_deref(), Some("/a b"));
        assert_eq!(conversation.model, None);
        assert!(conversation.awaits_answer());
    }

    #[test]
    fn links_name_files_and_lines() {
        let text = "see [a](../src/a.rs#L10-L40), [b](b.rs#L3), [c](c.rs), [d](https://x.example/y), [e](#here), [f](<d e.rs>)";
        assert_eq!(
            links(text),
            [
                ("../src/a.rs".to_owned(), Some((10, 40))),
                ("b.rs".to_owned(), Some((3, 3))),
                ("c.rs".to_owned(), None),
                ("d e.rs".to_owned(), None),
            ]
        );
    }
}
