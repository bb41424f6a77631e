//! What may be typed here: names that are read and not set yet, known endpoints, known models. No network.

use std::ops::Range;

use super::facts::Facts;
use super::findings::last;
use super::names::{self, BASE_URLS, NAMES};
use super::places::Places;
use crate::resolve::dotenv::{self, Entry};
use crate::resolve::{Provider, endpoint, variables};

/// Something to offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What it is, for the list.
    pub label: String,
    /// What it does.
    pub detail: String,
    /// What kind of thing it is.
    pub kind: Kind,
    /// The bytes that it takes the place of.
    pub span: Range<usize>,
    /// The text that is put there.
    pub text: String,
}

/// The kinds of offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A variable.
    Name,
    /// A value.
    Value,
}

/// What to offer at `byte`.
pub fn completion(text: &str, facts: &Facts, places: &Places<'_>, byte: usize) -> Vec<Offer> {
    let parsed = dotenv::parse(text);
    if let Some(entry) = parsed.entries.iter().find(|entry| entry.span.start <= byte && byte <= entry.span.end) {
        return values(entry, &parsed.entries, facts);
    }
    let line = places.line(places.line_of(byte));
    // No position leads into the middle of a line break.
    let byte = byte.min(line.end);
    let before = &text[line.start..byte];
    let word = before.trim_start_matches('\u{feff}').trim_start();
    let word = word.strip_prefix("export ").map_or(word, str::trim_start);
    if !word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Vec::new();
    }
    let start = byte - word.len();
    let rest = &text[byte..line.end];
    let after = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    let has_sign = rest[after..].trim_start().starts_with(['=', ':']);
    // A name in the middle of a value of several lines is none.
    if parsed.entries.iter().any(|entry| entry.span.contains(&byte)) {
        return Vec::new();
    }
    let is_set =
        |name: &str| parsed.entries.iter().any(|entry| entry.name == name && places.name(entry).start != start);
    let known = NAMES.iter().map(|known| (known.name, known.does));
    let keys = facts
        .view
        .env_keys
        .iter()
        .map(|name| (name.as_str(), names::does(name).unwrap_or("a key that settings.json names")));
    let names = known.chain(keys.filter(|(name, _)| *name != variables::API_KEY));
    let names = names.filter(|(name, _)| !is_set(name) && !facts.view.excluded.iter().any(|excluded| excluded == name));
    names
        .map(|(name, does)| Offer {
            label: name.to_owned(),
            detail: does.to_owned(),
            kind: Kind::Name,
            span: start..byte + after,
            text: if has_sign { name.to_owned() } else { format!("{name}=") },
        })
        .collect()
}

fn values(entry: &Entry<'_>, entries: &[Entry<'_>], facts: &Facts) -> Vec<Offer> {
    let offer = |text: &str, detail: &str| Offer {
        label: text.to_owned(),
        detail: detail.to_owned(),
        kind: Kind::Value,
        span: entry.span.clone(),
        text: text.to_owned(),
    };
    match entry.name {
        variables::BASE_URL => BASE_URLS.iter().map(|(url, whose)| offer(url, whose)).collect(),
        variables::MODEL | variables::MODEL_ALIAS => {
            let Some(provider) = provider(entries, facts) else { return Vec::new() };
            names::models(provider).iter().map(|model| offer(model, provider.name())).collect()
        }
        variables::OAUTH => vec![offer("1", "Qwen OAuth")],
        _ => Vec::new(),
    }
}

/// Whose models are meant: the file's own endpoint's, its key's, else the root's.
fn provider(entries: &[Entry<'_>], facts: &Facts) -> Option<Provider> {
    let of_url = last(entries, variables::BASE_URL).and_then(|entry| endpoint::parse(&entry.value).ok());
    let of_key = || last(entries, variables::API_KEY).and_then(|entry| Provider::of_key(&entry.value));
    of_url.map(|url| Provider::of(&url)).or_else(of_key).or(facts.view.resolution.provider)
}
