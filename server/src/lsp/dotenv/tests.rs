//! The whole of the language, as tables: a text in a world, and what is said of it.

use std::path::Path;

use tower_lsp::ls_types::{CodeAction, Uri};

use super::actions::{EditAbilities, Target, actions};
use super::completion::completion;
use super::facts::Facts;
use super::finding::{Code, Finding};
use super::findings::findings;
use super::hover::hover;
use super::places::Places;
use super::usage::usage;
use crate::env::Environment;
use crate::files::Files;
use crate::files::memory::Memory;
use crate::lsp::position::Encoding;
use crate::lsp::roots::Root;
use crate::qwen::Exposure;
use crate::resolve::{self, ClientSettings, Inputs, OauthHint, OriginKind, Remembered, RequestFields, StoredKey};

const KEY: &str = "sk-canary-0123456789abcdef9f3c";

/// The facts of `path` in the root `/w` with this text; home is `/home/me`.
fn facts(files: &Memory, environment: &[(&str, &str)], path: &str, text: &str) -> Facts {
    let home = [("HOME", "/home/me")];
    let variables = home.iter().chain(environment).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let env: Environment = variables.collect();
    let inputs = Inputs {
        root: Path::new("/w"),
        env: &env,
        client: &ClientSettings::default(),
        request: &RequestFields::default(),
        files,
        remembered: &Remembered::default(),
        stored_key: &StoredKey::NotAsked,
        oauth: &OauthHint::Absent,
        oauth_kind: OriginKind::CredentialFile,
    };
    let path = Path::new(path);
    Facts {
        path: path.to_owned(),
        root: Root { uri: "file:///w".into(), path: "/w".into() },
        view: resolve::view(&inputs, path, text),
        exposure: Exposure {
            open_to_others: files.read(path).is_ok_and(|file| file.open_to_others),
            tracked: false,
            ignore: resolve::git_ignore::ignore(files, path, None),
        },
    }
}

fn alone(text: &str) -> Facts {
    facts(&Memory::of([("/w/.qwen/.env", text), ("/w/a", "")]), &[], "/w/.qwen/.env", text)
}

fn found(text: &str, facts: &Facts) -> Vec<Finding> {
    let found = findings(text, facts, &Places::new(text, Encoding::Utf16));
    for finding in &found {
        assert!(!finding.message.contains("canary"), "{}", finding.message);
    }
    found
}

/// The codes, each with the text that it is about.
fn codes<'a>(text: &'a str, facts: &Facts) -> Vec<(Code, &'a str)> {
    found(text, facts).into_iter().map(|finding| (finding.code, &text[finding.span])).collect()
}

#[test]
fn each_line_is_judged() {
    for (text, expected) in [
        ("OPENAI_API_KEY=sk-x\nOPENAI_BASE_URL=https://x.example/v1\n", vec![]),
        ("# c\n\nno line\r\nOPENAI_API_KEY=sk-x\n", vec![(Code::MalformedLine, "no line")]),
        ("OPENAI_API_KEY=sk-x\r密 钥\rA=1", vec![(Code::MalformedLine, "密 钥")]),
        ("OPENAI_MODEL=a b", vec![(Code::ReadOtherwise, "a b")]),
        ("OPENAI_MODEL='a b'", vec![]),
        ("SOMEBODY_ELSES=a b", vec![]),
        ("OPENAI_APIKEY=sk-x", vec![(Code::UnknownName, "OPENAI_APIKEY")]),
        // The key is a part of the name where a `=` was forgotten.
        ("OPENAI_API_KEYsk-canary: x", vec![(Code::UnknownName, "OPENAI_API_KEYsk-canary")]),
        ("export OPENAI_BASE_URL=x.example/v1", vec![(Code::BadUrl, "x.example/v1")]),
        ("OPENAI_BASE_URL=http://x.example/v1", vec![(Code::InsecureEndpoint, "http://x.example/v1")]),
        ("OPENAI_BASE_URL=http://localhost:1/v1", vec![]),
        (
            "OPENAI_BASE_URL=https://me:sk-canary@x.example/v1",
            vec![(Code::BadUrl, "https://me:sk-canary@x.example/v1")],
        ),
        (
            "OPENAI_API_KEY=sk-sp-canary\nOPENAI_BASE_URL=https://dashscope.aliyuncs.com/compatible-mode/v1",
            vec![(Code::InvalidKey, "sk-sp-canary")],
        ),
        (
            "OPENAI_BASE_URL=https://coding.dashscope.aliyuncs.com/v1\nOPENAI_API_KEY='sk-canary'",
            vec![(Code::InvalidKey, "sk-canary")],
        ),
        ("OPENAI_API_KEY=\"sk\ncanary\"\nOPENAI_BASE_URL=https://x.example", vec![(Code::InvalidKey, "sk\ncanary")]),
        ("OPENAI_API_KEY=", vec![(Code::NotUsed, "OPENAI_API_KEY")]),
        ("", vec![]),
    ] {
        assert_eq!(codes(text, &alone(text)), expected, "{text:?}");
    }
}

#[test]
fn a_plain_file_of_a_project_may_not_set_debug() {
    let text = "DEBUG=1\nDATABASE_URL=x\n";
    let files = Memory::of([("/w/.env", text)]);
    assert_eq!(codes(text, &facts(&files, &[], "/w/.env", text)), [(Code::ExcludedVariable, "DEBUG")]);
    assert_eq!(codes(text, &alone(text)), []);
    let home = Memory::of([("/home/me/.env", text)]);
    assert_eq!(codes(text, &facts(&home, &[], "/home/me/.env", text)), []);
}

#[test]
fn a_shadowed_file_leads_to_the_one_that_wins() {
    let text = "OPENAI_API_KEY=sk-x\nB=2";
    for (other, path, by) in [
        ("/w/.qwen/.env", "/w/.env", "/w/.qwen/.env"),
        ("/w/.env", "/home/me/.qwen/.env", "/w/.env"),
        ("/w/.env", "/.env", "/w/.env"),
    ] {
        let files = Memory::of([(other, "A=1"), (path, text)]);
        let facts = facts(&files, &[], path, text);
        let found = found(text, &facts);
        assert_eq!(found[0].code, Code::Shadowed, "{path}");
        assert_eq!(found[0].related.as_ref().unwrap().path, Path::new(by));
        assert!(usage(&facts).starts_with("Not used by w: "), "{}", usage(&facts));
    }
    let files = Memory::of([("/w/sub/.env", text), ("/w/.env", "")]);
    let elsewhere = facts(&files, &[], "/w/sub/.env", text);
    assert_eq!((found(text, &elsewhere), usage(&elsewhere)), (vec![], "Not read by w".to_owned()));
}

#[test]
fn a_value_that_loses_leads_to_the_winner() {
    let text = "OPENAI_API_KEY=sk-x\n";
    let files = Memory::of([("/home/me/.qwen/.env", text), ("/w/a", "")]);
    let facts = facts(&files, &[("OPENAI_API_KEY", "sk-canary")], "/home/me/.qwen/.env", text);
    assert_eq!(codes(text, &facts), [(Code::NotUsed, "OPENAI_API_KEY")]);
}

#[test]
fn an_endpoint_that_only_the_project_names_can_be_trusted() {
    let text = "OPENAI_BASE_URL=https://x.example/v1";
    let files = Memory::of([("/w/.env", text)]);
    let facts = facts(&files, &[("OPENAI_API_KEY", KEY)], "/w/.env", text);
    assert_eq!(codes(text, &facts), [(Code::EndpointNotTrusted, "https://x.example/v1")]);
    assert_eq!(titles(text, &facts, "https"), ["Trust https://x.example for w"]);
}

#[test]
fn a_key_that_others_can_see_is_named() {
    let text = "OPENAI_API_KEY=sk-x\n";
    let files = Memory::of([("/w/.git/HEAD", "")]).open_file("/w/.qwen/.env", text);
    let facts = facts(&files, &[], "/w/.qwen/.env", text);
    let here = "OPENAI_API_KEY";
    assert_eq!(codes(text, &facts), [(Code::WorldReadable, here), (Code::NotIgnored, here)]);
    let without = "# nothing to see";
    assert_eq!(codes(without, &facts), []);
    let tracked = Facts { exposure: Exposure { tracked: true, ..facts.exposure.clone() }, ..facts };
    assert_eq!(codes(text, &tracked), [(Code::WorldReadable, here), (Code::TrackedByGit, here)]);
}

fn titles(text: &str, facts: &Facts, at: &str) -> Vec<String> {
    offered(text, facts, at, None).into_iter().map(|action| action.title).collect()
}

fn offered(text: &str, facts: &Facts, at: &str, gitignore: Option<&str>) -> Vec<CodeAction> {
    let uri: Uri = "file:///w/.qwen/.env".parse().unwrap();
    let list_uri: Uri = "file:///w/.gitignore".parse().unwrap();
    let places = Places::new(text, Encoding::Utf16);
    let at = text.find(at).unwrap();
    let document = Target { uri: &uri, version: Some(3), text: Some(text) };
    let list = Target { uri: &list_uri, version: None, text: gitignore };
    let can = EditAbilities { document_changes: true, create_file: true };
    actions(&document, facts, &places, &(at..at), Some(&list), can)
}

#[test]
fn each_finding_has_its_remedy_and_no_title_holds_a_value() {
    for (text, at, expected) in [
        ("OPENAI_MODEL=a b", "a b", vec!["Put the value in quotes"]),
        ("OPENAI_APIKEY=sk-canary", "OPENAI", vec!["Rename it to OPENAI_API_KEY"]),
        ("OPENAI_BASE_URL=canary.example/v1", "canary", vec!["Begin it with https://"]),
        ("OPENAI_BASE_URL=localhost:1/v1", "localhost", vec!["Begin it with http://"]),
        ("OPENAI_BASE_URL=http://canary.example/v1", "http:", vec!["Use https"]),
        ("OPENAI_API_KEY=sk-canary", "canary", vec!["Test this key", "Move this key to the keyring"]),
        ("A=1\nOPENAI_API_KEY=sk-canary", "A=1", vec![]),
        ("no line", "line", vec![]),
    ] {
        let facts = alone(text);
        assert_eq!(titles(text, &facts, at), expected, "{text}");
    }
}

#[test]
fn quoting_changes_how_others_read_a_value_and_nothing_else() {
    let text = "A=1\r\nexport OPENAI_MODEL = 密 b # c\r\n";
    let [action] = offered(text, &alone(text), "b #", None).try_into().unwrap();
    let edit = serde_json::to_value(action.edit).unwrap();
    let changes = &edit["documentChanges"][0];
    assert_eq!(changes["textDocument"]["version"], 3);
    assert_eq!(changes["edits"][0]["newText"], "OPENAI_MODEL='密 b' # c");
    assert_eq!(changes["edits"][0]["range"]["start"], serde_json::json!({ "line": 1, "character": 7 }));
}

#[test]
fn a_value_that_no_quotes_save_is_left_alone() {
    for (text, put) in [
        ("OPENAI_MODEL=\"a$b\" # c", Some("OPENAI_MODEL='a$b' # c")),
        ("OPENAI_MODEL=`a`", Some("OPENAI_MODEL='a'")),
        ("OPENAI_MODEL=it's a", Some("OPENAI_MODEL=\"it's a\"")),
        ("OPENAI_MODEL=it's $a", None),
    ] {
        let offered = offered(text, &alone(text), "a", None);
        let texts: Vec<_> = offered
            .into_iter()
            .map(|action| {
                serde_json::to_value(action.edit).unwrap()["documentChanges"][0]["edits"][0]["newText"].take()
            })
            .collect();
        assert_eq!(texts.first().and_then(serde_json::Value::as_str), put, "{text}");
    }
}

#[test]
fn a_key_that_has_moved_takes_all_its_lines_with_it() {
    for (text, left) in [
        ("A=1\r\nexport OPENAI_API_KEY='x' # c\r\nB=2", "A=1\r\nB=2"),
        ("OPENAI_API_KEY=\"x\ny\"\nB=2\n", "B=2\n"),
        ("A=1\nOPENAI_API_KEY=x", "A=1\n"),
    ] {
        let places = Places::new(text, Encoding::Utf16);
        let parsed = crate::resolve::dotenv::parse(text);
        let entry = parsed.entries.iter().find(|entry| entry.name == "OPENAI_API_KEY").unwrap();
        let mut text = text.to_owned();
        text.replace_range(places.lines(entry), "");
        assert_eq!(text, left);
    }
}

#[test]
fn the_list_of_what_git_ignores_is_made_or_gets_a_line() {
    let text = "OPENAI_API_KEY=sk-canary";
    let files = Memory::of([("/w/.git/HEAD", ""), ("/w/.qwen/.env", text)]);
    let facts = facts(&files, &[], "/w/.qwen/.env", text);
    let edit = |gitignore: Option<&str>| {
        let action = offered(text, &facts, "OPENAI", gitignore).remove(0);
        assert_eq!(action.title, "Add this file to .gitignore");
        serde_json::to_value(action.edit).unwrap()["documentChanges"].clone()
    };
    let made = edit(None);
    assert_eq!((&made[0]["kind"], &made[0]["uri"]), (&"create".into(), &"file:///w/.gitignore".into()));
    assert_eq!(made[1]["edits"][0]["newText"], "/.qwen/.env\n");
    for (list, added, line, character) in
        [("", "/.qwen/.env\n", 0, 0), ("a\n", "/.qwen/.env\n", 1, 0), ("a\r\n😀", "\r\n/.qwen/.env\r\n", 1, 2)]
    {
        let edits = edit(Some(list));
        assert_eq!(edits[0]["edits"][0]["newText"], added);
        let start = &edits[0]["edits"][0]["range"]["start"];
        assert_eq!((&start["line"], &start["character"]), (&line.into(), &character.into()));
    }
}

fn said(text: &str, facts: &Facts, at: &str) -> Option<String> {
    let places = Places::new(text, Encoding::Utf16);
    let (_, words) = hover(text, facts, &places, text.find(at).unwrap())?;
    assert!(!words.contains("canary"), "{words}");
    Some(words)
}

#[test]
fn a_hover_tells_where_a_value_goes_and_never_the_key() {
    let text = format!(
        "OPENAI_API_KEY=sk-1\nOPENAI_API_KEY={KEY}\nOPENAI_BASE_URL=https://x.example/v1\nOPENAI_MODEL=m\nA=1\nQWEN_OAUTH=1\n"
    );
    let facts = alone(&text);
    let said = |at: &str| said(&text, &facts, at);
    let key = said(KEY).unwrap();
    assert!(key.contains("`sk-…9f3c`") && key.contains("Used by w: it goes to `https://x.example`."), "{key}");
    assert!(said("OPENAI_API_KEY").unwrap().contains("Not used: line 2 sets it again"));
    assert!(said("OPENAI_BASE").unwrap().contains("requests go to `https://x.example`"));
    assert!(said("OPENAI_MODEL").unwrap().contains("`https://x.example` is asked for it"));
    assert_eq!(said("A=1"), None);
    assert!(said("QWEN_OAUTH").is_some());
}

#[test]
fn a_hover_tells_who_wins() {
    let text = format!("OPENAI_API_KEY={KEY}");
    let files = Memory::of([("/home/me/.env", text.as_str()), ("/w/.env", "OPENAI_API_KEY=sk-y")]);
    let shadowed = facts(&files, &[], "/home/me/.env", &text);
    assert!(said(&text, &shadowed, "sk").unwrap().contains("Not used by w: .env is found first."));
    let files = Memory::of([("/home/me/.env", text.as_str()), ("/w/a", "")]);
    let beaten = facts(&files, &[("OPENAI_API_KEY", "sk-y")], "/home/me/.env", &text);
    let words = said(&text, &beaten, "sk").unwrap();
    assert!(words.contains("`OPENAI_API_KEY` in the environment wins"), "{words}");
}

#[test]
fn names_endpoints_and_models_are_offered_where_they_may_stand() {
    for (text, label, taken, put) in [
        ("OPENAI_|", "OPENAI_BASE_URL", "OPENAI_", "OPENAI_BASE_URL="),
        ("export OPE|N=1", "OPENAI_MODEL", "OPEN", "OPENAI_MODEL"),
        ("|", "QWEN_OAUTH", "", "QWEN_OAUTH="),
        ("A=密\r\nOPENAI_BASE_URL=ht|tp", "https://api.openai.com/v1", "http", "https://api.openai.com/v1"),
        ("OPENAI_BASE_URL=|", "http://localhost:11434/v1", "", "http://localhost:11434/v1"),
        ("OPENAI_API_KEY=sk-sp-canary\nOPENAI_MODEL='|'", "glm-5", "", "glm-5"),
        ("OPENAI_BASE_URL=https://openrouter.ai/api/v1\nQWEN_MODEL=q|", "qwen/qwen3-coder", "q", "qwen/qwen3-coder"),
    ] {
        let at = text.find('|').unwrap();
        let text = text.replace('|', "");
        let places = Places::new(&text, Encoding::Utf16);
        let offers = completion(&text, &alone(&text), &places, at);
        let offer = offers.iter().find(|offer| offer.label == label).unwrap_or_else(|| panic!("{text}: {offers:?}"));
        assert_eq!((&text[offer.span.clone()], offer.text.as_str()), (taken, put));
    }
    for text in ["# OPENAI|", "A=|", "OPENAI_API_KEY=sk|", "OPENAI_BASE_URL=http://localhost/v1\nOPENAI_MODEL=|"] {
        let at = text.find('|').unwrap();
        let text = text.replace('|', "");
        assert_eq!(completion(&text, &alone(&text), &Places::new(&text, Encoding::Utf16), at), [], "{text}");
    }
}

#[test]
fn the_unsaved_text_is_what_counts() {
    let saved = Memory::of([("/w/.env", "OPENAI_API_KEY=sk-x"), ("/w/a", "")]);
    let text = "OPENAI_MODEL=m";
    let facts = facts(&saved, &[], "/w/.env", text);
    assert!(facts.view.resolution.key.is_none());
    assert_eq!(usage(&facts), "Used by w: no key yet");
}

proptest::proptest! {
    #[test]
    fn any_text_has_an_answer_at_every_place(
        text in "(OPENAI_API_KEY|OPENAI_BASE_URL|export |sk-canary|https://|[=:#'\"`\\\\$ \t\r\n\u{feff}\u{2028}é密😀]){0,12}"
    ) {
        let facts = alone(&text);
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            let places = Places::new(&text, encoding);
            let _ = super::diagnostics(&text, &facts, encoding);
            for (at, _) in text.char_indices() {
                let _ = (hover(&text, &facts, &places, at), completion(&text, &facts, &places, at));
            }
        }
        found(&text, &facts);
    }
}
