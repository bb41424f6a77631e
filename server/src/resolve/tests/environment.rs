//! Files, environment and settings: the rows E01–E62 of the facts, as far as they are about selection.

use super::*;
use crate::files::ReadError;

const SETTINGS: &str = "/h/.qwen/settings.json";
const WORKSPACE: &str = "/h/p/.qwen/settings.json";

/// Each row's name, its inputs, and what is sent.
#[expect(clippy::too_many_lines, reason = "a table")]
fn rows() -> Vec<(&'static str, Case, &'static str)> {
    let other = "OPENAI_API_KEY=other\n";
    vec![
        ("E01 a root's file", case().file("/h/p/.env", TRIPLE), USED),
        ("E02 .qwen/.env first", case().file("/h/p/.qwen/.env", TRIPLE).file("/h/p/.env", other), USED),
        ("E03 a parent's file", case().root("/h/p/sub").file("/h/p/.env", TRIPLE), USED),
        (
            "E04 the nearest directory",
            case().root("/h/p/sub").file("/h/p/sub/.env", TRIPLE).file("/h/p/.qwen/.env", other),
            USED,
        ),
        ("E05 home's .qwen/.env first", case().file("/h/.qwen/.env", TRIPLE).file("/h/.env", other), USED),
        ("E06 outside home", case().root("/w").file("/h/.env", TRIPLE), USED),
        (
            "E07 nothing is merged",
            case()
                .file("/h/p/.env", "OPENAI_API_KEY=k")
                .file("/h/.qwen/.env", "OPENAI_MODEL=h\nOPENAI_BASE_URL=https://h"),
            "k https://dashscope.aliyuncs.com/compatible-mode/v1 qwen3-coder-plus",
        ),
        ("E08 an empty file", case().file("/h/p/.env", "").file("/h/.env", TRIPLE), "signed out: - - -"),
        ("E09 unrelated variables", case().file("/h/p/.env", "A=1\n").file("/h/.env", TRIPLE), "signed out: - - -"),
        // The order of our own: the project's file is nearer to the work than the environment.
        ("E10 the project's file wins", case().env("OPENAI_API_KEY", "e").file("/h/p/.env", TRIPLE), USED),
        (
            "E10 or the environment, by setting",
            Case {
                client: ClientSettings { env_precedence: EnvPrecedence::Environment, ..Default::default() },
                ..case().env("OPENAI_MODEL", "e").file("/h/p/.env", TRIPLE)
            },
            "k https://x.example/v1 e",
        ),
        ("E11 an empty variable is not set", case().env("OPENAI_API_KEY", "").file("/h/p/.env", TRIPLE), USED),
        ("E12 .env.local", case().file("/h/p/.env.local", TRIPLE), "signed out: - - -"),
        ("E13 names are case-sensitive", case().file("/h/p/.env", "openai_api_key=x"), "signed out: - - -"),
        (
            "E18 an excluded key",
            case().file("/h/p/.env", TRIPLE).file(SETTINGS, r#"{"advanced":{"excludedEnvVars":["OPENAI_API_KEY"]}}"#),
            "signed out: - - -",
        ),
        (
            "E19 but not from .qwen/.env",
            case()
                .file("/h/p/.qwen/.env", TRIPLE)
                .file(SETTINGS, r#"{"advanced":{"excludedEnvVars":["OPENAI_API_KEY"]}}"#),
            USED,
        ),
        (
            "E20 lists are united",
            case()
                .file("/h/p/.env", TRIPLE)
                .file(SETTINGS, r#"{"advanced":{"excludedEnvVars":["OPENAI_API_KEY"]}}"#)
                .file(WORKSPACE, r#"{"advanced":{"excludedEnvVars":["FOO"]}}"#),
            "signed out: - - -",
        ),
        ("E22 above home", case().root("/h").file("/.env", TRIPLE), USED),
        (
            "E23 a directory is passed over",
            Case { files: Memory::of([("/h/.env", TRIPLE)]).error("/h/p/.env", ReadError::Directory), ..case() },
            USED,
        ),
        (
            "E24 an unreadable file ends the search",
            Case {
                files: Memory::of([("/h/.env", TRIPLE)]).error("/h/p/.env", ReadError::Io("permission denied".into())),
                ..case()
            },
            "signed out: - - -",
        ),
        (
            "another user's file is no file",
            Case { files: Memory::of([("/h/.env", TRIPLE)]).error("/h/p/.env", ReadError::OtherOwner), ..case() },
            USED,
        ),
        (
            "E34 QWEN_HOME in a project",
            case().file("/h/p/.env", "QWEN_HOME=/x").file("/x/.env", TRIPLE),
            "signed out: - - -",
        ),
        ("O56 QWEN_HOME", case().env("QWEN_HOME", "/x").file("/x/.env", TRIPLE).file("/h/.qwen/.env", other), USED),
        (
            "E38 a key at home, an endpoint here",
            case().file("/h/.qwen/.env", "OPENAI_API_KEY=k").file("/h/p/.env", "OPENAI_BASE_URL=https://x.example/v1"),
            "signed out: - - -",
        ),
        (
            "E41 settings' env, expanded",
            case().env("REAL", "k").file(
                SETTINGS,
                r#"{"env":{"OPENAI_API_KEY":"${REAL}","OPENAI_BASE_URL":"https://x.example/v1","OPENAI_MODEL":"m"}}"#,
            ),
            USED,
        ),
        (
            "E42 a file beats settings' env",
            case().file("/h/p/.env", TRIPLE).file(SETTINGS, r#"{"env":{"OPENAI_API_KEY":"s"}}"#),
            USED,
        ),
        ("E43 a number is no key", case().file(SETTINGS, r#"{"env":{"OPENAI_API_KEY":1}}"#), "signed out: - - -"),
        (
            "E44 comments",
            case()
                .file("/h/p/.env", "OPENAI_API_KEY=k\nOPENAI_BASE_URL=https://x.example/v1")
                .file(SETTINGS, "// c\n{\"model\":{\"name\":\"m\"}}"),
            USED,
        ),
        (
            "E47 a variable beats model.name",
            case().file("/h/p/.env", TRIPLE).file(SETTINGS, r#"{"model":{"name":"s"}}"#),
            USED,
        ),
        (
            "E48 the request beats all",
            Case {
                request: RequestFields { model: Some("r".into()) },
                client: ClientSettings { model: Some("c".into()), ..Default::default() },
                ..case().file("/h/p/.env", TRIPLE)
            },
            "k https://x.example/v1 r",
        ),
        (
            "E50 workspace settings of a parent",
            case().root("/h/p/sub").file("/h/p/.env", TRIPLE).file(WORKSPACE, r#"{"env":{"OPENAI_API_KEY":"s"}}"#),
            USED,
        ),
        (
            "E56 system settings beat the others",
            case()
                .env("QWEN_CODE_SYSTEM_SETTINGS_PATH", "/sys.json")
                .file(
                    "/sys.json",
                    r#"{"security":{"auth":{"apiKey":"k","baseUrl":"https://x.example/v1"}},"model":{"name":"m"}}"#,
                )
                .file(SETTINGS, r#"{"security":{"auth":{"apiKey":"u","baseUrl":"https://u"}},"model":{"name":"u"}}"#)
                .file(WORKSPACE, r#"{"security":{"auth":{"apiKey":"w","baseUrl":"https://w"}},"model":{"name":"w"}}"#),
            USED,
        ),
        (
            "QWEN_MODEL is another name of OPENAI_MODEL, below it",
            case().file("/h/p/.env", "OPENAI_API_KEY=k\nOPENAI_BASE_URL=https://x.example/v1\nQWEN_MODEL=m"),
            USED,
        ),
    ]
}

#[test]
fn every_row_sends_what_it_says() {
    for (row, case, expected) in rows() {
        assert_eq!(sent(&case.resolve()), expected, "{row}");
    }
}

#[test]
fn e08_e09_a_file_that_ends_the_search_for_nothing_is_named() {
    for text in ["", "A=1\n"] {
        let resolution = case().file("/h/p/.env", text).file("/h/.env", TRIPLE).resolve();
        assert!(lost(&resolution, "/h/.env", "OPENAI_API_KEY", "/h/p/.env"), "{text:?}");
    }
}

#[test]
fn e14_to_e17_e21_debug_is_excluded_from_a_projects_plain_file_only() {
    let off = r#"{"advanced":{"excludedEnvVars":[]}}"#;
    for (row, case, set) in [
        ("E14", case().file("/h/p/.env", "DEBUG=1"), false),
        ("E15", case().file("/h/p/.qwen/.env", "DEBUG=1"), true),
        ("E16", case().file("/h/p/.env", "DEBUG_MODE=1"), false),
        ("E17", case().file("/h/.env", "DEBUG=1"), true),
        ("E21", case().file("/h/p/.env", "DEBUG=1").file(SETTINGS, off), true),
    ] {
        assert_eq!(case.resolve().debug.is_some(), set, "{row}");
    }
    let resolution = case().file("/h/p/.env", "DEBUG=1").resolve();
    assert!(lost(&resolution, "/h/p/.env", "DEBUG", ".qwen/.env"));
}

#[test]
fn e24_an_unreadable_file_is_named_with_its_path() {
    let files = Memory::default().error("/h/p/.env", ReadError::Io("permission denied".into()));
    let resolution = Case { files, ..case() }.resolve();
    assert_eq!(kinds(&resolution), [ProblemKind::UnreadableFile, ProblemKind::NotSignedIn]);
    assert_eq!(resolution.problems[0].path.as_deref(), Some(Path::new("/h/p/.env")));
}

#[test]
fn e40_an_unset_variable_of_the_settings_is_named_and_not_sent() {
    let resolution = case().file(SETTINGS, r#"{"security":{"auth":{"apiKey":"$NOPE"}}}"#).resolve();
    assert_eq!(resolution.state, State::SignedOut);
    assert!(resolution.problems[0].message.contains("`$NOPE`"), "{:?}", resolution.problems);
}

#[test]
fn e45_e46_settings_that_are_no_object_are_a_problem_with_a_place() {
    let broken = case().file(SETTINGS, "{\n \"a\": \n}").file("/h/p/.env", TRIPLE).resolve();
    assert_eq!(sent(&broken), USED);
    let problem = &broken.problems[0];
    assert_eq!((problem.kind, problem.line), (ProblemKind::MalformedFile, Some(3)));
    assert!(problem.message.contains("column 1"), "{}", problem.message);
    let list = case().file(SETTINGS, "[]").file("/h/p/.env", TRIPLE).resolve();
    assert_eq!((sent(&list), kinds(&list)), (USED.to_owned(), vec![ProblemKind::MalformedFile]));
}

#[test]
fn e49_homes_settings_are_the_users_where_home_is_the_root() {
    let settings = r#"{"security":{"auth":{"apiKey":"k","baseUrl":"https://x.example/v1"}},"model":{"name":"m"}}"#;
    let resolution = case().root("/h").file(SETTINGS, settings).resolve();
    assert_eq!((sent(&resolution), resolution.ignored.len()), (USED.to_owned(), 0));
    assert_eq!(resolution.key.unwrap().origin.scope, Scope::User);
}

#[test]
fn e57_to_e60_an_untrusted_root_uses_home_alone() {
    let on = r#"{"security":{"folderTrust":{"enabled":true}}}"#;
    let base = || case().file("/h/p/.env", "OPENAI_API_KEY=p").file("/h/.qwen/.env", TRIPLE);
    let rules = "/h/.qwen/trustedFolders.json";
    let p = "p https://dashscope.aliyuncs.com/compatible-mode/v1 qwen3-coder-plus";
    for (row, case, expected) in [
        ("E57 no rule", base().file(SETTINGS, on), USED),
        ("E58 not trusted", base().file(SETTINGS, on).file(rules, r#"{"/h/p":"DO_NOT_TRUST"}"#), USED),
        ("trusted", base().file(SETTINGS, on).file(rules, r#"{"/h/p":"TRUST_FOLDER"}"#), p),
        ("E59 off", base().file(rules, r#"{"/h/p":"DO_NOT_TRUST"}"#), p),
        ("E60 malformed", base().file(SETTINGS, on).file(rules, "{"), USED),
        (
            "a project cannot switch it off",
            base().file(SETTINGS, on).file(WORKSPACE, &on.replace("true", "false")),
            USED,
        ),
        ("nor on", base().file(WORKSPACE, on), p),
    ] {
        assert_eq!(sent(&case.resolve()), expected, "{row}");
    }
    let resolution = base().file(SETTINGS, on).file(WORKSPACE, "{}").file(rules, "{").resolve();
    assert_eq!(kinds(&resolution), [ProblemKind::MalformedFile]);
    assert!(lost(&resolution, "/h/p/.env", "", "not trusted"));
    assert!(lost(&resolution, WORKSPACE, "", "not trusted"));
}

#[test]
fn e62_a_linked_root_is_walked_as_it_is_given() {
    let case = case().root("/h/link").link("/h/link", "/w/p").file("/w/p/.env", TRIPLE).file("/w/.env", "");
    let resolution = case.resolve();
    assert_eq!(sent(&resolution), USED);
    let origin = resolution.key.unwrap().origin;
    assert_eq!((origin.scope, origin.path.as_deref()), (Scope::Project, Some(Path::new("/h/link/.env"))));
}

#[test]
fn malformed_lines_are_told_by_number_and_never_by_text() {
    let resolution = case().file("/h/p/.env", "sk-canary\nOPENAI_API_KEY=sk-canary$x\nOTHER=a$b\n").resolve();
    let lines: Vec<_> = resolution.problems.iter().map(|problem| (problem.kind, problem.line)).collect();
    assert_eq!(lines, [(ProblemKind::MalformedLine, Some(1)), (ProblemKind::MalformedLine, Some(2))]);
    assert!(!format!("{resolution:?}").contains("canary"));
}

#[test]
fn an_empty_value_in_a_projects_file_is_listed_and_lets_the_next_place_speak() {
    let resolution = case().env("OPENAI_API_KEY", "e").file("/h/p/.env", "OPENAI_API_KEY=\n").resolve();
    assert_eq!(resolution.key.as_ref().unwrap().value.expose(), "e");
    assert!(lost(&resolution, "/h/p/.env", "OPENAI_API_KEY", "nothing"));
}

#[test]
fn every_value_knows_its_place_and_every_loser_its_winner() {
    let resolution = case().env("OPENAI_API_KEY", "e").env("OPENAI_MODEL", "e").file("/h/p/.env", TRIPLE).resolve();
    let model = resolution.model.as_ref().unwrap();
    assert_eq!(model.origin.place(), "`OPENAI_MODEL` in /h/p/.env line 3");
    let losers: Vec<_> = resolution.ignored.iter().map(|i| (i.origin.place(), i.because.clone())).collect();
    assert_eq!(
        losers,
        [
            ("`OPENAI_API_KEY` in the environment".to_owned(), "`OPENAI_API_KEY` in /h/p/.env line 1 wins".to_owned()),
            ("`OPENAI_MODEL` in the environment".to_owned(), "`OPENAI_MODEL` in /h/p/.env line 3 wins".to_owned()),
        ]
    );
}

#[test]
fn a_file_with_a_key_that_others_may_open_is_a_problem() {
    let resolution = Case { files: Memory::default().open_file("/h/p/.env", TRIPLE), ..case() }.resolve();
    assert_eq!(kinds(&resolution), [ProblemKind::WorldReadable]);
    let keyless = "OPENAI_MODEL=m";
    let files = Memory::default().open_file("/h/p/.env", keyless);
    assert_eq!(kinds(&Case { files, ..case().env("OPENAI_API_KEY", "k") }.resolve()), []);
}

#[test]
#[cfg(unix)]
fn on_a_real_disk_no_file_hangs_or_fools() {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("a dir/100%/ünïcode");
    fs::create_dir_all(&root).unwrap();
    fs::write(home.path().join(".env"), TRIPLE).unwrap();
    fs::set_permissions(home.path().join(".env"), PermissionsExt::from_mode(0o600)).unwrap();
    let env: Environment = [("HOME".to_owned(), home.path().to_str().unwrap().to_owned())].into_iter().collect();
    let case = case();
    let resolved = || {
        resolve(&Inputs {
            root: &root,
            env: &env,
            client: &case.client,
            request: &case.request,
            files: &crate::files::Disk,
            remembered: &case.remembered,
            stored_key: &case.stored_key,
            oauth: &case.oauth,
            oauth_kind: OriginKind::CredentialFile,
        })
    };
    let file = root.join(".env");
    assert_eq!((sent(&resolved()), kinds(&resolved())), (USED.to_owned(), vec![]));

    assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
    assert_eq!(kinds(&resolved()), [ProblemKind::UnreadableFile, ProblemKind::NotSignedIn]);
    fs::remove_file(&file).unwrap();

    for target in [".env", "/dev/zero"] {
        symlink(target, &file).unwrap();
        assert_eq!(kinds(&resolved()), [ProblemKind::UnreadableFile, ProblemKind::NotSignedIn], "{target}");
        fs::remove_file(&file).unwrap();
    }

    fs::File::create(&file).unwrap().set_len(1 << 30).unwrap();
    assert_eq!(kinds(&resolved()), [ProblemKind::UnreadableFile, ProblemKind::NotSignedIn]);
    fs::remove_file(&file).unwrap();

    fs::create_dir(&file).unwrap();
    assert_eq!(sent(&resolved()), USED);
    fs::remove_dir(&file).unwrap();

    fs::write(&file, "OPENAI_API_KEY=k\nOPENAI_BASE_URL=https://x.example/v1\nOPENAI_MODEL=m").unwrap();
    fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    let resolution = resolved();
    assert_eq!((sent(&resolution), kinds(&resolution)), (USED.to_owned(), vec![ProblemKind::WorldReadable]));
    assert_eq!(resolution.key.unwrap().origin.path, Some(file));
}
