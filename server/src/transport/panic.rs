//! What a panic says: where it happened, and nothing of what was at hand, which may be a secret.

use std::io::Write;

const PROGRAM: &str = env!("CARGO_PKG_NAME");

/// Replaces the process's panic message by one line on stderr that names the place alone.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|panic| {
        let mut stderr = std::io::stderr().lock();
        // Nothing is left to do where even stderr is gone.
        let _ = match panic.location() {
            Some(place) => writeln!(stderr, "{PROGRAM}: internal error at {place}; please report this line"),
            None => writeln!(stderr, "{PROGRAM}: internal error; please report this"),
        };
    }));
}
