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

/// Reads a secret from a request. There is no way back: it has no `Serialize`.
impl<'de> serde::Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// `text` with every trace of `secrets` struck out.
///
/// Providers echo keys in their error texts: whole, percent-encoded, or with a part of them masked. A run of eight
/// characters that stands in a secret is a trace; its known prefix alone is not.
pub fn redact<'a>(text: &str, secrets: impl IntoIterator<Item = &'a Secret>) -> String {
    secrets.into_iter().fold(text.to_owned(), |text, secret| match secret.expose() {
        "" => text,
        value => {
            let [upper, lower] = percent_encoded(value);
            let text = text.replace(value, STRUCK_OUT).replace(&upper, STRUCK_OUT).replace(&lower, STRUCK_OUT);
            strike_out_runs(&text, value)
        }
    })
}

const STRUCK_OUT: &str = "[key]";

/// The shortest part of a secret that is struck out, in characters.
const SHORTEST_RUN: usize = 8;

/// As `encodeURIComponent` writes it, with the digits A to F in capitals and not.
fn percent_encoded(value: &str) -> [String; 2] {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~!*'()".contains(&byte);
    let encode = |digits: fn(u8) -> String| {
        value.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { digits(byte) }).collect()
    };
    [encode(|byte| format!("%{byte:02X}")), encode(|byte| format!("%{byte:02x}"))]
}

fn strike_out_runs(text: &str, value: &str) -> String {
    let value: Vec<char> = value.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let runs: std::collections::HashSet<&[char]> = value.windows(SHORTEST_RUN).collect();
    let mut struck = vec![false; text.len()];
    for (at, run) in text.windows(SHORTEST_RUN).enumerate() {
        if runs.contains(run) {
            struck[at..at + SHORTEST_RUN].fill(true);
        }
    }
    let mut shown = String::new();
    let mut rest = &text[..];
    while !rest.is_empty() {
        let at = text.len() - rest.len();
        let length = struck[at..].iter().take_while(|now| **now == struck[at]).count();
        let run: String = rest[..length].iter().collect();
        shown.push_str(if struck[at] && !KNOWN_PREFIXES.contains(&run.as_str()) { STRUCK_OUT } else { &run });
        rest = &rest[length..];
    }
    shown
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

    #[test]
    fn redaction_finds_encoded_and_masked_keys() {
        let key = Secret::new("sk-proj-0123456789+/=abcdef");
        for (text, expected) in [
            ("sk-proj-0123456789%2B%2F%3Dabcdef", "[key]"),
            ("sk-proj-0123456789%2b%2f%3dabcdef", "[key]"),
            ("Bearer sk-proj-0123456789+/=abcdef.", "Bearer [key]."),
            ("sk-proj-01****************cdef", "[key]****************cdef"),
            ("\"89+/=abcd\" is cut", "\"[key]\" is cut"),
            ("keys begin with sk-proj-", "keys begin with sk-proj-"),
            ("密钥 789+/=abcdef 密", "密钥 [key] 密"),
            ("sk-proj-", "sk-proj-"),
            ("", ""),
        ] {
            assert_eq!(redact(text, [&key]), expected, "{text}");
        }
    }
}
