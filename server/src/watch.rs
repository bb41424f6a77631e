//! Says when a file that decides a root's account may have changed: for editors that do not watch files for us.
//!
//! It watches the directories in which such a file could stand, each without what is below it, and costs nothing
//! while nothing happens there. What it says is a hint: the listener resolves again and compares.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::env::Environment;

/// Why not everything is watched. What is not watched is still read afresh at each request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The system watches no more directories for this user.
    #[error("the system watches no more directories for this user; raise fs.inotify.max_user_watches")]
    Limit,
    /// The system refused, and said this.
    #[error("files are not watched: {0}")]
    System(String),
}

/// The roots that are watched. Dropping it ends its [`Changes`].
#[derive(Debug)]
pub struct Watch(Arc<Shared>);

/// Where changes are told.
#[derive(Debug)]
pub struct Changes {
    shared: std::sync::Weak<Shared>,
    /// The files and directories to which something happened.
    receiver: mpsc::Receiver<PathBuf>,
    /// Those of them that were received and not yet told.
    pending: BTreeSet<PathBuf>,
    /// Set when more happened than the channel holds, or than the system told.
    overflowed: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Shared {
    /// Directories of the user's: they are on the way of every root.
    home: Vec<PathBuf>,
    /// The directories that are watched, with every link followed. The watcher's own thread reads this.
    watched: Arc<Mutex<BTreeSet<PathBuf>>>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    watcher: RecommendedWatcher,
    /// The roots, and the directories that each depends on.
    roots: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
}

/// The names of the files that decide, and of the directory that may hold them.
const NAMES: [&str; 5] = [".env", ".qwen", "settings.json", "trustedFolders.json", "oauth_creds.json"];

/// Changes that are kept until somebody listens; when there are more, every root may have changed.
const KEPT: usize = 256;

/// A file is seldom written alone or at once: this long after the first change all that came with it is told together.
const BURST: Duration = Duration::from_millis(50);

/// Starts watching for no root yet.
pub fn watch(env: &Environment) -> Result<(Watch, Changes), Error> {
    let (sender, receiver) = mpsc::channel(KEPT);
    let overflowed = Arc::new(AtomicBool::new(false));
    let directories = Arc::new(Mutex::new(BTreeSet::new()));
    let qwen_home = env.qwen_home();
    let is_named = {
        let qwen_home = qwen_home.as_deref().and_then(Path::file_name).map(ToOwned::to_owned);
        move |path: &Path| {
            let name = path.file_name();
            name.is_some() && (NAMES.iter().any(|known| name == Some(known.as_ref())) || name == qwen_home.as_deref())
        }
    };
    let handler = {
        let (overflowed, directories) = (overflowed.clone(), directories.clone());
        move |event: notify::Result<Event>| {
            let event = match event {
                Ok(event) if event.need_rescan() => None,
                Ok(event) if !is_change(event.kind) => return,
                Ok(event) => Some(event),
                Err(_) => None,
            };
            let Some(event) = event else {
                overflowed.store(true, Ordering::Release);
                // An empty path is no file: it only wakes the listener.
                let _ = sender.try_send(PathBuf::new());
                return;
            };
            for path in event.paths {
                // A watched directory itself may come or go.
                let is_watched = || lock(&directories).contains(&path);
                if (is_named(&path) || is_watched()) && sender.try_send(path).is_err() {
                    overflowed.store(true, Ordering::Release);
                }
            }
        }
    };
    let watcher = notify::recommended_watcher(handler).map_err(|error| refusal(&error))?;
    let state = Mutex::new(State { watcher, roots: BTreeMap::new() });
    // The parent tells when the global directory itself is made.
    let parent = qwen_home.as_deref().and_then(Path::parent).map(Path::to_owned);
    let own = env.home().map(|home| home.join(".qwen"));
    let home = [env.home(), own, parent, qwen_home].into_iter().flatten().collect();
    let shared = Arc::new(Shared { home, watched: directories, state });
    let changes = Changes { shared: Arc::downgrade(&shared), receiver, pending: BTreeSet::new(), overflowed };
    Ok((Watch(shared), changes))
}

impl Watch {
    /// Watches for `root` too. An error says that not all of its directories are watched; the others are.
    pub fn add(&self, root: &Path) -> Result<(), Error> {
        self.0.follow(&mut lock(&self.0.state), root)
    }

    /// Watches for `root` no longer.
    pub fn remove(&self, root: &Path) {
        let mut state = lock(&self.0.state);
        state.roots.remove(root);
        self.0.drop_unneeded(&mut state);
    }
}

impl Changes {
    /// Waits until the account of some roots may have changed, and names them; none when the [`Watch`] is gone.
    ///
    /// Dropping the future loses nothing: what it had heard of is told by the next one.
    pub async fn next(&mut self) -> Option<BTreeSet<PathBuf>> {
        loop {
            if self.pending.is_empty() {
                self.pending.insert(self.receiver.recv().await?);
            }
            tokio::time::sleep(BURST).await;
            while let Ok(path) = self.receiver.try_recv() {
                self.pending.insert(path);
            }
            let shared = self.shared.upgrade()?;
            let all = self.overflowed.swap(false, Ordering::AcqRel);
            let changed = shared.changed(&std::mem::take(&mut self.pending), all);
            if !changed.is_empty() {
                return Some(changed);
            }
        }
    }
}

impl Shared {
    /// The roots that depend on one of `paths`, or all.
    fn changed(&self, paths: &BTreeSet<PathBuf>, all: bool) -> BTreeSet<PathBuf> {
        let mut state = lock(&self.state);
        let directories: BTreeSet<PathBuf> =
            paths.iter().filter_map(|path| path.parent()).map(Path::to_owned).collect();
        let depends = |own: &BTreeSet<PathBuf>| all || !own.is_disjoint(&directories);
        let changed: BTreeSet<PathBuf> =
            state.roots.iter().filter(|(_, own)| depends(own)).map(|(root, _)| root.clone()).collect();
        // A directory may have been made anew under its old name: the system forgets the watches of the old one and of
        // what was below it.
        let doubtful: BTreeSet<PathBuf> = {
            let watched = lock(&self.watched);
            let below = |path| watched.range::<PathBuf, _>(path..).take_while(move |own| own.starts_with(path));
            if all { watched.clone() } else { paths.iter().flat_map(below).cloned().collect() }
        };
        for directory in &doubtful {
            self.unwatch(&mut state, directory);
        }
        // Who adds a root is told what cannot be watched; nobody is here.
        let _ = self.watch_all(&mut state, doubtful.iter().filter(|directory| directory.is_dir()));
        for root in &changed {
            let _ = self.follow(&mut state, root);
        }
        self.drop_unneeded(&mut state);
        changed
    }

    /// Watches the directories that there are now on the way of `root`.
    fn follow(&self, state: &mut State, root: &Path) -> Result<(), Error> {
        let directories = self.directories_of(root);
        let result = self.watch_all(state, directories.iter());
        state.roots.insert(root.to_owned(), directories);
        result
    }

    fn watch_all<'a>(&self, state: &mut State, directories: impl Iterator<Item = &'a PathBuf>) -> Result<(), Error> {
        let mut result = Ok(());
        for directory in directories {
            if lock(&self.watched).contains(directory) {
                continue;
            }
            // The lock is not held here: the watcher answers from the thread that takes it.
            match state.watcher.watch(directory, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    lock(&self.watched).insert(directory.clone());
                }
                // It went away just now; its parent will tell when it is back.
                Err(error) if matches!(error.kind, notify::ErrorKind::PathNotFound) => {}
                Err(error) => result = Err(refusal(&error)),
            }
        }
        result
    }

    fn drop_unneeded(&self, state: &mut State) {
        let needed: BTreeSet<&PathBuf> = state.roots.values().flatten().collect();
        let unneeded: Vec<PathBuf> = lock(&self.watched).iter().filter(|own| !needed.contains(own)).cloned().collect();
        for directory in unneeded {
            self.unwatch(state, &directory);
        }
    }

    fn unwatch(&self, state: &mut State, directory: &Path) {
        lock(&self.watched).remove(directory);
        // It may be gone, and its watch with it.
        let _ = state.watcher.unwatch(directory);
    }

    /// The directories in which a file that decides for `root` could stand, those that there are, with links followed:
    /// so they are the ones that the system names in its events.
    fn directories_of(&self, root: &Path) -> BTreeSet<PathBuf> {
        let on_the_way = root.ancestors().flat_map(|directory| [directory.to_owned(), directory.join(".qwen")]);
        on_the_way
            .chain(self.home.iter().cloned())
            .filter_map(|directory| directory.canonicalize().ok())
            .filter(|directory| directory.is_dir())
            .collect()
    }
}

/// Whether something was written, made, renamed or deleted, or its mode changed. Our own reading opens files too.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other => true,
    }
}

fn refusal(error: &notify::Error) -> Error {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => Error::Limit,
        _ => Error::System(error.to_string()),
    }
}

/// What a lock guards here is whole after each statement, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
