//! Which method a root uses, and how that changes without a restart.
