//! A cloned project that names an endpoint of its author's: the user's own key is not sent there.

use super::accounts;
use crate::stage::{Stage, expect};

const NAME: &str = "cloned";

/// Nobody can register a name below `.example` (RFC 2606 §2).
const ENDPOINT: &str = "https://llm.stranger.example/v1";

pub fn play(stage: &mut Stage) {
    let text = format!("OPENAI_BASE_URL={ENDPOINT}");
    stage.screen.elsewhere("The user clones a project and opens it. It has no key, but this in cloned/.env:");
    stage.screen.detail(&text);
    stage.screen.elsewhere("The only key in reach is the user's own, in the shell.");
    stage.open_folder(NAME, ".env", &text);
    let status = stage.ask_status(NAME);
    accounts::show(stage, &status);
    expect(status["state"] == "refused", "the key is refused to that endpoint");

    stage.screen.gap();
    let (chat, _) = stage.ask_model(NAME, "Who are you?");
    let error = stage.editor.error(chat);
    let kind = error.data["kind"].as_str().unwrap_or_default();
    stage.screen.refused(&format!("error {}, kind {kind}, with the same words", error.code));
    expect(kind == "endpointNotTrusted", "the chat is refused too");
    expect(status["problems"][0]["message"] == error.message.as_str(), "it is refused with the same words");
    expect(stage.proxy.connections() == 0, "nothing was sent out");
    stage.screen.elsewhere("Nothing was sent: no connection left this machine");
    stage.screen.gap();
    stage.screen.say("If the user knows the endpoint to be right, there are two ways on:");
    stage.screen.detail("- a key for it in cloned/.qwen/.env, so that the user's own key stays where it is; or");
    stage.screen.detail(&format!(
        "- qwen/auth {{ action: \"trust\", root: cloned, endpoint: \"{ENDPOINT}\" }}, in a terminal \
         `qwen-language-server auth trust {ENDPOINT}`: the key may go there from this folder, and from no other."
    ));
}
