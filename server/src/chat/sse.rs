//! Server-sent events from bytes that arrive in any pieces. Pure; holds one unfinished event, up to a limit.
//!
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>

/// Takes bytes, gives events.
#[derive(Debug, Default)]
pub struct Parser {
    /// The line that has no end yet.
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    kind: String,
    /// The last byte was a CR, whose LF may be the next.
    after_cr: bool,
    /// A first line was read: a byte order mark may stand only before it.
    started: bool,
}

/// One event that has data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The value of `event:`; empty if there is none.
    pub kind: String,
    /// The lines of `data:`, joined by line feeds.
    pub data: String,
}

/// The largest event that is taken, in bytes. A delta is about a hundred.
pub const MAX_EVENT: usize = 8 << 20;

/// An event is longer than [`MAX_EVENT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl Parser {
    /// The events that `bytes` complete.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<Event>, TooLong> {
        let mut events = Vec::new();
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                self.line.extend_from_slice(bytes);
                self.check_size()?;
                break;
            };
            self.line.extend_from_slice(&bytes[..end]);
            self.after_cr = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            self.check_size()?;
            events.extend(self.end_line());
        }
        Ok(events)
    }

    /// The event that the stream's end completes. The standard drops it, but some services leave the last blank line
    /// out.
    pub fn finish(mut self) -> Option<Event> {
        self.end_line().or_else(|| self.end_line())
    }

    fn check_size(&self) -> Result<(), TooLong> {
        if self.line.len() + self.data.len() > MAX_EVENT { Err(TooLong) } else { Ok(()) }
    }

    fn end_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        let line = if std::mem::replace(&mut self.started, true) {
            &line[..]
        } else {
            line.strip_prefix(BOM).unwrap_or(&line)
        };
        if line.is_empty() {
            return self.end_event();
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], line[colon + 1..].strip_prefix(b" ").unwrap_or(&line[colon + 1..])),
            None => (line, &b""[..]),
        };
        match field {
            b"data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
            }
            b"event" => self.kind = String::from_utf8_lossy(value).into_owned(),
            // Comments have an empty field name; `id`, `retry` and unknown fields mean nothing here.
            _ => {}
        }
        None
    }

    fn end_event(&mut self) -> Option<Event> {
        let data = std::mem::take(&mut self.data);
        let kind = std::mem::take(&mut self.kind);
        // Whole lines only come here, so no character is cut in two.
        let text = |bytes| {
            String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
        };
        std::mem::take(&mut self.has_data).then(|| Event { kind, data: text(data) })
    }
}

const BOM: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(chunks: &[&[u8]]) -> Vec<Event> {
        let mut parser = Parser::default();
        let mut events: Vec<Event> = chunks.iter().flat_map(|chunk| parser.push(chunk).expect("short")).collect();
        events.extend(parser.finish());
        events
    }

    fn data(stream: &str) -> Vec<String> {
        events(&[stream.as_bytes()]).into_iter().map(|event| event.data).collect()
    }

    #[test]
    fn every_way_to_write_an_event_is_understood() {
        for (stream, expected) in [
            ("data: a\n\ndata: b\n\n", &["a", "b"][..]),
            ("data:a\n\n", &["a"]),
            ("data:  a\n\n", &[" a"]),
            ("data: a\r\n\r\ndata: b\r\n\r\n", &["a", "b"]),
            ("data: a\r\rdata: b\r\r", &["a", "b"]),
            ("data: a\n\r\ndata: b\r\n\n", &["a", "b"]),
            ("\u{feff}data: a\n\n", &["a"]),
            (": comment\n\n:\ndata: a\n: HTTP_STATUS/200\n\n", &["a"]),
            ("data: a\ndata: b\n\n", &["a\nb"]),
            ("data\n\n", &[""]),
            ("data:\ndata:\n\n", &["\n"]),
            ("id: 1\nretry: 5\nevent: x\n\n", &[]),
            ("id:1\nevent:result\n:HTTP_STATUS/200\ndata:{}\n\n", &["{}"]),
            ("data: [DONE]", &["[DONE]"]),
            ("data: [DONE]\n", &["[DONE]"]),
            ("data: a: b\n\n", &["a: b"]),
            ("Data: a\n\n", &[]),
            ("\n\n\n", &[]),
            ("", &[]),
        ] {
            assert_eq!(data(stream), expected, "{stream:?}");
        }
    }

    #[test]
    fn an_events_kind_ends_with_it() {
        let kinds: Vec<_> =
            events(&[b"event: error\ndata: a\n\ndata: b\n\n"]).into_iter().map(|event| event.kind).collect();
        assert_eq!(kinds, ["error", ""]);
    }

    #[test]
    fn bytes_that_are_no_utf8_are_replaced() {
        assert_eq!(events(&[b"data: a\xff\n\n"])[0].data, "a\u{fffd}");
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut parser = Parser::default();
        let megabyte = vec![b'x'; 1 << 20];
        parser.push(b"data: ").expect("short");
        let refused = (0..9).map(|_| parser.push(&megabyte)).find_map(Result::err);
        assert_eq!(refused, Some(TooLong));

        let mut parser = Parser::default();
        let line = [b"data: ", &megabyte[..], b"\n"].concat();
        assert!((0..9).any(|_| parser.push(&line).is_err()));
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_the_stream_is_cut(
            lines in prop::collection::vec("(data: ?|event:|:|id:)?[a-zé密🙂 :]{0,6}(\n|\r\n|\r)", 0..20),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let stream = lines.concat().into_bytes();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]).collect();
            prop_assert_eq!(events(&chunks), events(&[&stream]));
        }

        #[test]
        fn no_bytes_make_it_panic(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8)) {
            let chunks: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
            events(&chunks);
        }
    }
}
