//! What the newcomer sees: plain words within 100 columns, in colour on a terminal only.
#![allow(clippy::print_stdout, reason = "a demo is for the screen")]
#![allow(clippy::unused_self, reason = "whoever writes to the screen holds it, coloured or not")]

use std::io::{IsTerminal, Write, stdout};

/// Standard output.
pub struct Screen {
    coloured: bool,
}

/// Text that appears piece by piece, as it arrives.
pub struct Streamed<'a> {
    screen: &'a Screen,
    column: usize,
}

const WIDTH: usize = 98;

#[derive(Clone, Copy)]
enum Style {
    Bold,
    Dim,
    Sent,
    Received,
    Refused,
}

impl Screen {
    /// Colours unless the output is a file or a pipe, or `NO_COLOR` is set.
    pub fn new() -> Self {
        Self { coloured: stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() }
    }

    /// A line that stands out.
    pub fn headline(&self, text: &str) {
        println!("\n{}\n", self.styled(Style::Bold, text));
    }

    /// The title of a scene.
    pub fn title(&self, number: usize, text: &str) {
        self.headline(&format!("{number}. {text}"));
    }

    /// A paragraph.
    pub fn say(&self, text: &str) {
        for line in wrapped(text, WIDTH - 3) {
            println!("   {line}");
        }
    }

    /// What the marks at the beginning of a line mean.
    pub fn legend(&self) {
        println!();
        self.marked(Style::Sent, "→", "what the editor sends");
        self.marked(Style::Received, "←", "what the server answers");
        self.marked(Style::Dim, "·", "what happens elsewhere");
    }

    /// A message to the server: its method, and what is worth reading of its params.
    pub fn sent(&self, method: &str, params: &str) {
        self.marked(Style::Sent, "→", &format!("{method}  {params}"));
    }

    /// A message from the server.
    pub fn received(&self, text: &str) {
        self.marked(Style::Received, "←", text);
    }

    /// A message from the server that says no.
    pub fn refused(&self, text: &str) {
        self.marked(Style::Refused, "←", text);
    }

    /// What happens in a file or at a service.
    pub fn elsewhere(&self, text: &str) {
        self.marked(Style::Dim, "·", text);
    }

    /// A line that belongs to the message above it.
    pub fn detail(&self, text: &str) {
        for line in wrapped(text, WIDTH - 7) {
            println!("       {line}");
        }
    }

    /// A name, its value and a remark, in columns.
    pub fn row(&self, name: &str, value: &str, remark: &str) {
        let used = 7 + 10 + value.chars().count().max(30) + 2;
        if used + remark.chars().count() <= WIDTH {
            println!("       {name:<10}{value:<30}  {}", self.styled(Style::Dim, remark));
            return;
        }
        println!("       {name:<10}{value}");
        for line in wrapped(remark, WIDTH - 17) {
            println!("                 {}", self.styled(Style::Dim, &line));
        }
    }

    /// An empty line.
    pub fn gap(&self) {
        println!();
    }

    /// A message from the server that comes in pieces.
    pub fn streamed(&self) -> Streamed<'_> {
        print!("   {}  ", self.styled(Style::Received, "←"));
        Streamed { screen: self, column: 6 }
    }

    fn marked(&self, style: Style, mark: &str, text: &str) {
        for (index, line) in wrapped(text, WIDTH - 6).iter().enumerate() {
            let mark = if index == 0 { self.styled(style, mark) } else { " ".to_owned() };
            println!("   {mark}  {line}");
        }
        // Each line is seen when it happens, in a pipe too.
        let _ = stdout().flush();
    }

    fn styled(&self, style: Style, text: &str) -> String {
        let code = match style {
            _ if !self.coloured => return text.to_owned(),
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Sent => "36",
            Style::Received => "32",
            Style::Refused => "31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

impl Streamed<'_> {
    /// Shows a piece, a word or so, at once.
    pub fn push(&mut self, piece: &str) {
        let width = piece.chars().count();
        if self.column + piece.trim_end().chars().count() > WIDTH {
            print!("\n      ");
            self.column = 6;
        }
        print!("{piece}");
        self.column += width;
        let _ = stdout().flush();
    }

    /// Ends the text; a remark follows it.
    pub fn end(self, remark: &str) {
        println!();
        println!("       {}", self.screen.styled(Style::Dim, remark));
    }
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        if !line.trim().is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines
}
