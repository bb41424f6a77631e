//! Which actions are offered for a place: quick to say, since every cursor move may ask. Pure.

use serde_json::{Value, json};
use tower_lsp::ls_types::{CodeAction, CodeActionKind, Command, Diagnostic, Range};

use super::{Data, Task};

/// The kind of the action that opens a conversation.
pub const EXPLAIN: &str = "qwen.explain";

/// As many diagnostics of one place are offered to be fixed.
const DIAGNOSTICS: usize = 3;

/// As many characters of a diagnostic stand in a title.
const TITLE: usize = 60;

/// What an editor asks about, and what may be offered for it.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The document.
    pub uri: &'a str,
    /// Its version.
    pub version: i32,
    /// The selection; empty where there is only a cursor.
    pub range: Range,
    /// The diagnostics there.
    pub diagnostics: &'a [Diagnostic],
    /// The kinds that the editor wants; all where it does not say.
    pub only: Option<&'a [CodeActionKind]>,
    /// Who asks.
    pub trigger: Trigger,
    /// Whether the editor asks for an edit when the user has chosen.
    pub resolves: bool,
}

/// Who asks for actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The user.
    Invoked,
    /// The editor, for its lightbulb.
    Automatic,
}

/// Whether `kind` is among those that are wanted: `a` stands for `a.b` too, and the empty kind for all.
pub fn is_wanted(only: Option<&[CodeActionKind]>, kind: &str) -> bool {
    only.is_none_or(|only| {
        only.iter().map(CodeActionKind::as_str).any(|wanted| {
            wanted.is_empty() || kind.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    })
}

/// The actions that change the document. A lightbulb shows those that need a selection alone.
pub fn edits(asked: &Asked<'_>) -> Vec<CodeAction> {
    if !asked.resolves {
        return Vec::new();
    }
    let has_selection = asked.range.start != asked.range.end;
    let of_selection = Task::OF_A_SELECTION.iter().filter(|_| has_selection).map(|task| CodeAction {
        title: task.title().to_owned(),
        kind: Some(task.kind()),
        data: Some(data(asked, *task, asked.range, None)),
        ..CodeAction::default()
    });
    let diagnostics = if asked.trigger == Trigger::Invoked { asked.diagnostics } else { &[] };
    let fixes = diagnostics.iter().take(DIAGNOSTICS).map(|diagnostic| CodeAction {
        title: format!("{}: {}", Task::Fix.title(), shortened(&diagnostic.message)),
        kind: Some(Task::Fix.kind()),
        diagnostics: Some(vec![diagnostic.clone()]),
        data: Some(data(asked, Task::Fix, diagnostic.range, Some(&diagnostic.message))),
        ..CodeAction::default()
    });
    fixes
        .chain(of_selection)
        .filter(|action| action.kind.as_ref().is_some_and(|kind| is_wanted(asked.only, kind.as_str())))
        .collect()
}

/// The action that opens a conversation about the selection, or about the first diagnostic. `file` is the document
/// as a link below the root.
pub fn explain(asked: &Asked<'_>, root: &str, file: &str) -> Option<CodeAction> {
    let has_selection = asked.range.start != asked.range.end;
    let diagnostic = asked.diagnostics.first().filter(|_| asked.trigger == Trigger::Invoked);
    if !is_wanted(asked.only, EXPLAIN) || !(has_selection || diagnostic.is_some()) {
        return None;
    }
    let range = if has_selection { asked.range } else { diagnostic?.range };
    let link = format!("[{file}]({file}#L{}-L{})", range.start.line + 1, range.end.line.max(range.start.line) + 1);
    let prompt = match diagnostic {
        Some(diagnostic) if !has_selection => format!("Explain this problem in {link}: {}", diagnostic.message),
        _ => format!("Explain {link}."),
    };
    let title = "Qwen: explain".to_owned();
    let command = Command {
        title: title.clone(),
        command: "qwen.chat".to_owned(),
        arguments: Some(vec![json!({ "root": root, "prompt": prompt })]),
    };
    Some(CodeAction { title, kind: Some(EXPLAIN.into()), command: Some(command), ..CodeAction::default() })
}

fn data(asked: &Asked<'_>, task: Task, range: Range, problem: Option<&str>) -> Value {
    let problem = problem.map(str::to_owned);
    json!(Data { uri: asked.uri.to_owned(), version: asked.version, range, task, problem })
}

fn shortened(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let short: String = line.chars().take(TITLE).collect();
    if short.len() < line.len() { format!("{short}…") } else { short }
}

#[cfg(test)]
mod tests {
    use tower_lsp::ls_types::Position;

    use super::*;

    fn titles(selected: u32, trigger: Trigger, only: Option<&[CodeActionKind]>) -> Vec<String> {
        let at = |character| Position { line: 2, character };
        let diagnostics =
            [Diagnostic { range: Range::new(at(0), at(1)), message: "no `;`\nhelp".into(), ..Diagnostic::default() }];
        let asked = Asked {
            uri: "file:///w/a.rs",
            version: 1,
            range: Range::new(at(0), at(selected)),
            diagnostics: &diagnostics,
            only,
            trigger,
            resolves: true,
        };
        let explain = explain(&asked, "file:///w", "a.rs");
        edits(&asked).into_iter().chain(explain).map(|action| action.title).collect()
    }

    const OF_A_SELECTION: [&str; 6] = [
        "Qwen: simplify",
        "Qwen: split into smaller parts",
        "Qwen: choose better names",
        "Qwen: document",
        "Qwen: write tests",
        "Qwen: explain",
    ];

    #[test]
    fn a_lightbulb_shows_what_needs_a_selection_and_a_user_gets_the_fixes_too() {
        assert_eq!(titles(0, Trigger::Automatic, None), [""; 0]);
        assert_eq!(titles(5, Trigger::Automatic, None), OF_A_SELECTION);
        assert_eq!(titles(0, Trigger::Invoked, None), ["Qwen: fix: no `;`", "Qwen: explain"]);
        assert_eq!(titles(5, Trigger::Invoked, None).len(), 7);
    }

    #[test]
    fn only_the_wanted_kinds_are_offered() {
        for (only, expected) in [
            ("quickfix", vec!["Qwen: fix: no `;`"]),
            ("refactor.extract", vec!["Qwen: split into smaller parts"]),
            ("refactor.ext", vec![]),
            ("source", vec![]),
            ("qwen", vec!["Qwen: explain"]),
        ] {
            assert_eq!(titles(5, Trigger::Invoked, Some(&[only.into()])), expected, "{only}");
        }
        assert_eq!(titles(5, Trigger::Invoked, Some(&[CodeActionKind::EMPTY])).len(), 7);
    }

    #[test]
    fn a_conversation_begins_with_a_link_to_the_lines() {
        let range = Range::new(Position { line: 2, character: 0 }, Position { line: 4, character: 1 });
        let asked = Asked {
            uri: "file:///w/a.rs",
            version: 1,
            range,
            diagnostics: &[],
            only: None,
            trigger: Trigger::Invoked,
            resolves: false,
        };
        let command = explain(&asked, "file:///w", "src/a.rs").and_then(|action| action.command).expect("an action");
        let argument = json!({ "root": "file:///w", "prompt": "Explain [src/a.rs](src/a.rs#L3-L5)." });
        assert_eq!((command.command.as_str(), command.arguments), ("qwen.chat", Some(vec![argument])));
        assert!(edits(&asked).is_empty(), "this editor cannot ask for an edit later");
    }
}
