//! `workspace/executeCommand`, for editors that send no custom requests.

use serde_json::{Value, json};

use crate::support::editor::{Editor, Pending};
use crate::support::openai::OpenAi;
use crate::support::world::World;

fn execute(editor: &mut Editor, command: &str, arguments: &Value) -> Pending {
    editor.request("workspace/executeCommand", json!({ "command": command, "arguments": arguments }))
}

fn message(editor: &mut Editor) -> String {
    editor.expect_notification("window/showMessage")["message"].as_str().unwrap().to_owned()
}

fn one_root(model: &OpenAi) -> World {
    World::new().root("app", [(".qwen/.env", model.dotenv())]).canary(model.key())
}

#[test]
fn every_command_is_listed() {
    let editor = World::new().empty_root("app").open();
    let listed = &editor.initialized["capabilities"]["executeCommandProvider"]["commands"];
    for command in
        ["qwen.signIn", "qwen.signOut", "qwen.switchAuth", "qwen.status", "qwen.setModel", "qwen.trustEndpoint"]
    {
        assert!(listed.as_array().unwrap().contains(&json!(command)), "{command}");
    }
}

#[test]
fn the_status_is_told_in_a_sentence_and_answered() {
    let model = OpenAi::start();
    let mut editor = one_root(&model).open();
    let status = execute(&mut editor, "qwen.status", &json!([]));
    assert_eq!(editor.response(status)["state"], "signedIn");
    let told = message(&mut editor);
    assert!(told.starts_with("app: ") && told.contains(".qwen/.env") && told.contains(model.model()), "{told}");
}

#[test]
fn with_several_roots_the_status_tells_of_each() {
    let (one, two) = (OpenAi::start(), OpenAi::start());
    let world = World::new().root("one", [(".env", one.dotenv())]).root("two", [(".env", two.dotenv())]);
    let mut editor = world.open();
    let status = execute(&mut editor, "qwen.status", &json!([]));
    assert_eq!(editor.response(status).as_array().unwrap().len(), 2);
    let told = message(&mut editor);
    assert!(told.contains("one: ") && told.contains("two: "), "{told}");
}

#[test]
fn a_model_is_chosen_from_those_of_the_provider_and_asked_from_then_on() {
    let model = OpenAi::start().models(["small", "large"]).stream(["ok"]);
    let mut editor = one_root(&model).open();
    let set = execute(&mut editor, "qwen.setModel", &json!([]));
    assert_eq!(editor.response(set), Value::Null);
    let question = editor.expect_request("window/showMessageRequest");
    let titles: Vec<_> = question.params["actions"].as_array().unwrap().iter().map(|a| a["title"].clone()).collect();
    assert!(titles.contains(&json!("large")), "{titles:?}");
    editor.answer(question, json!({ "title": "large" }));
    assert!(message(&mut editor).contains("large"));
    let chat = editor.request("qwen/chat", json!({ "messages": [{ "role": "user", "content": "hi" }] }));
    assert_eq!(editor.response(chat)["requestedModel"], "large");
    assert_eq!(model.requests().last().unwrap().body["model"], "large");
}

#[test]
fn no_choice_changes_nothing_and_says_nothing() {
    let model = OpenAi::start();
    let mut editor = one_root(&model).open();
    for answer in [json!(null), json!({ "title": "something else" })] {
        let switch = execute(&mut editor, "qwen.switchAuth", &json!([{}]));
        assert_eq!(editor.response(switch), Value::Null);
        let question = editor.expect_request("window/showMessageRequest");
        editor.answer(question, answer);
    }
    let status = editor.request("qwen/auth", json!({ "action": "status" }));
    assert_eq!(editor.response(status)["method"], "openai");
}

#[test]
fn an_endpoint_that_waits_is_trusted_by_one_click() {
    let model = OpenAi::start().stream(["ok"]);
    // A name, and not an address: a key of the user's is withheld from loopback, and refused elsewhere.
    let world = World::new()
        .root("app", [(".qwen/.env", "OPENAI_BASE_URL=https://llm.example.com/v1\n")])
        .env("OPENAI_API_KEY", model.key())
        .canary(model.key());
    let mut editor = world.open();
    let trust = execute(&mut editor, "qwen.trustEndpoint", &json!([]));
    assert_eq!(editor.response(trust), Value::Null);
    let question = editor.expect_request("window/showMessageRequest");
    assert!(question.params["message"].as_str().unwrap().contains("llm.example.com"));
    editor.answer(question, json!({ "title": "Trust it" }));
    assert!(message(&mut editor).contains("trusted"));
    let status = editor.request("qwen/auth", json!({ "action": "status" }));
    assert_eq!(editor.response(status)["state"], "signedIn");
}

#[test]
fn wrong_commands_and_arguments_are_errors() {
    let mut editor = World::new().empty_root("app").open();
    for (command, arguments) in [
        ("qwen.unknown", json!([])),
        ("qwen.status", json!([1])),
        ("qwen.status", json!([{ "nonsense": 1 }])),
        ("qwen.status", json!([{}, {}])),
        ("qwen.switchAuth", json!(["sk-canary"])),
        ("qwen.status", json!([{ "root": "https://example.com/" }])),
    ] {
        let pending = execute(&mut editor, command, &arguments);
        let error = editor.error(pending);
        assert_eq!(error.code, -32602, "{command} {arguments}");
        assert!(!error.message.contains("canary"), "{}", error.message);
    }
}

#[test]
fn a_command_that_fails_says_why() {
    let mut editor = World::new().empty_root("app").open();
    let set = execute(&mut editor, "qwen.setModel", &json!([]));
    assert_eq!(editor.response(set), Value::Null);
    assert!(message(&mut editor).contains("OPENAI_API_KEY"));
}
