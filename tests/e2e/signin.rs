//! Qwen OAuth through the library: sign-in, the stored session and its refresh, row by row of the compatibility table.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use qwen_language_server::auth::{DeviceAuthorization, Error, Hint, Keyring, Token, TokenStore};
use qwen_language_server::env::Environment;
use qwen_language_server::http::Http;
use serde_json::{Value, json};

use crate::support::oauth::{Answer, Kind, OAuth};

/// A home of its own, a sign-in service, and the store under test.
pub(crate) struct Stage {
    home: tempfile::TempDir,
    pub(crate) oauth: Arc<OAuth>,
    pub(crate) client: reqwest::Client,
    pub(crate) store: TokenStore,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let (home, oauth) = (tempfile::tempdir().expect("a temporary directory"), Arc::new(OAuth::start()));
        let env = environment(home.path(), &oauth.base_url(), &[]);
        let client = Http::default().client(&env).expect("a client").clone();
        let store = TokenStore::in_file(&env).expect("a home is set");
        Self { home, oauth, client, store }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    fn env(&self) -> Environment {
        environment(self.home.path(), &self.oauth.base_url(), &[])
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.home.path().join(".qwen/oauth_creds.json")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.home.path().join(".qwen/oauth_creds.lock")
    }

    /// Stores a session whose access token ends in that many seconds.
    pub(crate) fn given(&self, ends_in: i64) -> Value {
        let session = json!({
            "access_token": "canary-given",
            "refresh_token": self.oauth.issue_refresh_token(),
            "token_type": "Bearer",
            "resource_url": "portal.qwen.ai",
            "expiry_date": millis(SystemTime::now()).saturating_add_signed(ends_in * 1000),
        });
        self.write(&session.to_string());
        session
    }

    fn write(&self, text: &str) {
        fs::create_dir_all(self.home.path().join(".qwen")).expect("a directory");
        fs::write(self.file(), text).expect("a file");
    }

    pub(crate) fn stored(&self) -> Value {
        serde_json::from_str(&fs::read_to_string(self.file()).expect("a session is stored")).expect("it is JSON")
    }

    /// Lets everything else go on until that many requests have arrived.
    async fn arrived(&self, kind: Kind, count: usize) {
        let oauth = Arc::clone(&self.oauth);
        tokio::task::spawn_blocking(move || oauth.wait_for(kind, count)).await.expect("they arrive");
    }

    async fn token(&self) -> Result<Token, Error> {
        self.store.token(&self.client).await
    }

    /// Everything in the directory of the credential file.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.home.path().join(".qwen")).expect("a directory");
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
    }
}

pub(crate) fn environment(home: &Path, base_url: &str, more: &[(&str, &str)]) -> Environment {
    let home = home.to_str().expect("a temporary directory's name is text");
    [("HOME", home), ("USERPROFILE", home), ("LOCALAPPDATA", home), ("QWEN_OAUTH_BASE_URL", base_url)]
        .iter()
        .chain(more)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn millis(time: SystemTime) -> u64 {
    u64::try_from(time.duration_since(UNIX_EPOCH).expect("after 1970").as_millis())
        .expect("before the year 500 million")
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[tokio::test]
async fn o01_to_o05_the_device_flow_speaks_as_the_cli_does() {
    let stage = Stage::new();
    let sign_in = stage.store.sign_in(&stage.client).await.unwrap();
    let DeviceAuthorization { user_code, verification_uri, verification_uri_complete, expires_at } =
        sign_in.authorization.clone();
    let base = stage.oauth.base_url();
    assert_eq!(verification_uri, format!("{base}/authorize"));
    assert_eq!(
        verification_uri_complete.unwrap(),
        format!("{base}/authorize?user_code={user_code}&client=qwen-code"),
        "byte for byte"
    );
    assert!(expires_at > SystemTime::now() + Duration::from_secs(890));
    stage.oauth.approve();
    sign_in.finish().await.unwrap();

    let requests = stage.oauth.requests();
    let (device, poll) = (&requests[0], &requests[1]);
    assert_eq!(requests.len(), 2);
    assert_eq!((device.method.as_str(), device.path.as_str()), ("POST", "/api/v1/oauth2/device/code"));
    assert_eq!(device.names(), ["client_id", "scope", "code_challenge", "code_challenge_method"]);
    assert!(device.body.contains("scope=openid%20profile%20email%20model.completion&"), "{}", device.body);
    assert_eq!(poll.names(), ["grant_type", "client_id", "device_code", "code_verifier"]);
    assert_eq!(poll.field("client_id").unwrap(), "f0304373b74a44d2b584a3fb70ca9e56");
    assert_eq!(poll.field("code_verifier").unwrap().len(), 43);
    for request in &requests {
        assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
        assert_eq!(request.headers["accept"], "application/json");
    }
    let id = uuid::Uuid::parse_str(&device.headers["x-request-id"]).unwrap();
    assert_eq!(id.get_version_num(), 4);
    assert!(!poll.headers.contains_key("x-request-id"));
}

#[tokio::test]
async fn the_page_that_is_shown_approves_or_refuses_the_code_that_it_names() {
    for (answer, approved) in [("yes", true), ("no", false)] {
        let stage = Stage::new();
        let sign_in = stage.store.sign_in(&stage.client).await.unwrap();
        let DeviceAuthorization { user_code, verification_uri_complete, .. } = sign_in.authorization.clone();
        let page = stage.client.get(verification_uri_complete.unwrap()).send().await.unwrap().text().await.unwrap();
        assert!(page.contains(&user_code), "{page}");
        let form = format!("user_code={user_code}&approve={answer}");
        stage.client.post(format!("{}/decide", stage.oauth.base_url())).body(form).send().await.unwrap();
        assert_eq!(sign_in.finish().await.is_ok(), approved);
    }
}

#[tokio::test]
async fn another_client_and_scope_are_named_by_the_environment() {
    let stage = Stage::new();
    let own = [("QWEN_OAUTH_CLIENT_ID", "mine"), ("QWEN_OAUTH_SCOPE", "openid")];
    let env = environment(stage.home.path(), &stage.oauth.base_url(), &own);
    TokenStore::in_file(&env).unwrap().sign_in(&stage.client).await.unwrap();
    assert!(stage.oauth.requests()[0].body.starts_with("client_id=mine&scope=openid&code_challenge="));
}

#[tokio::test]
#[cfg(unix)]
async fn o19_o20_o21_a_sign_in_is_stored_for_this_user_alone() {
    let stage = Stage::new();
    stage.oauth.approve();
    let before = millis(SystemTime::now());
    let token = stage.store.sign_in(&stage.client).await.unwrap().finish().await.unwrap();
    assert_eq!(token.base_url.as_str(), "https://portal.qwen.ai/v1");
    let stored = stage.stored();
    let mut names: Vec<_> = stored.as_object().unwrap().keys().cloned().collect();
    names.sort();
    assert_eq!(names, ["access_token", "expiry_date", "refresh_token", "resource_url", "token_type"]);
    let lifetime = stored["expiry_date"].as_u64().unwrap() - before;
    assert!((21_600_000..21_660_000).contains(&lifetime), "{lifetime}");
    assert_eq!((mode(&stage.file()), mode(&stage.home.path().join(".qwen"))), (0o600, 0o700));
    assert_eq!(stage.names(), ["oauth_creds.json"]);
}

#[tokio::test]
async fn o09_o10_pending_in_all_its_forms_and_trouble_on_the_way_do_not_end_a_sign_in() {
    let stage = Stage::new();
    stage.oauth.set_device("interval", json!("0"));
    stage.oauth.approve();
    let pending = json!({ "access_token": null });
    stage.oauth.script(Kind::Poll, [Answer::json(200, &pending), Answer::html(502)]);
    stage.store.sign_in(&stage.client).await.unwrap().finish().await.unwrap();
    assert_eq!(stage.oauth.count(Kind::Poll), 3);
}

#[tokio::test]
async fn o11_to_o14_a_sign_in_ends_at_once_and_stores_nothing() {
    for (answer, error) in [
        (Answer::error(400, "access_denied"), Error::Denied),
        (Answer::error(400, "expired_token"), Error::DeviceCodeExpired { last: None }),
        (Answer::html(401), Error::DeviceCodeExpired { last: None }),
        (Answer::error(429, "too_many"), Error::RateLimited { host: "127.0.0.1".to_owned() }),
    ] {
        let stage = Stage::new();
        stage.oauth.script(Kind::Poll, [answer]);
        let sign_in = stage.store.sign_in(&stage.client).await.unwrap();
        assert_eq!(sign_in.finish().await.unwrap_err(), error);
        assert_eq!(stage.oauth.count(Kind::Poll), 1);
        assert_eq!(stage.store.peek(), Hint::Absent);
    }
}

#[tokio::test]
async fn o16_a_cancelled_sign_in_stores_nothing_and_asks_no_more() {
    let stage = Stage::new();
    let waiting = tokio::spawn(stage.store.sign_in(&stage.client).await.unwrap().finish());
    stage.arrived(Kind::Poll, 1).await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    stage.oauth.approve();
    assert_eq!(stage.store.peek(), Hint::Absent);
    assert_eq!(stage.oauth.count(Kind::Poll), 1);
}

#[tokio::test]
async fn o17_o18_a_web_page_in_place_of_an_answer_is_named_and_not_shown() {
    for status in [200, 403] {
        let stage = Stage::new();
        stage.oauth.script(Kind::Device, [Answer::html(status)]);
        let error = stage.store.sign_in(&stage.client).await.unwrap_err().to_string();
        assert!(error.contains(&format!("HTTP {status} with a web page")), "{error}");
        assert!(!error.contains("canary"), "{error}");
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let stage = Stage::new();
    let endless = Answer { status: 200, content_type: "application/json", body: "x".repeat(1_000_000) };
    stage.oauth.script(Kind::Device, [endless]);
    let error = stage.store.sign_in(&stage.client).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn h25_an_address_that_is_no_web_page_is_not_handed_on() {
    for uri in ["file:///etc/passwd", "http://chat.example/authorize", "https://chat.example/\u{1b}]0;x"] {
        let stage = Stage::new();
        stage.oauth.set_device("verification_uri_complete", json!(uri));
        let error = stage.store.sign_in(&stage.client).await.unwrap_err();
        assert!(matches!(error, Error::SignInUnavailable { .. }), "{uri}: {error}");
    }
}

#[tokio::test]
async fn a_second_sign_in_takes_the_place_of_the_first() {
    let stage = Stage::new();
    let first = stage.store.sign_in(&stage.client).await.unwrap();
    let first = tokio::spawn(first.finish());
    let second = stage.store.sign_in(&stage.client).await.unwrap();
    assert_eq!(first.await.unwrap().unwrap_err(), Error::TakenOver);
    stage.oauth.approve();
    second.finish().await.unwrap();
    assert!(matches!(stage.store.peek(), Hint::Usable { .. }));
}

#[tokio::test]
async fn o22_o24_a_token_that_is_good_is_used_without_asking() {
    for ends_in in [31 + 5, 3600] {
        let stage = Stage::new();
        stage.given(ends_in);
        assert_eq!(stage.token().await.unwrap().access_token.expose(), "canary-given");
        assert_eq!(stage.oauth.requests().len(), 0);
    }
}

#[tokio::test]
#[cfg(unix)]
async fn o23_o36_a_token_with_29_seconds_left_is_renewed_and_stored_as_the_cli_does() {
    let stage = Stage::new();
    let given = stage.given(29);
    let token = stage.token().await.unwrap();
    let request = &stage.oauth.requests()[0];
    assert_eq!(request.names(), ["grant_type", "refresh_token", "client_id"]);
    assert_eq!(request.field("refresh_token").as_deref(), given["refresh_token"].as_str());
    assert!(!request.headers.contains_key("x-request-id"));
    assert_eq!(stage.stored()["access_token"], token.access_token.expose());
    let text = fs::read_to_string(stage.file()).unwrap();
    let at = |name: &str| text.find(name).unwrap();
    let places = ["access_token", "token_type", "refresh_token", "resource_url", "expiry_date"].map(at);
    assert!(places.is_sorted(), "{text}");
    assert_eq!((mode(&stage.file()), stage.names()), (0o600, vec!["oauth_creds.json".to_owned()]));
}

#[tokio::test]
async fn o25_a_session_that_cannot_be_renewed_is_used_until_it_ends() {
    let stage = Stage::new();
    let with = |ends_in: u64| {
        let ends = millis(SystemTime::now()) + ends_in * 1000;
        stage.write(&json!({ "access_token": "canary", "expiry_date": ends }).to_string());
    };
    with(20);
    assert_eq!(stage.token().await.unwrap().access_token.expose(), "canary");
    with(0);
    assert_eq!(stage.store.peek(), Hint::Expired { renewable: false });
    assert_eq!(stage.token().await.unwrap_err(), Error::SessionExpired);
}

#[tokio::test]
async fn o26_a_date_in_seconds_is_a_date_long_past() {
    let stage = Stage::new();
    let mut session = stage.given(3600);
    session["expiry_date"] = json!(session["expiry_date"].as_u64().unwrap() / 1000);
    stage.write(&session.to_string());
    stage.token().await.unwrap();
    assert_eq!(stage.oauth.count(Kind::Refresh), 1);
}

#[tokio::test]
async fn o27_what_is_not_json_counts_as_no_session_and_stays() {
    let stage = Stage::new();
    stage.write("{\"access_token\": \"canary");
    assert!(matches!(stage.store.peek(), Hint::Unreadable(Error::Malformed { .. })));
    let error = stage.token().await.unwrap_err().to_string();
    assert!(error.contains("oauth_creds.json") && !error.contains("canary"), "{error}");
    assert!(stage.file().exists());
}

#[tokio::test]
async fn o28_o29_o30_what_a_refresh_does_not_name_is_kept() {
    let stage = Stage::new();
    let mut session = stage.given(0);
    session["theirs"] = json!({ "x": 1 });
    stage.write(&session.to_string());
    stage.oauth.set_token("refresh_token", Value::Null);
    stage.oauth.set_token("resource_url", Value::Null);
    assert_eq!(stage.token().await.unwrap().base_url.as_str(), "https://portal.qwen.ai/v1");
    let stored = stage.stored();
    assert_ne!(stored["access_token"], session["access_token"]);
    for name in ["refresh_token", "resource_url", "theirs"] {
        assert_eq!(stored[name], session[name], "{name}");
    }
}

#[tokio::test]
async fn o31_o32_a_refused_refresh_token_ends_the_session() {
    for status in [400, 401] {
        let stage = Stage::new();
        stage.given(0);
        stage.oauth.script(Kind::Refresh, [Answer::error(status, "invalid_request")]);
        assert_eq!(stage.token().await.unwrap_err(), Error::SessionExpired);
        assert_eq!(stage.names(), Vec::<String>::new(), "{status}");
        assert!(matches!(stage.token().await.unwrap_err(), Error::NotSignedIn { .. }));
    }
}

#[tokio::test]
async fn o33_o34_trouble_at_the_service_is_temporary_and_deletes_nothing() {
    for answer in
        [Answer::error(500, "invalid_grant"), Answer::html(200), Answer::html(403), Answer::error(429, "slow_down")]
    {
        let stage = Stage::new();
        let session = stage.given(0);
        stage.oauth.script(Kind::Refresh, [answer]);
        let error = stage.token().await.unwrap_err().to_string();
        assert!(error.contains("temporary") && !error.contains("canary"), "{error}");
        assert_eq!(stage.stored(), session);
        assert_eq!(stage.names(), ["oauth_creds.json"]);
    }
}

#[tokio::test]
async fn o35_a_service_that_cannot_be_reached_deletes_nothing() {
    let stage = Stage::new();
    let session = stage.given(0);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let env = environment(stage.home.path(), &format!("http://{nobody}"), &[]);
    let error = TokenStore::in_file(&env).unwrap().token(&stage.client).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert_eq!(stage.stored(), session);
}

#[tokio::test]
async fn o37_stores_that_share_a_file_refresh_once() {
    let stage = Stage::new();
    stage.given(0);
    // As two processes have it: nothing in common but the disk.
    let other = TokenStore::in_file(&stage.env()).unwrap();
    let (one, other) = tokio::join!(stage.token(), other.token(&stage.client));
    assert_eq!(one.unwrap().access_token.expose(), other.unwrap().access_token.expose());
    assert_eq!((stage.oauth.count(Kind::Refresh), stage.oauth.reused()), (1, 0));
}

#[tokio::test]
async fn forty_requests_at_once_refresh_once() {
    let stage = Stage::new();
    stage.given(0);
    let tokens = futures_util::future::join_all((0..40).map(|_| stage.token())).await;
    let first = tokens[0].as_ref().unwrap().access_token.expose();
    assert!(tokens.iter().all(|token| token.as_ref().unwrap().access_token.expose() == first));
    assert_eq!(stage.oauth.count(Kind::Refresh), 1);
}

#[tokio::test]
async fn forty_requests_at_once_bother_a_service_in_trouble_once() {
    let stage = Stage::new();
    stage.given(0);
    stage.oauth.script(Kind::Refresh, [Answer::html(500)]);
    let tokens = futures_util::future::join_all((0..40).map(|_| stage.token())).await;
    assert!(tokens.iter().all(|token| matches!(token, Err(Error::RefreshUnavailable { .. }))));
    assert_eq!(stage.oauth.count(Kind::Refresh), 1);
}

#[tokio::test]
async fn a_cancelled_request_does_not_lose_the_rotated_refresh_token() {
    let stage = Stage::new();
    let given = stage.given(0);
    stage.oauth.hold_refreshes();
    {
        let token = stage.token();
        tokio::pin!(token);
        // Dropped as soon as the service has the refresh token.
        tokio::select! {
            _ = &mut token => panic!("the service holds its answer"),
            () = stage.arrived(Kind::Refresh, 1) => {}
        }
    }
    stage.oauth.release();
    let token = stage.token().await.unwrap();
    assert_eq!((stage.oauth.count(Kind::Refresh), stage.oauth.reused()), (1, 0));
    assert_eq!(stage.stored()["access_token"], token.access_token.expose());
    assert_ne!(stage.stored()["refresh_token"], given["refresh_token"]);
}

#[tokio::test]
async fn o39_a_fresh_lock_that_nobody_releases_is_waited_for_until_it_is_stale() {
    let stage = Stage::new();
    stage.given(0);
    fs::write(stage.lock(), "theirs").unwrap();
    let almost_stale = SystemTime::now() - Duration::from_millis(9_800);
    fs::File::options().write(true).open(stage.lock()).unwrap().set_modified(almost_stale).unwrap();
    stage.token().await.unwrap();
    assert!(SystemTime::now().duration_since(almost_stale).unwrap() > Duration::from_secs(10));
    assert_eq!(stage.names(), ["oauth_creds.json"]);
}

#[tokio::test(start_paused = true)]
async fn o40_o41_a_lock_kept_by_another_is_given_up_and_left_there() {
    let stage = Stage::new();
    let session = stage.given(0);
    fs::write(stage.lock(), "theirs").unwrap();
    let error = stage.token().await.unwrap_err();
    assert!(matches!(error, Error::Lock(_)) && error.to_string().contains("oauth_creds.lock"), "{error}");
    assert_eq!((stage.stored(), fs::read_to_string(stage.lock()).unwrap()), (session, "theirs".to_owned()));
}

#[tokio::test]
async fn o42_a_lock_that_is_deleted_or_replaced_under_us_does_not_end_the_refresh() {
    for theirs in [None, Some("theirs")] {
        let stage = Stage::new();
        stage.given(0);
        stage.oauth.hold_refreshes();
        let token = stage.token();
        tokio::pin!(token);
        tokio::select! {
            _ = &mut token => panic!("the service holds its answer"),
            () = stage.arrived(Kind::Refresh, 1) => {}
        }
        fs::remove_file(stage.lock()).unwrap();
        if let Some(theirs) = theirs {
            fs::write(stage.lock(), theirs).unwrap();
        }
        stage.oauth.release();
        token.await.unwrap();
        assert_eq!(fs::read_to_string(stage.lock()).ok().as_deref(), theirs);
    }
}

#[tokio::test]
async fn o42_a_session_that_came_during_a_refresh_is_not_overwritten() {
    let stage = Stage::new();
    stage.given(0);
    stage.oauth.hold_refreshes();
    let token = stage.token();
    tokio::pin!(token);
    tokio::select! {
        _ = &mut token => panic!("the service holds its answer"),
        () = stage.arrived(Kind::Refresh, 1) => {}
    }
    let mut theirs = stage.given(3600);
    theirs["access_token"] = json!("canary-theirs");
    stage.write(&theirs.to_string());
    stage.oauth.release();
    assert_eq!(token.await.unwrap().access_token.expose(), "canary-theirs");
    assert_eq!(stage.stored(), theirs);
}

#[tokio::test]
async fn a_refused_refresh_token_does_not_cost_a_session_that_came_meanwhile() {
    let stage = Stage::new();
    stage.given(0);
    stage.oauth.hold_refreshes();
    stage.oauth.script(Kind::Refresh, [Answer::error(400, "invalid_grant")]);
    let token = stage.token();
    tokio::pin!(token);
    tokio::select! {
        _ = &mut token => panic!("the service holds its answer"),
        () = stage.arrived(Kind::Refresh, 1) => {}
    }
    let mut theirs = stage.given(0);
    theirs["access_token"] = json!("canary-theirs");
    stage.write(&theirs.to_string());
    stage.oauth.release();
    assert_eq!(token.await.unwrap_err(), Error::SessionExpired);
    assert_eq!(stage.stored(), theirs);
}

/// What a writer leaves that is killed between writing a session and putting it in place.
fn leave(stage: &Stage, text: &str, age: Duration) {
    let path = stage.file().with_file_name("oauth_creds.json.0123456789ab.tmp");
    fs::write(&path, text).expect("a file");
    make_older(&path, age);
}

fn make_older(path: &Path, age: Duration) {
    let file = fs::File::options().write(true).open(path).expect("it is there");
    file.set_modified(SystemTime::now() - age).expect("a time can be set");
}

#[tokio::test]
async fn a_session_that_a_killed_writer_had_wholly_written_is_put_in_place() {
    let stage = Stage::new();
    let mut newer = stage.given(3600);
    newer["access_token"] = json!("canary-newer");
    // The refresh token in the file is used up: the killed writer had traded it in.
    let mut older = newer.clone();
    older["refresh_token"] = json!("canary-used-up");
    older["expiry_date"] = json!(1);
    stage.write(&older.to_string());
    make_older(&stage.file(), Duration::from_secs(20));
    leave(&stage, &newer.to_string(), Duration::from_secs(10));
    assert_eq!(stage.token().await.unwrap().access_token.expose(), "canary-newer");
    assert_eq!((stage.oauth.requests().len(), stage.stored()), (0, newer));
}

#[tokio::test]
async fn half_a_session_and_one_from_before_the_stored_one_are_passed_over() {
    for (text, left_before) in [("{\"access_token\": \"canary-half", 10), ("{\"access_token\": \"canary-old\"}", 30)] {
        let stage = Stage::new();
        stage.given(0);
        make_older(&stage.file(), Duration::from_secs(20));
        leave(&stage, text, Duration::from_secs(left_before));
        let token = stage.token().await.unwrap();
        assert_eq!(
            (stage.oauth.count(Kind::Refresh), &stage.stored()["access_token"]),
            (1, &json!(token.access_token.expose()))
        );
    }
}

#[tokio::test]
async fn a_sign_out_deletes_what_killed_writers_left_too() {
    let stage = Stage::new();
    stage.given(3600);
    leave(&stage, "canary", Duration::ZERO);
    stage.store.sign_out().await.unwrap();
    assert_eq!(stage.names(), Vec::<String>::new());
}

#[tokio::test]
async fn o43_o44_what_the_cli_writes_or_deletes_counts_from_the_next_request() {
    let stage = Stage::new();
    stage.given(3600);
    stage.token().await.unwrap();
    let mut theirs = stage.given(3600);
    theirs["access_token"] = json!("canary-theirs");
    stage.write(&theirs.to_string());
    assert_eq!(stage.token().await.unwrap().access_token.expose(), "canary-theirs");
    fs::remove_file(stage.file()).unwrap();
    assert!(matches!(stage.token().await.unwrap_err(), Error::NotSignedIn { .. }));
}

#[tokio::test]
async fn o45_a_refused_token_is_renewed_unless_somebody_has_done_so() {
    let stage = Stage::new();
    stage.given(3600);
    let refused = stage.token().await.unwrap().access_token;
    let fresh = stage.store.refresh(&stage.client, &refused).await.unwrap();
    let again = stage.store.refresh(&stage.client, &refused).await.unwrap();
    assert_eq!(again.access_token.expose(), fresh.access_token.expose());
    assert_eq!(stage.oauth.count(Kind::Refresh), 1);
}

#[tokio::test]
async fn o52_a_token_is_not_sent_over_plain_http() {
    let stage = Stage::new();
    let mut session = stage.given(3600);
    session["resource_url"] = json!("http://portal.qwen.ai");
    stage.write(&session.to_string());
    assert!(matches!(stage.token().await.unwrap_err(), Error::BadResourceUrl { .. }));
}

#[tokio::test]
async fn o56_o57_qwen_home_is_where_the_session_is() {
    let stage = Stage::new();
    for (qwen_home, dir) in [(stage.home.path().join("x").to_str().unwrap(), "x"), ("~/q", "q")] {
        let env = environment(stage.home.path(), &stage.oauth.base_url(), &[("QWEN_HOME", qwen_home)]);
        stage.oauth.approve();
        let store = TokenStore::in_file(&env).unwrap();
        store.sign_in(&stage.client).await.unwrap().finish().await.unwrap();
        assert!(stage.home.path().join(dir).join("oauth_creds.json").is_file());
    }
    assert!(!stage.file().exists());
}

#[tokio::test]
#[cfg(unix)]
async fn o58_a_symlink_is_replaced_and_its_target_left_alone() {
    let stage = Stage::new();
    stage.given(0);
    let target = stage.home.path().join("target");
    fs::rename(stage.file(), &target).unwrap();
    std::os::unix::fs::symlink(&target, stage.file()).unwrap();
    let before = fs::read(&target).unwrap();
    stage.token().await.unwrap();
    assert!(fs::symlink_metadata(stage.file()).unwrap().is_file());
    assert_eq!(fs::read(&target).unwrap(), before);
}

#[tokio::test]
async fn o59_a_session_that_cannot_be_stored_lives_in_memory_and_says_so() {
    let stage = Stage::new();
    stage.oauth.approve();
    stage.oauth.set_token("expires_in", json!(40));
    // A file where the directory should be: nobody, root included, can write below it.
    fs::write(stage.home.path().join(".qwen"), "").unwrap();
    let token = stage.store.sign_in(&stage.client).await.unwrap().finish().await.unwrap();
    let why = stage.store.unsaved().unwrap().to_string();
    assert!(why.contains("oauth_creds.json") && why.contains("memory"), "{why}");
    assert_eq!(stage.token().await.unwrap().access_token.expose(), token.access_token.expose());
    // It can be renewed too, without a lock: nobody else has it.
    let renewed = stage.store.refresh(&stage.client, &token.access_token).await.unwrap();
    assert_eq!(stage.token().await.unwrap().access_token.expose(), renewed.access_token.expose());
}

#[tokio::test]
async fn a_sign_out_deletes_the_session_and_ends_a_sign_in_under_way() {
    let stage = Stage::new();
    stage.given(3600);
    let waiting = tokio::spawn(stage.store.sign_in(&stage.client).await.unwrap().finish());
    let done = stage.store.sign_out().await.unwrap();
    assert!(done.was_signed_in && done.place.ends_with("oauth_creds.json"));
    assert_eq!(waiting.await.unwrap().unwrap_err(), Error::TakenOver);
    assert_eq!(stage.store.peek(), Hint::Absent);
    assert!(!stage.store.sign_out().await.unwrap().was_signed_in);
}

#[tokio::test]
async fn a_sign_out_during_a_refresh_stays_signed_out() {
    let stage = Stage::new();
    stage.given(0);
    stage.oauth.hold_refreshes();
    let token = stage.token();
    tokio::pin!(token);
    tokio::select! {
        _ = &mut token => panic!("the service holds its answer"),
        () = stage.arrived(Kind::Refresh, 1) => {}
    }
    fs::remove_file(stage.file()).unwrap();
    stage.oauth.release();
    assert!(matches!(token.await.unwrap_err(), Error::NotSignedIn { .. }));
    assert!(!stage.file().exists());
}

#[tokio::test]
async fn a_session_moves_into_the_keyring_and_back_and_loses_nothing() {
    let stage = Stage::new();
    let mut session = stage.given(3600);
    session["theirs"] = json!({ "x": 1 });
    stage.write(&session.to_string());
    let mock = keyring::mock::Store::new().unwrap();
    let keyring = TokenStore::in_keyring(&stage.env(), Keyring::of(move || Ok(mock.clone()))).unwrap();

    assert!(stage.store.move_to(&keyring).await.unwrap());
    assert!(!stage.file().exists());
    assert_eq!(keyring.peek(), Hint::InKeyring);
    assert!(matches!(keyring.look().await, Hint::Usable { .. }));
    assert_eq!(keyring.token(&stage.client).await.unwrap().access_token.expose(), "canary-given");

    assert!(keyring.move_to(&stage.store).await.unwrap());
    assert_eq!(stage.stored(), session);
    assert_eq!(keyring.look().await, Hint::Absent);
}

#[tokio::test]
async fn a_session_is_not_moved_over_another() {
    let stage = Stage::new();
    stage.given(3600);
    let mock = keyring::mock::Store::new().unwrap();
    let keyring = TokenStore::in_keyring(&stage.env(), Keyring::of(move || Ok(mock.clone()))).unwrap();
    stage.oauth.approve();
    keyring.sign_in(&stage.client).await.unwrap().finish().await.unwrap();
    assert!(!stage.store.move_to(&keyring).await.unwrap());
    assert!(stage.file().exists() && matches!(keyring.look().await, Hint::Usable { .. }));
}

#[tokio::test]
async fn a_session_in_the_keyring_is_renewed_there() {
    let stage = Stage::new();
    let mock = keyring::mock::Store::new().unwrap();
    let keyring = TokenStore::in_keyring(&stage.env(), Keyring::of(move || Ok(mock.clone()))).unwrap();
    stage.oauth.approve();
    let token = keyring.sign_in(&stage.client).await.unwrap().finish().await.unwrap();
    let renewed = keyring.refresh(&stage.client, &token.access_token).await.unwrap();
    assert_eq!(keyring.token(&stage.client).await.unwrap().access_token.expose(), renewed.access_token.expose());
    assert!(!stage.file().exists());
}
