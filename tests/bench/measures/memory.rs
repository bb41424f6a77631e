//! Resident memory: idle, after the HTTPS client was used, and with a thousand roots.

use std::io::Read;
use std::net::TcpListener;
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::bare::Bare;
use crate::process::{anonymous, resident, threads};
use crate::support::world::World;
use crate::table::{Row, megabytes};
use crate::wire::Wire;

/// What the target says: the start's own work is over then.
const SETTLING: Duration = Duration::from_secs(2);

pub fn measure() -> Vec<Row> {
    let bare = Bare::build();
    let address = not_a_tls_server();
    let dotenv = format!("OPENAI_API_KEY=sk-of-the-benchmark-0000\nOPENAI_BASE_URL=https://{address}/v1\n");
    let world = World::new().root("app", [(".qwen/.env", dotenv)]);
    let mut own = Wire::open(world.terminal(), world.initialize_params());
    let floor = Wire::open_bare(world.command(Command::new(bare.path())));
    thread::sleep(SETTLING);
    let bytes = |wire: &Wire| resident(wire.process_id()).unwrap_or_default();
    let (idle, bare_idle) = (bytes(&own), bytes(&floor));
    let private = anonymous(own.process_id()).unwrap_or_default();

    // Loads the system's CA store and says a TLS hello. The answer is no TLS, which is an error.
    let messages = json!([{ "role": "user", "content": "hello" }]);
    let chat = own.request("qwen/chat", json!({ "root": world.uri("app"), "messages": messages }));
    let kind = own.response(chat).json["error"]["data"]["kind"].take();
    let https = bytes(&own);
    let tls_private = anonymous(own.process_id()).unwrap_or_default();
    let count = threads(own.process_id()).unwrap_or_default();
    vec![
        Row::new("memory 2 s after initialized", megabytes(idle))
            .floor(megabytes(bare_idle))
            .target("6.5 MB", idle <= 6_500_000),
        Row::new("  of it the process's own, not the program file's", megabytes(private)),
        Row::new(
            format!("memory after the HTTPS client was used ({})", kind.as_str().unwrap_or("no error")),
            megabytes(https),
        )
        .floor(megabytes(bare_idle))
        .target("9 MB", https <= 9_000_000),
        Row::new("  of it the process's own, not the program file's", megabytes(tls_private)),
        Row::new("  threads then", count.to_string()),
    ]
}

/// An address that takes connections and never speaks TLS.
fn not_a_tls_server() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    let address = listener.local_addr().expect("a bound address");
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut hello = [0; 512];
            let _ = stream.read(&mut hello);
        }
    });
    address
}
