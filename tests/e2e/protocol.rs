//! The golden messages of `editors/PROTOCOL.md`: the page and `tests/protocol` have the same bytes, and the built server
//! answers so.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::editor::{Editor, Pending};
use crate::support::http::Reply;
use crate::support::oauth::OAuth;
use crate::support::openai::OpenAi;
use crate::support::world::World;

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of `tests/protocol`, by name without `.json`.
fn files() -> BTreeMap<String, String> {
    let files =
        fs::read_dir(top().join("tests/protocol")).expect("it is there").map(|entry| entry.expect("readable").path());
    files
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(path).expect("text"))
        })
        .collect()
}

/// The JSON blocks of the page, each with the name in the comment before it.
fn blocks() -> BTreeMap<String, String> {
    let page = fs::read_to_string(top().join("editors/PROTOCOL.md")).expect("the page is there").replace("\r\n", "\n");
    assert_eq!(page.matches("```json").count(), page.matches("<!-- golden: ").count(), "each block has a name");
    let named = page.split("<!-- golden: ").skip(1).map(|rest| {
        let (name, rest) = rest.split_once(" -->\n\n```json\n").expect("the block stands right below its name");
        let (text, _) = rest.split_once("\n```\n").expect("the block ends");
        (name.to_owned(), format!("{text}\n"))
    });
    named.collect()
}

#[test]
fn the_page_and_the_files_have_the_same_messages() {
    assert_eq!(blocks(), files());
}

/// A server in the world that the messages are about, with the true names in place of those on the page.
struct Stage {
    editor: Editor,
    /// What is written on the page, and what it is here.
    names: Vec<(&'static str, String)>,
    model: OpenAi,
    /// Closed with the stage.
    _oauth: OAuth,
    golden: BTreeMap<String, String>,
}

impl Stage {
    fn open() -> Self {
        let model = OpenAi::start()
            .stream(["Nothing", " yet."])
            .raw(Reply::json(401, &json!({ "error": { "message": "no such key" } })).header("x-request-id", "req-42"))
            .models(["qwen3-coder-plus", "qwen3-max"]);
        let oauth = OAuth::start();
        let dotenv = model.dotenv().replace(model.model(), "qwen3-coder-plus");
        let world = World::new()
            .env("QWEN_OAUTH_BASE_URL", oauth.base_url())
            .root("app", [(".qwen/.env", dotenv.as_str()), ("src/main.rs", "fn main() {}\n")])
            .empty_root("notes")
            .initialization_options(
                json!({ "qwen": { "notifications": ["qwen/authStatusChanged", "qwen/deviceAuthorization"] } }),
            );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let path = world.root_path("app/.qwen/.env");
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("it is ours");
        }
        let host = |url: &str| url.split('/').nth(2).expect("a URL").to_owned();
        let roots = world.root_path("app").parent().expect("it has one").to_str().expect("plain").to_owned();
        let names = vec![
            ("/home/you", roots),
            ("127.0.0.1:8080", host(&model.base_url())),
            ("127.0.0.1:8081", host(&oauth.base_url())),
            ("sk-example-0123456789abcdef", model.key().to_owned()),
        ];
        Self { editor: world.open(), names, model, _oauth: oauth, golden: files() }
    }

    /// A golden message with the names that hold here.
    fn golden(&self, name: &str) -> Value {
        let text = self.golden.get(name).unwrap_or_else(|| panic!("no golden message {name}"));
        let text = self.names.iter().fold(text.clone(), |text, (page, here)| text.replace(page, here));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Sends `<name>.request`.
    fn send(&mut self, name: &str) -> Pending {
        let request = self.golden(&format!("{name}.request"));
        self.editor.send(&request);
        Pending { id: request["id"].clone() }
    }

    fn expect_result(&mut self, name: &str, pending: Pending) {
        let result = self.editor.response(pending.clone());
        let response = json!({ "jsonrpc": "2.0", "id": pending.id, "result": result });
        assert_eq!(response, self.golden(&format!("{name}.response")), "{name}");
    }

    fn expect_error(&mut self, name: &str, pending: Pending) {
        let error = self.editor.error(pending.clone());
        let mut members = json!({ "code": error.code, "message": error.message });
        if !error.data.is_null() {
            members["data"] = error.data;
        }
        let response = json!({ "jsonrpc": "2.0", "id": pending.id, "error": members });
        assert_eq!(response, self.golden(&format!("{name}.response")), "{name}");
    }

    fn exchange(&mut self, name: &str) {
        let pending = self.send(name);
        self.expect_result(name, pending);
    }

    /// The notification of this name; `as_here` puts in what differs at each run.
    fn expect_notification(&mut self, name: &str, as_here: impl FnOnce(&mut Value, &Value)) {
        let mut golden = self.golden(&format!("{name}.notification"));
        let method = golden["method"].as_str().expect("a method").to_owned();
        let root = &golden["params"]["root"];
        let params = loop {
            let params = self.editor.expect_notification(&method);
            // Another root's may come before.
            if params["root"] == *root {
                break params;
            }
        };
        let message = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        as_here(&mut golden, &message);
        assert_eq!(message, golden, "{name}");
    }
}

#[test]
fn the_server_answers_as_the_page_says() {
    let mut stage = Stage::open();
    stage.exchange("auth-status");
    stage.exchange("auth-switch");
    stage.exchange("auth-trust");
    // Once such an action is answered, the server knows what the editor was told.
    stage.exchange("auth-set-key");
    stage.expect_notification("auth-status-changed", |_, _| ());
    stage.exchange("auth-sign-out");
    stage.editor.ignore("qwen/authStatusChanged");

    let sign_in = stage.send("auth-sign-in");
    stage.editor.ignore("window/showDocument");
    stage.expect_notification("device-authorization", |golden, message| {
        let expires_at = &message["params"]["expiresAt"];
        let text = expires_at.as_str().expect("a time");
        assert!(humantime::parse_rfc3339(text).is_ok(), "{text}");
        golden["params"]["expiresAt"] = expires_at.clone();
    });
    let cancel = stage.golden("cancel.notification");
    stage.editor.send(&cancel);
    stage.expect_error("cancelled", sign_in);
    stage.editor.ignore("$/cancelRequest");
    stage.editor.ignore("$/progress");

    let chat = stage.send("chat");
    stage.expect_notification("chat-delta", |_, _| ());
    stage.expect_result("chat", chat);
    let refused = stage.send("chat-refused");
    stage.expect_error("chat-refused", refused);
    stage.exchange("models");
    assert_eq!(stage.model.requests().len(), 4);
}
