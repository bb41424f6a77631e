//! One sign-in, as the user sees it: the code and the URL on every way there is, and the browser opened by the editor.

use std::time::Duration;

use serde_json::{Value, json};
use tower_lsp::jsonrpc;
use tower_lsp::ls_types::notification::Notification;
use tower_lsp::ls_types::request::{ShowDocument, ShowMessageRequest};
use tower_lsp::ls_types::{
    MessageActionItem, MessageType, NumberOrString, ShowDocumentParams, ShowMessageRequestParams, Uri,
};

use super::backend::Backend;
use super::error::wire;
use super::progress::WorkDone;
use super::roots::Root;
use crate::auth::{ApprovedSignIn, DeviceAuthorization};
use crate::qwen::{Error, Remember, Scope};
use crate::resolve::Method;
use crate::transport::ask;

/// How long an editor may take to open a browser. VS Code answers when the user has answered its dialog.
const SHOW_DOCUMENT_LIMIT: Duration = Duration::from_secs(60);
/// The same for an editor that does not say that it can, and for one that shows the code in no other way.
const SHORT_LIMIT: Duration = Duration::from_secs(2);

/// How long a program that opens pages takes to say that it cannot.
const OPENER_LIMIT: Duration = Duration::from_secs(1);

const OPEN: &str = "Open browser";
const CANCEL: &str = "Cancel";

enum DeviceAuthorizationNotification {}

impl Notification for DeviceAuthorizationNotification {
    type Params = Value;
    const METHOD: &'static str = "qwen/deviceAuthorization";
}

/// Signs in and uses that for the root from then on: returns when the user has approved. The old method stays in force
/// until then.
pub async fn sign_in(
    backend: &Backend,
    root: &Root,
    scope: &Scope,
    token: Option<NumberOrString>,
    keep: Remember,
) -> jsonrpc::Result<()> {
    let work_done = match token {
        Some(token) => WorkDone::begin(backend, Some(token), "Qwen sign-in").await,
        None => WorkDone::create(backend, "Qwen sign-in").await,
    };
    let approval = work_done.unless_cancelled(approval(backend, root, scope, &work_done)).await;
    let outcome = match approval.and_then(|approval| approval) {
        Ok(sign_in) => backend.qwen.complete_sign_in(scope, sign_in, keep).await.map_err(wire),
        Err(error) => Err(error),
    };
    work_done.end().await;
    outcome?;
    if let Some(why) = backend.qwen.unsaved_session(scope) {
        backend.client.show_message(MessageType::WARNING, why).await;
    }
    Ok(())
}

/// Uses `method` for the root from now on; signs in where that takes it.
pub async fn switch(
    backend: &Backend,
    root: &Root,
    scope: &Scope,
    method: Method,
    token: Option<NumberOrString>,
    keep: Remember,
) -> jsonrpc::Result<()> {
    if method == Method::QwenOauth && !backend.qwen.is_signed_in_by_oauth(scope).await {
        return sign_in(backend, root, scope, token, keep).await;
    }
    backend.qwen.switch(scope, method, keep).await.map_err(wire)
}

async fn approval(
    backend: &Backend,
    root: &Root,
    scope: &Scope,
    work_done: &WorkDone,
) -> jsonrpc::Result<ApprovedSignIn> {
    let sign_in = backend.qwen.start_sign_in(scope).await.map_err(wire)?;
    let authorization = sign_in.authorization.clone();
    let is_told = tell(backend, root, &authorization, work_done).await;
    // Polling starts at once: no way of showing the page is waited for, and none of their answers is believed.
    tokio::select! {
        approval = sign_in.approval() => approval.map_err(|error| with_code(wire(Error::from(error)), &authorization)),
        () = show(backend, &authorization, work_done, is_told) => Err(jsonrpc::Error::request_cancelled()),
        () = count_down(&authorization, work_done) => unreachable_countdown(),
    }
}

/// The countdown goes on until the sign-in ends; this arm of the `select!` is never taken.
fn unreachable_countdown<T>() -> jsonrpc::Result<T> {
    Err(jsonrpc::Error::internal_error())
}

/// Puts the code and the page on the screen where the editor has a place for them; says whether it has.
async fn tell(backend: &Backend, root: &Root, authorization: &DeviceAuthorization, work_done: &WorkDone) -> bool {
    let is_wanted =
        backend.with_session(|session| session.notifications.contains(DeviceAuthorizationNotification::METHOD));
    if is_wanted {
        let params = json!({
            "root": root.uri,
            "userCode": authorization.user_code,
            "verificationUri": authorization.verification_uri,
            "verificationUriComplete": authorization.verification_uri_complete,
            "expiresAt": humantime::format_rfc3339_seconds(authorization.expires_at).to_string(),
        });
        backend.client.send_notification::<DeviceAuthorizationNotification>(params).await;
    }
    report(authorization, work_done).await;
    is_wanted || work_done.is_shown()
}

async fn report(authorization: &DeviceAuthorization, work_done: &WorkDone) {
    let minutes = authorization.time_left().as_secs().div_ceil(60);
    work_done.report(&format!("{} ({minutes} min left)", instruction(authorization))).await;
}

fn instruction(authorization: &DeviceAuthorization) -> String {
    format!("open {} and enter the code {}", authorization.page(), authorization.user_code)
}

/// The minutes that are left, so that nobody waits in silence.
async fn count_down(authorization: &DeviceAuthorization, work_done: &WorkDone) {
    loop {
        tokio::time::sleep(Duration::from_secs(60)).await;
        report(authorization, work_done).await;
    }
}

/// Shows the page on the first way that this editor has. Returns only when the user chose to cancel.
///
/// An editor may say that it opened the page when it did not, so the code is told all the same if nothing else has.
async fn show(backend: &Backend, authorization: &DeviceAuthorization, work_done: &WorkDone, is_told: bool) {
    if by_editor(backend, authorization, is_told).await {
        if is_told {
            // Helix has only one line: a browser that it could not start has put its error in the place of the code.
            tokio::time::sleep(OPENER_LIMIT).await;
            report(authorization, work_done).await;
        } else {
            by_text(backend, authorization).await;
        }
    } else if by_message(backend, authorization).await == Choice::Cancel {
        return;
    }
    std::future::pending::<()>().await;
}

/// The editor opens the page. It is asked even without the capability: Helix 25.01 does it unannounced.
async fn by_editor(backend: &Backend, authorization: &DeviceAuthorization, is_told: bool) -> bool {
    let Ok(uri) = authorization.page().parse::<Uri>() else { return false };
    let params = ShowDocumentParams { uri, external: Some(true), take_focus: Some(true), selection: None };
    let announced = backend.with_session(|session| session.abilities.show_document);
    let limit = if announced && is_told { SHOW_DOCUMENT_LIMIT } else { SHORT_LIMIT };
    ask::<ShowDocument>(&backend.client, params, limit).await.is_some_and(|shown| shown.success)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    Cancel,
    None,
}

/// A message with the URL and the code; on a desktop it offers to open the browser. Silence is no «no»: VS Code hides
/// such a message after some seconds, and it can still be answered later.
async fn by_message(backend: &Backend, authorization: &DeviceAuthorization) -> Choice {
    let can_open = backend.qwen.can_open_browser();
    let titles = if can_open { vec![OPEN, CANCEL] } else { vec![CANCEL] };
    let item =
        |title: &&str| MessageActionItem { title: (*title).to_owned(), properties: std::collections::HashMap::new() };
    let params = ShowMessageRequestParams {
        typ: MessageType::INFO,
        message: format!("Sign in to Qwen: {}", instruction(authorization)),
        actions: Some(titles.iter().map(item).collect()),
    };
    let chosen = ask::<ShowMessageRequest>(&backend.client, params, authorization.time_left()).await;
    match chosen {
        Some(Some(item)) if item.title == CANCEL => Choice::Cancel,
        Some(Some(item)) if item.title == OPEN => {
            if !backend.qwen.open_browser(authorization.page()).await {
                by_text(backend, authorization).await;
            }
            Choice::None
        }
        Some(Some(_) | None) => Choice::None,
        None => {
            // No such request in this editor: the text at least.
            by_text(backend, authorization).await;
            Choice::None
        }
    }
}

async fn by_text(backend: &Backend, authorization: &DeviceAuthorization) {
    let text = format!("Sign in to Qwen: {}", instruction(authorization));
    backend.client.show_message(MessageType::INFO, text).await;
}

/// The code and the page are in the error too: the user may have looked away.
fn with_code(mut error: jsonrpc::Error, authorization: &DeviceAuthorization) -> jsonrpc::Error {
    if let Some(Value::Object(data)) = &mut error.data {
        data.insert("userCode".to_owned(), json!(authorization.user_code));
        data.insert("verificationUri".to_owned(), json!(authorization.page()));
    }
    error
}
