//! `initialize`.

use std::time::Instant;

use crate::stage::{Stage, expect};

pub fn play(stage: &mut Stage) {
    stage.screen.sent("initialize", "{ workspaceFolders: [ shop, blog ] }");
    let started = Instant::now();
    stage.editor.initialize();
    let server = &stage.editor.initialized["serverInfo"];
    expect(server["name"] == "qwen-language-server", "the server says its name");
    stage.screen.received(&format!(
        "qwen-language-server {} is ready, after {:.1} ms",
        server["version"].as_str().unwrap_or_default(),
        started.elapsed().as_secs_f64() * 1000.0
    ));
}
