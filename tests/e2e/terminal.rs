//! The same from a terminal: output, errors in a line, and exit codes.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::http::{Http, Reply};
use crate::support::openai::{Answer, OpenAi};
use crate::support::world::World;

/// What a command did.
struct Done {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn run(world: &World, arguments: &[&str], stdin: &str) -> Done {
    let mut child = spawn(world.terminal().args(arguments));
    let mut pipe = child.stdin.take().expect("stdin is a pipe");
    // A command that reads nothing may be gone already.
    let _ = pipe.write_all(stdin.as_bytes());
    drop(pipe);
    let output = child.wait_with_output().expect("it ends");
    world.assert_no_canary("stdout", &output.stdout);
    world.assert_no_canary("stderr", &output.stderr);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it writes UTF-8");
    Done { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

fn spawn(command: &mut Command) -> std::process::Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it can be started")
}

fn configured(model: &OpenAi) -> World {
    World::new().canary(model.key()).root("app", [(".qwen/.env", model.dotenv())])
}

#[test]
fn with_nothing_configured_one_line_says_what_was_looked_for() {
    let world = World::new().empty_root("app");
    for arguments in [&["auth", "status"][..], &["chat", "hi"], &["models"]] {
        let done = run(&world, arguments, "");
        assert_eq!((done.code, done.stdout.as_str(), done.stderr.lines().count()), (Some(1), "", 1), "{}", done.stderr);
        for name in ["OPENAI_API_KEY", ".qwen/.env", ".env", "~/.qwen/.env", "environment", "sign-in"] {
            assert!(done.stderr.contains(name), "{name}: {}", done.stderr);
        }
    }
}

#[test]
fn status_shows_each_value_with_its_place() {
    let model = OpenAi::start();
    let world = configured(&model);
    let done = run(&world, &["auth", "status"], "");
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    for text in ["API key", "Local server", model.model(), "sk-…cdef", ".qwen/.env line 1"] {
        assert!(done.stdout.contains(text), "{text}: {}", done.stdout);
    }
    let done = run(&world, &["auth", "status", "--json"], "");
    let status: Value = serde_json::from_str(&done.stdout).expect("it is JSON");
    assert_eq!((&status["state"], &status["root"]), (&json!("signedIn"), &json!(world.uri("app"))));
    assert!(model.requests().is_empty(), "a status asks nobody");
}

#[test]
fn a_refused_root_is_exit_code_1() {
    let world = World::new()
        .canary("sk-canary-user-0123456789")
        .env("OPENAI_API_KEY", "sk-canary-user-0123456789")
        .root("app", [(".env", "OPENAI_BASE_URL=https://llm.example.test/v1\n")]);
    for arguments in [&["auth", "status"][..], &["chat", "hi"], &["models"]] {
        let done = run(&world, arguments, "");
        assert_eq!(done.code, Some(1));
        assert!(done.stderr.contains("auth trust https://llm.example.test"), "{}", done.stderr);
        // A status shows what was found; nothing else has an answer.
        let found = if arguments[0] == "auth" { "state     refused" } else { "" };
        assert!(done.stdout.contains(found) && done.stdout.is_empty() == found.is_empty(), "{}", done.stdout);
    }
    let done = run(&world, &["auth", "trust", "https://llm.example.test"], "");
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(run(&world, &["auth", "status"], "").code, Some(0), "trust is remembered");
}

#[test]
fn root_may_be_named_in_any_spelling_and_must_be_a_directory() {
    let model = OpenAi::start();
    let world = configured(&model).empty_root("other");
    for root in [world.root_path("app").display().to_string(), "../app/.".to_owned(), "../other/../app/".to_owned()] {
        assert_eq!(run(&world, &["auth", "status", "--root", &root], "").code, Some(0), "{root}");
    }
    assert_eq!(run(&world, &["auth", "status", "--root", "../other"], "").code, Some(1));
    let done = run(&world, &["auth", "status", "--root", "nowhere"], "");
    assert_eq!(done.code, Some(2));
    assert!(done.stderr.contains("--root") && done.stderr.contains("nowhere"), "{}", done.stderr);
}

// chat

#[test]
fn an_answer_streams_to_stdout_as_it_comes() {
    let gate = crate::support::http::Gate::default();
    let model = OpenAi::start().answer(Answer::stream(["Hel", "lo"]).then_wait(&gate));
    let world = configured(&model);
    let mut child = spawn(world.terminal().args(["chat", "hi"]));
    let mut stdout = child.stdout.take().expect("stdout is a pipe");
    let mut early = [0; 5];
    stdout.read_exact(&mut early).expect("it comes before the end");
    assert_eq!(&early, b"Hello");
    gate.open();
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("text");
    assert_eq!((rest.as_str(), child.wait().expect("it ends").code()), ("\n", Some(0)));
    assert_eq!(model.requests()[0].prompt(), "hi");
}

#[test]
fn a_question_comes_from_the_argument_or_from_a_pipe() {
    let model = OpenAi::start();
    let world = configured(&model);
    for (arguments, stdin, asked) in [
        (&["chat", "an argument"][..], "ignored", "an argument"),
        (&["chat", "-"], "a pipe\nof lines 世界", "a pipe\nof lines 世界"),
        (&["chat"], "a pipe without a word", "a pipe without a word"),
    ] {
        let before = model.requests().len();
        let done = run(&world, arguments, stdin);
        assert_eq!((done.code, done.stdout.as_str(), done.stderr.as_str()), (Some(0), "Hello\n", ""));
        assert_eq!(model.requests()[before].prompt(), asked);
    }
    for arguments in [&["chat"][..], &["chat", "-"], &["chat", ""]] {
        assert_eq!(run(&world, arguments, " \n").code, Some(2));
    }
    let done = run(&world, &["chat", "--model", "other", "hi"], "");
    assert_eq!(done.code, Some(0));
    assert_eq!(model.requests().last().expect("it was asked").body["model"], "other");
}

#[test]
fn each_kind_of_failure_has_its_exit_code() {
    for (status, code) in [(401, 1), (403, 1), (400, 2), (404, 2), (402, 3), (429, 3), (501, 3)] {
        let model = OpenAi::start().error(status, &json!({ "error": { "message": "their words" } }));
        let done = run(&configured(&model), &["chat", "hi"], "");
        assert_eq!((done.code, done.stdout.as_str()), (Some(code), ""), "{status}: {}", done.stderr);
        assert!(done.stderr.contains("their words") && done.stderr.lines().count() == 1, "{}", done.stderr);
    }
    let model = OpenAi::start().stream(["half"]).then_cut();
    let done = run(&configured(&model), &["chat", "hi"], "");
    assert_eq!((done.code, done.stdout.trim_end()), (Some(3), "half"));
    assert!(done.stderr.starts_with("qwen-language-server: "), "{}", done.stderr);
}

#[test]
fn a_retry_is_told_on_stderr_and_the_answer_stays_clean() {
    let model = OpenAi::start().raw(Reply::json(503, &json!({ "message": "busy" }))).stream(["there"]);
    let done = run(&configured(&model), &["chat", "hi"], "");
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), "there\n"));
    assert!(done.stderr.contains("busy") && done.stderr.contains("try 2"), "{}", done.stderr);
}

#[cfg(unix)]
#[test]
fn ctrl_c_hangs_up_on_the_model_and_is_exit_code_130() {
    use rustix::process::{Pid, Signal, kill_process};
    let model = OpenAi::start().stream(["half"]).then_hold();
    let world = configured(&model);
    let mut child = spawn(world.terminal().args(["chat", "hi"]));
    let mut early = [0; 4];
    child.stdout.as_mut().expect("stdout is a pipe").read_exact(&mut early).expect("it streams");
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, Signal::INT).expect("it runs");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    model.expect_disconnect();
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let model = OpenAi::start();
    let world = configured(&model);
    let mut child = spawn(world.terminal().args(["chat", "hi"]));
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

// models, set-key, doctor

#[test]
fn models_are_listed_and_the_one_in_use_is_marked() {
    let model = OpenAi::start().models(["a", "b"]);
    let world = configured(&model);
    let done = run(&world, &["models"], "");
    assert_eq!((done.code, done.stdout), (Some(0), format!("* {}\n  a\n  b\n", model.model())));
    let done = run(&world, &["models", "--json"], "");
    let models: Value = serde_json::from_str(&done.stdout).expect("it is JSON");
    assert_eq!(models[1], json!({ "id": "a", "current": false }));
}

#[test]
fn a_key_is_read_from_stdin_and_checked_before_it_is_stored() {
    let key = "sk-canary-typed-0123456789";
    let model = OpenAi::start();
    let world = World::new().canary(key).empty_root("app");
    let base_url = model.base_url();
    let done = run(&world, &["auth", "set-key", "--base-url", &base_url], &format!("{key}\n"));
    // There is no keyring here, and memory is no place for a command that ends.
    assert_eq!((done.code, done.stdout.as_str()), (Some(3), ""), "{}", done.stderr);
    assert!(done.stderr.contains("keyring"), "{}", done.stderr);
    assert_eq!(model.requests()[0].key.as_deref(), Some(key));
    let refusing = Http::script([Reply::json(401, &json!({ "message": "no" }))]);
    let done = run(&world, &["auth", "set-key", "--base-url", &refusing.url()], key);
    assert_eq!(done.code, Some(1), "{}", done.stderr);
    assert_eq!(run(&world, &["auth", "set-key"], "\n").code, Some(2));
    // Never as an argument, which others can read.
    let done = run(&world, &["auth", "set-key", "an-argument"], "");
    assert_eq!(done.code, Some(2));
}

#[test]
fn switch_and_sign_out_work_from_a_terminal() {
    let model = OpenAi::start();
    let world = configured(&model);
    let done = run(&world, &["auth", "switch", "openai"], "");
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("chosen by a switch"), "{}", done.stdout);
    let done = run(&world, &["auth", "sign-out"], "");
    assert_ne!(done.code, Some(0));
    assert!(done.stderr.contains(".qwen/.env"), "{}", done.stderr);
}

#[test]
fn signing_in_without_a_terminal_says_what_to_do_instead() {
    let done = run(&World::new().empty_root("app"), &["auth", "sign-in"], "");
    assert_eq!((done.code, done.stdout.as_str()), (Some(1), ""));
    assert!(done.stderr.contains("OPENAI_API_KEY"), "{}", done.stderr);
}

#[test]
fn a_doctors_report_is_markdown_without_a_secret() {
    let model = OpenAi::start();
    let world = configured(&model).canary("proxy-password").env("HTTPS_PROXY", "http://me:proxy-password@127.0.0.1:1");
    let done = run(&world, &["doctor"], "");
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.starts_with("# qwen-language-server doctor\n"), "{}", done.stdout);
    let root = world.root_path("app").display().to_string();
    for text in [env!("CARGO_PKG_VERSION"), root.as_str(), "proxy", "certificates", "answers", "sk-…cdef"] {
        assert!(done.stdout.contains(text), "{text}: {}", done.stdout);
    }
    let asked = model.requests();
    assert!(asked.iter().all(|asked| asked.key.is_none()), "reachability needs no key");
    assert_eq!(run(&World::new().empty_root("app"), &["doctor"], "").code, Some(0));
}

// The command line itself

#[test]
fn version_and_help_answer_without_looking_at_anything() {
    let world = World::new();
    let done = run(&world, &["--version"], "");
    let version = format!("qwen-language-server {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!((done.code, done.stdout, done.stderr.as_str()), (Some(0), version, ""));
    let done = run(&world, &["--help"], "");
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    for text in ["auth", "chat", "models", "doctor", "completions", "--stdio", "--clientProcessId", "Exit codes", "130"]
    {
        assert!(done.stdout.contains(text), "{text}: {}", done.stdout);
    }
}

#[test]
fn completions_are_printed_for_each_shell() {
    for (shell, sign) in [("bash", "complete -F"), ("zsh", "#compdef"), ("fish", "complete -c")] {
        let done = run(&World::new(), &["completions", shell], "");
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
        assert!(done.stdout.contains(sign) && done.stdout.contains("qwen-language-server"), "{shell}");
    }
    assert_eq!(run(&World::new(), &["completions", "tcl"], "").code, Some(2));
}

#[test]
fn a_wrong_command_line_is_exit_code_2() {
    for arguments in
        [&["chatt"][..], &["auth"], &["auth", "switch", "x"], &["--clientProcessId", "x"], &["auth", "trust"]]
    {
        let done = run(&World::new(), arguments, "");
        assert_eq!((done.code, done.stdout.as_str()), (Some(2), ""), "{arguments:?}");
    }
    let done = run(&World::new().empty_root("app"), &["auth", "trust", "no url"], "");
    assert_eq!(done.code, Some(2), "{}", done.stderr);
}

#[test]
fn the_arguments_that_editors_pass_are_accepted() {
    let parent = format!("--clientProcessId={}", std::process::id());
    for arguments in [&["--stdio"][..], &[parent.as_str()], &["--stdio", parent.as_str()]] {
        let world = arguments.iter().fold(World::new().empty_root("app"), |world, argument| world.arg(*argument));
        let mut editor = world.open();
        assert_eq!(crate::verbs::status(&mut editor, "app")["state"], "signedOut");
    }
}

#[test]
fn a_status_names_the_file_that_ended_the_search() {
    let world = World::new()
        .canary("sk-canary-home")
        .home_file(".qwen/.env", "OPENAI_API_KEY=sk-canary-home\n")
        .root("app", [(".env", "DATABASE_URL=x\n")]);
    let done = run(&world, &["auth", "status"], "");
    assert_eq!(done.code, Some(1));
    assert!(done.stdout.contains("app/.env sets nothing for Qwen, but ended the search"), "{}", done.stdout);
}

#[test]
fn a_local_server_that_wants_the_key_which_it_does_not_get_is_explained() {
    let model = OpenAi::start().error(401, &json!({ "error": { "message": "no key" } }));
    let world = World::new()
        .canary("sk-canary-user")
        .env("OPENAI_API_KEY", "sk-canary-user")
        .root("app", [(".env", format!("OPENAI_BASE_URL={}\n", model.base_url()))]);
    let done = run(&world, &["chat", "hi"], "");
    assert_eq!(done.code, Some(1), "{}", done.stderr);
    assert!(
        done.stderr.contains("wants a key, and yours (`OPENAI_API_KEY` in the environment) was not sent"),
        "{}",
        done.stderr
    );
    assert_eq!(model.requests()[0].key, None);
}

#[test]
fn a_sign_out_with_nothing_stored_says_so() {
    let done = run(&World::new().empty_root("app"), &["auth", "sign-out"], "");
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), "nothing was stored for this folder\n"), "{}", done.stderr);
}

#[test]
fn a_key_that_no_header_can_hold_is_refused_before_it_is_stored() {
    let done = run(&World::new().empty_root("app"), &["auth", "set-key"], "sk-two words");
    assert_eq!(done.code, Some(2));
    assert!(done.stderr.contains("holds a blank") && !done.stderr.contains("sk-two"), "{}", done.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_written_is_no_success() {
    let model = OpenAi::start().stream(["Hello"]);
    let world = configured(&model);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("it is there");
    let output = world.terminal().args(["chat", "hi"]).stdout(full).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("standard output: No space left"), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn bash_completes_the_words_after_the_first() {
    let world = World::new().empty_root("app");
    let script = run(&world, &["completions", "bash"], "").stdout;
    let path = world.path("completions.bash");
    std::fs::write(&path, script).expect("a world is writable");
    let ask = "source \"$0\"; COMP_WORDS=(qwen-language-server auth \"\"); COMP_CWORD=2; \
               _qwen__language__server qwen-language-server \"\" auth; echo \"${COMPREPLY[@]}\"";
    let output = std::process::Command::new("/bin/bash").args(["-c", ask]).arg(&path).output().expect("bash is there");
    let offered = String::from_utf8_lossy(&output.stdout);
    for word in ["status", "set-key", "sign-in", "trust"] {
        assert!(offered.contains(word), "{word} is not in {offered}");
    }
}
