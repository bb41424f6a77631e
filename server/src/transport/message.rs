//! Turns a body into a request, a notification or a response, or into the answer that refuses it.
//!
//! JSON-RPC 2.0, as LSP 3.17 narrows it: no batches, ids are integers or strings.

use serde_json::{Map, Value};
use tower_lsp::jsonrpc::{Error, ErrorCode, Id, Response};

/// A message from the client.
#[derive(Debug, PartialEq)]
pub(super) enum Incoming {
    /// A request, or a notification where there is no id.
    Call(Call),
    /// The answer to a request of ours.
    Answer(Response),
    /// Something else, and the answer that says so.
    Refused(Response),
}

/// A request or a notification.
#[derive(Debug, PartialEq)]
pub(super) struct Call {
    /// None for a notification.
    pub(super) id: Option<Id>,
    /// The method's name.
    pub(super) method: String,
    /// An object, an array, or null.
    pub(super) params: Option<Value>,
}

/// What a body held.
#[derive(Debug, PartialEq)]
pub(super) enum Parsed {
    /// One message, and nothing else.
    Whole(Incoming),
    /// One message, and from this offset on something else.
    Followed(Incoming, usize),
    /// No JSON; the answer that says so.
    NotJson(Response),
}

/// Parses a body.
pub(super) fn parse(body: &[u8]) -> Parsed {
    // RFC 8259 §8.1: a parser may ignore a byte order mark.
    let mark = if body.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
    let mut values = serde_json::Deserializer::from_slice(&body[mark..]).into_iter::<Value>();
    match values.next() {
        Some(Ok(value)) => {
            let end = mark + values.byte_offset();
            let incoming = sort(value);
            let blanks = body[end..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            if end + blanks == body.len() { Parsed::Whole(incoming) } else { Parsed::Followed(incoming, end + blanks) }
        }
        _ => Parsed::NotJson(not_json(body)),
    }
}

/// The answer to a body that is not JSON in UTF-8. Where only the text's encoding is wrong, its id can be read.
pub(super) fn not_json(body: &[u8]) -> Response {
    let id = match std::str::from_utf8(body) {
        Ok(_) => Id::Null,
        Err(_) => match serde_json::from_str::<Value>(&String::from_utf8_lossy(body)) {
            Ok(Value::Object(message)) => message.get("id").and_then(parse_id).unwrap_or(Id::Null),
            _ => Id::Null,
        },
    };
    refusal(id, ErrorCode::ParseError, "the message's body is not JSON in UTF-8 of the length that its header says")
}

/// An answer that refuses a message.
pub(super) fn refusal(id: Id, code: ErrorCode, message: impl Into<String>) -> Response {
    Response::from_error(id, Error { code, message: message.into().into(), data: None })
}

fn sort(value: Value) -> Incoming {
    let Value::Object(mut message) = value else {
        let what = match value {
            Value::Array(_) => "batches are no part of LSP; send each message by itself",
            _ => "a message is a JSON object",
        };
        return Incoming::Refused(refusal(Id::Null, ErrorCode::InvalidRequest, what));
    };
    let id = message.get("id").map(parse_id);
    let refused = |what: &str| {
        let id = id.clone().flatten().unwrap_or(Id::Null);
        Incoming::Refused(refusal(id, ErrorCode::InvalidRequest, what))
    };
    if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return refused("a message says `\"jsonrpc\": \"2.0\"`");
    }
    match message.remove("method") {
        Some(Value::String(method)) => {
            let id = match &id {
                Some(None) => return refused("a request's id is an integer or a string"),
                Some(id) => id.clone(),
                None => None,
            };
            match message.remove("params") {
                params @ (None | Some(Value::Null | Value::Object(_) | Value::Array(_))) => {
                    Incoming::Call(Call { id, method, params })
                }
                Some(_) => refused("a message's `params` are an object or an array"),
            }
        }
        Some(_) => refused("a message's `method` is a string"),
        None => match answer(id.clone().flatten(), &mut message) {
            Some(response) => Incoming::Answer(response),
            None => refused("a message has a `method`, or else an `id` and a `result` or an `error`"),
        },
    }
}

/// Reads a response, and forgives what some clients do: `error: null` beside a result, members of their own in an
/// error, no code.
fn answer(id: Option<Id>, message: &mut Map<String, Value>) -> Option<Response> {
    let (result, error) = (message.remove("result"), message.remove("error"));
    match (result, error) {
        (_, Some(Value::Object(error))) => {
            let code = error.get("code").and_then(Value::as_i64).map_or(ErrorCode::InternalError, ErrorCode::from);
            let text = error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
            Some(Response::from_error(id?, Error { code, message: text.into(), data: error.get("data").cloned() }))
        }
        (Some(result), _) => Some(Response::from_ok(id?, result)),
        (None, Some(_)) => Some(Response::from_error(id?, Error::internal_error())),
        (None, None) => None,
    }
}

fn parse_id(id: &Value) -> Option<Id> {
    match id {
        Value::Number(number) => number.as_i64().map(Id::Number),
        Value::String(text) => Some(Id::String(text.clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn code_and_id(parsed: &Parsed) -> Option<(i64, Id)> {
        let (Parsed::Whole(Incoming::Refused(response))
        | Parsed::Followed(Incoming::Refused(response), _)
        | Parsed::NotJson(response)) = parsed
        else {
            return None;
        };
        Some((response.error()?.code.code(), response.id().clone()))
    }

    #[test]
    fn a_bad_body_is_refused_with_its_id_where_that_can_be_read() {
        for (body, code, id) in [
            (&br#"{"jsonrpc":"2.0","id":1,"#[..], -32700, Id::Null),
            (b"", -32700, Id::Null),
            (b"\xff\xfe", -32700, Id::Null),
            (b"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"a\",\"params\":{\"x\":\"\xff\"}}", -32700, Id::Number(7)),
            (br#"[{"jsonrpc":"2.0","id":1,"method":"a"}]"#, -32600, Id::Null),
            (b"[]", -32600, Id::Null),
            (b"1", -32600, Id::Null),
            (br#"{"jsonrpc":"2.0","id":1.5,"method":"a"}"#, -32600, Id::Null),
            (br#"{"jsonrpc":"2.0","id":null,"method":"a"}"#, -32600, Id::Null),
            (br#"{"jsonrpc":"2.0","id":{},"method":"a"}"#, -32600, Id::Null),
            (br#"{"jsonrpc":"2.0","id":18446744073709551615,"method":"a"}"#, -32600, Id::Null),
            (br#"{"jsonrpc":"2.0","id":3}"#, -32600, Id::Number(3)),
            (br#"{"jsonrpc":"2.0","id":"x","method":5}"#, -32600, Id::String("x".into())),
            (br#"{"jsonrpc":"2.0","id":3,"method":"a","params":5}"#, -32600, Id::Number(3)),
            (br#"{"jsonrpc":"1.0","id":3,"method":"a"}"#, -32600, Id::Number(3)),
            (br#"{"id":3,"method":"a"}"#, -32600, Id::Number(3)),
            (br#"{"jsonrpc":"2.0","result":1}"#, -32600, Id::Null),
        ] {
            assert_eq!(code_and_id(&parse(body)), Some((code, id)), "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn nesting_without_end_is_refused_and_not_followed() {
        assert_eq!(code_and_id(&parse("[".repeat(1_000_000).as_bytes())), Some((-32700, Id::Null)));
    }

    #[test]
    fn a_byte_order_mark_and_blanks_around_a_message_are_no_part_of_it() {
        let call = Call { id: Some(Id::Number(1)), method: "a".into(), params: Some(json!({})) };
        assert_eq!(
            parse("\u{feff} {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"params\":{}}\r\n".as_bytes()),
            Parsed::Whole(Incoming::Call(call))
        );
    }

    #[test]
    fn what_follows_a_message_is_found() {
        let body = br#"{"jsonrpc":"2.0","method":"a"}Con"#;
        let call = Call { id: None, method: "a".into(), params: None };
        assert_eq!(parse(body), Parsed::Followed(Incoming::Call(call), body.len() - 3));
    }

    #[test]
    fn a_clients_own_ways_of_answering_are_understood() {
        let response = |text: &str| match parse(text.as_bytes()) {
            Parsed::Whole(Incoming::Answer(response)) => response,
            other => panic!("{other:?}"),
        };
        let ok = Response::from_ok(Id::Number(1), json!(null));
        assert_eq!(response(r#"{"jsonrpc":"2.0","id":1,"result":null,"error":null}"#), ok);
        let error = response(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no","extra":1}}"#);
        assert_eq!(error.error().map(|error| error.code), Some(ErrorCode::MethodNotFound));
        assert!(response(r#"{"jsonrpc":"2.0","id":1,"error":"no"}"#).is_error());
    }
}
