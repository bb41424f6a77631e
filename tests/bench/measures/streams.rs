//! Many streams: nothing is lost, nothing overtakes, and what a delta costs.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::direct::Direct;
use crate::model::{Model, Order};
use crate::process::{own_thread_time, processor_time, resident};
use crate::support::world::World;
use crate::table::{Row, megabytes, microseconds};
use crate::wire::Wire;

pub fn measure() -> Vec<Row> {
    let model = Model::start();
    let world = World::new().root("app", [(".qwen/.env", model.dotenv())]);
    let mut wire = Wire::open(world.terminal(), world.initialize_params());
    let direct = Direct::new(&model);
    let mut rows = Vec::new();
    for (name, streams, at_once, deltas) in
        [("64 streams of 1,000 deltas", 64, 64, 1000), ("10,000 streams of 3", 10_000, 32, 3)]
    {
        let before = processor_time(wire.process_id()).unwrap_or_default();
        let started = Instant::now();
        let faults = run(&mut wire, &world, streams, at_once, deltas);
        let elapsed = started.elapsed();
        let spent = processor_time(wire.process_id()).unwrap_or_default().saturating_sub(before);
        let (direct_spent, direct_elapsed) = floor(&direct, streams, at_once, deltas);
        let each = |duration: Duration| microseconds(duration / u32::try_from(streams * deltas).unwrap_or(1));
        rows.extend([
            Row::new(format!("{name}: lost, reordered, or after the response"), faults.to_string())
                .target("0", faults == 0),
            Row::new("  processor time for each delta", each(spent)).floor(each(direct_spent)),
            Row::new("  time for each delta", each(elapsed)).floor(each(direct_elapsed)),
            Row::new("  memory afterwards", megabytes(resident(wire.process_id()).unwrap_or_default())),
        ]);
    }
    rows
}

/// A stream that has begun: the last time that one of its deltas bears, and its text so far.
#[derive(Default)]
struct Stream {
    last: u64,
    count: usize,
    text: String,
}

/// Runs `streams` streams, `at_once` at a time; how many things were not as they ought to be.
fn run(wire: &mut Wire, world: &World, streams: usize, at_once: usize, deltas: usize) -> usize {
    let (mut faults, mut begun, mut ended) = (0, 0, 0);
    let mut running: HashMap<i64, (i64, Stream)> = HashMap::new();
    let mut free: VecDeque<i64> = (0..).take(at_once).collect();
    while ended < streams {
        while begun < streams
            && let Some(token) = free.pop_front()
        {
            let messages = json!([{ "role": "user", "content": Order::fast(deltas).to_string() }]);
            let params = json!({ "root": world.uri("app"), "messages": messages, "partialResultToken": token });
            running.insert(token, (wire.request("qwen/chat", params), Stream::default()));
            begun += 1;
        }
        let message = wire.read().json;
        if let Some(token) = message["params"]["token"].as_i64() {
            let content = message["params"]["value"]["content"].as_str().unwrap_or_default();
            let time = content.trim().parse().unwrap_or(0);
            match running.get_mut(&token) {
                Some((_, stream)) if time >= stream.last && time > 0 => {
                    stream.last = time;
                    stream.count += 1;
                    stream.text.push_str(content);
                }
                // Out of order, or after the response.
                _ => faults += 1,
            }
            continue;
        }
        let token = running.iter().find(|(_, (id, _))| message["id"] == *id).map(|(token, _)| *token);
        let Some((_, stream)) = token.and_then(|token| running.remove(&token)) else {
            faults += 1;
            continue;
        };
        let whole = message["result"]["message"]["content"] == Value::String(stream.text);
        faults += usize::from(stream.count != deltas || !whole);
        ended += 1;
        free.extend(token);
    }
    faults
}

/// Processor time of one thread that makes the same requests, and the time it took.
fn floor(direct: &Direct, streams: usize, at_once: usize, deltas: usize) -> (Duration, Duration) {
    let (before, started) = (own_thread_time().unwrap_or_default(), Instant::now());
    for _ in 0..streams / at_once {
        direct.chats(Order::fast(deltas), at_once);
    }
    (own_thread_time().unwrap_or_default().saturating_sub(before), started.elapsed())
}
