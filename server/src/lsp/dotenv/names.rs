//! The names, endpoints and models that may stand in a `.env`, known without asking anybody.

use crate::resolve::{Provider, variables};

/// A variable that this server reads, and what it does.
pub struct Name {
    /// The variable.
    pub name: &'static str,
    /// What it does, in a few words.
    pub does: &'static str,
}

/// Every variable that a file may set, most wanted first.
pub const NAMES: [Name; 7] = [
    Name { name: variables::API_KEY, does: "the key of an OpenAI-compatible API" },
    Name { name: variables::BASE_URL, does: "where requests go, such as https://host/v1" },
    Name { name: variables::MODEL, does: "the model to ask for" },
    Name { name: variables::MODEL_ALIAS, does: "the model to ask for, where OPENAI_MODEL is not set" },
    Name { name: variables::OAUTH, does: "any value: sign in with Qwen instead of a key" },
    Name { name: variables::DEBUG[0], does: "requests of this folder are logged; not in a project's plain .env" },
    Name { name: variables::DEBUG[1], does: "requests of this folder are logged; not in a project's plain .env" },
];

/// What a variable does; none for one that is somebody else's.
pub fn does(name: &str) -> Option<&'static str> {
    let known = NAMES.iter().find(|known| known.name == name).map(|known| known.does);
    known.or_else(|| {
        variables::holds_provider_key(name)
            .then_some("a provider's key, used where `modelProviders` in settings.json names it as an `envKey`")
    })
}

/// Names of this kind that others read, and that are no mistake.
const OTHERS: [&str; 10] = [
    "OPENAI_API_TYPE",
    "OPENAI_API_VERSION",
    "OPENAI_LOG",
    "OPENAI_ORGANIZATION",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT",
    "OPENAI_PROJECT_ID",
    "OPENAI_WEBHOOK_SECRET",
    "QWEN_HOME",
    "QWEN_RUNTIME_DIR",
];

/// Names that people write for ours, from other tools and from memory.
const ALIASES: [(&str, &str); 8] = [
    ("OPENAI_API_BASE", variables::BASE_URL),
    ("OPENAI_API_BASE_URL", variables::BASE_URL),
    ("OPENAI_ENDPOINT", variables::BASE_URL),
    ("OPENAI_URL", variables::BASE_URL),
    ("QWEN_BASE_URL", variables::BASE_URL),
    ("OPENAI_KEY", variables::API_KEY),
    ("OPENAI_TOKEN", variables::API_KEY),
    ("QWEN_API_KEY", variables::API_KEY),
];

/// For a name that looks like one of ours and is not: the nearest that is, and whether it is near enough to be meant.
pub fn nearest(name: &str) -> Option<(&'static str, Nearness)> {
    let looks_like_ours = ["OPENAI_", "QWEN_"].iter().any(|prefix| name.starts_with(prefix));
    let is_others = OTHERS.contains(&name) || name.starts_with("QWEN_CODE_");
    if !looks_like_ours || is_others || variables::is_known(name) || variables::holds_provider_key(name) {
        return None;
    }
    if let Some((_, known)) = ALIASES.iter().find(|(alias, _)| *alias == name) {
        return Some((known, Nearness::Meant));
    }
    let distance = |known: &Name| strsim::damerau_levenshtein(name, known.name);
    let known = NAMES.iter().min_by_key(|known| distance(known))?;
    let near = distance(known) * 3 <= known.name.len();
    Some((known.name, if near { Nearness::Meant } else { Nearness::Far }))
}

/// How sure it is that another name was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nearness {
    /// A slip of the finger.
    Meant,
    /// Only the nearest there is.
    Far,
}

/// Base URLs of well-known services, and of servers on this machine.
pub const BASE_URLS: [(&str, &str); 10] = [
    ("https://dashscope.aliyuncs.com/compatible-mode/v1", "Alibaba Cloud Model Studio, China"),
    ("https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "Alibaba Cloud Model Studio, Singapore"),
    ("https://dashscope-us.aliyuncs.com/compatible-mode/v1", "Alibaba Cloud Model Studio, US"),
    ("https://coding.dashscope.aliyuncs.com/v1", "Alibaba Cloud Coding Plan, China"),
    ("https://coding-intl.dashscope.aliyuncs.com/v1", "Alibaba Cloud Coding Plan, international"),
    ("https://api-inference.modelscope.cn/v1", "ModelScope"),
    ("https://openrouter.ai/api/v1", "OpenRouter"),
    ("https://api.openai.com/v1", "OpenAI"),
    ("http://localhost:11434/v1", "Ollama on this machine"),
    ("http://localhost:1234/v1", "LM Studio on this machine"),
];

/// Models that a provider is known to have; its own list is longer, and asking for it would need the network.
pub fn models(provider: Provider) -> &'static [&'static str] {
    match provider {
        Provider::Qwen => &["coder-model"],
        Provider::Dashscope => &["qwen3-coder-plus", "qwen3-coder-flash", "qwen3.5-plus", "qwen3-vl-plus"],
        // Qwen Code's own list of the plan's models, in its order.
        Provider::CodingPlan => &[
            "qwen3.5-plus",
            "qwen3.6-plus",
            "glm-5",
            "kimi-k2.5",
            "MiniMax-M2.5",
            "qwen3-coder-plus",
            "qwen3-coder-next",
            "qwen3-max-2026-01-23",
            "glm-4.7",
        ],
        Provider::Modelscope => &["Qwen/Qwen3-Coder-480B-A35B-Instruct", "Qwen/Qwen3-Coder-30B-A3B-Instruct"],
        Provider::Openrouter => &["qwen/qwen3-coder", "qwen/qwen3-coder:free"],
        Provider::Openai => &["gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini"],
        // A deployment, a local model and an unknown service's models have names that only their owner knows.
        Provider::Azure | Provider::Local | Provider::Other => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::endpoint;

    #[test]
    fn a_slip_of_the_finger_has_its_name_and_others_names_are_left_alone() {
        for (name, meant) in [
            ("OPENAI_APIKEY", Some(("OPENAI_API_KEY", Nearness::Meant))),
            ("OPENAI_BASEURL", Some(("OPENAI_BASE_URL", Nearness::Meant))),
            ("OPENAI_API_BASE", Some(("OPENAI_BASE_URL", Nearness::Meant))),
            ("QWEN_API_KEY", Some(("OPENAI_API_KEY", Nearness::Meant))),
            ("QWEN_MODLE", Some(("QWEN_MODEL", Nearness::Meant))),
            ("QWEN_SOMETHING_ELSE", Some(("QWEN_MODEL", Nearness::Far))),
            ("OPENAI_ORG_ID", None),
            ("OPENAI_MODEL", None),
            ("QWEN_CUSTOM_API_KEY_OPENAI_X", None),
            ("DATABASE_URL", None),
        ] {
            assert_eq!(nearest(name), meant, "{name}");
        }
    }

    #[test]
    fn what_is_offered_is_what_is_read() {
        for (url, _) in BASE_URLS {
            assert_eq!(endpoint::parse(url).unwrap().as_str(), url);
        }
        for known in &NAMES {
            assert!(variables::is_known(known.name), "{}", known.name);
        }
        for provider in [
            Provider::Dashscope,
            Provider::CodingPlan,
            Provider::Modelscope,
            Provider::Openrouter,
            Provider::Openai,
            Provider::Qwen,
        ] {
            assert!(models(provider).contains(&provider.default_model()), "{provider:?}");
        }
    }
}
