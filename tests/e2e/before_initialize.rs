//! Nothing is read or written, on disk, network, keyring or session bus, before `initialize` is answered.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::support::openai::OpenAi;
use crate::support::world::World;
use crate::verbs::status;

/// The files of the world that the process has open.
fn open_below(process_id: u32, world: &Path) -> Vec<PathBuf> {
    descriptors(process_id).into_iter().filter(|target| target.starts_with(world)).collect()
}

/// The process's sockets that reach a network. (Those that tell it of signals do not.)
fn network_sockets(process_id: u32) -> Vec<PathBuf> {
    let tables: String = ["tcp", "tcp6", "udp", "udp6"]
        .iter()
        .map(|table| fs::read_to_string(format!("/proc/{process_id}/net/{table}")).unwrap_or_default())
        .collect();
    let inodes: Vec<&str> = tables.lines().filter_map(|line| line.split_whitespace().nth(9)).collect();
    let is_network = |target: &PathBuf| {
        let name = target.to_string_lossy().into_owned();
        inodes.iter().any(|inode| name == format!("socket:[{inode}]"))
    };
    descriptors(process_id).into_iter().filter(is_network).collect()
}

fn descriptors(process_id: u32) -> Vec<PathBuf> {
    let entries = fs::read_dir(format!("/proc/{process_id}/fd")).expect("it runs");
    entries.flatten().filter_map(|entry| fs::read_link(entry.path()).ok()).collect()
}

/// Every path below `directory`, with its size and the time of its last change.
fn tree(directory: &Path) -> Vec<(PathBuf, u64, std::time::SystemTime)> {
    let mut all = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("a world is readable").flatten() {
            let metadata = entry.metadata().expect("it is there");
            if metadata.is_dir() {
                directories.push(entry.path());
            }
            all.push((entry.path(), metadata.len(), metadata.modified().expect("a time")));
        }
    }
    all.sort();
    all
}

/// Notes every opening below the watched directories, by the kernel's own word.
struct Opened(rustix::fd::OwnedFd);

impl Opened {
    fn watch(directories: &[PathBuf]) -> Self {
        use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
        let inotify = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).expect("inotify");
        for directory in directories {
            let wanted = WatchFlags::OPEN | WatchFlags::CREATE | WatchFlags::MODIFY | WatchFlags::DELETE;
            add_watch(&inotify, directory, wanted).expect("the directory is there");
        }
        Self(inotify)
    }

    fn anything(&self) -> bool {
        let mut buffer = [0; 4096];
        match rustix::io::read(&self.0, &mut buffer) {
            Ok(length) => length > 0,
            Err(error) => {
                assert_eq!(error, rustix::io::Errno::AGAIN);
                false
            }
        }
    }
}

#[test]
fn nothing_is_touched_before_the_answer_to_initialize() {
    let model = OpenAi::start();
    let world = World::new()
        .home_file(".qwen/.env", model.dotenv())
        .home_file(".qwen/settings.json", "{}")
        .root("app", [(".qwen/.env", model.dotenv())])
        .initialization_options(json!({ "qwen": { "notifications": ["qwen/authStatusChanged"] } }));
    let bus = UnixListener::bind(world.path("run/no-bus")).expect("a socket can be made");
    bus.set_nonblocking(true).expect("a socket can be asked");
    let before = tree(&world.path(""));
    let watched =
        ["home", "home/.qwen", "roots/app", "roots/app/.qwen", "state", "run", "tmp"].map(|name| world.path(name));
    let opened = Opened::watch(&watched);
    let mut editor = world.start();
    let initialize = editor.request("initialize", editor.world().initialize_params());
    editor.response(initialize);
    assert!(!opened.anything(), "a file was opened");
    assert_eq!(open_below(editor.process_id(), &editor.world().path("")), Vec::<PathBuf>::new());
    assert_eq!(network_sockets(editor.process_id()), Vec::<PathBuf>::new());
    assert_eq!(bus.accept().map(drop).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock), "the bus was asked");
    assert_eq!(model.connections(), 0);
    assert_eq!(tree(&editor.world().path("")), before);

    // The test would notice: afterwards the files are read.
    editor.notify("initialized", json!({}));
    assert_eq!(status(&mut editor, "app")["state"], "signedIn");
    assert!(opened.anything());
    assert_eq!(model.connections(), 0, "a status asks nobody");
    // With a key at hand the keyring is not asked at all.
    assert_eq!(bus.accept().map(drop).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
}
