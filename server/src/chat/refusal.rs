//! Reads a service's refusal: which error it is, in whose words, and what helps. Pure.

use std::time::Duration;

use serde_json::Value;

use super::error::{Error, Refusal};
use super::{Credential, Endpoint};
use crate::resolve::Provider;

/// A refusal as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Reply<'a> {
    pub(super) status: u16,
    /// From the headers.
    pub(super) request_id: Option<String>,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: &'a str,
}

/// The longest words that are passed on, in bytes.
const MAX_WORDS: usize = 2048;

/// The error that a reply with an error status is.
pub(super) fn of_reply(endpoint: &Endpoint, reply: &Reply<'_>) -> Error {
    let body = reply.body.trim();
    let said = match serde_json::from_str::<Value>(body) {
        Ok(value) => Said::of(&value),
        // A page is for a browser, and may echo the request.
        Err(_) if body.starts_with('<') || body.is_empty() => Said::default(),
        Err(_) => Said { words: Some(body.to_owned()), ..Said::default() },
    };
    classify(endpoint, reply.status, said, reply.request_id.clone(), reply.retry_after)
}

/// The error that an error object inside a stream is.
pub(super) fn of_event(endpoint: &Endpoint, error: &Value) -> Error {
    let said = Said::of(error);
    let status = said.code.as_deref().and_then(|code| code.parse().ok()).filter(|code| (400..600).contains(code));
    classify(endpoint, said.status.or(status).unwrap_or(200), said, None, None)
}

/// What an error body says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Said {
    code: Option<String>,
    words: Option<String>,
    request_id: Option<String>,
    status: Option<u16>,
}

impl Said {
    /// Reads `{ error: { message, code, type } }`, `{ error: "…" }`, `{ message, code }`, `{ detail }` and lists of
    /// them.
    fn of(value: &Value) -> Self {
        match value {
            Value::String(words) => Self { words: some_text(words), ..Self::default() },
            Value::Array(list) => list.first().map(Self::of).unwrap_or_default(),
            Value::Object(object) => {
                let inner = ["error", "errors", "detail"].iter().filter_map(|name| object.get(*name));
                let inner = inner.filter(|inner| !inner.is_null()).map(Self::of).next().unwrap_or_default();
                let text = |names: &[&str]| names.iter().find_map(|name| scalar(object.get(*name)?));
                let status = ["status", "status_code", "http_code"].iter().find_map(|name| object.get(*name)?.as_u64());
                Self {
                    code: inner.code.or_else(|| text(&["code", "type", "error_code"])),
                    words: inner.words.or_else(|| text(&["message", "error_description", "msg"])),
                    request_id: inner.request_id.or_else(|| text(&["request_id", "requestId"])),
                    status: inner.status.or(status.and_then(|status| u16::try_from(status).ok())),
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::default(),
        }
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => some_text(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn some_text(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && !text.starts_with('<')).then(|| text.to_owned())
}

fn classify(
    endpoint: &Endpoint,
    status: u16,
    said: Said,
    header_id: Option<String>,
    retry_after: Option<Duration>,
) -> Error {
    let clean = |text: String| shorten(&endpoint.strike_out(&text), MAX_WORDS);
    let text = format!("{} {}", said.code.as_deref().unwrap_or_default(), said.words.as_deref().unwrap_or_default());
    let kind = Kind::of(status, &text.to_lowercase(), matches!(endpoint.credential, Credential::OauthToken(_)));
    let refusal = Box::new(Refusal {
        host: crate::http::host(&endpoint.base_url),
        status,
        hint: hint(endpoint, kind, status, &text),
        code: said.code.map(clean),
        words: said.words.map(clean),
        request_id: header_id.or(said.request_id).map(clean),
    });
    match kind {
        Kind::InvalidKey => Error::InvalidKey(refusal),
        Kind::TokenRefused => Error::TokenRefused(refusal),
        Kind::Forbidden => Error::Forbidden(refusal),
        Kind::RateLimited => Error::RateLimited { refusal, retry_after },
        Kind::QuotaExhausted => Error::QuotaExhausted(refusal),
        Kind::ModelNotFound => Error::ModelNotFound { refusal, model: endpoint.model.clone() },
        Kind::ContextTooLong => Error::ContextTooLong(refusal),
        Kind::BadRequest | Kind::Withheld | Kind::NotFound => Error::BadRequest(refusal),
        Kind::Upstream => Error::Upstream(refusal),
    }
}

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    InvalidKey,
    TokenRefused,
    Forbidden,
    RateLimited,
    QuotaExhausted,
    ModelNotFound,
    ContextTooLong,
    /// The text was judged indecent.
    Withheld,
    /// The URL is not that of an API.
    NotFound,
    BadRequest,
    Upstream,
}

/// Money and quotas, by their codes and by the sentences of Alibaba's plans.
const QUOTA: [&str; 10] = [
    "insufficient_quota",
    "arrearage",
    "prepaidbilloverdue",
    "postpaidbilloverdue",
    "commoditynotpurchased",
    "insufficient balance",
    "insufficient credits",
    "free allocated quota exceeded",
    "hour allocated quota exceeded",
    "billing_hard_limit",
];
const PLAN_QUOTA: [&str; 2] = ["week allocated quota exceeded", "month allocated quota exceeded"];
const KEY: [&str; 6] = [
    "invalidapikey",
    "invalid_api_key",
    "invalid api-key",
    "invalid api key",
    "incorrect api key",
    "invalid access token",
];
const CONTEXT: [&str; 9] = [
    "context_length_exceeded",
    "context length",
    "context window",
    "maximum context",
    "context size",
    "range of input length",
    "prompt is too long",
    "input is too long",
    "too many tokens",
];
const MODEL: [&str; 7] = [
    "model_not_found",
    "modelnotfound",
    "deploymentnotfound",
    "model_not_supported",
    "model not exist",
    "model does not exist",
    "invalidmodel",
];
const LIMIT: [&str; 6] = ["throttling", "limitrequests", "rate_limit", "rate limit", "ratequota", "too many requests"];
const WITHHELD: [&str; 4] = ["datainspectionfailed", "data_inspection_failed", "content_filter", "responsibleaipolicy"];

impl Kind {
    /// `text` is the code and the words, in lower case. 200 stands for an error inside a stream without a status.
    fn of(status: u16, text: &str, oauth: bool) -> Self {
        let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let model = any(&MODEL)
            || (text.contains("model") && any(&["not found", "does not exist", "not supported", "no endpoints"]));
        if status == 402 || (status < 500 && (any(&QUOTA) || any(&PLAN_QUOTA))) {
            Self::QuotaExhausted
        } else if status < 500
            && (status == 401 || any(&KEY) || (oauth && (status == 403 || any(&["token expired", "unauthorized"]))))
        {
            if oauth { Self::TokenRefused } else { Self::InvalidKey }
        } else if status == 429 || (status < 500 && any(&LIMIT)) {
            Self::RateLimited
        } else if status == 413 || (status < 500 && any(&CONTEXT)) {
            Self::ContextTooLong
        } else if matches!(status, 200 | 400 | 403 | 404 | 422) && model {
            Self::ModelNotFound
        } else if status < 500 && any(&WITHHELD) {
            Self::Withheld
        } else {
            match status {
                403 => Self::Forbidden,
                404 | 405 => Self::NotFound,
                400..=499 => Self::BadRequest,
                _ => Self::Upstream,
            }
        }
    }
}

/// What to do, where more is known than the kind of error.
fn hint(endpoint: &Endpoint, kind: Kind, status: u16, text: &str) -> Option<String> {
    let hint = match kind {
        Kind::InvalidKey => return key_hint(endpoint),
        Kind::NotFound | Kind::ModelNotFound if endpoint.provider == Provider::Azure => AZURE_HINT,
        Kind::ModelNotFound if endpoint.provider == Provider::Local => {
            "load the model into the local server, or choose another with `qwen.setModel`"
        }
        Kind::NotFound => "nothing is at that path; check OPENAI_BASE_URL, which usually ends in /v1",
        Kind::Withheld => "the service's content inspection objects to the text; say it differently",
        Kind::QuotaExhausted if endpoint.provider == Provider::Qwen => {
            "Qwen's free quota is used up or no longer offered; wait until tomorrow, or set an API key"
        }
        Kind::QuotaExhausted
            if endpoint.provider == Provider::CodingPlan && !text.to_lowercase().contains("arrearage") =>
        {
            "the plan's quota for this hour, week or month is used up; wait, or use another key"
        }
        Kind::BadRequest if status == 400 && text.contains("enable_thinking") => {
            "set enable_thinking in the model's extra_body in settings.json"
        }
        Kind::TokenRefused
        | Kind::Forbidden
        | Kind::RateLimited
        | Kind::QuotaExhausted
        | Kind::ModelNotFound
        | Kind::ContextTooLong
        | Kind::BadRequest
        | Kind::Upstream => return None,
    };
    Some(hint.to_owned())
}

const AZURE_HINT: &str = "on Azure the model is the deployment's name, and OPENAI_BASE_URL ends in /openai/v1 or in \
                          /openai/deployments/<name>?api-version=<date>";

/// A right key in the wrong place is the commonest mistake: plans and regions have hosts of their own.
fn key_hint(endpoint: &Endpoint) -> Option<String> {
    let hint = match (endpoint.provider, endpoint.credential.looks_like()) {
        (Provider::Dashscope, Some(Provider::CodingPlan)) => {
            "this is a Coding Plan key: set OPENAI_BASE_URL to https://coding.dashscope.aliyuncs.com/v1 (outside China \
             https://coding-intl.dashscope.aliyuncs.com/v1)"
        }
        (Provider::CodingPlan, Some(Provider::CodingPlan)) => {
            "the plan's key may be expired or of the other region: https://coding.dashscope.aliyuncs.com/v1 is China's, \
             https://coding-intl.dashscope.aliyuncs.com/v1 everyone else's"
        }
        (Provider::CodingPlan, _) => {
            "a Coding Plan has a key of its own, which begins with sk-sp-; a general key goes to \
             https://dashscope.aliyuncs.com/compatible-mode/v1"
        }
        (at, Some(of)) if at != of && at != Provider::Local => {
            return Some(format!(
                "the key looks like one of {}; set OPENAI_BASE_URL to that service, or another key",
                of.name()
            ));
        }
        (Provider::Dashscope, _) => {
            "a key works in its own region only: dashscope.aliyuncs.com is Beijing, dashscope-intl Singapore, \
             dashscope-us Virginia"
        }
        (Provider::Azure, _) => "each Azure resource has keys of its own; check that key and host belong together",
        _ => return None,
    };
    Some(hint.to_owned())
}

/// At most `limit` bytes of `text`, with an ellipsis where something is left out.
fn shorten(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let end = (0..=limit - '…'.len_utf8()).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    format!("{}…", &text[..end])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resolve::Extras;
    use crate::secret::Secret;

    fn refused(base_url: &str, key: &str, status: u16, body: &Value) -> Error {
        let base_url: url::Url = base_url.parse().expect(base_url);
        let endpoint = Endpoint {
            provider: Provider::of(&base_url),
            base_url,
            credential: Credential::Key(Secret::new(key)),
            model: "m".into(),
            extras: Extras::default(),
            request_timeout: Duration::from_secs(1),
            debug: false,
        };
        of_reply(&endpoint, &Reply { status, body: &body.to_string(), ..Reply::default() })
    }

    #[test]
    fn p24_to_p26_a_right_key_in_the_wrong_place_is_told_the_right_one() {
        let expired =
            json!({ "error": { "message": "invalid access token or token expired", "code": "invalid_api_key" } });
        let invalid = json!({ "error": { "message": "invalid api-key" } });
        for (base, key, status, body, hint) in [
            (
                "https://dashscope.aliyuncs.com/compatible-mode/v1",
                "sk-sp-0123",
                403,
                &invalid,
                "https://coding.dashscope.aliyuncs.com/v1",
            ),
            (
                "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
                "sk-sp-0123",
                401,
                &invalid,
                "https://coding-intl.dashscope.aliyuncs.com/v1",
            ),
            (
                "https://coding.dashscope.aliyuncs.com/v1",
                "sk-sp-0123",
                401,
                &expired,
                "https://coding-intl.dashscope.aliyuncs.com/v1",
            ),
            ("https://coding-intl.dashscope.aliyuncs.com/v1", "sk-0123", 401, &expired, "sk-sp-"),
            ("https://dashscope.aliyuncs.com/compatible-mode/v1", "sk-0123", 401, &invalid, "dashscope-intl Singapore"),
            ("https://dashscope.aliyuncs.com/compatible-mode/v1", "sk-or-v1-0123", 401, &invalid, "OpenRouter"),
            ("https://api.openai.com/v1", "sk-or-v1-0123", 401, &invalid, "OpenRouter"),
            ("https://r.openai.azure.com/openai/v1", "0123", 401, &invalid, "Azure resource"),
            ("https://x.example/v1", "0123", 401, &invalid, "check the key"),
        ] {
            let error = refused(base, key, status, body);
            assert!(matches!(error, Error::InvalidKey(_)), "{base}: {error:?}");
            assert!(error.to_string().contains(hint), "{base}: {error}");
        }
    }

    #[test]
    fn azures_404_names_the_deployment() {
        let body = json!({ "error": { "code": "DeploymentNotFound", "message": "The API deployment for this resource does not exist." } });
        for body in [body, json!({ "error": { "code": "404", "message": "Resource not found" } })] {
            let error = refused("https://r.openai.azure.com/openai/v1", "k", 404, &body);
            assert!(error.to_string().contains("deployment's name"), "{error}");
        }
    }

    #[test]
    fn error_bodies_of_every_shape_are_read() {
        let said = |code: Option<&str>, words: Option<&str>| Said {
            code: code.map(str::to_owned),
            words: words.map(str::to_owned),
            ..Said::default()
        };
        for (body, expected) in [
            (json!({ "error": { "message": "m", "code": "c", "type": "t" } }), said(Some("c"), Some("m"))),
            (json!({ "error": { "message": "m", "code": null, "type": "t" } }), said(Some("t"), Some("m"))),
            (json!({ "error": { "message": "m", "code": 429 } }), said(Some("429"), Some("m"))),
            (json!({ "error": "m" }), said(None, Some("m"))),
            (json!({ "error": "invalid_request", "error_description": "m" }), said(None, Some("invalid_request"))),
            (json!({ "message": "m", "code": "c" }), said(Some("c"), Some("m"))),
            (json!([{ "error": { "message": "m" } }]), said(None, Some("m"))),
            (json!({ "errors": [{ "message": "m" }] }), said(None, Some("m"))),
            (json!({ "detail": "m" }), said(None, Some("m"))),
            (json!({ "detail": [{ "msg": "m" }] }), said(None, Some("m"))),
            (json!({ "error": null, "message": "m" }), said(None, Some("m"))),
            (json!("m"), said(None, Some("m"))),
            (json!({ "message": "<html>" }), said(None, None)),
            (json!({}), said(None, None)),
            (json!([]), said(None, None)),
            (json!(7), said(None, None)),
        ] {
            assert_eq!(Said::of(&body), expected, "{body}");
        }
        let with_id = Said::of(&json!({ "code": "c", "message": "m", "request_id": "r" }));
        assert_eq!(with_id.request_id.as_deref(), Some("r"));
    }

    #[test]
    fn alibabas_words_are_understood() {
        for (status, text, expected) in [
            (400, "arrearage", Kind::QuotaExhausted),
            (403, "free allocated quota exceeded", Kind::QuotaExhausted),
            (429, "insufficient_quota you exceeded your current quota", Kind::QuotaExhausted),
            (429, "week allocated quota exceeded", Kind::QuotaExhausted),
            (429, "throttling.allocationquota", Kind::RateLimited),
            (400, "throttling", Kind::RateLimited),
            (200, "throttling.ratequota", Kind::RateLimited),
            (429, "limitrequests", Kind::RateLimited),
            (401, "invalidapikey", Kind::InvalidKey),
            (400, "datainspectionfailed", Kind::Withheld),
            (200, "internalerror", Kind::Upstream),
            (503, "rate limit", Kind::Upstream),
            (418, "", Kind::BadRequest),
        ] {
            assert_eq!(Kind::of(status, text, false), expected, "{status} {text}");
        }
    }

    #[test]
    fn words_are_cut_between_characters() {
        assert_eq!(shorten("abc", 3), "abc");
        assert_eq!(shorten("abcdef", 5), "ab…");
        assert_eq!(shorten("密密密", 8), "密…");
    }
}
