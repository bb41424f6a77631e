//! Sixty requests a minute: a burst waits its turn instead of failing, and no root waits for another's burst.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Qwen OAuth's limit, as the user guide states it.
pub const REQUESTS_PER_MINUTE: u32 = 60;

/// Lets a burst of [`REQUESTS_PER_MINUTE`] through, then one a second.
#[derive(Debug)]
pub struct Pace {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    bucket: Bucket,
    queue: Queue,
}

impl Default for Pace {
    fn default() -> Self {
        let bucket = Bucket::full(REQUESTS_PER_MINUTE, Duration::from_secs(60) / REQUESTS_PER_MINUTE);
        Self { state: Mutex::new(State { bucket, queue: Queue::default() }), changed: Notify::new() }
    }
}

impl Pace {
    /// Waits until a request for `root` may be sent, and says how long that took. Dropping the future gives up the
    /// place in the queue.
    ///
    /// Roots take turns; requests of one root go in the order in which they asked.
    pub async fn wait(&self, root: &Path) -> Duration {
        let started = Instant::now();
        let ticket = self.state().queue.join(root);
        let place = Place { pace: self, ticket };
        loop {
            let changed = self.changed.notified();
            let step = self.state().step(place.ticket, Instant::now().into_std());
            match step {
                Step::Go => return started.elapsed(),
                // Whoever goes or gives up makes somebody else the first.
                Step::Queue => changed.await,
                Step::Sleep(pause) => tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = changed => {}
                },
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the queue, left when dropped.
struct Place<'a> {
    pace: &'a Pace,
    ticket: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.pace.state().queue.leave(self.ticket);
        self.pace.changed.notify_waiters();
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Go,
    Queue,
    Sleep(Duration),
}

impl State {
    fn step(&mut self, ticket: u64, now: std::time::Instant) -> Step {
        if self.queue.first() != Some(ticket) {
            return Step::Queue;
        }
        match self.bucket.take(now) {
            Ok(()) => {
                self.queue.serve();
                Step::Go
            }
            Err(pause) => Step::Sleep(pause),
        }
    }
}

/// A token bucket, as a schedule: with `n` tokens missing it is full again `n` periods from now.
#[derive(Debug)]
struct Bucket {
    capacity: u32,
    period: Duration,
    full_at: Option<std::time::Instant>,
}

impl Bucket {
    fn full(capacity: u32, period: Duration) -> Self {
        Self { capacity, period, full_at: None }
    }

    /// Takes a token, or says when there will be one.
    fn take(&mut self, now: std::time::Instant) -> Result<(), Duration> {
        let full_at = self.full_at.map_or(now, |full_at| full_at.max(now));
        let missing = full_at - now;
        let most = self.period * (self.capacity - 1);
        if let Some(pause) = missing.checked_sub(most).filter(|pause| !pause.is_zero()) {
            return Err(pause);
        }
        self.full_at = Some(full_at + self.period);
        Ok(())
    }
}

/// Who waits: a queue for each root, and the roots in the order of their turns.
#[derive(Debug, Default)]
struct Queue {
    roots: VecDeque<(PathBuf, VecDeque<u64>)>,
    tickets: u64,
}

impl Queue {
    fn join(&mut self, root: &Path) -> u64 {
        self.tickets += 1;
        match self.roots.iter_mut().find(|(known, _)| known == root) {
            Some((_, tickets)) => tickets.push_back(self.tickets),
            None => self.roots.push_back((root.to_owned(), VecDeque::from([self.tickets]))),
        }
        self.tickets
    }

    fn first(&self) -> Option<u64> {
        self.roots.front()?.1.front().copied()
    }

    /// The first one goes, and its root's next turn comes after everybody else's.
    fn serve(&mut self) {
        if let Some((root, mut tickets)) = self.roots.pop_front() {
            tickets.pop_front();
            if !tickets.is_empty() {
                self.roots.push_back((root, tickets));
            }
        }
    }

    fn leave(&mut self, ticket: u64) {
        for (_, tickets) in &mut self.roots {
            tickets.retain(|other| *other != ticket);
        }
        self.roots.retain(|(_, tickets)| !tickets.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    #[test]
    fn sixty_go_at_once_and_then_one_a_second() {
        let (mut bucket, now) = (Bucket::full(60, Duration::from_secs(1)), std::time::Instant::now());
        assert!((0..60).all(|_| bucket.take(now).is_ok()));
        assert_eq!(bucket.take(now), Err(Duration::from_secs(1)));
        let later = now + Duration::from_millis(2500);
        assert_eq!((bucket.take(later), bucket.take(later)), (Ok(()), Ok(())));
        assert_eq!(bucket.take(later), Err(Duration::from_millis(500)));
        let much_later = now + Duration::from_secs(3600);
        assert_eq!((0..100).filter(|_| bucket.take(much_later).is_ok()).count(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn a_root_with_a_burst_does_not_hold_up_another() {
        let tasks = tokio::task::LocalSet::new();
        let (pace, order) = (Rc::new(Pace::default()), Rc::new(Mutex::new(Vec::new())));
        for _ in 0..60 {
            pace.wait(Path::new("/a")).await;
        }
        for (root, n) in [("/a", 1), ("/a", 2), ("/a", 3), ("/b", 1), ("/c", 1), ("/b", 2)] {
            let (pace, order) = (Rc::clone(&pace), Rc::clone(&order));
            tasks.spawn_local(async move {
                let waited = pace.wait(Path::new(root)).await;
                order.lock().unwrap().push((root, n, waited.as_secs()));
            });
        }
        tasks.await;
        assert_eq!(
            *order.lock().unwrap(),
            [("/a", 1, 1), ("/b", 1, 2), ("/c", 1, 3), ("/a", 2, 4), ("/b", 2, 5), ("/a", 3, 6)]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_gives_up_holds_nobody_up() {
        let pace = Pace::default();
        for _ in 0..60 {
            pace.wait(Path::new("/a")).await;
        }
        let started = Instant::now();
        let (given_up, next) = tokio::join!(
            tokio::time::timeout(Duration::from_millis(500), pace.wait(Path::new("/a"))),
            pace.wait(Path::new("/b")),
        );
        assert!(given_up.is_err());
        assert_eq!((next, started.elapsed()), (Duration::from_secs(1), Duration::from_secs(1)));
    }
}
