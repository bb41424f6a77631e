//! However the server ends, a hung service upstream is hung up on, and the process is gone.
#![cfg(unix)]

use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::editor::Editor;
use crate::support::openai::OpenAi;
use crate::support::world::World;
use crate::verbs::chat_with;

/// An editor with a chat that the model will never end.
fn hung(world: World) -> (Editor, OpenAi) {
    let model = OpenAi::start().stream(["x"]).then_hold();
    let mut editor = world.root("app", [(".env", model.dotenv())]).open();
    chat_with(&mut editor, "app", "hi", json!({ "partialResultToken": "p" }));
    editor.expect_deltas("p", ["x"]);
    editor.abandon();
    (editor, model)
}

#[test]
fn the_end_of_the_input_ends_a_hung_chat() {
    let (mut editor, model) = hung(World::new());
    editor.close_stdin();
    assert_eq!(editor.wait_for_exit(), Some(1));
    model.expect_disconnect();
}

#[test]
fn exit_ends_a_hung_chat() {
    for (shutdown, code) in [(true, 0), (false, 1)] {
        let (mut editor, model) = hung(World::new());
        if shutdown {
            let shutdown = editor.request("shutdown", Value::Null);
            editor.response(shutdown);
        }
        editor.notify("exit", Value::Null);
        assert_eq!(editor.wait_for_exit(), Some(code));
        model.expect_disconnect();
    }
}

#[test]
fn sigterm_ends_a_hung_chat() {
    let (mut editor, model) = hung(World::new());
    let pid = i32::try_from(editor.process_id()).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, Signal::TERM).expect("it runs");
    assert_eq!(editor.wait_for_exit(), Some(1));
    model.expect_disconnect();
}

#[test]
fn the_death_of_the_editors_process_ends_a_hung_chat() {
    let mut parent = Command::new("sleep").arg("600").spawn().expect("sleep is everywhere");
    let (mut editor, model) = hung(World::new().arg(format!("--clientProcessId={}", parent.id())));
    parent.kill().expect("it runs");
    parent.wait().expect("it ends");
    assert_eq!(editor.wait_for_exit(), Some(1));
    model.expect_disconnect();
}
