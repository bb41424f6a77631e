//! How many requests went out today on the user's Qwen OAuth session, from all editors of this machine.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::auth::pace::REQUESTS_PER_MINUTE;
use crate::env::Environment;

/// Qwen OAuth's limit, as the user guide states it.
pub const REQUESTS_PER_DAY: u32 = 2000;
const PREFIX: &str = "oauth-requests.";
const DAY: Duration = Duration::from_secs(86_400);

/// The limits and what is used of them, as the editors see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    /// How many requests may start in a minute.
    pub requests_per_minute: u32,
    /// How many in a day.
    pub requests_per_day: u32,
    /// How many were sent since midnight UTC, from this machine. Best effort: a full disk counts nothing.
    pub used_today: u64,
}

/// Counts one request.
///
/// The day's file grows by one byte: appending needs no lock, and no process undoes another's count. Waits for the disk.
pub fn count(env: &Environment, now: SystemTime) {
    let Some(path) = file_of(env, now) else { return };
    match (fs::metadata(&path), path.parent()) {
        // A pipe would wait for a reader.
        (Ok(found), _) if !found.is_file() => return,
        (Err(_), Some(dir)) => {
            let _ = crate::auth::atomic::create_dir(dir);
            remove_other_days(dir, &path);
        }
        (Ok(_), _) | (Err(_), None) => {}
    }
    // A count that is lost must not cost the user the request.
    let _ = OpenOptions::new().append(true).create(true).open(&path).and_then(|mut file| file.write_all(b"."));
}

/// The limits, and what is used of them today. Waits for the disk.
pub fn quota(env: &Environment, now: SystemTime) -> Quota {
    let used_today = file_of(env, now).and_then(|path| fs::metadata(path).ok()).map_or(0, |meta| meta.len());
    Quota { requests_per_minute: REQUESTS_PER_MINUTE, requests_per_day: REQUESTS_PER_DAY, used_today }
}

/// How long it is until the count starts anew.
pub fn until_tomorrow(now: SystemTime) -> Duration {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    DAY.saturating_sub(Duration::from_secs(since.as_secs() % DAY.as_secs()))
}

fn file_of(env: &Environment, now: SystemTime) -> Option<PathBuf> {
    let day = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / DAY.as_secs();
    Some(env.state_dir()?.join(format!("{PREFIX}{day}")))
}

/// `today` may be there by now: somebody else has counted.
fn remove_other_days(dir: &Path, today: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let is_a_days = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if is_a_days && entry.path() != today {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_day_deletes_no_count_that_came_before_it() {
        let dir = tempfile::tempdir().unwrap();
        let (today, yesterday) = (dir.path().join(format!("{PREFIX}2")), dir.path().join(format!("{PREFIX}1")));
        fs::write(&today, ".").unwrap();
        fs::write(&yesterday, "..").unwrap();
        remove_other_days(dir.path(), &today);
        assert!(today.exists() && !yesterday.exists());
    }

    #[test]
    fn a_days_requests_are_counted_and_forgotten_the_next_day() {
        let dir = tempfile::tempdir().unwrap();
        let home = |name: &str| (name.to_owned(), dir.path().to_str().unwrap().to_owned());
        let env: Environment = [home("HOME"), home("LOCALAPPDATA"), home("XDG_STATE_HOME")].into_iter().collect();
        let at = |hours: u64| UNIX_EPOCH + Duration::from_secs(hours * 3600);
        let used = |hours| quota(&env, at(hours)).used_today;
        assert_eq!(used(24), 0);
        for hours in [24, 30, 47] {
            count(&env, at(hours));
        }
        assert_eq!((used(25), used(48)), (3, 0));
        count(&env, at(48));
        assert_eq!(used(49), 1);
        assert_eq!(fs::read_dir(env.state_dir().unwrap()).unwrap().count(), 1);
        assert_eq!(until_tomorrow(at(30)), Duration::from_secs(18 * 3600));
    }

    #[test]
    fn the_quota_is_named_as_on_the_wire() {
        let json = serde_json::to_string(&quota(&Environment::default(), UNIX_EPOCH)).unwrap();
        assert_eq!(json, r#"{"requestsPerMinute":60,"requestsPerDay":2000,"usedToday":0}"#);
    }
}
