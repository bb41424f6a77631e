//! What is said to a person whose root has no credential: what is missing, where it was looked for, what to do.

use super::{Inputs, Problem, ProblemKind, variables};

/// Nothing is configured, or `missing` is.
pub(super) fn no_key(inputs: &Inputs<'_>, missing: Option<&str>) -> Problem {
    let root = inputs.root.display();
    let wanted = match missing {
        Some(variable) => format!("`{variable}` is not set for {root}"),
        None => format!("no account is configured for {root}"),
    };
    let variable = missing.unwrap_or(variables::API_KEY);
    let others: Vec<&str> = variables::provider_keys().filter(|name| inputs.env.get(name).is_some()).collect();
    let hint = if others.is_empty() {
        String::new()
    } else {
        let names = others.join("`, `");
        format!("; `{names}` is set, and is used only where `modelProviders` in settings.json names it as an `envKey`")
    };
    let message = format!(
        "{wanted}: set `{variable}` in .qwen/.env or .env there or in a directory above, in ~/.qwen/.env, or in the \
         environment; or sign in with Qwen (`qwen.signIn`, `qwen-language-server auth sign-in`){hint}"
    );
    Problem::new(ProblemKind::NotSignedIn, message)
}

/// Qwen OAuth is chosen, and there is no credential.
pub(super) fn no_credential(inputs: &Inputs<'_>) -> Problem {
    let message = format!(
        "{} uses Qwen OAuth, and nobody is signed in; sign in with Qwen (`qwen.signIn`, `qwen-language-server auth \
         sign-in`)",
        inputs.root.display()
    );
    Problem::new(ProblemKind::NotSignedIn, message)
}
