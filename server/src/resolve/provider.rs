//! Whose service a base URL is, by its exact host and never by text anywhere in it.

use serde::Serialize;
use url::{Host, Url};

/// The services that are told apart, named as on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// Qwen's own service for signed-in users.
    Qwen,
    /// `api.openai.com`.
    Openai,
    /// Alibaba Cloud Bailian, also called Model Studio.
    Dashscope,
    /// Alibaba Cloud's Coding Plan, a subscription with its own keys and hosts.
    CodingPlan,
    /// ModelScope's inference API.
    Modelscope,
    /// OpenRouter.
    Openrouter,
    /// Azure OpenAI, classic deployments and v1 alike.
    Azure,
    /// A server on this machine.
    Local,
    /// Any other OpenAI-compatible API.
    Other,
}

/// The base URL that Qwen Code sends a key to when none is given.
pub const DASHSCOPE_BASE_URL: &str = "https://dashscope.aliyuncs.com/compatible-mode/v1";
const OPENAI_BASE_URL: &str = "https://api.openai.com/v1";
const OPENROUTER_BASE_URL: &str = "https://openrouter.ai/api/v1";
const MODELSCOPE_BASE_URL: &str = "https://api-inference.modelscope.cn/v1";
const CODING_PLAN_BASE_URL: &str = "https://coding.dashscope.aliyuncs.com/v1";

impl Provider {
    /// The provider whose host `base_url` names, for a key. Loopback hosts are [`Provider::Local`].
    pub fn of(base_url: &Url) -> Self {
        if is_loopback(base_url) {
            return Self::Local;
        }
        let Some(host) = base_url.host_str() else { return Self::Other };
        let below = |domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        if matches!(host, "coding.dashscope.aliyuncs.com" | "coding-intl.dashscope.aliyuncs.com") {
            Self::CodingPlan
        } else if below("dashscope.aliyuncs.com")
            || below("dashscope-intl.aliyuncs.com")
            || below("dashscope-us.aliyuncs.com")
            || (host.starts_with("token-plan.") && host.ends_with(".maas.aliyuncs.com"))
        {
            Self::Dashscope
        } else if host == "api.openai.com" {
            Self::Openai
        } else if host == "openrouter.ai" {
            Self::Openrouter
        } else if host == "api-inference.modelscope.cn" {
            Self::Modelscope
        } else if host.ends_with(".openai.azure.com") || host.ends_with(".services.ai.azure.com") {
            Self::Azure
        } else {
            Self::Other
        }
    }

    /// The provider that a key names by its prefix, with the base URL and model to use when neither is given.
    pub fn of_key(key: &str) -> Option<Self> {
        const PREFIXES: [(&str, Provider); 6] = [
            ("sk-or-", Provider::Openrouter),
            ("sk-proj-", Provider::Openai),
            ("sk-svcacct-", Provider::Openai),
            ("sk-admin-", Provider::Openai),
            ("sk-sp-", Provider::CodingPlan),
            ("ms-", Provider::Modelscope),
        ];
        PREFIXES.iter().find(|(prefix, _)| key.starts_with(prefix)).map(|(_, provider)| *provider)
    }

    /// The base URL for a key of this provider when none is given; Qwen Code's default where the provider has none.
    pub fn default_base_url(self) -> &'static str {
        match self {
            Self::Openai => OPENAI_BASE_URL,
            Self::Openrouter => OPENROUTER_BASE_URL,
            Self::Modelscope => MODELSCOPE_BASE_URL,
            Self::CodingPlan => CODING_PLAN_BASE_URL,
            Self::Qwen | Self::Dashscope | Self::Azure | Self::Local | Self::Other => DASHSCOPE_BASE_URL,
        }
    }

    /// The model to ask for when none is given.
    pub fn default_model(self) -> &'static str {
        match self {
            // Qwen OAuth serves this one name, whatever model stands behind it.
            Self::Qwen => "coder-model",
            Self::Openai => "gpt-4.1",
            Self::Openrouter => "qwen/qwen3-coder",
            Self::Modelscope => "Qwen/Qwen3-Coder-480B-A35B-Instruct",
            Self::Dashscope | Self::CodingPlan | Self::Azure | Self::Local | Self::Other => "qwen3-coder-plus",
        }
    }

    /// The provider's name for a person.
    pub fn name(self) -> &'static str {
        match self {
            Self::Qwen => "Qwen",
            Self::Openai => "OpenAI",
            Self::Dashscope => "Alibaba Cloud Model Studio (DashScope)",
            Self::CodingPlan => "Alibaba Cloud Coding Plan",
            Self::Modelscope => "ModelScope",
            Self::Openrouter => "OpenRouter",
            Self::Azure => "Azure OpenAI",
            Self::Local => "Local server",
            Self::Other => "OpenAI-compatible API",
        }
    }

    /// Whether it speaks DashScope's dialect: its headers and its `metadata`.
    pub fn is_dashscope(self) -> bool {
        match self {
            Self::Qwen | Self::Dashscope | Self::CodingPlan => true,
            Self::Openai | Self::Modelscope | Self::Openrouter | Self::Azure | Self::Local | Self::Other => false,
        }
    }
}

/// Whether the host is this machine: `localhost` or a loopback address. A name below `localhost` is asked of DNS on some
/// machines, and may be anywhere.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_recognised_by_its_exact_host() {
        for (url, provider) in [
            ("https://api.openai.com/v1", Provider::Openai),
            ("https://dashscope.aliyuncs.com/compatible-mode/v1", Provider::Dashscope),
            ("https://dashscope-us.aliyuncs.com/compatible-mode/v1", Provider::Dashscope),
            ("https://cn-hongkong.dashscope.aliyuncs.com/compatible-mode/v1", Provider::Dashscope),
            ("https://token-plan.cn-beijing.maas.aliyuncs.com/compatible-mode/v1", Provider::Dashscope),
            ("https://coding.dashscope.aliyuncs.com/v1", Provider::CodingPlan),
            ("https://coding-intl.dashscope.aliyuncs.com/v1", Provider::CodingPlan),
            ("https://api-inference.modelscope.cn/v1", Provider::Modelscope),
            ("https://openrouter.ai/api/v1", Provider::Openrouter),
            ("https://me.openai.azure.com/openai/v1/", Provider::Azure),
            ("http://localhost:11434/v1", Provider::Local),
            ("http://127.0.0.1:1/v1", Provider::Local),
            ("http://[::1]:1/v1", Provider::Local),
            ("https://evil.example/dashscope.aliyuncs.com/v1", Provider::Other),
            ("https://evildashscope.aliyuncs.com.example/v1", Provider::Other),
            ("https://xdashscope.aliyuncs.com/v1", Provider::Other),
            ("https://api.openai.com.evil.example/v1", Provider::Other),
            ("https://localhost.evil.example/v1", Provider::Other),
            ("http://app.localhost/v1", Provider::Other),
        ] {
            assert_eq!(Provider::of(&Url::parse(url).expect(url)), provider, "{url}");
        }
    }

    #[test]
    fn a_key_names_its_provider_by_its_prefix() {
        assert_eq!(Provider::of_key("sk-or-v1-x"), Some(Provider::Openrouter));
        assert_eq!(Provider::of_key("sk-sp-x"), Some(Provider::CodingPlan));
        assert_eq!(Provider::of_key("ms-x"), Some(Provider::Modelscope));
        assert_eq!(Provider::of_key("sk-svcacct-x"), Some(Provider::Openai));
        assert_eq!(Provider::of_key("sk-x"), None);
    }
}
