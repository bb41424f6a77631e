//! The terminal front: translates the command line into the verbs of `qwen`, and decides nothing.

mod args;
mod auth;
mod chat;
mod doctor;
mod echo;
mod exit;
mod print;
mod sign_in;

use std::io::IsTerminal;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use tokio::runtime::Runtime;

use self::args::{Arguments, Command};
use self::print::{complain, print};
use crate::env::Environment;
use crate::files::{Disk, Files};
use crate::qwen::{Error, ErrorKind, Qwen, Scope, Settings};
use crate::{log, lsp, transport};

/// Runs the program with the process's own arguments.
pub fn run() -> ExitCode {
    log::start(&Environment::read());
    let arguments = args::of_an_editor(std::env::args_os().skip(1)).unwrap_or_else(Arguments::parse);
    let Some(command) = arguments.command else {
        return serve(arguments.client_process_id);
    };
    if let Command::Completions { shell } = command {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Arguments::command(), "qwen-language-server", &mut script);
        // clap_complete 4.6 takes the hyphens of a program's name for those between commands, and completes the first word only.
        let script = String::from_utf8_lossy(&script)
            .replace("qwen__subcmd__language__subcmd__server", "qwen__language__server");
        print(&script);
        return ExitCode::SUCCESS;
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("the program cannot start: {error}"));
            return ExitCode::from(exit::UNAVAILABLE);
        }
    };
    let code = runtime.block_on(interruptible(perform(command)));
    leave(runtime, code)
}

fn serve(client_process_id: Option<u32>) -> ExitCode {
    if std::io::stdin().is_terminal() {
        complain(
            "a language server for an editor to start, waiting for its messages; `--help` lists what a terminal can do",
        );
    }
    match lsp::run(&transport::Options { client_process_id }) {
        // Not by returning: a thread may be blocked in stdin or stdout for good.
        Ok(code) => std::process::exit(code),
        Err(error) => {
            complain(&format!("the server cannot start: {error}"));
            ExitCode::from(exit::UNAVAILABLE)
        }
    }
}

/// Ends without waiting for what may never end, such as a keyring that does not answer.
fn leave(runtime: Runtime, code: u8) -> ExitCode {
    runtime.shutdown_background();
    ExitCode::from(code)
}

async fn interruptible(work: impl Future<Output = Result<(), Failure>>) -> u8 {
    tokio::select! {
        // First, so that the signal is caught before anything begins.
        biased;
        // Dropping the work closes its sockets and gives the terminal its echo back.
        _ = tokio::signal::ctrl_c() => exit::INTERRUPTED,
        outcome = work => match outcome {
            Ok(()) => exit::DONE,
            Err(failure) => {
                complain(&failure.message);
                failure.code
            }
        },
    }
}

async fn perform(command: Command) -> Result<(), Failure> {
    let qwen = Qwen::new(Environment::read());
    match command {
        Command::Auth { command } => auth::auth(&qwen, command).await,
        Command::Chat { prompt, model, root } => chat::chat(&qwen, &scope(&root.path)?, prompt, model).await,
        Command::Models { json, root } => models(&qwen, &scope(&root.path)?, json).await,
        Command::Doctor { root } => doctor::doctor(&qwen, &scope(&root.path)?).await,
        Command::Completions { .. } => Ok(()),
    }
}

async fn models(qwen: &Qwen, scope: &Scope, json: bool) -> Result<(), Failure> {
    let models = qwen.models(scope).await?;
    if json {
        print::json(&models);
        return Ok(());
    }
    for model in models {
        let mark = if model.current { "*" } else { " " };
        print(&format!("{mark} {}\n", model.id));
    }
    Ok(())
}

/// Why a command ended without doing its work.
struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: exit::USAGE }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (message, kind) = (error.to_string(), error.kind());
        let hint = match kind {
            // What the editors' hint offers is no command of a terminal's.
            ErrorKind::KeyringUnavailable => {
                Some("a key can be in `~/.qwen/.env` or the project's `.qwen/.env`".to_owned())
            }
            _ => error.hint().filter(|hint| !message.contains(hint.as_str())),
        };
        let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        Self { message: format!("{message}{hint}"), code: exit::code(kind) }
    }
}

fn scope(root: &Path) -> Result<Scope, Failure> {
    let absolute = std::path::absolute(root).map_err(|error| Failure::usage(format!("{}: {error}", root.display())))?;
    // `.` and a trailing slash are spellings; the directory is looked for where the user said, symlinks and all. But
    // `app/../other` is not inside `app`, whose file would be found on the way up.
    let root: PathBuf = absolute.components().collect();
    let climbs = root.components().any(|part| part == Component::ParentDir);
    let root = if climbs { Disk.real_path(&root).unwrap_or(root) } else { root };
    if root.is_dir() {
        Ok(Scope { root, settings: Settings::default(), model: None })
    } else {
        Err(Failure::usage(format!("--root: {} is not a directory", root.display())))
    }
}
