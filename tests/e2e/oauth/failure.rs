//! Sign-ins that fail: the kind, a sentence that helps, the code and the page, and nothing opened or stored.

use serde_json::{Value, json};

use super::{
    TOKEN, expect_end, expect_told, open, page, plant_verifiers, session_file, shows_documents, sign_in, status, world,
};
use crate::support::editor::{Editor, RpcError};
use crate::support::oauth::{Answer, Kind, OAuth};
use crate::support::openai::OpenAi;

fn editor(oauth: &OAuth, key: &OpenAi) -> Editor {
    let world = world(oauth).capabilities(shows_documents());
    open(world.env("OPENAI_API_KEY", key.key()).env("OPENAI_BASE_URL", key.base_url()))
}

/// The error of a sign-in that was shown to the user.
fn shown_and_failed(oauth: &OAuth, editor: &mut Editor) -> RpcError {
    let pending = sign_in(editor);
    let begin = editor.expect_progress(TOKEN);
    assert_eq!(begin["kind"], "begin");
    editor.expect_progress(TOKEN);
    let question = editor.expect_request("window/showDocument");
    editor.answer(question, json!({ "success": true }));
    let error = editor.error(pending);
    expect_end(editor, TOKEN);
    assert_eq!(error.code, -32803);
    assert_eq!(
        (&error.data["userCode"], &error.data["verificationUri"]),
        (&json!("CODE-1"), &json!(page(oauth, 1))),
        "the user may have looked away"
    );
    still_the_old_method(editor);
    plant_verifiers(oauth, editor);
    error
}

fn still_the_old_method(editor: &mut Editor) {
    assert_eq!(status(editor)["method"], "openai");
    assert!(!session_file(editor).exists());
}

#[test]
fn o11_a_denied_sign_in_says_so() {
    let (oauth, key) = (OAuth::start(), OpenAi::start());
    oauth.deny();
    let error = shown_and_failed(&oauth, &mut editor(&oauth, &key));
    assert_eq!(error.data["kind"], "signInDenied");
    assert!(
        error.message.contains("refused in the browser") && error.message.contains("an API key"),
        "{}",
        error.message
    );
}

#[test]
fn o12_o13_o15_a_code_that_ran_out_offers_a_new_sign_in() {
    for answer in [Some(Answer::error(400, "expired_token")), Some(Answer::html(401)), None] {
        let (oauth, key) = (OAuth::start(), OpenAi::start());
        match answer {
            Some(answer) => oauth.script(Kind::Poll, [answer]),
            None => oauth.set_device("expires_in", json!(1)),
        }
        let error = shown_and_failed(&oauth, &mut editor(&oauth, &key));
        assert_eq!(error.data["kind"], "deviceCodeExpired");
        assert_eq!(error.data["command"]["command"], "qwen.signIn");
    }
}

#[test]
fn o14_a_service_that_refuses_further_polls_is_rate_limited() {
    let (oauth, key) = (OAuth::start(), OpenAi::start());
    oauth.script(Kind::Poll, [Answer::error(429, "too_many_requests")]);
    assert_eq!(shown_and_failed(&oauth, &mut editor(&oauth, &key)).data["kind"], "rateLimited");
}

/// The error of a sign-in that never had a code to show.
fn failed_at_once(editor: &mut Editor) -> RpcError {
    let pending = sign_in(editor);
    let error = editor.error(pending);
    assert_eq!(editor.expect_progress(TOKEN)["kind"], "begin");
    expect_end(editor, TOKEN);
    assert_eq!((error.code, &error.data["userCode"]), (-32803, &Value::Null));
    still_the_old_method(editor);
    error
}

#[test]
fn o17_o18_a_web_page_in_place_of_an_answer_is_named_and_not_shown() {
    for status in [200, 403, 502] {
        let (oauth, key) = (OAuth::start(), OpenAi::start());
        oauth.script(Kind::Device, [Answer::html(status)]);
        let error = failed_at_once(&mut editor(&oauth, &key));
        assert_eq!(error.data["kind"], "signInUnavailable", "{status}");
        assert!(error.message.contains("2026-04-15") && error.message.contains("an API key"), "{}", error.message);
        assert!(!error.message.contains("blocked"), "{}", error.message);
        assert!(status == 200 || error.message.contains(&status.to_string()), "{}", error.message);
    }
}

#[test]
fn a_service_that_is_down_is_offline() {
    let (oauth, key) = (OAuth::start(), OpenAi::start());
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let world = world(&oauth)
        .env("QWEN_OAUTH_BASE_URL", format!("http://{nobody}"))
        .env("OPENAI_API_KEY", key.key())
        .env("OPENAI_BASE_URL", key.base_url());
    let error = failed_at_once(&mut open(world));
    assert_eq!(error.data["kind"], "offline");
    assert!(error.message.contains("127.0.0.1"), "{}", error.message);
}

#[test]
fn h25_an_address_that_is_no_web_page_is_neither_opened_nor_shown() {
    for address in [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "vscode://evil/install",
        "http://elsewhere.example/authorize",
        "https://chat.qwen.ai/\u{7}\u{1b}[2J",
        "https://chat.qwen.ai/a\nb",
        "no URL",
    ] {
        let (oauth, key) = (OAuth::start(), OpenAi::start());
        oauth.set_device("verification_uri_complete", json!(address));
        // On a desktop with a way to open pages: a question, a message or a browser would be unclaimed.
        let world = world(&oauth).capabilities(shows_documents()).env("DISPLAY", ":0");
        let mut editor = open(world.env("OPENAI_API_KEY", key.key()).env("OPENAI_BASE_URL", key.base_url()));
        let error = failed_at_once(&mut editor);
        assert_eq!(error.data["kind"], "signInUnavailable", "{address}");
        assert!(!error.message.contains(address), "{}", error.message);
        assert_eq!(oauth.count(Kind::Poll), 0);
    }
}

#[test]
fn trouble_on_the_way_does_not_end_a_sign_in() {
    let (oauth, key) = (OAuth::start(), OpenAi::start());
    oauth.set_device("interval", json!(1));
    oauth.script(Kind::Poll, [Answer::html(502), Answer::json(200, &json!({ "status": "pending" }))]);
    let mut editor = editor(&oauth, &key);
    let pending = sign_in(&mut editor);
    expect_told(&mut editor, &oauth, &json!(TOKEN), 1);
    let question = editor.expect_request("window/showDocument");
    editor.answer(question, json!({ "success": true }));
    super::approve(&oauth, &mut editor, pending, TOKEN);
    assert_eq!(oauth.count(Kind::Poll), 3);
}
