//! The system's keyring: gnome-keyring on a session bus of its own, which `tests/run` installs, and a bus that is silent.
#![cfg(target_os = "linux")]

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::oauth::{expect_end, expect_told, open, session, sign_in, status, world};
use crate::support::editor::{Editor, RpcError};
use crate::support::oauth::OAuth;
use crate::support::openai::OpenAi;
use crate::support::world::World;

/// Starts the keyring, unlocked, tells the bus's address, and becomes the server.
const SCRIPT: &str = "printf password | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1 && \
                      printf %s \"$DBUS_SESSION_BUS_ADDRESS\" >\"$XDG_RUNTIME_DIR/address\" && exec \"$0\" \"$@\"";

/// Opens an editor whose server has a bus and a keyring of its own.
fn with_keyring(world: World) -> Editor {
    for program in ["dbus-run-session", "gnome-keyring-daemon", "secret-tool"] {
        let is_there = ["/usr/bin", "/bin", "/usr/local/bin"].iter().any(|dir| Path::new(dir).join(program).is_file());
        assert!(is_there, "{program} is missing; `tests/run rust` installs it (or tests/install/keyring.sh)");
    }
    let world = world.env("PATH", "/usr/bin:/bin:/usr/local/bin").without_env("DBUS_SESSION_BUS_ADDRESS");
    let mut session = Command::new("/usr/bin/dbus-run-session");
    session.args(["--", "/bin/sh", "-c", SCRIPT, env!("CARGO_BIN_EXE_qwen-language-server")]);
    let mut editor = world.open_with(session);
    editor.allow_on_stderr("");
    editor.ignore("$/cancelRequest");
    editor
}

/// A program on the bus of that server: another process of the same user.
fn beside(editor: &Editor, mut command: Command) -> String {
    let address = std::fs::read_to_string(editor.world().path("run/address")).unwrap();
    let output = command.env("DBUS_SESSION_BUS_ADDRESS", address).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn status_beside(editor: &Editor) -> Value {
    let mut command = editor.world().terminal();
    command.args(["auth", "status", "--json"]);
    let text = beside(editor, command);
    let json: String = text.lines().take_while(|line| *line != "}").chain(["}"]).collect();
    serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn secret_tool(editor: &Editor, arguments: &[&str]) -> String {
    let mut command = editor.world().command(Command::new("/usr/bin/secret-tool"));
    command.args(arguments);
    beside(editor, command)
}

fn set_key(editor: &mut Editor, model: &OpenAi) -> Value {
    let set = editor.request("qwen/auth", set_key_params(model));
    editor.response(set)
}

fn set_key_params(model: &OpenAi) -> Value {
    json!({ "action": "setKey", "apiKey": model.key(), "baseUrl": model.base_url(), "model": model.model() })
}

fn sign_out(editor: &mut Editor) -> Value {
    let sign_out = editor.request("qwen/auth", json!({ "action": "signOut" }));
    editor.response(sign_out)
}

/// Fails where the text is in a file of the home or state directory.
fn assert_in_no_file(editor: &Editor, text: &str) {
    let mut directories = vec![editor.world().home(), editor.world().state()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                directories.push(entry.path());
            } else if let Ok(bytes) = std::fs::read(entry.path()) {
                let found = bytes.windows(text.len()).any(|window| window == text.as_bytes());
                assert!(!found, "{} holds a secret", entry.path().display());
            }
        }
    }
}

#[test]
fn a_key_is_set_read_by_another_process_and_deleted() {
    let model = OpenAi::start();
    let mut editor = with_keyring(World::new().empty_root("app").canary(model.key()));
    let status = set_key(&mut editor, &model);
    assert_eq!((&status["state"], &status["origins"]["apiKey"]["kind"]), (&json!("signedIn"), &json!("keyring")));
    assert_eq!(status_beside(&editor)["key"], status["key"]);
    assert!(secret_tool(&editor, &["search", "--all", "service", "qwen-language-server"]).contains(model.key()));
    assert_in_no_file(&editor, model.key());

    assert_eq!(sign_out(&mut editor)["state"], "signedOut");
    assert_eq!(status_beside(&editor)["state"], "signedOut");
    assert!(!secret_tool(&editor, &["search", "--all", "service", "qwen-language-server"]).contains(model.key()));
}

#[test]
fn a_sign_in_is_kept_in_the_keyring_used_from_there_and_deleted() {
    let (oauth, model) = (OAuth::start(), OpenAi::start());
    oauth.set_token("resource_url", json!(model.base_url()));
    let options = json!({ "qwen": { "credentialStore": "keyring" } });
    let capabilities = json!({ "window": { "showDocument": { "support": true } } });
    let mut editor = with_keyring(world(&oauth).initialization_options(options).capabilities(capabilities));
    let pending = sign_in(&mut editor);
    expect_told(&mut editor, &oauth, &json!("sign-in"), 1);
    let page = editor.expect_request("window/showDocument");
    editor.answer(page, json!({ "success": true }));
    oauth.approve();
    let status = editor.response(pending);
    expect_end(&mut editor, "sign-in");
    assert_eq!((&status["state"], &status["method"]), (&json!("signedIn"), &json!("qwen-oauth")));
    assert!(status["expiresAt"].is_string());
    assert!(!editor.world().home().join(".qwen/oauth_creds.json").exists());
    assert_in_no_file(&editor, "canary-access");
    assert!(secret_tool(&editor, &["search", "--all", "service", "qwen-language-server"]).contains("canary-access"));

    let chat = editor.request("qwen/chat", json!({ "messages": [{ "role": "user", "content": "hi" }] }));
    assert_eq!(editor.response(chat)["method"], "qwen-oauth");
    assert!(model.requests()[0].key.as_deref().unwrap().starts_with("canary-access"));

    assert_eq!(sign_out(&mut editor)["state"], "signedOut");
    editor.expect_notification("window/showMessage");
    assert!(!secret_tool(&editor, &["search", "--all", "service", "qwen-language-server"]).contains("canary-access"));
}

#[test]
fn a_session_moves_with_the_setting_and_loses_nothing() {
    let (oauth, model) = (OAuth::start(), OpenAi::start());
    let mut given: Value = serde_json::from_str(&session(&oauth, &model.base_url(), 3600)).unwrap();
    given["theirs"] = json!({ "x": 1 });
    let options = json!({ "qwen": { "credentialStore": "keyring" } });
    let world = world(&oauth).home_file(".qwen/oauth_creds.json", given.to_string());
    let mut editor = with_keyring(world.initialization_options(options));
    let file = editor.world().home().join(".qwen/oauth_creds.json");
    assert_eq!(status(&mut editor)["state"], "signedIn");
    assert!(!file.exists());
    assert_in_no_file(&editor, "canary-given");

    editor.notify("workspace/didChangeConfiguration", json!({ "settings": { "qwen": { "credentialStore": "file" } } }));
    assert_eq!(status(&mut editor)["state"], "signedIn");
    assert_eq!(serde_json::from_slice::<Value>(&std::fs::read(&file).unwrap()).unwrap(), given);
    assert!(!secret_tool(&editor, &["search", "--all", "service", "qwen-language-server"]).contains("canary-given"));
}

#[test]
fn a_session_in_the_keyring_is_found_without_the_setting_and_signed_out_for_good() {
    let (oauth, model) = (OAuth::start(), OpenAi::start());
    let options = json!({ "qwen": { "credentialStore": "keyring" } });
    let world = world(&oauth).home_file(".qwen/oauth_creds.json", session(&oauth, &model.base_url(), 3600));
    let mut editor = with_keyring(world.initialization_options(options));
    assert_eq!(status(&mut editor)["state"], "signedIn");
    assert_in_no_file(&editor, "canary-given");

    // A terminal has no settings; it uses the session, and puts it into no file.
    let beside_it = status_beside(&editor);
    assert_eq!((&beside_it["state"], &beside_it["method"]), (&json!("signedIn"), &json!("qwen-oauth")));
    let mut chat = editor.world().terminal();
    chat.args(["chat", "hi"]);
    assert!(beside(&editor, chat).starts_with("Hello\n"));
    assert!(model.requests()[0].key.as_deref().unwrap().starts_with("canary-given"));
    assert_in_no_file(&editor, "canary-given");

    let mut sign_out = editor.world().terminal();
    sign_out.args(["auth", "sign-out"]);
    beside(&editor, sign_out);
    assert_eq!(status_beside(&editor)["state"], "signedOut");
    assert_eq!(status(&mut editor)["state"], "signedOut");
    assert!(!secret_tool(&editor, &["search", "--all", "service", "qwen-language-server"]).contains("canary-given"));
}

#[test]
fn a_sign_out_leaves_no_session_in_either_place() {
    let (oauth, model) = (OAuth::start(), OpenAi::start());
    let given = session(&oauth, &model.base_url(), 3600);
    let options = json!({ "qwen": { "credentialStore": "keyring" } });
    let world = world(&oauth).home_file(".qwen/oauth_creds.json", &given);
    let mut editor = with_keyring(world.initialization_options(options));
    let moved = status(&mut editor);
    assert_eq!((&moved["state"], &moved["origins"]["method"]["kind"]), (&json!("signedIn"), &json!("keyring")));
    assert_eq!(moved["origins"]["method"].get("path"), None);
    // The CLI signs in again, to the file.
    let file = editor.world().home().join(".qwen/oauth_creds.json");
    std::fs::write(&file, &given).unwrap();
    assert_eq!(status_beside(&editor)["origins"]["method"]["kind"], "credentialFile");
    let mut sign_out = editor.world().terminal();
    sign_out.args(["auth", "sign-out"]);
    assert!(beside(&editor, sign_out).contains("signed out"));
    assert!(!file.exists());
    assert_eq!(status_beside(&editor)["state"], "signedOut");
    assert!(!secret_tool(&editor, &["search", "--all", "service", "qwen-language-server"]).contains("canary-given"));
    let state = std::fs::read_to_string(editor.world().path("state/qwen-language-server/state.json")).unwrap();
    assert!(!state.contains("sessionInKeyring"), "{state}");
}

#[test]
fn a_session_in_a_locked_keyring_is_neither_used_nor_lost_and_it_says_so() {
    let (oauth, model) = (OAuth::start(), OpenAi::start());
    let options = json!({ "qwen": { "credentialStore": "keyring" } });
    let world = world(&oauth).home_file(".qwen/oauth_creds.json", session(&oauth, &model.base_url(), 3600));
    let mut editor = with_keyring(world.initialization_options(options));
    assert_eq!(status(&mut editor)["state"], "signedIn");

    secret_tool(&editor, &["lock", "--collection=login"]);
    let locked = status(&mut editor);
    assert_eq!(locked["state"], "signedOut", "{locked}");
    assert!(locked["problems"].to_string().contains("unlock it"), "{locked}");
    let chat = editor.request("qwen/chat", json!({ "messages": [{ "role": "user", "content": "hi" }] }));
    let error = editor.error(chat);
    assert_eq!((error.code, model.requests().len()), (-32803, 0), "{error:?}");
    assert!(error.message.contains("unlock it"), "{error:?}");
    assert_in_no_file(&editor, "canary-given");
}

/// The kind, the remedy, and that a request for another root is answered first.
fn assert_refused_without_delaying_others(editor: &mut Editor, model: &OpenAi) -> RpcError {
    let mut params = set_key_params(model);
    params["root"] = json!(editor.uri("app"));
    let set = editor.request("qwen/auth", params);
    model.wait_for_requests(1);
    let other = editor.uri("other");
    let status = editor.request("qwen/auth", json!({ "action": "status", "root": other }));
    assert_eq!(editor.response(status)["state"], "signedIn");
    let error = editor.error(set);
    assert_eq!((error.code, &error.data["kind"]), (-32803, &json!("keyringUnavailable")));
    assert!(error.data["hint"].as_str().unwrap().contains("store: \"memory\""), "{}", error.data);
    error
}

fn two_roots(other: &OpenAi) -> World {
    World::new().empty_root("app").root("other", [(".env", other.dotenv())]).canary("sk-canary")
}

#[test]
fn a_locked_keyring_is_an_error_that_says_so() {
    let (model, other) = (OpenAi::start(), OpenAi::start());
    let mut editor = with_keyring(two_roots(&other));
    secret_tool(&editor, &["lock", "--collection=login"]);
    let error = assert_refused_without_delaying_others(&mut editor, &model);
    assert!(error.message.contains("unlock it"), "{}", error.message);
}

#[test]
fn without_a_bus_the_keyring_is_an_error_and_memory_a_way_out() {
    let (model, other) = (OpenAi::start(), OpenAi::start());
    let mut editor = open(two_roots(&other));
    assert_refused_without_delaying_others(&mut editor, &model);
    let mut params = set_key_params(&model);
    params["root"] = json!(editor.uri("app"));
    params["store"] = json!("memory");
    let set = editor.request("qwen/auth", params);
    assert_eq!(editor.response(set)["state"], "signedIn");
}

#[test]
fn a_bus_that_accepts_and_stays_silent_is_given_up_and_nothing_else_waits() {
    let (model, other) = (OpenAi::start(), OpenAi::start());
    let world = two_roots(&other);
    // Connections wait in the listener's queue: accepted by the system, and never answered.
    let _silent = UnixListener::bind(world.path("run/no-bus")).unwrap();
    let mut editor = open(world);
    let mut params = set_key_params(&model);
    params["root"] = json!(editor.uri("app"));
    let set = editor.request("qwen/auth", params);
    model.wait_for_requests(1);
    let other = editor.uri("other");
    let status = editor.request("qwen/auth", json!({ "action": "status", "root": other }));
    let first = editor.next_message();
    assert_eq!((&first["id"], &first["result"]["state"]), (&status.id, &json!("signedIn")));
    let error = editor.error(set);
    assert_eq!(error.data["kind"], "keyringUnavailable");
    assert!(error.message.contains("two seconds"), "{}", error.message);
    status_is_signed_out(&mut editor);
}

/// A keyring that cannot answer leaves a root without an account, and says why where one was stored.
fn status_is_signed_out(editor: &mut Editor) {
    let app = editor.uri("app");
    let pending = editor.request("qwen/auth", json!({ "action": "status", "root": app }));
    assert_eq!(editor.response(pending)["state"], "signedOut");
}

#[test]
fn a_sign_in_that_the_keyring_does_not_take_is_used_and_the_user_is_told() {
    let oauth = OAuth::start();
    let options = json!({ "qwen": { "credentialStore": "keyring" } });
    let capabilities = json!({ "window": { "showDocument": { "support": true } } });
    let mut editor = open(world(&oauth).initialization_options(options).capabilities(capabilities));
    let pending = sign_in(&mut editor);
    expect_told(&mut editor, &oauth, &json!("sign-in"), 1);
    let page = editor.expect_request("window/showDocument");
    editor.answer(page, json!({ "success": true }));
    oauth.approve();
    let told = editor.expect_notification("window/showMessage");
    assert!(told["message"].as_str().unwrap().contains("keyring"), "{told}");
    assert_eq!(editor.response(pending)["state"], "signedIn");
    expect_end(&mut editor, "sign-in");
    assert_eq!(status(&mut editor)["state"], "signedIn");
    assert_in_no_file(&editor, "canary-access");
}
