//! The watch on real files.

use std::fs;

use super::*;

/// A home directory with roots in it, watched. Each root has a `.env` from the start.
struct World {
    home: tempfile::TempDir,
    watch: Watch,
    changes: Changes,
}

impl World {
    fn new(roots: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let env = [("HOME".to_owned(), home.path().to_str().unwrap().to_owned())].into_iter().collect();
        let (watch, changes) = watch(&env).unwrap();
        let paths: Vec<PathBuf> = roots.iter().map(|root| home.path().join(root)).collect();
        // All of them first: making one where another is watched already would be a change of that one too.
        for path in &paths {
            fs::create_dir_all(path).unwrap();
            fs::write(path.join(".env"), "A=1").unwrap();
        }
        for path in &paths {
            watch.add(path).unwrap();
        }
        Self { home, watch, changes }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn write(&self, name: &str) {
        fs::write(self.path(name), "A=2").unwrap();
    }

    /// The roots that the next change names.
    async fn next(&mut self) -> Vec<String> {
        let roots = self.changes.next().await.unwrap();
        let name = |root: &PathBuf| root.strip_prefix(self.home.path()).unwrap().to_str().unwrap().to_owned();
        roots.iter().map(name).collect()
    }

    /// Waits until `root` is named. One act has many events, and on a busy machine they may be told in parts.
    async fn expect(&mut self, root: &str) {
        while !self.next().await.contains(&root.to_owned()) {}
    }
}

#[tokio::test]
async fn a_change_names_the_roots_that_it_concerns() {
    type Act = fn(&World);
    let both = &["w/a", "w/b"][..];
    let acts: [(Act, &[&str]); 7] = [
        (|world| world.write("w/a/.env"), &["w/a"]),
        (|world| world.write("w/.env"), both),
        (|world| world.write(".env"), both),
        (|world| fs::create_dir(world.path(".qwen")).unwrap(), both),
        (|world| fs::remove_file(world.path("w/a/.env")).unwrap(), &["w/a"]),
        (|world| fs::rename(world.path("w/b/.env"), world.path("w/b/old")).unwrap(), &["w/b"]),
        (|world| fs::rename(world.path("w"), world.path("v")).unwrap(), both),
    ];
    for (index, (act, roots)) in acts.into_iter().enumerate() {
        let mut world = World::new(both);
        act(&world);
        assert_eq!(world.next().await, roots, "act {index}");
    }
}

#[tokio::test]
async fn a_directory_that_is_made_later_is_watched_too() {
    let mut world = World::new(&["a"]);
    for _ in 0..2 {
        fs::create_dir(world.path("a/.qwen")).unwrap();
        world.expect("a").await;
        for name in ["a/.qwen/.env", "a/.qwen/settings.json"] {
            world.write(name);
            world.expect("a").await;
        }
        fs::remove_dir_all(world.path("a/.qwen")).unwrap();
        world.expect("a").await;
    }
}

#[tokio::test]
async fn a_root_that_goes_and_comes_back_is_still_watched() {
    let mut world = World::new(&["w/a"]);
    fs::remove_dir_all(world.path("w/a")).unwrap();
    world.expect("w/a").await;
    fs::create_dir(world.path("w/a")).unwrap();
    world.watch.add(&world.path("w/a")).unwrap();
    world.write("w/a/.env");
    world.expect("w/a").await;
}

#[tokio::test]
async fn reading_and_other_files_are_no_change() {
    let mut world = World::new(&["a", "b"]);
    fs::read(world.path("a/.env")).unwrap();
    world.write("a/main.rs");
    world.write("a/.env.local");
    world.write("b/.env");
    assert_eq!(world.next().await, ["b"]);
}

#[tokio::test]
async fn a_root_that_was_removed_is_not_named() {
    let mut world = World::new(&["a", "b"]);
    world.watch.remove(&world.path("a"));
    world.write("a/.env");
    world.write("b/.env");
    assert_eq!(world.next().await, ["b"]);
}

#[tokio::test]
async fn a_root_that_is_a_link_is_named_as_it_was_given() {
    let mut world = World::new(&["real"]);
    std::os::unix::fs::symlink("real", world.path("link")).unwrap();
    world.watch.add(&world.path("link")).unwrap();
    world.write("real/.env");
    assert_eq!(world.next().await, ["link", "real"]);
}

#[tokio::test]
async fn a_flood_loses_no_root() {
    let mut world = World::new(&["a", "b"]);
    for _ in 0..KEPT {
        world.write("a/.env");
    }
    world.write("b/.env");
    world.expect("b").await;
}

#[tokio::test]
async fn a_listener_that_stops_waiting_loses_no_change() {
    let mut world = World::new(&["a"]);
    world.write("a/.env");
    // It has heard of the change as soon as the burst's time begins, and is dropped before that is over.
    while world.changes.pending.is_empty() {
        tokio::select! {
            biased;
            _ = world.changes.next() => panic!("the burst is not over"),
            () = tokio::task::yield_now() => {}
        }
    }
    assert_eq!(world.next().await, ["a"]);
}

#[tokio::test]
async fn when_the_watch_is_gone_the_changes_end() {
    let World { watch, mut changes, .. } = World::new(&["a"]);
    drop(watch);
    assert_eq!(changes.next().await, None);
}
