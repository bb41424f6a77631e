//! The log: to standard error, as much as `QWEN_LOG` asks for, and of this program's own events only.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::env::Environment;

/// The variable that names the level: `off`, `error`, `warn`, `info`, `debug` or `trace`.
const LEVEL: &str = "QWEN_LOG";

/// Begins to log. A level that has no such name counts as none.
///
/// The libraries' events stay out at every level: those of the HTTP client and of the transport show headers and whole
/// messages, and so keys.
pub fn start(env: &Environment) {
    let level = env.get(LEVEL).and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::ERROR);
    let own = Targets::new().with_target(env!("CARGO_CRATE_NAME"), level);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    // A second start in one process, as in a test, keeps the first.
    let _ = tracing_subscriber::registry().with(own).with(lines).try_init();
}
