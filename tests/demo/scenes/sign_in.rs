//! `qwen/auth` signIn: the device flow, with a page that the user approves, and a chat with the token that comes of it.

use serde_json::{Value, json};

use super::accounts;
use crate::stage::{Stage, expect};
use crate::support::oauth::Kind;

const NAME: &str = "notes";

pub fn play(stage: &mut Stage) {
    stage.screen.elsewhere("notes/.qwen/.env has only this:");
    stage.screen.detail("QWEN_OAUTH=1");
    stage.open_folder(NAME, ".qwen/.env", "QWEN_OAUTH=1\n");
    let status = stage.ask_status(NAME);
    accounts::show(stage, &status);
    expect(status["state"] == "signedOut", "nobody is signed in");

    stage.screen.gap();
    stage.screen.sent("qwen/auth", &format!(r#"{{ action: "signIn", root: {NAME} }}"#));
    let params = json!({ "action": "signIn", "root": stage.editor.uri(NAME) });
    let sign_in = stage.editor.request("qwen/auth", params);
    let authorization = stage.editor.expect_notification("qwen/deviceAuthorization");
    stage.screen.received(&format!("qwen/deviceAuthorization  {{ userCode: {}, … }}", authorization["userCode"]));
    let question = stage.editor.expect_request("window/showDocument");
    let page = question.params["uri"].as_str().unwrap_or_default().to_owned();
    stage.screen.received(&format!("window/showDocument  {page}"));
    expect(authorization["verificationUriComplete"] == page.as_str(), "the page is the one that was announced");
    stage.editor.answer(question, json!({ "success": true }));
    if stage.interactive {
        stage.screen.elsewhere("Your browser opens that page; press Approve there, within a minute");
        expect(open::that(&page).is_ok(), "a browser opens");
    } else {
        stage.oauth.wait_for(Kind::Poll, 1);
        stage.screen.elsewhere("The user opens that page and approves (played; with --interactive it is your turn)");
        stage.oauth.approve();
    }
    let status = stage.editor.response(sign_in);
    accounts::show(stage, &status);
    expect(status["state"] == "signedIn" && status["method"] == "qwen-oauth", "the user is signed in");
    stage.screen.elsewhere("~/.qwen/oauth_creds.json holds the session now, as the Qwen Code CLI keeps it");
    expect(stage.editor.world().home().join(".qwen/oauth_creds.json").is_file(), "the session is stored");

    stage.screen.gap();
    let (chat, token) = stage.ask_model(NAME, "Who are you?");
    let delta = stage.editor.expect_progress(token);
    let result = stage.editor.response(chat);
    stage.screen.received(delta["content"].as_str().unwrap_or_default());
    expect(result["method"] == "qwen-oauth", "the answer came by Qwen OAuth");
    let asked = stage.portal.requests();
    let token = asked.last().and_then(|asked| asked.key.clone()).unwrap_or_default();
    expect(token.starts_with("canary-access"), "the token went to the service that the sign-in named");
    stage.screen.elsewhere(&format!("The sign-in named the service to use; it was asked with token {token}"));
    expect(stage.oauth.requests().iter().all(|request| !request.body.contains("sk-")), "no key went there");
    expect(status["key"] == Value::Null, "a token is not shown");
}
