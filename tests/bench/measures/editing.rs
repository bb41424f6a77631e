//! What an editor asks while its user types: a suggestion, the list of code actions, the diagnostics of a `.env`.

use std::fmt::Write as _;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use qwen_language_server::lsp::completion::DEBOUNCE;
use serde_json::{Value, json};

use crate::sample::median;
use crate::support::http::{Http, Reply};
use crate::support::world::World;
use crate::table::{Row, milliseconds};
use crate::wire::Wire;

const ROUNDS: usize = 200;
/// Each waits for the debounce.
const KEYS: usize = 20;
const TARGET: Duration = Duration::from_millis(1);

pub fn measure() -> Vec<Row> {
    let mut rows = suggestion();
    rows.extend(lists());
    rows
}

/// From a key to the request that reaches the model, less the time that the server waits for the next key.
fn suggestion() -> Vec<Row> {
    let (arrived, arrivals) = mpsc::channel();
    let http = Http::start(move |_| {
        // Nobody listens any more at the end.
        let _ = arrived.send(Instant::now());
        Reply::json(200, &json!({ "choices": [{ "index": 0, "text": "", "finish_reason": "stop" }] }))
    });
    let dotenv = format!(
        "OPENAI_API_KEY=sk-of-the-benchmark-0000\nOPENAI_BASE_URL={}/v1\nOPENAI_MODEL=qwen2.5-coder:7b\n",
        http.url()
    );
    let world = World::new().root("app", [(".qwen/.env", dotenv)]);
    let mut wire = Wire::open(world.terminal(), world.initialize_params());
    let uri = format!("{}/main.rs", world.uri("app"));
    open(&mut wire, &uri, &"fn main() { call_of_something(); }\n".repeat(500));
    let mut own = Vec::new();
    for key in 0..KEYS {
        let at = json!({ "line": 250, "character": key });
        let change = json!({ "range": { "start": at, "end": at }, "text": "x" });
        let document = json!({ "uri": uri, "version": key + 2 });
        let started = Instant::now();
        wire.send(&json!({ "jsonrpc": "2.0", "method": "textDocument/didChange",
            "params": { "textDocument": document, "contentChanges": [change] } }));
        let asked = wire.request(
            "textDocument/inlineCompletion",
            json!({ "textDocument": { "uri": uri }, "position": { "line": 250, "character": key + 1 },
                "context": { "triggerKind": 2 } }),
        );
        let reached = arrivals.recv().expect("the model is asked");
        own.push(reached.duration_since(started).saturating_sub(DEBOUNCE));
        wire.response(asked);
    }
    // The first one makes the HTTP client and the connection.
    let first = own.remove(0);
    let own = median(own);
    vec![
        Row::new("key to suggestion asked, over the debounce, median of 19", milliseconds(own))
            .target("1 ms", own <= TARGET),
        Row::new("  the first one, which makes the connection", milliseconds(first)),
    ]
}

fn lists() -> Vec<Row> {
    let mut dotenv = "OPENAI_API_KEY=sk-of-the-benchmark-0000\nOPENAI_MODLE=x\n".to_owned();
    for line in 0..100 {
        let _ = writeln!(dotenv, "OTHER_{line}=value # of another tool");
    }
    let world = World::new().root("app", [(".env", dotenv.as_str())]);
    let capabilities = json!({ "textDocument": {
        "codeAction": { "codeActionLiteralSupport": { "codeActionKind": { "valueSet": [] } }, "dataSupport": true,
            "resolveSupport": { "properties": ["edit"] } },
        "diagnostic": {} } });
    let world = world.capabilities(capabilities);
    let mut wire = Wire::open(world.terminal(), world.initialize_params());
    let (code, env) = (format!("{}/main.rs", world.uri("app")), format!("{}/.env", world.uri("app")));
    open(&mut wire, &code, &"fn main() { call_of_something(); }\n".repeat(500));
    open(&mut wire, &env, &dotenv);
    let selection = json!({ "start": { "line": 10, "character": 0 }, "end": { "line": 20, "character": 0 } });
    let actions = json!({ "textDocument": { "uri": code }, "range": selection, "context": { "diagnostics": [] } });
    let diagnostics = json!({ "textDocument": { "uri": env } });
    [
        ("code actions listed", "textDocument/codeAction", actions),
        ("diagnostics of a .env", "textDocument/diagnostic", diagnostics),
    ]
    .map(|(what, method, params)| {
        let (mut own, mut floor) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (took, answer) = round_trip(&mut wire, method, params.clone());
            let count = answer.as_array().or_else(|| answer["items"].as_array()).map_or(0, Vec::len);
            assert!(count > 0, "there is something to list: {answer}");
            own.push(took);
            floor.push(round_trip(&mut wire, "no/such/method", params.clone()).0);
        }
        let (own, floor) = (median(own), median(floor));
        Row::new(format!("{what}, median of {ROUNDS}"), milliseconds(own))
            .floor(milliseconds(floor))
            .target("1 ms", own <= TARGET)
    })
    .into()
}

fn open(wire: &mut Wire, uri: &str, text: &str) {
    let item = json!({ "uri": uri, "languageId": "rust", "version": 1, "text": text });
    wire.send(&json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": { "textDocument": item } }));
}

fn round_trip(wire: &mut Wire, method: &str, params: Value) -> (Duration, Value) {
    let started = Instant::now();
    let id = wire.request(method, params);
    let mut message = wire.response(id);
    (message.at - started, message.json["result"].take())
}
