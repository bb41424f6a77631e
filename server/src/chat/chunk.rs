//! Reads one event of a stream, or a completion that came in one piece. Pure.

use serde::Deserialize;
use serde_json::Value;

use super::message::{Delta, FinishReason, FunctionDelta, ToolCallDelta, Usage, function};

/// What one event says. Each part may be missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Chunk {
    pub(super) model: Option<String>,
    pub(super) delta: Delta,
    pub(super) finish_reason: Option<FinishReason>,
    pub(super) usage: Option<Usage>,
}

/// Why an event is no chunk.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Problem {
    /// It is an error object, or ends the answer with one.
    Error(Value),
    /// It is not JSON, or JSON of another shape.
    Malformed,
}

/// Reads the data of one event; `kind` is its `event:`.
pub(super) fn parse(kind: &str, data: &str) -> Result<Chunk, Problem> {
    if kind == "error" {
        return Err(Problem::Error(serde_json::from_str(data).unwrap_or_else(|_| Value::String(data.to_owned()))));
    }
    let wire: Wire = match serde_json::from_str(data) {
        Ok(wire) => wire,
        Err(_) => return Err(unexpected(data)),
    };
    if wire.error.as_ref().is_some_and(|error| !error.is_null()) || wire.looks_like_an_error() {
        return Err(unexpected(data));
    }
    wire.into_chunk()
}

/// An error object in a place where a chunk was expected, or nothing that is known.
fn unexpected(data: &str) -> Problem {
    serde_json::from_str(data).ok().filter(Value::is_object).map_or(Problem::Malformed, Problem::Error)
}

#[derive(Deserialize)]
struct Wire {
    model: Option<String>,
    choices: Option<Vec<Choice>>,
    usage: Option<WireUsage>,
    error: Option<Value>,
    code: Option<Value>,
    message: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u32,
    delta: Option<WireMessage>,
    message: Option<WireMessage>,
    finish_reason: Option<String>,
}

#[derive(Deserialize, Default)]
struct WireMessage {
    content: Option<Value>,
    reasoning_content: Option<Value>,
    reasoning: Option<Value>,
    tool_calls: Option<Vec<WireToolCall>>,
    function_call: Option<WireFunction>,
}

#[derive(Deserialize)]
struct WireToolCall {
    index: Option<usize>,
    id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    function: Option<WireFunction>,
}

#[derive(Deserialize)]
struct WireFunction {
    name: Option<String>,
    arguments: Option<Value>,
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are the wire's")]
struct WireUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    total_tokens: Option<u64>,
}

impl Wire {
    /// `{ code, message }` without choices: how DashScope writes an error.
    fn looks_like_an_error(&self) -> bool {
        self.choices.is_none() && (self.code.is_some() || self.message.is_some())
    }

    fn into_chunk(self) -> Result<Chunk, Problem> {
        let usage = self.usage.and_then(WireUsage::into_usage);
        let mut chunk = Chunk { model: self.model.filter(|model| !model.is_empty()), usage, ..Chunk::default() };
        // Only one answer is ever asked for; others could not be told apart in the deltas.
        let Some(choice) = self.choices.into_iter().flatten().find(|choice| choice.index == 0) else {
            return Ok(chunk);
        };
        let message = choice.delta.or(choice.message).unwrap_or_default();
        if choice.finish_reason.as_deref() == Some("error_finish") {
            return Err(Problem::Error(Value::String(text(message.content).unwrap_or_default())));
        }
        chunk.finish_reason = choice.finish_reason.filter(|reason| !reason.is_empty()).map(finish_reason);
        chunk.delta = message.into_delta();
        Ok(chunk)
    }
}

impl WireMessage {
    fn into_delta(self) -> Delta {
        let reasoning = text(self.reasoning_content).or_else(|| text(self.reasoning));
        let mut calls: Vec<ToolCallDelta> = self.tool_calls.into_iter().flatten().enumerate().map(tool_call).collect();
        if let Some(legacy) = self.function_call {
            let id = legacy.name.is_some().then(|| "call_0".to_owned());
            let kind = id.is_some().then(function);
            calls.push(ToolCallDelta { index: 0, id, kind, function: Some(legacy.into_delta()) });
        }
        Delta { content: text(self.content), reasoning, tool_calls: (!calls.is_empty()).then_some(calls) }
    }
}

/// Calls that come whole often have no index: then their place in the list is meant.
fn tool_call((place, call): (usize, WireToolCall)) -> ToolCallDelta {
    ToolCallDelta {
        index: call.index.unwrap_or(place),
        id: call.id.filter(|id| !id.is_empty()),
        kind: call.kind.filter(|kind| !kind.is_empty()),
        function: call.function.map(WireFunction::into_delta),
    }
}

impl WireFunction {
    fn into_delta(self) -> FunctionDelta {
        let arguments = match self.arguments {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            // Some local servers send the object itself.
            Some(other) => Some(other.to_string()),
        };
        FunctionDelta { name: self.name.filter(|name| !name.is_empty()), arguments }
    }
}

impl WireUsage {
    fn into_usage(self) -> Option<Usage> {
        let known = self.prompt_tokens.unwrap_or_default().saturating_add(self.completion_tokens.unwrap_or_default());
        let total_tokens = self.total_tokens.unwrap_or(known);
        let usage = Usage {
            prompt_tokens: self.prompt_tokens.unwrap_or_default(),
            completion_tokens: self.completion_tokens.unwrap_or_default(),
            total_tokens,
        };
        (usage != Usage::default()).then_some(usage)
    }
}

/// The text of a string, or of a list of parts (Mistral); none where there is nothing to show.
fn text(value: Option<Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text,
        Value::Array(parts) => parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn finish_reason(reason: String) -> FinishReason {
    match reason.as_str() {
        "stop" | "end_turn" | "eos" => FinishReason::Stop,
        "length" | "max_tokens" => FinishReason::Length,
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "content_filter" => FinishReason::ContentFilter,
        _ => FinishReason::Other(reason),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chunk(value: &Value) -> Chunk {
        parse("", &value.to_string()).expect("a chunk")
    }

    fn delta(value: &Value) -> Delta {
        chunk(&json!({ "choices": [{ "delta": value }] })).delta
    }

    #[test]
    fn content_and_reasoning_are_told_apart() {
        let content = |text: &str| Delta { content: Some(text.into()), ..Delta::default() };
        let reasoning = |text: &str| Delta { reasoning: Some(text.into()), ..Delta::default() };
        for (value, expected) in [
            (json!({ "role": "assistant", "content": "" }), Delta::default()),
            (json!({ "content": null }), Delta::default()),
            (json!({ "content": "a" }), content("a")),
            (json!({ "content": " \n" }), content(" \n")),
            (json!({ "content": [{ "type": "text", "text": "a" }] }), content("a")),
            (json!({ "reasoning_content": "r", "content": null }), reasoning("r")),
            (json!({ "reasoning": "r", "content": "" }), reasoning("r")),
            (json!({ "reasoning_content": "r", "reasoning": "same" }), reasoning("r")),
            (json!({ "reasoning_content": "", "reasoning": "r" }), reasoning("r")),
        ] {
            assert_eq!(delta(&value), expected, "{value}");
        }
    }

    #[test]
    fn a_tool_call_is_passed_on_piece_by_piece() {
        let piece = delta(
            &json!({ "tool_calls": [{ "index": 1, "id": "", "type": null, "function": { "arguments": "{\"a" } }] }),
        );
        let function = FunctionDelta { name: None, arguments: Some("{\"a".into()) };
        let expected = ToolCallDelta { index: 1, id: None, kind: None, function: Some(function) };
        assert_eq!(piece.tool_calls, Some(vec![expected]));
    }

    #[test]
    fn finish_reasons_have_our_names() {
        for (reason, expected) in [
            (json!("stop"), Some(FinishReason::Stop)),
            (json!("length"), Some(FinishReason::Length)),
            (json!("tool_calls"), Some(FinishReason::ToolCalls)),
            (json!("function_call"), Some(FinishReason::ToolCalls)),
            (json!("content_filter"), Some(FinishReason::ContentFilter)),
            (json!("sensitive"), Some(FinishReason::Other("sensitive".into()))),
            (json!(null), None),
            (json!(""), None),
        ] {
            let chunk = chunk(&json!({ "choices": [{ "delta": {}, "finish_reason": reason }] }));
            assert_eq!(chunk.finish_reason, expected, "{reason}");
        }
        assert_eq!(serde_json::to_value(FinishReason::ToolCalls).expect("JSON"), "toolCalls");
        assert_eq!(serde_json::to_value(FinishReason::Other("x_y".into())).expect("JSON"), "x_y");
    }

    #[test]
    fn usage_may_come_alone() {
        let usage =
            json!({ "prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7, "prompt_tokens_details": null });
        for choices in [json!([]), json!(null)] {
            let chunk = chunk(&json!({ "model": "m", "choices": choices, "usage": usage }));
            assert_eq!(chunk.usage, Some(Usage { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 }));
            assert_eq!(chunk.model.as_deref(), Some("m"));
        }
        assert_eq!(chunk(&json!({ "choices": [], "usage": null })).usage, None);
    }

    #[test]
    fn errors_inside_a_stream_are_errors() {
        for (kind, data) in [
            ("", json!({ "error": { "message": "no" } })),
            ("", json!({ "error": "no" })),
            ("", json!({ "code": "Throttling", "message": "no", "request_id": "r" })),
            ("error", json!({ "anything": 1 })),
        ] {
            assert_eq!(parse(kind, &data.to_string()), Err(Problem::Error(data)), "{kind}");
        }
        let finish = json!({ "choices": [{ "delta": { "content": "it broke" }, "finish_reason": "error_finish" }] });
        assert_eq!(parse("", &finish.to_string()), Err(Problem::Error("it broke".into())));
        assert_eq!(parse("error", "plain words"), Err(Problem::Error("plain words".into())));
        assert_eq!(parse("", "not JSON"), Err(Problem::Malformed));
        assert_eq!(parse("", "[1]"), Err(Problem::Malformed));
        assert!(parse("", &json!({ "error": null, "choices": [] }).to_string()).is_ok());
    }

    #[test]
    fn a_whole_completion_reads_like_one_delta() {
        let whole = json!({ "model": "m", "choices": [{ "index": 0, "message": { "content": "all" }, "finish_reason": "stop" }] });
        let expected = Chunk {
            model: Some("m".into()),
            delta: Delta { content: Some("all".into()), ..Delta::default() },
            finish_reason: Some(FinishReason::Stop),
            usage: None,
        };
        assert_eq!(chunk(&whole), expected);
    }
}
