//! Chat completions: one request upstream, and its answer as a stream of deltas.
