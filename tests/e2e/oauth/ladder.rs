//! Each way to show the user the page: what the editor is asked, in which order, and that the sign-in goes on anyway.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::{
    TOKEN, approve, expect_end, expect_told, open, page, plant_verifiers, refuse_page, session_file, shows_documents,
    sign_in, status, stored, world,
};
use crate::support::editor::{Editor, Question};
use crate::support::oauth::{Kind, OAuth};
use crate::support::world::World;

/// Starts a sign-in and claims what is shown before anything is asked.
fn begun(oauth: &OAuth, world: World) -> (Editor, crate::support::editor::Pending) {
    let mut editor = open(world);
    let pending = sign_in(&mut editor);
    expect_told(&mut editor, oauth, &json!(TOKEN), 1);
    // Polling waits for no answer of the editor's.
    oauth.wait_for(Kind::Poll, 1);
    (editor, pending)
}

fn titles(question: &Question) -> Vec<Value> {
    question.params["actions"].as_array().unwrap().iter().map(|action| action["title"].clone()).collect()
}

/// The message that stands in for the page, with everything the user needs.
fn expect_message(oauth: &OAuth, editor: &mut Editor, expected: &[&str]) -> Question {
    let question = editor.expect_request("window/showMessageRequest");
    let text = question.params["message"].as_str().unwrap();
    assert!(text.contains(&page(oauth, 1)) && text.contains("CODE-1"), "{text}");
    assert_eq!(titles(&question), expected.iter().map(|title| json!(title)).collect::<Vec<_>>());
    question
}

fn expect_text(oauth: &OAuth, editor: &mut Editor) {
    let shown = editor.expect_notification("window/showMessage");
    let text = shown["message"].as_str().unwrap();
    assert!(text.contains(&page(oauth, 1)) && text.contains("CODE-1"), "{text}");
}

#[test]
fn o05_the_editor_opens_the_page_byte_for_byte_and_the_root_is_signed_in() {
    let oauth = OAuth::start();
    let (mut editor, pending) = begun(&oauth, world(&oauth).capabilities(shows_documents()));
    let question = editor.expect_request("window/showDocument");
    assert_eq!(question.params, json!({ "uri": page(&oauth, 1), "external": true, "takeFocus": true }));
    editor.answer(question, json!({ "success": true }));
    // Helix says so before its opener has run, whose failure takes the place of the code on the screen.
    let again = editor.expect_progress(TOKEN);
    let text = again["message"].as_str().unwrap();
    assert!(text.contains(&page(&oauth, 1)) && text.contains("CODE-1"), "{text}");
    let status = approve(&oauth, &mut editor, pending, TOKEN);
    assert_eq!(status["quota"], json!({ "requestsPerMinute": 60, "requestsPerDay": 2000, "usedToday": 0 }));
    let expires_at = status["expiresAt"].as_str().unwrap();
    assert!(humantime::parse_rfc3339(expires_at).unwrap() > std::time::SystemTime::now());
    assert_eq!(stored(&editor)["resource_url"], "portal.qwen.ai");
}

#[test]
fn an_editor_that_did_not_open_it_is_given_the_text() {
    for capabilities in [shows_documents(), json!({})] {
        for error in [false, true] {
            let oauth = OAuth::start();
            let (mut editor, pending) = begun(&oauth, world(&oauth).capabilities(capabilities.clone()));
            let question = editor.expect_request("window/showDocument");
            if error {
                editor.answer_error(question, -32601);
            } else {
                editor.answer(question, json!({ "success": false }));
            }
            // Nothing of this machine would be seen: no button to open it.
            let question = expect_message(&oauth, &mut editor, &["Cancel"]);
            editor.answer(question, Value::Null);
            approve(&oauth, &mut editor, pending, TOKEN);
        }
    }
}

#[test]
fn an_editor_that_says_nothing_of_pages_and_answers_nothing_is_given_the_text_soon() {
    let oauth = OAuth::start();
    let (mut editor, pending) = begun(&oauth, world(&oauth));
    editor.expect_request("window/showDocument");
    // No answer. The question is taken back.
    editor.expect_notification("$/cancelRequest");
    let question = expect_message(&oauth, &mut editor, &["Cancel"]);
    editor.answer(question, Value::Null);
    approve(&oauth, &mut editor, pending, TOKEN);
}

/// A desktop, whose `xdg-open` hands over the URL through a pipe that is in the world's own directory.
fn desktop(oauth: &OAuth) -> World {
    let world = world(oauth).env("DISPLAY", ":0");
    let pipe = world.path("opened");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
    let opener = world.bin().join("xdg-open");
    fs::write(&opener, format!("#!/bin/sh\nprintf %s \"$1\" >'{}'\n", pipe.display())).unwrap();
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).unwrap();
    world
}

#[test]
fn on_a_desktop_the_server_opens_the_page_byte_for_byte_when_the_user_says_so() {
    let oauth = OAuth::start();
    let (mut editor, pending) = begun(&oauth, desktop(&oauth));
    refuse_page(&mut editor);
    let question = expect_message(&oauth, &mut editor, &["Open browser", "Cancel"]);
    editor.answer(question, json!({ "title": "Open browser" }));
    assert_eq!(fs::read_to_string(editor.world().path("opened")).unwrap(), page(&oauth, 1));
    approve(&oauth, &mut editor, pending, TOKEN);
}

#[test]
fn a_browser_that_cannot_be_started_is_said() {
    let oauth = OAuth::start();
    let (mut editor, pending) = begun(&oauth, world(&oauth).env("DISPLAY", ":0"));
    refuse_page(&mut editor);
    let question = expect_message(&oauth, &mut editor, &["Open browser", "Cancel"]);
    editor.answer(question, json!({ "title": "Open browser" }));
    expect_text(&oauth, &mut editor);
    approve(&oauth, &mut editor, pending, TOKEN);
}

#[test]
fn h23_h24_over_ssh_and_without_a_browser_the_text_is_shown_and_nothing_started() {
    for unwanted in [("NO_BROWSER", "1"), ("CI", "true")] {
        let oauth = OAuth::start();
        let (mut editor, pending) = begun(&oauth, world(&oauth).env("DISPLAY", ":0").env(unwanted.0, unwanted.1));
        refuse_page(&mut editor);
        let question = expect_message(&oauth, &mut editor, &["Cancel"]);
        editor.answer(question, Value::Null);
        approve(&oauth, &mut editor, pending, TOKEN);
    }
}

#[test]
fn an_editor_that_never_answers_holds_nothing_up() {
    for answers_the_first in [false, true] {
        let oauth = OAuth::start();
        let (mut editor, pending) = begun(&oauth, world(&oauth).capabilities(shows_documents()));
        if answers_the_first {
            refuse_page(&mut editor);
            expect_message(&oauth, &mut editor, &["Cancel"]);
        } else {
            editor.expect_request("window/showDocument");
        }
        approve(&oauth, &mut editor, pending, TOKEN);
        // The question is taken back.
        editor.expect_notification("$/cancelRequest");
    }
}

#[test]
fn an_editor_that_can_only_show_text_shows_it() {
    let oauth = OAuth::start();
    let (mut editor, pending) = begun(&oauth, world(&oauth));
    refuse_page(&mut editor);
    let question = expect_message(&oauth, &mut editor, &["Cancel"]);
    editor.answer_error(question, -32601);
    expect_text(&oauth, &mut editor);
    approve(&oauth, &mut editor, pending, TOKEN);
}

#[test]
fn an_editor_without_a_place_for_the_code_gets_it_as_text_though_it_opened_the_page() {
    let oauth = OAuth::start();
    let mut editor = open(world(&oauth).capabilities(shows_documents()));
    let pending = editor.request("qwen/auth", json!({ "action": "signIn" }));
    let question = editor.expect_request("window/showDocument");
    editor.answer(question, json!({ "success": true }));
    expect_text(&oauth, &mut editor);
    oauth.approve();
    assert_eq!(editor.response(pending)["method"], "qwen-oauth");
    plant_verifiers(&oauth, &mut editor);
}

#[test]
fn a_sign_in_without_a_token_makes_a_place_for_its_progress() {
    let oauth = OAuth::start();
    let capabilities = json!({ "window": { "workDoneProgress": true, "showDocument": { "support": true } } });
    let mut editor = open(world(&oauth).capabilities(capabilities));
    let pending = editor.request("qwen/auth", json!({ "action": "signIn" }));
    let create = editor.expect_request("window/workDoneProgress/create");
    let token = create.params["token"].clone();
    editor.answer(create, Value::Null);
    expect_told(&mut editor, &oauth, &token, 1);
    let question = editor.expect_request("window/showDocument");
    editor.answer(question, json!({ "success": true }));
    approve(&oauth, &mut editor, pending, token);
}

#[test]
fn the_device_authorization_goes_to_editors_that_ask_for_it() {
    let oauth = OAuth::start();
    let options = json!({ "qwen": { "notifications": ["qwen/deviceAuthorization"] } });
    let (mut editor, pending) =
        begun(&oauth, world(&oauth).capabilities(shows_documents()).initialization_options(options));
    let mut authorization = editor.expect_notification("qwen/deviceAuthorization");
    let expires_at = authorization["expiresAt"].take();
    assert!(humantime::parse_rfc3339(expires_at.as_str().unwrap()).unwrap() > std::time::SystemTime::now());
    let expected = json!({
        "root": editor.uri("app"),
        "userCode": "CODE-1",
        "verificationUri": format!("{}/authorize", oauth.base_url()),
        "verificationUriComplete": page(&oauth, 1),
        "expiresAt": null,
    });
    assert_eq!(authorization, expected);
    let question = editor.expect_request("window/showDocument");
    editor.answer(question, json!({ "success": true }));
    approve(&oauth, &mut editor, pending, TOKEN);
}

#[test]
fn the_cancel_button_ends_the_sign_in_and_stores_nothing() {
    let oauth = OAuth::start();
    let (mut editor, pending) = begun(&oauth, world(&oauth));
    refuse_page(&mut editor);
    let question = expect_message(&oauth, &mut editor, &["Cancel"]);
    editor.answer(question, json!({ "title": "Cancel" }));
    assert_eq!(editor.error(pending).code, -32800);
    expect_end(&mut editor, TOKEN);
    assert!(!session_file(&editor).exists());
    assert_eq!(status(&mut editor)["state"], "signedOut");
    plant_verifiers(&oauth, &mut editor);
}

#[test]
fn o59_a_session_that_cannot_be_stored_is_used_and_the_user_is_told() {
    let oauth = OAuth::start();
    // A file where the directory should be: nobody, root included, can write below it.
    let (mut editor, pending) = begun(&oauth, world(&oauth).capabilities(shows_documents()).home_file(".qwen", ""));
    let question = editor.expect_request("window/showDocument");
    editor.answer(question, json!({ "success": true }));
    oauth.approve();
    let told = editor.expect_notification("window/showMessage");
    let text = told["message"].as_str().unwrap();
    assert!(text.contains("oauth_creds.json") && text.contains("in memory"), "{text}");
    assert_eq!(editor.response(pending)["state"], "signedIn");
    expect_end(&mut editor, TOKEN);
    assert_eq!(status(&mut editor)["state"], "signedIn");
}

#[test]
fn the_command_signs_in_with_progress_of_the_servers_and_can_be_cancelled() {
    let oauth = OAuth::start();
    let capabilities = json!({ "window": { "workDoneProgress": true, "showDocument": { "support": true } } });
    let mut editor = open(world(&oauth).capabilities(capabilities));
    for approved in [false, true] {
        let command = editor.request("workspace/executeCommand", json!({ "command": "qwen.signIn" }));
        assert_eq!(editor.response(command), Value::Null);
        let create = editor.expect_request("window/workDoneProgress/create");
        let token = create.params["token"].clone();
        editor.answer(create, Value::Null);
        expect_told(&mut editor, &oauth, &token, if approved { 2 } else { 1 });
        let page = editor.expect_request("window/showDocument");
        editor.answer(page, json!({ "success": true }));
        if approved {
            oauth.approve();
            let told = editor.expect_notification("window/showMessage");
            assert!(told["message"].as_str().unwrap().contains("signed in"), "{told}");
        } else {
            editor.notify("window/workDoneProgress/cancel", json!({ "token": token }));
        }
        expect_end(&mut editor, token);
        assert_eq!(status(&mut editor)["state"], if approved { "signedIn" } else { "signedOut" });
    }
    plant_verifiers(&oauth, &mut editor);
}

#[test]
fn the_log_at_its_loudest_says_something_and_no_secret() {
    let oauth = OAuth::start();
    let (mut editor, pending) = begun(&oauth, world(&oauth).capabilities(shows_documents()));
    let question = editor.expect_request("window/showDocument");
    editor.answer(question, json!({ "success": true }));
    approve(&oauth, &mut editor, pending, TOKEN);
    let stored = stored(&editor);
    for name in ["access_token", "refresh_token"] {
        editor.add_canary(stored[name].as_str().unwrap());
    }
    assert!(editor.stderr().contains("/api/v1/oauth2/token"), "a log of nothing proves nothing: {}", editor.stderr());
}
