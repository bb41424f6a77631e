//! The command line, as `clap` sees it. Keys are never arguments: others can read a process's arguments.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Qwen in every editor, with the right account for each project.
///
/// Without a command it is a language server on standard input and output, for an editor to start.
#[derive(Debug, Parser)]
#[command(name = "qwen-language-server", version, after_help = EXIT_CODES)]
pub(super) struct Arguments {
    /// What to do instead of serving an editor.
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    /// Serve on standard input and output; the default, accepted because editors pass it.
    #[arg(long)]
    pub(super) stdio: bool,
    /// End when the process with this id ends.
    #[arg(long = "clientProcessId", value_name = "PID")]
    pub(super) client_process_id: Option<u32>,
}

/// The arguments with which an editor starts a server, read without clap; none for any other command line.
///
/// Making clap's tree of commands took a third of the instructions from the start to the answer to `initialize`.
pub(super) fn of_an_editor(arguments: impl Iterator<Item = OsString>) -> Option<Arguments> {
    let mut read = Arguments { command: None, stdio: false, client_process_id: None };
    for argument in arguments {
        match argument.to_str()?.split_once('=') {
            None if argument == "--stdio" && !read.stdio => read.stdio = true,
            Some(("--clientProcessId", id)) if read.client_process_id.is_none() => {
                read.client_process_id = Some(id.parse().ok()?);
            }
            _ => return None,
        }
    }
    Some(read)
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  nothing to authenticate with, or it was refused
  2  the command line, a file or a value in it is wrong
  3  the service, the network or a time limit
  130  interrupted with Ctrl-C";

/// The commands for a terminal.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show and change how a root authenticates.
    Auth {
        /// What to do.
        #[command(subcommand)]
        command: AuthCommand,
    },
    /// Ask the model once; the answer streams to standard output.
    Chat {
        /// The question; `-`, or nothing with a pipe, reads standard input.
        prompt: Option<String>,
        /// The model to ask instead of the configured one.
        #[arg(long)]
        model: Option<String>,
        #[command(flatten)]
        root: RootArgument,
    },
    /// List the provider's models; the one in use is marked.
    Models {
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        root: RootArgument,
    },
    /// Print a report for a bug report, as Markdown, with no secret in it.
    Doctor {
        #[command(flatten)]
        root: RootArgument,
    },
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// What `auth` can do.
#[derive(Debug, Subcommand)]
pub(super) enum AuthCommand {
    /// Show who is asked, with which credential, and where each value came from.
    Status {
        /// Print the JSON that editors see.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        root: RootArgument,
    },
    /// Store an API key in the keyring; it is read from standard input or a hidden prompt.
    SetKey {
        /// The API's base URL, such as `https://api.openai.com/v1`; by default the one that the key's prefix names.
        #[arg(long, value_name = "URL")]
        base_url: Option<String>,
        /// The model to ask for.
        #[arg(long)]
        model: Option<String>,
        #[command(flatten)]
        root: RootArgument,
    },
    /// Sign in with Qwen OAuth: shows a code and a URL to open in any browser.
    SignIn {
        #[command(flatten)]
        root: RootArgument,
    },
    /// Delete what was stored.
    SignOut {
        /// Which of the two; by default the one in force.
        #[arg(long, value_enum)]
        method: Option<MethodArgument>,
        #[command(flatten)]
        root: RootArgument,
    },
    /// Choose between Qwen OAuth and an API key for a root.
    Switch {
        /// The method.
        #[arg(value_enum)]
        method: MethodArgument,
        #[command(flatten)]
        root: RootArgument,
    },
    /// Let your own key go to an endpoint that only the project names.
    Trust {
        /// The endpoint, such as `https://llm.example.com`.
        endpoint: String,
        #[command(flatten)]
        root: RootArgument,
    },
}

/// The root that a command is about.
#[derive(Debug, Args)]
pub(super) struct RootArgument {
    /// The project's directory.
    #[arg(long = "root", value_name = "DIR", default_value = ".")]
    pub(super) path: PathBuf,
}

/// The two methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum MethodArgument {
    /// Qwen OAuth.
    QwenOauth,
    /// An API key.
    Openai,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_editors_arguments_mean_the_same_without_clap() {
        for arguments in [&[][..], &["--stdio"], &["--clientProcessId=7"], &["--stdio", "--clientProcessId=4294967295"]]
        {
            let own = of_an_editor(arguments.iter().map(OsString::from)).expect("an editor's");
            let clap =
                Arguments::try_parse_from(std::iter::once(&"program").chain(arguments)).expect("the same to clap");
            assert_eq!(format!("{own:?}"), format!("{clap:?}"));
        }
    }

    #[test]
    fn whatever_else_is_left_to_clap() {
        let twice = ["--clientProcessId=7", "--clientProcessId=8"];
        for arguments in [
            &["--version"][..],
            &["auth"],
            &["--stdio=yes"],
            &["--clientProcessId=x"],
            &["--clientProcessId", "7"],
            &twice,
        ] {
            assert!(of_an_editor(arguments.iter().map(OsString::from)).is_none(), "{arguments:?}");
        }
    }
}
