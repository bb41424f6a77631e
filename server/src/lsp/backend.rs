//! The table of routes: which message goes to which handler.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tower_lsp::ls_types::{
    CodeAction, CodeActionParams, CodeActionResponse, CodeLens, CodeLensParams, CompletionParams, CompletionResponse,
    DidChangeConfigurationParams, DidChangeTextDocumentParams, DidChangeWatchedFilesParams,
    DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams,
    DocumentDiagnosticParams, DocumentDiagnosticReportResult, ExecuteCommandParams, Hover, HoverParams,
    InitializeParams, InitializeResult, InitializedParams, InlayHint, InlayHintParams, InlineCompletionList, LSPAny,
    MessageType, ServerInfo, Uri, WorkDoneProgressCancelParams,
};
use tower_lsp::{Client, LanguageServer, jsonrpc};

use super::announce::Announcements;
use super::cancellation::Cancellations;
use super::capabilities::server_capabilities;
use super::chat_document::answers::Answers;
use super::completion::Suggestions;
use super::configuration::Configuration;
use super::dotenv;
use super::handlers;
use super::handlers::code_action::in_the_editors_form;
use super::roots::{Place, Root};
use super::session::Session;
use crate::qwen::account::Account;
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
    /// Suggestions at the cursor.
    pub suggestions: Suggestions,
    /// The chat documents that are being answered.
    pub answers: Answers,
    session: Arc<Mutex<Session>>,
    /// Counts the changes of documents, for whoever waits for one.
    changes: watch::Sender<u64>,
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
            suggestions: Suggestions::default(),
            changes: watch::Sender::new(0),
            answers: Answers::default(),
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
    pub fn scope_now(&self, root: &Root) -> Scope {
        self.with_session(|session| session.scope_of(root))
    }

    /// Waits until an open document has another version than `version`, or is closed, for `limit` at most.
    pub async fn changed_after(&self, uri: &Uri, version: i32, limit: Duration) {
        let has_changed = || {
            let document = self.with_session(|session| session.documents.snapshot(uri));
            document.is_none_or(|document| document.version != version)
        };
        // The sender lives in self, so that waiting cannot fail.
        let mut changes = self.changes.subscribe();
        let _ = tokio::time::timeout(limit, changes.wait_for(|_| has_changed())).await;
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

    /// Compares the roots' status soon.
    pub fn something_changed(&self) {
        self.announcements.something_changed();
    }

    /// Tells the user, once for each, what makes a refusal of `account` likely.
    pub async fn tell_doubts(&self, account: &Account) {
        for doubt in &account.doubts {
            if self.with_session(|session| session.is_new(doubt)) {
                self.client.show_message(MessageType::WARNING, doubt).await;
            }
        }
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

    /// `textDocument/inlineCompletion`, which tower-lsp has no handler for.
    pub async fn inline_completion(&self, params: Value) -> jsonrpc::Result<InlineCompletionList> {
        handlers::inline_completion::inline_completion(self, params).await
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

    async fn code_action_resolve(&self, action: CodeAction) -> jsonrpc::Result<CodeAction> {
        handlers::code_action_resolve::resolve(self, action).await
    }

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        let uri = params.text_document.uri.clone();
        self.with_session(|session| session.documents.open(params.text_document));
        dotenv::push::opened(self, &uri);
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        let uri = params.text_document.uri.clone();
        self.suggestions.key_pressed(&params.text_document.uri);
        self.with_session(|session| session.documents.change(params));
        self.changes.send_modify(|count| *count += 1);
        dotenv::push::changed(self, &uri);
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        self.suggestions.forget(&params.text_document.uri);
        self.with_session(|session| session.documents.close(&params.text_document.uri));
        self.changes.send_modify(|count| *count += 1);
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
        match dotenv::requests::complete(self, params.clone()).await {
            Some(items) => Ok(Some(CompletionResponse::Array(items))),
            None => Ok(handlers::completion::completion(self, params).await),
        }
    }

    async fn code_action(&self, params: CodeActionParams) -> jsonrpc::Result<Option<CodeActionResponse>> {
        let has_literals = self.with_session(|session| session.abilities.code_action_literals);
        let mut actions = dotenv::requests::code_actions(self, params.clone()).await;
        actions.extend(handlers::code_action::code_action(self, params).await.unwrap_or_default());
        Ok(Some(actions.into_iter().filter_map(|action| in_the_editors_form(action, has_literals)).collect()))
    }

    async fn code_lens(&self, params: CodeLensParams) -> jsonrpc::Result<Option<Vec<CodeLens>>> {
        match handlers::code_lens::code_lens(self, &params.text_document.uri) {
            Some(lenses) => Ok(Some(lenses)),
            None => Ok(dotenv::requests::code_lenses(self, params).await),
        }
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
