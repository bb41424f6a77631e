//! `qwen/auth`: status, signIn, setKey, switch, signOut and trust.

use serde::Deserialize;
use serde_json::Value;
use tower_lsp::jsonrpc;
use tower_lsp::ls_types::{MessageType, NumberOrString};

use crate::lsp::backend::Backend;
use crate::lsp::error::wire;
use crate::lsp::params::parse;
use crate::lsp::roots::{Place, Root};
use crate::lsp::sign_in::sign_in;
use crate::qwen::{AuthStatus, NewKey, Remember, Scope, SignOut};
use crate::resolve::Method;
use crate::secret::Secret;

/// The params of `qwen/auth`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthParams {
    #[serde(flatten)]
    place: Place,
    work_done_token: Option<NumberOrString>,
    #[serde(flatten)]
    action: Action,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Action {
    Status,
    SignIn,
    SetKey {
        api_key: Secret,
        base_url: Option<String>,
        model: Option<String>,
        #[serde(default)]
        store: Store,
    },
    Switch {
        method: Method,
        #[serde(default)]
        remember: bool,
    },
    SignOut {
        method: Option<Method>,
    },
    Trust {
        endpoint: String,
        #[serde(default)]
        remember: bool,
    },
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
    let AuthParams { place, work_done_token, action } = parse(params)?;
    let (root, _) = backend.scope(&place)?;
    backend.settled().await;
    let scope = backend.scope_now(&root);
    let changes = !matches!(action, Action::Status);
    act(backend, &root, &scope, work_done_token, action).await?;
    let status = backend.qwen.status(&root.uri, &scope).await;
    if changes {
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
) -> jsonrpc::Result<()> {
    let qwen = &backend.qwen;
    match action {
        Action::Status => Ok(()),
        Action::SignIn => {
            sign_in(backend, root, scope, work_done_token).await?;
            // Whoever signs in wants that used now, a key in the environment or not.
            qwen.switch(scope, Method::QwenOauth, Remember::ThisSession).await.map_err(wire)
        }
        Action::SetKey { api_key, base_url, model, store } => {
            let keep = match store {
                Store::Keyring => Remember::Always,
                Store::Memory => Remember::ThisSession,
            };
            qwen.set_key(scope, NewKey { key: api_key, base_url, model, keep }).await.map_err(wire)
        }
        Action::Switch { method: Method::QwenOauth, remember } if !qwen.is_signed_in_by_oauth(scope).await => {
            // A cancelled or failed sign-in leaves the old method in force: the choice is made after it.
            sign_in(backend, root, scope, work_done_token).await?;
            qwen.switch(scope, Method::QwenOauth, kept(remember)).await.map_err(wire)
        }
        Action::Switch { method, remember } => qwen.switch(scope, method, kept(remember)).await.map_err(wire),
        Action::SignOut { method } => {
            let signed_out = qwen.sign_out(scope, method).await.map_err(wire)?;
            if signed_out == SignOut::Session {
                backend.client.show_message(MessageType::INFO, signed_out.words()).await;
            }
            Ok(())
        }
        Action::Trust { endpoint, remember } => qwen.trust(scope, &endpoint, kept(remember)).await.map_err(wire),
    }
}

fn kept(remember: bool) -> Remember {
    if remember { Remember::Always } else { Remember::ThisSession }
}
