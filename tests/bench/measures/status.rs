//! `qwen/auth` status: a deep walk that finds nothing, and the last of a thousand roots.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::process::resident;
use crate::sample::median;
use crate::support::world::World;
use crate::table::{Row, megabytes, milliseconds};
use crate::wire::Wire;

const ROUNDS: usize = 300;
const TARGET: Duration = Duration::from_micros(300);

pub fn measure() -> Vec<Row> {
    let mut rows = deep();
    rows.extend(many());
    rows
}

fn deep() -> Vec<Row> {
    let path = (0..30).fold("root".to_owned(), |mut path, level| {
        let _ = write!(path, "/level{level}");
        path
    });
    // With a key in the environment, and no file found on the way up to `/`; and with a file of its own, for which git
    // is asked.
    let (without, with) = (path.clone(), format!("with-a-file/{path}"));
    let world = World::new()
        .empty_root(&without)
        .root(&with, [(".env", "OPENAI_API_KEY=sk-of-the-benchmark-0001")])
        .env("OPENAI_API_KEY", "sk-of-the-benchmark-0000");
    let mut wire = Wire::open(world.terminal(), world.initialize_params());
    [("status 30 levels deep, no file on the way, median of 300", without), ("status 30 levels deep, own file", with)]
        .map(|(what, root)| {
            let (own, floor) = compare(&mut wire, &world.uri(&root));
            Row::new(what, milliseconds(own)).floor(milliseconds(floor)).target("0.3 ms", own <= TARGET)
        })
        .into()
}

fn many() -> Vec<Row> {
    let mut world = World::new();
    for number in 0..1000 {
        let name = format!("root{number:04}");
        world = world.root(&name, [(".qwen/.env", format!("OPENAI_API_KEY=sk-of-{name}\n"))]);
    }
    let mut wire = Wire::open(world.terminal(), world.initialize_params());
    let (own, floor) = compare(&mut wire, &world.uri("root0999"));
    let memory = resident(wire.process_id()).unwrap_or_default();
    vec![
        Row::new("status of the last of 1,000 roots, median of 300", milliseconds(own))
            .floor(milliseconds(floor))
            .target("0.3 ms", own <= TARGET),
        Row::new("  memory then", megabytes(memory)),
    ]
}

/// A status, and a request that no handler has, in turns.
fn compare(wire: &mut Wire, root: &str) -> (Duration, Duration) {
    let (mut own, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        own.push(round_trip(wire, "qwen/auth", json!({ "action": "status", "root": root })));
        floor.push(round_trip(wire, "no/such/method", json!({ "action": "status", "root": root })));
    }
    (median(own), median(floor))
}

fn round_trip(wire: &mut Wire, method: &str, params: Value) -> Duration {
    let started = std::time::Instant::now();
    let id = wire.request(method, params);
    wire.response(id).at - started
}
