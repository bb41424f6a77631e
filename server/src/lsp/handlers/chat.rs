//! `qwen/chat`: one question to the model of a root, its answer streamed as it comes.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower_lsp::jsonrpc;
use tower_lsp::ls_types::{MessageType, NumberOrString, Range};

use crate::chat::{ChatRequest, Event, FinishReason, Role, ToolCall, Usage};
use crate::lsp::backend::Backend;
use crate::lsp::context::{self, Attachment};
use crate::lsp::error::wire;
use crate::lsp::params::parse;
use crate::lsp::progress::{PartialResult, WorkDone};
use crate::lsp::roots::Place;
use crate::qwen::account::Account;
use crate::qwen::retrying;
use crate::resolve::Method;

/// The params of `qwen/chat` beside its [`Place`] and its [`ChatRequest`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChatParams {
    model: Option<String>,
    #[serde(default)]
    context: Vec<ContextItem>,
    partial_result_token: Option<NumberOrString>,
    work_done_token: Option<NumberOrString>,
}

/// A file, or a part of one, that the question is about.
#[derive(Clone, Debug, Deserialize)]
pub struct ContextItem {
    /// The file's URI.
    pub uri: String,
    /// The part; the whole file where it is missing.
    pub range: Option<Range>,
}

/// The answer to `qwen/chat`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatResult {
    root: String,
    method: Method,
    provider: String,
    model: String,
    requested_model: String,
    message: AnswerMessage,
    finish_reason: FinishReason,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AnswerMessage {
    role: Role,
    content: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall>,
}

/// Answers `qwen/chat`. Dropping the future hangs up on the model.
pub async fn chat(backend: &Backend, params: Value) -> jsonrpc::Result<ChatResult> {
    let place: Place = parse(&params)?;
    let mut request: ChatRequest = parse(&params)?;
    let ChatParams { model, context, partial_result_token, work_done_token } = parse(&params)?;
    if request.messages.is_empty() {
        return Err(jsonrpc::Error::invalid_params("`messages` is missing or empty; send at least one"));
    }
    let (root, _) = backend.scope(&place)?;
    // The documents as they are now, in message order: what is typed later is not part of this question.
    let attachments: Vec<Attachment> = backend.with_session(|session| context::attach(session, &root, &context))?;
    backend.settled().await;
    let scope = backend.scope_now(&root);

    context::put_before(&mut request, &context::read(attachments).await?);
    let mut partial_result = PartialResult::new(&backend.client, partial_result_token);
    let work_done = WorkDone::begin(backend, work_done_token, "Qwen").await;
    let asking = async {
        let mut chat = backend.qwen.chat(&scope, request, model).await.map_err(wire)?;
        backend.tell_doubts(chat.account()).await;
        while let Some(event) = chat.next().await.map_err(wire)? {
            match event {
                Event::Delta(delta) => partial_result.send(delta).await,
                Event::Retrying { attempt, wait, because } => {
                    work_done.report(&retrying(attempt, wait, &because)).await;
                }
            }
        }
        Ok(chat)
    };
    let outcome = work_done.unless_cancelled(asking).await;
    // Before the response, whatever it is.
    work_done.end().await;
    if !matches!(outcome, Ok(Ok(_))) {
        // A session that has ended is another status.
        backend.something_changed();
    }
    let chat = outcome??;
    let (mut account, answer) = chat.answer();
    if let Some(fallback) = fallback(&account, answer.model.as_deref()) {
        if backend.with_session(|session| session.is_new(&fallback)) {
            backend.client.show_message(MessageType::WARNING, &fallback).await;
        }
        account.warnings.push(fallback);
    }
    Ok(ChatResult {
        root: root.uri,
        method: account.method,
        provider: account.provider,
        model: answer.model.unwrap_or(account.endpoint.model),
        requested_model: account.requested_model,
        message: AnswerMessage {
            role: Role::Assistant,
            content: answer.content,
            reasoning: answer.reasoning,
            tool_calls: answer.tool_calls,
        },
        // Services that say nothing of it have said all they had to say.
        finish_reason: answer.finish_reason.unwrap_or(FinishReason::Stop),
        usage: answer.usage,
        warnings: account.warnings,
    })
}

/// Qwen OAuth falls back to a lesser model when much is asked of it. Other services answer with a dated name of the same
/// model, which is no news.
fn fallback(account: &Account, answered: Option<&str>) -> Option<String> {
    let asked = account.endpoint.model.as_str();
    let answered = answered.filter(|answered| account.method == Method::QwenOauth && *answered != asked)?;
    Some(format!("Qwen answered with the model `{answered}`; `{asked}` was asked"))
}
