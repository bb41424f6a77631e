//! What the server adds to a chat: to the first delta, and to each one.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::direct::Direct;
use crate::model::{Model, Order};
use crate::sample::median;
use crate::support::world::World;
use crate::table::{Row, milliseconds};
use crate::wire::Wire;

const ROUNDS: usize = 200;
const DELTAS: usize = 100;
/// Models send about that fast at best, and each delta is alone on its way.
const PAUSE: Duration = Duration::from_millis(2);

pub fn measure() -> Vec<Row> {
    let model = Model::start();
    let world = World::new().root("app", [(".qwen/.env", model.dotenv())]);
    let mut wire = Wire::open(world.terminal(), world.initialize_params());
    let direct = Direct::new(&model);
    // The connections are made, and everything was used once.
    for _ in 0..20 {
        relayed(&mut wire, &world, Order::fast(2));
        direct.chat(Order::fast(2));
    }

    let (mut own_first, mut floor_first) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let started = Instant::now();
        own_first.push(relayed(&mut wire, &world, Order::fast(1))[0].1 - started);
        let started = Instant::now();
        floor_first.push(direct.chat(Order::fast(1))[0].1 - started);
    }
    let (own_first, floor_first) = (median(own_first), median(floor_first));

    let (mut own, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        let order = Order::paced(DELTAS, PAUSE);
        let taken = |(text, at): &(String, Instant)| model.clock().taken(text, *at);
        own.extend(relayed(&mut wire, &world, order).iter().map(taken));
        floor.extend(direct.chat(order).iter().map(taken));
    }
    let (own, floor) = (median(own), median(floor));
    vec![
        Row::new("request to first delta, median of 200", milliseconds(own_first))
            .floor(milliseconds(floor_first))
            .target("floor + 0.5 ms", own_first <= floor_first + Duration::from_micros(500)),
        Row::new("each delta, median of 1,000 that come alone", milliseconds(own))
            .floor(milliseconds(floor))
            .target("floor + 0.1 ms", own <= floor + Duration::from_micros(100)),
    ]
}

/// A chat through the server: each delta's text, and when it had arrived.
fn relayed(wire: &mut Wire, world: &World, order: Order) -> Vec<(String, Instant)> {
    let id = wire.request("qwen/chat", params(world, order));
    let mut deltas = Vec::new();
    loop {
        let message = wire.read();
        if message.json["id"] == id {
            assert!(message.json.get("error").is_none(), "{}", message.json);
            return deltas;
        }
        if let Value::String(content) = &message.json["params"]["value"]["content"] {
            deltas.push((content.clone(), message.at));
        }
    }
}

fn params(world: &World, order: Order) -> Value {
    let messages = json!([{ "role": "user", "content": order.to_string() }]);
    json!({ "root": world.uri("app"), "messages": messages, "partialResultToken": 1 })
}
