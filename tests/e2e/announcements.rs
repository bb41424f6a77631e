//! `qwen/authStatusChanged`: once for each real change, to editors that asked for it.

use std::fs;

use serde_json::{Value, json};

use crate::support::editor::Editor;
use crate::support::openai::OpenAi;
use crate::support::world::World;
use crate::verbs::{auth, status};

const CHANGED: &str = "qwen/authStatusChanged";

fn wants(world: World) -> World {
    world.initialization_options(json!({ "qwen": { "notifications": [CHANGED] } }))
}

fn watching(world: World) -> World {
    world.capabilities(json!({ "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": true } } }))
}

/// In one step: a server that looks in between must not see an empty file, whose status is another one.
fn write(editor: &Editor, name: &str, text: &str) {
    let path = editor.world().root_path(name);
    let new = path.with_extension("new");
    fs::write(&new, text).and_then(|()| fs::rename(&new, path)).expect("a world's files are writable");
}

fn touched(editor: &mut Editor, name: &str) {
    let uri = editor.uri(name);
    editor.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": uri, "type": 2 }] }));
}

#[test]
fn an_editor_that_can_watch_is_asked_to_and_believed() {
    let (one, two) = (OpenAi::start(), OpenAi::start());
    let mut editor = watching(wants(World::new())).root("a", [(".env", one.dotenv())]).empty_root("b").open();
    let registration = editor.expect_request("client/registerCapability");
    let patterns: Vec<Value> = registration.params["registrations"][0]["registerOptions"]["watchers"]
        .as_array()
        .expect("watchers")
        .iter()
        .map(|watcher| watcher["globPattern"].clone())
        .collect();
    assert_eq!(patterns, ["**/.env", "**/.qwen/.env", "**/.qwen/settings.json"]);
    assert_eq!(registration.params["registrations"][0]["method"], "workspace/didChangeWatchedFiles");
    editor.answer(registration, Value::Null);
    // A change that changes nothing is none. Behind the rest: a status tells the lines of what it is made of.
    write(&editor, "a/.env", &format!("{}# a comment\n", one.dotenv()));
    write(&editor, "a/.env", &one.dotenv());
    touched(&mut editor, "a/.env");
    write(&editor, "a/.env", &two.dotenv());
    touched(&mut editor, "a/.env");
    touched(&mut editor, "a/.env");
    let told = editor.expect_notification(CHANGED);
    assert_eq!((&told["root"], &told["model"]), (&json!(editor.uri("a")), &json!(two.model())));
    assert_eq!(told, status(&mut editor, "a"));
    // Dropping the editor fails where a second one, or one for `b`, has come.
}

#[test]
fn where_the_editor_does_not_watch_the_server_does() {
    let (one, two) = (OpenAi::start(), OpenAi::start());
    let mut editor = wants(World::new()).root("a", [(".env", one.dotenv())]).open();
    expect_the_edit(&mut editor, &two);
}

/// Edits the file, and waits until the editor is told what it says.
fn expect_the_edit(editor: &mut Editor, model: &OpenAi) {
    // An action has its changes told before it is answered: from then on the server knows the status before the edit.
    let switch = auth(editor, "a", "switch", json!({ "method": "openai" }));
    editor.response(switch);
    write(editor, "a/.env", &model.dotenv());
    // The switch may be told of first, and a file that is being written is empty for a moment.
    while editor.expect_notification(CHANGED)["model"] != model.model() {}
}

#[test]
fn an_action_that_changes_a_status_is_told_once_for_each_root_that_it_changes() {
    let model = OpenAi::start();
    let mut editor = watching(wants(World::new())).empty_root("a").root("b", [(".env", model.dotenv())]).open();
    let registration = editor.expect_request("client/registerCapability");
    editor.answer(registration, Value::Null);
    let key = json!({ "apiKey": "sk-canary-0123456789abcdef", "baseUrl": model.base_url(), "store": "memory" });
    let set = auth(&mut editor, "a", "setKey", key.clone());
    assert_eq!(editor.response(set)["state"], "signedIn");
    let told = editor.expect_notification(CHANGED);
    assert_eq!((&told["root"], &told["state"]), (&json!(editor.uri("a")), &json!("signedIn")));
    let again = auth(&mut editor, "a", "setKey", key);
    editor.response(again);
    let out = auth(&mut editor, "a", "signOut", json!({}));
    editor.response(out);
    assert_eq!(editor.expect_notification(CHANGED)["state"], "signedOut");
}

#[test]
fn an_editor_that_did_not_ask_is_told_nothing_and_not_asked_to_watch() {
    let (one, two) = (OpenAi::start(), OpenAi::start());
    let mut editor = watching(World::new()).root("a", [(".env", one.dotenv())]).open();
    write(&editor, "a/.env", &two.dotenv());
    touched(&mut editor, "a/.env");
    let switch = auth(&mut editor, "a", "switch", json!({ "method": "openai" }));
    editor.response(switch);
    // Dropping the editor fails where anything has come.
}

#[test]
fn an_editor_that_refuses_to_watch_leaves_it_to_the_server() {
    let (one, two) = (OpenAi::start(), OpenAi::start());
    let mut editor = watching(wants(World::new())).root("a", [(".env", one.dotenv())]).open();
    let registration = editor.expect_request("client/registerCapability");
    editor.answer_error(registration, -32601);
    expect_the_edit(&mut editor, &two);
}
