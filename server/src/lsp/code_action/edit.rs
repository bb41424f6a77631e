//! A change of one document as a `WorkspaceEdit`, in the best form that the editor takes. Pure.

use std::collections::HashMap;

use tower_lsp::ls_types::{
    AnnotatedTextEdit, ChangeAnnotation, DocumentChanges, OneOf, OptionalVersionedTextDocumentIdentifier,
    TextDocumentEdit, TextEdit, Uri, WorkspaceEdit,
};

use crate::lsp::capabilities::Abilities;

/// The name of the annotation within an edit.
const ANNOTATION: &str = "qwen";

/// Replaces `edit.range` in this version of the document. `title` says who did it, where the editor shows that.
pub fn workspace_edit(abilities: &Abilities, uri: Uri, version: i32, edit: TextEdit, title: &str) -> WorkspaceEdit {
    if !abilities.document_changes {
        return WorkspaceEdit { changes: Some(HashMap::from([(uri, vec![edit])])), ..WorkspaceEdit::default() };
    }
    let annotation = ChangeAnnotation {
        label: title.to_owned(),
        needs_confirmation: Some(false),
        description: Some("written by a model; read it before you keep it".to_owned()),
    };
    let (edit, change_annotations) = if abilities.change_annotations {
        let edit = AnnotatedTextEdit { text_edit: edit, annotation_id: ANNOTATION.to_owned() };
        (OneOf::Right(edit), Some(HashMap::from([(ANNOTATION.to_owned(), annotation)])))
    } else {
        (OneOf::Left(edit), None)
    };
    let text_document = OptionalVersionedTextDocumentIdentifier { uri, version: Some(version) };
    let changes = vec![TextDocumentEdit { text_document, edits: vec![edit] }];
    WorkspaceEdit { document_changes: Some(DocumentChanges::Edits(changes)), change_annotations, changes: None }
}
