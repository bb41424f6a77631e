//! The scenes, in the order in which they are played. A new scene is a file and a line here.

mod accounts;
mod cancel;
mod chat;
mod keys;
mod open;
mod sign_in;
mod stranger;

use super::stage::Stage;

/// A title, and what is played below it.
pub type Scene = (&'static str, fn(&mut Stage));

/// All of them.
pub const SCENES: [Scene; 7] = [
    ("The editor starts the server, and names the folders that are open", open::play),
    ("Which account does each folder use, and where does each value come from?", accounts::play),
    ("A question from each folder; the answers stream", chat::play),
    ("The user has read enough, and cancels", cancel::play),
    ("A project that someone else wrote tries to get the user's key", stranger::play),
    ("A folder that uses Qwen OAuth signs in", sign_in::play),
    ("Which key arrived where?", keys::play),
];
