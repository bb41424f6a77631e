//! Secrets: values that are used, never shown.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// An API key, a token, a device code or a code verifier.
///
/// It has no `Display` and no `Serialize`, its `Debug` shows nothing, and its memory is wiped when it is dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes a value that is a secret from now on.
    pub fn new(value: impl Into<String>) -> Self {
        Self(SecretString::from(value.into()))
    }

    /// The value itself, for the one place that sends or stores it.
    ///
    /// The files that may call this are listed in the `tidy` test.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What a person may see of it, such as `sk-…9f3c`: a known prefix and at most four trailing characters.
    ///
    /// A value too short to stay secret with four characters known is shown as `…`.
    pub fn fingerprint(&self) -> String {
        let value = self.expose();
        let prefix = KNOWN_PREFIXES.iter().find(|prefix| value.starts_with(**prefix)).copied().unwrap_or("");
        let tail: String = value.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
        if value.chars().count() >= SHORTEST_WITH_TAIL { format!("{prefix}…{tail}") } else { "…".to_owned() }
    }
}

/// Prefixes that name a provider and reveal nothing of the key, longest first.
const KNOWN_PREFIXES: [&str; 7] = ["sk-svcacct-", "sk-admin-", "sk-proj-", "sk-or-", "sk-sp-", "sk-", "ms-"];

const SHORTEST_WITH_TAIL: usize = 16;

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// `text` with every occurrence of `secrets` struck out.
///
/// Providers echo keys in their error texts, sometimes percent-encoded or in quotes; the bare value is enough there.
pub fn redact<'a>(text: &str, secrets: impl IntoIterator<Item = &'a Secret>) -> String {
    secrets.into_iter().fold(text.to_owned(), |text, secret| match secret.expose() {
        "" => text,
        value => text.replace(value, "[key]"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_shows_the_prefix_and_four_characters_at_most() {
        let shown = |key: &str| Secret::new(key).fingerprint();
        assert_eq!(shown("sk-0123456789abcdef9f3c"), "sk-…9f3c");
        assert_eq!(shown("sk-or-v1-0123456789abcd"), "sk-or-…abcd");
        assert_eq!(shown("0123456789abcdefghij"), "…ghij");
        assert_eq!(shown("short"), "…");
        assert_eq!(shown("密密密密密密密密密密密密密密密密钥"), "…密密密钥");
    }

    #[test]
    fn debug_output_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("sk-canary")), "[secret]");
    }

    #[test]
    fn redaction_strikes_out_every_occurrence() {
        let key = Secret::new("sk-canary");
        assert_eq!(redact("bad sk-canary, sk-canary!", [&key]), "bad [key], [key]!");
        assert_eq!(redact("nothing", [&Secret::new("")]), "nothing");
    }
}
