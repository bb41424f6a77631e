//! The request upstream: URL, headers and body in each provider's dialect. Pure but for the random ids.

use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};
use url::Url;

use super::message::{ChatRequest, Content, Message, Role};
use super::{Credential, Endpoint, Error};
use crate::http::user_agent;
use crate::resolve::Provider;
use crate::resolve::provider::is_loopback;

/// How OpenRouter lists this program: its title, and a page for the link. This program has no site of its own;
/// OpenRouter takes a localhost URL together with a title.
const OPENROUTER: [(&str, &str); 2] =
    [("http-referer", "http://localhost/qwen-language-server"), ("x-openrouter-title", "qwen-language-server")];

/// Where Azure's v1 and classic APIs list their models, below the resource's host.
const AZURE_DEPLOYMENTS: &str = "/deployments/";

/// The URL of `call` (`chat/completions`, `models`) at an endpoint.
///
/// The base may end in a slash or in `/chat/completions`, and a query stays behind the path: Azure's `api-version`.
pub(super) fn url(base: &Url, call: &str) -> Url {
    let mut path = base.path().trim_end_matches('/');
    path = path.strip_suffix("/chat/completions").unwrap_or(path).trim_end_matches('/');
    // A classic Azure base names one deployment; models belong to the resource.
    if let (Provider::Azure, "models", Some((resource, _))) =
        (Provider::of(base), call, path.split_once(AZURE_DEPLOYMENTS))
    {
        path = resource;
    }
    let path = format!("{path}/{call}");
    let mut url = base.clone();
    url.set_path(&path);
    url.set_fragment(None);
    url
}

/// Refuses to send a credential over plain http to another machine.
pub(super) fn check(endpoint: &Endpoint) -> Result<(), Error> {
    let url = &endpoint.base_url;
    match (&endpoint.credential, url.scheme()) {
        (_, "https") | (Credential::None, "http") => Ok(()),
        (Credential::Key(_) | Credential::OauthToken(_), "http") if is_loopback(url) => Ok(()),
        (Credential::Key(_) | Credential::OauthToken(_) | Credential::None, _) => {
            Err(Error::InsecureEndpoint { host: crate::http::host(url) })
        }
    }
}

/// The headers, without the content type of a body.
///
/// `customHeaders` replace built-in ones of the same name. What would replace the credential by nothing is refused.
pub(super) fn headers(endpoint: &Endpoint) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    if endpoint.provider.is_dashscope() {
        let auth_type = match endpoint.credential {
            Credential::OauthToken(_) => "qwen-oauth",
            Credential::Key(_) | Credential::None => "openai",
        };
        headers.insert("x-dashscope-cachecontrol", HeaderValue::from_static("enable"));
        headers.insert("x-dashscope-useragent", plain_value("X-DashScope-UserAgent", &user_agent())?);
        headers.insert("x-dashscope-authtype", HeaderValue::from_static(auth_type));
    }
    if endpoint.provider == Provider::Openrouter {
        for (name, value) in OPENROUTER {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    endpoint.credential.write(endpoint.provider, &mut headers).map_err(|_| Error::UnsendableKey)?;
    for (name, value) in &endpoint.extras.custom_headers {
        let parsed = HeaderName::try_from(name.as_str()).map_err(|_| Error::CustomHeader { name: name.clone() })?;
        let mut value = plain_value(name, value)?;
        let carries_credential = parsed == header::AUTHORIZATION || parsed.as_str() == "api-key";
        if is_framing(&parsed) || (carries_credential && value.is_empty()) {
            return Err(Error::CustomHeader { name: name.clone() });
        }
        // A custom header often is a key of a gateway.
        value.set_sensitive(true);
        headers.insert(parsed, value);
    }
    Ok(headers)
}

/// Headers that the client must write itself, or the message falls apart.
fn is_framing(name: &HeaderName) -> bool {
    [header::HOST, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION].contains(name)
}

fn plain_value(name: &str, value: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(value).map_err(|_| Error::CustomHeader { name: name.to_owned() })
}

/// The ids that DashScope's `metadata` asks for.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    pub(super) session: String,
    pub(super) prompt: String,
}

/// The body of a chat completion.
///
/// Later wins: what every request has, `samplingParams`, the request's own values, `extra_body`. DashScope's
/// `cache_control` marks are left out: they turn texts into parts, which not every model takes.
pub(super) fn body(endpoint: &Endpoint, request: &ChatRequest, ids: &Ids) -> Value {
    let flat = is_deepseek(endpoint);
    let mut body = Map::new();
    let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
    set("model", endpoint.model.clone().into());
    set("messages", request.messages.iter().map(|message| upstream(message, flat)).collect());
    set("stream", true.into());
    set("stream_options", json!({ "include_usage": true }));
    if endpoint.provider.is_dashscope() {
        set("metadata", json!({ "sessionId": ids.session, "promptId": ids.prompt }));
    }
    for (name, value) in &endpoint.extras.sampling_params {
        set(name, value.clone());
    }
    let own = [
        ("temperature", request.temperature.map(Value::from)),
        ("top_p", request.top_p.map(Value::from)),
        ("max_tokens", request.max_tokens.map(Value::from)),
        ("seed", request.seed.map(Value::from)),
        ("stop", (!request.stop.is_empty()).then(|| request.stop.clone().into())),
        ("tools", (!request.tools.is_empty()).then(|| request.tools.clone().into())),
        ("tool_choice", request.tool_choice.clone().filter(|choice| !choice.is_null())),
    ];
    for (name, value) in own {
        if let Some(value) = value {
            set(name, value);
        }
    }
    for (name, value) in &endpoint.extras.extra_body {
        set(name, value.clone());
    }
    Value::Object(body)
}

/// DeepSeek takes plain strings only, on its own host and wherever its models are served.
fn is_deepseek(endpoint: &Endpoint) -> bool {
    endpoint.base_url.host_str() == Some("api.deepseek.com") || endpoint.model.to_ascii_lowercase().contains("deepseek")
}

fn upstream(message: &Message, flat: bool) -> Value {
    let content = match &message.content {
        // OpenAI wants null where an assistant only called tools.
        content if content.is_empty() && !message.tool_calls.is_empty() => Value::Null,
        Content::Text(text) => Value::from(text.clone()),
        content @ Content::Parts(_) if flat => Value::from(content.flatten()),
        Content::Parts(parts) => json!(parts),
    };
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    let mut upstream = json!({ "role": role, "content": content });
    if !message.tool_calls.is_empty() {
        upstream["tool_calls"] = json!(message.tool_calls);
    }
    if let Some(id) = &message.tool_call_id {
        upstream["tool_call_id"] = json!(id);
    }
    upstream
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::resolve::Extras;
    use crate::secret::Secret;

    fn endpoint(base_url: &str) -> Endpoint {
        let base_url = Url::parse(base_url).expect(base_url);
        Endpoint {
            provider: Provider::of(&base_url),
            base_url,
            credential: Credential::Key(Secret::new("sk-x")),
            model: "qwen3-coder-plus".into(),
            extras: Extras::default(),
            request_timeout: Duration::from_secs(1),
            debug: false,
        }
    }

    fn ids() -> Ids {
        Ids { session: "s".into(), prompt: "p".into() }
    }

    fn request(value: Value) -> ChatRequest {
        serde_json::from_value(value).expect("a request")
    }

    fn body_of(endpoint: &Endpoint, value: Value) -> Value {
        body(endpoint, &request(value), &ids())
    }

    fn headers_of(base_url: &str) -> Vec<(String, String)> {
        let headers = headers(&endpoint(base_url)).expect("headers");
        headers.iter().map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned())).collect()
    }

    #[test]
    fn p01_to_p13_the_path_is_joined_before_the_query() {
        for (base, expected) in [
            (
                crate::resolve::provider::DASHSCOPE_BASE_URL,
                "https://dashscope.aliyuncs.com/compatible-mode/v1/chat/completions",
            ),
            ("https://x/v1", "https://x/v1/chat/completions"),
            ("https://x/v1/", "https://x/v1/chat/completions"),
            ("https://x/v1//", "https://x/v1/chat/completions"),
            ("https://x", "https://x/chat/completions"),
            ("https://x/v1/chat/completions", "https://x/v1/chat/completions"),
            ("https://x/v1/chat/completions/", "https://x/v1/chat/completions"),
            ("https://x/v1?a=b#c", "https://x/v1/chat/completions?a=b"),
            ("https://r.openai.azure.com/openai/v1/", "https://r.openai.azure.com/openai/v1/chat/completions"),
            (
                "https://r.openai.azure.com/openai/deployments/d?api-version=2024-10-21",
                "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21",
            ),
            (
                "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21",
                "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21",
            ),
        ] {
            assert_eq!(url(&Url::parse(base).expect(base), "chat/completions").as_str(), expected, "{base}");
        }
    }

    #[test]
    fn azures_models_belong_to_the_resource() {
        let base = "https://r.openai.azure.com/openai/deployments/d?api-version=2024-10-21";
        let models = url(&Url::parse(base).expect(base), "models");
        assert_eq!(models.as_str(), "https://r.openai.azure.com/openai/models?api-version=2024-10-21");
    }

    #[test]
    fn p04_to_p07_dashscopes_headers_go_to_its_hosts_only() {
        for (base, expected) in [
            ("https://dashscope.aliyuncs.com/compatible-mode/v1", true),
            ("https://coding.dashscope.aliyuncs.com/v1", true),
            ("https://dashscope-us.aliyuncs.com/compatible-mode/v1", true),
            ("https://evil.example/dashscope.aliyuncs.com/v1", false),
            ("https://api.openai.com/v1", false),
        ] {
            let dashscope: Vec<_> =
                headers_of(base).into_iter().filter(|(name, _)| name.starts_with("x-dashscope")).collect();
            let metadata = body_of(&endpoint(base), json!({ "messages": [] })).get("metadata").cloned();
            if expected {
                let plain = |name: &str, value: &str| (name.to_owned(), value.to_owned());
                assert_eq!(
                    dashscope,
                    [
                        plain("x-dashscope-cachecontrol", "enable"),
                        plain("x-dashscope-useragent", &user_agent()),
                        plain("x-dashscope-authtype", "openai"),
                    ]
                );
                assert_eq!(metadata, Some(json!({ "sessionId": "s", "promptId": "p" })));
            } else {
                assert_eq!((dashscope, metadata), (vec![], None), "{base}");
            }
        }
    }

    #[test]
    fn p10_openrouter_is_told_who_asks() {
        let headers = headers_of("https://openrouter.ai/api/v1");
        assert!(headers.contains(&("x-openrouter-title".into(), "qwen-language-server".into())), "{headers:?}");
        assert!(headers.iter().any(|(name, value)| name == "http-referer" && value.contains("qwen-language-server")));
    }

    #[test]
    fn p12_p13_azure_takes_its_key_in_a_header_of_its_own() {
        let base = "https://r.openai.azure.com/openai/v1/";
        assert_eq!(headers_of(base), [("api-key".to_owned(), "sk-x".to_owned())]);
        assert_eq!(headers_of("https://x/v1"), [("authorization".to_owned(), "Bearer sk-x".to_owned())]);
    }

    #[test]
    fn a_credentials_header_is_not_shown() {
        let shown = format!("{:?}", headers(&endpoint("https://x/v1")).expect("headers"));
        assert!(!shown.contains("sk-x"), "{shown}");
    }

    #[test]
    fn p08_later_values_win() {
        let mut endpoint = endpoint("https://api-inference.modelscope.cn/v1");
        let object = |value: Value| value.as_object().cloned().expect("an object");
        endpoint.extras.sampling_params = object(json!({ "temperature": 0.1, "top_k": 5, "max_tokens": 10 }));
        endpoint.extras.extra_body = object(json!({ "max_tokens": 30, "enable_thinking": false }));
        let asked = json!({ "messages": [{ "role": "user", "content": "hi" }], "temperature": 0.5, "maxTokens": 20, "topP": 0.9, "seed": 7, "stop": ["x"], "toolChoice": null, "tools": null });
        let expected = json!({
            "model": "qwen3-coder-plus",
            "messages": [{ "role": "user", "content": "hi" }],
            "stream": true,
            "stream_options": { "include_usage": true },
            "temperature": 0.5,
            "top_k": 5,
            "top_p": 0.9,
            "seed": 7,
            "stop": ["x"],
            "max_tokens": 30,
            "enable_thinking": false,
        });
        assert_eq!(body_of(&endpoint, asked), expected);
    }

    #[test]
    fn p11_deepseek_takes_plain_strings() {
        let parts = json!({ "messages": [{ "role": "user", "content": [{ "type": "text", "text": "a" }, { "type": "image_url", "image_url": { "url": "data:" } }, { "type": "text", "text": "b" }] }] });
        let flat = body_of(&endpoint("https://api.deepseek.com"), parts.clone());
        assert_eq!(flat["messages"][0]["content"], "a\nb");
        let mut elsewhere = endpoint("https://openrouter.ai/api/v1");
        assert_eq!(body_of(&elsewhere, parts.clone())["messages"], parts["messages"]);
        elsewhere.model = "deepseek/DeepSeek-V3".into();
        assert_eq!(body_of(&elsewhere, parts)["messages"][0]["content"], "a\nb");
    }

    #[test]
    fn a_conversation_with_tools_has_upstreams_spelling() {
        let call = json!({ "id": "c", "type": "function", "function": { "name": "f", "arguments": "{}" } });
        let asked = json!({ "messages": [
            { "role": "assistant", "toolCalls": [call] },
            { "role": "assistant", "content": null, "toolCalls": null },
            { "role": "tool", "content": "done", "toolCallId": "c" },
        ] });
        let expected = json!([
            { "role": "assistant", "content": null, "tool_calls": [call] },
            { "role": "assistant", "content": "" },
            { "role": "tool", "content": "done", "tool_call_id": "c" },
        ]);
        assert_eq!(body_of(&endpoint("https://x/v1"), asked)["messages"], expected);
    }

    #[test]
    fn credentials_travel_by_https_or_not_at_all() {
        let allowed = |base: &str, credential: Credential| check(&Endpoint { credential, ..endpoint(base) }).is_ok();
        let key = || Credential::Key(Secret::new("sk-x"));
        for (base, with_key, without) in [
            ("https://x/v1", true, true),
            ("http://localhost:1/v1", true, true),
            ("http://[::1]:1/v1", true, true),
            ("http://x/v1", false, true),
            ("http://192.168.0.2/v1", false, true),
            ("ftp://x/v1", false, false),
        ] {
            assert_eq!((allowed(base, key()), allowed(base, Credential::None)), (with_key, without), "{base}");
            assert_eq!(allowed(base, Credential::OauthToken(Secret::new("t"))), with_key, "{base}");
        }
    }
}
