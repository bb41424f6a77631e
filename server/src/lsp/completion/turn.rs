//! Whose turn it is: a document has one suggestion under way at most, and the next key ends it.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tower_lsp::ls_types::Uri;

/// The turns of all open documents.
#[derive(Clone, Debug, Default)]
pub struct Turns(Arc<Mutex<HashMap<Uri, Slot>>>);

#[derive(Debug)]
struct Slot {
    /// Dropped when the turn is over.
    running: Option<oneshot::Sender<()>>,
    /// Who asks upstream. It outlives a turn, so that the next one cannot ask before the last one has hung up.
    line: Arc<Semaphore>,
}

/// One attempt to suggest something.
#[derive(Debug)]
pub struct Turn {
    over: oneshot::Receiver<()>,
    line: Line,
}

/// The way upstream, for one at a time.
#[derive(Clone, Debug)]
pub struct Line(Arc<Semaphore>);

impl Turns {
    /// Begins a turn; the one before it is over.
    pub fn begin(&self, uri: &Uri) -> Turn {
        let (running, over) = oneshot::channel();
        let mut slots = self.lock();
        let line = slots.remove(uri).map_or_else(|| Arc::new(Semaphore::new(1)), |slot| slot.line);
        slots.insert(uri.clone(), Slot { running: Some(running), line: line.clone() });
        Turn { over, line: Line(line) }
    }

    /// A key was pressed: what is under way comes too late.
    pub fn end(&self, uri: &Uri) {
        if let Some(slot) = self.lock().get_mut(uri) {
            drop(slot.running.take());
        }
    }

    /// The document is closed.
    pub fn forget(&self, uri: &Uri) {
        self.lock().remove(uri);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uri, Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// The output of `work`, which is dropped when the turn is over before it.
    pub async fn take<T, F: Future<Output = T>>(self, work: impl FnOnce(Line) -> F) -> Option<T> {
        let work = work(self.line);
        tokio::select! {
            biased;
            // The sender is never used: it is dropped.
            _ = self.over => None,
            output = work => Some(output),
        }
    }
}

impl Line {
    /// Waits until nobody else asks; the line is free again when the permit is dropped.
    pub async fn seize(&self) -> OwnedSemaphorePermit {
        self.0.clone().acquire_owned().await.expect("the semaphore is never closed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri() -> Uri {
        "file:///a.rs".parse().expect("a URI")
    }

    #[tokio::test]
    async fn a_turn_ends_with_the_next_one_with_a_key_and_with_the_document() {
        let ends: [fn(&Turns); 3] =
            [|turns| drop(turns.begin(&uri())), |turns| turns.end(&uri()), |turns| turns.forget(&uri())];
        for end in ends {
            let turns = Turns::default();
            let turn = turns.begin(&uri());
            end(&turns);
            assert_eq!(turn.take(|_| std::future::pending::<()>()).await, None);
        }
    }

    #[tokio::test]
    async fn another_document_has_turns_of_its_own() {
        let turns = Turns::default();
        let turn = turns.begin(&uri());
        let _other = turns.begin(&"file:///b.rs".parse().expect("a URI"));
        assert_eq!(turn.take(|_| async { 1 }).await, Some(1));
    }

    #[tokio::test]
    async fn the_line_is_free_when_the_last_one_has_hung_up() {
        let turns = Turns::default();
        let (first, second) = (turns.begin(&uri()), turns.begin(&uri()));
        let permit = first.line.seize().await;
        let waiting = second.take(|line| async move { line.seize().await });
        tokio::pin!(waiting);
        assert!(futures_util::poll!(&mut waiting).is_pending());
        drop(permit);
        assert!(waiting.await.is_some());
    }
}
