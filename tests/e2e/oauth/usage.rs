//! A session in use: tokens that are refused, models that are not served, and limits.

use serde_json::{Value, json};

use super::{chat, open, session, status, stored, world};
use crate::support::editor::Editor;
use crate::support::http::Reply;
use crate::support::oauth::{Answer as OauthAnswer, Kind, OAuth};
use crate::support::openai::{Answer, OpenAi};

fn refusal(status: u16) -> Reply {
    Reply::json(
        status,
        &json!({ "error": { "code": "invalid_api_key", "message": "invalid access token or token expired" } }),
    )
}

/// Signed in with a token that is good for that many seconds.
fn given(oauth: &OAuth, qwen: &OpenAi, ends_in: i64) -> Editor {
    oauth.set_token("resource_url", json!(qwen.base_url()));
    open(world(oauth).home_file(".qwen/oauth_creds.json", session(oauth, &qwen.base_url(), ends_in)))
}

fn answer(editor: &mut Editor) -> Value {
    let pending = chat(editor);
    editor.response(pending)
}

#[test]
fn o22_o24_o48_a_good_token_goes_to_its_resource() {
    let (oauth, qwen) = (OAuth::start(), OpenAi::start());
    let mut editor = given(&oauth, &qwen, 3600);
    let answer = answer(&mut editor);
    assert_eq!((&answer["method"], &answer["provider"]), (&json!("qwen-oauth"), &json!("Qwen")));
    let asked = &qwen.requests()[0];
    assert_eq!((asked.path.as_str(), asked.key.as_deref()), ("/v1/chat/completions", Some("canary-given")));
    assert_eq!(asked.body["model"], "coder-model");
    assert_eq!(oauth.requests().len(), 0);
    assert_eq!(status(&mut editor)["quota"]["usedToday"], 1);
}

#[test]
fn o49_o50_slashes_after_the_resource_are_not_doubled() {
    let (oauth, qwen) = (OAuth::start(), OpenAi::start());
    let host = qwen.base_url().trim_end_matches("/v1").to_owned();
    for resource_url in [host.clone(), format!("{host}/"), format!("{host}/v1"), format!("{host}/v1/")] {
        let session = session(&oauth, &resource_url, 3600);
        let mut editor = open(world(&oauth).home_file(".qwen/oauth_creds.json", session));
        answer(&mut editor);
        assert_eq!(qwen.requests().last().unwrap().path, "/v1/chat/completions", "{resource_url}");
    }
}

#[test]
fn o23_o30_a_token_that_is_due_is_renewed_before_the_request() {
    let (oauth, qwen) = (OAuth::start(), OpenAi::start());
    let mut editor = given(&oauth, &qwen, 29);
    oauth.set_token("resource_url", Value::Null);
    answer(&mut editor);
    assert_eq!(oauth.count(Kind::Refresh), 1);
    let stored = stored(&editor);
    assert_eq!(stored["resource_url"], json!(qwen.base_url()));
    assert_eq!(qwen.requests()[0].key.as_deref(), stored["access_token"].as_str());
}

#[test]
fn o45_o46_a_token_refused_once_is_renewed_once_and_the_user_sees_the_answer() {
    for status in [401, 403] {
        let oauth = OAuth::start();
        let qwen = OpenAi::start().raw(refusal(status)).stream(["ok"]);
        let mut editor = given(&oauth, &qwen, 3600);
        assert_eq!(answer(&mut editor)["message"]["content"], "ok");
        let keys: Vec<_> = qwen.requests().into_iter().map(|asked| asked.key.unwrap()).collect();
        assert_eq!(keys, ["canary-given".to_owned(), stored(&editor)["access_token"].as_str().unwrap().to_owned()]);
        assert_eq!(oauth.count(Kind::Refresh), 1);
    }
}

#[test]
fn o47_a_token_that_stays_refused_costs_two_requests_and_one_refresh_and_offers_a_key() {
    for status in [401, 403] {
        let oauth = OAuth::start();
        let qwen = OpenAi::start().raw(refusal(status));
        let mut editor = given(&oauth, &qwen, 3600);
        let pending = chat(&mut editor);
        let error = editor.error(pending);
        assert_eq!((qwen.requests().len(), oauth.count(Kind::Refresh)), (2, 1));
        assert_eq!(
            (error.code, &error.data["kind"], &error.data["status"]),
            (-32803, &json!("sessionExpired"), &json!(status))
        );
        assert!(error.message.contains("ended on 2026-04-15"), "{}", error.message);
        assert!(error.data["hint"].as_str().unwrap().contains("setKey"), "{}", error.data);
        let command = &error.data["command"];
        assert_eq!(
            (&command["command"], &command["arguments"]),
            (&json!("qwen.switchAuth"), &json!([{ "method": "openai" }]))
        );
    }
}

#[test]
fn o31_o33_a_refresh_that_is_refused_ends_the_session_and_one_that_fails_does_not() {
    for (answer, kind, remains) in [
        (OauthAnswer::error(400, "invalid_grant"), "sessionExpired", false),
        (OauthAnswer::html(500), "upstream", true),
        (OauthAnswer::html(200), "upstream", true),
    ] {
        let (oauth, qwen) = (OAuth::start(), OpenAi::start());
        let mut editor = given(&oauth, &qwen, 0);
        oauth.script(Kind::Refresh, [answer]);
        let pending = chat(&mut editor);
        let error = editor.error(pending);
        assert_eq!(error.data["kind"], kind);
        assert_eq!(error.message.contains("temporary"), remains, "{}", error.message);
        assert!(!error.message.contains("blocked"), "{}", error.message);
        assert_eq!(super::session_file(&editor).exists(), remains);
        assert_eq!(qwen.requests().len(), 0);
    }
}

#[test]
fn o27_a_session_that_cannot_be_understood_is_named_and_kept() {
    let oauth = OAuth::start();
    let mut editor = open(world(&oauth).home_file(".qwen/oauth_creds.json", "{ \"access_token\": \"canary-half"));
    let status = status(&mut editor);
    assert_eq!(status["state"], "signedOut");
    assert!(super::session_file(&editor).exists());
}

#[test]
fn o54_another_model_than_those_that_are_served_is_replaced_and_the_answer_says_so() {
    let (oauth, qwen) = (OAuth::start(), OpenAi::start());
    let mut editor = given(&oauth, &qwen, 3600);
    let params = json!({ "messages": [{ "role": "user", "content": "hi" }], "model": "gpt-4" });
    let pending = editor.request("qwen/chat", params);
    let answer = editor.response(pending);
    assert_eq!((&answer["model"], &answer["requestedModel"]), (&json!("coder-model"), &json!("gpt-4")));
    let warning = answer["warnings"][0].as_str().unwrap();
    assert!(warning.contains("coder-model") && warning.contains("gpt-4"), "{warning}");
    assert_eq!(qwen.requests()[0].body["model"], "coder-model");
}

#[test]
fn a_fallback_of_the_services_is_in_each_answer_and_told_once() {
    let oauth = OAuth::start();
    let qwen = OpenAi::start().answer(Answer::stream(["ok"]).model("qwen-lite"));
    let mut editor = given(&oauth, &qwen, 3600);
    for _ in 0..2 {
        let answer = answer(&mut editor);
        assert_eq!((&answer["model"], &answer["requestedModel"]), (&json!("qwen-lite"), &json!("coder-model")));
        assert!(answer["warnings"][0].as_str().unwrap().contains("qwen-lite"));
    }
    let told = editor.expect_notification("window/showMessage");
    assert!(told["message"].as_str().unwrap().contains("qwen-lite"), "{told}");
}

#[test]
fn o55_a_used_up_quota_is_one_request_and_says_which_limit_and_when_it_ends() {
    let oauth = OAuth::start();
    let quota = json!({ "error": { "code": "insufficient_quota", "message": "Free allocated quota exceeded." } });
    let qwen = OpenAi::start().error(429, &quota);
    let mut editor = given(&oauth, &qwen, 3600);
    let pending = chat(&mut editor);
    let error = editor.error(pending);
    assert_eq!((qwen.requests().len(), &error.data["kind"]), (1, &json!("quotaExhausted")));
    let seconds = error.data["retryAfter"].as_u64().unwrap();
    assert!((1..=86_400).contains(&seconds), "{seconds}");
    assert!(error.message.contains("2000 requests a day") && error.message.contains(" h"), "{}", error.message);
}

#[test]
fn too_many_requests_for_now_say_when_to_come_back() {
    let oauth = OAuth::start();
    let limit = json!({ "error": { "code": "rate_limit_exceeded", "message": "Too many requests" } });
    let qwen = OpenAi::start().raw(Reply::json(429, &limit).header("retry-after", "120"));
    let mut editor = given(&oauth, &qwen, 3600);
    let pending = chat(&mut editor);
    let error = editor.error(pending);
    assert_eq!((qwen.requests().len(), &error.data["kind"]), (1, &json!("rateLimited")));
    assert_eq!(error.data["retryAfter"], 120);
    assert!(error.message.contains("120 s") && error.message.contains("60 requests a minute"), "{}", error.message);
}

#[test]
fn a_burst_over_the_minutes_limit_waits_and_every_chat_is_answered() {
    let (oauth, qwen) = (OAuth::start(), OpenAi::start());
    let mut editor = given(&oauth, &qwen, 3600);
    // Order, fairness and pace are shown in `auth::pace`, with a clock of its own.
    let pending: Vec<_> = (0..70).map(|_| chat(&mut editor)).collect();
    for pending in pending {
        assert_eq!(editor.response(pending)["message"]["content"], "Hello");
    }
    assert_eq!(status(&mut editor)["quota"]["usedToday"], 70);
}

#[test]
fn o43_o44_what_the_cli_writes_or_deletes_counts_from_the_next_request() {
    let (oauth, qwen) = (OAuth::start(), OpenAi::start());
    let mut editor = given(&oauth, &qwen, 3600);
    answer(&mut editor);
    let theirs = session(&oauth, &qwen.base_url(), 3600).replace("canary-given", "canary-theirs");
    std::fs::write(super::session_file(&editor), theirs).unwrap();
    answer(&mut editor);
    assert_eq!(qwen.requests()[1].key.as_deref(), Some("canary-theirs"));
    std::fs::remove_file(super::session_file(&editor)).unwrap();
    let pending = chat(&mut editor);
    assert_eq!(editor.error(pending).data["kind"], "notSignedIn");
}
