//! Signing in and staying signed in: Qwen OAuth tokens, keys in the keyring, and what the user chose.

pub mod atomic;
pub mod keyring;
pub mod lock;
pub mod remembered;

pub mod base_url;
pub mod credentials;
pub mod error;
pub mod oauth;
mod place;
pub mod poll;
mod refresh;
pub mod reply;
pub mod session;
pub mod sign_in;

pub mod pace;
pub mod quota;

pub use error::{Cause, Error};
pub use keyring::Keyring;
pub use session::{Hint, NOT_REVOKED, SignedOut, Token, TokenStore};
pub use sign_in::{ApprovedSignIn, DeviceAuthorization, SignIn};

/// An I/O error's kind in words a person knows, such as "permission denied".
fn words_of(error: &std::io::Error) -> String {
    error.kind().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wait_may_be_part_of_a_handler() {
        fn may_move<T: Send>(_: &T) {}
        let (pace, keyring, path) = (pace::Pace::default(), Keyring::system(), std::path::Path::new("x"));
        may_move(&pace.wait(path));
        may_move(&keyring.get("x"));
        may_move(&remembered::update(path, |_: &mut Vec<u8>| {}));
    }
}
