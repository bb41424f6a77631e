//! What can be done about a place in the file. Edits hold no text but what the user's own lines say already.

use std::ops::Range;
use std::path::Path;

use serde_json::json;
use tower_lsp::ls_types::{
    CodeAction, CodeActionKind, Command, CreateFile, CreateFileOptions, DocumentChangeOperation, DocumentChanges,
    OneOf, OptionalVersionedTextDocumentIdentifier, ResourceOp, TextDocumentEdit, TextEdit, Uri, WorkspaceEdit,
};
use url::Url;

use super::commands;
use super::diagnostics::diagnostic;
use super::facts::Facts;
use super::finding::Fix;
use super::findings::findings;
use super::places::Places;
use crate::lsp::position::Encoding;
use crate::resolve::{Ignore, dotenv};

/// What the editor can do with edits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EditAbilities {
    /// `documentChanges`: an edit names the version that it is for.
    pub document_changes: bool,
    /// An edit may create a file.
    pub create_file: bool,
}

/// A document of the editor's, or a file that it may open. It has no `Debug`: it holds keys.
#[derive(Clone)]
pub struct Target<'a> {
    /// Its URI.
    pub uri: &'a Uri,
    /// Its version, where it is open.
    pub version: Option<i32>,
    /// Its text; none where there is no such file.
    pub text: Option<&'a str>,
}

/// What can be done in the bytes of `span`. `gitignore` is the list that could name the file.
pub fn actions(
    document: &Target<'_>,
    facts: &Facts,
    places: &Places<'_>,
    span: &Range<usize>,
    gitignore: Option<&Target<'_>>,
    can: EditAbilities,
) -> Vec<CodeAction> {
    let text = document.text.unwrap_or_default();
    let touches = |other: &Range<usize>| other.start <= span.end && span.start <= other.end;
    let mut offered = Vec::new();
    for finding in findings(text, facts, places).into_iter().filter(|finding| touches(&finding.span)) {
        let Some(fix) = &finding.fix else { continue };
        let action = match fix {
            Fix::Replace { title, span, text } => {
                let edit = TextEdit { range: places.range(span), new_text: text.0.clone() };
                CodeAction { edit: Some(edit_of(document, vec![edit], can)), ..quick_fix(title) }
            }
            Fix::AddToGitignore => match gitignore.and_then(|list| add_to(list, facts, places.encoding(), can)) {
                Some(edit) => CodeAction { edit: Some(edit), ..quick_fix("Add this file to .gitignore") },
                None => continue,
            },
            Fix::MakePrivate => {
                with_command(quick_fix("Make this file private (chmod 600)"), commands::MAKE_PRIVATE, file(document))
            }
            Fix::Trust(origin) => {
                let argument = json!({ "root": facts.root.uri, "endpoint": origin });
                with_command(
                    quick_fix(&format!("Trust {origin} for {}", facts.root_name())),
                    "qwen.trustEndpoint",
                    argument,
                )
            }
        };
        let diagnostics = Some(vec![diagnostic(&finding, places)]);
        let is_only_fix =
            !offered.iter().any(|other: &CodeAction| other.title == action.title && other.diagnostics == diagnostics);
        if is_only_fix {
            offered.push(CodeAction { diagnostics, ..action });
        }
    }
    offered.extend(of_key(document, facts, places, &touches));
    offered
}

/// A key can be tested and moved, whether or not anything is wrong with it.
fn of_key(
    document: &Target<'_>,
    facts: &Facts,
    places: &Places<'_>,
    touches: &dyn Fn(&Range<usize>) -> bool,
) -> Vec<CodeAction> {
    let parsed = dotenv::parse(document.text.unwrap_or_default());
    let is_key = |entry: &&dotenv::Entry<'_>| {
        facts.holds_key(entry.name) && !entry.value.is_empty() && touches(&places.statement(entry))
    };
    // Of a name's entries the last one counts, and the commands mean that one.
    let Some(entry) = parsed.entries.iter().rev().find(is_key) else { return Vec::new() };
    let argument = || {
        let mut argument = file(document);
        argument["name"] = json!(entry.name);
        argument
    };
    let action = |title: &str, kind: CodeActionKind| CodeAction { kind: Some(kind), ..quick_fix(title) };
    vec![
        with_command(action("Test this key", CodeActionKind::QUICKFIX), commands::TEST_KEY, argument()),
        with_command(action("Move this key to the keyring", CodeActionKind::REFACTOR), commands::MOVE_KEY, argument()),
    ]
}

fn quick_fix(title: &str) -> CodeAction {
    CodeAction { title: title.to_owned(), kind: Some(CodeActionKind::QUICKFIX), ..CodeAction::default() }
}

fn with_command(action: CodeAction, command: &str, argument: serde_json::Value) -> CodeAction {
    let command = Command { title: action.title.clone(), command: command.to_owned(), arguments: Some(vec![argument]) };
    CodeAction { command: Some(command), ..action }
}

fn file(document: &Target<'_>) -> serde_json::Value {
    json!({ "textDocument": { "uri": document.uri.as_str() } })
}

/// Edits of one document, bound to its version where the editor can do that.
pub fn edit_of(document: &Target<'_>, edits: Vec<TextEdit>, can: EditAbilities) -> WorkspaceEdit {
    if !can.document_changes {
        return WorkspaceEdit { changes: Some([(document.uri.clone(), edits)].into()), ..WorkspaceEdit::default() };
    }
    let changes = DocumentChanges::Edits(vec![versioned(document, edits)]);
    WorkspaceEdit { document_changes: Some(changes), ..WorkspaceEdit::default() }
}

fn versioned(document: &Target<'_>, edits: Vec<TextEdit>) -> TextDocumentEdit {
    let text_document =
        OptionalVersionedTextDocumentIdentifier { uri: document.uri.clone(), version: document.version };
    TextDocumentEdit { text_document, edits: edits.into_iter().map(OneOf::Left).collect() }
}

/// A line at the end of the list, which is made where there is none.
fn add_to(list: &Target<'_>, facts: &Facts, encoding: Encoding, can: EditAbilities) -> Option<WorkspaceEdit> {
    let Ignore::NotIgnored { work_tree } = &facts.exposure.ignore else { return None };
    let line = pattern(facts.path.strip_prefix(work_tree).ok()?)?;
    let text = list.text.unwrap_or_default();
    let break_ = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let before = if text.is_empty() || text.ends_with('\n') { "" } else { break_ };
    let places = Places::new(text, encoding);
    let range = places.range(&(text.len()..text.len()));
    let edit = TextEdit { range, new_text: format!("{before}{line}{break_}") };
    if list.text.is_some() {
        return Some(edit_of(list, vec![edit], can));
    }
    if !can.document_changes || !can.create_file {
        return None;
    }
    let options = CreateFileOptions { overwrite: None, ignore_if_exists: Some(true) };
    let create = CreateFile { uri: list.uri.clone(), options: Some(options), annotation_id: None };
    let operations = vec![
        DocumentChangeOperation::Op(ResourceOp::Create(create)),
        DocumentChangeOperation::Edit(versioned(list, vec![edit])),
    ];
    Some(WorkspaceEdit { document_changes: Some(DocumentChanges::Operations(operations)), ..WorkspaceEdit::default() })
}

/// A line of `.gitignore` that names this file and no other. gitignore(5): a slash at its beginning ties it to the
/// list's directory, and a backslash takes a letter's meaning away.
fn pattern(below: &Path) -> Option<String> {
    let parts = below.iter().map(|part| part.to_str()).collect::<Option<Vec<_>>>()?;
    let plain: String = parts
        .join("/")
        .chars()
        .flat_map(|c| [Some('\\').filter(|_| "*?[]\\".contains(c)), Some(c)])
        .flatten()
        .collect();
    Some(format!("/{plain}"))
}

/// The list that could name the file, as a URI; none where it needs no naming.
pub fn gitignore_of(facts: &Facts) -> Option<Uri> {
    match &facts.exposure.ignore {
        Ignore::NotIgnored { work_tree } => {
            Url::from_file_path(work_tree.join(".gitignore")).ok()?.as_str().parse().ok()
        }
        Ignore::NoRepository | Ignore::Ignored => None,
    }
}
