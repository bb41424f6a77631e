//! Medians: what a busy machine does to some of the samples does not move them.

use std::time::Duration;

/// The median; nothing of nothing.
pub fn median(mut samples: Vec<Duration>) -> Duration {
    samples.sort_unstable();
    samples.get(samples.len() / 2).copied().unwrap_or_default()
}
