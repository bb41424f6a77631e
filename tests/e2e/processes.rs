//! Many processes and one session: who refreshes, and what is left when one is killed.
//!
//! The processes are this test program, started again for its one test [`child`].
#![expect(clippy::print_stdout, reason = "it is how a process here tells its token, and how the table is shown")]

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};
use std::{env, fs, thread};

use qwen_language_server::auth::{Error, TokenStore};
use qwen_language_server::http::Http;
use qwen_language_server::secret::Secret;

use crate::signin::{Stage, environment};
use crate::support::oauth::Kind;

/// What a started process does with the session; nothing when it is run as a test among others.
#[tokio::test]
async fn child() {
    let (Ok(home), Ok(base_url)) = (env::var("CHILD_HOME"), env::var("CHILD_BASE_URL")) else { return };
    let environment = environment(home.as_ref(), &base_url, &[]);
    let (store, http) = (TokenStore::in_file(&environment).unwrap(), Http::default());
    let client = http.client(&environment).unwrap();
    match env::var("CHILD_DOES").unwrap().as_str() {
        "use" => println!("token {}", store.token(client).await.unwrap().access_token.expose()),
        _ => loop {
            let token = store.token(client).await.unwrap();
            store.refresh(client, &token.access_token).await.unwrap();
        },
    }
}

fn start(stage: &Stage, does: &str) -> Child {
    Command::new(env::current_exe().expect("this program has a path"))
        .args(["--exact", "processes::child", "--nocapture"])
        .env("CHILD_HOME", stage.home())
        .env("CHILD_BASE_URL", stage.oauth.base_url())
        .env("CHILD_DOES", does)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("this program can be started again")
}

/// The line in which a process told its token.
fn token(child: Child) -> String {
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("it writes text");
    text.lines().find(|line| line.starts_with("token ")).unwrap_or_default().to_owned()
}

#[test]
fn o37_o38_thirty_two_processes_with_one_expired_token_refresh_once() {
    for orphaned_lock in [false, true] {
        let stage = Stage::new();
        stage.given(0);
        if orphaned_lock {
            fs::write(stage.lock(), "dead").unwrap();
            let died = SystemTime::now() - Duration::from_secs(11);
            fs::File::options().write(true).open(stage.lock()).unwrap().set_modified(died).unwrap();
        }
        let children: Vec<_> = (0..32).map(|_| start(&stage, "use")).collect();
        let tokens: Vec<_> = children.into_iter().map(token).collect();
        assert!(
            tokens.iter().all(|token| token.starts_with("token canary-access-") && *token == tokens[0]),
            "{tokens:?}"
        );
        assert_eq!((stage.oauth.count(Kind::Refresh), stage.oauth.reused()), (1, 0));
        assert_eq!(stage.names(), ["oauth_creds.json"]);
    }
}

/// Kills a process that does nothing but refresh, at points from the service's having the refresh token to well past
/// the new session's being stored.
#[tokio::test]
async fn a_process_killed_at_any_moment_leaves_a_whole_session() {
    const POINTS: u64 = 200;
    let mut table = BTreeMap::<&str, usize>::new();
    for point in 0..POINTS {
        // A service of its own: a killed process's last request may arrive after everything else, and would end the
        // next point's session as one that is used twice.
        let stage = Stage::new();
        stage.given(3600);
        let mut child = start(&stage, "refresh for ever");
        stage.oauth.wait_for(Kind::Refresh, stage.oauth.count(Kind::Refresh) + 1);
        // Not to wait for anything: this is the moment that is tried.
        thread::sleep(Duration::from_micros((point * 7919) % 6000));
        child.kill().unwrap();
        child.wait().unwrap();
        let stored = stage.stored();
        assert!(stored["access_token"].is_string() && stored["refresh_token"].is_string(), "point {point}: {stored}");

        // The lock's own tests wait for its ten seconds.
        let _ = fs::remove_file(stage.lock());
        let access_token = Secret::new(stored["access_token"].as_str().unwrap());
        let outcome = match stage.store.refresh(&stage.client, &access_token).await {
            Ok(_) => "goes on",
            // The service had traded the refresh token in, and its answer was not on the disk yet. The protocol gives a
            // client no way back.
            Err(Error::SessionExpired) => "signs in again",
            Err(other) => panic!("point {point}: {other}"),
        };
        *table.entry(outcome).or_default() += 1;
    }
    println!("{POINTS} points tried, broken files 0: {table:?}");
}
