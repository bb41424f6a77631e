//! `workspace/executeCommand`: the same verbs for editors that send no custom requests. Each command works without an
//! argument: it asks, or says what is missing.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};
use tower_lsp::jsonrpc;
use tower_lsp::ls_types::{ExecuteCommandParams, MessageType};

use crate::lsp::backend::Backend;
use crate::lsp::chat_document::{self, is_chat_document};
use crate::lsp::choose::choose;
use crate::lsp::completion;
use crate::lsp::error::wire;
use crate::lsp::params::parse;
use crate::lsp::roots::{Place, Root};
use crate::lsp::sentence;
use crate::lsp::sign_in::{sign_in, switch};
use crate::qwen::{Remember, Scope};
use crate::resolve::{Method, ProblemKind};

/// Every command, as the capabilities list them. Zed refuses one that is not listed.
pub const NAMES: [&str; 10] = [
    "qwen.signIn",
    "qwen.signOut",
    "qwen.switchAuth",
    "qwen.status",
    "qwen.setModel",
    "qwen.trustEndpoint",
    "qwen.chat",
    "qwen.chatSend",
    "qwen.chatStop",
    "qwen.toggleInlineCompletion",
];

/// The one argument that a command takes: the params of its request. A bare string is its main member, since Helix and
/// people type those.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Argument {
    root: Option<String>,
    text_document: Option<crate::lsp::roots::TextDocument>,
    /// The command says it; the request's params have it too.
    #[serde(rename = "action")]
    _action: Option<serde::de::IgnoredAny>,
    /// Progress is on a token of the server's: a command goes on after its answer.
    #[serde(rename = "workDoneToken")]
    _work_done_token: Option<serde::de::IgnoredAny>,
    method: Option<Method>,
    model: Option<String>,
    endpoint: Option<String>,
    remember: Option<bool>,
    prompt: Option<String>,
    uri: Option<String>,
    enable: Option<bool>,
}

impl Argument {
    /// The document that is named.
    fn document(self) -> Option<String> {
        self.uri.or(self.text_document.map(|document| document.uri))
    }
}

/// Answers `workspace/executeCommand` at once; what takes long goes on after the answer, under progress of its own.
pub async fn execute_command(backend: &Backend, params: ExecuteCommandParams) -> jsonrpc::Result<Option<Value>> {
    let Some(command) = NAMES.into_iter().find(|name| *name == params.command) else {
        return Err(jsonrpc::Error::invalid_params(format!("no such command; there are {}", NAMES.join(", "))));
    };
    let argument = argument(command, params.arguments)?;
    if command == "qwen.status" {
        return status(backend, &argument).await;
    }
    let backend = backend.clone();
    tokio::spawn(async move {
        if let Err(error) = run(&backend, command, argument).await {
            // The user's own «no» needs no message.
            if error.code != jsonrpc::ErrorCode::RequestCancelled {
                backend.client.show_message(MessageType::ERROR, error.message).await;
            }
        }
    });
    Ok(None)
}

fn argument(command: &str, arguments: Vec<Value>) -> jsonrpc::Result<Argument> {
    let main_member = match command {
        "qwen.switchAuth" | "qwen.signOut" => "method",
        "qwen.setModel" => "model",
        "qwen.trustEndpoint" => "endpoint",
        "qwen.chat" => "prompt",
        "qwen.chatSend" | "qwen.chatStop" => "uri",
        _ => "root",
    };
    let mut arguments = arguments.into_iter();
    let argument = match arguments.next() {
        None | Some(Value::Null) => json!({}),
        Some(Value::String(text)) => json!({ main_member: text }),
        Some(argument @ Value::Object(_)) => argument,
        Some(_) => return Err(jsonrpc::Error::invalid_params("the argument is neither an object nor a string")),
    };
    if arguments.next().is_some() {
        return Err(jsonrpc::Error::invalid_params("a command takes one argument at most"));
    }
    parse(&argument)
}

async fn status(backend: &Backend, argument: &Argument) -> jsonrpc::Result<Option<Value>> {
    // Asking for one of several roots would keep the editor waiting for an answer: all of them are told instead.
    let places = match (&argument.root, &argument.text_document) {
        (None, None) => backend.with_session(|session| session.roots.all()),
        _ => vec![backend.scope(&place(argument))?.0],
    };
    backend.settled().await;
    let mut statuses = Vec::new();
    for root in places {
        let scope = backend.scope_now(&root);
        statuses.push(backend.qwen.status(&root.uri, &scope).await);
    }
    let sentences: Vec<String> = statuses.iter().map(sentence::of_status).collect();
    backend.client.show_message(MessageType::INFO, sentences.join("\n")).await;
    let mut values = statuses.iter().map(|status| json!(status));
    Ok(if statuses.len() == 1 { values.next() } else { Some(values.collect()) })
}

async fn run(backend: &Backend, command: &str, argument: Argument) -> jsonrpc::Result<()> {
    if command == "qwen.chatSend" {
        return chat_send(backend, argument.document()).await;
    }
    if command == "qwen.chatStop" {
        return chat_stop(backend, argument.document());
    }
    let Some(root) = locate(backend, &argument).await? else { return Ok(()) };
    backend.settled().await;
    let scope = backend.scope_now(&root);
    if command == "qwen.toggleInlineCompletion" {
        let said = completion::toggle::toggle(backend, &root, &scope, argument.enable).await;
        backend.client.show_message(MessageType::INFO, said).await;
        return Ok(());
    }
    if command == "qwen.chat" {
        return chat_document::open::open(backend, &root, argument.prompt).await.map_err(|error| {
            let message = format!("the conversation could not be written ({error}); make the state directory writable");
            jsonrpc::Error { message: message.into(), ..jsonrpc::Error::internal_error() }
        });
    }
    let done = match command {
        "qwen.signIn" => {
            sign_in(backend, &root, &scope, None, Remember::ThisSession).await?;
            "signed in to Qwen".to_owned()
        }
        "qwen.signOut" => backend.qwen.sign_out(&scope, argument.method).await.map_err(wire)?.words().to_owned(),
        "qwen.switchAuth" => match switch_auth(backend, &root, &scope, &argument).await? {
            Some(done) => done,
            None => return Ok(()),
        },
        "qwen.setModel" => match set_model(backend, &root, &scope, argument.model).await? {
            Some(done) => done,
            None => return Ok(()),
        },
        _ => match trust(backend, &scope, &argument).await? {
            Some(done) => done,
            None => return Ok(()),
        },
    };
    let scope = backend.scope_now(&root);
    let status = backend.qwen.status(&root.uri, &scope).await;
    backend.client.show_message(MessageType::INFO, format!("{done} — {}", sentence::of_status(&status))).await;
    backend.announce_changes().await;
    Ok(())
}

/// Sends the conversation at `uri`, or the one that was changed last.
async fn chat_send(backend: &Backend, uri: Option<String>) -> jsonrpc::Result<()> {
    backend.settled().await;
    let uri = match uri {
        Some(uri) => uri.parse().ok(),
        None => backend.with_session(|session| session.documents.last_changed(|uri| is_chat_document(uri.as_str()))),
    };
    let message = "no conversation is open; begin one with `qwen.chat`";
    chat_document::send::send(backend, &uri.ok_or_else(|| jsonrpc::Error::invalid_params(message))?).await
}

/// Stops the answer that grows in the conversation at `uri`, or in the one that was changed last.
fn chat_stop(backend: &Backend, uri: Option<String>) -> jsonrpc::Result<()> {
    let uri = match uri {
        Some(uri) => uri.parse().ok(),
        None => backend.with_session(|session| session.documents.last_changed(|uri| backend.answers.is_running(uri))),
    };
    chat_document::send::stop(backend, &uri.ok_or_else(|| jsonrpc::Error::invalid_params("no answer is under way"))?)
}

fn place(argument: &Argument) -> Place {
    Place { root: argument.root.clone(), text_document: argument.text_document.clone() }
}

/// The root that is meant; asks where there are several and none is named. None when the user chose none.
async fn locate(backend: &Backend, argument: &Argument) -> jsonrpc::Result<Option<Root>> {
    let roots = backend.with_session(|session| session.roots.all());
    if argument.root.is_some() || argument.text_document.is_some() || roots.len() < 2 {
        return backend.scope(&place(argument)).map(|(root, _)| Some(root));
    }
    let titles = titles(&roots);
    let chosen = choose(backend, "Which folder of this window is meant?", &titles).await;
    let index = chosen.and_then(|title| titles.iter().position(|known| *known == title));
    Ok(index.and_then(|index| roots.into_iter().nth(index)))
}

/// The folders' names, which fit a narrow menu; the paths where two have one name.
fn titles(roots: &[Root]) -> Vec<String> {
    let names: Vec<_> = roots.iter().filter_map(|root| Some(root.path.file_name()?.to_string_lossy())).collect();
    let are_distinct = names.iter().collect::<BTreeSet<_>>().len() == roots.len();
    if are_distinct {
        names.into_iter().map(String::from).collect()
    } else {
        roots.iter().map(|root| root.path.display().to_string()).collect()
    }
}

async fn switch_auth(
    backend: &Backend,
    root: &Root,
    scope: &Scope,
    argument: &Argument,
) -> jsonrpc::Result<Option<String>> {
    const OAUTH: &str = "Qwen OAuth";
    const KEY: &str = "API key";
    let method = match argument.method {
        Some(method) => method,
        None => match choose(backend, "How should Qwen authenticate here?", &[OAUTH, KEY]).await.as_deref() {
            Some(OAUTH) => Method::QwenOauth,
            Some(KEY) => Method::Openai,
            _ => return Ok(None),
        },
    };
    let keep = if argument.remember == Some(true) { Remember::Always } else { Remember::ThisSession };
    switch(backend, root, scope, method, None, keep).await?;
    let name = if method == Method::QwenOauth { OAUTH } else { KEY };
    Ok(Some(format!("switched to {name}")))
}

/// At most this many models are offered as buttons; more would not fit any editor's message.
const OFFERED_MODELS: usize = 12;

async fn set_model(
    backend: &Backend,
    root: &Root,
    scope: &Scope,
    model: Option<String>,
) -> jsonrpc::Result<Option<String>> {
    let model = if let Some(model) = model {
        model
    } else {
        let models = backend.qwen.models(scope).await.map_err(wire)?;
        let names: Vec<String> = models.into_iter().map(|model| model.id).take(OFFERED_MODELS).collect();
        match choose(backend, "Which model? Others can be named as the command's argument.", &names).await {
            Some(model) => model,
            None => return Ok(None),
        }
    };
    backend.with_session(|session| session.models.insert(root.path.clone(), model.clone()));
    Ok(Some(format!("`{model}` is asked from now on, until the editor is closed")))
}

const TRUST: &str = "Trust it until the editor is closed";
const ALWAYS: &str = "Trust it always";

async fn trust(backend: &Backend, scope: &Scope, argument: &Argument) -> jsonrpc::Result<Option<String>> {
    let asked = if argument.remember == Some(true) { Remember::Always } else { Remember::ThisSession };
    let (endpoint, keep) = if let Some(endpoint) = &argument.endpoint {
        (endpoint.clone(), asked)
    } else {
        let resolution = backend.qwen.resolve(scope, None).await;
        let refused = resolution.problems.iter().find(|problem| problem.kind == ProblemKind::EndpointNotTrusted);
        let waits = refused.is_some() || resolution.withheld.is_some();
        let (true, Some(base_url)) = (waits, resolution.base_url) else {
            let message = "no endpoint waits to be trusted here; `qwen.status` says what is in force";
            return Err(jsonrpc::Error::invalid_params(message));
        };
        // A gateway's key may stand in the query.
        let origin = crate::resolve::endpoint::origin(&base_url.value);
        // An editor that preselects the first choice must not preselect this one.
        let question = format!("May your key go to {origin}? Only this project names that endpoint.");
        match choose(backend, &question, &["Cancel", TRUST, ALWAYS]).await.as_deref() {
            Some(TRUST) => (origin, asked),
            Some(ALWAYS) => (origin, Remember::Always),
            _ => return Ok(None),
        }
    };
    backend.qwen.trust(scope, &endpoint, keep).await.map_err(wire)?;
    Ok(Some(format!("{endpoint} is trusted for this folder")))
}
