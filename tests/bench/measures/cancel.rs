//! From `$/cancelRequest` to the moment in which the model sees its connection close.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::direct::Direct;
use crate::model::{Model, Order};
use crate::sample::median;
use crate::support::world::World;
use crate::table::{Row, milliseconds};
use crate::wire::Wire;

pub fn measure() -> Vec<Row> {
    let model = Model::start();
    let world = World::new().root("app", [(".qwen/.env", model.dotenv())]);
    let mut wire = Wire::open(world.terminal(), world.initialize_params());
    let direct = Direct::new(&model);
    let (mut own, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..50 {
        let messages = json!([{ "role": "user", "content": Order::held().to_string() }]);
        let params = json!({ "root": world.uri("app"), "messages": messages, "partialResultToken": 1 });
        let chat = wire.request("qwen/chat", params);
        while wire.read().json["method"] != "$/progress" {}
        let started = Instant::now();
        wire.send(&json!({ "jsonrpc": "2.0", "method": "$/cancelRequest", "params": { "id": chat } }));
        model.expect_disconnect();
        own.push(started.elapsed());
        wire.response(chat);

        let started = direct.hang_up();
        model.expect_disconnect();
        floor.push(started.elapsed());
    }
    let (own, floor) = (median(own), median(floor));
    vec![
        Row::new("cancel to the model's connection closed, median of 50", milliseconds(own))
            .floor(milliseconds(floor))
            .target("5 ms", own <= Duration::from_millis(5)),
    ]
}
