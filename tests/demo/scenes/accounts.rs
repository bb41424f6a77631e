//! `qwen/auth` status of both folders: two accounts, and the place that each value came from.

use serde_json::Value;

use crate::stage::{OWN_KEY, Stage, expect};

pub fn play(stage: &mut Stage) {
    stage.screen.elsewhere(&format!("The user's shell has OPENAI_API_KEY={OWN_KEY}"));
    stage.screen.elsewhere(r#"~/.qwen/settings.json has { "model": { "name": "qwen3-max" } }"#);
    for name in ["shop", "blog"] {
        let project = if name == "shop" { &stage.shop } else { &stage.blog };
        stage.screen.elsewhere(&format!("{name}/{} has", project.file));
        for line in project.text.lines() {
            stage.screen.detail(line);
        }
    }
    for name in ["shop", "blog"] {
        stage.screen.gap();
        let status = stage.ask_status(name);
        show(stage, &status);
        let project = if name == "shop" { &stage.shop } else { &stage.blog };
        expect(status["state"] == "signedIn", "both folders have an account");
        expect(
            status["baseUrl"].as_str().is_some_and(|url| url.starts_with(&project.service.base_url())),
            "its endpoint is its own",
        );
        expect(status["origins"]["apiKey"]["kind"] == "projectFile", "its key is its project's");
        let last_four = &project.key[project.key.len() - 4..];
        expect(status["key"].as_str().is_some_and(|key| key.ends_with(last_four)), "its key is its own");
    }
}

/// A status as a person reads it.
pub fn show(stage: &Stage, status: &Value) {
    stage.screen.received(&format!("state: {}", status["state"].as_str().unwrap_or_default()));
    for (title, value, origin) in
        [("key", "key", "apiKey"), ("endpoint", "baseUrl", "baseUrl"), ("model", "model", "model")]
    {
        if let Some(value) = status[value].as_str() {
            stage.screen.row(title, value, &format!("from {}", place(stage, &status["origins"][origin])));
        }
    }
    for ignored in status["ignored"].as_array().into_iter().flatten() {
        let because = stage.shortened(ignored["because"].as_str().unwrap_or_default());
        stage.screen.row("not used", &place(stage, &ignored["origin"]), &because);
    }
    for problem in status["problems"].as_array().into_iter().flatten() {
        let message = stage.shortened(problem["message"].as_str().unwrap_or_default());
        stage.screen.row("problem", problem["kind"].as_str().unwrap_or_default(), &message);
    }
}

/// Where a value came from, in words.
fn place(stage: &Stage, origin: &Value) -> String {
    let variable = origin["variable"].as_str().unwrap_or_default();
    let line = origin["line"].as_u64().map(|line| format!(", line {line}")).unwrap_or_default();
    match (origin["kind"].as_str().unwrap_or_default(), origin["path"].as_str()) {
        (_, Some(path)) if !line.is_empty() => format!("{}{line}", stage.short(path)),
        (_, Some(path)) => format!("{}, {variable}", stage.short(path)),
        ("environment", None) => format!("{variable} of the shell"),
        ("default", None) => format!("a default: {}", origin["because"].as_str().unwrap_or_default()),
        (kind, None) => kind.to_owned(),
    }
}
