//! The language of `.env` files, with the abilities of the editors that there are.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::editor::{Editor, Pending};
use crate::support::http::{Http as Server, Reply};
use crate::support::openai::OpenAi;
use crate::support::world::World;

const CANARY: &str = "sk-canary-0123456789abcdef9f3c";

/// What an editor says that it can do, as far as these features look at it. Measured on Helix 25.01.1 and 25.07.1, Neovim
/// 0.12.4 and VS Code 1.139; Zed's is from its source.
struct Kind {
    name: &'static str,
    encodings: &'static [&'static str],
    pulls: bool,
    code_lens: bool,
}

const EDITORS: [Kind; 5] = [
    Kind { name: "helix 25.01.1", encodings: &["utf-8", "utf-32", "utf-16"], pulls: false, code_lens: false },
    Kind { name: "helix 25.07.1", encodings: &["utf-8", "utf-32", "utf-16"], pulls: true, code_lens: false },
    Kind { name: "Neovim 0.12.4", encodings: &["utf-8", "utf-16", "utf-32"], pulls: true, code_lens: true },
    Kind { name: "Visual Studio Code", encodings: &["utf-16"], pulls: true, code_lens: true },
    Kind { name: "Zed", encodings: &["utf-16"], pulls: true, code_lens: true },
];

impl Kind {
    fn capabilities(&self) -> Value {
        let mut document = json!({
            "synchronization": { "didSave": true },
            "hover": { "contentFormat": ["markdown"] },
            "completion": { "completionItem": {} },
            "codeAction": { "codeActionLiteralSupport": { "codeActionKind": { "valueSet": ["quickfix", "refactor"] } } },
            "inlayHint": {},
            "publishDiagnostics": { "relatedInformation": true },
        });
        if self.pulls {
            document["diagnostic"] = json!({ "dynamicRegistration": false });
        }
        if self.code_lens {
            document["codeLens"] = json!({});
        }
        json!({
            "general": { "positionEncodings": self.encodings },
            "textDocument": document,
            "workspace": {
                "applyEdit": true,
                "workspaceEdit": { "documentChanges": true, "resourceOperations": ["create", "rename", "delete"] },
            },
        })
    }

    /// The column of `needle` in `line`, as this editor counts.
    fn column(&self, line: &str, needle: &str) -> usize {
        let before = &line[..line.find(needle).unwrap()];
        if self.encodings[0] == "utf-8" { before.len() } else { before.encode_utf16().count() }
    }
}

fn open(editor: &mut Editor, uri: &str, version: i32, text: &str) {
    let item = json!({ "uri": uri, "languageId": "dotenv", "version": version, "text": text });
    editor.notify("textDocument/didOpen", json!({ "textDocument": item }));
}

fn ask(editor: &mut Editor, method: &str, uri: &str, more: &Value) -> Value {
    let mut params = json!({ "textDocument": { "uri": uri } });
    params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let pending = editor.request(method, params);
    editor.response(pending)
}

fn at(line: usize, character: usize) -> Value {
    json!({ "line": line, "character": character })
}

/// The diagnostics of this version, by whichever way the editor has them.
fn diagnostics(editor: &mut Editor, kind: &Kind, uri: &str, version: i32) -> Vec<Value> {
    let found = if kind.pulls {
        ask(editor, "textDocument/diagnostic", uri, &json!({}))["items"].take()
    } else {
        loop {
            // What was typed in between may have been told, or not.
            let mut told = editor.expect_notification("textDocument/publishDiagnostics");
            assert_eq!(told["uri"], uri);
            if told["version"] == version {
                break told["diagnostics"].take();
            }
        }
    };
    found.as_array().unwrap().clone()
}

fn codes(found: &[Value]) -> Vec<&str> {
    found.iter().map(|diagnostic| diagnostic["code"].as_str().unwrap()).collect()
}

fn execute(editor: &mut Editor, command: &str, arguments: &Value) -> Pending {
    editor.request("workspace/executeCommand", json!({ "command": command, "arguments": arguments }))
}

fn message(editor: &mut Editor) -> String {
    editor.expect_notification("window/showMessage")["message"].as_str().unwrap().to_owned()
}

/// A root in a repository, with a key in a file that is private.
fn world(kind: &Kind, text: &str) -> World {
    let world = World::new()
        .root("app", [(".env", text), (".git/HEAD", ""), ("a.rs", "")])
        .canary(CANARY)
        .capabilities(kind.capabilities());
    fs::set_permissions(world.root_path("app/.env"), fs::Permissions::from_mode(0o600)).unwrap();
    world
}

#[test]
fn problems_are_told_as_the_user_types_and_gone_when_the_file_is_closed() {
    for kind in &EDITORS {
        let saved = format!("OPENAI_API_KEY={CANARY}\r\n");
        let mut editor = world(kind, &saved).open();
        let uri = editor.uri("app/.env");
        let text = format!("{saved}密钥 no line\r\nA='密' \r\nOPENAI_BASE_URL=\"x.example\"\r\n");
        open(&mut editor, &uri, 1, &text);
        let found = diagnostics(&mut editor, kind, &uri, 1);
        assert_eq!(codes(&found), ["notIgnored", "malformedLine", "badUrl"], "{}", kind.name);
        let end = kind.column("密钥 no line|", "|");
        assert_eq!(found[1]["range"], json!({ "start": at(1, 0), "end": at(1, end) }), "{}", kind.name);
        // The bad line goes, and the URL becomes one.
        let changes = json!([
            { "range": { "start": at(1, 0), "end": at(2, 0) }, "text": "" },
            { "range": { "start": at(2, 17), "end": at(2, 17) }, "text": "https://" },
        ]);
        let document = json!({ "uri": uri, "version": 2 });
        editor.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
        assert_eq!(codes(&diagnostics(&mut editor, kind, &uri, 2)), ["notIgnored"], "{}", kind.name);
        editor.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
        if kind.pulls {
            assert_eq!(diagnostics(&mut editor, kind, &uri, 0), [] as [Value; 0]);
        } else {
            let cleared = editor.expect_notification("textDocument/publishDiagnostics");
            assert_eq!(cleared, json!({ "uri": uri, "diagnostics": [] }));
        }
    }
}

#[test]
fn a_hover_a_completion_and_a_lens_are_there_in_every_editor() {
    for kind in &EDITORS {
        let text = format!("# 密\nOPENAI_API_KEY={CANARY}\nOPENAI_MODEL=\n");
        let mut editor = world(kind, &text).open();
        editor.ignore("textDocument/publishDiagnostics");
        let uri = editor.uri("app/.env");
        open(&mut editor, &uri, 1, &text);
        let hover = ask(&mut editor, "textDocument/hover", &uri, &json!({ "position": at(1, 20) }));
        let words = hover["contents"]["value"].as_str().unwrap();
        assert!(words.contains("`sk-…9f3c`") && words.contains("dashscope.aliyuncs.com"), "{words}");
        let offers = ask(&mut editor, "textDocument/completion", &uri, &json!({ "position": at(2, 13) }));
        assert_eq!(offers[0]["textEdit"]["newText"], "qwen3-coder-plus");
        let offers = ask(&mut editor, "textDocument/completion", &uri, &json!({ "position": at(3, 0) }));
        assert_eq!(offers[0]["textEdit"]["newText"], "OPENAI_BASE_URL=");
        let offered = &editor.initialized["capabilities"];
        assert_eq!(offered["codeLensProvider"].is_object(), kind.code_lens);
        assert_eq!(offered["diagnosticProvider"].is_object(), kind.pulls);
        let usage = if kind.code_lens {
            ask(&mut editor, "textDocument/codeLens", &uri, &json!({}))[0]["command"]["title"].clone()
        } else {
            let range = json!({ "range": { "start": at(0, 0), "end": at(3, 0) } });
            ask(&mut editor, "textDocument/inlayHint", &uri, &range)[0]["label"].clone()
        };
        let usage = usage.as_str().unwrap();
        assert!(usage.starts_with("Used by app: qwen3-coder-plus at Alibaba"), "{}: {usage}", kind.name);
    }
}

#[test]
fn other_documents_get_nothing() {
    for kind in &EDITORS {
        let mut editor = world(kind, "A=1").open();
        for name in ["app/a.rs", "app/.env.local", "app/.envrc"] {
            let uri = editor.uri(name);
            open(&mut editor, &uri, 1, "OPENAI_APIKEY=sk-x\nno line");
            let place = json!({ "position": at(0, 3) });
            assert_eq!(ask(&mut editor, "textDocument/hover", &uri, &place), Value::Null);
            assert_eq!(ask(&mut editor, "textDocument/completion", &uri, &place), Value::Null);
            let range = json!({ "range": { "start": at(0, 0), "end": at(1, 0) }, "context": { "diagnostics": [] } });
            assert_eq!(ask(&mut editor, "textDocument/codeAction", &uri, &range), json!([]));
            assert_eq!(ask(&mut editor, "textDocument/inlayHint", &uri, &range), Value::Null);
            assert_eq!(ask(&mut editor, "textDocument/codeLens", &uri, &json!({})), Value::Null);
            assert_eq!(ask(&mut editor, "textDocument/diagnostic", &uri, &json!({}))["items"], json!([]));
            editor.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
        }
    }
}

fn actions(editor: &mut Editor, uri: &str, line: usize) -> Vec<Value> {
    let range = json!({ "start": at(line, 0), "end": at(line, 3) });
    let params = json!({ "range": range, "context": { "diagnostics": [] } });
    ask(editor, "textDocument/codeAction", uri, &params).as_array().unwrap().clone()
}

fn titles(actions: &[Value]) -> Vec<&str> {
    actions.iter().map(|action| action["title"].as_str().unwrap()).collect()
}

#[test]
fn a_file_that_others_and_git_can_see_is_made_safe() {
    for kind in &EDITORS {
        let text = format!("OPENAI_API_KEY={CANARY}\n");
        let world = world(kind, &text);
        let (path, list) = (world.root_path("app/.env"), world.root_path("app/.gitignore"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let mut editor = world.open();
        let uri = editor.uri("app/.env");
        open(&mut editor, &uri, 1, &text);
        assert_eq!(codes(&diagnostics(&mut editor, kind, &uri, 1)), ["worldReadable", "notIgnored"]);
        let offered = actions(&mut editor, &uri, 0);
        assert_eq!(
            titles(&offered),
            [
                "Make this file private (chmod 600)",
                "Add this file to .gitignore",
                "Test this key",
                "Move this key to the keyring"
            ]
        );
        let listed = editor.initialized["capabilities"]["executeCommandProvider"]["commands"].clone();
        for action in offered.iter().filter(|action| action["command"].is_object()) {
            assert!(listed.as_array().unwrap().contains(&action["command"]["command"]), "{action}");
        }
        let command = &offered[0]["command"];
        let done = execute(&mut editor, command["command"].as_str().unwrap(), &command["arguments"]);
        assert_eq!(editor.response(done), Value::Null);
        assert!(message(&mut editor).contains("is private now"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(codes(&diagnostics(&mut editor, kind, &uri, 1)), ["notIgnored"]);
        let changes = &offered[1]["edit"]["documentChanges"];
        assert_eq!(
            changes[0],
            json!({ "kind": "create", "uri": editor.uri("app/.gitignore"), "options": { "ignoreIfExists": true } })
        );
        // The editor does as it is told, and saves.
        fs::write(list, changes[1]["edits"][0]["newText"].as_str().unwrap()).unwrap();
        editor.notify("textDocument/didSave", json!({ "textDocument": { "uri": uri } }));
        assert_eq!(diagnostics(&mut editor, kind, &uri, 1), [] as [Value; 0]);
    }
}

#[test]
fn a_shadowed_file_links_to_the_one_that_wins() {
    let kind = &EDITORS[3];
    let world = World::new()
        .root("app", [(".env", "OPENAI_API_KEY=sk-x\n"), (".qwen/.env", "OPENAI_MODEL=m\n")])
        .capabilities(kind.capabilities());
    fs::set_permissions(world.root_path("app/.env"), fs::Permissions::from_mode(0o600)).unwrap();
    let mut editor = world.open();
    let uri = editor.uri("app/.env");
    open(&mut editor, &uri, 1, "OPENAI_API_KEY=sk-x\n");
    let found = diagnostics(&mut editor, kind, &uri, 1);
    assert_eq!(codes(&found), ["shadowed"]);
    assert_eq!(found[0]["relatedInformation"][0]["location"]["uri"], editor.uri("app/.qwen/.env"));
}

#[test]
fn an_endpoint_is_trusted_by_a_code_action() {
    let kind = &EDITORS[2];
    let text = "OPENAI_BASE_URL=https://llm.example.com/v1\n";
    let mut editor = world(kind, text).env("OPENAI_API_KEY", CANARY).open();
    let uri = editor.uri("app/.env");
    open(&mut editor, &uri, 1, text);
    assert_eq!(codes(&diagnostics(&mut editor, kind, &uri, 1)), ["endpointNotTrusted"]);
    let offered = actions(&mut editor, &uri, 0);
    let range = json!({ "start": at(0, 20), "end": at(0, 20) });
    let params = json!({ "range": range, "context": { "diagnostics": [], "only": ["quickfix"] } });
    let there = ask(&mut editor, "textDocument/codeAction", &uri, &params);
    assert_eq!((offered.len(), there[0]["title"].as_str()), (0, Some("Trust https://llm.example.com for app")));
    let done = execute(&mut editor, "qwen.trustEndpoint", &there[0]["command"]["arguments"]);
    assert_eq!(editor.response(done), Value::Null);
    assert!(message(&mut editor).contains("trusted"));
    assert_eq!(diagnostics(&mut editor, kind, &uri, 1), [] as [Value; 0]);
}

#[test]
fn a_key_is_tested_at_its_own_endpoint_and_nothing_else_asks_the_network() {
    let model = OpenAi::start();
    let kind = &EDITORS[1];
    // Nothing of it is saved yet.
    let text = model.dotenv();
    let mut editor = world(kind, "").canary(model.key()).open();
    let uri = editor.uri("app/.env");
    open(&mut editor, &uri, 1, &text);
    diagnostics(&mut editor, kind, &uri, 1);
    ask(&mut editor, "textDocument/hover", &uri, &json!({ "position": at(0, 1) }));
    ask(&mut editor, "textDocument/completion", &uri, &json!({ "position": at(2, 14) }));
    let offered = actions(&mut editor, &uri, 0);
    assert_eq!(model.connections(), 0);
    let offer = offered.iter().find(|action| action["title"] == "Test this key").unwrap();
    let done = execute(&mut editor, "qwen.env.testKey", &offer["command"]["arguments"]);
    assert_eq!(editor.response(done), Value::Null);
    let told = message(&mut editor);
    assert!(told.contains("works") && told.contains("127.0.0.1"), "{told}");
    assert_eq!(model.requests().len(), 1);
}

#[test]
fn a_key_that_is_refused_is_said_to_be() {
    let body = json!({ "error": { "message": format!("no such key: {CANARY}"), "code": "invalid_api_key" } });
    let server = Server::script([Reply::json(401, &body)]);
    let text = format!("OPENAI_API_KEY={CANARY}\nOPENAI_BASE_URL={}/v1\n", server.url());
    let mut editor = world(&EDITORS[0], &text).open();
    let uri = editor.uri("app/.env");
    // Not even open: the file on the disk is meant.
    let done = execute(&mut editor, "qwen.env.testKey", &json!([uri]));
    assert_eq!(editor.response(done), Value::Null);
    let told = message(&mut editor);
    assert!(told.contains("key") && !told.contains("works"), "{told}");
}

#[test]
fn a_key_stays_in_its_file_where_there_is_no_keyring() {
    let mut editor = world(&EDITORS[3], &format!("OPENAI_API_KEY={CANARY}\n")).open();
    let uri = editor.uri("app/.env");
    open(&mut editor, &uri, 1, &format!("OPENAI_API_KEY={CANARY}\n"));
    let done = execute(&mut editor, "qwen.env.moveKeyToKeyring", &json!([]));
    assert_eq!(editor.response(done), Value::Null);
    assert!(message(&mut editor).contains("keyring"));
}

#[test]
fn wrong_arguments_are_errors_that_say_what_is_wrong() {
    let mut editor = world(&EDITORS[3], "A=1\n").open();
    let (env, other, absent) = (editor.uri("app/.env"), editor.uri("app/a.rs"), editor.uri("app/.qwen/.env"));
    for arguments in [
        json!([]),
        json!([null]),
        json!([1]),
        json!([other]),
        json!([absent]),
        json!(["sk-canary"]),
        json!([{ "textDocument": 1 }]),
        json!([{ "key": "sk-canary" }]),
        json!([env, env]),
    ] {
        for command in ["qwen.env.makePrivate", "qwen.env.moveKeyToKeyring", "qwen.env.testKey"] {
            let pending = execute(&mut editor, command, &arguments);
            let error = editor.error(pending);
            assert_eq!(error.code, -32602, "{command} {arguments}");
            assert!(!error.message.contains("canary"), "{}", error.message);
        }
    }
    let without_key = execute(&mut editor, "qwen.env.testKey", &json!([{ "textDocument": { "uri": env } }]));
    assert_eq!(editor.response(without_key), Value::Null);
    assert!(message(&mut editor).contains("holds no such key"));
}
