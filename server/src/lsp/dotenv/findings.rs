//! What is wrong with an environment file: the lines, the values, and the file itself. No text of it is ever repeated
//! but known names and the hosts of endpoints.

use super::facts::Facts;
use super::finding::{Code, Finding, Fix, OwnText, Related};
use super::names::{Nearness, nearest};
use super::places::Places;
use crate::resolve::dotenv::{self, Entry};
use crate::resolve::elsewhere::Elsewhere;
use crate::resolve::{Ignore, Origin, OriginKind, ProblemKind, Provider, Standing, endpoint, provider, variables};

/// Lines that are reported at most: a file of another kind has nothing but bad ones.
const MALFORMED_LINES_SHOWN: usize = 50;

/// All findings, the file's own first.
pub fn findings(text: &str, facts: &Facts, places: &Places<'_>) -> Vec<Finding> {
    let parsed = dotenv::parse(text);
    let mut found = of_file(facts, &parsed.entries, places);
    found.extend(parsed.malformed.iter().take(MALFORMED_LINES_SHOWN).map(|line| {
        let message = "this line is not KEY=value, and is not read; fix it or delete it";
        Finding::new(Code::MalformedLine, places.line(*line), message)
    }));
    let endpoint = last(&parsed.entries, variables::BASE_URL);
    for entry in &parsed.entries {
        found.extend(of_name(entry, facts, places));
        if is_ours(entry.name, facts) && !entry.value.is_empty() {
            found.extend(read_otherwise(text, entry, places));
        }
        if entry.name == variables::BASE_URL && !entry.value.is_empty() {
            found.extend(of_url(entry));
        }
        if facts.holds_key(entry.name) {
            found.extend(mismatch(entry, endpoint));
        }
    }
    let more = of_resolution(facts, &parsed.entries, places);
    // What the text alone says needs no second voice.
    let is_said = |finding: &Finding| {
        let same = |other: &Finding| {
            other.code == finding.code && places.line_of(other.span.start) == places.line_of(finding.span.start)
        };
        found.iter().any(same)
    };
    let more: Vec<_> = more.into_iter().filter(|finding| !is_said(finding)).collect();
    found.extend(more);
    found
}

/// The entry of a name that counts.
pub fn last<'a, 'b>(entries: &'b [Entry<'a>], name: &str) -> Option<&'b Entry<'a>> {
    entries.iter().rev().find(|entry| entry.name == name)
}

fn is_ours(name: &str, facts: &Facts) -> bool {
    variables::is_known(name) || facts.holds_key(name)
}

fn of_file(facts: &Facts, entries: &[Entry<'_>], places: &Places<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Standing::Shadowed { by } = &facts.view.standing {
        let message = format!(
            "{} does not read this file: {} is found first, and the first one found is the only one",
            facts.root_name(),
            facts.short(by)
        );
        let related = Related { path: by.clone(), line: 1, message: "this file is read".to_owned() };
        found.push(Finding { related: Some(related), ..Finding::new(Code::Shadowed, places.line(1), message) });
    }
    let key = entries.iter().find(|entry| facts.holds_key(entry.name) && !entry.value.is_empty());
    let Some(key) = key.map(|entry| places.name(entry)) else { return found };
    if facts.exposure.open_to_others {
        let message = "this file holds a key, and others on this machine may open it; make it private (chmod 600)";
        found.push(Finding::new(Code::WorldReadable, key.clone(), message).mended_by(Some(Fix::MakePrivate)));
    }
    let is_ignored = match facts.exposure.ignore {
        Ignore::NoRepository => return found,
        Ignore::Ignored => true,
        Ignore::NotIgnored { .. } => false,
    };
    let fix = (!is_ignored).then_some(Fix::AddToGitignore);
    if facts.exposure.tracked {
        let message = "this file holds a key and is tracked by git; run `git rm --cached` on it, add it to .gitignore, \
                       and replace the key if it was ever pushed";
        found.push(Finding::new(Code::TrackedByGit, key, message).mended_by(fix));
    } else if !is_ignored {
        let message = "this file holds a key, and git would add it: no .gitignore names it";
        found.push(Finding::new(Code::NotIgnored, key, message).mended_by(fix));
    }
    found
}

fn of_name(entry: &Entry<'_>, facts: &Facts, places: &Places<'_>) -> Option<Finding> {
    let span = places.name(entry);
    if facts.view.excluded.iter().any(|name| name == entry.name) {
        let message = format!("`{}` is not read from a project's plain .env; put it into .qwen/.env", entry.name);
        return Some(Finding::new(Code::ExcludedVariable, span, message));
    }
    if facts.holds_key(entry.name) {
        return None;
    }
    // The name itself is not repeated: where a `=` was forgotten, the key is a part of it.
    let (known, nearness) = nearest(entry.name)?;
    Some(match nearness {
        Nearness::Meant => {
            let message = format!("this name is not read by anybody; did you mean `{known}`?");
            let fix = Fix::Replace {
                title: format!("Rename it to {known}"),
                span: span.clone(),
                text: OwnText(known.to_owned()),
            };
            Finding::new(Code::UnknownName, span, message).mended_by(Some(fix))
        }
        Nearness::Far => {
            let message = format!("this name is not read here; the nearest known one is `{known}`");
            Finding::new(Code::UnknownName, span, message)
        }
    })
}

/// Each line is judged by itself: that other tools stop at a bad line before it is that line's finding.
fn read_otherwise(text: &str, entry: &Entry<'_>, places: &Places<'_>) -> Option<Finding> {
    let statement = places.statement(entry);
    if !Elsewhere::new(&text[statement.clone()]).differs(entry.name, &entry.value) {
        return None;
    }
    let message = format!(
        "the value of `{}` is read as Qwen Code reads it, and other tools read another one; put it in quotes",
        entry.name
    );
    // What follows the value on its line, with the quote that ends it where there is one.
    let rest = &text[entry.span.end..statement.end];
    let quote = text[..entry.span.start].chars().next_back().filter(|c| matches!(c, '"' | '\'' | '`'));
    let comment = quote.and_then(|quote| rest.strip_prefix(quote)).unwrap_or(rest).trim();
    let fix = quoted(entry, comment).map(|text| Fix::Replace {
        title: "Put the value in quotes".to_owned(),
        span: statement,
        text: OwnText(text),
    });
    Some(Finding::new(Code::ReadOtherwise, entry.span.clone(), message).mended_by(fix))
}

/// The statement with quotes that everybody reads alike, where there are such, and its comment.
fn quoted(entry: &Entry<'_>, comment: &str) -> Option<String> {
    let blank = if comment.is_empty() { "" } else { " " };
    let statement = |quote: char| format!("{}={quote}{}{quote}{blank}{comment}", entry.name, entry.value);
    ['\'', '"'].into_iter().map(statement).find(|statement| {
        let parsed = dotenv::parse(statement);
        let is_same = matches!(parsed.entries.as_slice(), [one] if one.value == entry.value);
        is_same && parsed.malformed.is_empty() && !Elsewhere::new(statement).differs(entry.name, &entry.value)
    })
}

fn of_url(entry: &Entry<'_>) -> Option<Finding> {
    let span = entry.span.clone();
    match endpoint::parse(&entry.value) {
        Err(error) => {
            let scheme =
                if entry.value.starts_with("localhost") || entry.value.starts_with("127.") { "http" } else { "https" };
            let whole = format!("{scheme}://{}", entry.value.trim());
            let may_be_whole = error == endpoint::Error::NotAUrl && endpoint::parse(&whole).is_ok();
            let fix = may_be_whole.then(|| Fix::Replace {
                title: format!("Begin it with {scheme}://"),
                span: span.clone(),
                text: OwnText(whole),
            });
            Some(Finding::new(Code::BadUrl, span, format!("`{}` {error}", entry.name)).mended_by(fix))
        }
        Ok(url) if url.scheme() == "http" && !provider::is_loopback(&url) => {
            let message = format!(
                "{} is plain http to another machine, where anyone on the way could read the key; use https",
                endpoint::origin(&url)
            );
            let text = entry.value.trim().strip_prefix("http://").map(|rest| format!("https://{rest}"));
            let fix = text.map(|text| Fix::Replace {
                title: "Use https".to_owned(),
                span: span.clone(),
                text: OwnText(text),
            });
            Some(Finding::new(Code::InsecureEndpoint, span, message).mended_by(fix))
        }
        Ok(_) => None,
    }
}

/// Coding Plan keys and general keys are refused by each other's endpoints, with words that mislead.
fn mismatch(key: &Entry<'_>, endpoint: Option<&Entry<'_>>) -> Option<Finding> {
    // Another variable's key goes where the entry that names it says.
    let url = endpoint::parse(&endpoint.filter(|_| key.name == variables::API_KEY)?.value).ok()?;
    if key.value.is_empty() {
        return None;
    }
    let is_plan_key = Provider::of_key(&key.value) == Some(Provider::CodingPlan);
    let message = match Provider::of(&url) {
        Provider::Dashscope if is_plan_key => format!(
            "this is a Coding Plan key, which {} refuses; set `{}` to {}",
            endpoint::origin(&url),
            variables::BASE_URL,
            Provider::CodingPlan.default_base_url()
        ),
        Provider::CodingPlan if !is_plan_key => format!(
            "this is no Coding Plan key (those begin with sk-sp-), and {} takes no other",
            endpoint::origin(&url)
        ),
        _ => return None,
    };
    Some(Finding::new(Code::InvalidKey, key.span.clone(), message))
}

/// What the root's resolution says of this file's lines.
fn of_resolution(facts: &Facts, entries: &[Entry<'_>], places: &Places<'_>) -> Vec<Finding> {
    let resolution = &facts.view.resolution;
    let at = |line: Option<usize>| entries.iter().find(|entry| Some(entry.line) == line);
    let mut found = Vec::new();
    for problem in resolution.problems.iter().filter(|problem| problem.path.as_ref() == Some(&facts.path)) {
        let code = match problem.kind {
            ProblemKind::EndpointNotTrusted => Code::EndpointNotTrusted,
            ProblemKind::InsecureEndpoint => Code::InsecureEndpoint,
            ProblemKind::InvalidKey => Code::InvalidKey,
            ProblemKind::BadRequest => Code::BadUrl,
            // The first says that something is missing, which is no line's fault; the others are said of the text and of
            // the file itself.
            ProblemKind::NotSignedIn
            | ProblemKind::UnreadableFile
            | ProblemKind::MalformedFile
            | ProblemKind::KeyringUnavailable
            | ProblemKind::SessionExpired
            | ProblemKind::WorldReadable
            | ProblemKind::TrackedByGit
            | ProblemKind::OtherOwner
            | ProblemKind::MalformedLine => continue,
        };
        let Some(entry) = at(problem.line) else { continue };
        let trust =
            (code == Code::EndpointNotTrusted).then(|| endpoint::origin_of(&entry.value).map(Fix::Trust)).flatten();
        found.push(Finding::new(code, entry.span.clone(), &problem.message).mended_by(trust));
    }
    for ignored in resolution.ignored.iter().filter(|ignored| ignored.origin.path.as_ref() == Some(&facts.path)) {
        let Some(entry) = at(ignored.origin.line) else { continue };
        if facts.view.excluded.iter().any(|name| name == entry.name) {
            continue;
        }
        let message = format!("`{}` is not used: {}", entry.name, ignored.because);
        let related = winner(facts, entry.name).and_then(|origin| {
            let message = format!("`{}` is read from here", entry.name);
            Some(Related { path: origin.path.clone()?, line: origin.line.unwrap_or(1), message })
        });
        found.push(Finding { related, ..Finding::new(Code::NotUsed, places.name(entry), message) });
    }
    found
}

/// Where the value that is in force for a variable came from.
pub fn winner<'a>(facts: &'a Facts, name: &str) -> Option<&'a Origin> {
    let resolution = &facts.view.resolution;
    let origin = match name {
        variables::BASE_URL => resolution.base_url.as_ref().map(|found| &found.origin),
        variables::MODEL | variables::MODEL_ALIAS => resolution.model.as_ref().map(|found| &found.origin),
        variables::OAUTH => resolution.method.as_ref().map(|found| &found.origin),
        _ if facts.holds_key(name) => resolution.key.as_ref().map(|found| &found.origin),
        _ => None,
    };
    origin.filter(|origin| origin.kind != OriginKind::Default)
}
