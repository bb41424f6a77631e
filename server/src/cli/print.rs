//! The one place of the terminal front that writes to standard output and standard error.

use std::io::{ErrorKind, Write};

use super::exit;

/// Writes to standard output at once. A closed pipe is the reader's wish to hear no more, and no error; what cannot be
/// written for another reason ends the program, since nobody would see the rest.
pub(super) fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            complain(&format!("standard output: {error}"));
            std::process::exit(i32::from(exit::USAGE));
        }
        Ok(()) | Err(_) => {}
    }
}

/// Writes a value as indented JSON.
pub(super) fn json(value: &impl serde::Serialize) {
    let text = serde_json::to_string_pretty(value).expect("what is printed is made of strings and numbers");
    print(&format!("{text}\n"));
}

/// Writes to standard error, each line with the program's name.
pub(super) fn complain(message: &str) {
    let message = message.replace('\n', "\nqwen-language-server: ");
    let _ = writeln!(std::io::stderr().lock(), "qwen-language-server: {message}");
}
