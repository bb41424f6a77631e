//! A fake editor over stdio. It waits for messages, never for time, and when it is dropped it asks for a clean end.

use std::io::Write;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::thread;

use serde_json::{Value, json};

use super::inbox::{self, Inbox};
use super::world::World;

/// An editor, and the server that it started.
pub struct Editor {
    world: World,
    stdin: Option<ChildStdin>,
    process_id: u32,
    inbox: Arc<Inbox>,
    next_id: i64,
    /// The server's answer to `initialize`.
    pub initialized: Value,
    ignored_methods: Vec<String>,
    abandoned: bool,
    allowed_on_stderr: Vec<String>,
    /// Whether the test ended the server in its own way.
    ended: bool,
}

/// A request that was sent. Its answer is claimed by [`Editor::response`] or [`Editor::error`].
#[derive(Clone, Debug)]
pub struct Pending {
    /// Its id.
    pub id: Value,
}

/// A request of the server's. It is answered by [`Editor::answer`] or [`Editor::answer_error`].
#[derive(Clone, Debug)]
pub struct Question {
    /// Its id.
    pub id: Value,
    /// Its params.
    pub params: Value,
}

/// A JSON-RPC error.
#[derive(Clone, Debug, PartialEq)]
pub struct RpcError {
    /// Its code.
    pub code: i64,
    /// Its message.
    pub message: String,
    /// Its data; null where it has none.
    pub data: Value,
}

impl Editor {
    /// Starts `command` in `world` and sends nothing yet.
    pub fn start(mut command: Command, world: World) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server can be started");
        let stdin = child.stdin.take();
        let process_id = child.id();
        let inbox = Arc::new(Inbox::default());
        inbox.fill(child);
        Self {
            world,
            stdin,
            process_id,
            inbox,
            next_id: 0,
            initialized: Value::Null,
            ignored_methods: Vec::new(),
            abandoned: false,
            allowed_on_stderr: Vec::new(),
            ended: false,
        }
    }

    /// Sends `initialize` with what the world says, waits for the answer, and sends `initialized`.
    pub fn initialize(&mut self) {
        let initialize = self.request("initialize", self.world.initialize_params());
        self.initialized = self.response(initialize);
        self.notify("initialized", json!({}));
    }

    /// The world that the server runs in.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// A text that the test knows of only now, and that the server must not have written.
    pub fn add_canary(&mut self, text: impl Into<String>) {
        self.world.add_canary(text);
    }

    /// The `file:` URI of a root, or of a file below one.
    pub fn uri(&self, name: &str) -> String {
        self.world.uri(name)
    }

    /// The server's process id.
    pub fn process_id(&self) -> u32 {
        self.process_id
    }

    /// Sends a request.
    pub fn request(&mut self, method: &str, params: Value) -> Pending {
        self.next_id += 1;
        let id = json!(self.next_id);
        self.request_as(id, method, params)
    }

    /// Sends a request with an id of the caller's.
    pub fn request_as(&mut self, id: Value, method: &str, params: Value) -> Pending {
        self.send(&with_params(json!({ "jsonrpc": "2.0", "id": id, "method": method }), params));
        Pending { id }
    }

    /// Sends a notification.
    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(&with_params(json!({ "jsonrpc": "2.0", "method": method }), params));
    }

    /// Cancels a request.
    pub fn cancel(&mut self, pending: &Pending) {
        self.notify("$/cancelRequest", json!({ "id": pending.id }));
    }

    /// Sends a message with a right header.
    pub fn send(&mut self, message: &Value) {
        self.send_body(message.to_string().as_bytes());
    }

    /// Sends a body, whatever it holds, with a right header.
    pub fn send_body(&mut self, body: &[u8]) {
        let mut bytes = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
        bytes.extend_from_slice(body);
        self.inbox.note("→", &String::from_utf8_lossy(body));
        self.write(&bytes);
    }

    /// Sends bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.inbox.note("→ raw", &String::from_utf8_lossy(bytes));
        self.write(bytes);
    }

    fn write(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        if let Err(error) = stdin.write_all(bytes).and_then(|()| stdin.flush()) {
            panic!("the server takes no more input: {error}\n{}", self.inbox.transcript());
        }
    }

    /// The result of a request; fails on an error.
    pub fn response(&mut self, pending: Pending) -> Value {
        let mut response = self.answer_to(&pending);
        assert!(response.get("error").is_none(), "an error in place of a result:\n{}", self.inbox.transcript());
        response["result"].take()
    }

    /// The error that answers a request; fails on a result.
    pub fn error(&mut self, pending: Pending) -> RpcError {
        let response = self.answer_to(&pending);
        self.rpc_error(&response)
    }

    /// The next error with a null id: the answer to something that was no request.
    pub fn error_without_id(&mut self) -> RpcError {
        self.error(Pending { id: Value::Null })
    }

    /// The next message of this server that nobody has claimed, whatever it is.
    pub fn next_message(&mut self) -> Value {
        self.claim("any message", |_| true)
    }

    /// The params of the next notification of this method.
    pub fn expect_notification(&mut self, method: &str) -> Value {
        let what = format!("a notification {method}");
        self.claim(&what, |message| message["method"] == method && message.get("id").is_none())["params"].take()
    }

    /// Claims one `$/progress` for each of `contents`, in order: each holds that content.
    pub fn expect_deltas<'a>(&mut self, token: impl Into<Value>, contents: impl IntoIterator<Item = &'a str>) {
        let token = token.into();
        for content in contents {
            let value = self.expect_progress(token.clone());
            assert_eq!(value["content"], content, "another delta:\n{}", self.inbox.transcript());
        }
    }

    /// The value of the next `$/progress` for this token.
    pub fn expect_progress(&mut self, token: impl Into<Value>) -> Value {
        let token = token.into();
        let what = format!("$/progress for {token}");
        let of_token = |message: &Value| message["method"] == "$/progress" && message["params"]["token"] == token;
        self.claim(&what, of_token)["params"]["value"].take()
    }

    /// The next request of this method from the server.
    pub fn expect_request(&mut self, method: &str) -> Question {
        let what = format!("a request {method}");
        let mut message = self.claim(&what, |message| message["method"] == method && message.get("id").is_some());
        Question { id: message["id"].take(), params: message["params"].take() }
    }

    /// Answers a request of the server's.
    pub fn answer(&mut self, question: Question, result: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "id": question.id, "result": result }));
    }

    /// Answers a request of the server's with an error.
    pub fn answer_error(&mut self, question: Question, code: i64) {
        let error = json!({ "code": code, "message": "the fake editor refuses" });
        self.send(&json!({ "jsonrpc": "2.0", "id": question.id, "error": error }));
    }

    /// From now on messages of this method need not be claimed.
    pub fn ignore(&mut self, method: &str) {
        self.ignored_methods.push(method.to_owned());
    }

    /// The test ends the server in the middle of its work: answers need not be claimed, and the last message may be cut
    /// short.
    pub fn abandon(&mut self) {
        self.abandoned = true;
    }

    /// Lines on stderr that hold `text` are no fault.
    pub fn allow_on_stderr(&mut self, text: &str) {
        self.allowed_on_stderr.push(text.to_owned());
    }

    /// What the server has written to stderr so far.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.inbox.lock().stderr).into_owned()
    }

    /// Takes no more of the server's output than what the pipe holds, until [`Editor::resume_reading`].
    pub fn pause_reading(&mut self) {
        self.inbox.change(|state| state.paused = true);
    }

    /// Takes the server's output again.
    pub fn resume_reading(&mut self) {
        self.inbox.change(|state| state.paused = false);
    }

    /// Closes the server's stdin.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Waits until the process is gone, and answers its exit code; none where a signal ended it.
    pub fn wait_for_exit(&mut self) -> Option<i32> {
        self.ended = true;
        self.inbox.wait("the end of the process", |state| state.exit_status).code()
    }

    /// `shutdown` and `exit`; the exit code.
    pub fn shut_down(&mut self) -> Option<i32> {
        let shutdown = self.request("shutdown", Value::Null);
        assert_eq!(self.response(shutdown), Value::Null);
        self.notify("exit", Value::Null);
        self.wait_for_exit()
    }

    fn answer_to(&mut self, pending: &Pending) -> Value {
        let what = format!("the answer to {}", pending.id);
        self.claim(&what, |message| message.get("method").is_none() && message["id"] == pending.id)
    }

    fn rpc_error(&self, response: &Value) -> RpcError {
        let error = &response["error"];
        assert!(error.is_object(), "a result in place of an error:\n{}", self.inbox.transcript());
        RpcError {
            code: error["code"].as_i64().expect("an error has a code"),
            message: error["message"].as_str().expect("an error has a message").to_owned(),
            data: error["data"].clone(),
        }
    }

    fn claim(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.inbox.wait(what, |state| {
            let place = state.unclaimed.iter().position(&wanted)?;
            state.unclaimed.remove(place)
        })
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // However this ends, no process stays behind, and no thread waits.
        self.inbox.change(|state| state.paused = false);
        if thread::panicking() {
            self.stdin = None;
            self.inbox.kill(self.process_id);
            return;
        }
        if !self.ended {
            let code = self.shut_down();
            assert_eq!(code, Some(0), "after shutdown and exit:\n{}", self.inbox.transcript());
        }
        self.stdin = None;
        self.inbox.wait("the end of the output", |state| (state.open_outputs == 0).then_some(()));
        let state = self.inbox.lock();
        let unclaimed: Vec<_> = state
            .unclaimed
            .iter()
            .filter(|message| !self.ignored_methods.iter().any(|method| message["method"] == method.as_str()))
            .filter(|message| {
                !self.abandoned || (message.get("id").is_none() && message[inbox::FAULT] != inbox::CUT_SHORT)
            })
            .collect();
        assert!(unclaimed.is_empty(), "unclaimed: {unclaimed:#?}\n{}", state.transcript);
        let stderr = String::from_utf8_lossy(&state.stderr);
        for line in stderr.lines().filter(|line| !line.trim().is_empty()) {
            let allowed = self.allowed_on_stderr.iter().any(|text| line.contains(text.as_str()));
            assert!(allowed, "on stderr: {line}\n{}", state.transcript);
        }
        self.world.assert_no_canary("stdout", &state.stdout);
        self.world.assert_no_canary("stderr", &state.stderr);
        self.world.assert_no_canary_in_logs();
    }
}

fn with_params(mut message: Value, params: Value) -> Value {
    if !params.is_null() {
        message["params"] = params;
    }
    message
}
