//! Signing in and staying signed in: Qwen OAuth tokens, keys in the keyring, and what the user chose.

pub mod atomic;
pub mod keyring;
pub mod lock;
pub mod remembered;

/// An I/O error's kind in words a person knows, such as "permission denied".
fn words_of(error: &std::io::Error) -> String {
    error.kind().to_string()
}
