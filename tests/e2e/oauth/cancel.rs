//! A sign-in that is cancelled, on each rung of the ladder and in each way.

use serde_json::{Value, json};

use super::{
    TOKEN, expect_end, expect_told, open, plant_verifiers, session_file, shows_documents, sign_in, status, world,
};
use crate::support::editor::{Editor, Pending, RpcError};
use crate::support::oauth::{Kind, OAuth};
use crate::support::openai::OpenAi;

/// How far the ladder was climbed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rung {
    PageAsked,
    PageOpened,
    MessageAsked,
    MessageClosed,
    TextShown,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Request,
    ClientsToken,
    ServersToken,
}

const RUNGS: [Rung; 5] = [Rung::PageAsked, Rung::PageOpened, Rung::MessageAsked, Rung::MessageClosed, Rung::TextShown];

fn climb(editor: &mut Editor, rung: Rung) {
    let page = editor.expect_request("window/showDocument");
    match rung {
        Rung::PageAsked => return,
        Rung::PageOpened => return editor.answer(page, json!({ "success": true })),
        Rung::MessageAsked | Rung::MessageClosed | Rung::TextShown => editor.answer_error(page, -32601),
    }
    let message = editor.expect_request("window/showMessageRequest");
    match rung {
        Rung::MessageClosed => editor.answer(message, Value::Null),
        Rung::TextShown => {
            editor.answer_error(message, -32601);
            editor.expect_notification("window/showMessage");
        }
        Rung::PageAsked | Rung::PageOpened | Rung::MessageAsked => {}
    }
}

/// Starts a sign-in in this way; the token of its progress.
fn start(editor: &mut Editor, way: Way) -> (Pending, Value) {
    if way == Way::ServersToken {
        let pending = editor.request("qwen/auth", json!({ "action": "signIn" }));
        let create = editor.expect_request("window/workDoneProgress/create");
        let token = create.params["token"].clone();
        editor.answer(create, Value::Null);
        (pending, token)
    } else {
        (sign_in(editor), json!(TOKEN))
    }
}

fn cancelled(rung: Rung, way: Way) {
    let (oauth, model) = (OAuth::start(), OpenAi::start());
    let mut capabilities = shows_documents();
    capabilities["window"]["workDoneProgress"] = json!(way == Way::ServersToken);
    let world = world(&oauth)
        .capabilities(capabilities)
        .env("OPENAI_API_KEY", model.key())
        .env("OPENAI_BASE_URL", model.base_url());
    let mut editor = open(world);
    let (pending, token) = start(&mut editor, way);
    expect_told(&mut editor, &oauth, &token, 1);
    climb(&mut editor, rung);
    oauth.wait_for(Kind::Poll, 1);
    match way {
        Way::Request => editor.cancel(&pending),
        Way::ClientsToken | Way::ServersToken => {
            editor.notify("window/workDoneProgress/cancel", json!({ "token": token }));
        }
    }
    assert_eq!(editor.error(pending).code, -32800, "{rung:?} {way:?}");
    expect_end(&mut editor, token);
    if matches!(rung, Rung::PageAsked | Rung::MessageAsked) {
        editor.expect_notification("$/cancelRequest");
    }
    // Approving now is too late, and the old method is in force.
    oauth.approve();
    assert_eq!(status(&mut editor)["method"], "openai");
    assert!(!session_file(&editor).exists());
    plant_verifiers(&oauth, &mut editor);
}

#[test]
fn o16_cancelling_the_request_ends_a_sign_in_on_every_rung() {
    for rung in RUNGS {
        cancelled(rung, Way::Request);
    }
}

#[test]
fn o16_cancelling_the_editors_progress_ends_a_sign_in_on_every_rung() {
    for rung in RUNGS {
        cancelled(rung, Way::ClientsToken);
    }
}

#[test]
fn o16_cancelling_the_servers_progress_ends_a_sign_in_on_every_rung() {
    for rung in RUNGS {
        cancelled(rung, Way::ServersToken);
    }
}

#[test]
fn a_second_sign_in_takes_over_and_the_first_is_told_so_on_every_rung() {
    for rung in RUNGS {
        let oauth = OAuth::start();
        let mut editor = open(world(&oauth).capabilities(shows_documents()));
        let first = sign_in(&mut editor);
        expect_told(&mut editor, &oauth, &json!(TOKEN), 1);
        climb(&mut editor, rung);
        oauth.wait_for(Kind::Poll, 1);
        let second = editor.request("qwen/auth", json!({ "action": "signIn", "workDoneToken": 2 }));
        let RpcError { code, message, data } = editor.error(first);
        assert_eq!((code, &data["kind"], &data["userCode"]), (-32803, &json!("alreadyInProgress"), &json!("CODE-1")));
        assert!(message.contains("later sign-in"), "{message}");
        expect_end(&mut editor, TOKEN);
        if matches!(rung, Rung::PageAsked | Rung::MessageAsked) {
            editor.expect_notification("$/cancelRequest");
        }
        expect_told(&mut editor, &oauth, &json!(2), 2);
        climb(&mut editor, Rung::PageOpened);
        oauth.approve();
        assert_eq!(editor.response(second)["method"], "qwen-oauth");
        expect_end(&mut editor, 2);
        plant_verifiers(&oauth, &mut editor);
    }
}

#[test]
fn a_sign_out_ends_a_sign_in_under_way() {
    let oauth = OAuth::start();
    let mut editor = open(world(&oauth).capabilities(shows_documents()));
    let pending = sign_in(&mut editor);
    expect_told(&mut editor, &oauth, &json!(TOKEN), 1);
    climb(&mut editor, Rung::PageOpened);
    let sign_out = editor.request("qwen/auth", json!({ "action": "signOut", "method": "qwen-oauth" }));
    assert_eq!(editor.response(sign_out)["state"], "signedOut");
    assert_eq!(editor.error(pending).data["kind"], "alreadyInProgress");
    expect_end(&mut editor, TOKEN);
}
