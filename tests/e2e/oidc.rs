//! Qwen OAuth against a real authorization server: `oidc-provider`, a certified one, that `tests/run` installs.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use oauth2::PkceCodeVerifier;
use qwen_language_server::auth::oauth::Service;
use qwen_language_server::auth::reply::Reply;
use qwen_language_server::auth::{Error, TokenStore};
use qwen_language_server::env::Environment;
use qwen_language_server::http::Http;
use serde_json::{Value, json};

use crate::oauth::{expect_end, open, sign_in};
use crate::signin::environment;
use crate::support::editor::Editor;
use crate::support::world::World;

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The running server. It ends with its stdin.
struct Oidc {
    process: Child,
    url: String,
    home: tempfile::TempDir,
    client: reqwest::Client,
}

impl Oidc {
    /// One whose device codes live that many seconds.
    fn start(lifetime: u32) -> Self {
        let folder = cache().join("oidc");
        assert!(
            folder.join("installed.json").is_file(),
            "oidc-provider is not in {}; `tests/run rust` installs it (or tests/install/oidc.sh)",
            folder.display()
        );
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/oidc/provider.mjs");
        let mut process = Command::new("node")
            .args([program, folder, lifetime.to_string().into()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node 20 or later is needed; `tests/run rust` says so");
        let mut url = String::new();
        let stdout = process.stdout.take().expect("stdout is a pipe");
        BufReader::new(stdout).read_line(&mut url).expect("it prints its address");
        assert!(url.starts_with("http://127.0.0.1:"), "the provider did not start: {url:?}");
        let home = tempfile::tempdir().expect("a temporary directory");
        let client = Http::default().client(&Environment::default()).expect("a client").clone();
        Self { process, url: url.trim().to_owned(), home, client }
    }

    fn environment(&self) -> Environment {
        environment(self.home.path(), &self.url, &[])
    }

    fn store(&self) -> TokenStore {
        TokenStore::in_file(&self.environment()).expect("a home is set")
    }

    /// The user at the sign-in page.
    async fn decide(&self, user_code: &str, approve: bool) {
        let body = format!("user_code={user_code}&approve={}", if approve { "yes" } else { "no" });
        let reply = self.client.post(format!("{}/decide", self.url)).body(body).send().await.unwrap();
        assert_eq!(reply.status(), 200);
    }

    /// How often something was granted or refused.
    async fn count(&self, what: &str) -> u64 {
        let reply = self.client.get(format!("{}/counts", self.url)).send().await.unwrap();
        let counts: Value = serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap();
        counts[what].as_u64().unwrap_or(0)
    }

    /// A session, approved by the user.
    async fn signed_in(&self) -> TokenStore {
        let store = self.store();
        let sign_in = store.sign_in(&self.client).await.unwrap();
        self.decide(&sign_in.authorization.user_code, true).await;
        sign_in.finish().await.unwrap();
        store
    }

    fn stored(&self) -> Value {
        let text = std::fs::read_to_string(self.home.path().join(".qwen/oauth_creds.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Changes a member of the stored session.
    fn change(&self, name: &str, value: Value) {
        let mut session = self.stored();
        session[name] = value;
        std::fs::write(self.home.path().join(".qwen/oauth_creds.json"), session.to_string()).unwrap();
    }
}

impl Drop for Oidc {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where `tests/run` installs what the tests need.
fn cache() -> PathBuf {
    let home = || Path::new(&std::env::var_os("HOME").unwrap_or_default()).join(".cache/qwen-language-server-tests");
    std::env::var_os("QWEN_TEST_CACHE").map_or_else(home, PathBuf::from)
}

#[tokio::test]
async fn a_sign_in_is_granted_and_stored() {
    let oidc = Oidc::start(600);
    oidc.signed_in().await;
    assert_eq!(oidc.count(&format!("granted {DEVICE_GRANT}")).await, 1);
    let stored = oidc.stored();
    let mut names: Vec<_> = stored.as_object().unwrap().keys().cloned().collect();
    names.sort();
    assert_eq!(names, ["access_token", "expiry_date", "refresh_token", "token_type"]);
}

#[tokio::test]
async fn a_wrong_verifier_is_refused() {
    let oidc = Oidc::start(600);
    let service = Service::of(&oidc.environment()).unwrap();
    let (device, verifier) = service.authorize_device(&oidc.client).await.unwrap();
    oidc.decide(&device.user_code, true).await;
    let wrong = PkceCodeVerifier::new("a".repeat(43));
    let reply = service.poll(&oidc.client, &device.device_code, &wrong).await;
    assert!(matches!(reply, Reply::Expired), "{reply:?}");
    // The right one is still good: the refusal was about the verifier.
    let reply = service.poll(&oidc.client, &device.device_code, &verifier).await;
    assert!(matches!(reply, Reply::Granted(_)), "{reply:?}");
}

#[tokio::test]
async fn a_denial_ends_the_sign_in() {
    let oidc = Oidc::start(600);
    let sign_in = oidc.store().sign_in(&oidc.client).await.unwrap();
    oidc.decide(&sign_in.authorization.user_code, false).await;
    assert_eq!(sign_in.finish().await.unwrap_err(), Error::Denied);
}

#[tokio::test]
async fn a_code_that_nobody_approves_expires() {
    let oidc = Oidc::start(1);
    let sign_in = oidc.store().sign_in(&oidc.client).await.unwrap();
    assert!(matches!(sign_in.finish().await.unwrap_err(), Error::DeviceCodeExpired { .. }));
}

#[tokio::test]
async fn refresh_tokens_rotate_and_one_that_is_used_twice_ends_the_session() {
    let oidc = Oidc::start(600);
    let store = oidc.signed_in().await;
    let first = oidc.stored();
    let token = store.token(&oidc.client).await.unwrap();
    let token = store.refresh(&oidc.client, &token.access_token).await.unwrap();
    let second = oidc.stored();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    // Whoever has a copy of the old one uses it: the server revokes the whole session, and ours ends cleanly.
    oidc.change("refresh_token", first["refresh_token"].clone());
    assert_eq!(store.refresh(&oidc.client, &token.access_token).await.unwrap_err(), Error::SessionExpired);
    assert!(!oidc.home.path().join(".qwen/oauth_creds.json").exists());
    let service = Service::of(&oidc.environment()).unwrap();
    let newest = qwen_language_server::secret::Secret::new(second["refresh_token"].as_str().unwrap());
    assert_eq!(service.refresh(&oidc.client, &newest).await.unwrap_err(), Error::SessionExpired);
}

#[tokio::test]
async fn forty_requests_at_once_refresh_once_though_refresh_tokens_rotate() {
    let oidc = Oidc::start(600);
    oidc.signed_in().await;
    oidc.change("expiry_date", json!(1));
    // Two keepers, as two processes have it, with twenty requests each.
    let (one, other) = (oidc.store(), oidc.store());
    let requests = (0..40).map(|n| if n % 2 == 0 { one.token(&oidc.client) } else { other.token(&oidc.client) });
    let tokens = futures_util::future::join_all(requests).await;
    let first = tokens[0].as_ref().unwrap().access_token.expose();
    assert!(tokens.iter().all(|token| token.as_ref().unwrap().access_token.expose() == first));
    assert_eq!(oidc.count("granted refresh_token").await, 1);
    assert_eq!(oidc.count("refused refresh_token invalid_grant").await, 0);
    // The session lives on.
    let token = one.token(&oidc.client).await.unwrap();
    one.refresh(&oidc.client, &token.access_token).await.unwrap();
    assert_eq!(oidc.count("granted refresh_token").await, 2);
}

#[tokio::test]
async fn the_built_server_signs_in_through_an_editor() {
    let oidc = Oidc::start(600);
    let world = World::new()
        .empty_root("app")
        .env("QWEN_OAUTH_BASE_URL", oidc.url.as_str())
        .env("QWEN_LOG", "trace")
        .capabilities(json!({ "window": { "showDocument": { "support": true } } }));
    let mut editor: Editor = open(world);
    let pending = sign_in(&mut editor);
    let page = editor.expect_request("window/showDocument");
    let url = url::Url::parse(page.params["uri"].as_str().unwrap()).unwrap();
    editor.answer(page, json!({ "success": true }));
    let (_, user_code) = url.query_pairs().find(|(name, _)| name == "user_code").unwrap();
    oidc.decide(&user_code, true).await;
    assert_eq!(editor.response(pending)["state"], "signedIn");
    editor.expect_progress("sign-in");
    editor.expect_progress("sign-in");
    expect_end(&mut editor, "sign-in");
    let stored = std::fs::read_to_string(editor.world().home().join(".qwen/oauth_creds.json")).unwrap();
    let stored: Value = serde_json::from_str(&stored).unwrap();
    for name in ["access_token", "refresh_token"] {
        editor.add_canary(stored[name].as_str().unwrap());
    }
}
