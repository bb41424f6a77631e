//! `window/workDoneProgress/cancel`: which running work a token means.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tower_lsp::ls_types::NumberOrString;

/// The running work that can be cancelled, by its work-done token.
#[derive(Clone, Debug, Default)]
pub struct Cancellations(Arc<Mutex<HashMap<NumberOrString, watch::Sender<bool>>>>);

/// Forgets the token when the work ends.
#[derive(Debug)]
pub struct Registration {
    cancellations: Cancellations,
    token: NumberOrString,
}

impl Cancellations {
    /// Lets `token` cancel the work that waits on the receiver. Without a token, nothing can.
    pub fn register(&self, token: Option<&NumberOrString>) -> (Option<Registration>, watch::Receiver<bool>) {
        let (sender, receiver) = watch::channel(false);
        let registration = token.cloned().map(|token| {
            self.lock().insert(token.clone(), sender);
            Registration { cancellations: self.clone(), token }
        });
        (registration, receiver)
    }

    /// Cancels the work behind `token`; one that is not known any more has ended.
    pub fn cancel(&self, token: &NumberOrString) {
        if let Some(sender) = self.lock().remove(token) {
            // Nobody listens any more where the work has just ended.
            let _ = sender.send(true);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<NumberOrString, watch::Sender<bool>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.cancellations.lock().remove(&self.token);
    }
}
