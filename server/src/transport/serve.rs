//! The loop: one task per request, and each task that finishes is exactly one response.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::io::{self, Read, Write};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, SinkExt, StreamExt};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tower_lsp::jsonrpc::{Error, ErrorCode, Id, Request, Response};
use tower_lsp::{ClientSocket, LanguageServer, LspService};
use tower_service::Service;

use super::ask::{CANCEL, cancellation};
use super::ending::{self, Cause, Ending};
use super::message::{Call, Incoming, refusal};
use super::reader::{self, Received};
use super::stage::{Refusal, Stage};
use super::uris;
use super::writer::Writer;

/// Requests that may run at once. Far above what an editor starts; a bound on memory, not on use.
const MAX_RUNNING: usize = 1024;

/// The bytes that the bodies of running requests may have had.
const MAX_RUNNING_BYTES: usize = 256 * 1024 * 1024;

/// How long the last messages may take to be written. The whole end is to take less than 100 ms.
const LAST_WORDS: Duration = Duration::from_millis(50);

const REQUEST_FAILED: ErrorCode = ErrorCode::ServerError(-32803);

/// What the command line says about the transport.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// `--clientProcessId`: the server ends when this process does.
    pub client_process_id: Option<u32>,
}

/// Serves `service` over `input` and `output` until one of the [`Cause`]s ends it. Needs a current-thread runtime.
///
/// All that its requests still do is dropped then. Two threads may be left behind, blocked in `input` and `output`.
pub(super) async fn serve<S: LanguageServer>(
    service: LspService<S>,
    socket: ClientSocket,
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
    options: &Options,
) -> io::Result<Ending> {
    let endings = FuturesUnordered::new();
    endings.push(ending::signal()?.boxed());
    let mut session = Session {
        service,
        socket,
        incoming: reader::start(input)?,
        writer: Writer::start(output)?,
        endings,
        tasks: JoinSet::new(),
        running: HashMap::new(),
        last_token: 0,
        stage: Stage::New,
        held: Vec::new(),
    };
    session.end_with(options.client_process_id);
    let cause = loop {
        let event = session.next_event().await;
        if let Some(cause) = session.handle(event).await {
            break cause;
        }
    };
    let Session { mut tasks, writer, stage, .. } = session;
    let _ = tokio::time::timeout(LAST_WORDS, async {
        tasks.shutdown().await;
        writer.finish().await;
    })
    .await;
    Ok(Ending { cause, after_shutdown: stage == Stage::ShutDown })
}

struct Session<S> {
    service: LspService<S>,
    socket: ClientSocket,
    incoming: mpsc::Receiver<Received>,
    writer: Writer,
    endings: FuturesUnordered<BoxFuture<'static, Cause>>,
    tasks: JoinSet<Finished>,
    /// The client's requests that have no response yet, by the client's ids.
    running: HashMap<Id, Running>,
    last_token: i32,
    stage: Stage,
    /// What was to be sent before the response to `initialize`.
    held: Vec<Request>,
}

/// A request that has no response yet.
struct Running {
    /// Its id within the service, which takes each id once: the client's may be used again, or be no 32-bit integer.
    token: i32,
    size: usize,
}

enum Event {
    Outgoing(Request),
    Finished(Finished),
    Incoming(Option<Received>),
    End(Cause),
    WriterChanged,
}

/// A handler that is done.
struct Finished {
    /// None for a notification.
    request: Option<Asked>,
    outcome: Outcome,
}

#[derive(Clone)]
struct Asked {
    id: Id,
    token: i32,
    initialize: bool,
}

/// What a handler left: a response unless it was a notification's, or a panic.
type Outcome = Result<Option<Response>, Panicked>;

struct Panicked;

/// JSON-RPC 2.0 §4.2: params are an object, an array, or left out. The service writes `null` where there are none.
fn without_null(request: Request) -> Request {
    if request.params() != Some(&Value::Null) {
        return request;
    }
    let (method, id, _) = request.into_parts();
    let message = Request::build(method);
    if let Some(id) = id { message.id(id).finish() } else { message.finish() }
}

/// A library's words about wrong params repeat them, and one may be a secret in a wrong place.
fn without_values(error: Error) -> Error {
    match error.code {
        ErrorCode::InvalidParams => Error { message: super::values::without_values(&error.message).into(), ..error },
        _ => error,
    }
}

impl<S: LanguageServer> Session<S> {
    /// The next event. Before it waits, all that is at hand goes out together.
    async fn next_event(&mut self) -> Event {
        let writer = self.writer.clone();
        let mut event = pin!(self.select());
        poll_fn(|context| {
            let polled = event.as_mut().poll(context);
            if polled.is_pending() {
                writer.flush();
            }
            polled
        })
        .await
    }

    async fn select(&mut self) -> Event {
        let room = self.writer.has_room();
        let full = !room && self.writer.is_full();
        // In this order: what ends the process first, then what leaves it, and last what makes more work.
        tokio::select! {
            biased;
            Some(cause) = self.endings.next() => Event::End(cause),
            () = self.writer.changed() => Event::WriterChanged,
            Some(request) = self.socket.next(), if room => Event::Outgoing(request),
            Some(Ok(finished)) = self.tasks.join_next(), if room => Event::Finished(finished),
            received = self.incoming.recv(), if !full => Event::Incoming(received),
        }
    }

    async fn handle(&mut self, event: Event) -> Option<Cause> {
        match event {
            Event::Outgoing(request) => self.send(request),
            Event::Finished(finished) => self.finish(finished),
            Event::Incoming(Some(received)) => return self.receive(received).await,
            Event::Incoming(None) => return Some(Cause::InputClosed),
            Event::End(cause) => return Some(cause),
            Event::WriterChanged if self.writer.is_broken() => return Some(Cause::OutputClosed),
            Event::WriterChanged => {}
        }
        None
    }

    async fn receive(&mut self, received: Received) -> Option<Cause> {
        match received.incoming {
            Incoming::Call(call) if call.method == "exit" && call.id.is_none() => return Some(Cause::Exit),
            Incoming::Call(call) if call.method == CANCEL && call.id.is_none() => self.cancel(call.params.as_ref()),
            Incoming::Call(call) => self.call(call, received.size).await,
            Incoming::Answer(response) => self.answered(response),
            Incoming::Refused(response) => self.writer.push(&response),
        }
        None
    }

    /// Starts a request or a notification. Its first poll happens here, so that what handlers do before they first
    /// wait is done in message order.
    async fn call(&mut self, call: Call, size: usize) {
        let Call { id, method, params } = call;
        if let Some(id) = &id
            && let Err((code, why)) = self.admits(id, &method, size)
        {
            return self.writer.push(&refusal(id.clone(), code, why));
        }
        // It has no params; some clients send empty ones, which the service would refuse.
        let mut params = if method == "shutdown" { None } else { params };
        params.iter_mut().for_each(uris::repair);
        let request = id.map(|id| self.begin(id, &method, params.as_ref(), size));
        let mut message = Request::build(method);
        if let Some(request) = &request {
            message = message.id(i64::from(request.token));
        }
        if let Some(params) = params {
            message = message.params(params);
        }
        let mut handler = self.start(message.finish());
        match poll_fn(|context| Poll::Ready(handler.as_mut().poll(context))).await {
            Poll::Ready(outcome) => self.finish(Finished { request, outcome }),
            Poll::Pending => {
                self.tasks.spawn(handler.map(|outcome| Finished { request, outcome }));
            }
        }
    }

    /// Whether a request may start now, and if not, why.
    fn admits(&self, id: &Id, method: &str, size: usize) -> Result<(), Refusal> {
        self.stage.admits(method)?;
        let bytes: usize = self.running.values().map(|running| running.size).sum();
        if self.running.contains_key(id) {
            Err((ErrorCode::InvalidRequest, "a request with this id is still running"))
        } else if self.running.len() >= MAX_RUNNING || (bytes > 0 && bytes + size > MAX_RUNNING_BYTES) {
            Err((REQUEST_FAILED, "too many requests are running; wait for some of them to end"))
        } else {
            Ok(())
        }
    }

    /// Enters a request, and takes what the transport needs from the two that are about itself.
    fn begin(&mut self, id: Id, method: &str, params: Option<&Value>, size: usize) -> Asked {
        let initialize = method == "initialize";
        if initialize {
            self.stage = Stage::Initializing;
            let process_id = params.and_then(|params| params.get("processId")).and_then(Value::as_u64);
            self.end_with(process_id.and_then(|id| u32::try_from(id).ok()));
        } else if method == "shutdown" {
            self.stage = Stage::ShutDown;
        }
        self.last_token = self.last_token.wrapping_add(1) & i32::MAX;
        self.running.insert(id.clone(), Running { token: self.last_token, size });
        Asked { id, token: self.last_token, initialize }
    }

    fn start(&mut self, message: Request) -> BoxFuture<'static, Outcome> {
        // Parameters are parsed by the call itself: that, too, is not to take the process down.
        match std::panic::catch_unwind(AssertUnwindSafe(|| self.service.call(message))) {
            Ok(handler) => AssertUnwindSafe(handler)
                .catch_unwind()
                .map(|ended| match ended {
                    Ok(Ok(response)) => Ok(response),
                    // Only after `exit`, which the service never sees.
                    Ok(Err(_)) => Ok(None),
                    Err(_) => Err(Panicked),
                })
                .boxed(),
            Err(_) => std::future::ready(Err(Panicked)).boxed(),
        }
    }

    /// Cancels a request: the service drops its handler and answers in its place.
    fn cancel(&mut self, params: Option<&Value>) {
        let id = match params.and_then(|params| params.get("id")) {
            Some(Value::Number(number)) => number.as_i64().map(Id::Number),
            Some(Value::String(text)) => Some(Id::String(text.clone())),
            _ => None,
        };
        if let Some(token) = id.and_then(|id| self.running.get(&id)).map(|running| running.token) {
            self.forget(token);
        }
    }

    /// Has the service drop the handler of a request, and the request's entry.
    fn forget(&mut self, token: i32) {
        let _ = self.service.call(cancellation(&Id::Number(token.into()))).now_or_never();
    }

    /// Answers a request whose handler is done, after everything that the handler has sent.
    fn finish(&mut self, Finished { request, outcome }: Finished) {
        let Some(Asked { id, token, initialize }) = request else { return };
        self.running.remove(&id);
        let result = match outcome {
            Ok(Some(response)) => response.into_parts().1.map_err(without_values),
            // The service keeps silent about unknown methods in `$/`; a request is to be answered all the same.
            Ok(None) => Err(Error::method_not_found()),
            Err(Panicked) => {
                self.forget(token);
                let message = "the server made a mistake, which its log names by file and line; please report it";
                Err(Error { code: ErrorCode::InternalError, message: message.into(), data: None })
            }
        };
        if initialize {
            // One that failed may be sent again.
            self.stage = if result.is_ok() { Stage::Running } else { Stage::New };
        } else {
            self.send_queued();
        }
        self.writer.push(&Response::from_parts(id, result));
        if self.stage == Stage::Running {
            for request in std::mem::take(&mut self.held) {
                self.send(request);
            }
        }
    }

    fn send_queued(&mut self) {
        while let Some(Some(request)) = self.socket.next().now_or_never() {
            self.send(request);
        }
    }

    fn send(&mut self, request: Request) {
        if matches!(self.stage, Stage::New | Stage::Initializing) {
            return self.held.push(request);
        }
        let request = without_null(request);
        self.writer.push(&request);
        if request.method() == CANCEL
            && let Some(id) = request.params().and_then(|params| params.get("id")).and_then(Value::as_i64)
        {
            // A request of ours that was given up: its entry would wait for an answer for good.
            self.answered(Response::from_error(Id::Number(id), Error::request_cancelled()));
        }
    }

    /// Hands the answer to a request of ours to whoever waits for it.
    fn answered(&mut self, response: Response) {
        // The sink is a map: it takes everything at once.
        let _ = self.socket.start_send_unpin(response);
    }

    /// Ends with the process of this id.
    fn end_with(&mut self, process_id: Option<u32>) {
        self.endings.extend(process_id.map(|id| ending::client_gone(id).boxed()));
    }
}
