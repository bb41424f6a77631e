//! Fill in the middle: the text that belongs at the cursor, asked for once, without a stream.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::exchange::{exchange, read_body};
use super::gap::{Gap, trim};
use super::message::{ChatRequest, Message, Role};
use super::{Endpoint, Error, refusal, request};
use crate::http::{Client, host};
use crate::resolve::Provider;

/// How a model is asked to fill a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// `/completions` with the tokens that Qwen's coder models were trained on.
    Tokens,
    /// A chat that explains the task, for every other model.
    Chat,
}

/// The text for the gap; none where the model has nothing to add.
///
/// It is asked once: nobody waits for a suggestion that comes late. A service without `/completions` is asked again
/// by chat. Dropping the future closes the connection.
pub async fn fill(client: &Client, endpoint: &Endpoint, gap: &Gap) -> Result<Option<String>, Error> {
    request::check(endpoint)?;
    let answer = match style(endpoint) {
        Style::Chat => ask(client, endpoint, gap, Style::Chat).await,
        Style::Tokens => match ask(client, endpoint, gap, Style::Tokens).await {
            Err(Error::BadRequest(refusal)) if matches!(refusal.status, 404 | 405) => {
                ask(client, endpoint, gap, Style::Chat).await
            }
            answer => answer,
        },
    }?;
    let text = trim(&answer, &gap.suffix);
    Ok((!text.trim().is_empty()).then_some(text))
}

/// Qwen's coder models have the tokens; whether a service lets them be used is known for some only.
fn style(endpoint: &Endpoint) -> Style {
    let model = endpoint.model.to_ascii_lowercase();
    let has_tokens = model.contains("qwen") && model.contains("coder");
    match endpoint.provider {
        Provider::Dashscope | Provider::Local | Provider::Other if has_tokens => Style::Tokens,
        Provider::Dashscope
        | Provider::Local
        | Provider::Other
        | Provider::Qwen
        | Provider::Openai
        | Provider::CodingPlan
        | Provider::Modelscope
        | Provider::Openrouter
        | Provider::Azure => Style::Chat,
    }
}

async fn ask(client: &Client, endpoint: &Endpoint, gap: &Gap, style: Style) -> Result<String, Error> {
    let (call, body) = match style {
        Style::Tokens => ("completions", tokens_body(endpoint, gap)),
        Style::Chat => {
            let ids = request::Ids { session: client.session().to_string(), prompt: uuid::Uuid::new_v4().to_string() };
            ("chat/completions", chat_body(endpoint, gap, &ids))
        }
    };
    let request = client
        .request(Method::POST, request::url(&endpoint.base_url, call))
        .header(CONTENT_TYPE, "application/json")
        .headers(request::headers(endpoint)?)
        .body(body.to_string())
        .build()
        .map_err(|error| client.explain(&endpoint.base_url, &error))?;
    let asked = async {
        let response = exchange(client, endpoint, request).await?;
        read_body(client, &endpoint.base_url, response).await
    };
    let limit = endpoint.request_timeout;
    let late = |_| Error::Timeout { host: host(&endpoint.base_url), limit };
    let body = tokio::time::timeout(limit, asked).await.map_err(late)??;
    let no_completion = || Error::NotAStream { host: host(&endpoint.base_url), content_type: "no completion".into() };
    let value: Value = serde_json::from_slice(&body).map_err(|_| no_completion())?;
    let choice = &value["choices"][0];
    let text = choice["text"].as_str().or_else(|| choice["message"]["content"].as_str());
    text.map(str::to_owned).ok_or_else(|| {
        if value.get("error").is_some() || value.get("code").is_some() {
            refusal::of_event(endpoint, &value)
        } else {
            no_completion()
        }
    })
}

fn tokens_body(endpoint: &Endpoint, gap: &Gap) -> Value {
    let mut body = json!({
        "model": endpoint.model,
        "prompt": gap.prompt_with_tokens(),
        "max_tokens": gap.max_tokens,
        "temperature": 0,
        "stream": false,
        "stop": ["<|endoftext|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>", "<|im_end|>"],
    });
    // Base models on local servers know no more than this; OpenAI's own limit is four.
    if endpoint.provider != Provider::Local {
        body["stop"] = json!(["<|endoftext|>", "<|fim_pad|>", "<|file_sep|>", "<|im_end|>"]);
    }
    body
}

fn chat_body(endpoint: &Endpoint, gap: &Gap, ids: &request::Ids) -> Value {
    let messages = vec![Message::text(Role::System, INSTRUCTIONS), Message::text(Role::User, gap.prompt_for_chat())];
    let chat = ChatRequest {
        messages,
        temperature: Some(0.0),
        max_tokens: Some(gap.max_tokens.into()),
        ..ChatRequest::default()
    };
    let mut body = request::body(endpoint, &chat, ids);
    body["stream"] = Value::Bool(false);
    if let Some(body) = body.as_object_mut() {
        // Services refuse it without a stream.
        body.remove("stream_options");
    }
    body
}

const INSTRUCTIONS: &str = "You complete text in an editor. Answer with exactly the text that belongs in place of \
                            <CURSOR>: no explanation, no code fence, nothing that already stands before or after it. \
                            Answer with nothing if nothing is missing.";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::chat::Credential;
    use crate::resolve::Extras;

    fn endpoint(base_url: &str, model: &str) -> Endpoint {
        let base_url: url::Url = base_url.parse().expect(base_url);
        Endpoint {
            provider: Provider::of(&base_url),
            base_url,
            credential: Credential::None,
            model: model.into(),
            extras: Extras::default(),
            request_timeout: Duration::from_secs(1),
            debug: false,
        }
    }

    #[test]
    fn tokens_are_for_qwens_coders_where_the_service_takes_them() {
        for (base, model, expected) in [
            ("https://dashscope.aliyuncs.com/compatible-mode/v1", "qwen3-coder-plus", Style::Tokens),
            ("https://dashscope.aliyuncs.com/compatible-mode/v1", "qwen3.5-plus", Style::Chat),
            ("https://coding.dashscope.aliyuncs.com/v1", "qwen3-coder-plus", Style::Chat),
            ("http://localhost:11434/v1", "qwen2.5-coder:7b", Style::Tokens),
            ("http://localhost:8000/v1", "Qwen/Qwen2.5-Coder-32B", Style::Tokens),
            ("http://localhost:11434/v1", "deepseek-coder", Style::Chat),
            ("https://api.openai.com/v1", "gpt-4.1", Style::Chat),
        ] {
            assert_eq!(style(&endpoint(base, model)), expected, "{base} {model}");
        }
    }

    #[test]
    fn p09_a_chat_without_stream_has_no_stream_options() {
        let gap = Gap { prefix: "a = ".into(), suffix: "\n".into(), max_tokens: 64, ..Gap::default() };
        let ids = request::Ids { session: "s".into(), prompt: "p".into() };
        let body = chat_body(&endpoint("https://api-inference.modelscope.cn/v1", "m"), &gap, &ids);
        assert_eq!(
            (&body["stream"], body.get("stream_options"), &body["max_tokens"]),
            (&json!(false), None, &json!(64))
        );
        assert_eq!(body["messages"][1]["content"], "a = <CURSOR>\n");
    }

    #[test]
    fn four_stops_are_sent_to_services_and_all_to_local_servers() {
        let stops = |base: &str| {
            tokens_body(&endpoint(base, "qwen3-coder-plus"), &Gap::default())["stop"].as_array().map(Vec::len)
        };
        assert_eq!(stops("https://dashscope.aliyuncs.com/compatible-mode/v1"), Some(4));
        assert_eq!(stops("http://localhost:1/v1"), Some(8));
    }
}
