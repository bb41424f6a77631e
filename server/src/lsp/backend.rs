//! The table of routes: which message goes to which handler.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tower_lsp::ls_types::{
    CodeActionParams, CodeActionResponse, CodeLens, CodeLensParams, CompletionParams, CompletionResponse,
    DidChangeConfigurationParams, DidChangeTextDocumentParams, DidChangeWatchedFilesParams,
    DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams,
    DocumentDiagnosticParams, DocumentDiagnosticReportResult, ExecuteCommandParams, Hover, HoverParams,
    InitializeParams, InitializeResult, InitializedParams, InlayHint, InlayHintParams, LSPAny, MessageType, ServerInfo,
    WorkDoneProgressCancelParams,
};
use tower_lsp::{Client, LanguageServer, jsonrpc};

use super::announce::Announcements;
use super::cancellation::Cancellations;
use super::capabilities::server_capabilities;
use super::configuration::Configuration;
use super::dotenv;
use super::handlers;
use super::roots::{Place, Root};
use super::session::Session;
use crate::qwen::{AuthStatus, Qwen, Scope};

/// One connection to one editor. Clones are the same connection, for work that goes on after its request.
#[derive(Clone)]
pub struct Backend {
    /// The way to the editor.
    pub client: Client,
    /// The verbs.
    pub qwen: Arc<Qwen>,
    /// The open environment files.
    pub env_files: dotenv::push::EnvFiles,
    /// Work that the user may cancel.
    pub cancellations: Cancellations,
    session: Arc<Mutex<Session>>,
    configuration: Configuration,
    announcements: Announcements,
}

impl Backend {
    /// A backend that has not been initialized.
    pub fn new(client: Client, qwen: Arc<Qwen>, working_directory: PathBuf) -> Self {
        let session = Arc::new(Mutex::new(Session::new(working_directory)));
        Self {
            configuration: Configuration::new(client.clone(), session.clone()),
            announcements: Announcements::new(client.clone(), session.clone(), qwen.clone()),
            cancellations: Cancellations::default(),
            env_files: dotenv::push::EnvFiles::default(),
            client,
            qwen,
            session,
        }
    }

    /// Lets `act` see or change the session. No waiting inside: it holds up every other message.
    pub fn with_session<T>(&self, act: impl FnOnce(&mut Session) -> T) -> T {
        act(&mut self.session.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The root that `place` means, and its settings as they are now.
    pub fn scope(&self, place: &Place) -> jsonrpc::Result<(Root, Scope)> {
        self.with_session(|session| session.scope(place))
            .map_err(|error| jsonrpc::Error::invalid_params(error.to_string()))
    }

    /// `scope` with the settings that have arrived since; for the second half of a handler, after [`Self::settled`].
    pub fn refreshed(&self, root: &Root, _scope: Scope) -> Scope {
        self.with_session(|session| session.scope_of(root))
    }

    /// Waits, for a limited time, until the editor has answered for its configuration.
    pub async fn settled(&self) {
        self.configuration.settled().await;
    }

    /// Tells the editor of every root whose status is not what it was told last.
    pub async fn announce_changes(&self) {
        dotenv::push::refresh(self);
        self.announcements.announce_changes().await;
    }

    async fn complain(&self, complaints: Vec<String>) {
        for complaint in complaints {
            self.client.show_message(MessageType::WARNING, complaint).await;
        }
    }

    /// `qwen/auth`.
    pub async fn auth(&self, params: Value) -> jsonrpc::Result<AuthStatus> {
        handlers::auth::auth(self, params).await
    }

    /// `qwen/chat`.
    pub async fn chat(&self, params: Value) -> jsonrpc::Result<handlers::chat::ChatResult> {
        handlers::chat::chat(self, params).await
    }

    /// `qwen/models`.
    pub async fn models(&self, params: Value) -> jsonrpc::Result<handlers::models::ModelsResult> {
        handlers::models::models(self, params).await
    }

    /// `window/workDoneProgress/cancel`, which tower-lsp has no handler for.
    #[expect(clippy::unused_async, reason = "tower-lsp routes to async functions only")]
    pub async fn work_done_progress_cancel(&self, params: WorkDoneProgressCancelParams) {
        self.cancellations.cancel(&params.token);
    }
}

impl LanguageServer for Backend {
    async fn initialize(&self, params: InitializeParams) -> jsonrpc::Result<InitializeResult> {
        let (capabilities, complaints) = self.with_session(|session| {
            let complaints = session.initialize(&params);
            (server_capabilities(&session.abilities), complaints)
        });
        self.configuration.keep_for_later(complaints);
        Ok(InitializeResult {
            capabilities,
            server_info: Some(ServerInfo {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
            ..InitializeResult::default()
        })
    }

    async fn initialized(&self, _: InitializedParams) {
        self.configuration.start();
        self.announcements.start();
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> jsonrpc::Result<Option<LSPAny>> {
        if dotenv::commands::NAMES.contains(&params.command.as_str()) {
            return dotenv::commands::execute(self, params).await;
        }
        handlers::command::execute_command(self, params).await
    }

    async fn shutdown(&self) -> jsonrpc::Result<()> {
        Ok(())
    }

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        let uri = params.text_document.uri.clone();
        self.with_session(|session| session.documents.open(params.text_document));
        dotenv::push::opened(self, &uri);
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        let uri = params.text_document.uri.clone();
        self.with_session(|session| session.documents.change(params));
        dotenv::push::changed(self, &uri);
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        self.with_session(|session| session.documents.close(&params.text_document.uri));
        dotenv::push::closed(self, &params.text_document.uri);
    }

    async fn did_save(&self, _: DidSaveTextDocumentParams) {
        dotenv::push::refresh(self);
    }

    async fn diagnostic(&self, params: DocumentDiagnosticParams) -> jsonrpc::Result<DocumentDiagnosticReportResult> {
        Ok(dotenv::requests::diagnostic(self, params).await)
    }

    async fn hover(&self, params: HoverParams) -> jsonrpc::Result<Option<Hover>> {
        Ok(dotenv::requests::hover(self, params).await)
    }

    async fn completion(&self, params: CompletionParams) -> jsonrpc::Result<Option<CompletionResponse>> {
        Ok(dotenv::requests::complete(self, params).await.map(CompletionResponse::Array))
    }

    async fn code_action(&self, params: CodeActionParams) -> jsonrpc::Result<Option<CodeActionResponse>> {
        Ok(Some(dotenv::requests::code_actions(self, params).await))
    }

    async fn code_lens(&self, params: CodeLensParams) -> jsonrpc::Result<Option<Vec<CodeLens>>> {
        Ok(dotenv::requests::code_lenses(self, params).await)
    }

    async fn inlay_hint(&self, params: InlayHintParams) -> jsonrpc::Result<Option<Vec<InlayHint>>> {
        Ok(dotenv::requests::inlay_hints(self, params).await)
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        self.with_session(|session| session.roots.change(&params.event));
        self.configuration.pull();
        self.announcements.roots_changed();
    }

    async fn did_change_configuration(&self, params: DidChangeConfigurationParams) {
        if let Some(section) = params.settings.get("qwen") {
            let complaints = self.with_session(|session| session.configure(section));
            self.complain(complaints).await;
        }
        self.configuration.pull();
        dotenv::push::refresh(self);
        self.announcements.something_changed();
    }

    async fn did_change_watched_files(&self, _: DidChangeWatchedFilesParams) {
        dotenv::push::refresh(self);
        self.announcements.something_changed();
    }
}
