//! Which method a root uses, and how that changes without a restart.

use std::process::Output;

use serde_json::{Value, json};

use super::{
    TOKEN, approve, chat, expect_end, expect_told, open, plant_verifiers, refuse_page, session, session_file,
    shows_documents, sign_in, signed_in, status, world,
};
use crate::support::editor::Editor;
use crate::support::http::Gate;
use crate::support::oauth::{Answer as Reply, Kind, OAuth};
use crate::support::openai::{Answer, OpenAi};
use crate::support::world::World;

/// Qwen's models and another provider, whose key is in the environment.
struct Stage {
    oauth: OAuth,
    qwen: OpenAi,
    other: OpenAi,
}

impl Stage {
    fn new() -> Self {
        let (oauth, qwen, other) = (OAuth::start(), OpenAi::start(), OpenAi::start());
        oauth.set_token("resource_url", json!(qwen.base_url()));
        Self { oauth, qwen, other }
    }

    fn world(&self) -> World {
        world(&self.oauth).capabilities(shows_documents())
    }

    fn with_key(&self) -> World {
        self.world()
            .env("OPENAI_API_KEY", self.other.key())
            .env("OPENAI_BASE_URL", self.other.base_url())
            .env("OPENAI_MODEL", self.other.model())
    }

    fn with_session(&self, world: World) -> World {
        world.home_file(".qwen/oauth_creds.json", session(&self.oauth, &self.qwen.base_url(), 3600))
    }

    /// How often each of the two was asked for a chat.
    fn asked(&self) -> (usize, usize) {
        (self.qwen.requests().len(), self.other.requests().len())
    }
}

fn switch(editor: &mut Editor, method: &str, remember: bool) -> Value {
    let switch = editor.request("qwen/auth", json!({ "action": "switch", "method": method, "remember": remember }));
    editor.response(switch)
}

fn method_of_a_chat(editor: &mut Editor) -> Value {
    let pending = chat(editor);
    editor.response(pending)["method"].take()
}

/// The method that a process started now would use.
fn method_after_a_restart(editor: &Editor) -> Value {
    let mut command = editor.world().terminal();
    let Output { stdout, .. } = command.args(["auth", "status", "--json"]).output().unwrap();
    serde_json::from_slice::<Value>(&stdout).unwrap()["method"].take()
}

#[test]
fn signing_in_is_choosing_though_a_key_is_in_the_environment() {
    let stage = Stage::new();
    let mut editor = open(stage.with_key());
    assert_eq!(method_of_a_chat(&mut editor), "openai");
    let status = signed_in(&stage.oauth, &mut editor);
    assert_eq!(status["origins"]["method"], json!({ "kind": "client", "variable": "switch" }));
    assert_eq!(method_of_a_chat(&mut editor), "qwen-oauth");
    assert_eq!(stage.asked(), (1, 1));
    assert_eq!(method_after_a_restart(&editor), "openai", "the choice was for this session");
}

#[test]
fn o53_with_qwen_oauth_neither_the_key_nor_its_endpoint_is_used() {
    let stage = Stage::new();
    let world = stage.with_session(stage.with_key());
    let mut editor = open(world);
    let status = switch(&mut editor, "qwen-oauth", false);
    let ignored: Vec<_> = status["ignored"].as_array().unwrap().iter().map(|i| &i["origin"]["variable"]).collect();
    assert!(ignored.contains(&&json!("OPENAI_API_KEY")) && ignored.contains(&&json!("OPENAI_BASE_URL")));
    assert_eq!(method_of_a_chat(&mut editor), "qwen-oauth");
    let asked = stage.qwen.requests();
    assert_eq!(asked[0].key.as_deref(), Some("canary-given"));
    assert_eq!(asked[0].request.header("x-dashscope-authtype"), Some("qwen-oauth"));
    assert_eq!(stage.asked(), (1, 0));
}

#[test]
fn h12_switching_to_a_key_takes_effect_at_once_and_keeps_the_session() {
    let stage = Stage::new();
    let world = stage.with_session(stage.with_key());
    let mut editor = open(world);
    switch(&mut editor, "qwen-oauth", false);
    assert_eq!(method_of_a_chat(&mut editor), "qwen-oauth");
    let before = std::fs::read(session_file(&editor)).unwrap();
    assert_eq!(switch(&mut editor, "openai", false)["method"], "openai");
    assert_eq!(method_of_a_chat(&mut editor), "openai");
    assert_eq!(std::fs::read(session_file(&editor)).unwrap(), before);
    // And back, without signing in.
    assert_eq!(switch(&mut editor, "qwen-oauth", false)["method"], "qwen-oauth");
    assert_eq!(method_of_a_chat(&mut editor), "qwen-oauth");
    assert_eq!((stage.asked(), stage.oauth.requests().len()), ((2, 1), 0));
}

#[test]
fn h13_switching_to_qwen_oauth_signs_in_and_a_cancelled_one_leaves_the_old_method() {
    let stage = Stage::new();
    let mut editor = open(stage.with_key());
    let params = json!({ "action": "switch", "method": "qwen-oauth", "remember": true, "workDoneToken": TOKEN });
    let cancelled = editor.request("qwen/auth", params.clone());
    expect_told(&mut editor, &stage.oauth, &json!(TOKEN), 1);
    refuse_page(&mut editor);
    let question = editor.expect_request("window/showMessageRequest");
    editor.answer(question, json!({ "title": "Cancel" }));
    assert_eq!(editor.error(cancelled).code, -32800);
    expect_end(&mut editor, TOKEN);
    assert_eq!(method_of_a_chat(&mut editor), "openai");

    let switched = editor.request("qwen/auth", params);
    expect_told(&mut editor, &stage.oauth, &json!(TOKEN), 2);
    let page = editor.expect_request("window/showDocument");
    editor.answer(page, json!({ "success": true }));
    approve(&stage.oauth, &mut editor, switched, TOKEN);
    assert_eq!(method_of_a_chat(&mut editor), "qwen-oauth");
    assert_eq!(method_after_a_restart(&editor), "qwen-oauth");
}

#[test]
fn a_choice_is_remembered_over_a_restart_only_when_asked_for() {
    let stage = Stage::new();
    let world = stage.with_session(stage.with_key());
    let mut editor = open(world);
    switch(&mut editor, "qwen-oauth", false);
    assert_eq!(method_after_a_restart(&editor), "openai");
    switch(&mut editor, "qwen-oauth", true);
    assert_eq!(method_after_a_restart(&editor), "qwen-oauth");
    switch(&mut editor, "openai", true);
    assert_eq!(method_after_a_restart(&editor), "openai");
}

#[test]
fn a_choice_is_one_roots_own() {
    let stage = Stage::new();
    let world = stage.with_session(stage.with_key().empty_root("other"));
    let mut editor = open(world);
    let (app, other) = (editor.uri("app"), editor.uri("other"));
    let params = json!({ "action": "switch", "method": "qwen-oauth", "root": app });
    let switch = editor.request("qwen/auth", params);
    assert_eq!(editor.response(switch)["method"], "qwen-oauth");
    let status = editor.request("qwen/auth", json!({ "action": "status", "root": other }));
    assert_eq!(editor.response(status)["method"], "openai");
}

#[test]
fn h14_a_running_chat_finishes_on_the_account_that_it_started_with() {
    let mut stage = Stage::new();
    let gate = Gate::default();
    stage.qwen = stage.qwen.answer(Answer::stream(["from ", "Qwen"]).then_wait(&gate));
    let world = stage.with_session(stage.with_key());
    let mut editor = open(world);
    switch(&mut editor, "qwen-oauth", false);
    let running = chat(&mut editor);
    stage.qwen.wait_for_requests(1);
    switch(&mut editor, "openai", false);
    assert_eq!(method_of_a_chat(&mut editor), "openai");
    gate.open();
    let answer = editor.response(running);
    assert_eq!((&answer["method"], &answer["message"]["content"]), (&json!("qwen-oauth"), &json!("from Qwen")));
    let keys = |model: &OpenAi| model.requests().into_iter().map(|asked| asked.key.unwrap()).collect::<Vec<_>>();
    assert_eq!(keys(&stage.qwen), ["canary-given"]);
    assert_eq!(keys(&stage.other), [stage.other.key()]);
}

#[test]
fn h05_h17_qwen_oauth_without_a_session_says_so_and_asks_nobody() {
    let stage = Stage::new();
    let settings = json!({ "security": { "auth": { "selectedType": "qwen-oauth" } } }).to_string();
    for world in
        [stage.world().env("QWEN_OAUTH", "1"), stage.world().home_file(".qwen/settings.json", settings.as_str())]
    {
        let mut editor = open(world);
        let status = status(&mut editor);
        assert_eq!((&status["state"], &status["method"]), (&json!("signedOut"), &json!("qwen-oauth")));
        let pending = chat(&mut editor);
        let error = editor.error(pending);
        assert_eq!((error.code, &error.data["kind"]), (-32803, &json!("notSignedIn")));
        assert_eq!(error.data["command"]["command"], "qwen.signIn");
        let output = editor.world().terminal().args(["chat", "hi"]).output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty());
    }
    assert_eq!(stage.oauth.requests().len(), 0, "no device flow without someone to show it to");
}

#[test]
fn h06_h09_a_session_is_used_where_it_is_chosen_or_the_only_account() {
    let stage = Stage::new();
    for world in [stage.world().env("QWEN_OAUTH", "1"), stage.world()] {
        let mut editor = open(stage.with_session(world));
        assert_eq!(method_of_a_chat(&mut editor), "qwen-oauth");
        let output = editor.world().terminal().args(["chat", "hi"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn h07_h08_a_key_beats_qwen_oauth_in_the_same_place_and_in_settings() {
    let stage = Stage::new();
    let settings = json!({ "security": { "auth": { "selectedType": "qwen-oauth" } } }).to_string();
    for world in [stage.with_key().home_file(".qwen/settings.json", settings), stage.with_key().env("QWEN_OAUTH", "1")]
    {
        let mut editor = open(stage.with_session(world));
        assert_eq!(method_of_a_chat(&mut editor), "openai");
    }
}

#[test]
fn the_projects_file_chooses_before_the_environment() {
    let stage = Stage::new();
    let world = stage.with_session(stage.with_key().root("project", [(".qwen/.env", "QWEN_OAUTH=1\n")]));
    let mut editor = open(world);
    let params = json!({ "action": "status", "root": editor.uri("project") });
    let status = editor.request("qwen/auth", params);
    let status = editor.response(status);
    assert_eq!(
        (&status["method"], &status["origins"]["method"]["kind"]),
        (&json!("qwen-oauth"), &json!("projectFile"))
    );
}

#[test]
fn a_sign_out_deletes_the_session_and_says_what_it_does_not_revoke() {
    let stage = Stage::new();
    let mut editor = open(stage.with_key());
    signed_in(&stage.oauth, &mut editor);
    let sign_out = editor.request("qwen/auth", json!({ "action": "signOut" }));
    // The sign-in's choice went with the session: the key is in force again.
    assert_eq!(editor.response(sign_out)["method"], "openai");
    let told = editor.expect_notification("window/showMessage");
    assert!(told["message"].as_str().unwrap().contains("cannot revoke"), "{told}");
    assert!(!session_file(&editor).exists());
    assert_eq!(method_of_a_chat(&mut editor), "openai");
}

#[test]
fn sign_in_sign_out_and_an_ended_session_are_each_announced_once() {
    let stage = Stage::new();
    let options = json!({ "qwen": { "notifications": ["qwen/authStatusChanged"] } });
    let mut editor = open(stage.world().initialization_options(options));
    signed_in(&stage.oauth, &mut editor);
    assert_eq!(editor.expect_notification("qwen/authStatusChanged")["state"], "signedIn");
    let sign_out = editor.request("qwen/auth", json!({ "action": "signOut" }));
    editor.response(sign_out);
    editor.expect_notification("window/showMessage");
    assert_eq!(editor.expect_notification("qwen/authStatusChanged")["state"], "signedOut");

    // A session that is due at once, and that the service does not renew.
    stage.oauth.set_token("expires_in", json!(1));
    let pending = sign_in(&mut editor);
    let page = editor.expect_request("window/showDocument");
    editor.answer(page, json!({ "success": true }));
    editor.response(pending);
    for _ in 0..3 {
        editor.expect_progress(TOKEN);
    }
    assert_eq!(editor.expect_notification("qwen/authStatusChanged")["state"], "signedIn");
    stage.oauth.script(Kind::Refresh, [Reply::error(400, "invalid_grant")]);
    let pending = chat(&mut editor);
    let error = editor.error(pending);
    assert_eq!(error.data["kind"], "sessionExpired");
    assert_eq!(editor.expect_notification("qwen/authStatusChanged")["state"], "signedOut");
    assert!(!session_file(&editor).exists());
    plant_verifiers(&stage.oauth, &mut editor);
}

#[test]
fn h15_h16_a_status_names_its_sources_and_never_the_whole_key() {
    let stage = Stage::new();
    let world = stage.with_key().root("project", [(".qwen/.env", stage.qwen.dotenv())]);
    let mut editor = open(world);
    for (root, kind, key) in [("app", "environment", stage.other.key()), ("project", "projectFile", stage.qwen.key())] {
        let params = json!({ "action": "status", "root": editor.uri(root) });
        let status = editor.request("qwen/auth", params);
        let status = editor.response(status);
        let origin = &status["origins"]["apiKey"];
        assert_eq!((&origin["kind"], &origin["variable"]), (&json!(kind), &json!("OPENAI_API_KEY")));
        assert_eq!(origin["path"].is_string(), kind == "projectFile");
        let shown = status["key"].as_str().unwrap();
        assert!(shown.ends_with(&key[key.len() - 4..]) && shown.chars().count() <= 8, "{shown}");
    }
}

#[test]
fn h18_a_status_on_the_terminal_says_by_its_exit_code_whether_a_request_may_be_sent() {
    let stage = Stage::new();
    for (world, may) in [(stage.with_key(), true), (stage.with_session(stage.world()), true), (stage.world(), false)] {
        let output = world.terminal().args(["auth", "status"]).output().unwrap();
        assert_eq!(output.status.success(), may, "{}", String::from_utf8_lossy(&output.stderr));
    }
}
