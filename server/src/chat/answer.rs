//! Puts an answer together from its deltas. Pure.

use super::chunk::Chunk;
use super::message::{Answer, Delta, FunctionCall, ToolCall, ToolCallDelta, function};

/// An answer that grows.
#[derive(Clone, Debug, Default)]
pub(super) struct Growing {
    answer: Answer,
    /// For each index that upstream uses, the call that its next piece belongs to.
    slots: Vec<(usize, usize)>,
}

impl Growing {
    /// Takes what one chunk says, and gives back the delta with the indices that the answer has.
    pub(super) fn take(&mut self, chunk: Chunk) -> Delta {
        self.answer.model = chunk.model.or(self.answer.model.take());
        self.answer.finish_reason = chunk.finish_reason.or(self.answer.finish_reason.take());
        self.answer.usage = chunk.usage.or(self.answer.usage);
        let mut delta = chunk.delta;
        self.answer.content.push_str(delta.content.as_deref().unwrap_or_default());
        if let Some(reasoning) = &delta.reasoning {
            self.answer.reasoning.get_or_insert_default().push_str(reasoning);
        }
        for call in delta.tool_calls.iter_mut().flatten() {
            self.take_call(call);
        }
        delta
    }

    pub(super) fn answer(&self) -> &Answer {
        &self.answer
    }

    pub(super) fn into_answer(self) -> Answer {
        self.answer
    }

    fn take_call(&mut self, delta: &mut ToolCallDelta) {
        let slot = self.slot(delta.index, delta.id.as_deref());
        delta.index = slot;
        let call = &mut self.answer.tool_calls[slot];
        if let Some(id) = &delta.id {
            call.id.clone_from(id);
        }
        if let Some(kind) = &delta.kind {
            call.kind.clone_from(kind);
        }
        if let Some(function) = &delta.function {
            // Some services repeat the name in every piece.
            if let Some(name) = &function.name {
                call.function.name.clone_from(name);
            }
            call.function.arguments.push_str(function.arguments.as_deref().unwrap_or_default());
        }
    }

    /// The call that a piece belongs to. Another id on an index that is in use begins another call: some services
    /// send each of several calls as index 0.
    fn slot(&mut self, index: usize, id: Option<&str>) -> usize {
        let known = |slot: usize| self.answer.tool_calls[slot].id.as_str();
        let mut of_index = self.slots.iter().rev().filter(|(used, _)| *used == index).map(|(_, slot)| *slot);
        let found = match id {
            None => of_index.next(),
            Some(id) => of_index.find(|slot| known(*slot).is_empty() || known(*slot) == id),
        };
        if let Some(slot) = found {
            return slot;
        }
        let slot = self.answer.tool_calls.len();
        self.answer.tool_calls.push(ToolCall {
            id: String::new(),
            kind: function(),
            function: FunctionCall::default(),
        });
        self.slots.push((index, slot));
        slot
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::chat::chunk::parse;
    use crate::chat::message::FinishReason;

    fn grow(deltas: &[Value]) -> (Answer, Vec<Delta>) {
        let mut growing = Growing::default();
        let deltas = deltas
            .iter()
            .map(|delta| parse("", &json!({ "choices": [{ "delta": delta }] }).to_string()).expect("a chunk"))
            .map(|chunk| growing.take(chunk))
            .collect();
        (growing.into_answer(), deltas)
    }

    fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
        let function = FunctionCall { name: name.into(), arguments: arguments.into() };
        ToolCall { id: id.into(), kind: "function".into(), function }
    }

    fn piece(index: usize, id: Option<&str>, name: Option<&str>, arguments: &str) -> Value {
        json!({ "tool_calls": [{ "index": index, "id": id, "function": { "name": name, "arguments": arguments } }] })
    }

    #[test]
    fn the_deltas_put_together_are_the_answer() {
        let (answer, deltas) =
            grow(&[json!({ "reasoning": "hm" }), json!({ "content": "Hel" }), json!({}), json!({ "content": "lo" })]);
        assert_eq!(answer.content, "Hello");
        assert_eq!(answer.reasoning.as_deref(), Some("hm"));
        let content: String = deltas.iter().filter_map(|delta| delta.content.as_deref()).collect();
        assert_eq!(content, answer.content);
    }

    #[test]
    fn pieces_of_calls_are_joined_by_index() {
        let (answer, _) = grow(&[
            piece(0, Some("a"), Some("read"), "{\"p"),
            piece(1, Some("b"), Some("list"), ""),
            piece(0, None, None, "\":1}"),
            piece(1, Some("b"), Some("list"), "{}"),
        ]);
        assert_eq!(answer.tool_calls, [call("a", "read", "{\"p\":1}"), call("b", "list", "{}")]);
    }

    #[test]
    fn another_id_on_the_same_index_is_another_call_with_an_index_of_its_own() {
        let (answer, deltas) = grow(&[
            piece(0, Some("a"), Some("read"), "{}"),
            piece(0, Some("b"), Some("list"), "{"),
            piece(0, None, None, "}"),
        ]);
        assert_eq!(answer.tool_calls, [call("a", "read", "{}"), call("b", "list", "{}")]);
        let indices: Vec<usize> =
            deltas.iter().flat_map(|delta| delta.tool_calls.iter().flatten()).map(|call| call.index).collect();
        assert_eq!(indices, [0, 1, 1]);
    }

    #[test]
    fn a_huge_index_costs_one_call() {
        let (answer, deltas) = grow(&[piece(usize::MAX, Some("a"), Some("read"), "{}")]);
        assert_eq!(answer.tool_calls.len(), 1);
        assert_eq!(deltas[0].tool_calls.as_ref().map(|calls| calls[0].index), Some(0));
    }

    #[test]
    fn what_a_later_chunk_leaves_out_is_kept() {
        let mut growing = Growing::default();
        for chunk in [
            json!({ "model": "m", "choices": [{ "delta": {}, "finish_reason": "stop" }] }),
            json!({ "choices": [], "usage": { "total_tokens": 7 } }),
        ] {
            growing.take(parse("", &chunk.to_string()).expect("a chunk"));
        }
        let answer = growing.into_answer();
        assert_eq!((answer.model.as_deref(), answer.finish_reason), (Some("m"), Some(FinishReason::Stop)));
        assert_eq!(answer.usage.map(|usage| usage.total_tokens), Some(7));
    }
}
