//! `qwen/auth`: status, signIn, setKey, switch, signOut and trust.

use serde::Deserialize;
use serde_json::Value;
use tower_lsp::jsonrpc;
use tower_lsp::ls_types::{MessageType, NumberOrString};

use crate::lsp::backend::Backend;
use crate::lsp::error::wire;
use crate::lsp::params::parse;
use crate::lsp::roots::Root;
use crate::lsp::sign_in::{sign_in, switch};
use crate::qwen::{AuthStatus, NewKey, Remember, Scope, SignOut};
use crate::resolve::Method;
use crate::secret::Secret;

/// The params of `qwen/auth` beside its [`Place`](crate::lsp::roots::Place) and what the action has of its own.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthParams {
    action: Action,
    work_done_token: Option<NumberOrString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Action {
    Status,
    SignIn,
    SetKey,
    Switch,
    SignOut,
    Trust,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SetKeyParams {
    api_key: Secret,
    base_url: Option<String>,
    model: Option<String>,
    #[serde(default)]
    store: Store,
}

#[derive(Debug, Deserialize)]
struct SwitchParams {
    method: Method,
    #[serde(default)]
    remember: bool,
}

#[derive(Debug, Deserialize)]
struct SignOutParams {
    method: Option<Method>,
}

#[derive(Debug, Deserialize)]
struct TrustParams {
    endpoint: String,
    #[serde(default)]
    remember: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Store {
    #[default]
    Keyring,
    Memory,
}

/// Answers `qwen/auth` with the status that holds afterwards.
pub async fn auth(backend: &Backend, params: Value) -> jsonrpc::Result<AuthStatus> {
    let AuthParams { action, work_done_token } = parse(&params)?;
    let (root, _) = backend.scope(&parse(&params)?)?;
    backend.settled().await;
    let scope = backend.scope_now(&root);
    act(backend, &root, &scope, work_done_token, action, &params).await?;
    let status = backend.qwen.status(&root.uri, &scope).await;
    if action != Action::Status {
        backend.announce_changes().await;
    }
    Ok(status)
}

async fn act(
    backend: &Backend,
    root: &Root,
    scope: &Scope,
    work_done_token: Option<NumberOrString>,
    action: Action,
    params: &Value,
) -> jsonrpc::Result<()> {
    let qwen = &backend.qwen;
    match action {
        Action::Status => Ok(()),
        Action::SignIn => sign_in(backend, root, scope, work_done_token, Remember::ThisSession).await,
        Action::SetKey => {
            let SetKeyParams { api_key, base_url, model, store } = parse(params)?;
            let keep = match store {
                Store::Keyring => Remember::Always,
                Store::Memory => Remember::ThisSession,
            };
            qwen.set_key(scope, NewKey { key: api_key, base_url, model, keep }).await.map_err(wire)
        }
        Action::Switch => {
            let SwitchParams { method, remember } = parse(params)?;
            switch(backend, root, scope, method, work_done_token, kept(remember)).await
        }
        Action::SignOut => {
            let SignOutParams { method } = parse(params)?;
            let signed_out = qwen.sign_out(scope, method).await.map_err(wire)?;
            if signed_out == SignOut::Session {
                backend.client.show_message(MessageType::INFO, signed_out.words()).await;
            }
            Ok(())
        }
        Action::Trust => {
            let TrustParams { endpoint, remember } = parse(params)?;
            qwen.trust(scope, &endpoint, kept(remember)).await.map_err(wire)
        }
    }
}

fn kept(remember: bool) -> Remember {
    if remember { Remember::Always } else { Remember::ThisSession }
}
