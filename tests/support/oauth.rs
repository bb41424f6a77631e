//! A stand-in for the sign-in service: device codes, approval, tokens that rotate, on loopback.
//!
//! It behaves as the real one is known to, and is stricter where a standard is: a code verifier must match its
//! challenge (RFC 7636 §4.6), and a refresh token that is used twice ends the session. Answers can be scripted, and go
//! before its own.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use oauth2::{PkceCodeChallenge, PkceCodeVerifier};
use serde_json::{Value, json};

/// The service. It ends when it is dropped.
pub struct OAuth {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// The three requests that it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Device authorization.
    Device,
    /// Token, by device code.
    Poll,
    /// Token, by refresh token.
    Refresh,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub kind: Kind,
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    /// Not decoded.
    pub body: String,
}

/// A scripted answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
}

#[derive(Default)]
struct State {
    /// Members that replace those of its own answers; null removes one.
    device_members: Vec<(&'static str, Value)>,
    token_members: Vec<(&'static str, Value)>,
    scripts: HashMap<&'static str, VecDeque<Answer>>,
    codes: HashMap<String, Code>,
    decision: Option<bool>,
    live: HashSet<String>,
    used: HashSet<String>,
    reused: usize,
    issued: usize,
    held: bool,
    requests: Vec<Request>,
    ended: bool,
}

struct Code {
    challenge: String,
    shown: String,
    decision: Option<bool>,
}

impl Answer {
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, content_type: "application/json", body: body.to_string() }
    }

    /// An OAuth error such as `slow_down`.
    pub fn error(status: u16, error: &str) -> Self {
        Self::json(status, &json!({ "error": error }))
    }

    /// What a firewall sends, reflecting something that must not be shown.
    pub fn html(status: u16) -> Self {
        Self {
            status,
            content_type: "text/html",
            body: "<html><body>blocked: canary-reflected</body></html>".to_owned(),
        }
    }
}

impl Request {
    /// A field of the form, decoded.
    pub fn field(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.body.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The form's names, in the order sent.
    pub fn names(&self) -> Vec<String> {
        url::form_urlencoded::parse(self.body.as_bytes()).map(|(name, _)| name.into_owned()).collect()
    }
}

impl OAuth {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if serving.state().ended {
                    return;
                }
                let shared = Arc::clone(&serving);
                // A client that hangs up in the middle is a client's matter.
                thread::spawn(move || shared.serve(&stream, address));
            }
        });
        Self { address, shared }
    }

    /// What `QWEN_OAUTH_BASE_URL` is set to.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The user approves: every code that waits, and every later one.
    pub fn approve(&self) {
        self.decide(true);
    }

    /// The user refuses.
    pub fn deny(&self) {
        self.decide(false);
    }

    /// The next requests of that kind get these answers.
    pub fn script(&self, kind: Kind, answers: impl IntoIterator<Item = Answer>) {
        self.shared.state().scripts.entry(kind.name()).or_default().extend(answers);
    }

    /// Device authorizations answer with this member, such as `interval`; null leaves it out.
    pub fn set_device(&self, name: &'static str, value: Value) {
        self.shared.state().device_members.push((name, value));
    }

    /// Token answers carry this member, such as `expires_in`; null leaves it out.
    pub fn set_token(&self, name: &'static str, value: Value) {
        self.shared.state().token_members.push((name, value));
    }

    /// A refresh token that is good for one refresh.
    pub fn issue_refresh_token(&self) -> String {
        let mut state = self.shared.state();
        state.issued += 1;
        let token = format!("canary-refresh-{}", state.issued);
        state.live.insert(token.clone());
        token
    }

    /// Refreshes get no answer until [`release`](Self::release).
    pub fn hold_refreshes(&self) {
        self.shared.state().held = true;
    }

    pub fn release(&self) {
        self.shared.state().held = false;
        self.shared.changed.notify_all();
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.state().requests.clone()
    }

    pub fn count(&self, kind: Kind) -> usize {
        self.shared.state().count(kind)
    }

    /// How often a refresh token came a second time.
    pub fn reused(&self) -> usize {
        self.shared.state().reused
    }

    /// Waits until there have been that many requests of a kind.
    pub fn wait_for(&self, kind: Kind, count: usize) {
        let (state, limit) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.state(), Duration::from_secs(30), |state| state.count(kind) < count)
            .expect("no test panics while it holds the state");
        assert!(!limit.timed_out(), "only {} {kind:?} requests of {count} came", state.count(kind));
    }

    fn decide(&self, approved: bool) {
        let mut state = self.shared.state();
        state.decision = Some(approved);
        state.codes.values_mut().for_each(|code| code.decision = Some(approved));
    }
}

impl Drop for OAuth {
    fn drop(&mut self) {
        self.shared.state().ended = true;
        self.release();
        // Wakes the accept loop, so that it sees the end.
        let _ = TcpStream::connect(self.address);
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Poll => "poll",
            Self::Refresh => "refresh",
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds the state")
    }

    fn serve(&self, stream: &TcpStream, address: SocketAddr) -> Option<()> {
        let (method, target, headers, body) = read(stream)?;
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let grant_type = value(&body, "grant_type");
        let kind = match (path, grant_type.as_deref()) {
            ("/api/v1/oauth2/device/code", _) => Kind::Device,
            ("/api/v1/oauth2/token", Some("refresh_token")) => Kind::Refresh,
            ("/api/v1/oauth2/token", _) => Kind::Poll,
            _ => return write(stream, &self.page(path, query, &body)),
        };
        let mut state = self.state();
        state.requests.push(Request { kind, method, path: path.to_owned(), headers, body: body.clone() });
        self.changed.notify_all();
        while kind == Kind::Refresh && state.held && !state.ended {
            state = self.changed.wait(state).ok()?;
        }
        let scripted = state.scripts.get_mut(kind.name()).and_then(VecDeque::pop_front);
        let answer = scripted.unwrap_or_else(|| match kind {
            Kind::Device => state.device(address, &body),
            Kind::Poll => state.poll(&body),
            Kind::Refresh => state.refresh(&body),
        });
        drop(state);
        write(stream, &answer)
    }

    /// The page that the user's browser shows, and its two buttons.
    fn page(&self, path: &str, query: &str, body: &str) -> Answer {
        let html = |status, text: &str| Answer {
            status,
            content_type: "text/html; charset=utf-8",
            body: format!("<!doctype html><meta charset=utf-8><title>Sign in</title><body>{text}</body>"),
        };
        let user_code = value(query, "user_code").or_else(|| value(body, "user_code"));
        let mut state = self.state();
        let Some(code) = state.codes.values_mut().find(|code| Some(&code.shown) == user_code.as_ref()) else {
            return html(404, "This code is not known.");
        };
        match path {
            // The real page says this of a URL that was put together anew.
            "/authorize" if value(query, "client").is_none() => html(400, "user_code or client is null"),
            "/authorize" => html(
                200,
                &format!(
                    "<h1>{code}</h1><form method=post action=/decide><input type=hidden name=user_code value={code}>\
                     <button name=approve value=yes>Approve</button> <button name=approve value=no>Deny</button></form>",
                    code = code.shown
                ),
            ),
            "/decide" => {
                code.decision = Some(value(body, "approve").as_deref() == Some("yes"));
                html(200, "Done. You can go back to your editor.")
            }
            _ => html(404, "Nothing here."),
        }
    }
}

impl State {
    fn count(&self, kind: Kind) -> usize {
        self.requests.iter().filter(|request| request.kind == kind).count()
    }

    fn device(&mut self, address: SocketAddr, body: &str) -> Answer {
        let (Some(challenge), Some("S256")) =
            (value(body, "code_challenge"), value(body, "code_challenge_method").as_deref())
        else {
            return Answer::error(400, "invalid_request");
        };
        self.issued += 1;
        let (device_code, user_code) = (format!("canary-device-{}", self.issued), format!("CODE-{}", self.issued));
        let page = format!("http://{address}/authorize");
        let answer = json!({
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": page,
            "verification_uri_complete": format!("{page}?user_code={user_code}&client=qwen-code"),
            "expires_in": 900,
        });
        self.codes.insert(device_code, Code { challenge, shown: user_code, decision: self.decision });
        Answer::json(200, &merged(answer, &self.device_members))
    }

    fn poll(&mut self, body: &str) -> Answer {
        let Some(device_code) = value(body, "device_code") else { return Answer::error(400, "invalid_request") };
        let Some(code) = self.codes.get(&device_code) else { return Answer::error(401, "invalid_grant") };
        let verifier = value(body, "code_verifier").unwrap_or_default();
        if !(43..=128).contains(&verifier.len()) {
            return Answer::error(400, "invalid_request");
        }
        if PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier)).as_str() != code.challenge {
            return Answer::error(400, "invalid_grant");
        }
        match code.decision {
            None => Answer::error(400, "authorization_pending"),
            Some(false) => Answer::error(400, "access_denied"),
            Some(true) => {
                self.codes.remove(&device_code);
                self.tokens()
            }
        }
    }

    fn refresh(&mut self, body: &str) -> Answer {
        let token = value(body, "refresh_token").unwrap_or_default();
        if self.used.contains(&token) {
            // RFC 6819 §5.2.2.3: somebody has a copy, so nobody keeps the session.
            self.reused += 1;
            self.live.clear();
        }
        if !self.live.remove(&token) {
            return Answer::error(400, "invalid_grant");
        }
        self.used.insert(token);
        self.tokens()
    }

    fn tokens(&mut self) -> Answer {
        self.issued += 1;
        let refresh_token = format!("canary-refresh-{}", self.issued);
        self.live.insert(refresh_token.clone());
        let answer = json!({
            "access_token": format!("canary-access-{}", self.issued),
            "refresh_token": refresh_token,
            "token_type": "Bearer",
            "expires_in": 21600,
            "scope": "openid profile email model.completion",
            "id_token": "canary-id",
            "resource_url": "portal.qwen.ai",
        });
        Answer::json(200, &merged(answer, &self.token_members))
    }
}

fn merged(mut answer: Value, members: &[(&'static str, Value)]) -> Value {
    let object = answer.as_object_mut().expect("an answer is an object");
    for (name, value) in members {
        match value {
            Value::Null => drop(object.remove(*name)),
            value => drop(object.insert((*name).to_owned(), value.clone())),
        }
    }
    answer
}

fn value(form: &str, name: &str) -> Option<String> {
    url::form_urlencoded::parse(form.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn read(stream: &TcpStream) -> Option<(String, String, HashMap<String, String>, String)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((method, target, headers, String::from_utf8(body).ok()?))
}

fn write(mut stream: &TcpStream, answer: &Answer) -> Option<()> {
    let Answer { status, content_type, body } = answer;
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} Answer\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .ok()
}
