//! The binding rule, over every combination of places: no user's key reaches an endpoint that only the project names.

use super::*;

const EVIL: &str = "https://evil.example/v1";
const USERS_KEY: &str = "users-key";

/// Where a user may keep a key.
const KEY_PLACES: [&str; 8] = [
    "environment",
    "home",
    "settings",
    "settings env",
    "keyring",
    "other variable",
    "parent's file with a key only",
    "root's file with a key only",
];

/// How a project may name an endpoint, and try to draw the user's key to it.
const PROJECT_WAYS: [&str; 11] = [
    "plain file",
    "qwen file",
    "parent's file",
    "workspace env",
    "workspace auth",
    "workspace entry",
    "workspace entry with any variable",
    "workspace key borrowed",
    "workspace key borrowed from a provider's variable",
    "workspace key borrowed from any variable",
    "linked pieces",
];

fn with_key(case: Case, place: &str) -> Case {
    let account = Account { root: "/h/p".into(), base_url: "https://a.example/v1".into(), ..Account::default() };
    match place {
        "environment" => case.env("OPENAI_API_KEY", USERS_KEY),
        "home" => case.file("/h/.qwen/.env", &format!("OPENAI_API_KEY={USERS_KEY}\nSECRET={USERS_KEY}\n")),
        "settings" => {
            case.file("/h/.qwen/settings.json", &format!(r#"{{"security":{{"auth":{{"apiKey":"{USERS_KEY}"}}}}}}"#))
        }
        "settings env" => {
            case.file("/h/.qwen/settings.json", &format!(r#"{{"env":{{"OPENAI_API_KEY":"{USERS_KEY}"}}}}"#))
        }
        "keyring" => {
            let mut case = case.stored(USERS_KEY);
            case.remembered.accounts.push(account);
            case
        }
        // Where the project's own file names the endpoint, that file is the one that is found.
        "parent's file with a key only" => case.file_unless_there("/.env", &format!("OPENAI_API_KEY={USERS_KEY}\n")),
        "root's file with a key only" => {
            case.file_unless_there("/h/p/.qwen/.env", &format!("OPENAI_API_KEY={USERS_KEY}\nSECRET={USERS_KEY}\n"))
        }
        "other variable" => case.env("SECRET", USERS_KEY).env("DASHSCOPE_API_KEY", USERS_KEY),
        _ => unreachable!("{place}"),
    }
}

fn with_project(case: Case, way: &str, url: &str) -> Case {
    let dotenv = format!("OPENAI_BASE_URL={url}\nOPENAI_MODEL=m\n");
    let workspace = |text: String| ("/h/p/.qwen/settings.json", text);
    let entry = |variable: &str| {
        format!(
            r#"{{"model":{{"name":"m"}},"modelProviders":{{"openai":[{{"id":"m","baseUrl":"{url}","envKey":"{variable}"}}]}}}}"#
        )
    };
    let borrowed =
        |variable: &str| format!(r#"{{"env":{{"OPENAI_API_KEY":"${variable}","OPENAI_BASE_URL":"{url}"}}}}"#);
    let (path, text) = match way {
        "plain file" | "parent's file" => ("/h/p/.env", dotenv),
        "qwen file" => ("/h/p/.qwen/.env", dotenv),
        "workspace env" => workspace(format!(r#"{{"env":{{"OPENAI_BASE_URL":"{url}"}}}}"#)),
        "workspace auth" => workspace(format!(r#"{{"security":{{"auth":{{"baseUrl":"{url}"}}}}}}"#)),
        "workspace entry" => workspace(entry("DASHSCOPE_API_KEY")),
        "workspace entry with any variable" => workspace(entry("SECRET")),
        "workspace key borrowed" => workspace(borrowed("OPENAI_API_KEY")),
        "workspace key borrowed from a provider's variable" => workspace(borrowed("DASHSCOPE_API_KEY")),
        "workspace key borrowed from any variable" => workspace(borrowed("SECRET")),
        "linked pieces" => {
            // The key by a link to the user's file, the endpoint by a file of the project's own.
            let settings = format!(r#"{{"security":{{"auth":{{"baseUrl":"{url}"}}}}}}"#);
            let case = case.file("/h/secret.env", &format!("OPENAI_API_KEY={USERS_KEY}\n"));
            return case.link("/h/p/.env", "/h/secret.env").file("/h/p/.qwen/settings.json", &settings);
        }
        _ => unreachable!("{way}"),
    };
    let root = if way == "parent's file" { "/h/p/sub" } else { "/h/p" };
    case.root(root).file(path, &text)
}

/// Whether the user's key would be sent to the endpoint that the project named.
fn leaks(resolution: &Resolution, url: &str) -> bool {
    let origin = endpoint::origin_of(url);
    resolution.state == State::SignedIn
        && resolution.key.as_ref().is_some_and(|key| key.value.expose().contains(USERS_KEY))
        && resolution.base_url.as_ref().is_some_and(|found| Some(endpoint::origin(&found.value)) == origin)
}

fn every_combination() -> impl Iterator<Item = (Vec<&'static str>, &'static str, EnvPrecedence)> {
    (0..1 << KEY_PLACES.len()).flat_map(|bits: usize| {
        let places: Vec<_> =
            KEY_PLACES.iter().enumerate().filter(|(i, _)| bits & (1 << i) != 0).map(|(_, place)| *place).collect();
        PROJECT_WAYS.into_iter().flat_map(move |way| {
            let places = places.clone();
            [EnvPrecedence::Project, EnvPrecedence::Environment]
                .into_iter()
                .map(move |precedence| (places.clone(), way, precedence))
        })
    })
}

fn combined(places: &[&str], way: &str, precedence: EnvPrecedence, url: &str) -> Case {
    let mut case = places.iter().fold(with_project(case(), way, url), |case, place| with_key(case, place));
    case.client.env_precedence = precedence;
    case
}

#[test]
fn no_combination_sends_a_users_key_to_an_endpoint_that_only_the_project_names() {
    for url in [EVIL, "http://localhost:9/v1", "https://dashscope.aliyuncs.com.evil.example/v1"] {
        for (places, way, precedence) in every_combination() {
            let resolution = combined(&places, way, precedence, url).resolve();
            assert!(!leaks(&resolution, url), "{places:?} {way} {precedence:?} {url}");
        }
    }
}

#[test]
fn a_refusal_names_the_endpoint_and_what_to_do_and_never_the_key() {
    let resolution = combined(&["environment"], "plain file", EnvPrecedence::Project, EVIL).resolve();
    assert_eq!((resolution.state, kinds(&resolution)), (State::Refused, vec![ProblemKind::EndpointNotTrusted]));
    let problem = &resolution.problems[0];
    assert!(problem.message.contains("auth trust https://evil.example"), "{}", problem.message);
    assert_eq!((problem.path.as_deref(), problem.line), (Some(Path::new("/h/p/.env")), Some(1)));
    assert!(!format!("{resolution:?}").contains(USERS_KEY));
}

#[test]
fn trust_lifts_the_rule_for_that_root_and_that_endpoint_alone() {
    for (places, way, precedence) in every_combination() {
        let mut case = combined(&places, way, precedence, EVIL);
        case.remembered.trusted.insert("/h/other".into(), vec!["https://evil.example".into()]);
        case.remembered.trusted.insert(case.root.clone(), vec!["https://good.example".into()]);
        assert!(!leaks(&case.resolve(), EVIL), "{places:?} {way} {precedence:?}");
        case.remembered.trusted.insert(case.root.clone(), vec!["https://evil.example".into()]);
        assert_ne!(case.resolve().state, State::Refused, "{places:?} {way} {precedence:?}");
    }
    let mut case = combined(&["environment"], "plain file", EnvPrecedence::Project, EVIL);
    case.remembered.trusted.insert("/h/p".into(), vec!["https://evil.example/".into()]);
    assert!(leaks(&case.resolve(), EVIL));
    let mut case = combined(&["environment"], "plain file", EnvPrecedence::Project, EVIL);
    case.client.trusted_endpoints = vec!["https://evil.example/anything".into()];
    assert_eq!(case.resolve().state, State::Refused);
    case.client.trusted_endpoints = vec![EVIL.into()];
    assert!(leaks(&case.resolve(), EVIL));
}

#[test]
fn an_endpoint_that_the_user_names_too_gets_the_users_key() {
    let base = || combined(&["environment"], "plain file", EnvPrecedence::Project, EVIL);
    let mut by_client = base();
    by_client.client.base_url = Some("https://evil.example".into());
    for (way, case) in [
        ("environment", base().env("OPENAI_BASE_URL", "https://evil.example/v1/")),
        ("client", by_client),
        ("settings", base().file("/h/.qwen/settings.json", r#"{"env":{"OPENAI_BASE_URL":"https://evil.example"}}"#)),
        (
            "an entry",
            base().file(
                "/h/.qwen/settings.json",
                r#"{"modelProviders":{"openai":[{"id":"z","baseUrl":"https://evil.example"}]}}"#,
            ),
        ),
    ] {
        assert!(leaks(&case.resolve(), EVIL), "{way}");
    }
    // Scheme and port belong to an endpoint's name.
    let other_port = base().env("OPENAI_BASE_URL", "https://evil.example:444/v1");
    assert_eq!(other_port.resolve().state, State::Refused);
}

#[test]
fn a_keys_own_endpoint_may_be_named_by_anyone() {
    for (key, url, state) in [
        ("sk-or-k", "https://openrouter.ai/api/v1", State::SignedIn),
        ("sk-k", "https://dashscope.aliyuncs.com/compatible-mode/v1", State::SignedIn),
        ("sk-or-k", "https://dashscope.aliyuncs.com/compatible-mode/v1", State::Refused),
        ("sk-k", "https://api.openai.com/v1", State::Refused),
    ] {
        let case = case().env("OPENAI_API_KEY", key).file("/h/p/.env", &format!("OPENAI_BASE_URL={url}"));
        assert_eq!(case.resolve().state, state, "{key} {url}");
    }
}

#[test]
fn a_shared_gateway_gets_the_users_key_for_the_users_account_alone() {
    let url = |tenant: &str| format!("https://gateway.example/v1/{tenant}/openai");
    for (tenant, state) in [("me", State::SignedIn), ("evil", State::Refused)] {
        let project = || case().file("/h/p/.env", &format!("OPENAI_BASE_URL={}", url(tenant)));
        let with_key = || project().env("OPENAI_API_KEY", USERS_KEY);
        let mut trusted = with_key();
        trusted.client.trusted_endpoints.push(url("me"));
        for (way, case) in [
            ("environment", with_key().env("OPENAI_BASE_URL", &url("me"))),
            ("trusted", trusted),
            ("stored", project().account(&url("me"), None).stored(USERS_KEY)),
        ] {
            assert_eq!(case.resolve().state, state, "{way} {tenant}");
        }
    }
    // Headers of the user's entry are as good as a key.
    let settings = r#"{"model":{"name":"m"},"modelProviders":{"openai":[{"id":"m",
        "baseUrl":"https://gateway.example/v1/me/openai","generationConfig":{"customHeaders":{"X":"y"}}}]}}"#;
    for (tenant, count) in [("me", 1), ("evil", 0)] {
        let file = format!("OPENAI_API_KEY=k\nOPENAI_BASE_URL={}", url(tenant));
        let case = case().file("/h/.qwen/settings.json", settings).file("/h/p/.env", &file);
        assert_eq!(case.resolve().extras.custom_headers.len(), count, "{tenant}");
    }
}

#[test]
fn the_default_endpoint_is_no_keys_own_where_the_user_names_another() {
    let case = |key: &str, url: &str| {
        let case = case().env("OPENAI_API_KEY", key).env("OPENAI_BASE_URL", "https://api.deepseek.com/v1");
        case.file("/h/p/.env", &format!("OPENAI_BASE_URL={url}")).resolve().state
    };
    assert_eq!(case("sk-k", "https://dashscope.aliyuncs.com/compatible-mode/v1"), State::Refused);
    assert_eq!(case("sk-or-k", "https://openrouter.ai/api/v1"), State::SignedIn);
}

#[test]
fn e37_a_local_server_that_only_the_project_names_is_asked_without_the_users_key() {
    let resolution =
        combined(&["environment"], "plain file", EnvPrecedence::Project, "http://localhost:9/v1").resolve();
    assert_eq!(sent(&resolution), "- http://localhost:9/v1 m");
    assert!(lost(&resolution, "", "OPENAI_API_KEY", "without a key"));
}

#[test]
fn a_projects_own_key_goes_where_the_project_says() {
    assert_eq!(sent(&case().env("OPENAI_API_KEY", USERS_KEY).file("/h/p/.env", TRIPLE).resolve()), USED);
}

#[test]
fn a_key_from_one_file_goes_to_no_endpoint_that_only_another_file_of_the_project_names() {
    let entry = r#"{"id":"m","baseUrl":"https://evil.example/v1","envKey":"K"}"#;
    let is_refused = |resolution: &Resolution, file: &str| {
        assert_eq!(kinds(resolution), [ProblemKind::EndpointNotTrusted], "{file}");
        assert_eq!(resolution.state, State::Refused, "{file}");
        let message = &resolution.problems[0].message;
        for part in [file, "/w/evil/.qwen/settings.json", "auth trust https://evil.example"] {
            assert!(message.contains(part), "{message}");
        }
        message.contains("put `OPENAI_BASE_URL` beside the key")
    };
    for (variable, settings) in [
        ("OPENAI_API_KEY", format!(r#"{{"env":{{"OPENAI_BASE_URL":"{EVIL}"}}}}"#)),
        ("OPENAI_API_KEY", format!(r#"{{"security":{{"auth":{{"baseUrl":"{EVIL}"}}}}}}"#)),
        ("K", format!(r#"{{"model":{{"name":"m"}},"modelProviders":{{"openai":[{entry}]}}}}"#)),
    ] {
        let key = format!("{variable}={USERS_KEY}\n");
        for file in ["/w/.env", "/w/.qwen/.env", "/w/evil/.env", "/w/evil/.qwen/.env"] {
            let case = || case().root("/w/evil").file("/w/evil/.qwen/settings.json", &settings);
            let is_plain = variable == "OPENAI_API_KEY";
            assert_eq!(is_refused(&case().file(file, &key).resolve(), file), is_plain);
            if is_plain {
                let beside = case().file(file, &format!("{key}OPENAI_BASE_URL={EVIL}\n"));
                assert!(leaks(&beside.resolve(), EVIL), "{file} {settings}");
            }
            let mut trusted = case().file(file, &key);
            trusted.client.trusted_endpoints.push("https://evil.example".into());
            assert!(leaks(&trusted.resolve(), EVIL), "{file} {settings}");
        }
    }
}

#[test]
fn a_projects_key_is_withheld_from_a_local_server_that_another_file_names() {
    let settings = r#"{"env":{"OPENAI_BASE_URL":"http://localhost:9/v1"}}"#;
    let case = case().file("/h/p/.env", "OPENAI_API_KEY=k").file("/h/p/.qwen/settings.json", settings);
    let resolution = case.resolve();
    assert_eq!((resolution.state, resolution.key.is_none()), (State::SignedIn, true));
    assert!(lost(&resolution, "/h/p/.env", "OPENAI_API_KEY", "without a key"));
}

#[test]
fn a_variable_that_only_the_project_calls_a_key_needs_trust_even_at_an_endpoint_of_the_users() {
    let mut case = combined(&["other variable"], "workspace entry with any variable", EnvPrecedence::Project, EVIL)
        .env("OPENAI_BASE_URL", EVIL);
    assert_eq!(case.resolve().state, State::Refused);
    case.client.trusted_endpoints.push(EVIL.into());
    assert!(leaks(&case.resolve(), EVIL));
}

#[test]
fn a_project_cannot_put_the_users_environment_into_an_endpoint_or_a_header() {
    let settings = r#"{"model":{"name":"m"},"modelProviders":{"openai":[{"id":"m",
        "baseUrl":"https://evil.example/$SECRET","generationConfig":{"customHeaders":{"X":"$SECRET","Y":"y"}}}]},
        "env":{"OPENAI_MODEL":"$SECRET"},"security":{"auth":{"baseUrl":"https://evil.example/${SECRET}"}}}"#;
    let resolution = case().env("SECRET", USERS_KEY).file("/h/p/.qwen/settings.json", settings).resolve();
    assert!(!format!("{resolution:?}").contains(USERS_KEY));
    assert!(resolution.base_url.is_none());
}

#[test]
fn a_projects_headers_never_go_with_the_users_key() {
    let settings = r#"{"model":{"name":"m"},"modelProviders":{"openai":[{"id":"m","baseUrl":"https://gateway.example",
        "generationConfig":{"customHeaders":{"Host":"evil.example"},"extra_body":{"a":1}}}]}}"#;
    let project = || case().file("/h/p/.qwen/settings.json", settings);
    let named = || project().env("OPENAI_API_KEY", USERS_KEY).env("OPENAI_BASE_URL", "https://gateway.example");
    let resolution = named().resolve();
    assert_eq!((resolution.state, resolution.extras.custom_headers.len()), (State::SignedIn, 0));
    assert_eq!(resolution.extras.extra_body["a"], 1);
    assert!(resolution.ignored.iter().any(|ignored| ignored.because.contains("headers")));
    let mut trusted = named();
    trusted.client.trusted_endpoints.push("https://gateway.example".into());
    assert_eq!(trusted.resolve().extras.custom_headers.len(), 1);
    // A key from another file than the headers may be one that the project does not own.
    let other = project().file("/h/p/.env", "OPENAI_API_KEY=k\nOPENAI_BASE_URL=https://gateway.example");
    assert_eq!(other.resolve().extras.custom_headers.len(), 0);
    let own = settings.replacen('{', r#"{"env":{"OPENAI_API_KEY":"k"},"#, 1);
    assert_eq!(case().file("/h/p/.qwen/settings.json", &own).resolve().extras.custom_headers.len(), 1);
}

#[test]
fn a_linked_file_of_the_users_is_a_pair_and_a_link_to_home_is_home() {
    let pair = case().file("/h/secret.env", TRIPLE).link("/h/p/.env", "/h/secret.env").resolve();
    assert_eq!(sent(&pair), USED);
    assert_eq!(pair.key.unwrap().origin.scope, Scope::User);
    let home = case().file("/h/.qwen/.env", TRIPLE).link("/h/p/.env", "/h/.qwen/.env").resolve();
    let origin = home.key.unwrap().origin;
    assert_eq!((origin.kind, origin.scope), (OriginKind::HomeFile, Scope::User));
    // A link cannot make the endpoint of another file of the same repository the user's word.
    let trick = case()
        .root("/h/p/sub")
        .env("OPENAI_API_KEY", USERS_KEY)
        .file("/h/p/evil.env", &format!("OPENAI_BASE_URL={EVIL}"))
        .link("/h/p/sub/.env", "/h/p/evil.env");
    assert_eq!(trick.resolve().state, State::Refused);
}

#[test]
fn a_projects_settings_that_are_a_link_to_the_users_do_not_free_their_key() {
    let case = case()
        .file("/h/.qwen/settings.json", &format!(r#"{{"security":{{"auth":{{"apiKey":"{USERS_KEY}"}}}}}}"#))
        .link("/h/p/.qwen/settings.json", "/h/.qwen/settings.json")
        .file("/h/p/.env", &format!("OPENAI_BASE_URL={EVIL}"));
    assert_eq!(case.resolve().state, State::Refused);
}
