//! The requests of the editor about an environment file; about any other document the answer is empty.

use tower_lsp::ls_types::{
    CodeAction, CodeActionKind, CodeActionParams, CodeLens, CodeLensOptions, CodeLensParams, Command, CompletionItem,
    CompletionItemKind, CompletionOptions, CompletionParams, CompletionTextEdit, Diagnostic, DiagnosticOptions,
    DiagnosticServerCapabilities, DocumentDiagnosticParams, DocumentDiagnosticReport, DocumentDiagnosticReportResult,
    FullDocumentDiagnosticReport, Hover, HoverContents, HoverParams, HoverProviderCapability, InlayHint,
    InlayHintLabel, InlayHintParams, MarkupContent, MarkupKind, OneOf, Position, Range,
    RelatedFullDocumentDiagnosticReport, ServerCapabilities, TextEdit, Uri, WorkDoneProgressOptions,
};

use super::actions::{Target, actions, gitignore_of};
use super::completion::{Kind, completion};
use super::facts::{Facts, is_env_file};
use super::places::Places;
use super::push::ClientAbilities;
use super::usage::usage;
use super::{diagnostics, hover};
use crate::files::TEXT_LIMIT;
use crate::lsp::backend::Backend;
use crate::lsp::position::Encoding;

/// What is offered for environment files.
pub fn capabilities(client: &ClientAbilities) -> ServerCapabilities {
    let diagnostics = DiagnosticOptions {
        identifier: Some("qwen".to_owned()),
        inter_file_dependencies: true,
        workspace_diagnostics: false,
        work_done_progress_options: WorkDoneProgressOptions::default(),
    };
    ServerCapabilities {
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(vec!["=".to_owned()]),
            ..CompletionOptions::default()
        }),
        code_lens_provider: client.code_lens.then_some(CodeLensOptions { resolve_provider: Some(false) }),
        inlay_hint_provider: (!client.code_lens).then_some(OneOf::Left(true)),
        diagnostic_provider: client.pulls.then_some(DiagnosticServerCapabilities::Options(diagnostics)),
        ..ServerCapabilities::default()
    }
}

/// An open environment file, and all that is known of it.
pub struct Subject {
    /// Its URI.
    pub uri: Uri,
    /// Its version; none where it is not open.
    pub version: Option<i32>,
    /// Its text.
    pub text: String,
    /// The rest.
    pub facts: Facts,
    /// How the editor counts.
    pub encoding: Encoding,
    /// What the editor can do with it.
    pub client: ClientAbilities,
}

/// The open environment file of this URI; none for any other document. The text is the one at the time of the call.
pub async fn subject(backend: &Backend, uri: &Uri) -> Option<Subject> {
    let path = is_env_file(uri.as_str())?;
    let (document, root, encoding, client) = backend.with_session(|session| {
        let root = session.roots.of_document(uri.as_str()).ok()?;
        Some((session.documents.snapshot(uri)?, root, session.abilities.encoding, session.abilities.dotenv))
    })?;
    // Nobody reads a larger one.
    if document.len() as u64 > TEXT_LIMIT {
        return None;
    }
    backend.settled().await;
    let scope = backend.with_session(|session| session.scope_of(&root));
    let text = document.text();
    let (known, disk) = backend.env_files.exposure(uri);
    let facts = Facts::gather(&backend.qwen, &scope, root, path, &text, known).await;
    backend.env_files.keep_exposure(uri, &facts.exposure, disk);
    Some(Subject { uri: uri.clone(), version: Some(document.version), text, facts, encoding, client })
}

impl Subject {
    fn places(&self) -> Places<'_> {
        Places::new(&self.text, self.encoding)
    }

    /// Its diagnostics.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut found = diagnostics(&self.text, &self.facts, self.encoding);
        if !self.client.related_information {
            for diagnostic in &mut found {
                diagnostic.related_information = None;
            }
        }
        found
    }
}

/// `textDocument/diagnostic`.
pub async fn diagnostic(backend: &Backend, params: DocumentDiagnosticParams) -> DocumentDiagnosticReportResult {
    let subject = subject(backend, &params.text_document.uri).await;
    let items = subject.map(|subject| subject.diagnostics()).unwrap_or_default();
    let report = RelatedFullDocumentDiagnosticReport {
        related_documents: None,
        full_document_diagnostic_report: FullDocumentDiagnosticReport { result_id: None, items },
    };
    DocumentDiagnosticReportResult::Report(DocumentDiagnosticReport::Full(report))
}

/// `textDocument/hover`.
pub async fn hover(backend: &Backend, params: HoverParams) -> Option<Hover> {
    let place = params.text_document_position_params;
    let subject = subject(backend, &place.text_document.uri).await?;
    let places = subject.places();
    let (span, value) = hover::hover(&subject.text, &subject.facts, &places, places.byte(place.position))?;
    let contents = HoverContents::Markup(if backend.with_session(|session| session.abilities.dotenv.plain_hover) {
        // Our Markdown is paragraphs, and code in back-quotes.
        MarkupContent { kind: MarkupKind::PlainText, value: value.replace('`', "") }
    } else {
        MarkupContent { kind: MarkupKind::Markdown, value }
    });
    Some(Hover { contents, range: Some(places.range(&span)) })
}

/// `textDocument/completion`.
pub async fn complete(backend: &Backend, params: CompletionParams) -> Option<Vec<CompletionItem>> {
    let place = params.text_document_position;
    let subject = subject(backend, &place.text_document.uri).await?;
    let places = subject.places();
    let offers = completion(&subject.text, &subject.facts, &places, places.byte(place.position));
    let item = |(index, offer): (usize, super::completion::Offer)| CompletionItem {
        kind: Some(match offer.kind {
            Kind::Name => CompletionItemKind::VARIABLE,
            Kind::Value => CompletionItemKind::VALUE,
        }),
        detail: Some(offer.detail),
        sort_text: Some(format!("{index:02}")),
        filter_text: Some(offer.label.clone()),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit { range: places.range(&offer.span), new_text: offer.text })),
        label: offer.label,
        ..CompletionItem::default()
    };
    Some(offers.into_iter().enumerate().map(item).collect())
}

/// `textDocument/codeAction`.
pub async fn code_actions(backend: &Backend, params: CodeActionParams) -> Vec<CodeAction> {
    let Some(subject) = subject(backend, &params.text_document.uri).await else { return Vec::new() };
    let can = backend.with_session(|session| session.abilities.dotenv.edits);
    let list = gitignore_of(&subject.facts);
    let open_list = list.as_ref().and_then(|uri| backend.with_session(|session| session.documents.snapshot(uri)));
    let list_text = match (&open_list, list.as_ref().and_then(|uri| crate::lsp::roots::file_path(uri.as_str()))) {
        (Some(document), _) => Some(document.text()),
        (None, Some(path)) => backend.qwen.read_text(&path).await,
        (None, None) => None,
    };
    let list = list.as_ref().map(|uri| Target {
        uri,
        version: open_list.as_ref().map(|document| document.version),
        text: list_text.as_deref(),
    });
    let places = subject.places();
    let span = places.byte(params.range.start)..places.byte(params.range.end);
    let document = Target { uri: &subject.uri, version: subject.version, text: Some(&subject.text) };
    let offered = actions(&document, &subject.facts, &places, &span, list.as_ref(), can);
    let only = params.context.only;
    let is_wanted = |action: &CodeAction| {
        let Some(only) = &only else { return true };
        action.kind.as_ref().is_some_and(|kind| only.iter().any(|wanted| is_below(kind, wanted)))
    };
    offered.into_iter().filter(is_wanted).collect()
}

/// Kinds are hierarchical: who asks for `refactor` wants `refactor.extract` too.
fn is_below(kind: &CodeActionKind, wanted: &CodeActionKind) -> bool {
    let rest = kind.as_str().strip_prefix(wanted.as_str());
    rest.is_some_and(|rest| wanted.as_str().is_empty() || rest.is_empty() || rest.starts_with('.'))
}

/// `textDocument/codeLens`.
pub async fn code_lenses(backend: &Backend, params: CodeLensParams) -> Option<Vec<CodeLens>> {
    let subject = subject(backend, &params.text_document.uri).await?;
    let command = Command {
        title: usage(&subject.facts),
        command: "qwen.status".to_owned(),
        arguments: Some(vec![serde_json::json!({ "root": subject.facts.root.uri })]),
    };
    Some(vec![CodeLens { range: Range::default(), command: Some(command), data: None }])
}

/// `textDocument/inlayHint`: the same for editors that have no lenses.
pub async fn inlay_hints(backend: &Backend, params: InlayHintParams) -> Option<Vec<InlayHint>> {
    if params.range.start.line > 0 || backend.with_session(|session| session.abilities.dotenv.code_lens) {
        return None;
    }
    let subject = subject(backend, &params.text_document.uri).await?;
    let places = subject.places();
    let position: Position = places.position(places.line(1).end);
    let hint = InlayHint {
        position,
        label: InlayHintLabel::String(usage(&subject.facts)),
        kind: None,
        text_edits: None,
        tooltip: None,
        padding_left: Some(true),
        padding_right: None,
        data: None,
    };
    Some(vec![hint])
}
