//! A scripted HTTP/1.1 server on loopback: it records requests, answers piece by piece, and notices a hang-up.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// The server. Dropping it closes every connection.
pub struct Http {
    address: SocketAddr,
    state: Arc<State>,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// The path with its query; the whole URL if a proxy was asked.
    pub path: String,
    /// Names in lower case, in the order sent.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Which connection it came on, from 1.
    pub connection: usize,
}

/// An answer, written step by step.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    framing: Framing,
    steps: Vec<Step>,
}

/// What a test opens to let an answer go on.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

/// A function that wraps an accepted connection, in TLS for example.
pub type Wrap = Arc<dyn Fn(TcpStream) -> Box<dyn Connection> + Send + Sync>;

/// What requests are read from and answers are written to.
pub trait Connection: Read + Write {}
impl<T: Read + Write> Connection for T {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length,
    Chunked,
    /// `CONNECT` was granted: bytes are carried to this address.
    Tunnel(SocketAddr),
}

#[derive(Clone, Debug)]
enum Step {
    Bytes(Vec<u8>),
    Made(Make),
    Pause(Duration),
    Wait(Gate),
    Hold,
    Cut,
}

/// Makes bytes at the moment in which they are sent.
#[derive(Clone)]
struct Make(Arc<dyn Fn() -> Vec<u8> + Send + Sync>);

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

#[derive(Default)]
struct State {
    seen: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Default)]
struct Seen {
    requests: Vec<Request>,
    connections: Vec<TcpStream>,
    hang_ups: usize,
    claimed_hang_ups: usize,
    stopped: bool,
}

/// The longest that a test waits for something that ought to happen.
const PATIENCE: Duration = Duration::from_secs(20);

impl Http {
    /// Starts a server that answers each request with what `handler` says.
    pub fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_wrapped(Arc::new(|stream| Box::new(stream)), handler)
    }

    /// The same, with every connection wrapped first.
    pub fn start_wrapped(wrap: Wrap, handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = listener.local_addr().expect("a bound address");
        let state = Arc::new(State::default());
        let (shared, handler): (_, Arc<Handler>) = (Arc::clone(&state), Arc::new(handler));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let number = {
                    let mut seen = shared.lock();
                    if seen.stopped {
                        return;
                    }
                    seen.connections.push(stream.try_clone().expect("a second handle of the socket"));
                    seen.connections.len()
                };
                let (state, handler, wrap) = (Arc::clone(&shared), Arc::clone(&handler), Arc::clone(&wrap));
                thread::spawn(move || {
                    let _ = stream.set_nodelay(true);
                    let socket = stream.try_clone().expect("a second handle of the socket");
                    let hung_up = serve(&mut *wrap(stream), number, &state, &*handler);
                    let _ = socket.shutdown(Shutdown::Both);
                    if hung_up {
                        state.lock().hang_ups += 1;
                        state.changed.notify_all();
                    }
                });
            }
        });
        Self { address, state }
    }

    /// Answers each request with the next of `replies`, and with the last of them ever after.
    pub fn script(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies = Mutex::new(replies.into_iter().collect::<VecDeque<_>>());
        Self::start(move |_| {
            let mut replies = replies.lock().expect("no panic while it was held");
            if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() }.expect("a reply")
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.state.lock().requests.clone()
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> usize {
        self.state.lock().connections.len()
    }

    /// Waits until there were `count` requests.
    pub fn wait_for_requests(&self, count: usize) -> Vec<Request> {
        self.wait("requests", |seen| (seen.requests.len() >= count).then(|| seen.requests.clone()))
    }

    /// Waits until a client closes a connection in the middle of an answer; each call waits for another one.
    pub fn expect_disconnect(&self) {
        self.wait("a hang-up", |seen| {
            let unclaimed = seen.hang_ups > seen.claimed_hang_ups;
            seen.claimed_hang_ups += usize::from(unclaimed);
            unclaimed.then_some(())
        });
    }

    fn wait<T>(&self, what: &str, mut done: impl FnMut(&mut Seen) -> Option<T>) -> T {
        let mut seen = self.state.lock();
        loop {
            if let Some(found) = done(&mut seen) {
                return found;
            }
            let (next, late) = self.state.changed.wait_timeout(seen, PATIENCE).expect("no panic while it was held");
            assert!(!late.timed_out(), "waited in vain for {what}");
            seen = next;
        }
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        let mut seen = self.state.lock();
        seen.stopped = true;
        for stream in &seen.connections {
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(seen);
        // Wakes the listener, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("no panic while it was held")
    }
}

impl Request {
    /// The value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Reply {
    /// An answer that comes whole.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), framing: Framing::Length, steps: vec![Step::Bytes(body.into())] }
            .header("content-type", content_type)
    }

    /// A JSON answer.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// An answer that comes in chunks.
    pub fn chunked(content_type: &str) -> Self {
        Self { status: 200, headers: Vec::new(), framing: Framing::Chunked, steps: Vec::new() }
            .header("content-type", content_type)
    }

    /// Grants a `CONNECT` and carries its bytes to `address`.
    pub fn tunnel(address: SocketAddr) -> Self {
        Self { status: 200, headers: Vec::new(), framing: Framing::Tunnel(address), steps: Vec::new() }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes one chunk, at once and by itself.
    #[must_use]
    pub fn chunk(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Bytes(bytes.into()))
    }

    /// Writes one chunk that is made when it is sent, to hold the time for example.
    #[must_use]
    pub fn chunk_made_when_sent(self, make: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Self {
        self.step(Step::Made(Make(Arc::new(make))))
    }

    /// Waits, so that a person can see a stream.
    #[must_use]
    pub fn pause(self, duration: Duration) -> Self {
        self.step(Step::Pause(duration))
    }

    /// Waits for a gate.
    #[must_use]
    pub fn wait(self, gate: &Gate) -> Self {
        self.step(Step::Wait(gate.clone()))
    }

    /// Says no more until the client hangs up.
    #[must_use]
    pub fn then_hold(self) -> Self {
        self.step(Step::Hold)
    }

    /// Closes the connection in the middle.
    #[must_use]
    pub fn then_cut(self) -> Self {
        self.step(Step::Cut)
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// The status line and the headers.
    fn head(&self) -> String {
        let framing = match self.framing {
            Framing::Chunked => "transfer-encoding: chunked\r\n".to_owned(),
            Framing::Tunnel(_) => String::new(),
            Framing::Length => {
                let length: usize = self.steps.iter().map(Step::len).sum();
                // A held or cut answer promises more than it gives.
                let more = usize::from(self.steps.iter().any(|step| matches!(step, Step::Hold | Step::Cut)));
                format!("content-length: {}\r\n", length + more)
            }
        };
        let headers: String = self.headers.iter().flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect();
        format!("HTTP/1.1 {} Scripted\r\n{headers}{framing}\r\n", self.status)
    }
}

impl Step {
    fn len(&self) -> usize {
        if let Self::Bytes(bytes) = self { bytes.len() } else { 0 }
    }
}

impl Gate {
    /// Lets whoever waits go on, now and later.
    pub fn open(&self) {
        *self.0.0.lock().expect("no panic while it was held") = true;
        self.0.1.notify_all();
    }

    /// Waits until it is open.
    pub fn pass(&self) {
        let mut open = self.0.0.lock().expect("no panic while it was held");
        while !*open {
            open = self.0.1.wait(open).expect("no panic while it was held");
        }
    }
}

impl std::fmt::Debug for Make {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Make")
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gate")
    }
}

/// Serves one connection to its end. True if the client closed it in the middle of an answer.
fn serve(connection: &mut dyn Connection, number: usize, state: &State, handler: &Handler) -> bool {
    let mut unread = Vec::new();
    while let Ok(Some(request)) = read_request(connection, &mut unread, number) {
        let reply = handler(&request);
        state.lock().requests.push(request);
        state.changed.notify_all();
        match answer(connection, &reply) {
            Ok(End::Answered) => {}
            Ok(End::Cut) => return false,
            Ok(End::HungUp) | Err(_) => return !state.lock().stopped,
        }
    }
    false
}

enum End {
    Answered,
    Cut,
    HungUp,
}

fn answer(connection: &mut dyn Connection, reply: &Reply) -> io::Result<End> {
    connection.write_all(reply.head().as_bytes())?;
    if let Framing::Tunnel(address) = reply.framing {
        return tunnel(connection, address).map(|()| End::Cut);
    }
    connection.flush()?;
    for step in &reply.steps {
        match step {
            Step::Bytes(bytes) if reply.framing == Framing::Chunked && !bytes.is_empty() => {
                write_chunk(connection, bytes)?;
            }
            Step::Made(make) => write_chunk(connection, &make.0())?,
            Step::Bytes(bytes) => {
                connection.write_all(bytes)?;
                connection.flush()?;
            }
            Step::Pause(duration) => thread::sleep(*duration),
            Step::Wait(gate) => gate.pass(),
            Step::Hold => {
                let mut rest = [0; 1024];
                while connection.read(&mut rest)? > 0 {}
                return Ok(End::HungUp);
            }
            Step::Cut => return Ok(End::Cut),
        }
    }
    if reply.framing == Framing::Chunked {
        connection.write_all(b"0\r\n\r\n")?;
    }
    connection.flush()?;
    Ok(End::Answered)
}

fn write_chunk(connection: &mut dyn Connection, bytes: &[u8]) -> io::Result<()> {
    let size = format!("{:x}\r\n", bytes.len());
    connection.write_all(&[size.as_bytes(), bytes, b"\r\n"].concat())?;
    connection.flush()
}

/// Carries bytes both ways, taking turns: TLS and HTTP/1.1 begin with the client, and a short wait is enough then.
fn tunnel(connection: &mut dyn Connection, address: SocketAddr) -> io::Result<()> {
    connection.flush()?;
    let mut target = TcpStream::connect(address)?;
    target.set_read_timeout(Some(Duration::from_millis(20)))?;
    let mut buffer = [0; 16 << 10];
    loop {
        let read = connection.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        target.write_all(&buffer[..read])?;
        while let Ok(read) = target.read(&mut buffer) {
            if read == 0 {
                return Ok(());
            }
            connection.write_all(&buffer[..read])?;
            connection.flush()?;
        }
    }
}

fn read_request(connection: &mut dyn Connection, unread: &mut Vec<u8>, number: usize) -> io::Result<Option<Request>> {
    let end = loop {
        if let Some(end) = unread.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if !read_more(connection, unread)? {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&unread[..end]).into_owned();
    unread.drain(..end + 4);
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, path) = (first.next().unwrap_or_default().to_owned(), first.next().unwrap_or_default().to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut request = Request { method, path, headers, body: Vec::new(), connection: number };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while unread.len() < length {
        if !read_more(connection, unread)? {
            return Ok(None);
        }
    }
    request.body = unread.drain(..length).collect();
    Ok(Some(request))
}

fn read_more(connection: &mut dyn Connection, unread: &mut Vec<u8>) -> io::Result<bool> {
    let mut buffer = [0; 16 << 10];
    let read = connection.read(&mut buffer)?;
    unread.extend_from_slice(&buffer[..read]);
    Ok(read > 0)
}
