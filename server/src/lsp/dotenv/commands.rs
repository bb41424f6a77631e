//! The commands `qwen.env.*`: what a code action cannot do by an edit alone. Arguments name a file and a variable, and
//! never a value.

use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use tower_lsp::jsonrpc;
use tower_lsp::ls_types::request::ApplyWorkspaceEdit;
use tower_lsp::ls_types::{ApplyWorkspaceEditParams, ExecuteCommandParams, MessageType, TextEdit, Uri};

use super::actions::{Target, edit_of};
use super::facts::{Facts, is_env_file};
use super::places::Places;
use super::push;
use super::requests::{Subject, subject};
use crate::lsp::backend::Backend;
use crate::lsp::error::wire;
use crate::lsp::params::parse;
use crate::lsp::progress::WorkDone;
use crate::lsp::roots::TextDocument;
use crate::qwen::{NewKey, Remember, Scope};
use crate::resolve::dotenv::{self, Entry};
use crate::resolve::{State, variables};
use crate::secret::Secret;
use crate::transport::ask;

/// `chmod 600`.
pub const MAKE_PRIVATE: &str = "qwen.env.makePrivate";
/// The key goes to the keyring, and its line away.
pub const MOVE_KEY: &str = "qwen.env.moveKeyToKeyring";
/// Asks the provider whether it knows the key: the one network call of this module.
pub const TEST_KEY: &str = "qwen.env.testKey";

/// Every command, as the capabilities list them.
pub const NAMES: [&str; 3] = [MAKE_PRIVATE, MOVE_KEY, TEST_KEY];

/// How long an editor may take to apply an edit; some ask the user.
const LIMIT: Duration = Duration::from_secs(60);

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Argument {
    text_document: Option<TextDocument>,
    /// The variable; by default the first that holds a key.
    name: Option<String>,
}

/// Answers at once; what takes long goes on after the answer.
pub async fn execute(backend: &Backend, params: ExecuteCommandParams) -> jsonrpc::Result<Option<Value>> {
    let argument = argument(params.arguments)?;
    let uri = file(backend, &argument)?;
    let Some(subject) = opened_or_read(backend, &uri).await else {
        return Err(invalid(format!("`{}` is not there; open it, or save it first", uri.as_str())));
    };
    let backend = backend.clone();
    tokio::spawn(async move {
        let done = match params.command.as_str() {
            MAKE_PRIVATE => make_private(&backend, &subject).await,
            MOVE_KEY => move_key(&backend, &subject, argument.name.as_deref()).await,
            _ => test_key(&backend, &subject, argument.name.as_deref()).await,
        };
        match done {
            Ok(done) => backend.client.show_message(MessageType::INFO, done).await,
            // The user's own «no» needs no message.
            Err(error) if error.code == jsonrpc::ErrorCode::RequestCancelled => {}
            Err(error) => backend.client.show_message(MessageType::ERROR, error.message).await,
        }
        push::refresh(&backend);
    });
    Ok(None)
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> jsonrpc::Error {
    jsonrpc::Error::invalid_params(message)
}

fn argument(arguments: Vec<Value>) -> jsonrpc::Result<Argument> {
    let mut arguments = arguments.into_iter();
    let argument = match arguments.next() {
        None | Some(Value::Null) => json!({}),
        Some(Value::String(uri)) => json!({ "textDocument": { "uri": uri } }),
        Some(argument @ Value::Object(_)) => argument,
        Some(_) => return Err(invalid("the argument is neither an object nor the URI of a file")),
    };
    if arguments.next().is_some() {
        return Err(invalid("a command takes one argument at most"));
    }
    parse(&argument)
}

/// The file that is meant: the one that is named, else the only one that is open.
fn file(backend: &Backend, argument: &Argument) -> jsonrpc::Result<Uri> {
    if let Some(document) = &argument.text_document {
        let uri = document.uri.parse().ok().filter(|_| is_env_file(&document.uri).is_some());
        return uri.ok_or_else(|| invalid("`textDocument` is not the URI of a .env file"));
    }
    match <[Uri; 1]>::try_from(backend.env_files.open()) {
        Ok([uri]) => Ok(uri),
        Err(open) if open.is_empty() => Err(invalid("no .env file is open; open one, or name it as the argument")),
        Err(_) => Err(invalid("several .env files are open; name one as the argument")),
    }
}

/// The document, or the file as it is on the disk.
async fn opened_or_read(backend: &Backend, uri: &Uri) -> Option<Subject> {
    if let Some(subject) = subject(backend, uri).await {
        return Some(subject);
    }
    let path = is_env_file(uri.as_str())?;
    let (root, scope, encoding, client) = backend.with_session(|session| {
        let root = session.roots.of_document(uri.as_str()).ok()?;
        let scope = session.scope_of(&root);
        Some((root, scope, session.abilities.encoding, session.abilities.dotenv))
    })?;
    let text = backend.qwen.read_text(&path).await?;
    let facts = Facts::gather(&backend.qwen, &scope, root, path, &text, None).await;
    Some(Subject { uri: uri.clone(), version: None, text, facts, encoding, client })
}

async fn make_private(backend: &Backend, subject: &Subject) -> jsonrpc::Result<String> {
    backend.qwen.make_private(subject.facts.path.clone()).await.map_err(wire)?;
    Ok(format!("{} is private now", subject.facts.path.display()))
}

async fn test_key(backend: &Backend, subject: &Subject, name: Option<&str>) -> jsonrpc::Result<String> {
    let (entry, key) = key_of(subject, name)?;
    let fingerprint = key.key.fingerprint();
    let whose = key.base_url.clone();
    let scope = scope(backend, subject);
    let work_done = WorkDone::create(backend, "Testing the key").await;
    let outcome = work_done.unless_cancelled(backend.qwen.test_key(&scope, &key)).await;
    work_done.end().await;
    outcome?.map_err(wire)?;
    let at = whose.and_then(|url| crate::resolve::endpoint::origin_of(&url));
    let at = at.map(|origin| format!(" at {origin}")).unwrap_or_default();
    Ok(format!("`{}` works: the key {fingerprint} is accepted{at}", entry.name))
}

async fn move_key(backend: &Backend, subject: &Subject, name: Option<&str>) -> jsonrpc::Result<String> {
    let (entry, key) = key_of(subject, name)?;
    if entry.name != variables::API_KEY {
        let message =
            format!("`{}` is read by its name, so it cannot move; only `{}` can", entry.name, variables::API_KEY);
        return Err(invalid(message));
    }
    backend.qwen.keep_key(&scope(backend, subject), key).await.map_err(wire)?;
    // Only when the key is safe elsewhere does its line go, and only from the text that it was read from.
    let places = Places::new(&subject.text, subject.encoding);
    let edit = TextEdit { range: places.range(&places.lines(&entry)), new_text: String::new() };
    let document = Target { uri: &subject.uri, version: subject.version, text: None };
    let can = backend.with_session(|session| session.abilities.dotenv.edits);
    let label = Some("Move the key to the keyring".to_owned());
    let params = ApplyWorkspaceEditParams { label, edit: edit_of(&document, vec![edit], can) };
    let applied = ask::<ApplyWorkspaceEdit>(&backend.client, params, LIMIT).await.is_some_and(|answer| answer.applied);
    backend.announce_changes().await;
    Ok(if applied {
        "the key is in the keyring now, and its line is gone; save the file".to_owned()
    } else {
        format!("the key is in the keyring now; delete line {} yourself, since the editor did not", entry.line)
    })
}

fn scope(backend: &Backend, subject: &Subject) -> Scope {
    backend.with_session(|session| session.scope_of(&subject.facts.root))
}

/// The key that is meant, and where it belongs.
fn key_of<'a>(subject: &'a Subject, name: Option<&str>) -> jsonrpc::Result<(Entry<'a>, NewKey)> {
    let facts = &subject.facts;
    let parsed = dotenv::parse(&subject.text);
    let is_meant = |entry: &&Entry<'_>| match name {
        Some(name) => entry.name == name,
        None => facts.holds_key(entry.name),
    };
    let entry = parsed.entries.iter().rev().find(is_meant).cloned();
    let entry = entry.filter(|entry| facts.holds_key(entry.name) && !entry.value.trim().is_empty());
    let entry = entry.ok_or_else(|| invalid(format!("{} holds no such key", facts.path.display())))?;
    let base_url = belongs_to(&entry, &parsed.entries, facts)?;
    let key = NewKey { key: Secret::new(entry.value.trim()), base_url, model: None, keep: Remember::Always };
    Ok((entry, key))
}

/// Where a key belongs: where it goes now, else the endpoint of its own file, else the one of its name. None leaves it
/// to the key's prefix. A key never goes to another provider's endpoint because nothing better is known.
fn belongs_to(entry: &Entry<'_>, entries: &[Entry<'_>], facts: &Facts) -> jsonrpc::Result<Option<String>> {
    let resolution = &facts.view.resolution;
    let is_in_force = resolution
        .key
        .as_ref()
        .is_some_and(|key| key.origin.path.as_ref() == Some(&facts.path) && key.origin.line == Some(entry.line));
    if is_in_force {
        if resolution.state == State::Refused {
            let reasons: Vec<&str> = resolution.problems.iter().map(|problem| problem.message.as_str()).collect();
            return Err(invalid(reasons.join(" ")));
        }
        return Ok(resolution.base_url.as_ref().map(|found| found.value.to_string()));
    }
    if entry.name == variables::API_KEY {
        let own = super::findings::last(entries, variables::BASE_URL).filter(|entry| !entry.value.is_empty());
        return Ok(own.map(|own| own.value.clone().into_owned()));
    }
    match variables::provider_of(entry.name) {
        Some(provider) => Ok(Some(provider.default_base_url().to_owned())),
        None => Err(invalid(format!(
            "nothing says where `{}` belongs; name it as an `envKey` in settings.json",
            entry.name
        ))),
    }
}
