//! Endpoints and provider entries: E51–E55, P01–P03, P13, P26, P30, P31.

use super::*;

const SETTINGS: &str = "/h/.qwen/settings.json";
const WORKSPACE: &str = "/h/p/.qwen/settings.json";

const USERS: &str = r#"{ "model": { "name": "m" }, "modelProviders": { "openai": [
    { "id": "other", "baseUrl": "https://other.example/v1" },
    { "id": "m", "baseUrl": "https://x.example/v1", "envKey": "K1", "generationConfig": {
        "customHeaders": { "User-Agent": "mine", "X-A": "$A" },
        "extra_body": { "enable_thinking": true }, "samplingParams": { "temperature": 0.5 } } }
] } }"#;

fn users() -> Case {
    case().env("A", "a").file(SETTINGS, USERS)
}

#[test]
fn every_row_sends_what_it_says() {
    let workspace =
        r#"{"env":{"WK":"w"},"modelProviders":{"openai":[{"id":"w","baseUrl":"https://w.example/v1","envKey":"WK"}]}}"#;
    for (row, case, expected) in [
        (
            "E51 E52 a workspace's list replaces the user's, and its first entry is used",
            users().env("K1", "k").file(WORKSPACE, workspace),
            "w https://w.example/v1 w",
        ),
        (
            "E53 no other key goes to the entry's endpoint",
            users().env("OPENAI_API_KEY", "o"),
            "signed out: - https://x.example/v1 m",
        ),
        ("E54 the entry's key is missing", users(), "signed out: - https://x.example/v1 m"),
        (
            "E55 the entry's endpoint beats OPENAI_BASE_URL",
            users().env("K1", "k").env("OPENAI_BASE_URL", "https://e.example"),
            USED,
        ),
        ("its key in a file", users().file("/h/p/.env", "K1=k"), USED),
        (
            "its key in settings' env",
            case().env("A", "a").file(SETTINGS, &USERS.replacen('{', r#"{"env":{"K1":"k"},"#, 1)),
            USED,
        ),
        (
            "a project's own key is used without the entry",
            users().env("K1", "k1").file("/h/p/.env", "OPENAI_API_KEY=k\nOPENAI_BASE_URL=https://x.example/v1"),
            USED,
        ),
        (
            "an entry without envKey takes OPENAI_API_KEY",
            case()
                .env("OPENAI_API_KEY", "k")
                .file(SETTINGS, &USERS.replace(r#", "envKey": "K1""#, "").replace("$A", "a")),
            USED,
        ),
        (
            "an unknown model has no entry",
            users().env("OPENAI_MODEL", "z").env("OPENAI_API_KEY", "k").env("OPENAI_BASE_URL", "https://e.example/v1"),
            "k https://e.example/v1 z",
        ),
    ] {
        assert_eq!(sent(&case.resolve()), expected, "{row}");
    }
}

#[test]
fn e53_e54_the_missing_variable_is_the_entrys() {
    let resolution = users().env("OPENAI_API_KEY", "o").resolve();
    assert!(resolution.problems[0].message.contains("`K1` is not set"), "{:?}", resolution.problems);
    assert!(lost(&resolution, "", "OPENAI_API_KEY", "`K1`"));
}

#[test]
fn p30_p31_an_entrys_extras_come_with_its_endpoint_only() {
    let extras = users().env("K1", "k").resolve().extras;
    assert_eq!(extras.custom_headers, [("User-Agent".into(), "mine".into()), ("X-A".into(), "a".into())]);
    assert_eq!(extras.extra_body["enable_thinking"], true);
    assert_eq!(extras.sampling_params["temperature"], 0.5);
    let same = users().file("/h/p/.env", "OPENAI_API_KEY=k\nOPENAI_BASE_URL=https://x.example/v1").resolve();
    assert_eq!(same.extras, extras);
    let elsewhere = users().file("/h/p/.env", "OPENAI_API_KEY=k\nOPENAI_BASE_URL=https://y.example").resolve();
    assert_eq!(elsewhere.extras, Extras::default());
}

#[test]
fn p26_a_plan_key_and_a_general_endpoint_are_told_before_sending() {
    let general = "https://dashscope.aliyuncs.com/compatible-mode/v1";
    let plan = "https://coding.dashscope.aliyuncs.com/v1";
    for (key, url, expected) in [
        ("sk-sp-k", general, vec![ProblemKind::InvalidKey]),
        ("sk-k", plan, vec![ProblemKind::InvalidKey]),
        ("sk-sp-k", plan, vec![]),
        ("sk-k", general, vec![]),
    ] {
        let resolution = case().env("OPENAI_API_KEY", key).env("OPENAI_BASE_URL", url).resolve();
        assert_eq!((resolution.state, kinds(&resolution)), (State::SignedIn, expected), "{key} {url}");
    }
}

#[test]
fn a_key_that_no_header_can_hold_is_refused() {
    for key in ["two words", "\"two\nlines\"", "schlüssel"] {
        let resolution = case().file("/h/p/.env", &format!("OPENAI_API_KEY={key}")).resolve();
        let problem = resolution.problems.last().unwrap();
        assert_eq!((resolution.state, problem.kind), (State::Refused, ProblemKind::InvalidKey), "{key}");
    }
}

#[test]
fn an_endpoint_that_cannot_be_used_is_refused_and_not_shown() {
    for (url, kind) in [
        ("x.example/v1", ProblemKind::BadRequest),
        ("https://u:sk-canary@x.example/v1", ProblemKind::BadRequest),
        ("http://x.example/v1", ProblemKind::InsecureEndpoint),
    ] {
        let resolution = case().env("OPENAI_API_KEY", "k").env("OPENAI_BASE_URL", url).resolve();
        assert_eq!((resolution.state, kinds(&resolution)), (State::Refused, vec![kind]), "{url}");
        assert!(!format!("{resolution:?}").contains("canary"));
    }
    let local = case().env("OPENAI_API_KEY", "k").env("OPENAI_BASE_URL", "http://127.0.0.1:1/v1").resolve();
    assert_eq!(sent(&local), "k http://127.0.0.1:1/v1 qwen3-coder-plus");
}

#[test]
fn every_default_endpoint_is_a_url() {
    for provider in
        [Provider::Openai, Provider::Openrouter, Provider::Modelscope, Provider::CodingPlan, Provider::Other]
    {
        assert!(endpoint::parse(provider.default_base_url()).is_ok(), "{provider:?}");
    }
}
