//! `$NAME` and `${NAME}` in a settings file, taken from the process's environment.

use crate::env::Environment;

/// A text with its variables put in.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Expanded {
    /// The text.
    pub(super) text: String,
    /// The variables that it holds the values of.
    pub(super) variables: Vec<String>,
}

/// Puts the variables in, or names the first that is not set. Qwen Code leaves an unset one as it is written, and so
/// sends `$NAME` as a key (E40); here it makes the value missing.
pub(super) fn expand(text: &str, env: &Environment) -> Result<Expanded, String> {
    let mut expanded = Expanded { text: String::new(), variables: Vec::new() };
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        expanded.text.push_str(&rest[..dollar]);
        rest = &rest[dollar + 1..];
        if let Some((name, after)) = reference(rest) {
            expanded.text.push_str(env.get(name).ok_or_else(|| name.to_owned())?);
            expanded.variables.push(name.to_owned());
            rest = after;
        } else {
            expanded.text.push('$');
        }
    }
    expanded.text.push_str(rest);
    Ok(expanded)
}

/// The same for a value that may be a secret with a dollar in it: if a variable is not set, only a value that is nothing
/// but its name counts as missing; any other stays as it is written, and no part of it is told.
pub(super) fn expand_secret(text: &str, env: &Environment) -> Result<Expanded, String> {
    let is_reference = text.strip_prefix('$').and_then(reference).is_some_and(|(_, after)| after.is_empty());
    match expand(text, env) {
        Err(_) if !is_reference => Ok(Expanded { text: text.to_owned(), variables: Vec::new() }),
        result => result,
    }
}

/// The name that follows a dollar, and what follows the name.
fn reference(rest: &str) -> Option<(&str, &str)> {
    if let Some(braced) = rest.strip_prefix('{') {
        let (name, after) = braced.split_once('}')?;
        let is_name = !name.is_empty() && name.chars().all(is_word);
        return is_name.then_some((name, after));
    }
    let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    (end > 0).then(|| rest.split_at(end))
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_come_from_the_environment_and_a_missing_one_is_named() {
        let env: Environment = [("A".to_owned(), "1".to_owned())].into_iter().collect();
        let of = |text: &str| expand(text, &env).map(|expanded| expanded.text);
        assert_eq!(of("x${A}y$A-$").as_deref(), Ok("x1y1-$"));
        assert_eq!(of("${A:-b}$(A)").as_deref(), Ok("${A:-b}$(A)"));
        assert_eq!(of("a $NOPE"), Err("NOPE".to_owned()));
        let secret = |text: &str| expand_secret(text, &env).map(|expanded| expanded.text);
        assert_eq!(secret("sk-$A-$canary").as_deref(), Ok("sk-$A-$canary"));
        assert_eq!(secret("${NOPE}"), Err("NOPE".to_owned()));
        assert_eq!(expand("$A", &env).map(|expanded| expanded.variables), Ok(vec!["A".to_owned()]));
    }
}
