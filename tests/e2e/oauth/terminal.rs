//! `auth sign-in` on a terminal, a real one: `script` of util-linux, which is on every Linux, makes it.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use super::{page, world};
use crate::support::oauth::{Kind, OAuth};
use crate::support::world::World;

/// A command of the server's on a terminal of its own.
struct Terminal {
    child: Child,
    shown: String,
}

impl Terminal {
    fn open(world: &World, command: &str) -> Self {
        Self::run(world, &format!("'{}' {command}", env!("CARGO_BIN_EXE_qwen-language-server")))
    }

    /// A shell's command line.
    fn run(world: &World, command: &str) -> Self {
        let script = ["/usr/bin/script", "/bin/script"].into_iter().find(|path| std::path::Path::new(path).is_file());
        let mut program = world.command(Command::new(script.expect("util-linux has `script`")));
        program.args(["--quiet", "--return", "--flush", "--command", command, "/dev/null"]);
        program.env("SHELL", "/bin/sh").stdin(Stdio::piped()).stdout(Stdio::piped());
        Self { child: program.spawn().unwrap(), shown: String::new() }
    }

    /// Reads until the text is on the screen.
    fn expect(&mut self, text: &str) {
        let mut bytes = [0; 4096];
        let mut raw = Vec::new();
        while !self.shown.contains(text) {
            let length = self.child.stdout.as_mut().unwrap().read(&mut bytes).unwrap();
            assert_ne!(length, 0, "it ended without {text:?}: {}", self.shown);
            raw.extend_from_slice(&bytes[..length]);
            // A character may be cut in two by the read.
            let whole = raw.len() - std::str::from_utf8(&raw).err().map_or(0, |error| raw.len() - error.valid_up_to());
            self.shown.push_str(std::str::from_utf8(&raw[..whole]).unwrap());
            raw.drain(..whole);
        }
    }

    /// A key on the keyboard.
    fn press(&mut self, key: &[u8]) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(key).and_then(|()| stdin.flush()).unwrap();
    }

    /// The exit code and everything that was shown.
    fn end(mut self) -> (Option<i32>, String) {
        let mut rest = Vec::new();
        self.child.stdout.as_mut().unwrap().read_to_end(&mut rest).unwrap();
        let status = self.child.wait().unwrap();
        (status.code(), self.shown + &String::from_utf8_lossy(&rest))
    }
}

/// Nothing secret on the screen, at the loudest log.
fn assert_secret_free(oauth: &OAuth, shown: &str) {
    assert!(!shown.contains("canary-"), "{shown}");
    for request in oauth.requests().iter().filter(|request| request.kind == Kind::Poll) {
        assert!(!shown.contains(&request.field("code_verifier").unwrap()));
    }
}

#[test]
fn a_terminal_shows_a_qr_code_the_url_the_code_and_a_spinner_until_it_is_approved() {
    let oauth = OAuth::start();
    let world = world(&oauth);
    let mut terminal = Terminal::open(&world, "auth sign-in");
    terminal.expect("15 min left");
    for part in [page(&oauth, 1).as_str(), "CODE-1", "█", "⠋"] {
        assert!(terminal.shown.contains(part), "{part} is not in {}", terminal.shown);
    }
    oauth.approve();
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("Qwen OAuth"), "{shown}");
    assert!(world.home().join(".qwen/oauth_creds.json").is_file());
    assert_secret_free(&oauth, &shown);
}

#[test]
fn a_sign_in_where_no_keyring_answers_is_stored_though_an_editor_uses_one() {
    let oauth = OAuth::start();
    let world = world(&oauth);
    let state = world.state().join("qwen-language-server");
    std::fs::create_dir_all(&state).unwrap();
    std::fs::write(state.join("state.json"), r#"{ "sessionInKeyring": true }"#).unwrap();
    let mut terminal = Terminal::open(&world, "auth sign-in");
    terminal.expect("15 min left");
    oauth.approve();
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(world.home().join(".qwen/oauth_creds.json").is_file());
    let status = world.terminal().args(["auth", "status"]).output().unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
}

#[cfg(unix)]
#[test]
fn a_sign_in_that_cannot_be_stored_is_no_success() {
    let oauth = OAuth::start();
    let world = world(&oauth);
    // Nothing can be made where a file stands.
    std::fs::write(world.home().join(".qwen"), "").unwrap();
    let mut terminal = Terminal::open(&world, "auth sign-in");
    terminal.expect("15 min left");
    oauth.approve();
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(2), "{shown}");
    assert!(shown.contains("is lost when this command ends") && shown.contains(".qwen"), "{shown}");
    // A remembered choice of a session that is gone would keep the user from their key.
    assert!(!world.state().join("qwen-language-server/state.json").exists());
    assert_secret_free(&oauth, &shown);
}

#[test]
fn o16_ctrl_c_on_a_terminal_cancels_the_sign_in_and_writes_nothing() {
    let oauth = OAuth::start();
    let world = world(&oauth);
    let mut terminal = Terminal::open(&world, "auth sign-in");
    terminal.expect("15 min left");
    oauth.wait_for(Kind::Poll, 1);
    terminal.press(b"\x03");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(130), "{shown}");
    // Too late.
    oauth.approve();
    assert!(!world.home().join(".qwen").exists());
    assert_secret_free(&oauth, &shown);
}

#[test]
fn ctrl_c_at_the_prompt_for_a_key_is_130_and_gives_the_terminal_its_echo_back() {
    let world = World::new().empty_root("app");
    // A shell that outlives the Ctrl-C, as one with a prompt does.
    let program = env!("CARGO_BIN_EXE_qwen-language-server");
    let line = format!("trap : INT; '{program}' auth set-key; echo code=$?; PATH=/usr/bin:/bin stty -a");
    let mut terminal = Terminal::run(&world, &line);
    terminal.expect("API key:");
    terminal.press(b"\x03");
    terminal.expect("code=130");
    let (_, shown) = terminal.end();
    assert!(shown.contains(" echo ") && !shown.contains("-echo "), "{shown}");
}

#[test]
fn o11_a_denial_is_said_on_the_terminal() {
    let oauth = OAuth::start();
    oauth.deny();
    let (code, shown) = Terminal::open(&world(&oauth), "auth sign-in").end();
    assert!(code.is_some_and(|code| code != 0) && shown.contains("refused in the browser"), "{code:?} {shown}");
    assert_secret_free(&oauth, &shown);
}

#[test]
fn h01_h05_without_a_terminal_there_is_an_error_and_no_device_request() {
    let oauth = OAuth::start();
    for arguments in [["auth", "sign-in"], ["chat", "hi"]] {
        let output = world(&oauth).terminal().args(arguments).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && output.stdout.is_empty(), "{said}");
        assert!(said.contains("OPENAI_API_KEY"), "{said}");
    }
    assert_eq!(oauth.requests().len(), 0);
}

#[test]
fn a_sign_out_on_the_terminal_says_what_it_does_not_revoke() {
    let oauth = OAuth::start();
    let world = world(&oauth).home_file(".qwen/oauth_creds.json", super::session(&oauth, "portal.qwen.ai", 3600));
    let output = world.terminal().args(["auth", "sign-out"]).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && shown.contains("cannot revoke"), "{shown}");
    assert!(!world.home().join(".qwen/oauth_creds.json").exists());
}
