//! The variables that this product knows, and whose keys they hold.

use super::Provider;

/// The key.
pub const API_KEY: &str = "OPENAI_API_KEY";
/// The endpoint.
pub const BASE_URL: &str = "OPENAI_BASE_URL";
/// The model.
pub const MODEL: &str = "OPENAI_MODEL";
/// Another name of [`MODEL`], below it.
pub const MODEL_ALIAS: &str = "QWEN_MODEL";
/// Chooses Qwen OAuth.
pub const OAUTH: &str = "QWEN_OAUTH";
/// Requests are logged at info.
pub const DEBUG: [&str; 2] = ["DEBUG", "DEBUG_MODE"];

/// Whether a file may set it, besides the `envKey`s of provider entries. From files nothing else is ever read: no proxy,
/// no CA bundle, nothing for a child process (E36), and `QWEN_HOME` neither from a project's file (E34) nor from home's,
/// where Qwen Code honours it (E35).
pub fn is_known(name: &str) -> bool {
    matches!(name, API_KEY | BASE_URL | MODEL | MODEL_ALIAS | OAUTH) || DEBUG.contains(&name)
}

/// Whether its value is a key. Every other known variable holds something that may be shown.
pub fn is_key(name: &str) -> bool {
    !is_known(name) || name == API_KEY
}

/// The variables that hold a key of a model provider, beside `OPENAI_API_KEY`, and the provider where it is one that
/// is told apart.
const PROVIDER_KEYS: [(&str, Option<Provider>); 10] = [
    ("DASHSCOPE_API_KEY", Some(Provider::Dashscope)),
    ("BAILIAN_CODING_PLAN_API_KEY", Some(Provider::CodingPlan)),
    ("BAILIAN_TOKEN_PLAN_API_KEY", None),
    ("OPENROUTER_API_KEY", Some(Provider::Openrouter)),
    ("MODELSCOPE_API_KEY", Some(Provider::Modelscope)),
    ("AZURE_OPENAI_API_KEY", None),
    ("DEEPSEEK_API_KEY", None),
    ("MINIMAX_API_KEY", None),
    ("MOONSHOT_API_KEY", None),
    ("ZAI_API_KEY", None),
];

/// The names of `PROVIDER_KEYS`.
pub fn provider_keys() -> impl Iterator<Item = &'static str> {
    PROVIDER_KEYS.iter().map(|(name, _)| *name)
}

/// Whether it is known to hold a key of a model provider, so that a project may name it.
pub fn holds_provider_key(name: &str) -> bool {
    name == API_KEY || name.starts_with("QWEN_CUSTOM_API_KEY_") || provider_keys().any(|known| known == name)
}

/// The provider that a key in this variable belongs to, whatever the key looks like.
pub fn provider_of(name: &str) -> Option<Provider> {
    PROVIDER_KEYS.iter().find(|(known, _)| *known == name).and_then(|(_, provider)| *provider)
}
