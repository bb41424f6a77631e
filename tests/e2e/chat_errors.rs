//! Every error of a chat by its kind: the code, what is known of it, and a sentence that says what to do.

use std::io::Write;
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::support::editor::RpcError;
use crate::support::http::{Http, Reply};
use crate::support::openai::{Answer, OpenAi};
use crate::support::world::World;
use crate::verbs::{assert_failed, chat, chat_with};

/// What a chat is refused with in a root that has this file.
fn refused(world: World, dotenv: &str) -> RpcError {
    let mut editor = world.root("app", [(".qwen/.env", dotenv)]).open();
    let chat = chat(&mut editor, "app", "hi");
    editor.error(chat)
}

/// What a chat is refused with by a service that answers so.
fn answered(reply: Reply) -> RpcError {
    let model = OpenAi::start().raw(reply);
    let error = refused(World::new(), &model.dotenv());
    assert_eq!(model.requests().len(), 1, "it is not sent again: {error:?}");
    error
}

fn said(message: &str) -> Value {
    json!({ "error": { "message": message } })
}

#[test]
fn a_refusal_has_the_kind_that_its_remedy_has() {
    for (status, body, kind, says) in [
        (401, said("Incorrect API key provided"), "invalidKey", "check the key"),
        (400, json!({ "code": "InvalidApiKey", "message": "Invalid API-key provided." }), "invalidKey", "the key"),
        (403, said("not for this account"), "forbidden", "check what the key's account may use"),
        (402, said("Payment required"), "quotaExhausted", "balance"),
        (
            429,
            json!({ "error": { "code": "insufficient_quota", "message": "none left" } }),
            "quotaExhausted",
            "balance",
        ),
        (403, json!({ "code": "Arrearage", "message": "overdue" }), "quotaExhausted", "balance"),
        (429, said("slow down"), "rateLimited", "wait a minute"),
        (404, json!({ "error": { "code": "model_not_found", "message": "no" } }), "modelNotFound", "load the model"),
        (400, said("maximum context length is 8 tokens"), "contextTooLong", "begin a new one"),
        (413, said("too large"), "contextTooLong", "attach less"),
        (404, said("page"), "badRequest", "ends in /v1"),
        (422, said("odd"), "badRequest", "options"),
        (400, json!({ "code": "DataInspectionFailed", "message": "no" }), "badRequest", "say it differently"),
        (501, said("not made"), "upstream", "try again later"),
    ] {
        let error = answered(Reply::json(status, &body).header("x-request-id", "req-7"));
        assert_failed(&error, kind);
        assert!(error.message.contains(says), "{status}: {}", error.message);
        assert_eq!((&error.data["status"], &error.data["requestId"]), (&json!(status), &json!("req-7")), "{error:?}");
    }
}

#[test]
fn an_error_offers_the_command_that_helps() {
    for (status, body, command) in [
        (401, said("no"), json!("qwen.status")),
        (402, said("no"), json!("qwen.switchAuth")),
        (404, said("model x not found"), json!("qwen.setModel")),
        (400, said("no"), Value::Null),
    ] {
        let error = answered(Reply::json(status, &body));
        assert_eq!(error.data["command"]["command"], command, "{error:?}");
    }
}

#[test]
fn a_service_that_says_when_to_come_back_is_quoted_in_seconds() {
    // Over a minute is told, not waited for.
    let error = answered(Reply::json(429, &said("slow down")).header("retry-after", "90"));
    assert_failed(&error, "rateLimited");
    assert_eq!(error.data["retryAfter"], 90);
    assert!(error.message.contains("90 s"), "{}", error.message);
}

#[test]
fn an_answer_that_is_no_stream_says_to_check_the_url() {
    for reply in [
        Reply::new(200, "text/html; charset=utf-8", "<html>sign in to the hotel</html>"),
        Reply::new(200, "text/event-stream", "<!doctype html>"),
        Reply::json(200, &json!({ "hello": "world" })),
    ] {
        let error = answered(reply);
        assert_failed(&error, "upstream");
        assert!(error.message.contains("check that the base URL"), "{}", error.message);
    }
    assert_failed(&answered(Reply::new(200, "text/event-stream", "data: {oops\n\n")), "upstream");
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Http::script([Reply::json(200, &json!({}))]);
    let location = format!("{}/v1/chat/completions", elsewhere.url());
    let error = answered(Reply::new(307, "text/plain", "").header("location", &location));
    assert_failed(&error, "badRequest");
    assert!(error.message.contains("a key is never carried there"), "{}", error.message);
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn a_service_that_is_silent_runs_into_the_time_limit() {
    for reply in [Reply::new(200, "text/event-stream", "").then_hold(), Reply::chunked("text/event-stream").then_hold()]
    {
        let model = OpenAi::start().raw(reply);
        let world = World::new().initialization_options(json!({ "qwen": { "requestTimeout": 0.2 } }));
        let error = refused(world, &model.dotenv());
        assert_failed(&error, "timeout");
        assert!(error.message.contains("qwen.requestTimeout"), "{}", error.message);
        model.expect_disconnect();
    }
}

#[test]
fn a_stream_that_falls_silent_is_interrupted_and_keeps_what_came() {
    let model = OpenAi::start().stream(["half"]).then_hold();
    let world = World::new().initialization_options(json!({ "qwen": { "requestTimeout": 0.3 } }));
    let error = refused(world, &model.dotenv());
    assert_failed(&error, "interrupted");
    assert_eq!(error.data["partial"], "half");
}

#[test]
fn a_port_where_nothing_listens_is_offline_after_two_more_tries() {
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
    let dotenv = format!("OPENAI_API_KEY=sk-canary-offline\nOPENAI_BASE_URL=http://127.0.0.1:{port}/v1\n");
    let mut editor = World::new().canary("sk-canary-offline").root("app", [(".env", dotenv)]).open();
    let chat = chat_with(&mut editor, "app", "hi", json!({ "workDoneToken": "w" }));
    let reports: Vec<_> = (0..4).map(|_| editor.expect_progress("w")).collect();
    assert_eq!(reports.iter().map(|report| &report["kind"]).collect::<Vec<_>>(), ["begin", "report", "report", "end"]);
    assert!(reports[1]["message"].as_str().expect("a message").contains("try 2"), "{reports:?}");
    let error = editor.error(chat);
    assert_failed(&error, "offline");
    assert!(error.message.contains("is it started?"), "{}", error.message);
}

#[test]
fn a_service_that_speaks_no_tls_is_a_tls_error() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        let (mut connection, _) = listener.accept()?;
        connection.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")?;
        std::io::copy(&mut connection, &mut std::io::sink())
    });
    let error = refused(World::new(), &format!("OPENAI_API_KEY=sk-x\nOPENAI_BASE_URL=https://{address}/v1\n"));
    assert_failed(&error, "tls");
    assert!(error.message.contains("is not secure"), "{}", error.message);
}

#[test]
fn a_proxy_that_fails_is_named_without_its_password() {
    let proxy = Http::script([Reply::new(502, "text/plain", "no")]);
    let url = proxy.url().replace("http://", "http://user:canary-password@");
    let world = World::new().canary("canary-password").env("HTTPS_PROXY", url);
    let error = refused(world, "OPENAI_API_KEY=sk-x\nOPENAI_BASE_URL=https://llm.example.test/v1\n");
    assert_failed(&error, "proxy");
    assert!(error.message.contains("HTTPS_PROXY"), "{}", error.message);
    assert_eq!(proxy.requests()[0].method, "CONNECT");
    let socks = World::new().env("HTTPS_PROXY", "socks5://127.0.0.1:1");
    let error = refused(socks, "OPENAI_API_KEY=sk-x\nOPENAI_BASE_URL=https://llm.example.test/v1\n");
    assert_failed(&error, "proxy");
}

#[test]
fn what_the_configuration_lacks_has_kinds_of_its_own() {
    let home = World::new;
    for (dotenv, kind, says) in [
        ("", "notSignedIn", "OPENAI_API_KEY"),
        ("OPENAI_API_KEY=k\nOPENAI_BASE_URL=http://llm.example.test/v1\n", "insecureEndpoint", "use https"),
        ("OPENAI_API_KEY=k\nOPENAI_BASE_URL=ftp://x\n", "badRequest", "OPENAI_BASE_URL"),
        ("OPENAI_API_KEY=a key\nOPENAI_BASE_URL=http://127.0.0.1:9/v1\n", "invalidKey", "copy the key again"),
    ] {
        let error = refused(home(), dotenv);
        assert_failed(&error, kind);
        assert!(error.message.contains(says), "{}", error.message);
    }
    let error = refused(World::new().env("OPENAI_API_KEY", "sk-user"), "OPENAI_BASE_URL=https://llm.example.test/v1\n");
    assert_failed(&error, "endpointNotTrusted");
    assert_eq!(error.data["command"]["command"], "qwen.trustEndpoint");
    assert!(error.message.contains("auth trust https://llm.example.test"), "{}", error.message);
    let broken = World::new().home_file(".qwen/settings.json", "{\n  oops\n");
    let error = refused(broken, "");
    assert_failed(&error, "malformedFile");
    assert!(error.message.contains("settings.json"), "{}", error.message);
}

// Retries

#[test]
fn a_failing_service_is_asked_twice_more_and_the_editor_is_told() {
    for status in [500, 502, 503, 504] {
        let failure = Reply::json(status, &said("busy"));
        let model = OpenAi::start().raw(failure.clone()).raw(failure).stream(["there"]);
        let mut editor = World::new().root("app", [(".env", model.dotenv())]).open();
        let chat = chat_with(&mut editor, "app", "hi", json!({ "workDoneToken": "w", "partialResultToken": "p" }));
        let reports: Vec<_> = (0..4).map(|_| editor.expect_progress("w")).collect();
        assert_eq!(
            reports.iter().map(|report| &report["kind"]).collect::<Vec<_>>(),
            ["begin", "report", "report", "end"]
        );
        let told = reports[1]["message"].as_str().expect("a message");
        assert!(told.contains("busy") && told.contains("try 2"), "{told}");
        editor.expect_deltas("p", ["there"]);
        assert_eq!(editor.response(chat)["message"]["content"], "there");
        assert_eq!(model.requests().len(), 3);
    }
}

#[test]
fn after_two_retries_the_error_is_told() {
    let model = OpenAi::start().error(503, &said("down"));
    let error = refused(World::new(), &model.dotenv());
    assert_failed(&error, "upstream");
    assert_eq!((model.requests().len(), &error.data["status"]), (3, &json!(503)));
}

#[test]
fn a_limit_with_a_time_is_waited_for() {
    let model = OpenAi::start()
        .raw(Reply::json(429, &said("slow down")).header("retry-after", "0"))
        .answer(Answer::stream(["there"]));
    let mut editor = World::new().root("app", [(".env", model.dotenv())]).open();
    let chat = chat(&mut editor, "app", "hi");
    editor.response(chat);
    assert_eq!(model.requests().len(), 2);
}

#[test]
fn a_wait_for_a_retry_can_be_cancelled() {
    let model = OpenAi::start().raw(Reply::json(429, &said("slow down")).header("retry-after", "50"));
    let mut editor = World::new().root("app", [(".env", model.dotenv())]).open();
    let chat = chat_with(&mut editor, "app", "hi", json!({ "workDoneToken": "w" }));
    assert_eq!(editor.expect_progress("w")["kind"], "begin");
    assert_eq!(editor.expect_progress("w")["kind"], "report");
    editor.notify("window/workDoneProgress/cancel", json!({ "token": "w" }));
    assert_eq!(editor.expect_progress("w")["kind"], "end");
    assert_eq!(editor.error(chat).code, crate::verbs::CANCELLED);
    assert_eq!(model.requests().len(), 1);
}

#[test]
fn the_commonest_mix_ups_of_keys_and_places_are_named() {
    // A proxy stands in for the services, whose names the hints depend on; nothing but `CONNECT` comes to it.
    for (dotenv, says) in [
        (
            "OPENAI_API_KEY=sk-sp-abc\nOPENAI_BASE_URL=https://dashscope.aliyuncs.com/compatible-mode/v1\n",
            "Coding Plan",
        ),
        ("OPENAI_API_KEY=sk-abc\nOPENAI_BASE_URL=https://coding.dashscope.aliyuncs.com/v1\n", "sk-sp-"),
    ] {
        let mut editor = World::new().root("app", [(".env", dotenv)]).open();
        let status = crate::verbs::status(&mut editor, "app");
        let told = status["problems"].to_string();
        assert!(told.contains("invalidKey") && told.contains(says), "{told}");
    }
}

#[test]
fn p26_a_key_of_another_product_is_told_once_before_the_service_refuses_it() {
    // Nothing leaves this machine: the proxy refuses to carry it.
    let proxy = Http::start(|_| Reply::new(403, "text/plain", ""));
    let world = World::new().env("HTTPS_PROXY", format!("http://{}", proxy.address()));
    let dotenv =
        "OPENAI_API_KEY=sk-sp-canary-0001\nOPENAI_BASE_URL=https://dashscope.aliyuncs.com/compatible-mode/v1\n";
    let mut editor = world.canary("sk-sp-canary-0001").root("app", [(".qwen/.env", dotenv)]).open();
    let chats = [chat(&mut editor, "app", "hi"), chat(&mut editor, "app", "hi again")];
    let told = editor.expect_notification("window/showMessage")["message"].as_str().unwrap().to_owned();
    assert!(
        told.contains("is a Coding Plan key") && told.contains("https://coding.dashscope.aliyuncs.com/v1"),
        "{told}"
    );
    for chat in chats {
        assert_eq!(editor.error(chat).data["kind"], "proxy");
    }
    // Dropping the editor asserts that nothing else was told.
}
