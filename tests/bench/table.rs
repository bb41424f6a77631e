//! The table: what was measured, the figure, its floor, the target, and whether it was met.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a table is for the screen")]

use std::time::Duration;

/// One line of the table.
pub struct Row {
    what: String,
    figure: String,
    floor: String,
    target: String,
    met: Option<bool>,
}

impl Row {
    /// A line without a floor and a target.
    pub fn new(what: impl Into<String>, figure: impl Into<String>) -> Self {
        Self { what: what.into(), figure: figure.into(), floor: String::new(), target: String::new(), met: None }
    }

    /// What could not be less.
    pub fn floor(mut self, floor: impl Into<String>) -> Self {
        self.floor = floor.into();
        self
    }

    /// What it ought to be.
    pub fn target(mut self, target: impl Into<String>, met: bool) -> Self {
        self.target = target.into();
        self.met = Some(met);
        self
    }
}

/// Says on stderr what is being measured, since it takes a while.
pub fn progress(what: &str) {
    eprintln!("measuring: {what}");
}

/// Prints the table.
pub fn print(rows: &[Row]) {
    let head = ["", "figure", "floor", "target"];
    let cells = |row: &Row| [row.what.clone(), row.figure.clone(), row.floor.clone(), row.target.clone()];
    let table: Vec<_> = std::iter::once(head.map(str::to_owned)).chain(rows.iter().map(cells)).collect();
    let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2), width(3)];
    let verdicts = std::iter::once("").chain(rows.iter().map(|row| match row.met {
        Some(true) => "ok",
        Some(false) => "MISSED",
        None => "",
    }));
    println!();
    for ([what, figure, floor, target], verdict) in table.iter().zip(verdicts) {
        let [first, second, third, fourth] = widths;
        println!("{what:<first$}  {figure:>second$}  {floor:>third$}  {target:<fourth$}  {verdict}");
    }
}

/// Milliseconds, to three digits that mean something.
pub fn milliseconds(duration: Duration) -> String {
    format!("{:.3} ms", duration.as_secs_f64() * 1e3)
}

/// Microseconds.
pub fn microseconds(duration: Duration) -> String {
    format!("{:.1} µs", duration.as_secs_f64() * 1e6)
}

/// Bytes, in millions.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn megabytes(bytes: u64) -> String {
    format!("{:.2} MB", bytes as f64 / 1e6)
}
