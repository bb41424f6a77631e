//! The one place of the terminal front that writes to standard output and standard error.

use std::io::Write;

/// Writes to standard output at once. A closed pipe is the reader's wish to hear no more, and no error.
pub(super) fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Writes a value as indented JSON.
pub(super) fn json(value: &impl serde::Serialize) {
    let text = serde_json::to_string_pretty(value).expect("what is printed is made of strings and numbers");
    print(&format!("{text}\n"));
}

/// Writes one line to standard error.
pub(super) fn complain(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "qwen-language-server: {message}");
}
