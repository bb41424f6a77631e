//! `qwen/chat` from both folders, each answer piece by piece as it arrives.

use crate::stage::{Stage, answer_of, expect};

pub fn play(stage: &mut Stage) {
    for name in ["shop", "blog"] {
        let (pending, token) = stage.ask_model(name, "Who are you?");
        let (whole, count) = answer_of(name);
        let mut text = String::new();
        let mut shown = stage.screen.streamed();
        for _ in 0..count {
            let delta = stage.editor.expect_progress(token);
            let piece = delta["content"].as_str().unwrap_or_default();
            shown.push(piece);
            text.push_str(piece);
        }
        let result = stage.editor.response(pending);
        shown.end(&format!(
            "{count} pieces ($/progress), then the result: model {}, {} tokens, finishReason {}",
            result["model"].as_str().unwrap_or_default(),
            result["usage"]["totalTokens"],
            result["finishReason"]
        ));
        if name == "shop" {
            stage.screen.gap();
        }
        expect(text == whole, "the pieces are the model's words");
        expect(result["message"]["content"] == text.as_str(), "the result is the pieces put together");
    }
}
