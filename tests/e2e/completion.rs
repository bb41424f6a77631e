//! Suggestions at the cursor, with the capabilities of the editors that show them.

use std::fs;

use serde_json::{Value, json};

use crate::support::editor::{Editor, Pending};
use crate::support::http::Gate;
use crate::support::openai::{Answer, OpenAi};
use crate::support::world::World;

const AUTOMATIC: u8 = 2;
const INVOKED: u8 = 1;

/// VS Code 1.139 counts in UTF-16 and shows grey text.
fn vscode() -> Value {
    json!({
        "general": { "positionEncodings": ["utf-16"] },
        "textDocument": { "inlineCompletion": { "dynamicRegistration": true } },
    })
}

/// Neovim 0.12 takes UTF-8, and shows grey text too.
fn neovim() -> Value {
    json!({
        "general": { "positionEncodings": ["utf-8", "utf-16", "utf-32"] },
        "textDocument": { "inlineCompletion": { "dynamicRegistration": false } },
    })
}

/// A root `app` whose model has Qwen's tokens, in VS Code.
fn world(model: &OpenAi) -> World {
    let dotenv = format!(
        "OPENAI_API_KEY={}\nOPENAI_BASE_URL={}\nOPENAI_MODEL=qwen2.5-coder:7b\n",
        model.key(),
        model.base_url()
    );
    World::new().root("app", [(".qwen/.env", dotenv)]).capabilities(vscode()).canary(model.key())
}

fn did_open(editor: &mut Editor, name: &str, text: &str) {
    let item = json!({ "uri": editor.uri(name), "languageId": "rust", "version": 1, "text": text });
    editor.notify("textDocument/didOpen", json!({ "textDocument": item }));
}

/// Types `text` at a place.
fn type_at(editor: &mut Editor, name: &str, (line, character): (u32, u32), text: &str) {
    let at = json!({ "line": line, "character": character });
    let change = json!({ "range": { "start": at, "end": at }, "text": text });
    let document = json!({ "uri": editor.uri(name), "version": 2 });
    editor.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": [change] }));
}

fn ask(editor: &mut Editor, name: &str, (line, character): (u32, u32), trigger_kind: u8) -> Pending {
    let params = json!({
        "textDocument": { "uri": editor.uri(name) },
        "position": { "line": line, "character": character },
        "context": { "triggerKind": trigger_kind },
    });
    editor.request("textDocument/inlineCompletion", params)
}

/// What is suggested; null for nothing.
fn suggested(editor: &mut Editor, pending: Pending) -> Value {
    let list = editor.response(pending);
    assert!(list["items"].as_array().unwrap().len() < 2, "{list}");
    list["items"][0]["insertText"].clone()
}

#[test]
fn every_editor_is_told_that_there_are_suggestions_and_none_gets_them_in_the_menu_unasked() {
    for capabilities in [vscode(), neovim(), json!({})] {
        let model = OpenAi::start();
        let mut editor = world(&model).capabilities(capabilities).open();
        assert_eq!(editor.initialized["capabilities"]["inlineCompletionProvider"], true);
        did_open(&mut editor, "app/a.rs", "let x = ;\n");
        // The menu is offered for environment files, and is asked for in every document.
        let place =
            json!({ "textDocument": { "uri": editor.uri("app/a.rs") }, "position": { "line": 0, "character": 8 } });
        let menu = editor.request("textDocument/completion", place);
        assert_eq!(editor.response(menu), Value::Null);
        assert!(model.requests().is_empty());
    }
}

#[test]
fn the_text_that_is_missing_is_asked_for_with_the_models_tokens() {
    for (capabilities, character) in [(vscode(), 17), (neovim(), 21)] {
        let model = OpenAi::start().stream(["f(\"密🙂\")"]);
        let mut editor = world(&model).capabilities(capabilities).open();
        did_open(&mut editor, "app/a.rs", "let 密🙂 = 1; x = ;\n");
        let asked = ask(&mut editor, "app/a.rs", (0, character), INVOKED);
        let list = editor.response(asked);
        let at = json!({ "line": 0, "character": character });
        assert_eq!(list["items"][0]["insertText"], "f(\"密🙂\")");
        assert_eq!(list["items"][0]["range"], json!({ "start": at, "end": at }));
        let request = &model.requests()[0];
        assert!(request.path.ends_with("/v1/completions"), "{}", request.path);
        assert_eq!(request.body["prompt"], "<|fim_prefix|>let 密🙂 = 1; x = <|fim_suffix|>;\n<|fim_middle|>");
        assert_eq!(request.key.as_deref(), Some(model.key()));
    }
}

#[test]
fn another_model_is_asked_by_chat_and_a_place_beyond_the_end_is_the_end() {
    let model = OpenAi::start().stream(["end"]);
    let mut editor = World::new().root("app", [(".env", model.dotenv())]).capabilities(vscode()).open();
    did_open(&mut editor, "app/a.rs", "one\ntwo");
    let asked = ask(&mut editor, "app/a.rs", (900, 900), INVOKED);
    let list = editor.response(asked);
    assert_eq!(list["items"][0]["range"]["start"], json!({ "line": 1, "character": 3 }));
    assert!(model.requests()[0].path.ends_with("/chat/completions"));
    assert_eq!(model.requests()[0].prompt(), "File a.rs:\none\ntwo<CURSOR>");
}

#[test]
fn typing_along_a_suggestion_asks_nothing() {
    let model = OpenAi::start().stream(["hello()"]);
    let mut editor = world(&model).open();
    did_open(&mut editor, "app/a.rs", "x = ;\n");
    let asked = ask(&mut editor, "app/a.rs", (0, 4), AUTOMATIC);
    assert_eq!(suggested(&mut editor, asked), "hello()");
    for (at, typed, rest) in [(4, "he", "llo()"), (6, "l", "lo()")] {
        type_at(&mut editor, "app/a.rs", (0, at), typed);
        let asked = ask(&mut editor, "app/a.rs", (0, at + u32::try_from(typed.len()).unwrap()), AUTOMATIC);
        assert_eq!(suggested(&mut editor, asked), rest);
    }
    assert_eq!(model.requests().len(), 1);
    type_at(&mut editor, "app/a.rs", (0, 7), "x");
    let asked = ask(&mut editor, "app/a.rs", (0, 8), AUTOMATIC);
    assert_eq!(suggested(&mut editor, asked), "hello()");
    assert_eq!(model.requests().len(), 2);
}

#[test]
fn what_follows_the_cursor_is_not_repeated_and_lines_end_as_the_documents_do() {
    let model = OpenAi::start().stream(["a,\nb)"]).stream(["nothing new"]);
    let mut editor = world(&model).open();
    did_open(&mut editor, "app/a.rs", "f()\r\n");
    let asked = ask(&mut editor, "app/a.rs", (0, 2), INVOKED);
    assert_eq!(suggested(&mut editor, asked), "a,\r\nb");
    did_open(&mut editor, "app/b.rs", "nothing new\n");
    let asked = ask(&mut editor, "app/b.rs", (0, 0), INVOKED);
    assert_eq!(suggested(&mut editor, asked), Value::Null);
}

#[test]
fn the_next_key_hangs_up() {
    let model = OpenAi::start().stream([]).then_hold();
    let mut editor = world(&model).open();
    did_open(&mut editor, "app/a.rs", "x = ;\n");
    let asked = ask(&mut editor, "app/a.rs", (0, 4), AUTOMATIC);
    model.wait_for_requests(1);
    type_at(&mut editor, "app/a.rs", (0, 4), "y");
    assert_eq!(suggested(&mut editor, asked), Value::Null);
    model.expect_disconnect();
}

#[test]
fn a_request_that_is_cancelled_hangs_up() {
    let model = OpenAi::start().stream([]).then_hold();
    let mut editor = world(&model).open();
    did_open(&mut editor, "app/a.rs", "x = ;\n");
    let asked = ask(&mut editor, "app/a.rs", (0, 4), INVOKED);
    model.wait_for_requests(1);
    editor.cancel(&asked);
    assert_eq!(editor.error(asked).code, -32800);
    model.expect_disconnect();
}

#[test]
fn of_many_requests_for_a_document_the_last_one_is_answered() {
    let model = OpenAi::start().stream(["last"]);
    let mut editor = world(&model).open();
    did_open(&mut editor, "app/a.rs", "x = ;\n");
    let asked: Vec<_> = (0..20).map(|_| ask(&mut editor, "app/a.rs", (0, 4), AUTOMATIC)).collect();
    let answers: Vec<_> = asked.into_iter().map(|pending| suggested(&mut editor, pending)).collect();
    assert_eq!(answers.iter().filter(|answer| answer.is_null()).count(), 19, "{answers:?}");
    assert_eq!(answers[19], "last");
    assert_eq!(model.requests().len(), 1);
}

#[test]
fn another_document_does_not_wait() {
    let gate = Gate::default();
    let model = OpenAi::start().answer(Answer::stream(["slow"]).then_wait(&gate)).stream(["quick"]);
    let mut editor = world(&model).open();
    did_open(&mut editor, "app/a.rs", "a\n");
    did_open(&mut editor, "app/b.rs", "b\n");
    let slow = ask(&mut editor, "app/a.rs", (0, 1), INVOKED);
    model.wait_for_requests(1);
    let quick = ask(&mut editor, "app/b.rs", (0, 1), INVOKED);
    assert_eq!(suggested(&mut editor, quick), "quick");
    gate.open();
    assert_eq!(suggested(&mut editor, slow), "slow");
}

#[test]
fn without_an_account_there_is_silence_and_one_line_in_the_log() {
    let mut editor = World::new().empty_root("app").capabilities(neovim()).open();
    did_open(&mut editor, "app/a.rs", "x\n");
    for trigger in [AUTOMATIC, AUTOMATIC, INVOKED] {
        let asked = ask(&mut editor, "app/a.rs", (0, 1), trigger);
        assert_eq!(suggested(&mut editor, asked), Value::Null);
    }
    let line = editor.expect_notification("window/logMessage");
    assert!(line["message"].as_str().unwrap().starts_with("app: no suggestions"), "{line}");
}

#[test]
fn a_service_that_fails_is_left_alone_by_keys_and_asked_by_the_user() {
    let model = OpenAi::start().error(500, &json!({ "error": { "message": "down" } })).stream(["back"]);
    let mut editor = world(&model).open();
    did_open(&mut editor, "app/a.rs", "x\n");
    for _ in 0..3 {
        let asked = ask(&mut editor, "app/a.rs", (0, 1), AUTOMATIC);
        assert_eq!(suggested(&mut editor, asked), Value::Null);
    }
    editor.expect_notification("window/logMessage");
    assert_eq!(model.requests().len(), 1);
    let asked = ask(&mut editor, "app/a.rs", (0, 1), INVOKED);
    assert_eq!(suggested(&mut editor, asked), "back");
}

#[test]
fn a_model_sees_the_open_documents_of_the_root_and_nothing_that_is_kept_from_it() {
    let model = OpenAi::start().stream(["x"]);
    let world = world(&model).root("other", [("o.rs", "")]);
    fs::write(world.root_path("app/.gitignore"), "*.log\n").unwrap();
    fs::write(world.root_path("app/.qwenignore"), "private/\n").unwrap();
    let mut editor = world.open();
    for (name, text) in [
        ("app/.env.local", "canary-1"),
        ("app/run.log", "canary-2"),
        ("app/private/p.rs", "canary-3"),
        ("other/o.rs", "canary-4"),
        ("app/talk.qwen.md", "canary-5"),
        ("app/b.rs", "shown"),
    ] {
        did_open(&mut editor, name, text);
    }
    did_open(&mut editor, "app/a.rs", "a\n");
    let asked = ask(&mut editor, "app/a.rs", (0, 1), INVOKED);
    assert_eq!(suggested(&mut editor, asked), "x");
    let prompt = model.requests()[0].body["prompt"].as_str().unwrap().to_owned();
    assert!(prompt.contains("<|file_sep|>b.rs\nshown\n") && !prompt.contains("canary"), "{prompt}");
    for name in ["app/.env.local", "app/run.log", "app/private/p.rs", "app/talk.qwen.md", "app/closed.rs"] {
        let asked = ask(&mut editor, name, (0, 1), INVOKED);
        assert_eq!(suggested(&mut editor, asked), Value::Null, "{name}");
    }
    assert_eq!(model.requests().len(), 1);
}

fn toggle(editor: &mut Editor, argument: &Value) -> String {
    let command = json!({ "command": "qwen.toggleInlineCompletion", "arguments": argument });
    let pending = editor.request("workspace/executeCommand", command);
    assert_eq!(editor.response(pending), Value::Null);
    editor.expect_notification("window/showMessage")["message"].as_str().unwrap().to_owned()
}

#[test]
fn the_command_switches_them_off_and_on_for_one_root() {
    let (one, two) = (OpenAi::start().stream(["one"]), OpenAi::start().stream(["two"]));
    let world = World::new().root("one", [(".env", one.dotenv())]).root("two", [(".env", two.dotenv())]);
    let mut editor = world.capabilities(vscode()).open();
    did_open(&mut editor, "one/a.rs", "x\n");
    did_open(&mut editor, "two/a.rs", "x\n");
    let root = json!([{ "root": editor.uri("one") }]);
    assert!(toggle(&mut editor, &root).contains("any more"));
    for (name, expected) in [("one/a.rs", Value::Null), ("two/a.rs", json!("two"))] {
        let asked = ask(&mut editor, name, (0, 1), INVOKED);
        assert_eq!(suggested(&mut editor, asked), expected, "{name}");
    }
    assert!(toggle(&mut editor, &root).contains("while typing"));
    let asked = ask(&mut editor, "one/a.rs", (0, 1), AUTOMATIC);
    assert_eq!(suggested(&mut editor, asked), "one");
}

#[test]
fn a_daily_quota_is_spent_by_the_user_alone_until_told_otherwise() {
    let credentials = json!({
        "access_token": "canary-access-token", "refresh_token": "canary-refresh-token", "token_type": "Bearer",
        "resource_url": "127.0.0.1:9", "expiry_date": 9_999_999_999_000_u64,
    });
    let world = World::new().empty_root("app").home_file(".qwen/oauth_creds.json", credentials.to_string());
    let mut editor = world.capabilities(vscode()).canary("canary-access-token").open();
    did_open(&mut editor, "app/a.rs", "x\n");
    let asked = ask(&mut editor, "app/a.rs", (0, 1), AUTOMATIC);
    // A request would have failed here, and would have left a line in the log.
    assert_eq!(suggested(&mut editor, asked), Value::Null);
    assert!(toggle(&mut editor, &json!([])).contains("quota"));
}

#[test]
fn the_menu_has_them_where_the_user_wants_that() {
    let model = OpenAi::start().stream(["gth()"]);
    let options = json!({ "qwen": { "inlineCompletion": { "inMenu": true } } });
    let mut editor = world(&model).initialization_options(options).open();
    assert!(editor.initialized["capabilities"]["completionProvider"].is_object());
    did_open(&mut editor, "app/a.rs", "密🙂.len;\n");
    let params =
        json!({ "textDocument": { "uri": editor.uri("app/a.rs") }, "position": { "line": 0, "character": 7 } });
    let asked = editor.request("textDocument/completion", params);
    let list = editor.response(asked);
    let range = json!({ "start": { "line": 0, "character": 4 }, "end": { "line": 0, "character": 7 } });
    assert_eq!(list["items"][0]["textEdit"], json!({ "range": range, "newText": "length()" }));
    assert_eq!((&list["isIncomplete"], &list["items"][0]["label"]), (&json!(true), &json!("length()")));
}
