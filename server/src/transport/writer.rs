//! Writes messages on a thread of its own; whatever has queued up meanwhile goes out in one write.
//!
//! A slow reader so blocks nothing but its own messages. Writing from the loop where a pipe has room was tried: it made
//! neither a round trip nor a stream faster.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::Notify;

/// With this many bytes waiting, streams wait too: their messages stay with those who send them.
const ROOM: usize = 64 * 1024;

/// With this many bytes waiting, nothing more is read: the client sends, and takes nothing.
const FULL: usize = 8 * 1024 * 1024;

/// A buffer that grew beyond this is given back after its write.
const KEPT: usize = 64 * 1024;

const STACK: usize = 64 * 1024;

/// The queue before the output.
#[derive(Clone)]
pub(super) struct Writer(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// There is something for the thread.
    work: Condvar,
    /// There is room again, all is written, or the output is broken.
    changed: Notify,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<u8>,
    /// Bytes that the thread is writing.
    writing: usize,
    broken: bool,
    /// Somebody waits for the last byte.
    finishing: bool,
}

impl Queue {
    fn backlog(&self) -> usize {
        self.waiting.len() + self.writing
    }

    fn is_done(&self) -> bool {
        self.broken || self.backlog() == 0
    }
}

impl Writer {
    pub(super) fn start(output: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let writer = Self(shared.clone());
        std::thread::Builder::new().name("stdout".into()).stack_size(STACK).spawn(move || write(output, &shared))?;
        Ok(writer)
    }

    /// Queues a message, to be written by the next [`Writer::flush`]. Never waits: whoever can wait asks
    /// [`Writer::has_room`] first.
    pub(super) fn push(&self, message: &impl Serialize) {
        let body = serde_json::to_vec(message).expect("messages are made of JSON values, whose keys are strings");
        let mut queue = self.0.lock();
        if queue.broken {
            return;
        }
        write!(queue.waiting, "Content-Length: {}\r\n\r\n", body.len()).expect("a vector takes all that is written");
        queue.waiting.extend_from_slice(&body);
    }

    /// Has everything that is queued written. Never waits.
    pub(super) fn flush(&self) {
        let queue = self.0.lock();
        // While the thread writes it needs no call: it looks again afterwards.
        let call = !queue.waiting.is_empty() && queue.writing == 0;
        drop(queue);
        if call {
            self.0.work.notify_one();
        }
    }

    /// Whether streams may go on.
    pub(super) fn has_room(&self) -> bool {
        self.0.lock().backlog() < ROOM
    }

    /// Whether so much is waiting that nothing more may be read.
    pub(super) fn is_full(&self) -> bool {
        self.0.lock().backlog() >= FULL
    }

    /// Whether nobody reads the output any more.
    pub(super) fn is_broken(&self) -> bool {
        self.0.lock().broken
    }

    /// Waits until one of the answers above may have changed.
    pub(super) async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// Waits until all is written, or cannot be.
    pub(super) async fn finish(&self) {
        self.0.lock().finishing = true;
        self.flush();
        while !self.0.lock().is_done() {
            self.changed().await;
        }
    }
}

impl Shared {
    /// A poisoned queue is a whole queue: it is changed by single calls that do not panic halfway.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write(mut output: impl Write, shared: &Shared) {
    let mut taken = Vec::new();
    loop {
        let mut queue = shared.lock();
        while queue.waiting.is_empty() {
            queue = shared.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::swap(&mut queue.waiting, &mut taken);
        queue.writing = taken.len();
        drop(queue);

        let written = output.write_all(&taken);

        let mut queue = shared.lock();
        let was_short_of_room = queue.backlog() >= ROOM;
        queue.writing = 0;
        queue.broken = written.is_err();
        if queue.broken {
            queue.waiting = Vec::new();
        }
        // Not after every write: each of these wakes the loop.
        let tell = queue.broken || was_short_of_room || queue.finishing;
        let broken = queue.broken;
        drop(queue);
        if tell {
            shared.changed.notify_one();
        }
        if broken {
            return;
        }
        taken.clear();
        taken.shrink_to(KEPT);
    }
}
