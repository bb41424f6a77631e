//! Reads framed messages from stdin and answers each with the same framed text. Compiled by the benchmark itself.

use std::io::{BufRead, Read, Write};

fn main() {
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if input.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            match line.trim_end().split_once(": ") {
                Some((_, value)) => length = value.parse().unwrap_or(0),
                None => break,
            }
        }
        let mut body = vec![0; length];
        if input.read_exact(&mut body).is_err() {
            return;
        }
        let answer = r#"{"jsonrpc":"2.0","id":1,"result":{"capabilities":{}}}"#;
        let _ = write!(output, "Content-Length: {}\r\n\r\n{answer}", answer.len());
        let _ = output.flush();
    }
}
