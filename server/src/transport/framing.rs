//! Cuts the input into message bodies by their `Content-Length`, and finds its way again after anything else.
//!
//! LSP 3.17, Base Protocol, Header Part. Pure: bytes in, frames out, however the bytes are split.

/// The longest body that is read; longer ones are skipped as they arrive and never stored.
pub const MAX_BODY: usize = 64 * 1024 * 1024;

/// No header of a language client comes near this; what does is not a header.
const MAX_HEADER: usize = 8 * 1024;

/// A length above this is a mistake in the header, not a body worth waiting for.
const MAX_SKIPPED: u64 = 4 * 1024 * 1024 * 1024;

const NAME: &[u8] = b"Content-Length";

/// The longest `Content-Length: …` line that is looked for inside a body of a wrong length.
const MAX_LINE: usize = 64;

/// One thing that was found in the input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A body of the announced length, or of what there is of it where the next header begins too early.
    Body(Vec<u8>),
    /// Something that is no message. It has been skipped, up to the next `Content-Length`.
    Defect(Defect),
}

/// Why a part of the input is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Defect {
    /// A line that is not `Name: value`, or a header without an end.
    #[error("a message begins with header lines such as `Content-Length: 52`; what came was skipped")]
    NotAHeader,
    /// A header without a length.
    #[error("a header without `Content-Length`; send the length of each body in bytes")]
    NoLength,
    /// A length that is not a number of bytes.
    #[error("`Content-Length` is not a number of bytes; send the length of each body in digits")]
    BadLength,
    /// A body above [`MAX_BODY`].
    #[error("a message may hold at most {MAX_BODY} bytes (64 MiB); this one was skipped")]
    TooLong,
}

/// The state between two pieces of input.
#[derive(Debug, Default)]
pub(super) struct Framer {
    buffer: Vec<u8>,
    /// Everything before this is done with.
    at: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Between header lines: what the lines so far have said, and how many bytes they took.
    Header {
        length: Option<u64>,
        taken: usize,
    },
    Body {
        length: usize,
        body: Vec<u8>,
    },
    Skip {
        remaining: u64,
    },
    /// Looking for the next `Content-Length`.
    Lost,
}

impl Default for State {
    fn default() -> Self {
        Self::Header { length: None, taken: 0 }
    }
}

impl Framer {
    /// Takes the next piece of input.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.at);
        self.at = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next frame, if there is a whole one.
    pub(super) fn next_frame(&mut self) -> Option<Frame> {
        loop {
            let step = match &mut self.state {
                State::Header { .. } => self.header_line(),
                State::Body { .. } => self.body(),
                State::Skip { .. } => self.skip(),
                State::Lost => self.find_header(),
            };
            match step {
                Step::Frame(frame) => return Some(frame),
                Step::Again => {}
                Step::Starved => return None,
            }
        }
    }

    /// After `body`, which is not JSON: its length may have been wrong, so look for the next `Content-Length`, which may
    /// have begun in it.
    pub(super) fn resynchronise(&mut self, body: &[u8]) {
        self.put_back(&body[body.len().saturating_sub(MAX_LINE)..]);
        self.state = State::Lost;
    }

    /// Puts the end of the last body back: its length took in the start of the next header.
    pub(super) fn put_back(&mut self, tail: &[u8]) {
        self.buffer.splice(..self.at, tail.iter().copied());
        self.at = 0;
    }

    fn rest(&self) -> &[u8] {
        &self.buffer[self.at..]
    }

    fn header_line(&mut self) -> Step {
        let State::Header { length, taken } = self.state else { return Step::Again };
        if taken == 0 {
            let blank = blanks(self.rest());
            self.at += blank;
        }
        let rest = self.rest();
        if taken == 0 && rest.first().is_some_and(|byte| !is_name(*byte) && *byte != BOM[0]) {
            return self.lose(Defect::NotAHeader, 1);
        }
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            return if taken + rest.len() > MAX_HEADER { self.lose(Defect::NotAHeader, 1) } else { Step::Starved };
        };
        if taken + end > MAX_HEADER {
            return self.lose(Defect::NotAHeader, 1);
        }
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        if line.is_empty() {
            return self.end_of_header(length, end + 1);
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            return self.lose(Defect::NotAHeader, 1);
        };
        let (name, value) = (line[..colon].trim_ascii(), &line[colon + 1..]);
        if name.is_empty() || !name.iter().copied().all(is_name) {
            return self.lose(Defect::NotAHeader, 1);
        }
        let length = if name.eq_ignore_ascii_case(NAME) {
            match parse_length(value) {
                Some(length) => Some(length),
                // The same line may hold the next message's header.
                None => return self.lose(Defect::BadLength, NAME.len()),
            }
        } else if find_name(value).is_some() {
            // The header has no end, and the line is the rest of its message and the next one's header.
            return self.lose(Defect::NotAHeader, 1);
        } else {
            length
        };
        self.at += end + 1;
        self.state = State::Header { length, taken: taken + end + 1 };
        Step::Again
    }

    fn end_of_header(&mut self, length: Option<u64>, blank_line: usize) -> Step {
        self.at += blank_line;
        match length {
            None => self.lose(Defect::NoLength, 0),
            Some(length) if length > MAX_SKIPPED => self.lose(Defect::BadLength, 0),
            Some(length) => match usize::try_from(length) {
                Ok(length) if length <= MAX_BODY => {
                    self.state = State::Body { length, body: Vec::new() };
                    Step::Again
                }
                _ => {
                    self.state = State::Skip { remaining: length };
                    Step::Frame(Frame::Defect(Defect::TooLong))
                }
            },
        }
    }

    fn body(&mut self) -> Step {
        let State::Body { length, body } = &mut self.state else { return Step::Again };
        let rest = &self.buffer[self.at..];
        let scanned = body.len().saturating_sub(1);
        let taken = rest.len().min(*length - body.len());
        // Room as the bytes arrive: a header alone must not make us set 64 MiB aside.
        if body.capacity() - body.len() < taken {
            body.reserve_exact((body.len() * 2).max(body.len() + taken).min(*length) - body.len());
        }
        body.extend_from_slice(&rest[..taken]);
        self.at += taken;
        if let Some(next) = header_inside(body, scanned) {
            let (body, tail) = (body[..next].to_vec(), body[next..].to_vec());
            self.put_back(&tail);
            self.state = State::default();
            return Step::Frame(Frame::Body(body));
        }
        if body.len() < *length {
            return Step::Starved;
        }
        let body = std::mem::take(body);
        self.state = State::default();
        Step::Frame(Frame::Body(body))
    }

    fn skip(&mut self) -> Step {
        let State::Skip { remaining } = self.state else { return Step::Again };
        let rest = self.rest();
        let window = usize::try_from(remaining).map_or(rest.len(), |remaining| remaining.min(rest.len()));
        if let Some(next) = header_inside(&rest[..window], 0) {
            self.at += next;
            self.state = State::default();
            Step::Again
        } else if window as u64 == remaining {
            self.at += window;
            self.state = State::default();
            Step::Again
        } else {
            // The start of a header line may be the end of what has come so far.
            let done = window.saturating_sub(MAX_LINE);
            self.at += done;
            self.state = State::Skip { remaining: remaining - done as u64 };
            Step::Starved
        }
    }

    fn find_header(&mut self) -> Step {
        let rest = self.rest();
        let found = rest
            .windows(NAME.len() + 1)
            .position(|window| window.last() == Some(&b':') && window[..NAME.len()].eq_ignore_ascii_case(NAME));
        if let Some(found) = found {
            self.at += found;
            self.state = State::default();
            Step::Again
        } else {
            // The name may have begun.
            self.at += rest.len().saturating_sub(NAME.len());
            Step::Starved
        }
    }

    fn lose(&mut self, defect: Defect, skip: usize) -> Step {
        self.at += skip;
        self.state = State::Lost;
        Step::Frame(Frame::Defect(defect))
    }
}

enum Step {
    Frame(Frame),
    Again,
    Starved,
}

/// Where the start of a header begins in what should be the end of a body, if it does.
pub(super) fn starts_header(tail: &[u8]) -> bool {
    let length = tail.len().min(NAME.len());
    length > 0 && tail[..length].eq_ignore_ascii_case(&NAME[..length])
}

const BOM: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// How many bytes of blank lines and byte order marks stand before a header.
fn blanks(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    loop {
        rest = match rest {
            [b'\r' | b'\n' | b' ' | b'\t', rest @ ..] => rest,
            _ => match rest.strip_prefix(&BOM) {
                Some(rest) => rest,
                None => return bytes.len() - rest.len(),
            },
        };
    }
}

/// Where `Content-Length:` stands first.
fn find_name(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(NAME.len() + 1)
        .position(|window| window.last() == Some(&b':') && window[..NAME.len()].eq_ignore_ascii_case(NAME))
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn parse_length(value: &[u8]) -> Option<u64> {
    let digits = value.trim_ascii();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Where a line `Content-Length: <digits>` begins whose line end lies at `from` or later.
///
/// No JSON text holds one: a string may not hold a bare line end, and nothing else may hold the name. So a body that
/// has one has a wrong length.
fn header_inside(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(found) = bytes.get(at..)?.iter().position(|byte| *byte == b'\r') {
        let end = at + found;
        if bytes.get(end + 1) == Some(&b'\n') {
            let start = end.saturating_sub(MAX_LINE);
            let line = &bytes[start..end];
            let name = line.windows(NAME.len()).rposition(|window| window.eq_ignore_ascii_case(NAME));
            if let Some(name) = name
                && let Some(value) = line[name + NAME.len()..].strip_prefix(b":")
                && parse_length(value).is_some()
            {
                return Some(start + name);
            }
        }
        at = end + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames(input: &[u8]) -> Vec<Frame> {
        frames_of([input])
    }

    fn frames_of<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Frame> {
        let mut framer = Framer::default();
        let mut found = Vec::new();
        for piece in pieces {
            framer.feed(piece);
            found.extend(std::iter::from_fn(|| framer.next_frame()));
        }
        found
    }

    fn body(text: &str) -> Frame {
        Frame::Body(text.as_bytes().to_vec())
    }

    const TABLE: [(&str, &str, Option<Defect>, &[&str]); 21] = [
        ("two messages", "Content-Length: 2\r\n\r\n{}Content-Length: 4\r\n\r\n[{}]", None, &["{}", "[{}]"]),
        ("lower case", "content-length: 2\r\n\r\n{}", None, &["{}"]),
        ("no blank after the colon", "CONTENT-LENGTH:2\r\n\r\n{}", None, &["{}"]),
        ("more headers", "X-A: b\r\nContent-Length: 2\r\nContent-Type: x; charset=UTF8\r\n\r\n{}", None, &["{}"]),
        ("bare line ends", "Content-Length: 2\n\n{}", None, &["{}"]),
        ("a byte order mark before the header", "\u{feff}Content-Length: 2\r\n\r\n{}", None, &["{}"]),
        (
            "blank lines between messages",
            "Content-Length: 2\r\n\r\n{}\r\n\r\nContent-Length: 1\r\n\r\n1",
            None,
            &["{}", "1"],
        ),
        ("an empty body", "Content-Length: 0\r\n\r\nContent-Length: 1\r\n\r\n1", None, &["", "1"]),
        ("no length", "X: y\r\n\r\n{}Content-Length: 1\r\n\r\n1", Some(Defect::NoLength), &["1"]),
        (
            "a negative length",
            "Content-Length: -5\r\n\r\n{}Content-Length: 1\r\n\r\n1",
            Some(Defect::BadLength),
            &["1"],
        ),
        ("no number", "Content-Length: five\r\n\r\n{}Content-Length: 1\r\n\r\n1", Some(Defect::BadLength), &["1"]),
        (
            "no sane number",
            "Content-Length: 99999999999999999999999\r\n\r\n{}Content-Length: 1\r\n\r\n1",
            Some(Defect::BadLength),
            &["1"],
        ),
        (
            "more than can be sent",
            "Content-Length: 9223372036854775807\r\n\r\n{}Content-Length: 1\r\n\r\n1",
            Some(Defect::BadLength),
            &["1"],
        ),
        ("garbage", "hello\r\n\r\nContent-Length: 1\r\n\r\n1", Some(Defect::NotAHeader), &["1"]),
        ("bare JSON", "{\"a\":1}\nContent-Length: 1\r\n\r\n1", Some(Defect::NotAHeader), &["1"]),
        ("garbage in the header's own line", "}}Content-Length: 1\r\n\r\n1", Some(Defect::NotAHeader), &["1"]),
        (
            "a long body that is not there",
            "Content-Length: 70000000\r\n\r\n{}Content-Length: 1\r\n\r\n1",
            Some(Defect::TooLong),
            &["1"],
        ),
        (
            "a length that takes in the next message",
            "Content-Length: 99\r\n\r\n{}Content-Length: 1\r\n\r\n1",
            None,
            &["{}", "1"],
        ),
        (
            "no end of the header",
            "Content-Length: 2\r\nX: y{}Content-Length: 1\r\n\r\n1",
            Some(Defect::NotAHeader),
            &["1"],
        ),
        ("no end of the length", "Content-Length: 2{}Content-Length: 1\r\n\r\n1", Some(Defect::BadLength), &["1"]),
        ("half a message", "Content-Length: 5\r\n\r\n{}", None, &[]),
    ];

    fn expected(defect: Option<Defect>, bodies: &[&str]) -> Vec<Frame> {
        defect.map(Frame::Defect).into_iter().chain(bodies.iter().map(|text| body(text))).collect()
    }

    #[test]
    fn every_kind_of_input_is_cut_into_its_messages() {
        for (name, input, defect, bodies) in TABLE {
            assert_eq!(frames(input.as_bytes()), expected(defect, bodies), "{name}");
        }
    }

    #[test]
    fn a_body_above_the_limit_is_skipped_to_its_end() {
        let mut framer = Framer::default();
        framer.feed(format!("Content-Length: {}\r\n\r\n", MAX_BODY + 10).as_bytes());
        assert_eq!(framer.next_frame(), Some(Frame::Defect(Defect::TooLong)));
        for _ in 0..(MAX_BODY / 8192) {
            framer.feed(&[b'x'; 8192]);
            assert_eq!(framer.next_frame(), None);
            assert!(framer.buffer.len() < 10_000, "skipped bytes are not kept");
        }
        framer.feed(b"0123456789Content-Length: 2\r\n\r\n{}");
        assert_eq!(framer.next_frame(), Some(body("{}")));
    }

    #[test]
    fn a_header_without_an_end_is_given_up() {
        let mut input = vec![b'a'; MAX_HEADER + 1];
        input.extend_from_slice(b"Content-Length: 2\r\n\r\n{}");
        assert_eq!(frames_of(input.chunks(100)), [Frame::Defect(Defect::NotAHeader), body("{}")]);
    }

    #[test]
    fn the_start_of_a_header_that_a_body_swallowed_can_be_put_back() {
        let mut framer = Framer::default();
        framer.feed(b"Content-Length: 5\r\n\r\n{}Content-Length: 2\r\n\r\n[]");
        let Some(Frame::Body(swallowed)) = framer.next_frame() else { panic!("a body") };
        assert_eq!(swallowed, b"{}Con");
        assert!(starts_header(&swallowed[2..]));
        framer.put_back(&swallowed[2..]);
        assert_eq!(framer.next_frame(), Some(body("[]")));
    }

    #[test]
    fn after_a_body_that_is_no_json_a_header_that_began_in_it_is_found() {
        let mut framer = Framer::default();
        framer.feed(b"Content-Length: 6\r\n\r\n{{Content-Length: 2\r\n\r\n[]");
        assert_eq!(framer.next_frame(), Some(body("{{Cont")));
        framer.resynchronise(b"{{Cont");
        assert_eq!(framer.next_frame(), Some(body("[]")));
    }

    #[test]
    fn after_a_body_that_is_no_json_the_rest_of_it_is_passed_over_in_silence() {
        let mut framer = Framer::default();
        framer.feed(b"Content-Length: 1\r\n\r\n{}Content-Length: 2\r\n\r\n[]");
        assert_eq!(framer.next_frame(), Some(body("{")));
        framer.resynchronise(b"{");
        assert_eq!(framer.next_frame(), Some(body("[]")));
    }

    proptest! {
        #[test]
        fn where_the_input_is_split_makes_no_difference(
            rows in prop::collection::vec(0..TABLE.len() - 1, 1..6),
            cuts in prop::collection::vec(0.0..1.0f64, 0..12),
        ) {
            let input: Vec<u8> = rows.iter().flat_map(|row| TABLE[*row].1.bytes()).collect();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short input")]
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| (cut * input.len() as f64) as usize).collect();
            cuts.extend([0, input.len()]);
            cuts.sort_unstable();
            let split = frames_of(cuts.windows(2).map(|cut| &input[cut[0]..cut[1]]));
            prop_assert_eq!(split, frames(&input));
        }

        #[test]
        fn no_input_makes_it_panic_or_hides_the_message_after_it(noise in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut input = noise.clone();
            input.extend_from_slice(b"\r\n\r\nContent-Length: 2\r\n\r\n{}");
            let mut framer = Framer::default();
            framer.feed(&input);
            let last = std::iter::from_fn(|| framer.next_frame()).last();
            prop_assert_eq!(last, Some(body("{}")));
        }
    }
}
