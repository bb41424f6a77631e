//! What can be wrong between a key and its endpoint, told to a person.

use url::Url;

use super::sources::Key;
use super::{Found, Problem, ProblemKind, Provider, binding, endpoint};

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
    let why = if key.only_trusted {
        "only the project says that this is a key"
    } else {
        "only the project names that endpoint"
    };
    let message = format!(
        "the key from {} is not sent to {endpoint}, which {} names: {why}; if you trust it, run `qwen-language-server \
         auth trust {endpoint}` or `qwen.trustEndpoint`",
        key.origin.place(),
        url.origin.place(),
    );
    Problem::new(ProblemKind::EndpointNotTrusted, message).at(&url.origin)
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
