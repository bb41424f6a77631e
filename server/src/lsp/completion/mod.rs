//! Suggestions at the cursor: what both completion requests share, from a key to the text that is shown.
//!
//! A key waits for [`DEBOUNCE`] before it asks the model, and the next key ends it; a user who asks waits for nothing.

pub mod cache;
pub mod exclusion;
pub mod mode;
pub mod place;
pub mod quiet;
pub mod toggle;
pub mod turn;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tower_lsp::ls_types::{MessageType, Range, Uri};

use self::cache::Cached;
use self::mode::{Mode, Trigger};
use self::place::Place;
use self::quiet::Quiet;
use self::turn::{Line, Turns};
use super::backend::Backend;
use super::roots::Root;
use crate::qwen::{Error, Scope};

/// How long nothing may be typed before a model is asked: longer than between two keys of a fast typist.
pub const DEBOUNCE: Duration = Duration::from_millis(150);

/// Tokio's clock counts in whole milliseconds, and wakes whoever sleeps at the end of one.
const TICK: Duration = Duration::from_millis(1);

/// The suggestions of one connection.
#[derive(Clone, Debug, Default)]
pub struct Suggestions {
    turns: Turns,
    quiet: Quiet,
    cached: Arc<Mutex<HashMap<Uri, Cached>>>,
}

/// A text that may belong at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// What it replaces.
    pub range: Range,
    /// The text, with what is in `range` now.
    pub text: String,
}

impl Suggestions {
    /// The document changed: what is under way comes too late.
    pub fn key_pressed(&self, uri: &Uri) {
        self.turns.end(uri);
    }

    /// The document was closed.
    pub fn forget(&self, uri: &Uri) {
        self.turns.forget(uri);
        self.cached().remove(uri);
    }

    fn cached(&self) -> MutexGuard<'_, HashMap<Uri, Cached>> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Suggests something at `place`, which was taken in message order; so must this be called. Dropping it hangs up.
pub async fn suggest(backend: &Backend, uri: &Uri, place: Place, trigger: Trigger) -> Option<Suggestion> {
    let due = match trigger {
        Trigger::Invoked => Instant::now(),
        Trigger::Automatic => Instant::now() + DEBOUNCE - TICK,
    };
    let turn = backend.suggestions.turns.begin(uri);
    let place = Arc::new(place);
    let text = turn.take(|line| find(backend, uri, &place, trigger, due, line)).await??;
    let text = format!("{}{text}", place.selected);
    Some(Suggestion { range: place.range, text })
}

async fn find(
    backend: &Backend,
    uri: &Uri,
    place: &Arc<Place>,
    trigger: Trigger,
    due: Instant,
    line: Line,
) -> Option<String> {
    let suggestions = &backend.suggestions;
    backend.settled().await;
    let scope = backend.with_session(|session| session.scope_of(&place.root));
    if !mode(backend, &place.root, &scope).await.allows(trigger) {
        return None;
    }
    let rest = suggestions.cached().get(uri).and_then(|cached| cached.rest(&place.around)).map(str::to_owned);
    if let Some(rest) = rest {
        return Some(rest).filter(|rest| !rest.is_empty());
    }
    if trigger == Trigger::Automatic && suggestions.quiet.rests(&place.root.path, Instant::now().into_std()) {
        return None;
    }
    let shown = place.clone();
    let gap = tokio::task::spawn_blocking(move || shown.gap()).await.ok()??;
    // The request before this one has hung up when the line is free.
    let _permit = line.seize().await;
    // While the next key may still come; what is left to do then is to ask.
    let account = backend.qwen.account(&scope, None).await;
    tokio::time::sleep_until(due).await;
    let filled = match account {
        Ok(account) => backend.qwen.fill(&scope, account, &gap).await,
        Err(error) => Err(error),
    };
    match filled {
        Ok(text) => {
            suggestions.quiet.end(&place.root.path);
            let text = text.map(|text| place.fit(&text)).unwrap_or_default();
            suggestions.cached().insert(uri.clone(), Cached::new(place.around.clone(), text.clone()));
            Some(text).filter(|text| !text.is_empty())
        }
        Err(error) => {
            say_once(backend, &place.root, &error).await;
            None
        }
    }
}

/// When suggestions are made in `root`.
pub async fn mode(backend: &Backend, root: &Root, scope: &Scope) -> Mode {
    let (switched, settings) = backend.with_session(|session| {
        (session.suggesting.get(&root.path).copied(), session.settings(root).inline_completion.clone())
    });
    // The method is asked only where it decides.
    let method = match (switched, settings.enable, settings.automatic) {
        (None, true, None) => backend.qwen.resolve(scope, None).await.method.map(|found| found.value),
        _ => None,
    };
    Mode::of(switched, &settings, method)
}

/// A key is no question, so its failure is no message: one line in the log, and one change of the status.
async fn say_once(backend: &Backend, root: &Root, error: &Error) {
    if backend.suggestions.quiet.note(&root.path, error, Instant::now().into_std()) {
        let name = root.path.file_name().unwrap_or_default().to_string_lossy();
        backend.client.log_message(MessageType::INFO, format!("{name}: no suggestions at the cursor: {error}")).await;
        backend.announce_changes().await;
    }
}
