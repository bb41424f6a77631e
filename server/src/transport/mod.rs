//! The LSP base protocol over stdio: drives `LspService` on a loop of our own. Knows nothing of Qwen.
//!
//! tower-lsp's service routes messages and keeps track of requests in either direction. Its own stdio loop stops
//! reading while four requests run, lets responses overtake a stream's last messages, and ends at the first malformed
//! byte; so the loop is ours.

mod framing;
pub mod memory;
mod message;

mod reader;
mod stdio;
mod writer;

mod ask;
mod ending;
mod panic;
mod serve;
mod stage;
mod uris;
mod values;

use std::io;

use tower_lsp::{ClientSocket, LanguageServer, LspService};

pub use ask::ask;
pub use ending::{Cause, Ending};
pub use framing::MAX_BODY;
pub use panic::install_panic_hook;
pub use serve::Options;
pub use values::without_values;

/// Serves over this process's stdin and stdout until the editor is done, on a runtime of this thread.
///
/// `build` makes the service, inside the runtime. The caller ends the process with [`Ending::exit_code`] by
/// `std::process::exit`: the threads that read and write may be blocked for good, and must not be waited for.
pub fn run<S: LanguageServer>(
    options: &Options,
    build: impl FnOnce() -> (LspService<S>, ClientSocket),
) -> io::Result<Ending> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ending = runtime.block_on(async {
        let (service, socket) = build();
        serve::serve(service, socket, stdio::stdin()?, stdio::stdout()?, options).await
    });
    // Blocking work, such as a keyring that does not answer, is left behind.
    runtime.shutdown_background();
    ending
}
