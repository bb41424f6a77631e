//! The lock file that server processes and the Qwen Code CLI take in turn, so that one of them refreshes at a time.
//!
//! The protocol is the CLI's (`facts` 1.9): the file exists while the lock is held, holds a random UUID, and is stale
//! ten seconds after it was made. Two things are added that the CLI cannot notice: a lock is deleted only while it
//! holds our UUID, and a lock that turns out to be fresh after it was moved away as stale is put back.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use uuid::Uuid;

/// After this a lock's owner is taken for dead.
const STALE_AFTER: Duration = Duration::from_secs(10);
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// Twenty tries and the nineteen waits between them last about 27 s.
const TRIES: u32 = 20;

/// A held lock. Dropping it releases it, also when the task that holds it is aborted.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    id: String,
}

/// Why a lock was not had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Somebody kept it fresh for as long as we waited.
    #[error(
        "{path} has been held by another program for half a minute; close the one that hangs, or delete that file",
        path = path.display()
    )]
    Timeout {
        /// The lock file.
        path: PathBuf,
    },
    /// It cannot be made.
    #[error("{path} cannot be created ({why}); make its directory writable", path = path.display())]
    Unwritable {
        /// The lock file.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
}

/// What to do about a lock that somebody holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    TakeOver,
    Wait(Duration),
    GiveUp,
}

impl Lock {
    /// Waits for the lock at `path`, up to about 27 seconds. Its directory must exist.
    pub async fn acquire(path: &Path) -> Result<Self, Error> {
        let unwritable =
            |error: io::Error| Error::Unwritable { path: path.to_owned(), why: crate::auth::words_of(&error) };
        let id = Uuid::new_v4().to_string();
        let mut tries = 0;
        loop {
            match create(path, &id) {
                Ok(()) => return Ok(Self { path: path.to_owned(), id }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(unwritable(error)),
            }
            tries += 1;
            match next(tries, age(path)) {
                Step::TakeOver => remove_stale(path).map_err(unwritable)?,
                Step::Wait(pause) => tokio::time::sleep(pause).await,
                Step::GiveUp => return Err(Error::Timeout { path: path.to_owned() }),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The CLI deletes any lock when it exits, and anyone takes a stale one over: by now it may be another's.
        if fs::read_to_string(&self.path).is_ok_and(|holder| holder == self.id) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// What to do after `tries` failed tries, about a lock of that age; none if it has just vanished.
fn next(tries: u32, age: Option<Duration>) -> Step {
    if tries >= TRIES {
        return Step::GiveUp;
    }
    match age {
        Some(age) if age > STALE_AFTER => Step::TakeOver,
        Some(_) => Step::Wait(wait(tries)),
        None => Step::Wait(Duration::ZERO),
    }
}

/// The pause after the `tries`th failed try: 100 ms, half as much again each time, two seconds at most.
fn wait(tries: u32) -> Duration {
    (1..tries).fold(FIRST_WAIT, |wait, _| (wait * 3 / 2).min(LONGEST_WAIT))
}

fn create(path: &Path, id: &str) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    // A lock without its UUID would never be recognised as ours, and hold everybody up for ten seconds.
    file.write_all(id.as_bytes()).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

/// How long ago the lock was made; zero if its time is in the future.
fn age(path: &Path) -> Option<Duration> {
    let made = fs::symlink_metadata(path).ok()?.modified().ok()?;
    Some(SystemTime::now().duration_since(made).unwrap_or_default())
}

/// Moves a stale lock away before deleting it: of several that see it, only one succeeds.
fn remove_stale(path: &Path) -> io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!(".stale.{}", Uuid::new_v4()));
    let aside = PathBuf::from(aside);
    match fs::rename(path, &aside) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    // Between our look at its age and the rename, another process may have replaced the stale lock by its own.
    if age(&aside).is_some_and(|age| age <= STALE_AFTER) {
        // Unlike a rename, this cannot overwrite a third process's lock.
        let _ = fs::hard_link(&aside, path);
    }
    let _ = fs::remove_file(&aside);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aged(path: &Path, content: &str, age: Duration) {
        fs::write(path, content).unwrap();
        File::options().write(true).open(path).unwrap().set_modified(SystemTime::now() - age).unwrap();
    }

    #[test]
    fn the_waits_grow_by_half_to_two_seconds_and_end_after_twenty_tries() {
        let fresh = Some(Duration::from_secs(1));
        let waits: Vec<u64> = (1..TRIES)
            .map(|tries| match next(tries, fresh) {
                Step::Wait(pause) => u64::try_from(pause.as_millis()).unwrap(),
                other @ (Step::TakeOver | Step::GiveUp) => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(waits[..9], [100, 150, 225, 337, 506, 759, 1139, 1708, 2000]);
        assert!((25_000..28_000).contains(&waits.iter().sum::<u64>()));
        assert_eq!(next(TRIES, fresh), Step::GiveUp);
    }

    #[test]
    fn o38_o39_only_a_lock_older_than_ten_seconds_is_taken_over() {
        for (millis, step) in [
            (0, Step::Wait(FIRST_WAIT)),
            (10_000, Step::Wait(FIRST_WAIT)),
            (10_001, Step::TakeOver),
            (11_000, Step::TakeOver),
        ] {
            assert_eq!(next(1, Some(Duration::from_millis(millis))), step, "{millis} ms");
        }
        assert_eq!(next(1, None), Step::Wait(Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn a_lock_holds_a_uuid_and_is_gone_when_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let lock = Lock::acquire(&path).await.unwrap();
        assert!(Uuid::parse_str(&fs::read_to_string(&path).unwrap()).is_ok());
        drop(lock);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn o38_a_stale_lock_is_taken_over_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        aged(&path, "dead", Duration::from_secs(11));
        let before = tokio::time::Instant::now();
        let _lock = Lock::acquire(&path).await.unwrap();
        assert_eq!(before.elapsed(), Duration::ZERO);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn o40_a_lock_kept_fresh_is_given_up_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        fs::write(&path, "theirs").unwrap();
        assert_eq!(Lock::acquire(&path).await.unwrap_err(), Error::Timeout { path: path.clone() });
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
    }

    #[tokio::test]
    async fn o41_a_lock_that_is_no_longer_ours_is_not_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let lock = Lock::acquire(&path).await.unwrap();
        fs::write(&path, "theirs").unwrap();
        drop(lock);
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
    }

    #[test]
    fn a_fresh_lock_that_was_moved_away_as_stale_is_put_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        fs::write(&path, "alive").unwrap();
        remove_stale(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "alive");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_missing_directory_is_named() {
        let error = Lock::acquire(Path::new("/nowhere/at/all/lock")).await.unwrap_err();
        assert!(matches!(&error, Error::Unwritable { .. }) && error.to_string().contains("/nowhere/at/all/lock"));
    }
}
