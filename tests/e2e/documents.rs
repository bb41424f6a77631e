//! What a question is about: open documents with their unsaved text, ranges in any encoding, and files on disk.

use std::fs;

use serde_json::{Value, json};

use crate::support::editor::Editor;
use crate::support::openai::OpenAi;
use crate::support::world::World;
use crate::verbs::{INVALID_PARAMS, chat_with};

fn open(model: &OpenAi, encodings: Value) -> Editor {
    World::new()
        .root("app", [(".qwen/.env", model.dotenv().as_str()), ("src/on disk.rs", "fn disk() {}\n")])
        .capabilities(json!({ "general": { "positionEncodings": encodings } }))
        .open()
}

fn did_open(editor: &mut Editor, name: &str, text: &str) {
    let uri = editor.uri(name);
    let item = json!({ "uri": uri, "languageId": "rust", "version": 1, "text": text });
    editor.notify("textDocument/didOpen", json!({ "textDocument": item }));
}

fn did_change(editor: &mut Editor, name: &str, version: i64, changes: Value) {
    let document = json!({ "uri": editor.uri(name), "version": version });
    editor.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
}

/// What the model is told where the question is about this.
fn prompt(editor: &mut Editor, model: &OpenAi, context: Value) -> String {
    let before = model.requests().len();
    let chat = chat_with(editor, "app", "why?", json!({ "context": context }));
    editor.response(chat);
    model.requests()[before].prompt()
}

fn range(start: (u32, u32), end: (u32, u32)) -> Value {
    let position = |(line, character)| json!({ "line": line, "character": character });
    json!({ "start": position(start), "end": position(end) })
}

#[test]
fn an_open_document_is_sent_as_the_editor_has_it() {
    let model = OpenAi::start();
    let mut editor = open(&model, json!(["utf-16"]));
    did_open(&mut editor, "app/src/main.rs", "fn main() {}\n");
    did_change(&mut editor, "app/src/main.rs", 2, json!([{ "range": range((0, 3), (0, 7)), "text": "unsaved" }]));
    let uri = editor.uri("app/src/main.rs");
    let sent = prompt(&mut editor, &model, json!([{ "uri": uri }]));
    assert_eq!(sent, "src/main.rs:\n```\nfn unsaved() {}\n```\n\nwhy?");
    assert!(!editor.world().root_path("app/src/main.rs").exists());
}

#[test]
fn what_is_typed_after_the_question_is_no_part_of_it() {
    let model = OpenAi::start();
    let mut editor = open(&model, json!(["utf-16"]));
    did_open(&mut editor, "app/a.rs", "before\n");
    let context = json!([{ "uri": editor.uri("app/a.rs") }]);
    let chat = chat_with(&mut editor, "app", "why?", json!({ "context": context }));
    did_change(&mut editor, "app/a.rs", 2, json!([{ "text": "after\n" }]));
    editor.response(chat);
    assert!(model.requests()[0].prompt().contains("before"));
}

#[test]
fn ranges_count_in_the_encoding_that_was_agreed_on() {
    // 密 is 3 bytes, 1 unit, 1 point; 😀 is 4 bytes, 2 units, 1 point.
    for (offered, agreed, start, end) in [
        (json!(["utf-8", "utf-16"]), "utf-8", 4, 8),
        (json!(["utf-16"]), "utf-16", 2, 4),
        (json!(["utf-32"]), "utf-32", 2, 3),
        (Value::Null, "utf-16", 2, 4),
    ] {
        let model = OpenAi::start();
        let mut editor = open(&model, offered);
        assert_eq!(editor.initialized["capabilities"]["positionEncoding"], agreed);
        did_open(&mut editor, "app/a.txt", "first\na密😀b\n");
        let part = range((1, start), (1, end));
        let context = json!([{ "uri": editor.uri("app/a.txt"), "range": part }]);
        assert_eq!(prompt(&mut editor, &model, context), "a.txt (lines 2 to 2):\n```\n😀\n```\n\nwhy?", "{agreed}");
        did_change(&mut editor, "app/a.txt", 2, json!([{ "range": part, "text": "!" }]));
        let context = json!([{ "uri": editor.uri("app/a.txt") }]);
        assert!(prompt(&mut editor, &model, context).contains("a密!b"), "{agreed}");
    }
}

#[test]
fn a_file_that_is_not_open_is_read_from_disk_and_one_that_was_closed_too() {
    let model = OpenAi::start();
    let mut editor = open(&model, json!(["utf-16"]));
    let uri = editor.uri("app/src/on disk.rs");
    assert!(uri.contains("on%20disk"));
    did_open(&mut editor, "app/src/on disk.rs", "unsaved\n");
    assert!(prompt(&mut editor, &model, json!([{ "uri": uri }])).contains("unsaved"));
    editor.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    let sent = prompt(&mut editor, &model, json!([{ "uri": uri }]));
    assert_eq!(sent, "src/on disk.rs:\n```\nfn disk() {}\n```\n\nwhy?");
}

#[test]
fn a_document_that_was_never_saved_can_be_asked_about() {
    let model = OpenAi::start();
    let mut editor = open(&model, json!(["utf-16"]));
    let item = json!({ "uri": "untitled:Untitled-1", "languageId": "rust", "version": 1, "text": "draft" });
    editor.notify("textDocument/didOpen", json!({ "textDocument": item }));
    let sent = prompt(&mut editor, &model, json!([{ "uri": "untitled:Untitled-1" }]));
    assert_eq!(sent, "untitled:Untitled-1:\n```\ndraft\n```\n\nwhy?");
}

#[test]
fn environment_files_are_never_sent() {
    let model = OpenAi::start();
    let mut editor = open(&model, json!(["utf-16"]));
    // They have diagnostics of their own.
    editor.ignore("textDocument/publishDiagnostics");
    // Even where the editor has it open, under any name that leads there.
    did_open(&mut editor, "app/.qwen/.env", "OPENAI_API_KEY=sk-x\n");
    for name in [".qwen/.env", ".env", ".env.local", ".qwen/../.env", "%2Eenv"] {
        let uri = format!("{}/{name}", editor.uri("app"));
        let chat = chat_with(&mut editor, "app", "why?", json!({ "context": [{ "uri": uri }] }));
        let error = editor.error(chat);
        assert_eq!(error.code, INVALID_PARAMS);
        assert!(error.message.contains("holds secrets"), "{}", error.message);
    }
    assert!(model.requests().is_empty());
}

#[cfg(unix)]
#[test]
fn a_link_with_another_name_does_not_lead_to_an_environment_file() {
    let model = OpenAi::start();
    let mut editor = open(&model, json!(["utf-16"]));
    let link = editor.world().root_path("app/notes.txt");
    std::os::unix::fs::symlink(editor.world().root_path("app/.qwen/.env"), link).expect("a link can be made");
    let context = json!([{ "uri": editor.uri("app/notes.txt") }]);
    let chat = chat_with(&mut editor, "app", "why?", json!({ "context": context }));
    assert_eq!(editor.error(chat).code, INVALID_PARAMS);
    assert!(model.requests().is_empty());
}

#[test]
fn what_cannot_be_read_is_named() {
    let model = OpenAi::start();
    let mut editor = open(&model, json!(["utf-16"]));
    fs::create_dir(editor.world().root_path("app/folder")).expect("a fresh directory");
    fs::write(editor.world().root_path("app/huge.txt"), vec![b'x'; 9 << 20]).expect("a fresh file");
    for name in ["missing.rs", "folder", "huge.txt"] {
        let context = json!([{ "uri": editor.uri(&format!("app/{name}")) }]);
        let chat = chat_with(&mut editor, "app", "why?", json!({ "context": context }));
        let error = editor.error(chat);
        assert_eq!(error.code, INVALID_PARAMS);
        assert!(error.message.contains(name), "{}", error.message);
    }
    assert!(model.requests().is_empty());
}

#[test]
fn a_text_with_fences_cannot_end_its_own_block() {
    let model = OpenAi::start();
    let mut editor = open(&model, json!(["utf-16"]));
    did_open(&mut editor, "app/a.md", "```\nx\n```\n");
    let context = json!([{ "uri": editor.uri("app/a.md") }]);
    assert_eq!(prompt(&mut editor, &model, context), "a.md:\n````\n```\nx\n```\n````\n\nwhy?");
}

#[cfg(target_os = "linux")]
#[test]
fn the_memory_of_a_large_document_is_given_back_when_it_is_closed() {
    for megabytes in [4, 12, 20] {
        let mut editor = World::new().empty_root("app").open();
        let small = private_kib(&mut editor);
        let line = "let x = \"0123456789012345678901234567890\";\n";
        let text = line.repeat((megabytes << 20) / line.len());
        did_open(&mut editor, "app/large.rs", &text);
        let open = private_kib(&mut editor);
        assert!(open > small + (megabytes as u64) * 1000, "{megabytes} MB are not there: {small}, {open} KiB");
        let uri = editor.uri("app/large.rs");
        editor.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
        let closed = private_kib(&mut editor);
        assert!(closed < small + 2048, "of {megabytes} MB too much is kept: {small}, then {closed} KiB");
    }
}

/// The memory that is the server's own and no file's, in KiB, once it has seen every message.
#[cfg(target_os = "linux")]
fn private_kib(editor: &mut Editor) -> u64 {
    let last = editor.request("no/such/method", json!({}));
    editor.error(last);
    let status = fs::read_to_string(format!("/proc/{}/status", editor.process_id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}
