//! Nothing wakes an idle server: not a timer, not a watch on files, not a connection that is kept.

use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::model::{Model, Order};
use crate::process::{processor_time, waits};
use crate::support::world::World;
use crate::table::Row;
use crate::wire::Wire;

const IDLE: Duration = Duration::from_secs(10);

/// A thread that did blocking work is kept for ten seconds, and its end is a wake-up.
const AFTER_WORK: Duration = Duration::from_secs(12);

pub fn measure() -> Vec<Row> {
    let model = Model::start();
    let world = World::new()
        .root("app", [(".qwen/.env", model.dotenv())])
        .initialization_options(json!({ "qwen": { "notifications": ["qwen/authStatusChanged"] } }));
    let mut wire = Wire::open(world.terminal(), world.initialize_params());
    thread::sleep(AFTER_WORK);
    let mut rows = idle("idle for 10 s, files watched", &wire);
    let messages = json!([{ "role": "user", "content": Order::fast(10).to_string() }]);
    let chat = wire.request("qwen/chat", json!({ "root": world.uri("app"), "messages": messages }));
    wire.response(chat);
    thread::sleep(AFTER_WORK);
    rows.extend(idle("idle for 10 s after a chat, connection kept", &wire));
    rows
}

fn idle(what: &str, wire: &Wire) -> Vec<Row> {
    let look = || (waits(wire.process_id()).unwrap_or_default(), processor_time(wire.process_id()).unwrap_or_default());
    let (waits_before, spent_before) = look();
    thread::sleep(IDLE);
    let (waits_after, spent_after) = look();
    let woken = waits_after.0.saturating_sub(waits_before.0);
    let by_files = waits_after.1.saturating_sub(waits_before.1);
    let spent = spent_after.saturating_sub(spent_before);
    vec![
        Row::new(format!("{what}: wake-ups"), woken.to_string()).floor("0").target("0", woken == 0),
        Row::new("  by others' use of directories on the way to the root", by_files.to_string()),
        Row::new("  processor time", format!("{} ms", spent.as_millis())).floor("0 ms"),
    ]
}
