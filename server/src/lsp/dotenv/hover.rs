//! What a value does: where it goes, who wins, and a fingerprint in the place of a key.

use std::ops::Range;

use super::facts::Facts;
use super::findings::{last, winner};
use super::names;
use super::places::Places;
use super::usage::{is_here, usage};
use crate::resolve::dotenv::{self, Entry};
use crate::resolve::{Method, Standing, State, endpoint, variables};
use crate::secret::Secret;

/// What to say of the place at `byte`, in Markdown, and the bytes that it is about. None where nothing of ours is.
pub fn hover(text: &str, facts: &Facts, places: &Places<'_>, byte: usize) -> Option<(Range<usize>, String)> {
    let parsed = dotenv::parse(text);
    let covers = |entry: &&Entry<'_>| places.name(entry).start <= byte && byte <= entry.span.end;
    let entry = parsed.entries.iter().find(covers)?;
    let does = match names::does(entry.name) {
        Some(does) => does,
        None if facts.holds_key(entry.name) => "a key that an entry of `modelProviders` in settings.json names",
        None => return None,
    };
    let later = last(&parsed.entries, entry.name).filter(|last| last.line != entry.line);
    let fate = match later {
        Some(later) => format!("Not used: line {} sets it again, and the last one counts.", later.line),
        None => fate(entry, facts),
    };
    let words = [format!("`{}`: {does}.", entry.name), value(entry, facts), fate];
    let words: Vec<String> = words.into_iter().filter(|words| !words.is_empty()).collect();
    Some((places.name(entry).start..entry.span.end, words.join("\n\n")))
}

/// The value as a person may see it.
fn value(entry: &Entry<'_>, facts: &Facts) -> String {
    if entry.value.trim().is_empty() {
        "It is set to nothing, which counts as not set.".to_owned()
    } else if facts.holds_key(entry.name) {
        format!("Key: `{}`", Secret::new(entry.value.trim()).fingerprint())
    } else {
        String::new()
    }
}

/// What becomes of the value in the root.
fn fate(entry: &Entry<'_>, facts: &Facts) -> String {
    let resolution = &facts.view.resolution;
    match &facts.view.standing {
        Standing::Shadowed { .. } | Standing::NotRead => return format!("{}.", usage(facts)),
        Standing::InForce => {}
    }
    let root = facts.root_name();
    if facts.view.excluded.iter().any(|name| name == entry.name) {
        return format!("Not used by {root}: a project's plain .env may not set it; .qwen/.env may.");
    }
    let here =
        |origin: &&crate::resolve::Origin| is_here(facts, origin.path.as_deref()) && origin.line == Some(entry.line);
    let lost = resolution.ignored.iter().find(|ignored| here(&&ignored.origin));
    if let Some(lost) = lost {
        return format!("Not used by {root}: {}.", lost.because);
    }
    let problem = resolution
        .problems
        .iter()
        .find(|problem| is_here(facts, problem.path.as_deref()) && problem.line == Some(entry.line));
    if let Some(problem) = problem {
        return format!("{}.", problem.message);
    }
    if entry.name == variables::OAUTH
        && resolution.method.as_ref().is_some_and(|method| method.value == Method::QwenOauth)
    {
        return format!("{root} uses Qwen OAuth.");
    }
    let Some(origin) = winner(facts, entry.name) else { return String::new() };
    if !here(&origin) {
        return format!("Not used by {root}: {} wins.", origin.place());
    }
    let goes = match (&resolution.base_url, resolution.state) {
        (_, State::Refused) => "nothing is sent, see the problems of this file".to_owned(),
        (Some(url), State::SignedIn | State::SignedOut) if facts.holds_key(entry.name) => {
            let from = if is_here(facts, url.origin.path.as_deref()) {
                String::new()
            } else {
                format!(" ({})", place(&url.origin))
            };
            format!("it goes to `{}`{from}", endpoint::origin(&url.value))
        }
        (Some(url), State::SignedIn | State::SignedOut) if entry.name == variables::BASE_URL => {
            format!("requests go to `{}`", endpoint::origin(&url.value))
        }
        (Some(url), State::SignedIn | State::SignedOut) => {
            format!("`{}` is asked for it", endpoint::origin(&url.value))
        }
        (None, State::SignedIn | State::SignedOut) => "it is in force".to_owned(),
    };
    format!("Used by {root}: {goes}.")
}

fn place(origin: &crate::resolve::Origin) -> String {
    origin.because.clone().unwrap_or_else(|| format!("named by {}", origin.place()))
}
