//! `$/cancelRequest` in the middle of an answer hangs up on the model.

use std::time::Instant;

use crate::stage::{Stage, expect, long_answer_pieces};

pub fn play(stage: &mut Stage) {
    let (pending, token) = stage.ask_model("shop", "Tell me a story.");
    let mut shown = stage.screen.streamed();
    for _ in 0..long_answer_pieces() {
        let delta = stage.editor.expect_progress(token);
        shown.push(delta["content"].as_str().unwrap_or_default());
    }
    shown.end("and the model has not finished");
    stage.screen.sent("$/cancelRequest", &format!("{{ id: {} }}   (that question)", pending.id));
    let started = Instant::now();
    stage.editor.cancel(&pending);
    let error = stage.editor.error(pending);
    stage.shop.service.expect_disconnect();
    let elapsed = started.elapsed().as_secs_f64() * 1000.0;
    stage.screen.received(&format!("error {} ({})", error.code, error.message));
    stage.screen.elsewhere(&format!("The shop's service saw the connection close, {elapsed:.1} ms after the cancel"));
    expect(error.code == -32800, "a cancelled request is answered so");
}
