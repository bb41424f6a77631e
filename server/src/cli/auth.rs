//! `auth`: status, set-key, sign-in, sign-out, switch and trust.

use std::io::{self, IsTerminal, Read};

use url::Url;

use super::args::{AuthCommand, MethodArgument};
use super::echo::Echo;
use super::print::{self, print};
use super::{Failure, exit, scope};
use crate::qwen::{AuthStatus, NewKey, Qwen, Remember, Scope};
use crate::resolve::{Method, Origin, State};
use crate::secret::Secret;

pub(super) async fn auth(qwen: &Qwen, command: AuthCommand) -> Result<(), Failure> {
    let scope = scope(&root_of(&command).path)?;
    match command {
        AuthCommand::Status { json, .. } => return status(qwen, &scope, json).await,
        AuthCommand::SetKey { base_url, model, .. } => {
            let key = read_key().await?;
            qwen.set_key(&scope, NewKey { key, base_url, model, keep: Remember::Always }).await?;
        }
        AuthCommand::SignIn { .. } => super::sign_in::sign_in(qwen, &scope).await?,
        AuthCommand::SignOut { method, .. } => {
            let signed_out = qwen.sign_out(&scope, method.map(Into::into)).await?;
            print(&format!("{}\n", signed_out.words()));
            return Ok(());
        }
        // As in an editor: the old method stays in force unless somebody signs in.
        AuthCommand::Switch { method: MethodArgument::QwenOauth, .. } if !qwen.is_signed_in_by_oauth(&scope).await => {
            super::sign_in::sign_in(qwen, &scope).await?;
        }
        AuthCommand::Switch { method, .. } => qwen.switch(&scope, method.into(), Remember::Always).await?,
        AuthCommand::Trust { endpoint, .. } => qwen.trust(&scope, &endpoint, Remember::Always).await?,
    }
    print(&describe(&current(qwen, &scope).await));
    Ok(())
}

fn root_of(command: &AuthCommand) -> &super::args::RootArgument {
    match command {
        AuthCommand::Status { root, .. }
        | AuthCommand::SetKey { root, .. }
        | AuthCommand::SignIn { root }
        | AuthCommand::SignOut { root, .. }
        | AuthCommand::Switch { root, .. }
        | AuthCommand::Trust { root, .. } => root,
    }
}

impl From<MethodArgument> for Method {
    fn from(method: MethodArgument) -> Self {
        match method {
            MethodArgument::QwenOauth => Self::QwenOauth,
            MethodArgument::Openai => Self::Openai,
        }
    }
}

async fn status(qwen: &Qwen, scope: &Scope, json: bool) -> Result<(), Failure> {
    let status = current(qwen, scope).await;
    if json {
        print::json(&status);
    }
    match status.state {
        State::SignedIn if json => Ok(()),
        State::SignedIn => {
            print(&describe(&status));
            Ok(())
        }
        State::SignedOut | State::Refused => {
            let reasons = status.problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("\n");
            // What was found and does not help; the reasons themselves go to standard error.
            let found = AuthStatus { problems: Vec::new(), ..status };
            if !json && (found.method.is_some() || !found.ignored.is_empty()) {
                print(&describe(&found));
            }
            Err(Failure { message: reasons, code: exit::NOT_AUTHENTICATED })
        }
    }
}

pub(super) async fn current(qwen: &Qwen, scope: &Scope) -> AuthStatus {
    let uri = Url::from_file_path(&scope.root).map_or_else(|()| scope.root.display().to_string(), String::from);
    qwen.status(&uri, scope).await
}

/// The status for a person: each value with where it came from, then what lost, then the problems.
pub(super) fn describe(status: &AuthStatus) -> String {
    let mut lines = Vec::new();
    let mut line = |name: &str, value: Option<&str>, origin: Option<&Origin>| {
        if let Some(value) = value {
            let origin = origin
                .map(|origin| format!("  ({})", origin.because.as_deref().unwrap_or(&origin.place())))
                .unwrap_or_default();
            lines.push(format!("{name:<10}{value}{origin}"));
        }
    };
    let root = Url::parse(&status.root).ok().and_then(|root| root.to_file_path().ok());
    line("root", root.map(|root| root.display().to_string()).as_deref(), None);
    match status.state {
        State::SignedIn => {}
        State::SignedOut => line("state", Some("signed out"), None),
        State::Refused => line("state", Some("refused"), None),
    }
    let origins = &status.origins;
    let method = status.method.map(|method| match method {
        Method::QwenOauth => "Qwen OAuth",
        Method::Openai => "API key",
    });
    line("method", method, origins.method.as_ref());
    line("provider", status.provider.as_ref().map(|provider| provider.name.as_str()), None);
    line("endpoint", status.base_url.as_deref(), origins.base_url.as_ref());
    line("model", status.model.as_deref(), origins.model.as_ref());
    line("key", status.key.as_deref(), origins.api_key.as_ref());
    line("expires", status.expires_at.as_deref(), None);
    lines.extend(
        status.ignored.iter().map(|ignored| format!("ignored   {}: {}", ignored.origin.place(), ignored.because)),
    );
    lines.extend(status.problems.iter().map(|problem| format!("problem   {}", problem.message)));
    lines.push(String::new());
    lines.join("\n")
}

/// The key from a hidden prompt, or from a pipe. Never from an argument, which other processes can read.
async fn read_key() -> Result<Secret, Failure> {
    let _echo = Echo::keep();
    // Not on this thread, which hears of Ctrl-C.
    let read = tokio::task::spawn_blocking(|| {
        if std::io::stdin().is_terminal() {
            return rpassword::prompt_password("API key: ");
        }
        let mut text = String::new();
        std::io::stdin().take(64 * 1024).read_to_string(&mut text).map(|_| text)
    });
    let text = match read.await.expect("reading a key does not panic, and is not cancelled") {
        Ok(text) => text,
        // Ctrl-C, which is on its way here too.
        Err(error) if error.kind() == io::ErrorKind::Interrupted => std::future::pending().await,
        Err(error) => return Err(Failure::usage(format!("the key could not be read: {error}"))),
    };
    match text.trim() {
        "" => Err(Failure::usage("the key is empty; pipe it in, or type it at the prompt")),
        key => Ok(Secret::new(key)),
    }
}
