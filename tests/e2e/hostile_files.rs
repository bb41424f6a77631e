//! Files that are no files: pipes, devices, loops, huge ones, and those of another user.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde_json::json;

use crate::support::openai::OpenAi;
use crate::support::world::World;
use crate::verbs::{assert_failed, chat, problems, status};

fn pipe(path: &Path) {
    let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600));
    rustix::fs::mknodat(rustix::fs::CWD, path, kind, mode, 0).expect("a pipe can be made");
}

/// Puts something in the place of an environment file.
type Make = fn(&Path);

#[test]
fn a_file_that_cannot_be_read_stops_the_search_and_nothing_hangs() {
    let make: [(&str, Make); 5] = [
        ("a pipe", pipe),
        ("a device", |path| symlink("/dev/zero", path).expect("a link can be made")),
        ("a loop", |path| symlink(path, path).expect("a link can be made")),
        ("a gigabyte", |path| {
            // Sparse: it takes no room.
            fs::File::create(path).and_then(|file| file.set_len(1 << 30)).expect("a fresh file");
        }),
        ("a socket", |path| drop(std::os::unix::net::UnixListener::bind(path).expect("a socket can be made"))),
    ];
    for (what, make) in make {
        for name in [".env", ".qwen/.env"] {
            let behind = OpenAi::start();
            let world = World::new().home_file(".qwen/.env", behind.dotenv()).empty_root("a");
            let path = world.root_path("a").join(name);
            fs::create_dir_all(path.parent().expect("it has one")).expect("a fresh directory");
            make(&path);
            let mut editor = world.open();
            let status = status(&mut editor, "a");
            assert!(problems(&status).contains(&"unreadableFile"), "{what}: {status}");
            assert_eq!(
                (&status["state"], &status["problems"][0]["path"]),
                (&json!("signedOut"), &json!(path)),
                "{what}"
            );
            let chat = chat(&mut editor, "a", "hi");
            let error = editor.error(chat);
            assert_failed(&error, "unreadableFile");
            assert!(error.message.contains(path.to_str().expect("plain")), "{}", error.message);
            assert!(behind.requests().is_empty(), "what stands behind it takes its place in silence");
        }
    }
}

#[test]
fn a_link_that_leads_nowhere_is_no_file() {
    let home = OpenAi::start();
    let world = World::new().home_file(".qwen/.env", home.dotenv()).empty_root("a");
    symlink("nowhere", world.root_path("a/.env")).expect("a link can be made");
    let mut editor = world.open();
    assert_eq!(status(&mut editor, "a")["origins"]["apiKey"]["kind"], "homeFile");
}

#[test]
fn a_settings_file_that_is_a_pipe_does_not_hang_either() {
    let model = OpenAi::start();
    let world = World::new().root("a", [(".env", model.dotenv())]);
    fs::create_dir(world.root_path("a/.qwen")).expect("a fresh directory");
    pipe(&world.root_path("a/.qwen/settings.json"));
    let mut editor = world.open();
    assert_eq!(status(&mut editor, "a")["state"], "signedIn");
}

#[test]
fn a_file_of_another_user_counts_as_no_file_and_one_without_permission_is_named() {
    let (theirs, home) = (OpenAi::start(), OpenAi::start());
    let world = World::new().home_file(".qwen/.env", home.dotenv()).root("a", [(".env", theirs.dotenv())]);
    let path = world.root_path("a/.env");
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&path, Some(65_534), None).expect("root may give files away");
        let mut editor = world.open();
        let status = status(&mut editor, "a");
        assert!(problems(&status).contains(&"otherOwner"), "{status}");
        assert_eq!(status["origins"]["apiKey"]["kind"], "homeFile");
    } else {
        // Only root can give a file away, and only root reads every file.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("it is ours");
        let mut editor = world.open();
        let status = status(&mut editor, "a");
        assert!(problems(&status).contains(&"unreadableFile"), "{status}");
    }
    assert!(theirs.requests().is_empty());
}

#[test]
fn a_file_with_a_key_that_others_may_read_is_named_with_what_to_do() {
    let model = OpenAi::start();
    let world = World::new().root("a", [(".env", model.dotenv())]);
    let path = world.root_path("a/.env");
    for (mode, warns) in [(0o644, true), (0o600, false)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("it is ours");
        let world = World::new();
        let mut editor = world.open();
        let uri = crate::support::world::file_uri(path.parent().expect("it has one"));
        let asked = editor.request("qwen/auth", json!({ "action": "status", "root": uri }));
        let status = editor.response(asked);
        assert_eq!(status["state"], "signedIn");
        assert_eq!(status["problems"].to_string().contains("chmod 600"), warns, "{mode:o}: {status}");
    }
}
