//! Code actions, with the capabilities of the editors that show them.

use serde_json::{Value, json};

use crate::support::editor::{Editor, Pending};
use crate::support::http::Gate;
use crate::support::openai::{Answer, OpenAi};
use crate::support::world::World;

const CONTENT_MODIFIED: i64 = -32801;

fn capabilities(encodings: &Value, workspace_edit: &Value) -> Value {
    json!({
        "general": { "positionEncodings": encodings },
        "workspace": { "workspaceEdit": workspace_edit },
        "textDocument": { "codeAction": {
            "codeActionLiteralSupport": { "codeActionKind": { "valueSet": ["", "quickfix", "refactor", "source"] } },
            "dataSupport": true, "resolveSupport": { "properties": ["edit", "command"] },
        } },
    })
}

fn vscode() -> Value {
    let workspace_edit = json!({ "documentChanges": true, "changeAnnotationSupport": { "groupsOnLabel": true } });
    capabilities(&json!(["utf-16"]), &workspace_edit)
}

fn neovim() -> Value {
    capabilities(&json!(["utf-8", "utf-16", "utf-32"]), &json!({}))
}

fn open(model: &OpenAi, capabilities: Value, text: &str) -> Editor {
    let world = World::new().root("app", [(".qwen/.env", model.dotenv())]).capabilities(capabilities);
    let mut editor = world.canary(model.key()).open();
    did_open(&mut editor, "app/src/a.rs", text);
    editor
}

fn did_open(editor: &mut Editor, name: &str, text: &str) {
    let item = json!({ "uri": editor.uri(name), "languageId": "rust", "version": 1, "text": text });
    editor.notify("textDocument/didOpen", json!({ "textDocument": item }));
}

fn type_at_start(editor: &mut Editor, name: &str) {
    let start = json!({ "line": 0, "character": 0 });
    let change = json!({ "range": { "start": start, "end": start }, "text": "x" });
    let document = json!({ "uri": editor.uri(name), "version": 2 });
    editor.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": [change] }));
}

fn range((line, character): (u32, u32), (end_line, end_character): (u32, u32)) -> Value {
    json!({ "start": { "line": line, "character": character }, "end": { "line": end_line, "character": end_character } })
}

/// The actions for a place of a document.
fn list(editor: &mut Editor, name: &str, range: &Value, context: Value) -> Vec<Value> {
    let uri = editor.uri(name);
    let params = json!({ "textDocument": { "uri": uri }, "range": range, "context": context });
    let pending = editor.request("textDocument/codeAction", params);
    editor.response(pending).as_array().cloned().unwrap_or_default()
}

fn invoked() -> Value {
    json!({ "diagnostics": [], "triggerKind": 1 })
}

fn titles(actions: &[Value]) -> Vec<&str> {
    actions.iter().map(|action| action["title"].as_str().unwrap()).collect()
}

/// Chooses the action of this title.
fn choose(editor: &mut Editor, actions: &[Value], title: &str) -> Pending {
    let action = actions.iter().find(|action| action["title"].as_str().unwrap().starts_with(title)).unwrap();
    editor.request("codeAction/resolve", action.clone())
}

#[test]
fn a_selection_is_changed_by_an_edit_for_its_version() {
    let model = OpenAi::start().stream(["```rust\nfn f() {\n    密🙂()\n}\n```"]);
    let mut editor = open(&model, vscode(), "// 密🙂\r\n    fn f() {\r\n        1;\r\n    }\r\n// end\r\n");
    let actions = list(&mut editor, "app/src/a.rs", &range((1, 2), (3, 5)), invoked());
    assert_eq!(model.requests().len(), 0, "listing asks nobody");
    let resolved = choose(&mut editor, &actions, "Qwen: simplify");
    let edit = &editor.response(resolved)["edit"];
    let change = &edit["documentChanges"][0];
    assert_eq!(change["textDocument"], json!({ "uri": editor.uri("app/src/a.rs"), "version": 1 }));
    let text_edit = json!({ "range": range((2, 0), (3, 0)), "newText": "        密🙂()\r\n", "annotationId": "qwen" });
    assert_eq!(change["edits"], json!([text_edit]));
    assert_eq!(edit["changeAnnotations"]["qwen"]["label"], "Qwen: simplify");
    let prompt = model.requests()[0].prompt();
    assert!(prompt.contains("File src/a.rs (rust)") && prompt.contains("<PART>\n    fn f() {"), "{prompt}");
}

#[test]
fn an_editor_without_versioned_edits_gets_plain_ones() {
    let model = OpenAi::start().stream(["```\nb\n```"]);
    let mut editor = open(&model, neovim(), "密🙂 a\n");
    let actions = list(&mut editor, "app/src/a.rs", &range((0, 0), (0, 8)), invoked());
    let resolved = choose(&mut editor, &actions, "Qwen: document");
    let uri = editor.uri("app/src/a.rs");
    let edits = json!([{ "range": range((0, 0), (1, 0)), "newText": "b\n" }]);
    assert_eq!(editor.response(resolved)["edit"], json!({ "changes": { uri: edits } }));
}

#[test]
fn a_diagnostic_is_fixed_where_it_is() {
    let model = OpenAi::start().stream(["```\none\ntwo;\nthree\n```"]);
    let mut editor = open(&model, vscode(), "one\ntwo\nthree\n");
    let diagnostic = json!({ "range": range((1, 0), (1, 3)), "message": "expected `;`", "severity": 1 });
    let context = json!({ "diagnostics": [diagnostic], "only": ["quickfix"] });
    let actions = list(&mut editor, "app/src/a.rs", &range((1, 1), (1, 1)), context);
    assert_eq!(titles(&actions), ["Qwen: fix: expected `;`"]);
    assert_eq!(actions[0]["diagnostics"][0]["message"], "expected `;`");
    let resolved = choose(&mut editor, &actions, "Qwen: fix");
    let edits = editor.response(resolved)["edit"]["documentChanges"][0]["edits"].clone();
    assert_eq!((&edits[0]["range"], &edits[0]["newText"]), (&range((1, 0), (2, 0)), &json!("two;\n")));
    assert!(model.requests()[0].prompt().contains("Fix this problem at `two`: expected `;`"));
}

#[test]
fn tests_are_written_at_the_end() {
    let model = OpenAi::start().stream(["```\n#[test]\nfn t() {}\n```"]);
    let mut editor = open(&model, vscode(), "fn f() {}");
    let actions = list(&mut editor, "app/src/a.rs", &range((0, 0), (0, 9)), invoked());
    let resolved = choose(&mut editor, &actions, "Qwen: write tests");
    let edits = editor.response(resolved)["edit"]["documentChanges"][0]["edits"].clone();
    assert_eq!(
        (&edits[0]["range"], &edits[0]["newText"]),
        (&range((0, 9), (0, 9)), &json!("\n\n#[test]\nfn t() {}\n"))
    );
}

#[test]
fn a_text_that_changed_before_the_choice_is_left_alone() {
    let model = OpenAi::start();
    let mut editor = open(&model, vscode(), "one\n");
    let actions = list(&mut editor, "app/src/a.rs", &range((0, 0), (0, 3)), invoked());
    type_at_start(&mut editor, "app/src/a.rs");
    let resolved = choose(&mut editor, &actions, "Qwen: simplify");
    let error = editor.error(resolved);
    assert_eq!((error.code, error.message.as_str()), (CONTENT_MODIFIED, "the text changed; ask again"));
    assert_eq!(model.requests().len(), 0);
}

#[test]
fn a_text_that_changes_during_the_answer_hangs_up() {
    let model = OpenAi::start().stream(["```\n"]).then_hold();
    let mut editor = open(&model, vscode(), "one\n");
    let actions = list(&mut editor, "app/src/a.rs", &range((0, 0), (0, 3)), invoked());
    let resolved = choose(&mut editor, &actions, "Qwen: simplify");
    model.wait_for_requests(1);
    type_at_start(&mut editor, "app/src/a.rs");
    assert_eq!(editor.error(resolved).code, CONTENT_MODIFIED);
    model.expect_disconnect();
}

#[test]
fn another_document_may_change_meanwhile() {
    let gate = Gate::default();
    let model = OpenAi::start().answer(Answer::stream(["```\ntwo\n```"]).then_wait(&gate));
    let mut editor = open(&model, vscode(), "one\n");
    did_open(&mut editor, "app/src/b.rs", "b\n");
    let actions = list(&mut editor, "app/src/a.rs", &range((0, 0), (0, 3)), invoked());
    let resolved = choose(&mut editor, &actions, "Qwen: simplify");
    model.wait_for_requests(1);
    type_at_start(&mut editor, "app/src/b.rs");
    gate.open();
    assert_eq!(editor.response(resolved)["edit"]["documentChanges"][0]["edits"][0]["newText"], "two\n");
}

#[test]
fn a_model_without_an_idea_changes_nothing_and_says_so() {
    let model = OpenAi::start().stream(["```\none\n```"]);
    let mut editor = open(&model, vscode(), "one\n");
    let actions = list(&mut editor, "app/src/a.rs", &range((0, 0), (0, 3)), invoked());
    let resolved = choose(&mut editor, &actions, "Qwen: simplify");
    assert_eq!(editor.response(resolved)["edit"], json!({ "changes": {} }));
    let told = editor.expect_notification("window/showMessage");
    assert!(told["message"].as_str().unwrap().contains("nothing to change"));
}

#[test]
fn a_lightbulb_shows_nothing_without_a_selection_and_no_command_with_one() {
    let model = OpenAi::start();
    let mut editor = open(&model, vscode(), "one\n");
    let diagnostic = json!({ "range": range((0, 0), (0, 3)), "message": "m" });
    let context = json!({ "diagnostics": [diagnostic], "triggerKind": 2 });
    assert_eq!(list(&mut editor, "app/src/a.rs", &range((0, 1), (0, 1)), context.clone()), [Value::Null; 0]);
    let actions = list(&mut editor, "app/src/a.rs", &range((0, 0), (0, 3)), context);
    assert!(actions.len() == 6 && actions.iter().all(|action| !action["kind"].as_str().unwrap().starts_with("source")));
}

#[test]
fn without_an_account_there_are_the_commands_alone() {
    let mut editor = World::new().empty_root("app").capabilities(vscode()).open();
    did_open(&mut editor, "app/a.rs", "one\n");
    let actions = list(&mut editor, "app/a.rs", &range((0, 0), (0, 3)), invoked());
    let root = json!([{ "root": editor.uri("app") }]);
    let sign_in = actions.iter().find(|action| action["kind"] == "source.qwen.signIn").unwrap();
    assert_eq!(sign_in["command"]["command"], "qwen.signIn");
    assert_eq!(sign_in["command"]["arguments"], root);
    assert!(actions.iter().all(|action| action["kind"].as_str().unwrap().starts_with("source.qwen.")), "{actions:?}");
    assert!(!titles(&actions).contains(&"Qwen: trust the project's endpoint"));
}

#[test]
fn an_endpoint_that_waits_is_offered_to_be_trusted() {
    let world = World::new().root("app", [(".env", "OPENAI_BASE_URL=https://llm.example.com/v1\n")]);
    let world = world.env("OPENAI_API_KEY", "sk-canary-0123456789abcdef").canary("sk-canary-0123456789abcdef");
    let mut editor = world.capabilities(vscode()).open();
    did_open(&mut editor, "app/a.rs", "one\n");
    let actions =
        list(&mut editor, "app/a.rs", &range((0, 0), (0, 0)), json!({ "diagnostics": [], "only": ["source"] }));
    assert!(titles(&actions).contains(&"Qwen: trust the project's endpoint"));
}

#[test]
fn secrets_and_conversations_are_not_edited_and_a_conversation_is_sent() {
    let model = OpenAi::start();
    let mut editor = open(&model, vscode(), "one\n");
    editor.ignore("textDocument/publishDiagnostics");
    did_open(&mut editor, "app/.env", "OPENAI_API_KEY=canary\n");
    did_open(&mut editor, "app/talk.qwen.md", "## You\n\nhello\n");
    for (name, sends) in [("app/.env", false), ("app/talk.qwen.md", true)] {
        let actions = list(&mut editor, name, &range((0, 0), (0, 3)), invoked());
        // Only what no model is asked for: commands, and the remedies of an environment file.
        let asks_model = |action: &Value| action["kind"].as_str().unwrap().split('.').next_back() == Some("qwen");
        assert!(!actions.iter().any(asks_model), "{name}");
        assert_eq!(titles(&actions).contains(&"Qwen: send to Qwen"), sends, "{name}");
    }
}

#[test]
fn an_explanation_begins_a_conversation() {
    let model = OpenAi::start();
    let mut editor = open(&model, vscode(), "one\ntwo\n");
    let actions = list(&mut editor, "app/src/a.rs", &range((0, 0), (1, 3)), invoked());
    let explain = actions.iter().find(|action| action["kind"] == "qwen.explain").unwrap();
    let pending = editor.request("workspace/executeCommand", explain["command"].clone());
    assert_eq!(editor.response(pending), Value::Null);
    let shown = editor.expect_request("window/showDocument");
    let path = url::Url::parse(shown.params["uri"].as_str().unwrap()).unwrap().to_file_path().unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains("Explain [src/a.rs](src/a.rs#L1-L2)."), "{text}");
    editor.answer(shown, json!({ "success": true }));
}

#[test]
fn an_old_editor_gets_the_commands_as_commands() {
    let model = OpenAi::start();
    let mut editor = open(&model, json!({}), "one\n");
    let actions = list(&mut editor, "app/src/a.rs", &range((0, 0), (0, 3)), json!({ "diagnostics": [] }));
    assert!(!actions.is_empty() && actions.iter().all(|action| action["command"].is_string()), "{actions:?}");
}
