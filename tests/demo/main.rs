//! The demo: plays an editor with two projects, and prints its conversation with the real server.
//!
//! `cargo run --release --example demo`; with `-- --interactive` you approve the sign-in yourself. It needs no network
//! and no key, and leaves nothing behind. It ends with 0 only if everything was as it was told on the screen.

#![allow(unreachable_pub, reason = "the parts of a program are public to each other")]

mod scenes;
mod screen;
mod stage;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;

use qwen_language_server::{lsp, transport};

use self::scenes::SCENES;
use self::stage::Stage;

/// With this argument the demo is the server. Cargo tells an example of no built binary, so it starts itself again: a
/// real process that speaks over real pipes.
const SERVE: &str = "--serve-over-stdio";

/// With this argument the newcomer approves the sign-in, in a browser.
const INTERACTIVE: &str = "--interactive";

const INTRODUCTION: &str = "This program plays an editor. It starts the real language server as a process of its own \
    and talks with it over pipes, as VS Code or Neovim would. Two projects are open, and each has an account of its \
    own. The services that answer are played on this machine too: no network, no key of yours, nothing left behind.";

const CLOSING: &str = "Everything was as told. To use it: put a key in a project's `.qwen/.env`, and add \
    `qwen-language-server` to your editor; README.md says how, editors/PROTOCOL.md has every message.";

fn main() -> ExitCode {
    let argument = std::env::args().nth(1);
    if argument.as_deref() == Some(SERVE) {
        return serve();
    }
    let mut stage = Stage::set(SERVE, argument.as_deref() == Some(INTERACTIVE));
    stage.screen.headline("qwen-language-server, as an editor sees it");
    stage.screen.say(INTRODUCTION);
    stage.screen.legend();
    for (number, (title, play)) in (1..).zip(SCENES) {
        stage.screen.title(number, title);
        play(&mut stage);
    }
    let Stage { screen, editor, .. } = stage;
    // Asserts a clean end of the server, and that no key was in anything that it wrote.
    drop(editor);
    screen.headline("The server has ended, and no key was in anything that it wrote");
    screen.say(CLOSING);
    ExitCode::SUCCESS
}

fn serve() -> ExitCode {
    match lsp::run(&transport::Options::default()) {
        // Not by returning: a thread may be blocked in stdin for good.
        Ok(code) => std::process::exit(code),
        Err(_) => ExitCode::FAILURE,
    }
}
