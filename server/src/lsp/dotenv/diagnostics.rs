//! The findings as the editor wants them.

use tower_lsp::ls_types::{
    Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location, NumberOrString, Position, Range, Uri,
};
use url::Url;

use super::facts::Facts;
use super::finding::{Code, Finding, Related};
use super::findings::findings;
use super::places::Places;
use crate::lsp::position::Encoding;

/// The diagnostics of a text.
pub fn diagnostics(text: &str, facts: &Facts, encoding: Encoding) -> Vec<Diagnostic> {
    let places = Places::new(text, encoding);
    findings(text, facts, &places).iter().map(|finding| diagnostic(finding, &places)).collect()
}

/// One finding as a diagnostic.
pub fn diagnostic(finding: &Finding, places: &Places<'_>) -> Diagnostic {
    Diagnostic {
        range: places.range(&finding.span),
        severity: Some(severity(finding.code)),
        code: Some(NumberOrString::String(name(finding.code).to_owned())),
        source: Some("qwen".to_owned()),
        message: finding.message.clone(),
        related_information: finding.related.as_ref().and_then(related).map(|related| vec![related]),
        ..Diagnostic::default()
    }
}

fn related(related: &Related) -> Option<DiagnosticRelatedInformation> {
    let uri: Uri = Url::from_file_path(&related.path).ok()?.as_str().parse().ok()?;
    let line = u32::try_from(related.line.saturating_sub(1)).unwrap_or(u32::MAX);
    let start = Position { line, character: 0 };
    let location = Location { uri, range: Range { start, end: start } };
    Some(DiagnosticRelatedInformation { location, message: related.message.clone() })
}

/// Errors stop a request; warnings cost somebody something; the rest is good to know.
fn severity(code: Code) -> DiagnosticSeverity {
    match code {
        Code::BadUrl | Code::InsecureEndpoint | Code::EndpointNotTrusted | Code::InvalidKey => {
            DiagnosticSeverity::ERROR
        }
        Code::MalformedLine
        | Code::UnknownName
        | Code::ReadOtherwise
        | Code::WorldReadable
        | Code::TrackedByGit
        | Code::NotIgnored => DiagnosticSeverity::WARNING,
        Code::ExcludedVariable | Code::NotUsed | Code::Shadowed => DiagnosticSeverity::INFORMATION,
    }
}

/// The code on the wire; those that are also problems of a status have the same name.
fn name(code: Code) -> &'static str {
    match code {
        Code::MalformedLine => "malformedLine",
        Code::ReadOtherwise => "readOtherwise",
        Code::UnknownName => "unknownName",
        Code::BadUrl => "badUrl",
        Code::InsecureEndpoint => "insecureEndpoint",
        Code::InvalidKey => "invalidKey",
        Code::EndpointNotTrusted => "endpointNotTrusted",
        Code::ExcludedVariable => "excludedVariable",
        Code::NotUsed => "notUsed",
        Code::Shadowed => "shadowed",
        Code::WorldReadable => "worldReadable",
        Code::TrackedByGit => "trackedByGit",
        Code::NotIgnored => "notIgnored",
    }
}
