//! The binding rule: a key of the user's never goes to an endpoint that only a project names.

use serde_json::{Value, json};

use crate::support::editor::Editor;
use crate::support::http::{Http, Reply};
use crate::support::openai::OpenAi;
use crate::support::world::World;
use crate::verbs::{assert_failed, auth, chat, problems, status};

const KEY: &str = "sk-canary-of-the-user-0123456789";
/// An endpoint on another machine. Whatever is sent there comes to the proxy, and there is no such name.
const ENDPOINT: &str = "https://llm.project.test";

/// A proxy that notes who is to be reached, and refuses.
fn proxy() -> Http {
    Http::script([Reply::new(502, "text/plain", "no")])
}

fn world(proxy: &Http) -> World {
    World::new().canary(KEY).env("HTTPS_PROXY", proxy.url()).env("HTTP_PROXY", proxy.url())
}

/// A project that names an endpoint, in each of the ways that there are.
fn projects() -> Vec<(&'static str, &'static str, String)> {
    let entry = json!({ "id": "m", "baseUrl": format!("{ENDPOINT}/v1"), "envKey": "OPENAI_API_KEY" });
    let stealing = json!({ "id": "m", "baseUrl": format!("{ENDPOINT}/v1"), "envKey": "MY_OTHER_SECRET" });
    let entries =
        |entry: &Value| json!({ "model": { "name": "m" }, "modelProviders": { "openai": [entry] } }).to_string();
    vec![
        ("its .env", ".env", format!("OPENAI_BASE_URL={ENDPOINT}/v1\n")),
        ("its .qwen/.env", ".qwen/.env", format!("OPENAI_BASE_URL={ENDPOINT}/v1\nOPENAI_MODEL=m\n")),
        ("an empty key of its own", ".qwen/.env", format!("OPENAI_API_KEY=\nOPENAI_BASE_URL={ENDPOINT}/v1\n")),
        (
            "a key that expands",
            ".qwen/.env",
            format!("OPENAI_API_KEY=$OPENAI_API_KEY\nOPENAI_BASE_URL={ENDPOINT}/v1\n"),
        ),
        (
            "its settings' env",
            ".qwen/settings.json",
            json!({ "env": { "OPENAI_BASE_URL": format!("{ENDPOINT}/v1") } }).to_string(),
        ),
        ("its settings' entry", ".qwen/settings.json", entries(&entry)),
        ("its settings' entry with another variable", ".qwen/settings.json", entries(&stealing)),
        (
            "its settings' expanded key",
            ".qwen/settings.json",
            json!({ "env": { "OPENAI_API_KEY": "${OPENAI_API_KEY}", "OPENAI_BASE_URL": format!("{ENDPOINT}/v1") } })
                .to_string(),
        ),
    ]
}

/// Gives the user a key.
type Give = fn(World) -> World;

/// The places of a user's key.
fn users() -> Vec<(&'static str, Give)> {
    vec![
        ("environment", |world| world.env("OPENAI_API_KEY", KEY).env("MY_OTHER_SECRET", KEY)),
        ("home settings", |world| {
            let env = json!({ "OPENAI_API_KEY": KEY, "MY_OTHER_SECRET": KEY });
            world.home_file(".qwen/settings.json", json!({ "env": env }).to_string())
        }),
        ("home file and environment", |world| {
            world
                .home_file(".qwen/.env", format!("OPENAI_API_KEY={KEY}\n"))
                .env("OPENAI_API_KEY", KEY)
                .env("MY_OTHER_SECRET", KEY)
        }),
        ("home file", |world| world.home_file(".qwen/.env", format!("OPENAI_API_KEY={KEY}\nMY_OTHER_SECRET={KEY}\n"))),
        ("environment first", |world| {
            let options = json!({ "qwen": { "envPrecedence": "environment" } });
            world.env("OPENAI_API_KEY", KEY).env("MY_OTHER_SECRET", KEY).initialization_options(options)
        }),
    ]
}

#[test]
fn no_key_of_the_users_goes_to_an_endpoint_that_only_a_project_names() {
    for (where_to, file, text) in projects() {
        for (where_from, give) in users() {
            let proxy = proxy();
            let mut editor = give(world(&proxy)).root("a", [(file, text.as_str())]).open();
            let chat = chat(&mut editor, "a", "hi");
            let error = editor.error(chat);
            let models = editor.uri("a");
            let models = editor.request("qwen/models", json!({ "root": models }));
            editor.error(models);
            let asked: Vec<_> = proxy.requests().into_iter().map(|request| request.path).collect();
            // A key that expands to nothing, or a literal `$OPENAI_API_KEY`, is the project's own affair.
            if asked.is_empty() {
                let kind = error.data["kind"].as_str().expect("a kind");
                assert!(
                    ["endpointNotTrusted", "notSignedIn", "invalidKey", "badRequest"].contains(&kind),
                    "{where_to}, {where_from}: {error:?}"
                );
            } else {
                let status = status(&mut editor, "a");
                let by = status["origins"]["apiKey"]["kind"].as_str().unwrap_or_default().to_owned();
                let same = asked.iter().all(|host| !host.contains("llm.project.test"));
                assert!(same || by == "projectFile", "{where_to}, {where_from}: {asked:?} {status}");
            }
        }
    }
}

#[test]
fn a_key_in_a_file_of_its_own_goes_to_no_endpoint_of_a_projects_settings() {
    let settings = json!({ "env": { "OPENAI_BASE_URL": format!("{ENDPOINT}/v1") } }).to_string();
    for (root, file) in [("clone", ".qwen/.env"), ("parent/clone", "../.env")] {
        let proxy = proxy();
        let key = format!("OPENAI_API_KEY={KEY}\n");
        let files = [(".qwen/settings.json", settings.as_str()), (file, key.as_str())];
        let mut editor = world(&proxy).root(root, files).open();
        let chat = chat(&mut editor, root, "hi");
        assert_failed(&editor.error(chat), "endpointNotTrusted");
        assert!(proxy.requests().is_empty(), "{file}");
    }
}

#[test]
fn on_this_machine_the_request_goes_without_the_key() {
    for (_, give) in users() {
        let model = OpenAi::start();
        let files = [(".qwen/.env", format!("OPENAI_BASE_URL={}\n", model.base_url()))];
        let mut editor = give(World::new().canary(KEY)).root("a", files).open();
        let chat = chat(&mut editor, "a", "hi");
        editor.response(chat);
        let asked = &model.requests()[0];
        assert_eq!(asked.key, None);
        assert!(!format!("{:?}", asked.request).contains(KEY));
        let ignored = status(&mut editor, "a")["ignored"].to_string();
        assert!(
            ignored.contains("without a key") || ignored.contains("ended the search") || ignored == "[]",
            "{ignored}"
        );
    }
}

/// A root whose project names `model`'s endpoint, and a user's key in the environment.
fn project(name: &str, model: &OpenAi, world: World) -> World {
    world.root(name, [(".env", format!("OPENAI_BASE_URL={}\nOPENAI_MODEL=m\n", model.base_url()))])
}

fn key_that_arrives(editor: &mut Editor, root: &str, model: &OpenAi) -> Option<String> {
    let before = model.requests().len();
    let chat = chat(editor, root, "hi");
    editor.response(chat);
    model.requests()[before].key.clone()
}

#[test]
fn trust_lifts_the_rule_for_that_root_and_that_endpoint_alone() {
    let (trusted, other) = (OpenAi::start(), OpenAi::start());
    let world = World::new().canary(KEY).env("OPENAI_API_KEY", KEY);
    let world = project("c", &other, project("b", &trusted, project("a", &trusted, world)));
    let mut editor = world.open();
    assert_eq!(key_that_arrives(&mut editor, "a", &trusted), None);
    let trust = auth(&mut editor, "a", "trust", json!({ "endpoint": trusted.base_url() }));
    let after = editor.response(trust);
    assert_eq!((&after["state"], &after["key"]), (&json!("signedIn"), &json!("sk-…6789")));
    assert_eq!(key_that_arrives(&mut editor, "a", &trusted).as_deref(), Some(KEY));
    assert_eq!(key_that_arrives(&mut editor, "b", &trusted), None, "another root");
    assert_eq!(key_that_arrives(&mut editor, "c", &other), None, "another endpoint");
    // The same root, once its project names another endpoint.
    let text = format!("OPENAI_BASE_URL={}\n", other.base_url());
    std::fs::write(editor.world().root_path("a/.env"), text).expect("it is writable");
    assert_eq!(key_that_arrives(&mut editor, "a", &other), None);
}

#[test]
fn a_refused_root_says_so_and_trust_signs_it_in() {
    let proxy = proxy();
    let files = [(".env", format!("OPENAI_BASE_URL={ENDPOINT}/v1\n"))];
    let mut editor = world(&proxy).env("OPENAI_API_KEY", KEY).root("a", files).open();
    let before = status(&mut editor, "a");
    assert_eq!((&before["state"], problems(&before)), (&json!("refused"), vec!["endpointNotTrusted"]));
    let refused = chat(&mut editor, "a", "hi");
    assert_failed(&editor.error(refused), "endpointNotTrusted");
    assert!(proxy.requests().is_empty());
    let trust = auth(&mut editor, "a", "trust", json!({ "endpoint": ENDPOINT }));
    assert_eq!(editor.response(trust)["state"], "signedIn");
    // Now it goes, as far as the proxy.
    let sent = chat(&mut editor, "a", "hi");
    assert_failed(&editor.error(sent), "proxy");
    assert_eq!(proxy.requests()[0].path, "llm.project.test:443");
}

#[test]
fn trust_is_kept_over_a_restart_only_where_it_is_to_be_remembered() {
    for remember in [false, true] {
        let model = OpenAi::start();
        let keeper = project("a", &model, World::new());
        let again = |keeper: &World| {
            World::new()
                .canary(KEY)
                .env("OPENAI_API_KEY", KEY)
                .env("XDG_STATE_HOME", keeper.state().to_str().expect("plain"))
        };
        let root = keeper.uri("a");
        let mut editor = again(&keeper).open();
        let params = json!({ "root": root, "action": "trust", "endpoint": model.base_url(), "remember": remember });
        let trust = editor.request("qwen/auth", params);
        editor.response(trust);
        drop(editor);
        let mut editor = again(&keeper).open();
        let ask = json!({ "root": root, "messages": [crate::verbs::user("hi")] });
        let chat = editor.request("qwen/chat", ask);
        editor.response(chat);
        assert_eq!(model.requests()[0].key.as_deref(), remember.then_some(KEY));
    }
}

#[test]
fn an_endpoint_that_the_users_settings_trust_gets_the_key() {
    let model = OpenAi::start();
    let options = json!({ "qwen": { "trustedEndpoints": [model.base_url()] } });
    let world = World::new().canary(KEY).env("OPENAI_API_KEY", KEY).initialization_options(options);
    let mut editor = project("a", &model, world).open();
    assert_eq!(key_that_arrives(&mut editor, "a", &model).as_deref(), Some(KEY));
}

#[test]
fn a_key_in_memory_goes_to_its_own_endpoint_alone() {
    let (own, projects) = (OpenAi::start(), OpenAi::start());
    let world = project("named", &projects, World::new().canary(KEY)).empty_root("bare");
    let mut editor = world.open();
    for root in ["named", "bare"] {
        let more = json!({ "apiKey": KEY, "baseUrl": own.base_url(), "model": "m", "store": "memory" });
        let set = auth(&mut editor, root, "setKey", more);
        editor.response(set);
    }
    assert_eq!(key_that_arrives(&mut editor, "bare", &own).as_deref(), Some(KEY));
    assert_eq!(key_that_arrives(&mut editor, "named", &projects), None);
}

#[test]
fn a_wrong_endpoint_to_trust_is_the_editors_mistake() {
    let mut editor = World::new().empty_root("a").open();
    for endpoint in ["", "llm", "ftp://x", "https://"] {
        let trust = auth(&mut editor, "a", "trust", json!({ "endpoint": endpoint }));
        assert_eq!(editor.error(trust).code, crate::verbs::INVALID_PARAMS, "{endpoint}");
    }
}
