//! The base protocol: framing, lifecycle, cancelling, ending. The handlers in `$test/` stand in `lsp/probe.rs`.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::editor::Editor;
use crate::support::world::World;

const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INTERNAL_ERROR: i64 = -32603;
const NOT_INITIALIZED: i64 = -32002;
const CANCELLED: i64 = -32800;
const REQUEST_FAILED: i64 = -32803;

fn open() -> Editor {
    World::new().open()
}

/// Asks something that is answered at once, to show that the server still answers.
fn assert_answers(editor: &mut Editor) {
    let recorded = editor.request("$test/recorded", json!({}));
    editor.response(recorded);
}

/// A service upstream that takes a connection and says nothing.
struct Upstream(TcpListener);

impl Upstream {
    fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").expect("loopback has a free port"))
    }

    fn port(&self) -> u16 {
        self.0.local_addr().expect("it is bound").port()
    }

    /// The next connection to it.
    fn accept(&self) -> TcpStream {
        self.0.accept().expect("a connection comes").0
    }
}

/// Waits for the other side to hang up.
fn expect_hang_up(mut connection: TcpStream) {
    let read = connection.read(&mut [0]);
    assert!(matches!(read, Ok(0) | Err(_)), "the server sent something");
}

// Lifecycle

#[test]
fn a_request_before_initialize_is_refused_and_a_notification_ignored() {
    let mut editor = World::new().start();
    for method in ["$test/hold", "shutdown", "unknown/method", "$/unknown"] {
        let early = editor.request(method, json!({}));
        assert_eq!(editor.error(early).code, NOT_INITIALIZED, "{method}");
    }
    editor.notify("$test/record", json!({ "value": 1 }));
    editor.initialize();
    let recorded = editor.request("$test/recorded", json!({}));
    assert_eq!(editor.response(recorded), json!([]));
}

#[test]
fn the_first_message_is_the_answer_to_initialize() {
    let mut editor = World::new().start();
    let initialize = editor.request("initialize", json!({ "capabilities": {} }));
    let first = editor.next_message();
    assert_eq!(first["id"], initialize.id);
    assert!(first["result"]["capabilities"].is_object());
}

#[test]
fn a_second_initialize_is_refused() {
    let mut editor = open();
    let again = editor.request("initialize", json!({ "capabilities": {} }));
    assert_eq!(editor.error(again).code, INVALID_REQUEST);
    assert_answers(&mut editor);
}

#[test]
fn an_initialize_that_failed_may_be_sent_again() {
    let mut editor = World::new().start();
    let bad = editor.request("initialize", json!({ "capabilities": 5 }));
    assert_eq!(editor.error(bad).code, -32602);
    editor.initialize();
}

#[test]
fn a_request_after_shutdown_is_refused() {
    let mut editor = open();
    let shutdown = editor.request("shutdown", json!({}));
    assert_eq!(editor.response(shutdown), Value::Null);
    for method in ["$test/hold", "shutdown", "initialize", "unknown/method"] {
        let late = editor.request(method, json!({}));
        assert_eq!(editor.error(late).code, INVALID_REQUEST, "{method}");
    }
    editor.notify("exit", Value::Null);
    assert_eq!(editor.wait_for_exit(), Some(0));
}

#[test]
fn unknown_requests_are_refused_and_unknown_notifications_ignored() {
    let mut editor = open();
    for method in ["qwen/unknown", "$/unknown"] {
        let unknown = editor.request(method, json!({}));
        assert_eq!(editor.error(unknown).code, METHOD_NOT_FOUND, "{method}");
        editor.notify(method, json!({}));
    }
    assert_answers(&mut editor);
}

// Requests

#[test]
fn fifty_requests_run_and_another_is_answered_at_once() {
    let mut editor = open();
    let held: Vec<_> = (0..50).map(|_| editor.request("$test/hold", json!({}))).collect();
    assert_answers(&mut editor);
    for request in held {
        editor.cancel(&request);
        assert_eq!(editor.error(request).code, CANCELLED);
    }
}

#[test]
fn more_requests_than_any_editor_sends_are_refused_and_the_running_ones_go_on() {
    let mut editor = open();
    let held: Vec<_> = (0..1024).map(|_| editor.request("$test/hold", json!({}))).collect();
    let over = editor.request("$test/recorded", json!({}));
    assert_eq!(editor.error(over).code, REQUEST_FAILED);
    editor.cancel(&held[0]);
    assert_eq!(editor.error(held[0].clone()).code, CANCELLED);
    assert_answers(&mut editor);
    // The end drops the others, and they need no answer.
}

#[test]
fn cancelling_drops_the_handler_and_its_connection() {
    let upstream = Upstream::start();
    let mut editor = open();
    for id in [json!(7), json!("seven"), json!(5_000_000_000_i64), json!(-1)] {
        let held = editor.request_as(id, "$test/hold", json!({ "port": upstream.port() }));
        let connection = upstream.accept();
        editor.cancel(&held);
        assert_eq!(editor.error(held).code, CANCELLED);
        expect_hang_up(connection);
    }
}

#[test]
fn cancelling_what_is_not_running_changes_nothing() {
    let mut editor = open();
    for params in [json!({ "id": 99 }), json!({ "id": null }), json!({}), json!([1]), Value::Null] {
        editor.notify("$/cancelRequest", params);
    }
    assert_answers(&mut editor);
}

#[test]
fn a_panic_is_an_answer_that_tells_nothing_of_what_was_at_hand() {
    let mut editor = World::new().canary("sk-canary-panic").open();
    editor.allow_on_stderr("internal error at ");
    for later in [false, true] {
        for _ in 0..3 {
            let params = json!({ "message": "sk-canary-panic", "later": later });
            // The same id again: nothing of the request that panicked may stay behind.
            let panic = editor.request_as(json!("again"), "$test/panic", params);
            assert_eq!(editor.error(panic).code, INTERNAL_ERROR);
        }
    }
    assert_answers(&mut editor);
    // No assertion in the middle: stderr is complete when the process is gone.
    editor.shut_down();
    assert!(editor.stderr().contains("probe.rs"), "stderr names the place");
}

#[test]
fn an_id_in_use_is_refused_and_free_again_after_its_response() {
    let mut editor = open();
    let held = editor.request_as(json!(1000), "$test/hold", json!({}));
    let twin = editor.request_as(json!(1000), "$test/recorded", json!({}));
    assert_eq!(editor.error(twin).code, INVALID_REQUEST);
    editor.cancel(&held);
    assert_eq!(editor.error(held).code, CANCELLED);
    let again = editor.request_as(json!(1000), "$test/recorded", json!({}));
    assert_eq!(editor.response(again), json!([]));
}

#[test]
fn no_response_overtakes_what_its_handler_sent() {
    let mut editor = open();
    for round in 0..30 {
        let streams: Vec<_> =
            (0..8).map(|of| editor.request("$test/notify", json!({ "count": 20, "of": of }))).collect();
        let mut next = [0; 8];
        let mut answered = 0;
        while answered < streams.len() {
            let message = editor.next_message();
            if message["method"] == "$test/note" {
                let of = usize::try_from(message["params"]["of"].as_u64().expect("a number")).expect("a small one");
                assert_eq!(message["params"]["n"], next[of], "round {round}: in order");
                next[of] += 1;
            } else {
                let of = streams.iter().position(|stream| stream.id == message["id"]).expect("one of the streams");
                assert_eq!(next[of], 20, "round {round}: the response came last");
                answered += 1;
            }
        }
    }
}

#[test]
fn notifications_act_in_message_order_before_any_later_request() {
    let mut editor = open();
    for value in 0..200 {
        editor.notify("$test/record", json!({ "value": value }));
    }
    let recorded = editor.request("$test/recorded", json!({}));
    assert_eq!(editor.response(recorded), json!((0..200).collect::<Vec<_>>()));
}

// Requests to the editor

#[test]
fn answers_to_the_servers_requests_get_through_whatever_else_is_running() {
    let mut editor = open();
    let held: Vec<_> = (0..60).map(|_| editor.request("$test/hold", json!({}))).collect();
    let asking: Vec<_> = (0..60).map(|n| editor.request("$test/ask", json!({ "n": n }))).collect();
    for n in 0..500 {
        editor.notify("$test/record", json!({ "value": n }));
    }
    for _ in &asking {
        let question = editor.expect_request("$test/question");
        let answer = question.params["n"].to_string();
        editor.answer(question, json!(answer));
    }
    for (n, asking) in asking.into_iter().enumerate() {
        assert_eq!(editor.response(asking), json!({ "answer": n.to_string() }));
    }
    for request in held {
        editor.cancel(&request);
        editor.error(request);
    }
}

#[test]
fn null_an_error_an_answer_of_another_type_and_silence_are_a_no() {
    let mut editor = open();
    for answer in [Some(Value::Null), Some(json!({ "success": 5 })), None] {
        let asking = editor.request("$test/ask", json!({}));
        let question = editor.expect_request("$test/question");
        match answer {
            Some(answer) => editor.answer(question, answer),
            None => editor.answer_error(question, METHOD_NOT_FOUND),
        }
        assert_eq!(editor.response(asking), json!({ "answer": null }));
    }
    let asking = editor.request("$test/ask", json!({ "limit": 1 }));
    let unanswered = editor.expect_request("$test/question");
    assert_eq!(editor.response(asking), json!({ "answer": null }));
    assert_eq!(editor.expect_notification("$/cancelRequest"), json!({ "id": unanswered.id }));
    // Too late, and no harm.
    editor.answer(unanswered, json!("yes"));
    assert_answers(&mut editor);
}

#[test]
fn cancelling_a_request_takes_its_question_back() {
    let mut editor = open();
    let asking = editor.request("$test/ask", json!({}));
    let question = editor.expect_request("$test/question");
    editor.cancel(&asking);
    assert_eq!(editor.error(asking).code, CANCELLED);
    assert_eq!(editor.expect_notification("$/cancelRequest"), json!({ "id": question.id }));
}

// Bodies and headers

#[test]
fn a_bad_body_is_answered_and_the_next_message_read() {
    let mut editor = open();
    for (body, code) in [
        (&b"not JSON"[..], PARSE_ERROR),
        (b"", PARSE_ERROR),
        (b"{\"jsonrpc\":\"2.0\",\"method\":\"a\"", PARSE_ERROR),
        (b"\xff\xfe\xfd", PARSE_ERROR),
        (b"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\"}]", INVALID_REQUEST),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"a\"}", INVALID_REQUEST),
        (b"{}", INVALID_REQUEST),
        (b"null", INVALID_REQUEST),
    ] {
        editor.send_body(body);
        assert_eq!(editor.error_without_id().code, code, "{}", String::from_utf8_lossy(body));
        assert_answers(&mut editor);
    }
    for body in [json!({ "method": 5 }), json!({ "method": "a", "params": 5 }), json!({})] {
        let mut message = json!({ "jsonrpc": "2.0", "id": "known" });
        message.as_object_mut().expect("an object").extend(body.as_object().expect("an object").clone());
        editor.send(&message);
        let known = crate::support::editor::Pending { id: json!("known") };
        assert_eq!(editor.error(known).code, INVALID_REQUEST, "{message}");
    }
    assert_answers(&mut editor);
}

#[test]
fn a_bad_header_is_answered_and_the_next_message_read() {
    let mut editor = open();
    for bytes in [
        &b"X-Nothing: 5\r\n\r\n{}"[..],
        b"hello world\r\n\r\n",
        b"\x00\x01\x02\x03",
        b"Content-Length: five\r\n\r\n{}",
        b"Content-Length: -5\r\n\r\n{}",
        b"Content-Length: \r\n\r\n{}",
        b"Content-Length: 99999999999999999999999999\r\n\r\n{}",
        b"Content-Length: 9223372036854775807\r\n\r\n{}",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"shutdown\"}\n",
    ] {
        editor.raw(bytes);
        assert_eq!(editor.error_without_id().code, PARSE_ERROR, "{}", String::from_utf8_lossy(bytes));
        assert_answers(&mut editor);
    }
}

#[test]
fn headers_in_any_spelling_are_read() {
    let mut editor = open();
    for (n, header) in [
        "content-length: $",
        "CONTENT-LENGTH:$",
        "Content-Type: application/vscode-jsonrpc\r\nContent-Length: $",
        "Content-Length: $\r\nContent-Type: application/vscode-jsonrpc; charset=UTF-8",
        "Content-Length: $\r\nContent-Type: application/vscode-jsonrpc; charset=utf8\r\nX-More: yes",
        "\u{feff}Content-Length: $",
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({ "jsonrpc": "2.0", "id": n, "method": "$test/recorded", "params": {} });
        let body = format!("\u{feff}{body}");
        let header = header.replace('$', &body.len().to_string());
        editor.raw(format!("{header}\r\n\r\n{body}").as_bytes());
        let pending = crate::support::editor::Pending { id: json!(n) };
        assert_eq!(editor.response(pending), json!([]), "{header}");
    }
}

#[test]
fn a_message_may_arrive_byte_by_byte() {
    let mut editor = open();
    let body =
        json!({ "jsonrpc": "2.0", "id": "slow", "method": "$test/recorded", "params": { "é": "密" } }).to_string();
    for byte in format!("Content-Length: {}\r\n\r\n{body}", body.len()).bytes() {
        editor.raw(&[byte]);
    }
    let slow = crate::support::editor::Pending { id: json!("slow") };
    assert_eq!(editor.response(slow), json!([]));
}

#[test]
fn a_wrong_length_costs_one_message_at_most() {
    let mut editor = open();
    let body = r#"{"jsonrpc":"2.0","id":"first","method":"$test/recorded","params":{}}"#;
    for (off, recovered) in [(-3_isize, false), (-40, false), (1, true), (5, true), (1000, true)] {
        let length = body.len().checked_add_signed(off).expect("a length");
        editor.raw(format!("Content-Length: {length}\r\n\r\n{body}").as_bytes());
        let second = editor.request("$test/recorded", json!({}));
        if recovered {
            let first = crate::support::editor::Pending { id: json!("first") };
            assert_eq!(editor.response(first), json!([]), "{off}");
        } else {
            assert_eq!(editor.error_without_id().code, PARSE_ERROR, "{off}");
        }
        assert_eq!(editor.response(second), json!([]), "{off}");
    }
}

#[test]
fn a_body_above_the_limit_is_refused_by_name_and_skipped() {
    let mut editor = open();
    let length = 64 * 1024 * 1024 + 1;
    editor.raw(format!("Content-Length: {length}\r\n\r\n").as_bytes());
    let error = editor.error_without_id();
    assert_eq!(error.code, INVALID_REQUEST);
    assert!(error.message.contains("64 MiB"), "{}", error.message);
    let before = resident_kib(editor.process_id());
    let chunk = vec![b'x'; 1024 * 1024];
    for _ in 0..64 {
        editor.raw(&chunk);
    }
    editor.raw(b"x");
    assert_answers(&mut editor);
    let grown = resident_kib(editor.process_id()).saturating_sub(before);
    assert!(grown < 8 * 1024, "it kept {grown} KiB of what it refused");
}

#[test]
fn no_damage_to_a_message_costs_the_one_after_it() {
    use proptest::prelude::*;
    use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
    let body =
        json!({ "jsonrpc": "2.0", "id": "damaged", "method": "$test/recorded", "params": { "é": "😀" } }).to_string();
    let whole = format!("Content-Length: {}\r\nContent-Type: x\r\n\r\n{body}", body.len()).into_bytes();
    let mut editor = open();
    // What the damaged message is answered, if anything, makes no difference.
    editor.abandon();
    let config = ProptestConfig { cases: 500, max_shrink_iters: 0, failure_persistence: None, ..Default::default() };
    // The same damage each time: a failure here waits for its time limit.
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let editor = std::cell::RefCell::new(&mut editor);
    let damage = (0..whole.len(), 0..12_usize, prop::collection::vec(any::<u8>(), 0..12));
    let outcome = runner.run(&damage, |(at, removed, added)| {
        let mut bytes = whole.clone();
        let end = (at + removed).min(bytes.len());
        bytes.splice(at..end, added);
        let mut editor = editor.borrow_mut();
        editor.raw(&bytes);
        assert_answers(&mut editor);
        Ok(())
    });
    outcome.expect("every message after it is answered");
}

#[test]
fn a_large_message_is_taken_whole() {
    let mut editor = open();
    let text = "x".repeat(20 * 1024 * 1024);
    editor.notify("$test/unknown", json!({ "text": text }));
    assert_answers(&mut editor);
}

#[test]
fn a_slow_reader_loses_nothing_and_memory_stays_bounded() {
    let mut editor = open();
    let before = resident_kib(editor.process_id());
    editor.pause_reading();
    // 64 MB in all, which must wait with those who send it.
    let stream = editor.request("$test/notify", json!({ "count": 2000, "size": 32_000 }));
    let upstream = Upstream::start();
    let held = editor.request("$test/hold", json!({ "port": upstream.port() }));
    let connection = upstream.accept();
    // Reading goes on: a cancellation is acted on, though its answer must wait.
    editor.cancel(&held);
    expect_hang_up(connection);
    let grown = resident_kib(editor.process_id()).saturating_sub(before);
    assert!(grown < 8 * 1024, "it kept {grown} KiB");
    editor.resume_reading();
    for n in 0..2000 {
        assert_eq!(editor.expect_notification("$test/note")["n"], n);
    }
    assert_eq!(editor.response(stream), json!(2000));
    assert_eq!(editor.error(held).code, CANCELLED);
}

// The end

#[test]
fn exit_without_shutdown_is_code_1() {
    let mut editor = open();
    editor.notify("exit", Value::Null);
    assert_eq!(editor.wait_for_exit(), Some(1));
}

#[test]
fn exit_before_initialize_ends_too() {
    let mut editor = World::new().start();
    editor.notify("exit", Value::Null);
    assert_eq!(editor.wait_for_exit(), Some(1));
}

/// An editor with a request that hangs upstream and with a stdout that nobody reads: how most servers stay behind.
fn stuck(upstream: &Upstream, world: World) -> (Editor, TcpStream) {
    let mut editor = world.open();
    editor.request("$test/hold", json!({ "port": upstream.port() }));
    let connection = upstream.accept();
    editor.pause_reading();
    editor.request("$test/notify", json!({ "count": 100, "size": 32_000 }));
    // Answered with nothing, but read after the stream has begun.
    let second = Upstream::start();
    editor.request("$test/hold", json!({ "port": second.port() }));
    drop(second.accept());
    editor.ignore("$test/note");
    editor.abandon();
    (editor, connection)
}

#[test]
fn exit_ends_it_with_a_hung_upstream_and_a_blocked_stdout() {
    let upstream = Upstream::start();
    let (mut editor, connection) = stuck(&upstream, World::new());
    editor.notify("exit", Value::Null);
    assert_eq!(editor.wait_for_exit(), Some(1));
    expect_hang_up(connection);
}

#[test]
fn the_end_of_the_input_ends_it_with_a_hung_upstream_and_a_blocked_stdout() {
    let upstream = Upstream::start();
    let (mut editor, connection) = stuck(&upstream, World::new());
    editor.close_stdin();
    assert_eq!(editor.wait_for_exit(), Some(1));
    expect_hang_up(connection);
}

#[test]
#[cfg(unix)]
fn sigterm_and_sigint_end_it_with_a_hung_upstream_and_a_blocked_stdout() {
    use rustix::process::{Pid, Signal, kill_process};
    for signal in [Signal::TERM, Signal::INT] {
        let upstream = Upstream::start();
        let (mut editor, connection) = stuck(&upstream, World::new());
        let pid = i32::try_from(editor.process_id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, signal).expect("it runs");
        assert_eq!(editor.wait_for_exit(), Some(1));
        expect_hang_up(connection);
    }
}

#[test]
#[cfg(unix)]
fn the_end_of_the_process_that_initialize_names_ends_it() {
    let mut client = Command::new("/bin/cat").stdin(Stdio::piped()).spawn().expect("cat can be started");
    let mut editor = World::new().start();
    let params = json!({ "processId": client.id(), "capabilities": {} });
    let initialize = editor.request("initialize", params);
    editor.response(initialize);
    drop(client.stdin.take());
    assert_eq!(editor.wait_for_exit(), Some(1));
    client.wait().expect("it is ours");
}

#[test]
#[cfg(unix)]
fn the_end_of_the_process_that_the_command_line_names_ends_it() {
    let mut client = Command::new("/bin/cat").stdin(Stdio::piped()).spawn().expect("cat can be started");
    let upstream = Upstream::start();
    let world = World::new().arg("--stdio").arg(format!("--clientProcessId={}", client.id()));
    let (mut editor, connection) = stuck(&upstream, world);
    drop(client.stdin.take());
    assert_eq!(editor.wait_for_exit(), Some(1));
    expect_hang_up(connection);
    client.wait().expect("it is ours");
}

#[test]
#[cfg(unix)]
fn a_process_that_is_gone_already_ends_it() {
    let mut client = Command::new("/bin/true").spawn().expect("true can be started");
    let gone = client.id();
    client.wait().expect("it is ours");
    let mut editor = World::new().start();
    editor.request("initialize", json!({ "processId": gone, "capabilities": {} }));
    assert_eq!(editor.wait_for_exit(), Some(1));
    // The answer may or may not have been first.
    editor.abandon();
}

#[test]
fn an_output_that_nobody_reads_any_more_ends_it() {
    let world = World::new();
    let mut command = world.terminal();
    let mut server = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the server can be started");
    drop(server.stdout.take());
    let mut stdin = server.stdin.take().expect("stdin is a pipe");
    stdin.write_all(b"Content-Length: 2\r\n\r\n{}").expect("it reads");
    // Stdin stays open: what ends it is the answer that cannot be written.
    let status = server.wait().expect("it ends");
    assert_eq!(status.code(), Some(1));
    drop(stdin);
}

#[test]
#[cfg(unix)]
fn standard_streams_that_are_non_blocking_serve_as_well() {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    let (mut ours, theirs) = UnixStream::pair().expect("a pair of sockets");
    theirs.set_nonblocking(true).expect("it is a socket");
    let twin: OwnedFd = theirs.try_clone().expect("it can be shared").into();
    let world = World::new();
    let mut server = world
        .terminal()
        .stdin(Stdio::from(twin))
        .stdout(Stdio::from(OwnedFd::from(theirs)))
        .spawn()
        .expect("the server can be started");
    let text = "x".repeat(1_000_000); // More than a socket holds.
    for id in [1, 2] {
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": "unknown", "params": { "text": text } }).to_string();
        ours.write_all(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).expect("it reads");
    }
    let exit = r#"{"jsonrpc":"2.0","method":"exit"}"#;
    ours.write_all(format!("Content-Length: {}\r\n\r\n{exit}", exit.len()).as_bytes()).expect("it reads");
    let mut output = String::new();
    ours.read_to_string(&mut output).expect("it writes text");
    assert_eq!(output.matches("Content-Length").count(), 2, "{output}");
    assert_eq!(server.wait().expect("it ends").code(), Some(1));
}

// What every test relies on: the fake editor notices

#[test]
#[should_panic(expected = "unclaimed")]
fn the_fake_editor_notices_a_message_that_nobody_claimed() {
    let mut editor = open();
    editor.request("$test/recorded", json!({}));
}

#[test]
#[should_panic(expected = "stdout holds the canary")]
fn the_fake_editor_notices_a_canary_in_the_output() {
    let mut editor = World::new().canary("sk-canary").open();
    editor.notify("$test/record", json!({ "value": "sk-canary" }));
    let recorded = editor.request("$test/recorded", json!({}));
    editor.response(recorded);
}

#[test]
#[should_panic(expected = "log holds the canary")]
fn the_fake_editor_notices_a_canary_in_a_log() {
    let editor = World::new().canary("sk-canary").open();
    std::fs::write(editor.world().state().join("server.log"), "key: sk-canary").expect("it is writable");
}

#[test]
#[should_panic(expected = "on stderr")]
fn the_fake_editor_notices_a_line_on_stderr() {
    let mut editor = open();
    let panic = editor.request("$test/panic", json!({}));
    editor.error(panic);
}

/// The memory of a process that is resident, in KiB; 0 where the system does not tell.
fn resident_kib(process_id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process_id}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse().ok())
        .unwrap_or_default()
}
