//! Signing in with Qwen OAuth as an editor sees it, and using the session. `ROWS.md` says which row is tested where.

mod cancel;
mod crowd;
mod failure;
mod ladder;
mod switch;
mod terminal;
mod usage;

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::editor::{Editor, Pending};
use crate::support::oauth::{Kind, OAuth};
use crate::support::world::World;

/// The work-done token of the sign-ins here.
const TOKEN: &str = "sign-in";

/// One root, this sign-in service, and the log at its loudest. No secret of a stand-in may be written.
pub(crate) fn world(oauth: &OAuth) -> World {
    World::new()
        .empty_root("app")
        .env("QWEN_OAUTH_BASE_URL", oauth.base_url())
        .env("QWEN_LOG", "trace")
        .canary("canary-")
}

/// Opens an editor that lets the server log.
pub(crate) fn open(world: World) -> Editor {
    let mut editor = world.open();
    editor.allow_on_stderr("");
    // A question that is answered in the moment in which the sign-in ends may be taken back all the same.
    editor.ignore("$/cancelRequest");
    editor
}

/// What a world with an editor that can open pages says.
fn shows_documents() -> Value {
    json!({ "window": { "showDocument": { "support": true } } })
}

pub(crate) fn sign_in(editor: &mut Editor) -> Pending {
    editor.request("qwen/auth", json!({ "action": "signIn", "workDoneToken": TOKEN }))
}

pub(crate) fn status(editor: &mut Editor) -> Value {
    let status = editor.request("qwen/auth", json!({ "action": "status" }));
    editor.response(status)
}

fn chat(editor: &mut Editor) -> Pending {
    editor.request("qwen/chat", json!({ "messages": [{ "role": "user", "content": "hi" }] }))
}

/// The page of the stand-in's n-th sign-in, in the service's own spelling.
fn page(oauth: &OAuth, n: usize) -> String {
    format!("{}/authorize?user_code=CODE-{n}&client=qwen-code", oauth.base_url())
}

/// Claims the progress that shows code, page and minutes of the n-th sign-in.
pub(crate) fn expect_told(editor: &mut Editor, oauth: &OAuth, token: &Value, n: usize) {
    let begin = editor.expect_progress(token.clone());
    assert_eq!((&begin["kind"], &begin["cancellable"]), (&json!("begin"), &json!(true)));
    let report = editor.expect_progress(token.clone());
    let text = report["message"].as_str().unwrap();
    for part in [page(oauth, n), format!("CODE-{n}"), "(15 min left)".to_owned()] {
        assert!(text.contains(&part), "{part} is not in {text}");
    }
}

pub(crate) fn expect_end(editor: &mut Editor, token: impl Into<Value>) {
    let token = token.into();
    // The page and the code may be told again before.
    let last = loop {
        let value = editor.expect_progress(token.clone());
        if value["kind"] != "report" {
            break value;
        }
    };
    assert_eq!(last["kind"], "end");
}

/// Refuses to open the page, as editors do that do not know the request.
fn refuse_page(editor: &mut Editor) {
    let question = editor.expect_request("window/showDocument");
    editor.answer_error(question, -32601);
}

/// The user approves in the browser; the sign-in succeeds.
fn approve(oauth: &OAuth, editor: &mut Editor, pending: Pending, token: impl Into<Value>) -> Value {
    oauth.approve();
    let status = editor.response(pending);
    expect_end(editor, token);
    assert_eq!((&status["state"], &status["method"]), (&json!("signedIn"), &json!("qwen-oauth")));
    assert!(session_file(editor).is_file());
    plant_verifiers(oauth, editor);
    status
}

/// A whole sign-in, by the way that needs the least.
fn signed_in(oauth: &OAuth, editor: &mut Editor) -> Value {
    let pending = sign_in(editor);
    let page = editor.expect_request("window/showDocument");
    editor.answer(page, json!({ "success": true }));
    editor.expect_progress(TOKEN);
    editor.expect_progress(TOKEN);
    approve(oauth, editor, pending, TOKEN)
}

/// From now on the code verifiers that the service has seen are texts that must not have been written.
fn plant_verifiers(oauth: &OAuth, editor: &mut Editor) {
    for request in oauth.requests() {
        if let Some(verifier) = request.field("code_verifier").filter(|_| request.kind == Kind::Poll) {
            editor.add_canary(verifier);
        }
    }
}

fn session_file(editor: &Editor) -> PathBuf {
    editor.world().home().join(".qwen/oauth_creds.json")
}

/// The text of a session whose token ends in that many seconds, and goes to `resource_url`.
pub(crate) fn session(oauth: &OAuth, resource_url: &str, ends_in: i64) -> String {
    let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_millis();
    let expiry_date = i64::try_from(now).expect("before the year 292 million") + ends_in * 1000;
    json!({
        "access_token": "canary-given",
        "refresh_token": oauth.issue_refresh_token(),
        "token_type": "Bearer",
        "resource_url": resource_url,
        "expiry_date": expiry_date,
    })
    .to_string()
}

fn stored(editor: &Editor) -> Value {
    serde_json::from_str(&fs::read_to_string(session_file(editor)).unwrap()).unwrap()
}
