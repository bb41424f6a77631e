//! The terminal's echo, which a prompt for a secret turns off: given back however the prompt ends.

/// Gives the terminal its settings back when dropped.
pub(super) struct Echo {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

impl Echo {
    /// Notes the settings as they are; nothing where standard input is no terminal.
    pub(super) fn keep() -> Self {
        Self {
            #[cfg(unix)]
            before: rustix::termios::tcgetattr(std::io::stdin()).ok(),
        }
    }
}

#[cfg(unix)]
impl Drop for Echo {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let now = rustix::termios::OptionalActions::Now;
            // A terminal that is gone needs none.
            let _ = rustix::termios::tcsetattr(std::io::stdin(), now, before);
        }
    }
}
