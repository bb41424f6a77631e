//! What `resolve` gathers on its way: what lost, what is wrong, and which files are open to others.

use std::path::{Path, PathBuf};

use super::{Ignored, Origin, Problem};

/// Gathered on the way.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) ignored: Vec<Ignored>,
    pub(super) problems: Vec<Problem>,
    open_to_others: Vec<PathBuf>,
}

impl Notes {
    pub(super) fn ignored(&mut self, origin: Origin, because: impl Into<String>) {
        self.ignored.push(Ignored { origin, because: because.into() });
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        // Two ways may lead to one file.
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    pub(super) fn open_to_others(&mut self, path: &Path) {
        self.open_to_others.push(path.to_owned());
    }

    pub(super) fn is_open_to_others(&self, path: &Path) -> bool {
        self.open_to_others.iter().any(|open| open == path)
    }
}
