//! Which root a request means, and which file decides for it.

use std::fs;

use serde_json::{Value, json};

use crate::support::editor::Editor;
use crate::support::openai::OpenAi;
use crate::support::world::{World, file_uri};
use crate::verbs::{INVALID_PARAMS, answer, chat, problems, status};

/// A model that answers with this name.
fn model(name: &'static str) -> OpenAi {
    OpenAi::start().stream([name])
}

fn status_of(editor: &mut Editor, params: Value) -> Value {
    let mut all = json!({ "action": "status" });
    for (name, value) in params.as_object().expect("an object") {
        all[name] = value.clone();
    }
    let status = editor.request("qwen/auth", all);
    editor.response(status)
}

fn write(editor: &Editor, name: &str, text: &str) {
    fs::write(editor.world().root_path(name), text).expect("a world's files are writable");
}

// Roots

#[test]
fn each_root_has_its_own_account_and_says_where_it_came_from() {
    let (one, two) = (model("one"), model("two"));
    let mut editor = World::new().root("a", [(".qwen/.env", one.dotenv())]).root("b", [(".env", two.dotenv())]).open();
    assert_eq!((answer(&mut editor, "a"), answer(&mut editor, "b")), (json!("one"), json!("two")));
    let status = status(&mut editor, "b");
    let path = editor.world().root_path("b/.env");
    let origin =
        |variable: &str, line: u32| json!({ "kind": "projectFile", "path": path, "variable": variable, "line": line });
    assert_eq!(
        status["origins"],
        json!({
            "apiKey": origin("OPENAI_API_KEY", 1), "baseUrl": origin("OPENAI_BASE_URL", 2),
            "model": origin("OPENAI_MODEL", 3), "method": origin("OPENAI_API_KEY", 1),
        })
    );
    assert_eq!((&status["root"], &status["state"]), (&json!(editor.uri("b")), &json!("signedIn")));
    assert_eq!((&status["model"], &status["key"]), (&json!(two.model()), &json!("sk-…cdef")));
    assert_eq!(status["provider"], json!({ "id": "local", "name": "Local server" }));
}

#[test]
fn a_document_belongs_to_the_innermost_root() {
    let (outer, inner) = (model("outer"), model("inner"));
    let mut editor =
        World::new().root("w", [(".env", outer.dotenv())]).root("w/inner", [(".env", inner.dotenv())]).open();
    for (document, root) in
        [("w/a.rs", "w"), ("w/inner/a.rs", "w/inner"), ("w/inner/deep/er/a.rs", "w/inner"), ("w/inn/a", "w")]
    {
        let uri = editor.uri(document);
        let status = status_of(&mut editor, json!({ "textDocument": { "uri": uri } }));
        assert_eq!(status["root"], editor.uri(root), "{document}");
    }
    assert_eq!((answer(&mut editor, "w"), answer(&mut editor, "w/inner")), (json!("outer"), json!("inner")));
}

#[test]
fn several_roots_and_none_named_is_an_error_that_lists_them() {
    let mut editor = World::new().empty_root("a").empty_root("b").open();
    for method in ["qwen/auth", "qwen/chat", "qwen/models"] {
        let params = json!({ "action": "status", "messages": [{ "role": "user", "content": "x" }] });
        let nameless = editor.request(method, params);
        let error = editor.error(nameless);
        assert_eq!(error.code, INVALID_PARAMS);
        let (a, b) = (editor.uri("a"), editor.uri("b"));
        assert!(error.message.contains(&a) && error.message.contains(&b), "{}", error.message);
    }
}

#[test]
fn folders_come_and_go() {
    let (one, two) = (model("one"), model("two"));
    let mut editor = World::new().root("a", [(".env", one.dotenv())]).open();
    let late = editor.world().root_path("late");
    fs::create_dir(&late).expect("a fresh directory");
    fs::write(late.join(".env"), two.dotenv()).expect("a fresh file");
    let folder = |editor: &Editor, name: &str| json!({ "uri": editor.uri(name), "name": name });
    let event = json!({ "added": [folder(&editor, "late")], "removed": [] });
    editor.notify("workspace/didChangeWorkspaceFolders", json!({ "event": event }));
    let nameless = editor.request("qwen/auth", json!({ "action": "status" }));
    assert_eq!(editor.error(nameless).code, INVALID_PARAMS);
    assert_eq!(answer(&mut editor, "late"), "two");
    let event = json!({ "added": [], "removed": [folder(&editor, "a")] });
    editor.notify("workspace/didChangeWorkspaceFolders", json!({ "event": event }));
    assert_eq!(status_of(&mut editor, json!({}))["root"], editor.uri("late"));
}

#[test]
fn a_document_outside_every_root_is_resolved_from_its_own_directory() {
    let (inside, outside) = (model("inside"), model("outside"));
    let mut editor = World::new().root("a", [(".env", inside.dotenv())]).open();
    let elsewhere = editor.world().path("elsewhere");
    fs::create_dir_all(elsewhere.join("src")).expect("a fresh directory");
    fs::write(elsewhere.join(".env"), outside.dotenv()).expect("a fresh file");
    let uri = file_uri(&elsewhere.join("src/a.rs"));
    let status = status_of(&mut editor, json!({ "textDocument": { "uri": uri } }));
    assert_eq!(
        (&status["model"], &status["root"]),
        (&json!(outside.model()), &json!(file_uri(&elsewhere.join("src"))))
    );
}

#[test]
fn without_folders_the_working_directory_is_the_root() {
    let model = model("here");
    // The first root is the working directory; here it is no workspace folder.
    let mut editor = World::new().root("cwd", [(".env", model.dotenv())]).start();
    let initialize = editor.request("initialize", json!({ "processId": null, "capabilities": {} }));
    editor.response(initialize);
    editor.notify("initialized", json!({}));
    assert_eq!(status_of(&mut editor, json!({}))["model"], model.model());
}

#[test]
fn older_editors_send_a_root_uri_or_a_root_path() {
    for by_path in [false, true] {
        let model = model("old");
        let mut editor = World::new().empty_root("cwd").root("old", [(".env", model.dotenv())]).start();
        let params = if by_path {
            json!({ "capabilities": {}, "rootPath": editor.world().root_path("old") })
        } else {
            json!({ "capabilities": {}, "rootUri": editor.uri("old") })
        };
        let initialize = editor.request("initialize", params);
        editor.response(initialize);
        editor.notify("initialized", json!({}));
        assert_eq!(status_of(&mut editor, json!({}))["model"], model.model());
    }
}

#[test]
fn roots_may_have_any_name() {
    for name in ["with space", "100%", "%41", "文件夹", "ünï 😀", "a#b?c", "[x]", "semi;colon&"] {
        let model = OpenAi::start().stream([name]);
        let mut editor = World::new().root(name, [(".qwen/.env", model.dotenv())]).open();
        assert_eq!(answer(&mut editor, name), name);
        let root = status(&mut editor, name)["root"].as_str().expect("a URI").to_owned();
        assert_eq!(root, editor.uri(name).replace('[', "%5B").replace(']', "%5D"));
        // The editor's own spelling comes back, whatever it is.
        let odd = format!("{}/", editor.uri(name));
        assert_eq!(status_of(&mut editor, json!({ "root": odd }))["model"], model.model());
    }
}

#[cfg(unix)]
#[test]
fn a_root_behind_a_link_is_the_directory_that_it_leads_to() {
    let model = model("linked");
    let world = World::new().root("real", [(".qwen/.env", model.dotenv())]);
    std::os::unix::fs::symlink(world.root_path("real"), world.root_path("link")).expect("a link can be made");
    let mut editor = world.open();
    assert_eq!(answer(&mut editor, "link"), "linked");
    assert_eq!(status(&mut editor, "link")["origins"]["apiKey"]["kind"], "projectFile");
}

// Files

#[test]
fn an_edited_file_counts_at_the_next_request() {
    let (one, two) = (model("one"), model("two"));
    let mut editor = World::new().root("a", [(".env", one.dotenv())]).open();
    assert_eq!(answer(&mut editor, "a"), "one");
    write(&editor, "a/.env", &two.dotenv());
    assert_eq!(answer(&mut editor, "a"), "two");
    fs::remove_file(editor.world().root_path("a/.env")).expect("it is there");
    assert_eq!(status(&mut editor, "a")["state"], "signedOut");
}

#[test]
fn a_chat_keeps_the_account_that_it_began_with() {
    let gate = crate::support::http::Gate::default();
    let one = OpenAi::start().answer(crate::support::openai::Answer::stream(["one"]).then_wait(&gate));
    let two = model("two");
    let mut editor = World::new().root("a", [(".env", one.dotenv())]).open();
    let running = chat(&mut editor, "a", "hi");
    one.wait_for_requests(1);
    write(&editor, "a/.env", &two.dotenv());
    assert_eq!(answer(&mut editor, "a"), "two");
    gate.open();
    assert_eq!(editor.response(running)["message"]["content"], "one");
}

#[test]
fn the_first_file_on_the_way_up_is_the_only_one() {
    let (near, far) = (model("near"), model("far"));
    let near_file = format!("OPENAI_API_KEY={}\nOPENAI_BASE_URL={}\n", near.key(), near.base_url());
    let mut editor = World::new()
        .home_file(".qwen/.env", far.dotenv())
        .root("up", [(".env", far.dotenv())])
        .root("up/mid", [(".qwen/.env", near_file.as_str()), (".env", "OPENAI_API_KEY=sk-other\n")])
        .empty_root("up/mid/low")
        .open();
    let status = status(&mut editor, "up/mid/low");
    assert_eq!(status["origins"]["apiKey"]["path"], json!(editor.world().root_path("up/mid/.qwen/.env")));
    // Nothing is merged: the model is a default though another file names one.
    assert_eq!(status["origins"]["model"]["kind"], "default");
    assert_eq!(answer(&mut editor, "up/mid/low"), "near");
    assert!(far.requests().is_empty());
}

#[test]
fn home_counts_only_where_no_project_file_does() {
    let home = model("home");
    let mut editor = World::new()
        .home_file(".qwen/.env", home.dotenv())
        .empty_root("bare")
        .root("silent", [(".env", "OTHER=1\n")])
        .open();
    assert_eq!(status(&mut editor, "bare")["origins"]["apiKey"]["kind"], "homeFile");
    assert_eq!(answer(&mut editor, "bare"), "home");
    let silent = status(&mut editor, "silent");
    assert_eq!(silent["state"], "signedOut");
    let ignored = silent["ignored"].to_string();
    assert!(ignored.contains("homeFile") && ignored.contains("ended the search"), "{ignored}");
}

#[test]
fn a_directory_of_that_name_is_passed_over() {
    let model = model("x");
    let world = World::new().root("a", [(".env", model.dotenv())]);
    fs::create_dir_all(world.root_path("a/.qwen/.env")).expect("a fresh directory");
    let mut editor = world.open();
    assert_eq!(answer(&mut editor, "a"), "x");
}

#[test]
fn a_malformed_line_is_named_with_its_number_and_the_rest_counts() {
    let model = model("x");
    let mut editor = World::new().root("a", [(".env", format!("what is this\n{}", model.dotenv()))]).open();
    let status = status(&mut editor, "a");
    let problem =
        status["problems"].as_array().expect("a list").iter().find(|problem| problem["kind"] == "malformedLine");
    let problem = problem.expect("the line is named");
    assert_eq!((&problem["line"], &problem["path"]), (&json!(1), &json!(editor.world().root_path("a/.env"))));
    assert_eq!(status["state"], "signedIn");
}

#[test]
fn environment_and_project_change_places_where_the_setting_says_so() {
    for (precedence, winner) in [("project", "projectFile"), ("environment", "environment")] {
        let model = model("x");
        let mut editor = World::new()
            .env("OPENAI_API_KEY", "sk-environment-0123456789")
            .env("OPENAI_BASE_URL", "https://llm.example.test/v1")
            .root("a", [(".env", model.dotenv())])
            .initialization_options(json!({ "qwen": { "envPrecedence": precedence } }))
            .open();
        let status = status(&mut editor, "a");
        assert_eq!(status["origins"]["apiKey"]["kind"], winner);
        let ignored = status["ignored"].as_array().expect("a list");
        assert!(ignored.iter().all(|lost| lost["origin"]["kind"] != winner) && ignored.len() == 2, "{status}");
    }
}

#[test]
fn a_project_cannot_set_proxies_certificates_or_homes() {
    let trap = crate::support::http::Http::script([crate::support::http::Reply::new(500, "text/plain", "")]);
    let model = model("x");
    let lines = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"].map(|name| format!("{name}={}\n", trap.url()));
    let text =
        format!("{}{}QWEN_HOME=/nowhere\nSSL_CERT_FILE=/nowhere\nNODE_OPTIONS=x\n", model.dotenv(), lines.concat());
    let mut editor = World::new().root("a", [(".qwen/.env", text)]).open();
    assert_eq!(answer(&mut editor, "a"), "x");
    assert!(trap.requests().is_empty());
}

// Defaults

#[test]
fn a_bare_key_goes_to_where_its_prefix_says_and_the_status_says_why() {
    for (key, provider, base_url) in [
        ("sk-or-v1-0123456789", "openrouter", "https://openrouter.ai/api/v1"),
        ("sk-proj-0123456789", "openai", "https://api.openai.com/v1"),
        ("sk-svcacct-0123456789", "openai", "https://api.openai.com/v1"),
        ("sk-admin-0123456789", "openai", "https://api.openai.com/v1"),
        ("sk-sp-0123456789", "coding-plan", "https://coding.dashscope.aliyuncs.com/v1"),
        ("ms-0123456789", "modelscope", "https://api-inference.modelscope.cn/v1"),
        ("sk-0123456789", "dashscope", "https://dashscope.aliyuncs.com/compatible-mode/v1"),
    ] {
        let mut editor = World::new().root("a", [(".env", format!("OPENAI_API_KEY={key}\n"))]).open();
        let status = status(&mut editor, "a");
        assert_eq!((&status["provider"]["id"], &status["baseUrl"]), (&json!(provider), &json!(base_url)), "{key}");
        assert_eq!(status["origins"]["baseUrl"]["kind"], "default");
        assert!(status["origins"]["baseUrl"]["because"].as_str().is_some_and(|why| !why.is_empty()), "{status}");
    }
}

// settings.json

#[test]
fn settings_json_names_models_endpoints_and_keys() {
    let model = OpenAi::start().stream(["entry"]);
    let settings = json!({
        "env": { "MY_KEY": model.key() },
        "security": { "auth": { "selectedType": "openai" } },
        "model": { "name": "m1" },
        "modelProviders": { "openai": [{
            "id": "m1", "baseUrl": model.base_url(), "envKey": "MY_KEY",
            "generationConfig": {
                "customHeaders": { "x-own": "yes" }, "extra_body": { "own": 1 }, "samplingParams": { "temperature": 0.125 },
            },
        }] },
    });
    let text = format!("// Comments are allowed.\n{settings}\n");
    let mut editor = World::new().home_file(".qwen/settings.json", &text).empty_root("a").open();
    assert_eq!(answer(&mut editor, "a"), "entry");
    let asked = &model.requests()[0];
    assert_eq!((asked.key.as_deref(), &asked.body["model"]), (Some(model.key()), &json!("m1")));
    assert_eq!(asked.request.header("x-own"), Some("yes"));
    assert_eq!((&asked.body["own"], &asked.body["temperature"]), (&json!(1), &json!(0.125)));
    let path = editor.world().home().join(".qwen/settings.json");
    assert_eq!(fs::read_to_string(path).expect("it is there"), text, "it is never written");
}

#[test]
fn a_broken_settings_json_is_named_with_line_and_column_and_the_rest_counts() {
    let model = model("x");
    let mut editor = World::new()
        .root("a", [(".env", model.dotenv().as_str()), (".qwen/settings.json", "{\n  \"a\": oops\n}")])
        .open();
    let status = status(&mut editor, "a");
    let problem =
        status["problems"].as_array().expect("a list").iter().find(|problem| problem["kind"] == "malformedFile");
    let problem = problem.expect("the file is named");
    assert_eq!(problem["line"], 2);
    assert!(problem["message"].as_str().is_some_and(|message| message.contains("column")), "{problem}");
    assert!(problems(&status).contains(&"malformedFile"));
    assert_eq!(answer(&mut editor, "a"), "x");
}
