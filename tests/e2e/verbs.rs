//! The requests of this server, each in a line.

use serde_json::{Value, json};

use crate::support::editor::{Editor, Pending, RpcError};

/// The request was wrong.
pub(crate) const INVALID_PARAMS: i64 = -32602;
/// The request was cancelled.
pub(crate) const CANCELLED: i64 = -32800;
/// It is the user's or the service's turn.
pub(crate) const REQUEST_FAILED: i64 = -32803;

/// A message of the user's.
pub(crate) fn user(text: &str) -> Value {
    json!({ "role": "user", "content": text })
}

/// Asks the root called `root`, with no token at all.
pub(crate) fn chat(editor: &mut Editor, root: &str, text: &str) -> Pending {
    chat_with(editor, root, text, json!({}))
}

/// The same with more params.
pub(crate) fn chat_with(editor: &mut Editor, root: &str, text: &str, more: Value) -> Pending {
    let mut params = json!({ "root": editor.uri(root), "messages": [user(text)] });
    add(&mut params, more);
    editor.request("qwen/chat", params)
}

/// `qwen/auth` for the root called `root`.
pub(crate) fn auth(editor: &mut Editor, root: &str, action: &str, more: Value) -> Pending {
    let mut params = json!({ "root": editor.uri(root), "action": action });
    add(&mut params, more);
    editor.request("qwen/auth", params)
}

/// The status of the root called `root`.
pub(crate) fn status(editor: &mut Editor, root: &str) -> Value {
    let status = auth(editor, root, "status", json!({}));
    editor.response(status)
}

/// The content of the answer of a root.
pub(crate) fn answer(editor: &mut Editor, root: &str) -> Value {
    let chat = chat(editor, root, "hi");
    editor.response(chat)["message"]["content"].take()
}

/// Asserts what kind of refusal it is.
pub(crate) fn assert_failed(error: &RpcError, kind: &str) {
    assert_eq!((error.code, &error.data["kind"]), (REQUEST_FAILED, &json!(kind)), "{error:?}");
}

/// The kinds of a status's problems.
pub(crate) fn problems(status: &Value) -> Vec<&str> {
    let problems = status["problems"].as_array().expect("a status has problems, or none");
    problems.iter().map(|problem| problem["kind"].as_str().expect("a problem has a kind")).collect()
}

fn add(params: &mut Value, more: Value) {
    let Value::Object(more) = more else { return };
    for (name, value) in more {
        params[name] = value;
    }
}
