//! `qwen/chat`: how an answer streams, and what it is in the end.

use serde_json::{Value, json};

use crate::support::editor::Editor;
use crate::support::http::{Gate, Reply};
use crate::support::openai::{Answer, OpenAi};
use crate::support::world::World;
use crate::verbs::{CANCELLED, INVALID_PARAMS, assert_failed, chat, chat_with, status, user};

fn open(model: &OpenAi) -> Editor {
    World::new().root("app", [(".qwen/.env", model.dotenv())]).open()
}

fn sse(events: &[&str]) -> Reply {
    let reply = Reply::chunked("text/event-stream");
    events.iter().fold(reply, |reply, event| reply.chunk(*event))
}

// Streaming

#[test]
fn each_delta_is_one_progress_and_all_precede_the_response() {
    let pieces = ["Hel", "lo", " ", "wo", "rld", "\n", "世", "界", "😀", "!"];
    let model = OpenAi::start().stream(pieces);
    let mut editor = open(&model);
    let chat = chat_with(&mut editor, "app", "hi", json!({ "partialResultToken": "p" }));
    // In the order of the wire, whatever it is.
    for piece in pieces {
        let message = editor.next_message();
        assert_eq!(message["method"], "$/progress");
        assert_eq!(message["params"], json!({ "token": "p", "value": { "content": piece } }));
    }
    let response = editor.next_message();
    assert_eq!(response["id"], chat.id);
    assert_eq!(
        response["result"],
        json!({
            "root": editor.uri("app"), "method": "openai", "provider": "Local server",
            "model": model.model(), "requestedModel": model.model(),
            "message": { "role": "assistant", "content": pieces.concat() },
            "finishReason": "stop",
            "usage": { "promptTokens": 3, "completionTokens": 10, "totalTokens": 13 },
        })
    );
}

#[test]
fn without_a_token_there_is_only_the_result() {
    let model = OpenAi::start().stream(["a", "b"]);
    let mut editor = open(&model);
    let chat = chat(&mut editor, "app", "hi");
    let first = editor.next_message();
    assert_eq!((&first["id"], &first["result"]["message"]["content"]), (&chat.id, &json!("ab")));
}

#[test]
fn a_delta_is_shown_while_the_rest_is_still_to_come() {
    let gate = Gate::default();
    let model = OpenAi::start().answer(Answer::stream(["early"]).then_wait(&gate));
    let mut editor = open(&model);
    let chat = chat_with(&mut editor, "app", "hi", json!({ "partialResultToken": 5 }));
    editor.expect_deltas(5, ["early"]);
    gate.open();
    editor.response(chat);
}

#[test]
fn reasoning_streams_apart_from_the_content_under_either_name() {
    for name in ["reasoning_content", "reasoning"] {
        let deltas = [json!({ name: "hm" }), json!({ name: "m" }), json!({ "content": "so" })];
        let model = OpenAi::start().answer(Answer::deltas(deltas));
        let mut editor = open(&model);
        let chat = chat_with(&mut editor, "app", "hi", json!({ "partialResultToken": "p" }));
        assert_eq!(editor.expect_progress("p"), json!({ "reasoning": "hm" }));
        assert_eq!(editor.expect_progress("p"), json!({ "reasoning": "m" }));
        assert_eq!(editor.expect_progress("p"), json!({ "content": "so" }));
        let message = editor.response(chat)["message"].take();
        assert_eq!(message, json!({ "role": "assistant", "content": "so", "reasoning": "hmm" }));
    }
}

#[test]
fn tool_calls_stream_by_index_and_are_whole_in_the_result() {
    let piece = |index: usize, id: Value, name: Value, arguments: &str| json!({ "tool_calls": [{ "index": index, "id": id, "type": "function", "function": { "name": name, "arguments": arguments } }] });
    let model = OpenAi::start().answer(
        Answer::deltas([
            piece(0, json!("c1"), json!("read"), "{\"path\":"),
            piece(1, json!("c2"), json!("list"), "{}"),
            piece(0, Value::Null, Value::Null, "\"a\"}"),
        ])
        .finish("tool_calls"),
    );
    let mut editor = open(&model);
    let tools = json!([{ "type": "function", "function": { "name": "read", "parameters": { "type": "object" } } }]);
    let more = json!({ "partialResultToken": "p", "tools": tools, "toolChoice": "auto" });
    let chat = chat_with(&mut editor, "app", "hi", more);
    let indices: Vec<_> = (0..3).map(|_| editor.expect_progress("p")["toolCalls"][0]["index"].take()).collect();
    assert_eq!(indices, [json!(0), json!(1), json!(0)]);
    let result = editor.response(chat);
    assert_eq!(result["finishReason"], "toolCalls");
    let calls = &result["message"]["toolCalls"];
    assert_eq!(calls[0]["function"], json!({ "name": "read", "arguments": "{\"path\":\"a\"}" }));
    assert_eq!((&calls[1]["id"], &calls[1]["function"]["name"]), (&json!("c2"), &json!("list")));
    let asked = &model.requests()[0].body;
    assert_eq!((&asked["tools"], &asked["tool_choice"]), (&tools, &json!("auto")));
}

#[test]
fn tool_results_and_options_reach_the_model_in_its_own_words() {
    let model = OpenAi::start();
    let mut editor = open(&model);
    let call = json!({ "id": "c1", "type": "function", "function": { "name": "read", "arguments": "{}" } });
    let params = json!({
        "root": editor.uri("app"),
        "messages": [
            { "role": "system", "content": "be brief" }, user("hi"),
            { "role": "assistant", "content": "", "toolCalls": [call] },
            { "role": "tool", "content": "text", "toolCallId": "c1" },
        ],
        "model": "other", "temperature": 0.25, "topP": 0.5, "maxTokens": 7, "stop": ["END"], "seed": 42,
    });
    let chat = editor.request("qwen/chat", params);
    let result = editor.response(chat);
    assert_eq!(result["requestedModel"], "other");
    let body = &model.requests()[0].body;
    assert_eq!(body["messages"][2]["tool_calls"][0], call);
    assert_eq!(body["messages"][3]["tool_call_id"], "c1");
    assert_eq!(
        [&body["model"], &body["temperature"], &body["top_p"], &body["max_tokens"], &body["stop"], &body["seed"]],
        [&json!("other"), &json!(0.25), &json!(0.5), &json!(7), &json!(["END"]), &json!(42)]
    );
    assert_eq!(body["stream"], true);
}

#[test]
fn every_reason_to_finish_is_told() {
    for (upstream, told) in [
        ("stop", "stop"),
        ("length", "length"),
        ("tool_calls", "toolCalls"),
        ("content_filter", "contentFilter"),
        ("function_call", "toolCalls"),
        ("eos_token", "eos_token"),
    ] {
        let model = OpenAi::start().answer(Answer::stream(["x"]).finish(upstream));
        let mut editor = open(&model);
        let chat = chat(&mut editor, "app", "hi");
        assert_eq!(editor.response(chat)["finishReason"], told, "{upstream}");
    }
}

#[test]
fn the_model_that_answered_is_told_beside_the_one_that_was_asked_for() {
    let model = OpenAi::start().answer(Answer::stream(["x"]).model("fallback"));
    let mut editor = open(&model);
    let chat = chat(&mut editor, "app", "hi");
    let result = editor.response(chat);
    assert_eq!((&result["model"], &result["requestedModel"]), (&json!("fallback"), &json!(model.model())));
}

#[test]
fn streams_in_every_spelling_are_read() {
    let delta = r#"{"choices":[{"delta":{"content":"é世😀"}}]}"#;
    let last = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
    let plain = format!("data: {delta}\n\ndata: {last}\n\ndata: [DONE]\n\n");
    let spellings = [
        ("lines that end in CRLF", plain.replace('\n', "\r\n")),
        ("no blank after the colon", plain.replace("data: ", "data:")),
        ("comments between", format!(": keep alive\n\n{plain}: bye\n\n")),
        ("no [DONE]", plain.replace("data: [DONE]\n\n", "")),
        ("no blank line at the end", plain.replace("data: [DONE]\n\n", "").trim_end().to_owned()),
        ("an event's name", plain.replace("data: {", "event: message\ndata: {")),
        ("one completion instead of a stream", {
            let choice = json!([{ "message": { "role": "assistant", "content": "é世😀" }, "finish_reason": "stop" }]);
            json!({ "choices": choice }).to_string()
        }),
    ];
    for (name, body) in spellings {
        // Byte by byte: characters and events are split everywhere.
        let pieces = body.bytes().fold(Reply::chunked("text/event-stream"), |reply, byte| reply.chunk([byte]));
        let model = OpenAi::start().raw(pieces);
        let mut editor = open(&model);
        let chat = chat_with(&mut editor, "app", "hi", json!({ "partialResultToken": "p" }));
        editor.expect_deltas("p", ["é世😀"]);
        assert_eq!(editor.response(chat)["message"]["content"], "é世😀", "{name}");
    }
}

#[test]
fn what_came_of_a_stream_that_is_cut_is_kept_in_the_error() {
    let model = OpenAi::start().stream(["half ", "an answer"]).then_cut();
    let mut editor = open(&model);
    let chat = chat_with(&mut editor, "app", "hi", json!({ "partialResultToken": "p" }));
    editor.expect_deltas("p", ["half ", "an answer"]);
    let error = editor.error(chat);
    assert_failed(&error, "interrupted");
    assert_eq!(error.data["partial"], "half an answer");
    assert!(error.message.contains("ask again"), "{}", error.message);
    assert_eq!(model.requests().len(), 1, "after the first delta nothing is sent again");
}

#[test]
fn an_error_inside_a_stream_is_an_error() {
    let model = OpenAi::start().raw(sse(&[
        "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n",
        "data: {\"error\":{\"message\":\"the plan is overdue\",\"code\":\"insufficient_quota\"}}\n\n",
    ]));
    let mut editor = open(&model);
    let chat = chat_with(&mut editor, "app", "hi", json!({ "partialResultToken": "p" }));
    editor.expect_deltas("p", ["x"]);
    let error = editor.error(chat);
    assert_failed(&error, "quotaExhausted");
    assert!(error.message.contains("the plan is overdue"), "{}", error.message);
}

// Cancelling

#[test]
fn cancelling_a_chat_hangs_up_on_the_model() {
    let model = OpenAi::start().stream(["Hel", "lo"]).then_hold();
    let mut editor = open(&model);
    let chat = chat_with(&mut editor, "app", "hi", json!({ "partialResultToken": 1 }));
    editor.expect_deltas(1, ["Hel", "lo"]);
    editor.cancel(&chat);
    assert_eq!(editor.error(chat).code, CANCELLED);
    model.expect_disconnect();
}

#[test]
fn both_ways_to_cancel_end_the_progress() {
    for by_progress in [false, true] {
        let model = OpenAi::start().stream(["x"]).then_hold();
        let mut editor = open(&model);
        let tokens = json!({ "partialResultToken": 1, "workDoneToken": "w" });
        let chat = chat_with(&mut editor, "app", "hi", tokens);
        assert_eq!(editor.expect_progress("w")["kind"], "begin");
        editor.expect_deltas(1, ["x"]);
        if by_progress {
            editor.notify("window/workDoneProgress/cancel", json!({ "token": "w" }));
        } else {
            editor.cancel(&chat);
        }
        assert_eq!(editor.error(chat).code, CANCELLED);
        model.expect_disconnect();
        assert_eq!(editor.expect_progress("w"), json!({ "kind": "end" }));
    }
}

#[test]
fn a_chat_that_the_model_has_not_begun_to_answer_can_be_cancelled_by_its_progress() {
    let model = OpenAi::start().raw(Reply::chunked("text/event-stream").then_hold());
    let mut editor = open(&model);
    let chat = chat_with(&mut editor, "app", "hi", json!({ "workDoneToken": "w" }));
    assert_eq!(editor.expect_progress("w")["kind"], "begin");
    model.wait_for_requests(1);
    editor.notify("window/workDoneProgress/cancel", json!({ "token": "w" }));
    assert_eq!(editor.error(chat).code, CANCELLED);
    assert_eq!(editor.expect_progress("w"), json!({ "kind": "end" }));
    model.expect_disconnect();
}

#[test]
fn the_progress_ends_before_the_response_in_success_and_in_failure() {
    let model = OpenAi::start().stream(["x"]).error(401, &json!({ "error": { "message": "no" } }));
    let mut editor = open(&model);
    for _ in 0..2 {
        let chat = chat_with(&mut editor, "app", "hi", json!({ "workDoneToken": "w" }));
        assert_eq!(editor.next_message()["params"]["value"]["kind"], "begin");
        assert_eq!(editor.next_message()["params"]["value"]["kind"], "end");
        assert_eq!(editor.next_message()["id"], chat.id);
    }
    let nowhere = World::new().root("app", [(".env", "OPENAI_BASE_URL=ftp://x\n")]);
    let mut editor = nowhere.open();
    let chat = chat_with(&mut editor, "app", "hi", json!({ "workDoneToken": "w" }));
    let kinds: Vec<_> = (0..2).map(|_| editor.next_message()["params"]["value"]["kind"].take()).collect();
    assert_eq!(kinds, [json!("begin"), json!("end")]);
    editor.error(chat);
}

// Many at once

#[test]
fn fifty_chats_run_at_once_and_a_request_beside_them_is_answered() {
    let model = OpenAi::start().stream(["x"]).then_hold();
    let mut editor = open(&model);
    let chats: Vec<_> =
        (0..50).map(|token| chat_with(&mut editor, "app", "hi", json!({ "partialResultToken": token }))).collect();
    for token in 0..50 {
        editor.expect_deltas(token, ["x"]);
    }
    assert_eq!(status(&mut editor, "app")["state"], "signedIn");
    for chat in chats {
        editor.cancel(&chat);
        assert_eq!(editor.error(chat).code, CANCELLED);
        model.expect_disconnect();
    }
}

#[test]
fn two_roots_with_two_keys_chat_in_turns_and_never_mix() {
    let echo = |name: &'static str| {
        OpenAi::start().reply_with(move |asked| {
            let prompt = asked.prompt();
            let pieces: Vec<_> = (0..20).map(|n| format!("{name}:{prompt}:{n};")).collect();
            Answer::stream(pieces.iter().map(String::as_str))
        })
    };
    let models = [("one", echo("one")), ("two", echo("two"))];
    let mut world = World::new();
    for (name, model) in &models {
        world = world.root(name, [(".qwen/.env", model.dotenv())]);
    }
    let mut editor = world.open();
    let chats: Vec<_> = (0..50)
        .map(|n| {
            let root = models[n % 2].0;
            let token = format!("t{n}");
            (n, root, chat_with(&mut editor, root, &n.to_string(), json!({ "partialResultToken": token })))
        })
        .collect();
    let mut deltas = vec![String::new(); 50];
    let mut left = chats.len();
    while left > 0 {
        let message = editor.next_message();
        if message["method"] == "$/progress" {
            let token = message["params"]["token"].as_str().expect("a token of ours");
            let n: usize = token[1..].parse().expect("a token of ours");
            deltas[n].push_str(message["params"]["value"]["content"].as_str().expect("content"));
            continue;
        }
        let (n, root, _) = chats.iter().find(|(_, _, chat)| chat.id == message["id"]).expect("an answer to a chat");
        let whole: String = (0..20).map(|piece| format!("{root}:{n}:{piece};")).collect();
        assert_eq!(message["result"]["message"]["content"], whole.as_str());
        assert_eq!(message["result"]["root"], editor.uri(root));
        // No delta comes later: the next one of this token would make it longer than the result.
        assert_eq!(std::mem::replace(&mut deltas[*n], "the answer is complete".to_owned()), whole);
        left -= 1;
    }
    assert!(deltas.iter().all(|delta| delta == "the answer is complete"));
    for (_, model) in &models {
        let asked = model.requests();
        assert_eq!(asked.len(), 25);
        assert!(asked.iter().all(|asked| asked.key.as_deref() == Some(model.key())));
        assert!(asked.iter().all(|asked| asked.body["model"] == model.model()));
    }
}

#[test]
fn connections_are_kept_and_used_again() {
    let model = OpenAi::start();
    let mut editor = open(&model);
    for _ in 0..5 {
        let chat = chat(&mut editor, "app", "hi");
        editor.response(chat);
    }
    assert_eq!((model.requests().len(), model.connections()), (5, 1));
}

// Wrong requests

#[test]
fn a_chat_without_messages_or_with_wrong_ones_is_the_editors_mistake() {
    let model = OpenAi::start();
    let mut editor = open(&model);
    for (params, said) in [
        (json!({}), "missing field `messages`"),
        (json!({ "messages": [] }), "`messages` is missing or empty"),
        (json!({ "messages": "hi" }), "`messages`: invalid type"),
        (
            json!({ "messages": [user("hi"), { "role": "wizard", "content": "x" }] }),
            "`messages[1].role`: unknown variant",
        ),
        (json!({ "messages": [{ "role": "user", "content": 5 }] }), "`messages[0].content`: "),
        (json!({ "messages": [user("hi")], "temperature": "hot" }), "`temperature`: invalid type"),
        (json!({ "messages": [user("hi")], "model": 1 }), "`model`: invalid type"),
        (json!({ "messages": [user("hi")], "root": 1 }), "`root`: invalid type"),
        (json!({ "messages": [user("hi")], "root": "https://example.com/" }), "not that of a file"),
        (json!({ "messages": [user("hi")], "context": [{ "uri": "untitled:nowhere" }] }), "untitled:nowhere"),
        (json!({ "messages": [user("hi")], "context": [{}] }), "`context[0]`: missing field `uri`"),
        (json!([1]), "invalid type"),
    ] {
        let chat = editor.request("qwen/chat", params.clone());
        let error = editor.error(chat);
        assert_eq!(error.code, INVALID_PARAMS, "{params}");
        assert!(error.message.contains(said), "{params}: {}", error.message);
    }
    assert!(model.requests().is_empty());
}
