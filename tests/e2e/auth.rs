//! `qwen/auth`: setKey, switch and signOut, what is remembered, and `qwen/models`.

use std::fs;

use serde_json::{Value, json};

use crate::support::http::{Http, Reply};
use crate::support::openai::OpenAi;
use crate::support::world::World;
use crate::verbs::{INVALID_PARAMS, answer, assert_failed, auth, status};

const KEY: &str = "sk-canary-given-0123456789abcdef";

fn set_key(base_url: &str, store: &str) -> Value {
    json!({ "apiKey": KEY, "baseUrl": base_url, "model": "m1", "store": store })
}

// setKey

#[test]
fn a_key_in_memory_is_checked_used_and_forgotten_with_the_server() {
    let model = OpenAi::start().stream(["hello"]);
    let mut editor = World::new().canary(KEY).empty_root("a").open();
    assert_eq!(status(&mut editor, "a")["state"], "signedOut");
    let set = auth(&mut editor, "a", "setKey", set_key(&model.base_url(), "memory"));
    let after = editor.response(set);
    assert_eq!(
        (&after["state"], &after["model"], &after["key"]),
        (&json!("signedIn"), &json!("m1"), &json!("sk-…cdef"))
    );
    assert_eq!(after["origins"]["apiKey"], json!({ "kind": "keyring" }));
    assert_eq!(answer(&mut editor, "a"), "hello");
    let asked = model.requests();
    assert_eq!((asked[0].path.as_str(), asked[0].key.as_deref()), ("/v1/models", Some(KEY)));
    assert_eq!((asked[1].path.as_str(), asked[1].key.as_deref()), ("/v1/chat/completions", Some(KEY)));
    assert!(fs::read_dir(editor.world().state()).expect("it is there").next().is_none(), "nothing is written");
}

#[test]
fn a_key_that_the_provider_does_not_know_is_refused_and_not_stored() {
    let services = [
        (Http::script([Reply::json(401, &json!({ "error": { "message": "no" } }))]), "invalidKey"),
        (Http::script([Reply::json(403, &json!({ "error": { "message": "no" } }))]), "forbidden"),
        (Http::script([Reply::json(500, &json!({ "error": { "message": "no" } }))]), "upstream"),
    ];
    for (service, kind) in services {
        let mut editor = World::new().canary(KEY).empty_root("a").open();
        let set = auth(&mut editor, "a", "setKey", set_key(&format!("{}/v1", service.url()), "memory"));
        assert_failed(&editor.error(set), kind);
        assert_eq!(status(&mut editor, "a")["state"], "signedOut");
    }
}

#[test]
fn a_host_that_cannot_be_reached_is_told_apart_from_a_wrong_key() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
    let mut editor = World::new().canary(KEY).empty_root("a").open();
    let set = auth(&mut editor, "a", "setKey", set_key(&format!("http://127.0.0.1:{port}/v1"), "memory"));
    assert_failed(&editor.error(set), "offline");
    assert_eq!(status(&mut editor, "a")["state"], "signedOut");
}

#[test]
fn a_provider_without_a_list_of_models_says_nothing_about_a_key() {
    let service = Http::start(|request| {
        if request.method == "GET" { Reply::new(404, "text/plain", "no") } else { Reply::json(500, &json!({})) }
    });
    let mut editor = World::new().canary(KEY).empty_root("a").open();
    let set = auth(&mut editor, "a", "setKey", set_key(&service.url(), "memory"));
    assert_eq!(editor.response(set)["state"], "signedIn");
}

#[test]
fn without_a_keyring_the_error_offers_memory_and_nothing_is_stored() {
    let model = OpenAi::start();
    let mut editor = World::new().canary(KEY).empty_root("a").open();
    let set = auth(&mut editor, "a", "setKey", set_key(&model.base_url(), "keyring"));
    let error = editor.error(set);
    assert_failed(&error, "keyringUnavailable");
    assert!(error.data["hint"].as_str().is_some_and(|hint| hint.contains("`store: \"memory\"`")), "{error:?}");
    assert_eq!(status(&mut editor, "a")["state"], "signedOut");
}

#[cfg(target_os = "linux")]
#[test]
fn a_keyring_that_hangs_delays_nothing_else() {
    let model = OpenAi::start().stream(["hello"]);
    let world = World::new().canary(KEY).root("b", [(".env", model.dotenv())]).empty_root("a");
    // A session bus that takes the connection and stays silent.
    let bus = std::os::unix::net::UnixListener::bind(world.path("run/no-bus")).expect("a socket can be made");
    let mut editor = world.open();
    let set = auth(&mut editor, "a", "setKey", set_key(&model.base_url(), "keyring"));
    let connection = bus.accept().expect("the keyring is asked");
    assert_eq!(answer(&mut editor, "b"), "hello");
    let first = editor.error(set);
    assert_failed(&first, "keyringUnavailable");
    assert!(first.message.contains("two seconds"), "{}", first.message);
    drop(connection);
}

#[test]
fn what_is_wrong_with_a_key_is_said_without_it() {
    let mut editor = World::new().canary(KEY).empty_root("a").open();
    for (more, said) in [
        (json!({ "apiKey": "" }), "key"),
        (json!({ "apiKey": "  " }), "key"),
        (json!({ "apiKey": [KEY] }), "`apiKey`: invalid type: sequence"),
        (json!({ "apikey": KEY }), "missing field `apiKey`"),
        (json!({ "apiKey": KEY, "baseUrl": "no url" }), "baseUrl"),
        (json!({ "apiKey": KEY, "store": KEY }), "`store`: unknown variant `…`, expected `keyring` or `memory`"),
        (json!({ "apiKey": KEY, "baseUrl": 5 }), "`baseUrl`: invalid type: integer `5`"),
        (json!({}), "missing field `apiKey`"),
    ] {
        let set = auth(&mut editor, "a", "setKey", more.clone());
        let error = editor.error(set);
        assert_eq!(error.code, INVALID_PARAMS, "{more}");
        assert!(error.message.contains(said), "{more}: {}", error.message);
    }
    let unknown = auth(&mut editor, "a", KEY, json!({}));
    assert_eq!(editor.error(unknown).code, INVALID_PARAMS);
}

#[test]
fn a_key_for_another_machine_never_goes_over_plain_http() {
    let proxy = Http::script([Reply::new(502, "text/plain", "no")]);
    let mut editor = World::new().canary(KEY).env("HTTP_PROXY", proxy.url()).empty_root("a").open();
    let set = auth(&mut editor, "a", "setKey", set_key("http://llm.example.test/v1", "memory"));
    assert_failed(&editor.error(set), "insecureEndpoint");
    assert!(proxy.requests().is_empty());
}

// switch, signOut

#[test]
fn a_switch_holds_from_the_next_request_and_over_a_restart_where_it_is_remembered() {
    for remember in [false, true] {
        let model = OpenAi::start();
        let keeper = World::new().root("a", [(".env", format!("QWEN_OAUTH=1\n{}", model.dotenv()))]);
        let open = || World::new().env("XDG_STATE_HOME", keeper.state().to_str().expect("plain")).open();
        let ask = |action: Value| {
            let mut params = action;
            params["root"] = json!(keeper.uri("a"));
            params
        };
        let mut editor = open();
        let switch =
            editor.request("qwen/auth", ask(json!({ "action": "switch", "method": "openai", "remember": remember })));
        let after = editor.response(switch);
        assert_eq!(after["origins"]["method"], json!({ "kind": "client", "variable": "switch" }));
        drop(editor);
        let mut editor = open();
        let status = editor.request("qwen/auth", ask(json!({ "action": "status" })));
        let kind = editor.response(status)["origins"]["method"]["kind"].take();
        assert_eq!(kind, if remember { "client" } else { "projectFile" });
    }
}

#[test]
fn a_method_that_there_is_not_is_the_editors_mistake() {
    let mut editor = World::new().empty_root("a").open();
    let switch = auth(&mut editor, "a", "switch", json!({ "method": "anthropic" }));
    assert_eq!(editor.error(switch).code, INVALID_PARAMS);
}

#[test]
fn signing_out_forgets_a_stored_key_and_names_the_place_of_one_that_is_not_ours() {
    let model = OpenAi::start();
    let mut editor = World::new().canary(KEY).empty_root("a").root("b", [(".env", model.dotenv())]).open();
    let set = auth(&mut editor, "a", "setKey", set_key(&model.base_url(), "memory"));
    editor.response(set);
    let out = auth(&mut editor, "a", "signOut", json!({}));
    assert_eq!(editor.response(out)["state"], "signedOut");
    let out = auth(&mut editor, "b", "signOut", json!({}));
    let error = editor.error(out);
    assert_failed(&error, "badRequest");
    let path = editor.world().root_path("b/.env");
    assert!(error.message.contains(path.to_str().expect("plain")), "{}", error.message);
    assert!(path.exists());
    // With nothing to sign out of, there is nothing wrong either.
    let out = auth(&mut editor, "a", "signOut", json!({ "method": "openai" }));
    assert_eq!(editor.response(out)["state"], "signedOut");
}

#[test]
fn signing_out_of_one_root_leaves_the_key_of_another() {
    let model = OpenAi::start();
    let mut editor =
        World::new().canary(KEY).empty_root("a").root("b", [(".env", model.dotenv())]).empty_root("c").open();
    let set = auth(&mut editor, "a", "setKey", set_key(&model.base_url(), "memory"));
    editor.response(set);
    let out = auth(&mut editor, "b", "signOut", json!({}));
    let error = editor.error(out);
    assert_failed(&error, "badRequest");
    let path = editor.world().root_path("b/.env");
    assert!(error.message.contains(path.to_str().expect("plain")), "{}", error.message);
    assert_eq!(status(&mut editor, "a")["state"], "signedIn");
    // A root that uses the key of another, and has none of its own, signs out of that one.
    assert_eq!(status(&mut editor, "c")["state"], "signedIn");
    let out = auth(&mut editor, "c", "signOut", json!({}));
    assert_eq!(editor.response(out)["state"], "signedOut");
}

// The state file

fn state_file(world: &World) -> std::path::PathBuf {
    world.state().join("qwen-language-server/state.json")
}

#[test]
fn what_is_remembered_is_in_one_file_that_only_the_user_may_read() {
    let mut editor = World::new().empty_root("a").open();
    let switch = auth(&mut editor, "a", "switch", json!({ "method": "openai", "remember": true }));
    editor.response(switch);
    let trust = auth(&mut editor, "a", "trust", json!({ "endpoint": "https://llm.example.test/v1", "remember": true }));
    editor.response(trust);
    let path = state_file(editor.world());
    let text = fs::read_to_string(&path).expect("it is there");
    assert!(text.contains("\"https://llm.example.test\"") && text.contains("openai"), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o600);
    }
    let others: Vec<_> = fs::read_dir(path.parent().expect("it has one"))
        .expect("it is there")
        .map(|entry| entry.expect("readable").file_name())
        .filter(|name| name != "state.json")
        .collect();
    assert!(others.is_empty(), "left behind: {others:?}");
}

#[test]
fn a_state_file_that_cannot_be_understood_is_named_set_aside_and_stops_nothing() {
    for text in ["", "{", "[1]", "{\"methods\": 5}", "\u{0}\u{1}"] {
        let model = OpenAi::start().stream(["hello"]);
        let world = World::new().root("a", [(".env", model.dotenv())]);
        let path = state_file(&world);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a fresh directory");
        fs::write(&path, text).expect("a fresh file");
        let mut editor = world.open();
        let before = status(&mut editor, "a");
        assert!(before["problems"].to_string().contains("state.json"), "{before}");
        assert_eq!(answer(&mut editor, "a"), "hello");
        let switch = auth(&mut editor, "a", "switch", json!({ "method": "openai", "remember": true }));
        let after = editor.response(switch);
        assert!(!after["problems"].to_string().contains("state.json"), "{after}");
        let aside = path.with_file_name("state.json.broken");
        assert_eq!(fs::read_to_string(aside).expect("it was set aside"), text);
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_the_state_file_is_named_and_holds_nothing_up() {
    let model = OpenAi::start().stream(["hello"]);
    let world = World::new().root("a", [(".env", model.dotenv())]);
    let path = state_file(&world);
    fs::create_dir_all(path.parent().expect("it has one")).expect("a fresh directory");
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).expect("a pipe can be made");
    let mut editor = world.open();
    let now = status(&mut editor, "a");
    assert!(now["problems"].to_string().contains("state.json"), "{now}");
    assert_eq!(answer(&mut editor, "a"), "hello");
    let switch = auth(&mut editor, "a", "switch", json!({ "method": "openai", "remember": true }));
    let error = editor.error(switch);
    assert_failed(&error, "unreadableFile");
    assert!(error.message.contains("state.json"), "{}", error.message);
    assert_eq!(status(&mut editor, "a")["state"], "signedIn");
}

#[test]
fn what_another_version_remembered_survives_a_choice() {
    let model = OpenAi::start();
    let world = World::new().root("a", [(".env", model.dotenv())]);
    let path = state_file(&world);
    fs::create_dir_all(path.parent().expect("it has one")).expect("a fresh directory");
    let newer = json!({
        "version": 2,
        "methods": { "/elsewhere": "passkey" },
        "accounts": [{ "root": "/elsewhere", "baseUrl": "https://llm.example.test/v1", "label": "work" }],
    });
    fs::write(&path, newer.to_string()).expect("a fresh file");
    let mut editor = world.open();
    let switch = auth(&mut editor, "a", "switch", json!({ "method": "openai", "remember": true }));
    let after = editor.response(switch);
    assert!(!after["problems"].to_string().contains("state.json"), "{after}");
    let text = fs::read_to_string(&path).expect("it is there");
    let kept: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(kept["version"], newer["version"]);
    assert_eq!(kept["accounts"], newer["accounts"]);
    assert_eq!(kept["methods"]["/elsewhere"], "passkey");
}

#[test]
fn a_choice_that_cannot_be_written_says_so() {
    let world = World::new().empty_root("a");
    // A file where the directory should be.
    fs::write(world.state().join("qwen-language-server"), "").expect("a fresh file");
    let mut editor = world.open();
    let switch = auth(&mut editor, "a", "switch", json!({ "method": "openai", "remember": true }));
    let error = editor.error(switch);
    assert_failed(&error, "unreadableFile");
    assert!(error.message.contains("not remembered"), "{}", error.message);
}

// qwen/models

#[test]
fn the_current_model_is_always_among_the_models() {
    for (listed, expected) in [(vec!["a", "b"], 3), (vec![], 1)] {
        let model = OpenAi::start().models(listed.clone());
        let mut editor = World::new().root("a", [(".env", model.dotenv())]).open();
        let root = editor.uri("a");
        let models = editor.request("qwen/models", json!({ "root": root }));
        let models = editor.response(models)["models"].take();
        let models = models.as_array().expect("a list");
        let current: Vec<_> = models.iter().filter(|model| model["current"] == true).collect();
        assert_eq!((current.len(), &current[0]["id"]), (1, &json!(model.model())));
        if !listed.is_empty() {
            assert_eq!(models.len(), expected);
        }
    }
}

#[test]
fn models_without_an_account_say_what_is_missing() {
    let mut editor = World::new().empty_root("a").open();
    let models = editor.request("qwen/models", json!({}));
    assert_failed(&editor.error(models), "notSignedIn");
}
