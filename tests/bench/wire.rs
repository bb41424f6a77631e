//! A client without threads: it writes to the server's stdin, reads from its stdout, and takes the time of each message.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

/// A started server. Dropping it ends the process.
pub struct Wire {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    last_id: i64,
}

/// A message, and when it had arrived.
pub struct Message {
    /// Before it was parsed.
    pub at: Instant,
    /// Its JSON.
    pub json: Value,
}

impl Wire {
    /// Starts a server and sends nothing.
    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the server starts");
        let stdin = child.stdin.take().expect("stdin is a pipe");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        Self { child, stdin, stdout, last_id: 0 }
    }

    /// The same, initialized with `params`.
    pub fn open(command: Command, params: Value) -> Self {
        let mut wire = Self::start(command);
        let initialize = wire.request("initialize", params);
        wire.response(initialize);
        wire.send(&json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }));
        wire
    }

    /// Starts the bare program and lets it answer once.
    pub fn open_bare(command: Command) -> Self {
        let mut wire = Self::start(command);
        let initialize = wire.request("initialize", Value::Null);
        wire.response(initialize);
        wire
    }

    /// The process's id.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a request; its id.
    #[expect(clippy::needless_pass_by_value, reason = "values are written in place, by `json!`")]
    pub fn request(&mut self, method: &str, params: Value) -> i64 {
        self.last_id += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params }));
        self.last_id
    }

    /// Sends a message.
    pub fn send(&mut self, message: &Value) {
        let body = message.to_string();
        let framed = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.stdin.write_all(framed.as_bytes()).expect("the server reads");
    }

    /// The next message.
    pub fn read(&mut self) -> Message {
        let mut length = 0;
        loop {
            let mut line = String::new();
            let read = self.stdout.read_line(&mut line).expect("the server writes");
            assert!(read > 0, "the server has ended");
            match line.trim_end().split_once(": ") {
                Some((_, value)) => length = value.parse().expect("a length"),
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.stdout.read_exact(&mut body).expect("a whole message");
        let at = Instant::now();
        Message { at, json: serde_json::from_slice(&body).expect("JSON") }
    }

    /// The response to `id`; what comes before it is passed over.
    pub fn response(&mut self, id: i64) -> Message {
        loop {
            let message = self.read();
            if message.json["id"] == id && message.json.get("method").is_none() {
                return message;
            }
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
