//! The verbs that both fronts see: resolve, status, sign in, chat. No LSP word in it.
