//! What can be wrong between a key and its endpoint, told to a person.

use url::Url;

use super::sources::Key;
use super::{Found, Problem, ProblemKind, Provider, Scope, binding, endpoint, variables};

pub(super) fn insecure(url: &Found<Url>) -> Problem {
    let message = format!(
        "{} is plain http to another machine, where anyone on the way could read the key; use https (named by {})",
        endpoint::origin(&url.value),
        url.origin.place()
    );
    Problem::new(ProblemKind::InsecureEndpoint, message).at(&url.origin)
}

pub(super) fn not_trusted(key: &Key, url: &Found<Url>) -> Problem {
    let endpoint = endpoint::origin(&url.value);
    let (why, remedy) = if key.only_trusted {
        ("only the project says that this is a key", "")
    } else if key.origin.scope == Scope::Project {
        // An entry's key is not used any more once its file names an endpoint.
        let is_plain = key.origin.variable.as_deref() == Some(variables::API_KEY);
        let remedy = if is_plain { "put `OPENAI_BASE_URL` beside the key, or, " } else { "" };
        ("the key is in one file and the endpoint in another", remedy)
    } else {
        ("only the project names that endpoint", "")
    };
    let message = format!(
        "the key from {} is not sent to {endpoint}, which {} names: {why}; {remedy}if you trust it, run \
         `qwen-language-server auth trust {endpoint}` or `qwen.trustEndpoint`",
        key.origin.place(),
        url.origin.place(),
    );
    Problem::new(ProblemKind::EndpointNotTrusted, message).at(&url.origin)
}

/// Why a request goes to a server on this machine without the key that was found.
pub(super) fn withheld(key: &Key, url: &Found<Url>) -> String {
    let endpoint = endpoint::origin(&url.value);
    let why = if key.origin.scope == Scope::Project {
        format!("{} names {endpoint}, and the key is in another file", url.origin.place())
    } else {
        format!("it is yours, and only the project names {endpoint}")
    };
    format!("{why}; the request goes there without a key")
}

pub(super) fn unsendable(key: &Key) -> Problem {
    let message = format!(
        "the key from {} holds a blank, a line break or a letter that no key has; copy the key again",
        key.origin.place()
    );
    Problem::new(ProblemKind::InvalidKey, message).at(&key.origin)
}

/// P26: Coding Plan keys and general keys are refused by each other's endpoints, with words that mislead.
pub(super) fn mismatch(key: &Key, url: &Found<Url>) -> Option<Problem> {
    let is_plan_key = binding::provider_of_key(key) == Some(Provider::CodingPlan);
    let message = match Provider::of(&url.value) {
        Provider::Dashscope if is_plan_key => format!(
            "the key from {} is a Coding Plan key, which {} refuses; use {}",
            key.origin.place(),
            endpoint::origin(&url.value),
            Provider::CodingPlan.default_base_url()
        ),
        Provider::CodingPlan if !is_plan_key => format!(
            "the key from {} is no Coding Plan key (those begin with sk-sp-), and {} takes no other",
            key.origin.place(),
            endpoint::origin(&url.value)
        ),
        _ => return None,
    };
    Some(Problem::new(ProblemKind::InvalidKey, message).at(&key.origin))
}
