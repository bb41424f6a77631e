//! The chat client against stand-ins on loopback: what is sent, what is understood, and every way to fail.
//!
//! The ids P… and O… are those of the project's list of compatibility cases.

use std::sync::Arc;
use std::time::Duration;

use qwen_language_server::chat::{
    Answer, Chat, ChatRequest, Credential, Delta, Endpoint, Error, Event, FinishReason, Gap, Message, Model, Role,
    fill, models,
};
use qwen_language_server::env::Environment;
use qwen_language_server::http::{self, Http};
use qwen_language_server::resolve::{Extras, Provider};
use qwen_language_server::secret::Secret;
use serde_json::{Value, json};
use url::Url;

use crate::support::http::{Gate, Http as Server, Reply};
use crate::support::openai::{Answer as Scripted, OpenAi};
use crate::support::tls::PrivateCa;

/// What came of a chat.
#[derive(Debug)]
struct Outcome {
    deltas: Vec<Delta>,
    retries: Vec<(u32, Duration, String)>,
    answer: Answer,
    error: Option<Error>,
}

impl Outcome {
    fn content(&self) -> &str {
        assert!(self.error.is_none(), "{:?}", self.error);
        &self.answer.content
    }

    fn error(&self) -> &Error {
        self.error.as_ref().expect("an error")
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(future)
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn endpoint(base_url: &str, key: &str) -> Endpoint {
    let base_url = Url::parse(base_url).expect(base_url);
    Endpoint {
        provider: Provider::of(&base_url),
        base_url,
        credential: Credential::Key(Secret::new(key)),
        model: "qwen3-coder-plus".to_owned(),
        extras: Extras::default(),
        request_timeout: Duration::from_secs(20),
        debug: false,
    }
}

fn at(model: &OpenAi) -> Endpoint {
    endpoint(&model.base_url(), model.key())
}

fn question(text: &str) -> ChatRequest {
    ChatRequest { messages: vec![Message::text(Role::User, text)], ..ChatRequest::default() }
}

async fn chat_with(http: &Http, env: &Environment, endpoint: Endpoint) -> Outcome {
    let client = http.open(env).expect("a client").clone();
    let mut chat = Chat::start(client, endpoint, &question("hi"));
    let (mut deltas, mut retries) = (Vec::new(), Vec::new());
    let error = loop {
        match chat.next().await {
            Ok(Some(Event::Delta(delta))) => deltas.push(delta),
            Ok(Some(Event::Retrying { attempt, wait, because })) => retries.push((attempt, wait, because)),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    Outcome { deltas, retries, answer: chat.answer(), error }
}

fn chat(endpoint: Endpoint) -> Outcome {
    run(chat_with(&Http::default(), &environment(&[]), endpoint))
}

fn stream(body: &str) -> Reply {
    Reply::new(200, "text/event-stream", body)
}

fn error_body(message: &str) -> Value {
    json!({ "error": { "message": message, "type": "invalid_request_error", "code": null } })
}

#[test]
fn deltas_come_as_upstream_cut_them_and_make_up_the_answer() {
    let model = OpenAi::start().stream(["Hel", "lo", "\n", "wor", "ld"]);
    let outcome = chat(at(&model));
    assert_eq!(outcome.content(), "Hello\nworld");
    let deltas: Vec<_> = outcome.deltas.iter().filter_map(|delta| delta.content.as_deref()).collect();
    assert_eq!(deltas, ["Hel", "lo", "\n", "wor", "ld"]);
    assert_eq!(outcome.answer.finish_reason, Some(FinishReason::Stop));
    // P16: the usage came after the finish reason, without choices.
    assert_eq!(outcome.answer.usage.map(|usage| usage.total_tokens), Some(8));
    assert_eq!(outcome.answer.model.as_deref(), Some("qwen3-coder-plus"));
    let asked = &model.requests()[0];
    assert_eq!((asked.path.as_str(), asked.key.as_deref()), ("/v1/chat/completions", Some(model.key())));
    assert_eq!(asked.body["stream"], true);
    assert_eq!(asked.request.header("content-type"), Some("application/json"));
    let agent = asked.request.header("user-agent").expect("a user agent");
    assert!(agent.starts_with("qwen-language-server/") && agent.ends_with(')'), "{agent}");
}

#[test]
fn a_delta_arrives_before_the_stream_ends() {
    let gate = Gate::default();
    let model = OpenAi::start().answer(Scripted::stream(["first"]).then_wait(&gate));
    run(async {
        let http = Http::default();
        let client = http.open(&environment(&[])).expect("a client").clone();
        let mut chat = Chat::start(client, at(&model), &question("hi"));
        let first = chat.next().await.expect("a delta");
        assert_eq!(first, Some(Event::Delta(Delta { content: Some("first".into()), ..Delta::default() })));
        gate.open();
        assert_eq!(chat.next().await.expect("an end"), None);
        assert_eq!(chat.next().await.expect("still the end"), None);
    });
}

#[test]
fn dropping_a_chat_hangs_up_before_and_during_its_answer() {
    let model = OpenAi::start().stream(["Hel"]).then_hold();
    run(async {
        let http = Http::default();
        let client = http.open(&environment(&[])).expect("a client").clone();
        let mut chat = Chat::start(client, at(&model), &question("hi"));
        chat.next().await.expect("a delta");
        drop(chat);
    });
    model.expect_disconnect();

    let gate = Gate::default();
    let silent = Arc::new(Server::script([stream("").wait(&gate).then_hold()]));
    run(async {
        let http = Http::default();
        let client = http.open(&environment(&[])).expect("a client").clone();
        let mut chat = Chat::start(client, endpoint(&silent.url(), "sk-x"), &question("hi"));
        let server = Arc::clone(&silent);
        let asked = tokio::task::spawn_blocking(move || server.wait_for_requests(1));
        tokio::select! {
            _ = chat.next() => panic!("there is no answer yet"),
            asked = asked => assert_eq!(asked.expect("no panic").len(), 1),
        }
    });
    gate.open();
    silent.expect_disconnect();
}

#[test]
fn a_wait_for_an_event_may_be_dropped_and_begun_again() {
    let gate = Gate::default();
    let model = OpenAi::start().answer(Scripted::stream(["a", "b"]).then_wait(&gate));
    let content = run(async {
        let http = Http::default();
        let client = http.open(&environment(&[])).expect("a client").clone();
        let mut chat = Chat::start(client, at(&model), &question("hi"));
        let mut ended = false;
        while !ended {
            ended = tokio::select! {
                biased;
                event = chat.next() => event.expect("no error").is_none(),
                () = tokio::task::yield_now() => { gate.open(); false }
            };
        }
        chat.answer().content
    });
    assert_eq!(content, "ab");
    assert_eq!(model.requests().len(), 1);
}

#[test]
fn chats_of_one_process_share_a_connection() {
    let model = OpenAi::start().stream(["x"]);
    run(async {
        let (http, env) = (Http::default(), environment(&[]));
        for _ in 0..5 {
            assert_eq!(chat_with(&http, &env, at(&model)).await.content(), "x");
        }
    });
    assert_eq!((model.requests().len(), model.connections()), (5, 1));
}

#[test]
fn p14_p15_reasoning_is_not_content() {
    for name in ["reasoning_content", "reasoning"] {
        let model = OpenAi::start().answer(Scripted::deltas([json!({ name: "hm" }), json!({ "content": "yes" })]));
        let outcome = chat(at(&model));
        assert_eq!((outcome.content(), outcome.answer.reasoning.as_deref()), ("yes", Some("hm")), "{name}");
        assert_eq!(outcome.deltas.len(), 2);
    }
}

#[test]
fn tool_calls_arrive_in_pieces_and_whole() {
    let piece = |arguments: &str| json!({ "tool_calls": [{ "index": 0, "function": { "arguments": arguments } }] });
    let first = json!({ "tool_calls": [{ "index": 0, "id": "c1", "type": "function", "function": { "name": "read", "arguments": "" } }] });
    let model = OpenAi::start().answer(Scripted::deltas([first, piece("{\"a\":"), piece("1}")]).finish("tool_calls"));
    let outcome = chat(at(&model));
    assert_eq!(outcome.content(), "");
    assert_eq!(outcome.deltas.len(), 3);
    assert_eq!(outcome.answer.finish_reason, Some(FinishReason::ToolCalls));
    let calls = serde_json::to_value(&outcome.answer.tool_calls).expect("JSON");
    assert_eq!(
        calls,
        json!([{ "id": "c1", "type": "function", "function": { "name": "read", "arguments": "{\"a\":1}" } }])
    );
}

#[test]
fn odd_streams_are_understood() {
    let chunk = |content: &str, reason: &str| {
        format!(r#"{{"choices":[{{"delta":{{"content":"{content}"}},"finish_reason":{reason}}}]}}"#)
    };
    let (a, b, end) = (chunk("密", "null"), chunk("🙂", "null"), chunk("", "\"stop\""));
    for (what, body) in [
        ("no space", format!("data:{a}\n\ndata:{b}\n\ndata:{end}\n\ndata:[DONE]\n\n")),
        ("CRLF", format!("data: {a}\r\n\r\ndata: {b}\r\n\r\ndata: {end}\r\n\r\ndata: [DONE]\r\n\r\n")),
        ("BOM and comments", format!("\u{feff}: hi\n\ndata: {a}\n\n: ping\n\ndata: {b}\n\ndata: {end}\n\n")),
        ("no [DONE]", format!("data: {a}\n\ndata: {b}\n\ndata: {end}\n\n")),
        ("no last blank line", format!("data: {a}\n\ndata: {b}\n\ndata: {end}")),
        ("no finish reason", format!("data: {a}\n\ndata: {b}\n\ndata: [DONE]\n\n")),
        ("empty choices", format!("data: {{\"choices\":[]}}\n\ndata: {a}\n\ndata: {b}\n\ndata: {end}\n\n")),
        ("rest after [DONE]", format!("data: {a}\n\ndata: {b}\n\ndata: [DONE]\n\ndata: nonsense\n\n")),
    ] {
        let server = Server::script([stream(&body)]);
        assert_eq!(chat(endpoint(&server.url(), "sk-x")).content(), "密🙂", "{what}");
        // The same, one byte at a time: every event and every character is cut everywhere.
        let bytes =
            body.as_bytes().iter().fold(Reply::chunked("text/event-stream"), |reply, byte| reply.chunk([*byte]));
        let server = Server::script([bytes]);
        assert_eq!(chat(endpoint(&server.url(), "sk-x")).content(), "密🙂", "{what}, byte by byte");
    }
}

#[test]
fn a_whole_completion_is_taken_as_the_answer() {
    let body = json!({ "model": "m", "choices": [{ "message": { "content": "all" }, "finish_reason": "stop" }], "usage": { "total_tokens": 2 } });
    for content_type in ["application/json", "text/event-stream", "text/plain"] {
        let server = Server::script([Reply::new(200, content_type, body.to_string())]);
        let outcome = chat(endpoint(&server.url(), "sk-x"));
        assert_eq!(outcome.content(), "all", "{content_type}");
        assert_eq!(outcome.deltas.len(), 1);
    }
}

#[test]
fn p17_an_error_inside_a_stream_is_an_error_in_the_providers_words() {
    let said = json!({ "error": { "message": "the model fell over", "code": 500 } });
    for (body, words) in [
        (format!("data: {said}\n\n"), "the model fell over"),
        (format!("event: error\ndata: {said}\n\n"), "the model fell over"),
        (
            format!(
                "id:1\nevent:error\n:HTTP_STATUS/400\ndata:{}\n\n",
                json!({ "code": "DataInspectionFailed", "message": "inappropriate" })
            ),
            "inappropriate",
        ),
        (
            format!(
                "data: {}\n\n",
                json!({ "choices": [{ "delta": { "content": "it broke" }, "finish_reason": "error_finish" }] })
            ),
            "it broke",
        ),
        (json!({ "error": "whole" }).to_string(), "whole"),
    ] {
        let partial = json!({ "choices": [{ "delta": { "content": "par" } }] });
        let body = if body.starts_with('{') { body } else { format!("data: {partial}\n\n{body}") };
        let server = Server::script([stream(&body)]);
        let outcome = chat(endpoint(&server.url(), "sk-x"));
        assert!(outcome.error().to_string().contains(words), "{:?}", outcome.error());
        assert_eq!(server.requests().len(), 1, "nothing is sent again after a delta: {words}");
    }
}

#[test]
fn p18_a_page_is_named_and_not_shown() {
    let page = "<!DOCTYPE html><html>sk-canary-page</html>";
    for content_type in ["text/html", "text/html; charset=utf-8", "text/event-stream", "application/json"] {
        let server = Server::script([Reply::new(200, content_type, page)]);
        let outcome = chat(endpoint(&server.url(), "sk-x"));
        let Error::NotAStream { content_type: named, .. } = outcome.error() else { panic!("{:?}", outcome.error()) };
        assert!(named.to_lowercase().contains("html"), "{named}");
        assert!(!format!("{:?}", outcome.error()).contains("canary"));
        assert_eq!(server.requests().len(), 1);
    }
    let server = Server::script([Reply::new(502, "text/html", page)]);
    let outcome = run(async {
        let endpoint = endpoint(&server.url(), "sk-x");
        models(Http::default().open(&environment(&[])).expect("a client"), &endpoint).await.expect_err("an error")
    });
    assert!(!format!("{outcome:?} {outcome}").contains("canary"), "{outcome:?}");
}

#[test]
fn a_cut_stream_keeps_what_came() {
    let outcome = chat(at(&OpenAi::start().stream(["Hel", "lo"]).then_cut()));
    let Error::Interrupted { partial, .. } = outcome.error() else { panic!("{:?}", outcome.error()) };
    assert_eq!(partial.content, "Hello");
    assert_eq!(outcome.answer.content, "Hello");

    // Ended properly by HTTP's rules, but without a finish reason or [DONE].
    let chunk = json!({ "choices": [{ "delta": { "content": "Hel" } }] });
    let server = Server::script([stream(&format!("data: {chunk}\n\ndata: {{\"choi"))]);
    let outcome = chat(endpoint(&server.url(), "sk-x"));
    let Error::Interrupted { partial, .. } = outcome.error() else { panic!("{:?}", outcome.error()) };
    assert_eq!(partial.content, "Hel");
}

#[test]
fn a_stream_cut_after_its_finish_reason_is_whole() {
    let chunk = json!({ "choices": [{ "delta": { "content": "Hello" }, "finish_reason": "length" }] });
    let server = Server::script([Reply::chunked("text/event-stream").chunk(format!("data: {chunk}\n\n")).then_cut()]);
    let outcome = chat(endpoint(&server.url(), "sk-x"));
    assert_eq!((outcome.content(), &outcome.answer.finish_reason), ("Hello", &Some(FinishReason::Length)));
}

#[test]
fn an_event_without_end_is_refused() {
    let megabyte = "x".repeat(1 << 20);
    let reply =
        (0..10).fold(Reply::chunked("text/event-stream").chunk("data: "), |reply, _| reply.chunk(megabyte.clone()));
    let server = Server::script([reply.then_hold()]);
    assert!(matches!(chat(endpoint(&server.url(), "sk-x")).error(), Error::Malformed { .. }));
}

/// A status, a body, what error that is, and words that its message has.
#[test]
fn p19_p20_each_refusal_is_told_apart_and_asked_once() {
    type Test = fn(&Error) -> bool;
    let cases: [(u16, Value, Test, &str); 17] = [
        (
            401,
            error_body("Incorrect API key provided"),
            |error| matches!(error, Error::InvalidKey(_)),
            "Incorrect API key",
        ),
        (
            403,
            json!({ "error": { "code": "invalid_api_key", "message": "invalid api-key" } }),
            |error| matches!(error, Error::InvalidKey(_)),
            "api-key",
        ),
        (403, error_body("no access to this"), |error| matches!(error, Error::Forbidden(_)), "no access"),
        (402, error_body("Insufficient credits"), |error| matches!(error, Error::QuotaExhausted(_)), "credits"),
        (
            429,
            json!({ "error": { "code": "insufficient_quota", "message": "Free allocated quota exceeded." } }),
            |error| matches!(error, Error::QuotaExhausted(_)),
            "quota",
        ),
        (
            400,
            json!({ "code": "Arrearage", "message": "Access denied, please make sure your account is in good standing." }),
            |error| matches!(error, Error::QuotaExhausted(_)),
            "good standing",
        ),
        (
            429,
            json!({ "code": "Throttling.RateQuota", "message": "Requests rate limit exceeded" }),
            |error| matches!(error, Error::RateLimited { retry_after: None, .. }),
            "rate limit",
        ),
        (
            404,
            json!({ "error": { "code": "model_not_found", "message": "The model `x` does not exist" } }),
            |error| matches!(error, Error::ModelNotFound { .. }),
            "qwen3-coder-plus",
        ),
        (
            400,
            error_body("model 'x' is not supported"),
            |error| matches!(error, Error::ModelNotFound { .. }),
            "not supported",
        ),
        (404, Value::Null, |error| matches!(error, Error::BadRequest(_)), "/v1"),
        (
            400,
            json!({ "error": { "code": "context_length_exceeded", "message": "too long" } }),
            |error| matches!(error, Error::ContextTooLong(_)),
            "too long",
        ),
        (
            400,
            error_body("Range of input length should be [1, 129024]"),
            |error| matches!(error, Error::ContextTooLong(_)),
            "129024",
        ),
        (413, Value::Null, |error| matches!(error, Error::ContextTooLong(_)), "413"),
        (
            400,
            json!({ "code": "DataInspectionFailed", "message": "inappropriate content" }),
            |error| matches!(error, Error::BadRequest(_)),
            "inspection",
        ),
        (
            422,
            json!({ "detail": [{ "msg": "field required" }] }),
            |error| matches!(error, Error::BadRequest(_)),
            "field required",
        ),
        (400, json!("plain"), |error| matches!(error, Error::BadRequest(_)), "plain"),
        (501, json!({ "error": "not here" }), |error| matches!(error, Error::Upstream(_)), "not here"),
    ];
    for (status, body, expected, words) in cases {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let server =
            Server::script([Reply::new(status, "application/json", body.clone()).header("x-request-id", "req-7")]);
        let outcome = chat(endpoint(&server.url(), "sk-x"));
        let error = outcome.error();
        assert!(expected(error), "{status} {body}: {error:?}");
        assert!(error.to_string().contains(words), "{status} {body}: {error}");
        let refusal = error.refusal().expect("a refusal");
        assert_eq!((refusal.status, refusal.request_id.as_deref()), (status, Some("req-7")));
        assert_eq!(server.requests().len(), 1, "{status} {body}");
    }
}

#[test]
fn a_key_that_the_provider_echoes_is_struck_out() {
    let key = "sk-canary+0123456789/abcdef";
    let encoded = "sk-canary%2B0123456789%2Fabcdef";
    let text = format!("bad key '{key}', Bearer {key}, {encoded}, \"{key}\", sk-canary+012**********cdef");
    for reply in [
        Reply::json(401, &error_body(&text)),
        Reply::json(400, &json!({ "code": key, "message": text, "request_id": key })),
        Reply::new(400, "text/plain", text.clone()).header("x-request-id", key),
        stream(&format!("data: {}\n\n", json!({ "error": { "message": text, "code": 400 } }))),
    ] {
        let server = Server::script([reply]);
        let outcome = chat(endpoint(&server.url(), key));
        let shown = format!("{} {:?}", outcome.error(), outcome.error());
        for trace in [key, encoded, "0123456789", "canary"] {
            assert!(!shown.contains(trace), "{trace} in {shown}");
        }
        assert!(shown.contains("[key]"), "{shown}");
    }
}

#[test]
fn a_gateways_key_that_is_echoed_is_struck_out() {
    let server = Server::script([Reply::json(403, &error_body("unknown gateway key gw-canary-0123456789"))]);
    let mut endpoint = endpoint(&server.url(), "sk-x");
    endpoint.extras.custom_headers = vec![("X-Gateway".into(), "Bearer gw-canary-0123456789".into())];
    let outcome = chat(endpoint);
    assert!(!format!("{:?}", outcome.error()).contains("canary"), "{:?}", outcome.error());
}

#[test]
fn an_error_whose_body_does_not_end_is_told_by_its_status() {
    let server = Server::script([Reply::json(401, &error_body("no")).then_hold()]);
    assert!(matches!(chat(endpoint(&server.url(), "sk-x")).error(), Error::InvalidKey(_)));
    server.expect_disconnect();
}

#[test]
fn long_words_are_shortened() {
    let server = Server::script([Reply::json(400, &error_body(&"密".repeat(5000)))]);
    let outcome = chat(endpoint(&server.url(), "sk-x"));
    let words = outcome.error().refusal().and_then(|refusal| refusal.words.clone()).expect("words");
    assert!(words.len() <= 2048 && words.ends_with('…'), "{}", words.len());
}

#[test]
fn p21_a_429_with_retry_after_is_waited_for_and_announced() {
    let limited = Reply::json(429, &error_body("slow down")).header("retry-after-ms", "20");
    let server =
        Server::script([limited, stream("data: {\"choices\":[{\"delta\":{\"content\":\"ok\"}}]}\n\ndata: [DONE]\n\n")]);
    let outcome = chat(endpoint(&server.url(), "sk-x"));
    assert_eq!(outcome.content(), "ok");
    let (attempt, wait, because) = &outcome.retries[0];
    assert_eq!((*attempt, *wait), (2, Duration::from_millis(20)));
    assert!(because.contains("slow down"), "{because}");
}

#[test]
fn p22_a_429_for_ever_is_asked_three_times_at_most() {
    let limited = |name: &str, value: &str| Reply::json(429, &error_body("slow down")).header(name, value);
    for (reply, requests) in [
        (limited("retry-after-ms", "5"), 3),
        (limited("retry-after", "61"), 1),
        (Reply::json(429, &error_body("slow down")), 1),
    ] {
        let server = Server::script([reply]);
        let outcome = chat(endpoint(&server.url(), "sk-x"));
        assert!(matches!(outcome.error(), Error::RateLimited { .. }));
        assert_eq!(server.requests().len(), requests);
        assert_eq!(outcome.retries.len(), requests - 1);
    }
    let server = Server::script([limited("retry-after", "61")]);
    let outcome = chat(endpoint(&server.url(), "sk-x"));
    assert_eq!(outcome.error().retry_after(), Some(Duration::from_secs(61)));
    assert!(outcome.error().to_string().contains("61 s"), "{}", outcome.error());
}

#[test]
fn p23_a_failing_service_is_asked_again_twice() {
    // Which statuses these are is a table beside the decision itself.
    let fail = || Reply::json(500, &error_body("boom"));
    let ok = stream("data: {\"choices\":[{\"delta\":{\"content\":\"ok\"}}]}\n\ndata: [DONE]\n\n");
    let server = Server::script([fail(), fail(), ok]);
    let outcome = chat(endpoint(&server.url(), "sk-x"));
    assert_eq!(outcome.content(), "ok");
    let attempts: Vec<u32> = outcome.retries.iter().map(|(attempt, ..)| *attempt).collect();
    assert_eq!(attempts, [2, 3]);

    let server = Server::script([fail()]);
    assert!(matches!(chat(endpoint(&server.url(), "sk-x")).error(), Error::Upstream(_)));
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn o45_to_o47_a_refused_token_is_told_apart_from_a_refused_key_and_asked_once() {
    let oauth = |server: &Server| {
        let mut endpoint = endpoint(&server.url(), "unused");
        endpoint.provider = Provider::Qwen;
        endpoint.credential = Credential::OauthToken(Secret::new("token-canary-123"));
        endpoint
    };
    for (status, message) in [(401, "invalid access token or token expired"), (403, "forbidden")] {
        let server = Server::script([Reply::json(status, &error_body(message))]);
        assert!(matches!(chat(oauth(&server)).error(), Error::TokenRefused(_)), "{status}");
        assert_eq!(server.requests().len(), 1);
        assert_eq!(server.requests()[0].header("authorization"), Some("Bearer token-canary-123"));
        assert_eq!(server.requests()[0].header("x-dashscope-authtype"), Some("qwen-oauth"));
    }
    // O55: a used-up quota is one request, with 403 as with 429.
    for status in [403, 429] {
        let quota = json!({ "error": { "code": "insufficient_quota", "message": "Free allocated quota exceeded." } });
        let server = Server::script([Reply::json(status, &quota).header("retry-after", "1")]);
        assert!(matches!(chat(oauth(&server)).error(), Error::QuotaExhausted(_)), "{status}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn p32_a_silent_service_is_given_up_after_the_limit() {
    let quick =
        |server: &Server| Endpoint { request_timeout: Duration::from_millis(50), ..endpoint(&server.url(), "sk-x") };
    let headless = Gate::default();
    let delta = json!({ "choices": [{ "delta": { "content": "Hel" } }] });
    let finish = json!({ "choices": [{ "delta": { "content": "Hello" }, "finish_reason": "stop" }] });

    let server = Server::start(move |_| {
        // The head is not even sent before the gate is open, which is never.
        headless.pass();
        stream("")
    });
    assert!(matches!(chat(quick(&server)).error(), Error::Timeout { .. }));
    let server = Server::script([Reply::chunked("text/event-stream").chunk(": ping\n\n").then_hold()]);
    assert!(matches!(chat(quick(&server)).error(), Error::Timeout { .. }));
    let server = Server::script([Reply::chunked("text/event-stream").chunk(format!("data: {delta}\n\n")).then_hold()]);
    let outcome = chat(quick(&server));
    let Error::Interrupted { partial, .. } = outcome.error() else { panic!("{:?}", outcome.error()) };
    assert_eq!(partial.content, "Hel");
    // Nothing more is owed after a finish reason.
    let server = Server::script([Reply::chunked("text/event-stream").chunk(format!("data: {finish}\n\n")).then_hold()]);
    assert_eq!(chat(quick(&server)).content(), "Hello");
}

#[test]
fn a_local_server_that_is_not_running_is_named_and_tried_three_times() {
    let address =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let outcome = chat(endpoint(&format!("http://{address}/v1"), "sk-x"));
    let Error::Http(error @ http::Error::NotRunning { .. }) = outcome.error() else { panic!("{:?}", outcome.error()) };
    assert!(error.to_string().contains(&address.to_string()) && error.to_string().contains("started"), "{error}");
    assert_eq!(outcome.retries.len(), 2);
}

#[test]
fn a_host_without_address_is_offline() {
    let mut endpoint = endpoint("https://nowhere.invalid/v1", "sk-x");
    endpoint.model = "m".into();
    let outcome = chat(endpoint);
    let Error::Http(error @ http::Error::Offline { .. }) = outcome.error() else { panic!("{:?}", outcome.error()) };
    assert!(error.to_string().contains("nowhere.invalid"), "{error}");
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Server::script([stream("")]);
    let server = Server::script([Reply::new(307, "text/plain", "")
        .header("location", &format!("{}/v1/chat/completions?x=secret", elsewhere.url()))]);
    let outcome = chat(endpoint(&server.url(), "sk-x"));
    let Error::Http(error @ http::Error::Redirect { .. }) = outcome.error() else { panic!("{:?}", outcome.error()) };
    assert!(
        error.to_string().contains(&elsewhere.address().to_string()) && !error.to_string().contains("secret"),
        "{error}"
    );
    assert_eq!(elsewhere.requests().len(), 0);
}

#[test]
fn a_key_is_not_sent_over_plain_http_to_another_machine() {
    let outcome = chat(endpoint("http://192.0.2.1/v1", "sk-x"));
    assert!(matches!(outcome.error(), Error::InsecureEndpoint { .. }));
}

#[test]
fn p30_p31_settings_change_headers_and_body() {
    let model = OpenAi::start();
    let mut endpoint = at(&model);
    endpoint.extras.custom_headers = vec![("User-Agent".into(), "mine/1".into()), ("X-Team".into(), "a b".into())];
    endpoint.extras.extra_body.insert("enable_thinking".into(), json!(true));
    assert_eq!(chat(endpoint.clone()).content(), "Hello");
    let asked = &model.requests()[0];
    assert_eq!(asked.request.header("user-agent"), Some("mine/1"));
    assert_eq!(asked.request.headers.iter().filter(|(name, _)| name == "user-agent").count(), 1);
    assert_eq!(asked.request.header("x-team"), Some("a b"));
    assert_eq!(asked.body["enable_thinking"], true);

    for (name, value) in
        [("bad name", "x"), ("X-A", "a\nb"), ("Authorization", ""), ("Host", "evil"), ("Content-Length", "1")]
    {
        endpoint.extras.custom_headers = vec![(name.into(), value.into())];
        let outcome = chat(endpoint.clone());
        assert!(matches!(outcome.error(), Error::CustomHeader { .. }), "{name}: {value}");
    }
    endpoint.extras.custom_headers = Vec::new();
    endpoint.credential = Credential::Key(Secret::new("sk-a\nb"));
    assert!(matches!(chat(endpoint).error(), Error::UnsendableKey));
    assert_eq!(model.requests().len(), 1);
}

#[test]
fn models_are_listed_and_a_wrong_key_is_told_from_a_missing_server() {
    let model = OpenAi::start().models(["a", "b"]);
    run(async {
        let http = Http::default();
        let client = http.open(&environment(&[])).expect("a client");
        let found = models(client, &at(&model)).await.expect("a list");
        let plain = |id: &str| Model { id: id.into(), name: None, context_window: None };
        assert_eq!(found, [plain("a"), plain("b")]);
        assert_eq!(model.requests()[0].path, "/v1/models");

        let server = Server::script([Reply::json(401, &error_body("no"))]);
        let error = models(client, &endpoint(&server.url(), "sk-x")).await.expect_err("a refusal");
        assert!(matches!(error, Error::InvalidKey(_)), "{error:?}");
        for reply in [Reply::json(200, &json!({ "hello": 1 })), Reply::new(200, "text/html", "<html>")] {
            let server = Server::script([reply]);
            let error = models(client, &endpoint(&server.url(), "sk-x")).await.expect_err("no list");
            assert!(matches!(error, Error::NotAStream { .. }), "{error:?}");
        }
    });
}

#[test]
fn p27_a_proxy_carries_what_is_not_on_this_machine() {
    let proxy = Server::script([stream("data: {\"choices\":[{\"delta\":{\"content\":\"ok\"}}]}\n\ndata: [DONE]\n\n")]);
    let mut far = endpoint("http://model.example/v1", "unused");
    far.credential = Credential::None;
    let address = proxy.address().to_string();
    let env = environment(&[("HTTP_PROXY", &format!("user:pa%20ss@{address}"))]);
    assert_eq!(run(chat_with(&Http::default(), &env, far.clone())).content(), "ok");
    let seen = &proxy.requests()[0];
    assert_eq!(seen.path, "http://model.example/v1/chat/completions");
    assert!(seen.header("proxy-authorization").is_some_and(|value| value.starts_with("Basic ")), "{:?}", seen.headers);

    // This machine is reached directly, whatever the variables say.
    let model = OpenAi::start();
    assert_eq!(run(chat_with(&Http::default(), &env, at(&model))).content(), "Hello");
    assert_eq!(proxy.requests().len(), 1);
}

#[test]
fn a_proxy_that_refuses_is_named_without_its_password() {
    let far = || endpoint("https://model.example/v1", "sk-x");
    for reply in [Reply::new(407, "text/plain", ""), Reply::new(403, "text/plain", "")] {
        let proxy = Server::script([reply]);
        let address = proxy.address().to_string();
        let env = environment(&[("HTTPS_PROXY", &format!("http://user:canary@{address}"))]);
        let outcome = run(chat_with(&Http::default(), &env, far()));
        let Error::Http(error @ http::Error::Proxy { .. }) = outcome.error() else { panic!("{:?}", outcome.error()) };
        let shown = error.to_string();
        assert!(shown.contains(&address) && shown.contains("HTTPS_PROXY") && !shown.contains("canary"), "{shown}");
        assert_eq!(proxy.requests()[0].method, "CONNECT");
        assert_eq!(proxy.requests()[0].path, "model.example:443");
    }
    let env = environment(&[("HTTPS_PROXY", "http://127.0.0.1:1")]);
    let outcome = run(chat_with(&Http::default(), &env, far()));
    assert!(matches!(outcome.error(), Error::Http(http::Error::Proxy { .. })), "{:?}", outcome.error());
}

#[test]
fn p28_a_socks_proxy_is_refused_in_words() {
    let env = environment(&[("ALL_PROXY", "socks5://127.0.0.1:1080")]);
    let outcome = run(chat_with(&Http::default(), &env, endpoint("https://model.example/v1", "sk-x")));
    assert!(outcome.error().to_string().contains("SOCKS"), "{:?}", outcome.error());
    assert!(outcome.retries.is_empty());
}

#[test]
fn p29_a_private_ca_is_trusted_when_it_is_named_and_explained_when_not() {
    let ca = PrivateCa::new();
    let directory = tempfile::tempdir().expect("a directory");
    let bundle = directory.path().join("ca.pem");
    std::fs::write(&bundle, ca.pem()).expect("a file");
    let bundle = bundle.to_str().expect("a UTF-8 path");
    let answer = || stream("data: {\"choices\":[{\"delta\":{\"content\":\"ok\"}}]}\n\ndata: [DONE]\n\n");
    let server = Server::start_wrapped(ca.server("127.0.0.1"), move |_| answer());
    let secure = || endpoint(&format!("https://{}/v1", server.address()), "sk-x");

    for variable in ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"] {
        let env = environment(&[(variable, bundle)]);
        assert_eq!(run(chat_with(&Http::default(), &env, secure())).content(), "ok", "{variable}");
    }
    let outcome = chat(secure());
    let Error::Http(error @ http::Error::Tls { .. }) = outcome.error() else { panic!("{:?}", outcome.error()) };
    assert!(error.to_string().contains("SSL_CERT_FILE"), "{error}");
    assert!(outcome.retries.is_empty());
    let env = environment(&[("SSL_CERT_FILE", "/nowhere/ca.pem")]);
    let outcome = run(chat_with(&Http::default(), &env, secure()));
    assert!(outcome.error().to_string().contains("SSL_CERT_FILE=/nowhere/ca.pem"), "{:?}", outcome.error());

    // The same through a proxy: the tunnel carries TLS to the service.
    let far = Server::start_wrapped(ca.server("model.example"), move |_| answer());
    let proxy = Server::script([Reply::tunnel(far.address())]);
    let address = proxy.address().to_string();
    let env = environment(&[("SSL_CERT_FILE", bundle), ("https_proxy", &address)]);
    let outcome = run(chat_with(&Http::default(), &env, endpoint("https://model.example/v1", "sk-x")));
    assert_eq!(outcome.content(), "ok");
    assert_eq!(far.requests()[0].header("host"), Some("model.example"));
    assert!(proxy.requests()[0].header("authorization").is_none());
}

#[test]
fn a_name_that_the_certificate_lacks_is_explained() {
    let ca = PrivateCa::new();
    let directory = tempfile::tempdir().expect("a directory");
    let bundle = directory.path().join("ca.pem");
    std::fs::write(&bundle, ca.pem()).expect("a file");
    let server = Server::start_wrapped(ca.server("other.example"), |_| stream(""));
    let env = environment(&[("SSL_CERT_FILE", bundle.to_str().expect("a UTF-8 path"))]);
    let outcome = run(chat_with(&Http::default(), &env, endpoint(&format!("https://{}/v1", server.address()), "sk-x")));
    assert!(outcome.error().to_string().contains("check the host"), "{:?}", outcome.error());
}

#[test]
fn a_chat_may_move_between_threads() {
    fn send<T: Send>(_: &T) {}
    let model = OpenAi::start();
    let client = Http::default().open(&environment(&[])).expect("a client").clone();
    let mut chat = Chat::start(client.clone(), at(&model), &question("hi"));
    send(&chat.next());
    send(&models(&client, &at(&model)));
    send(&chat);
}

#[test]
fn a_gap_is_filled_by_tokens_and_where_the_service_has_none_by_chat() {
    let gap = Gap { prefix: "let x = f(".into(), suffix: ");\n".into(), max_tokens: 64, ..Gap::default() };
    let completion = |text: &str| Reply::json(200, &json!({ "choices": [{ "text": text }] }));
    let chat_answer = Reply::json(200, &json!({ "choices": [{ "message": { "content": "a, b)" } }] }));
    run(async {
        let http = Http::default();
        let client = http.open(&environment(&[])).expect("a client");
        let server = Server::script([completion("a, b)"), completion(" \n")]);
        let ask = |server: &Server| endpoint(&format!("{}/v1", server.url()), "sk-x");
        assert_eq!(fill(client, &ask(&server), &gap).await.expect("an answer").as_deref(), Some("a, b"));
        assert_eq!(fill(client, &ask(&server), &gap).await.expect("an answer"), None);
        let asked = &server.requests()[0];
        assert_eq!(asked.path, "/v1/completions");
        assert_eq!(asked.json()["prompt"], "<|fim_prefix|>let x = f(<|fim_suffix|>);\n<|fim_middle|>");

        let server = Server::script([Reply::new(404, "text/plain", ""), chat_answer]);
        assert_eq!(fill(client, &ask(&server), &gap).await.expect("an answer").as_deref(), Some("a, b"));
        let paths: Vec<_> = server.requests().into_iter().map(|request| request.path).collect();
        assert_eq!(paths, ["/v1/completions", "/v1/chat/completions"]);

        let server = Server::script([Reply::json(429, &error_body("slow down")).header("retry-after", "1")]);
        assert!(matches!(fill(client, &ask(&server), &gap).await, Err(Error::RateLimited { .. })));
        assert_eq!(server.requests().len(), 1);
    });
}

#[test]
fn fifty_chats_at_once_keep_their_deltas_and_their_keys_apart() {
    let services: Vec<OpenAi> = (0..2)
        .map(|_| OpenAi::start().reply_with(|asked| Scripted::stream(asked.prompt().split_inclusive(' '))))
        .collect();
    run(async {
        let http = Http::default();
        let client = http.open(&environment(&[])).expect("a client");
        let chats = (0..50).map(|number| {
            let mut chat =
                Chat::start(client.clone(), at(&services[number % 2]), &question(&format!("{number} a b c d")));
            async move {
                let mut content = String::new();
                while let Some(event) = chat.next().await.expect("an answer") {
                    let Event::Delta(delta) = event else { panic!("{event:?}") };
                    content += &delta.content.unwrap_or_default();
                }
                assert_eq!(content, format!("{number} a b c d"));
                assert_eq!(chat.answer().content, content);
            }
        });
        futures_util::future::join_all(chats).await;
    });
    for service in &services {
        let keys: Vec<_> = service.requests().into_iter().filter_map(|asked| asked.key).collect();
        assert_eq!(keys, vec![service.key().to_owned(); 25]);
    }
}

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic while it was held").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_log_names_the_request_and_shows_nothing_of_it() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    let model = OpenAi::start().stream(["canary answer"]);
    tracing::subscriber::with_default(subscriber, || {
        let mut endpoint = at(&model);
        endpoint.base_url.set_query(Some("token=canary-query"));
        endpoint.debug = true;
        assert_eq!(chat(endpoint).content(), "canary answer");
    });
    let log = String::from_utf8(log.0.lock().expect("no panic while it was held").clone()).expect("UTF-8");
    assert!(log.contains("POST") && log.contains("status=200") && log.contains("req-stand-in"), "{log}");
    assert!(!log.contains("canary") && !log.contains("hi\""), "{log}");
}
