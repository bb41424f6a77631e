//! Many built servers and one session; and a server that is killed in the middle of a sign-in.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, thread, time::Duration};

use serde_json::{Value, json};

use super::{chat, open, session, world};
use crate::support::editor::Editor;
use crate::support::oauth::{Kind, OAuth};
use crate::support::openai::{Answer, OpenAi};

/// What lies in a directory, by name.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn thirty_two_servers_with_one_expired_token_refresh_once_and_all_chats_succeed() {
    let (oauth, qwen) = (OAuth::start(), OpenAi::start().reply_with(|_| Answer::stream(["ok"])));
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("oauth_creds.json"), session(&oauth, &qwen.base_url(), -60)).unwrap();
    oauth.set_token("resource_url", json!(qwen.base_url()));
    let mut editors: Vec<Editor> = (0..32)
        .map(|_| open(world(&oauth).env("QWEN_OAUTH", "1").env("QWEN_HOME", home.path().to_str().unwrap())))
        .collect();
    let chats: Vec<_> = editors.iter_mut().map(chat).collect();
    for (editor, chat) in editors.iter_mut().zip(chats) {
        assert_eq!(editor.response(chat)["message"]["content"], "ok");
    }
    assert_eq!((oauth.count(Kind::Refresh), oauth.reused()), (1, 0));
    assert_eq!(qwen.requests().len(), 32);
    assert_eq!(names(home.path()), ["oauth_creds.json"]);
    let stored: Value =
        serde_json::from_str(&fs::read_to_string(home.path().join("oauth_creds.json")).unwrap()).unwrap();
    assert!(stored["access_token"].is_string() && stored["refresh_token"].is_string(), "{stored}");
}

/// Plays the least of an editor: the shortest way to a sign-in that is approved at once.
fn start_sign_in(program: &mut Command) -> std::process::Child {
    use std::io::Write;

    let mut server = program.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let stdin = server.stdin.as_mut().unwrap();
    for message in [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": { "capabilities": {} } }),
        json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "qwen/auth", "params": { "action": "signIn" } }),
    ] {
        let body = message.to_string();
        write!(stdin, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    }
    stdin.flush().unwrap();
    server
}

#[test]
fn a_server_killed_at_any_moment_of_a_sign_in_leaves_the_old_session_or_the_new_one() {
    const POINTS: u64 = 200;
    let (mut old, mut new) = (0, 0);
    let oauth = OAuth::start();
    let world = world(&oauth);
    let file = world.home().join(".qwen/oauth_creds.json");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    for point in 0..POINTS {
        fs::write(&file, session(&oauth, "https://old.example", 3600)).unwrap();
        let before = (oauth.count(Kind::Device), oauth.count(Kind::Poll));
        let mut server = start_sign_in(&mut world.terminal());
        oauth.wait_for(Kind::Device, before.0 + 1);
        oauth.approve();
        oauth.wait_for(Kind::Poll, before.1 + 1);
        // Not to wait for anything: this is the moment that is tried.
        thread::sleep(Duration::from_micros((point * 7919) % 24000));
        server.kill().unwrap();
        server.wait().unwrap();
        let stored: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).expect("a whole file");
        assert!(stored["access_token"].is_string() && stored["refresh_token"].is_string(), "point {point}: {stored}");
        if stored["access_token"] == "canary-given" {
            old += 1;
        } else {
            new += 1;
        }
        // The next sign-in must not wait ten seconds for a lock whose owner was killed.
        let _ = fs::remove_file(file.with_file_name("oauth_creds.lock"));
    }
    assert!(old > 0 && new > 0, "the points are all on one side: {old} old, {new} new");
}
