//! Whether a root uses the file, in a few words: a code lens, or an inlay where the editor has no lenses.

use std::path::Path;

use super::facts::Facts;
use crate::resolve::{Standing, State};

/// What is said at the head of the file. No secret: names alone.
pub fn usage(facts: &Facts) -> String {
    let root = facts.root_name();
    match &facts.view.standing {
        Standing::InForce => format!("Used by {root}{}", outcome(facts)),
        Standing::Shadowed { by } => format!("Not used by {root}: {} is found first", facts.short(by)),
        Standing::NotRead => format!("Not read by {root}"),
    }
}

fn outcome(facts: &Facts) -> String {
    let resolution = &facts.view.resolution;
    match resolution.state {
        State::SignedIn => match (&resolution.model, resolution.provider) {
            (Some(model), Some(provider)) => format!(": {} at {}", model.value, provider.name()),
            _ => String::new(),
        },
        State::SignedOut => ": no key yet".to_owned(),
        State::Refused => ": nothing is sent, see the problems".to_owned(),
    }
}

/// Whether a place is this file.
pub fn is_here(facts: &Facts, path: Option<&Path>) -> bool {
    path == Some(facts.path.as_path())
}
