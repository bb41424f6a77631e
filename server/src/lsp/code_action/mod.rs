//! Code actions: what Qwen can do with a selection or a diagnostic, and the commands for editors without a command line.

pub mod answer;
pub mod commands;
pub mod edit;
pub mod offer;
pub mod prompt;
pub mod region;

use serde::{Deserialize, Serialize};
use tower_lsp::ls_types::{CodeActionKind, CodeActionOptions, CodeActionProviderCapability, Range};

/// What a model is asked to do with a part of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Task {
    /// Remove the cause of a diagnostic.
    Fix,
    /// Say the same with less.
    Simplify,
    /// Make smaller parts.
    Split,
    /// Choose better names.
    Rename,
    /// Add comments for readers.
    Document,
    /// Add tests at the document's end.
    WriteTests,
}

/// What an action keeps between its listing and its choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Data {
    /// The document.
    pub uri: String,
    /// Its version when the action was listed; another one has another text there.
    pub version: i32,
    /// The selection, or the diagnostic's place.
    pub range: Range,
    /// What to do.
    pub task: Task,
    /// The diagnostic's message, for [`Task::Fix`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl Task {
    /// What a selection can be used for, in the order of the menu.
    pub const OF_A_SELECTION: [Self; 5] = [Self::Simplify, Self::Split, Self::Rename, Self::Document, Self::WriteTests];

    /// Its title in a menu.
    pub fn title(self) -> &'static str {
        match self {
            Self::Fix => "Qwen: fix",
            Self::Simplify => "Qwen: simplify",
            Self::Split => "Qwen: split into smaller parts",
            Self::Rename => "Qwen: choose better names",
            Self::Document => "Qwen: document",
            Self::WriteTests => "Qwen: write tests",
        }
    }

    /// Its kind; editors filter by the part before `qwen`.
    pub fn kind(self) -> CodeActionKind {
        match self {
            Self::Fix => CodeActionKind::new("quickfix.qwen"),
            Self::Split => CodeActionKind::new("refactor.extract.qwen"),
            Self::Simplify | Self::Rename | Self::Document | Self::WriteTests => {
                CodeActionKind::new("refactor.rewrite.qwen")
            }
        }
    }
}

/// What is offered at `initialize`. Editors of before LSP 3.8 know that there are some, and no more.
pub fn provider(has_literals: bool) -> CodeActionProviderCapability {
    if !has_literals {
        return CodeActionProviderCapability::Simple(true);
    }
    // Plain `quickfix` and `refactor` are those of an environment file.
    let kinds = [
        "quickfix",
        "refactor",
        "quickfix.qwen",
        "refactor.extract.qwen",
        "refactor.rewrite.qwen",
        offer::EXPLAIN,
        commands::KIND,
    ];
    CodeActionProviderCapability::Options(CodeActionOptions {
        code_action_kinds: Some(kinds.map(CodeActionKind::from).to_vec()),
        resolve_provider: Some(true),
        ..CodeActionOptions::default()
    })
}
