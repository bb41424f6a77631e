//! From the start of the process to the answer to `initialize`; and the size of the program.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::bare::Bare;
use crate::sample::median;
use crate::support::world::World;
use crate::table::{Row, megabytes, milliseconds};
use crate::wire::Wire;

const ROUNDS: usize = 60;

pub fn measure() -> Vec<Row> {
    let bare = Bare::build();
    let world = World::new().empty_root("app");
    let (mut own, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        own.push(start(world.terminal(), &world));
        floor.push(start(world.command(Command::new(bare.path())), &world));
    }
    let (own, floor) = (median(own), median(floor));
    let size = |program: &Command| std::fs::metadata(program.get_program()).map_or(0, |file| file.len());
    let (own_size, bare_size) = (size(&world.terminal()), size(&Command::new(bare.path())));
    vec![
        Row::new("spawn to initialize response, median of 60", milliseconds(own))
            .floor(milliseconds(floor))
            .target("floor + 2 ms", own < floor + Duration::from_millis(2)),
        Row::new("size of the program", megabytes(own_size))
            .floor(megabytes(bare_size))
            .target("6 MB", own_size <= 6_000_000),
    ]
}

fn start(command: Command, world: &World) -> Duration {
    let params = world.initialize_params();
    let started = Instant::now();
    let mut wire = Wire::start(command);
    let initialize = wire.request("initialize", params);
    wire.response(initialize).at - started
}
