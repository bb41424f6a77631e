//! Which method: the rows H01–H21 of the facts that are about selection, and the stored account.

use super::*;

const SETTINGS: &str = "/h/.qwen/settings.json";
const SELECT_OAUTH: &str = r#"{"security":{"auth":{"selectedType":"qwen-oauth"}}}"#;
const SELECT_OPENAI: &str = r#"{"security":{"auth":{"selectedType":"openai"}}}"#;
const DASHSCOPE: &str = "https://dashscope.aliyuncs.com/compatible-mode/v1";

#[test]
fn every_row_chooses_the_method_that_it_says() {
    use Method::{Openai, QwenOauth};
    use State::{SignedIn, SignedOut};
    for (row, case, method, state) in [
        ("H01 nothing", case(), None, SignedOut),
        ("H03 a key alone", case().env("OPENAI_API_KEY", "k"), Some(Openai), SignedIn),
        ("H05 no credential", case().env("QWEN_OAUTH", "1"), Some(QwenOauth), SignedOut),
        ("H06 a credential", case().env("QWEN_OAUTH", "1").signed_in(), Some(QwenOauth), SignedIn),
        (
            "H07 a key in the environment beats the settings",
            case().env("OPENAI_API_KEY", "k").file(SETTINGS, SELECT_OAUTH).signed_in(),
            Some(Openai),
            SignedIn,
        ),
        ("H07 without it they count", case().file(SETTINGS, SELECT_OAUTH).signed_in(), Some(QwenOauth), SignedIn),
        ("H08 in one place", case().env("QWEN_OAUTH", "1").env("OPENAI_API_KEY", "k"), Some(Openai), SignedIn),
        (
            "H08 the nearer place wins",
            case().file("/h/p/.env", "QWEN_OAUTH=1").env("OPENAI_API_KEY", "k").signed_in(),
            Some(QwenOauth),
            SignedIn,
        ),
        ("H09 a credential alone", case().signed_in(), Some(QwenOauth), SignedIn),
        ("H11 no key", case().file(SETTINGS, SELECT_OPENAI).signed_in(), Some(Openai), SignedOut),
        ("H17 no credential file", case().file(SETTINGS, SELECT_OAUTH), Some(QwenOauth), SignedOut),
        ("H19 home's file", case().file("/h/.qwen/.env", TRIPLE), Some(Openai), SignedIn),
        ("a local server", case().file("/h/p/.env", "OPENAI_BASE_URL=http://localhost:1/v1"), Some(Openai), SignedIn),
        ("no credential, expired", Case { oauth: OauthHint::Expired, ..case() }, Some(QwenOauth), SignedOut),
    ] {
        let resolution = case.resolve();
        assert_eq!((resolution.method.as_ref().map(|m| m.value), resolution.state), (method, state), "{row}");
    }
}

#[test]
fn h01_nothing_configured_names_what_was_looked_for() {
    let resolution = case().env("DASHSCOPE_API_KEY", "sk-canary").resolve();
    assert_eq!(kinds(&resolution), [ProblemKind::NotSignedIn]);
    let message = &resolution.problems[0].message;
    for word in ["OPENAI_API_KEY", ".qwen/.env", "~/.qwen/.env", "sign in", "`DASHSCOPE_API_KEY` is set"] {
        assert!(message.contains(word), "{word}: {message}");
    }
    assert!(!message.contains("canary"));
}

#[test]
fn h03_h04_a_key_alone_gets_the_defaults_and_they_say_why() {
    for (key, base_url, model) in [
        ("k", DASHSCOPE, "qwen3-coder-plus"),
        ("sk-or-k", "https://openrouter.ai/api/v1", "qwen/qwen3-coder"),
        ("sk-proj-k", "https://api.openai.com/v1", "gpt-4.1"),
        ("sk-sp-k", "https://coding.dashscope.aliyuncs.com/v1", "qwen3-coder-plus"),
        ("ms-k", "https://api-inference.modelscope.cn/v1", "Qwen/Qwen3-Coder-480B-A35B-Instruct"),
    ] {
        let resolution = case().env("OPENAI_API_KEY", key).resolve();
        assert_eq!(sent(&resolution), format!("{key} {base_url} {model}"));
        let origins = [resolution.base_url.unwrap().origin, resolution.model.unwrap().origin];
        assert!(origins.iter().all(|o| o.kind == OriginKind::Default && o.because.is_some()), "{origins:?}");
    }
    let named = case().env("OPENAI_API_KEY", "k").env("OPENAI_BASE_URL", "https://api.openai.com/v1").resolve();
    assert_eq!(sent(&named), "k https://api.openai.com/v1 gpt-4.1");
}

#[test]
fn h10_another_method_than_the_enforced_one_is_refused_with_both_names() {
    let settings = r#"{"security":{"auth":{"enforcedType":"qwen-oauth"}}}"#;
    let resolution = case().env("OPENAI_API_KEY", "k").file(SETTINGS, settings).resolve();
    assert_eq!(resolution.state, State::Refused);
    let message = &resolution.problems[0].message;
    assert!(message.contains("`qwen-oauth`") && message.contains("`openai`"), "{message}");
    let same = case().file(SETTINGS, settings).signed_in().resolve();
    assert_eq!((same.state, kinds(&same)), (State::SignedIn, vec![]));
}

#[test]
fn h11_the_missing_variable_is_named() {
    let resolution = case().file(SETTINGS, SELECT_OPENAI).resolve();
    assert_eq!(kinds(&resolution), [ProblemKind::NotSignedIn]);
    assert!(resolution.problems[0].message.contains("`OPENAI_API_KEY` is not set"));
}

#[test]
fn h12_h13_the_users_switch_beats_every_place_for_its_root_alone() {
    let mut case = case().env("OPENAI_API_KEY", "k").file("/h/p/.env", TRIPLE).signed_in();
    case.remembered.methods.insert("/h/p".into(), Method::QwenOauth);
    let resolution = case.resolve();
    assert_eq!((resolution.method.as_ref().unwrap().value, resolution.state), (Method::QwenOauth, State::SignedIn));
    assert!(resolution.key.is_none() && resolution.base_url.is_none());
    assert!(lost(&resolution, "/h/p/.env", "OPENAI_API_KEY", "Qwen OAuth"));
    assert_eq!(sent(&case.root("/h/q").resolve()).split(' ').next(), Some("k"));
}

#[test]
fn h20_h21_the_search_starts_at_each_root() {
    let files = || case().file("/h/p/.env", TRIPLE).file("/h/q/.env", "OPENAI_API_KEY=q");
    assert_eq!(sent(&files().resolve()), USED);
    assert_eq!(sent(&files().root("/h/q").resolve()).split(' ').next(), Some("q"));
}

#[test]
fn another_selected_type_is_named_and_the_search_goes_on() {
    let settings = r#"{"security":{"auth":{"selectedType":"gemini"}}}"#;
    let resolution = case().file(SETTINGS, settings).signed_in().resolve();
    assert_eq!((resolution.state, kinds(&resolution)), (State::SignedIn, vec![ProblemKind::BadRequest]));
    assert!(resolution.problems[0].message.contains("`gemini`"));
}

#[test]
fn o54_qwen_oauth_serves_its_own_model_only() {
    let resolution = case().env("QWEN_OAUTH", "1").env("OPENAI_MODEL", "gpt-4").signed_in().resolve();
    assert_eq!(resolution.model.as_ref().unwrap().value, "coder-model");
    assert!(lost(&resolution, "", "OPENAI_MODEL", "coder-model"));
}

#[test]
fn a_sign_in_that_cannot_be_used_is_a_problem_of_its_own_kind() {
    let expired = Case { oauth: OauthHint::Expired, ..case() }.resolve();
    assert_eq!(kinds(&expired), [ProblemKind::SessionExpired]);
    let unreadable = Case { oauth: OauthHint::Unreadable("it is a directory".into()), ..case().env("QWEN_OAUTH", "1") };
    assert_eq!(kinds(&unreadable.resolve()), [ProblemKind::UnreadableFile]);
}

#[test]
fn the_keyring_is_asked_only_when_no_other_place_gave_a_key() {
    let asked = |case: Case| Case { stored_key: StoredKey::NotAsked, ..case }.resolve().wants_stored_key;
    let account = || case().account("https://a.example/v1", None);
    assert_eq!(asked(account()).as_deref(), Some("https://a.example"));
    assert_eq!(asked(case().env("OPENAI_BASE_URL", "https://e.example/v1")).as_deref(), Some("https://e.example"));
    assert_eq!(asked(case()), None);
    assert_eq!(asked(account().env("OPENAI_API_KEY", "k")), None);
    assert_eq!(asked(account().file("/h/p/.env", TRIPLE)), None);
    assert_eq!(asked(account().env("QWEN_OAUTH", "1")), None);
    assert_eq!(asked(account().file("/h/p/.env", "OPENAI_BASE_URL=http://localhost:1")), None);
    // An endpoint that only the project names has a stored key only if the user set one for it.
    assert_eq!(asked(account().file("/h/p/.env", "OPENAI_BASE_URL=https://evil.example")), None);
    let own = account().file("/h/p/.env", "OPENAI_BASE_URL=https://a.example/v2");
    assert_eq!(asked(own).as_deref(), Some("https://a.example"));
    assert_eq!(account().resolve().wants_stored_key, None);
}

#[test]
fn a_stored_account_is_used_whole() {
    let resolution = case().account("https://a.example/v1", Some("m")).stored("s").resolve();
    assert_eq!(sent(&resolution), "s https://a.example/v1 m");
    // Its endpoint and its model are not for other keys.
    let resolution = case().account("https://a.example/v1", Some("m")).env("OPENAI_API_KEY", "k").resolve();
    assert_eq!(sent(&resolution), format!("k {DASHSCOPE} qwen3-coder-plus"));
}

#[test]
fn a_silent_keyring_is_a_problem_and_an_empty_one_lets_the_sign_in_speak() {
    let stored_key = StoredKey::Unavailable("it is locked".into());
    let resolution = Case { stored_key, ..case().account("https://a.example/v1", None) }.resolve();
    assert_eq!(kinds(&resolution), [ProblemKind::KeyringUnavailable, ProblemKind::NotSignedIn]);
    let resolution = case().account("https://a.example/v1", None).signed_in().resolve();
    assert_eq!(resolution.method.unwrap().value, Method::QwenOauth);
}
