//! A key that is planted in a source appears in no output: not in an answer, an error, a log line at trace level.
//!
//! Dropping the editor looks for every canary in all that came from the server.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::editor::Editor;
use crate::support::http::{Http, Reply};
use crate::support::openai::OpenAi;
use crate::support::world::World;
use crate::verbs::{auth, chat, status, user};

/// As keys look: with a known prefix, and a tail that no other text has.
const CANARY: &str = "sk-canaryCANARYcanaryCANARY0Z9Y8X7W";

/// A world that logs all it can.
fn world() -> World {
    // Its parts too: providers mask the middle.
    let parts = [&CANARY[3..11], &CANARY[11..19], &CANARY[19..27], &CANARY[CANARY.len() - 8..]];
    parts
        .iter()
        .fold(World::new().canary(CANARY), |world, part| world.canary(*part))
        .env("QWEN_LOG", "trace")
        .env("RUST_LOG", "trace")
}

/// Everything that one may ask, in a session that may fail or not.
fn exercise(editor: &mut Editor) {
    editor.allow_on_stderr("qwen_language_server");
    let root = editor.uri("a");
    status(editor, "a");
    let models = editor.request("qwen/models", json!({ "root": root }));
    claim(editor, &models.id);
    let with_progress =
        json!({ "root": root, "messages": [user("hi")], "partialResultToken": "p", "workDoneToken": "w" });
    let chat = editor.request("qwen/chat", with_progress);
    claim(editor, &chat.id);
    let out = auth(editor, "a", "signOut", json!({}));
    claim(editor, &out.id);
    editor.ignore("$/progress");
    editor.ignore("window/showMessage");
}

/// Takes the answer, whichever it is.
fn claim(editor: &mut Editor, id: &Value) -> Value {
    loop {
        let message = editor.next_message();
        if message["id"] == *id && message.get("method").is_none() {
            return message;
        }
    }
}

/// Plants the key, and a service at this base URL, in one place.
type Plant = fn(World, &str) -> World;

#[test]
fn a_key_of_any_source_appears_in_no_output() {
    let sources: [(&str, Plant); 8] = [
        ("environment", |world, url| world.env("OPENAI_API_KEY", CANARY).env("OPENAI_BASE_URL", url).empty_root("a")),
        ("project file", |world, url| {
            world.root("a", [(".qwen/.env", format!("OPENAI_API_KEY={CANARY}\nOPENAI_BASE_URL={url}\n"))])
        }),
        ("home file", |world, url| {
            world.home_file(".qwen/.env", format!("OPENAI_API_KEY={CANARY}\nOPENAI_BASE_URL={url}\n")).empty_root("a")
        }),
        ("settings", |world, url| {
            let env = json!({ "env": { "OPENAI_API_KEY": CANARY, "OPENAI_BASE_URL": url } });
            world.home_file(".qwen/settings.json", env.to_string()).empty_root("a")
        }),
        ("project settings", |world, url| {
            let env = json!({ "env": { "OPENAI_API_KEY": CANARY, "OPENAI_BASE_URL": url } });
            world.root("a", [(".qwen/settings.json", env.to_string())])
        }),
        ("a gateway's header", |world, url| {
            let config =
                json!({ "customHeaders": { "x-gateway-key": CANARY, "authorization": format!("Bearer {CANARY}") } });
            let entry = json!({ "id": "m", "baseUrl": url, "envKey": "OPENAI_API_KEY", "generationConfig": config });
            let settings = json!({ "model": { "name": "m" }, "modelProviders": { "openai": [entry] } });
            let world = world.home_file(".qwen/settings.json", settings.to_string());
            world.env("OPENAI_API_KEY", "sk-other-0123456789").empty_root("a")
        }),
        ("a malformed line", |world, url| {
            world.root("a", [(".env", format!("{CANARY}\nOPENAI_API_KEY = \"{CANARY}\nOPENAI_BASE_URL={url}\n"))])
        }),
        ("broken settings", |world, url| {
            let files = [
                (".qwen/settings.json", format!("{{ \"env\": {{ \"{CANARY}\": {CANARY} }}")),
                (".env", format!("OPENAI_BASE_URL={url}\n")),
            ];
            world.root("a", files)
        }),
    ];
    for (_, plant) in sources {
        // One that answers, and those that refuse: with the key in their words.
        for status in [200, 400, 401, 403, 404, 429] {
            let service = echo(status);
            let mut editor = plant(world(), &format!("{}/v1", service.url())).open();
            exercise(&mut editor);
        }
    }
}

/// A service that says back what it was sent: headers and body, in its words and in its headers.
fn echo(status: u16) -> Http {
    Http::start(move |request| {
        let sent = format!("{:?} {}", request.headers, request.text());
        let key = request.header("authorization").unwrap_or_default().to_owned();
        if status == 200 && request.method == "POST" {
            let error = json!({ "error": { "message": format!("you sent {key} and {sent}"), "code": key } });
            return Reply::chunked("text/event-stream").chunk(format!("data: {error}\n\n"));
        }
        let body = json!({ "error": { "message": format!("Incorrect API key provided: {key}. {sent}"), "code": key, "request_id": key } });
        Reply::json(status, &body).header("x-request-id", &key).header("retry-after", "100").header("x-echo", &key)
    })
}

#[test]
fn a_key_that_is_echoed_in_other_forms_is_struck_out() {
    let masked = format!("{}****{}", &CANARY[..12], &CANARY[CANARY.len() - 4..]);
    for (status, body, content_type) in [
        (401, format!("Incorrect API key: {CANARY}"), "text/plain"),
        (401, format!("{{\"message\":\"key={CANARY}&x\"}}"), "application/json"),
        (400, format!("<html>{CANARY}</html>"), "text/html"),
        (200, format!("<html>{CANARY}</html>"), "text/html"),
        (200, format!("data: {CANARY}\n\n"), "text/event-stream"),
        (200, format!("event: error\ndata: {{\"error\":\"{CANARY}\"}}\n\n"), "text/event-stream"),
        (401, masked, "text/plain"),
        (307, String::new(), "text/plain"),
    ] {
        let reply =
            Reply::new(status, content_type, body).header("location", &format!("https://elsewhere.test/?key={CANARY}"));
        let service = Http::script([reply]);
        let dotenv = format!("OPENAI_API_KEY={CANARY}\nOPENAI_BASE_URL={}/v1\n", service.url());
        let mut editor = world().root("a", [(".env", dotenv)]).open();
        exercise(&mut editor);
    }
}

#[test]
fn a_key_that_is_set_or_stands_in_a_wrong_place_is_not_repeated() {
    let model = OpenAi::start();
    let mut editor = world().empty_root("a").root("b", [(".env", model.dotenv())]).open();
    editor.allow_on_stderr("qwen_language_server");
    let root = editor.uri("a");
    for (method, params) in [
        ("qwen/auth", json!({ "action": "setKey", "apiKey": CANARY, "baseUrl": model.base_url(), "store": "memory" })),
        ("qwen/auth", json!({ "action": "setKey", "apiKey": CANARY, "baseUrl": model.base_url(), "store": "keyring" })),
        ("qwen/auth", json!({ "action": "setKey", "apiKey": { "key": CANARY } })),
        ("qwen/auth", json!({ "action": "setKey", "apiKey": "x", "store": CANARY })),
        ("qwen/auth", json!({ "action": CANARY })),
        ("qwen/auth", json!({ "action": "switch", "method": CANARY })),
        ("qwen/auth", json!({ "action": "switch", "remember": CANARY, "method": "openai" })),
        ("qwen/auth", json!({ "action": "status", "apiKey": CANARY })),
        ("qwen/chat", json!({ "messages": [{ "role": CANARY, "content": "x" }] })),
        ("qwen/chat", json!({ "messages": CANARY })),
        ("qwen/chat", json!({ "messages": [user("hi")], "temperature": CANARY })),
        ("qwen/chat", json!({ "messages": [user("hi")], "apiKey": CANARY })),
        ("qwen/models", json!({ "textDocument": CANARY })),
        ("qwen/unknown", json!({ "apiKey": CANARY })),
        ("workspace/executeCommand", json!({ "command": "qwen.status", "arguments": [{ "apiKey": CANARY }] })),
    ] {
        let mut params = params;
        params["root"] = json!(root);
        let request = editor.request(method, params);
        claim(&mut editor, &request.id);
    }
    editor.notify(
        "workspace/didChangeConfiguration",
        json!({ "settings": { "qwen": { "model": [CANARY], "apiKey": CANARY } } }),
    );
    editor.notify("qwen/unknown", json!({ "apiKey": CANARY }));
    editor.ignore("window/showMessage");
    status(&mut editor, "b");
    let chat = chat(&mut editor, "b", "hi");
    editor.response(chat);
}

#[test]
fn a_key_in_the_initialization_options_is_not_repeated() {
    let mut editor = world()
        .empty_root("a")
        .initialization_options(
            json!({ "qwen": { "apiKey": CANARY, "model": { "key": CANARY }, "envPrecedence": CANARY } }),
        )
        .open();
    editor.ignore("window/showMessage");
    exercise(&mut editor);
}

#[test]
fn the_log_tells_of_requests_and_nothing_of_what_they_said() {
    let model = OpenAi::start();
    let mut editor = world().canary("a question of mine").root("a", [(".env", model.dotenv())]).open();
    editor.allow_on_stderr("qwen_language_server");
    let chat = chat(&mut editor, "a", "a question of mine");
    editor.response(chat);
    editor.shut_down();
    let log = editor.stderr();
    assert!(log.contains("answered") && log.contains("status=200") && log.contains("req-stand-in"), "{log}");
    assert!(!log.contains(model.key()), "{log}");
    for library in ["hyper::", "reqwest::", "h2::", "rustls::", "tower_lsp", "Bearer"] {
        assert!(!log.contains(library), "{library}: {log}");
    }
}

#[test]
fn a_log_is_silent_unless_it_is_asked_for() {
    let model = OpenAi::start();
    for level in ["", "error", "off", "nonsense"] {
        let mut editor = World::new().env("QWEN_LOG", level).root("a", [(".env", model.dotenv())]).open();
        let chat = chat(&mut editor, "a", "hi");
        editor.response(chat);
        // Dropping the editor fails where anything is on stderr.
    }
}

#[test]
fn no_terminal_command_shows_a_key() {
    let service = echo(401);
    let dotenv = format!("OPENAI_API_KEY={CANARY}\nOPENAI_BASE_URL={}/v1\n", service.url());
    let world = world().root("a", [(".env", dotenv)]);
    for arguments in [
        &["auth", "status"][..],
        &["auth", "status", "--json"],
        &["auth", "sign-out"],
        &["auth", "set-key", "--base-url", &service.url()],
        &["chat", "hi"],
        &["models"],
        &["models", "--json"],
        &["doctor"],
    ] {
        let mut child = world
            .terminal()
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server can be started");
        let _ = child.stdin.take().expect("a pipe").write_all(CANARY.as_bytes());
        let output = child.wait_with_output().expect("it ends");
        world.assert_no_canary(&format!("{arguments:?}: stdout"), &output.stdout);
        world.assert_no_canary(&format!("{arguments:?}: stderr"), &output.stderr);
    }
}
