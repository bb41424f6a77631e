//! Which key, endpoint and model a root gets.
