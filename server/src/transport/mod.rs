//! The LSP base protocol over stdio: drives `LspService` on a loop of our own. Knows nothing of Qwen.
