//! What the editor can do, as far as this server cares, and what this server can do.

use tower_lsp::ls_types::{
    ClientCapabilities, ExecuteCommandOptions, OneOf, SaveOptions, ServerCapabilities, TextDocumentSyncCapability,
    TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions, WorkspaceFoldersServerCapabilities,
    WorkspaceServerCapabilities,
};

use super::position::Encoding;

/// What the editor says it can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a capability of its own, read once from the protocol")]
pub struct Abilities {
    /// How positions count within a line.
    pub encoding: Encoding,
    /// `workspace/configuration`.
    pub configuration: bool,
    /// Dynamic registration of `workspace/didChangeConfiguration`.
    pub configuration_registration: bool,
    /// Dynamic registration of `workspace/didChangeWatchedFiles`.
    pub watched_files_registration: bool,
    /// `window/workDoneProgress/create`.
    pub work_done_progress: bool,
    /// Versioned edits in `workspace/applyEdit`.
    pub document_changes: bool,
    /// Annotations of the changes in an edit.
    pub change_annotations: bool,
    /// Code actions that are more than commands.
    pub code_action_literals: bool,
    /// Code actions whose edit is asked for when the user has chosen.
    pub code_action_resolve: bool,
    /// `insertTextMode` in items of the completion menu.
    pub insert_text_mode: bool,
    /// `window/showDocument`.
    pub show_document: bool,
    /// What it can do with a `.env`.
    pub dotenv: super::dotenv::push::ClientAbilities,
}

impl Abilities {
    /// Reads them from the `initialize` request.
    pub fn of(capabilities: &ClientCapabilities) -> Self {
        let (workspace, window) = (capabilities.workspace.as_ref(), capabilities.window.as_ref());
        let text_document = capabilities.text_document.as_ref();
        let code_action = text_document.and_then(|text_document| text_document.code_action.as_ref());
        let encodings = capabilities.general.as_ref().and_then(|general| general.position_encodings.as_ref());
        Self {
            encoding: Encoding::negotiate(encodings.map(Vec::as_slice)),
            configuration: workspace.and_then(|workspace| workspace.configuration).unwrap_or(false),
            configuration_registration: workspace
                .and_then(|workspace| workspace.did_change_configuration.as_ref())
                .and_then(|configuration| configuration.dynamic_registration)
                .unwrap_or(false),
            watched_files_registration: workspace
                .and_then(|workspace| workspace.did_change_watched_files.as_ref())
                .and_then(|files| files.dynamic_registration)
                .unwrap_or(false),
            work_done_progress: window.and_then(|window| window.work_done_progress).unwrap_or(false),
            document_changes: workspace
                .and_then(|workspace| workspace.workspace_edit.as_ref())
                .and_then(|edit| edit.document_changes)
                .unwrap_or(false),
            dotenv: super::dotenv::push::ClientAbilities::of(capabilities),
            change_annotations: workspace
                .and_then(|workspace| workspace.workspace_edit.as_ref())
                .is_some_and(|edit| edit.change_annotation_support.is_some()),
            code_action_literals: code_action.is_some_and(|action| action.code_action_literal_support.is_some()),
            code_action_resolve: code_action.is_some_and(|action| {
                let resolved = action.resolve_support.as_ref();
                action.data_support == Some(true)
                    && resolved.is_some_and(|resolved| resolved.properties.iter().any(|name| name == "edit"))
            }),
            insert_text_mode: text_document
                .and_then(|text_document| text_document.completion.as_ref())
                .and_then(|completion| completion.completion_item.as_ref())
                .is_some_and(|item| item.insert_text_mode_support.is_some()),
            show_document: window.and_then(|window| window.show_document.as_ref()).is_some_and(|show| show.support),
        }
    }
}

/// What this server offers.
pub fn server_capabilities(abilities: &Abilities) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(abilities.encoding.kind()),
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions { include_text: Some(false) })),
            ..TextDocumentSyncOptions::default()
        })),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: [&super::handlers::command::NAMES[..], &super::dotenv::commands::NAMES]
                .concat()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            ..ExecuteCommandOptions::default()
        }),
        code_action_provider: Some(super::code_action::provider(abilities.code_action_literals)),
        inline_completion_provider: Some(OneOf::Left(true)),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            ..WorkspaceServerCapabilities::default()
        }),
        ..super::dotenv::requests::capabilities(&abilities.dotenv)
    }
}
