//! Settings, by each of the three ways that editors have.

use serde_json::{Value, json};

use crate::support::editor::Editor;
use crate::support::openai::OpenAi;
use crate::support::world::World;
use crate::verbs::status;

fn pulls(world: World) -> World {
    world.capabilities(json!({ "workspace": { "configuration": true } }))
}

fn asks(editor: &mut Editor, answers: &[(&str, Value)]) {
    let question = editor.expect_request("workspace/configuration");
    let items = question.params["items"].as_array().expect("items").clone();
    let answer: Vec<Value> = items
        .iter()
        .map(|item| {
            assert_eq!(item["section"], "qwen");
            let (_, value) =
                answers.iter().find(|(root, _)| item["scopeUri"] == editor.uri(root)).expect("a root of ours");
            value.clone()
        })
        .collect();
    assert_eq!(answer.len(), answers.len());
    editor.answer(question, json!(answer));
}

#[test]
fn initialization_options_hold_for_every_root() {
    let model = OpenAi::start();
    let options = json!({ "qwen": { "model": "from-options" } });
    let mut editor = World::new()
        .root("a", [(".env", format!("OPENAI_API_KEY=k\nOPENAI_BASE_URL={}\n", model.base_url()))])
        .initialization_options(options)
        .open();
    let status = status(&mut editor, "a");
    assert_eq!((&status["model"], &status["origins"]["model"]["kind"]), (&json!("from-options"), &json!("client")));
}

#[test]
fn a_changed_configuration_holds_from_the_next_request_on() {
    let mut editor = World::new().root("a", [(".env", "OPENAI_API_KEY=k\n")]).open();
    for model in ["first", "second"] {
        editor.notify("workspace/didChangeConfiguration", json!({ "settings": { "qwen": { "model": model } } }));
        assert_eq!(status(&mut editor, "a")["model"], model);
    }
    // Some editors send nothing, or something else's settings.
    for settings in [Value::Null, json!({}), json!({ "other": 1 })] {
        editor.notify("workspace/didChangeConfiguration", json!({ "settings": settings }));
    }
    assert_eq!(status(&mut editor, "a")["model"], "second");
}

#[test]
fn an_editor_is_asked_for_the_settings_of_each_root() {
    let dotenv = [(".env", "OPENAI_API_KEY=k\n")];
    let mut editor = pulls(World::new()).root("a", dotenv).root("b", dotenv).open();
    // The question of a request that came before the answer waits for it.
    let early = crate::verbs::auth(&mut editor, "a", "status", json!({}));
    asks(&mut editor, &[("a", json!({ "model": "of-a" })), ("b", json!({ "model": "of-b" }))]);
    assert_eq!(editor.response(early)["model"], "of-a");
    assert_eq!(status(&mut editor, "b")["model"], "of-b");
    editor.notify("workspace/didChangeConfiguration", json!({ "settings": null }));
    asks(&mut editor, &[("a", json!({ "model": "new" })), ("b", Value::Null)]);
    assert_eq!(status(&mut editor, "a")["model"], "new");
    assert_eq!(status(&mut editor, "b")["model"], "of-b", "null says nothing new");
}

#[test]
fn an_editor_that_never_answers_for_its_settings_is_served_with_the_defaults() {
    let mut editor = pulls(World::new()).root("a", [(".env", "OPENAI_API_KEY=k\n")]).open();
    let question = editor.expect_request("workspace/configuration");
    assert_eq!(status(&mut editor, "a")["state"], "signedIn");
    // The question was taken back.
    assert_eq!(editor.expect_notification("$/cancelRequest")["id"], question.id);
}

#[test]
fn a_new_folders_settings_are_asked_for() {
    let mut editor = pulls(World::new()).root("a", [(".env", "OPENAI_API_KEY=k\n")]).open();
    asks(&mut editor, &[("a", Value::Null)]);
    let folder = json!({ "uri": editor.uri("late"), "name": "late" });
    let event = json!({ "added": [folder], "removed": [] });
    editor.notify("workspace/didChangeWorkspaceFolders", json!({ "event": event }));
    asks(&mut editor, &[("a", Value::Null), ("late", json!({ "model": "late" }))]);
    std::fs::create_dir_all(editor.world().root_path("late")).expect("a fresh directory");
    std::fs::write(editor.world().root_path("late/.env"), "OPENAI_API_KEY=k\n").expect("a fresh file");
    assert_eq!(status(&mut editor, "late")["model"], "late");
}

#[test]
fn a_wrong_type_is_named_once_and_its_default_used() {
    let wrong = json!({ "model": 5, "requestTimeout": "sk-canary-setting", "envPrecedence": "sideways", "openai": { "baseUrl": [] } });
    let mut editor = World::new()
        .canary("sk-canary-setting")
        .root("a", [(".env", "OPENAI_API_KEY=k\n")])
        .initialization_options(json!({ "qwen": wrong }))
        .open();
    for name in ["qwen.model", "qwen.openai.baseUrl", "qwen.envPrecedence", "qwen.requestTimeout"] {
        let message = editor.expect_notification("window/showMessage");
        assert!(message["message"].as_str().is_some_and(|text| text.contains(name)), "{name}: {message}");
    }
    // The same again: it is known already.
    editor.notify("workspace/didChangeConfiguration", json!({ "settings": { "qwen": wrong } }));
    assert_eq!(status(&mut editor, "a")["model"], "qwen3-coder-plus");
}

#[test]
fn initialization_options_of_any_shape_do_no_harm() {
    for options in [json!([]), json!("x"), json!({ "qwen": 5 }), json!({ "qwen": { "notifications": "all" } })] {
        let mut editor = World::new().empty_root("a").initialization_options(options).open();
        editor.ignore("window/showMessage");
        assert_eq!(status(&mut editor, "a")["state"], "signedOut");
    }
}
