//! Reads and parses the input on a thread of its own, so that neither a blocked pipe nor a large message stops the loop.

use std::io::{self, ErrorKind, Read};
use std::sync::mpsc as blocking;

use tokio::sync::mpsc;
use tower_lsp::jsonrpc::{ErrorCode, Id};

use super::framing::{self, Defect, Frame, Framer};
use super::memory::LARGE;
use super::message::{self, Incoming, Parsed};

/// Messages that may wait for the loop.
const AHEAD: usize = 16;

/// Deep enough for the parser's 128 levels of nesting, unoptimised.
const STACK: usize = 512 * 1024;

/// A message and its body's length in bytes.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) incoming: Incoming,
    pub(super) size: usize,
    /// Dropped with the message: the reader waits for that where the message is large.
    _handled: Option<blocking::Sender<()>>,
}

/// Starts reading. The channel closes at the end of the input.
pub(super) fn start(input: impl Read + Send + 'static) -> io::Result<mpsc::Receiver<Received>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    std::thread::Builder::new().name("stdin".into()).stack_size(STACK).spawn(move || read(input, &sender))?;
    Ok(receiver)
}

fn read(mut input: impl Read, sender: &mpsc::Sender<Received>) {
    let mut framer = Framer::default();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        match input.read(&mut chunk) {
            Ok(0) => return,
            Ok(length) => framer.feed(&chunk[..length]),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return,
        }
        while let Some(frame) = framer.next_frame() {
            let (incoming, size) = match frame {
                Frame::Body(body) => (incoming(&body, &mut framer), body.len()),
                Frame::Defect(defect) => (refused(defect), 0),
            };
            if deliver(sender, incoming, size).is_err() {
                return;
            }
        }
    }
}

fn incoming(body: &[u8], framer: &mut Framer) -> Incoming {
    match message::parse(body) {
        Parsed::Whole(incoming) => incoming,
        Parsed::Followed(incoming, rest) if framing::starts_header(&body[rest..]) => {
            framer.put_back(&body[rest..]);
            incoming
        }
        Parsed::Followed(..) => {
            framer.resynchronise(body);
            Incoming::Refused(message::not_json(body))
        }
        Parsed::NotJson(refusal) => {
            framer.resynchronise(body);
            Incoming::Refused(refusal)
        }
    }
}

fn refused(defect: Defect) -> Incoming {
    let code = match defect {
        Defect::TooLong => ErrorCode::InvalidRequest,
        Defect::NotAHeader | Defect::NoLength | Defect::BadLength => ErrorCode::ParseError,
    };
    Incoming::Refused(message::refusal(Id::Null, code, defect.to_string()))
}

/// Hands a message to the loop, and waits while too many are there. A large one is handled before the next one is read, so
/// that few of them are in memory at once.
fn deliver(sender: &mpsc::Sender<Received>, incoming: Incoming, size: usize) -> Result<(), ()> {
    let (handled, wait) = if size < LARGE {
        (None, None)
    } else {
        let (handled, wait) = blocking::channel();
        (Some(handled), Some(wait))
    };
    sender.blocking_send(Received { incoming, size, _handled: handled }).map_err(drop)?;
    if let Some(wait) = wait {
        // Nothing is ever sent: the error says that the message has been dropped.
        let _ = wait.recv();
    }
    Ok(())
}
