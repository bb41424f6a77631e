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
