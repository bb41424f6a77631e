//! `textDocument/completion`: the same suggestion in the completion menu, for editors without grey text.

use tower_lsp::ls_types::{
    CompletionItem, CompletionItemKind, CompletionList, CompletionParams, CompletionResponse, CompletionTextEdit,
    Documentation, InsertTextFormat, InsertTextMode, Position, Range, TextEdit,
};

use crate::lsp::backend::Backend;
use crate::lsp::completion::mode::Trigger;
use crate::lsp::completion::place::Place;
use crate::lsp::completion::{Suggestion, suggest};

/// One item at most; none where `qwen.inlineCompletion.inMenu` is off.
///
/// LSP cannot tell a user who asks from one who types: such a request counts as typing.
pub async fn completion(backend: &Backend, params: CompletionParams) -> Option<CompletionResponse> {
    let document = params.text_document_position;
    let uri = document.text_document.uri;
    let place = backend.with_session(|session| Place::take(session, &uri, document.position, None))?;
    backend.with_session(|session| session.settings(&place.root).inline_completion.in_menu).then_some(())?;
    let word = word_before(&place.around.before);
    let suggestion = suggest(backend, &uri, place, Trigger::Automatic).await;
    let mode = backend.with_session(|session| session.abilities.insert_text_mode).then_some(InsertTextMode::AS_IS);
    let items = suggestion.map(|suggestion| CompletionItem { insert_text_mode: mode, ..item(&word, &suggestion) });
    // The next key has another suggestion.
    Some(CompletionResponse::List(CompletionList { is_incomplete: true, items: items.into_iter().collect() }))
}

fn item(word: &str, suggestion: &Suggestion) -> CompletionItem {
    let text = format!("{word}{}", suggestion.text);
    let first_line = text.lines().next().unwrap_or_default().trim_end().to_owned();
    // Editors filter by the word before the cursor, and drop an item that does not begin with it. A word is of the
    // line, and its letters count one each in every encoding but for those that `word_before` leaves out.
    let length = u32::try_from(word.len()).unwrap_or_default();
    let start =
        Position { character: suggestion.range.start.character.saturating_sub(length), ..suggestion.range.start };
    CompletionItem {
        label: if first_line.trim().is_empty() { "…".to_owned() } else { first_line.trim_start().to_owned() },
        kind: Some(CompletionItemKind::TEXT),
        detail: Some("Qwen".to_owned()),
        documentation: Some(Documentation::String(text.clone())),
        filter_text: Some(first_line),
        insert_text_format: Some(InsertTextFormat::PLAIN_TEXT),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit {
            range: Range { start, end: suggestion.range.end },
            new_text: text,
        })),
        ..CompletionItem::default()
    }
}

/// The ASCII word that ends at the cursor.
fn word_before(text: &str) -> String {
    let start = text
        .rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .map_or(0, |at| at + text[at..].chars().next().map_or(0, char::len_utf8));
    text[start..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_replaces_the_word_that_it_completes() {
        for (before, expected) in [("let a_1", "a_1"), ("密🙂ab", "ab"), ("a.", ""), ("", ""), ("密", "")] {
            assert_eq!(word_before(before), expected, "{before}");
        }
        let at = Position { line: 3, character: 7 };
        let suggestion = Suggestion { range: Range::new(at, at), text: "gth()\n  .x".to_owned() };
        let item = item("len", &suggestion);
        assert_eq!((item.label.as_str(), item.filter_text.as_deref()), ("length()", Some("length()")));
        let range = Range::new(Position { line: 3, character: 4 }, at);
        let edit = TextEdit { range, new_text: "length()\n  .x".to_owned() };
        assert_eq!(item.text_edit, Some(CompletionTextEdit::Edit(edit)));
    }
}
