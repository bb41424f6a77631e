//! What comes from a server: its messages, its stderr, and its end, each read by a thread of its own.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Nothing here takes this long, however busy the machine; what does has failed.
const LIMIT: Duration = Duration::from_secs(60);

/// The member of a message that stands for a fault on the wire.
pub const FAULT: &str = "fault on the wire";
/// The fault of an output that ends within a message.
pub const CUT_SHORT: &str = "a message cut short";

/// What has come from the server.
#[derive(Default)]
pub struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
}

/// What has come so far.
#[derive(Default)]
pub struct State {
    /// Messages that no test has claimed, in order.
    pub unclaimed: VecDeque<Value>,
    /// Everything that went either way, for a failure's message.
    pub transcript: String,
    /// The bodies of all messages.
    pub stdout: Vec<u8>,
    /// Everything on stderr.
    pub stderr: Vec<u8>,
    /// Readers that have not come to the end of their pipe.
    pub open_outputs: usize,
    /// After the end.
    pub exit_status: Option<ExitStatus>,
    /// Whether stdout is left unread.
    pub paused: bool,
}

impl Inbox {
    /// Starts the threads that read the pipes and wait for the end.
    pub fn fill(self: &Arc<Self>, mut child: Child) {
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let mut stderr = child.stderr.take().expect("stderr is a pipe");
        self.lock().open_outputs = 2;
        let inbox = self.clone();
        thread::spawn(move || {
            inbox.read_messages(stdout);
            inbox.change(|state| state.open_outputs -= 1);
        });
        let inbox = self.clone();
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(length @ 1..) = stderr.read(&mut chunk) {
                inbox.note("stderr", &String::from_utf8_lossy(&chunk[..length]));
                inbox.change(|state| state.stderr.extend_from_slice(&chunk[..length]));
            }
            inbox.change(|state| state.open_outputs -= 1);
        });
        let inbox = self.clone();
        thread::spawn(move || {
            let status = child.wait().expect("a child can be waited for");
            inbox.note("ended", &status.to_string());
            inbox.change(|state| state.exit_status = Some(status));
        });
    }

    fn read_messages(&self, stdout: impl Read) {
        let mut stdout = BufReader::new(Paused { inbox: self, inner: stdout });
        loop {
            let mut length = None;
            loop {
                let mut line = String::new();
                match stdout.read_line(&mut line) {
                    Ok(1..) => {}
                    Ok(0) | Err(_) => return,
                }
                let Some(line) = line.strip_suffix("\r\n") else {
                    return self.fail(&format!("a header line without its end: {line:?}"));
                };
                match line.split_once(": ") {
                    Some(("Content-Length", value)) => length = value.parse().ok(),
                    None if line.is_empty() => break,
                    _ => return self.fail(&format!("a header line that is none: {line:?}")),
                }
            }
            let Some(length) = length else { return self.fail("a message without a length") };
            let mut body = vec![0; length];
            if stdout.read_exact(&mut body).is_err() {
                return self.fail(CUT_SHORT);
            }
            let text = String::from_utf8_lossy(&body);
            self.note("←", &text);
            match serde_json::from_str::<Value>(&text) {
                Ok(message) if message["jsonrpc"] == "2.0" => {
                    self.change(|state| {
                        state.stdout.extend_from_slice(&body);
                        state.unclaimed.push_back(message);
                    });
                }
                _ => return self.fail("a message that is no JSON-RPC"),
            }
        }
    }

    /// Lets the test fail: a fault on the wire is a message that nobody claims.
    fn fail(&self, fault: &str) {
        self.note("fault", fault);
        self.change(|state| state.unclaimed.push_back(json!({ FAULT: fault })));
    }

    /// Adds a line to the transcript, long texts cut.
    pub fn note(&self, what: &str, text: &str) {
        const SHOWN: usize = 600;
        self.change(|state| {
            let shown: String = text.chars().take(SHOWN).collect();
            let more = if shown.len() < text.len() { " …" } else { "" };
            let _ = writeln!(state.transcript, "{what} {shown}{more}");
        });
    }

    /// The transcript so far.
    pub fn transcript(&self) -> String {
        self.lock().transcript.clone()
    }

    /// Changes the state and wakes whoever waits.
    pub fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Waits until `look` finds something. Fails with the whole transcript at the limit, or when nothing can come.
    pub fn wait<T>(&self, what: &str, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        let deadline = Instant::now() + LIMIT;
        let mut state = self.lock();
        loop {
            if let Some(found) = look(&mut state) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let over = state.exit_status.is_some() && state.open_outputs == 0;
            if over || left.is_zero() {
                let why = if over { "the server has ended" } else { "the time limit" };
                let transcript = state.transcript.clone();
                drop(state);
                panic!("waiting for {what}: {why}\n{transcript}");
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends the process unless it has ended.
    pub fn kill(&self, process_id: u32) {
        let state = self.lock();
        if state.exit_status.is_none() {
            kill(process_id);
        }
    }

    /// The state; a failed test does not spoil it.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(unix)]
fn kill(process_id: u32) {
    use rustix::process::{Pid, Signal, kill_process};
    if let Some(pid) = i32::try_from(process_id).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn kill(_process_id: u32) {
    // The end of its input ends it.
}

/// A pipe that is not read while the editor has paused.
struct Paused<'a, R> {
    inbox: &'a Inbox,
    inner: R,
}

impl<R: Read> Read for Paused<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut state = self.inbox.lock();
        while state.paused {
            state = self.inbox.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        self.inner.read(buffer)
    }
}
