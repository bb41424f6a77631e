//! Reads the sign-in service's answers: tolerant of how they are written, and never echoing them.
//!
//! A WAF page may reflect a device code or a code verifier, so no text of an answer gets further than this file,
//! save an `error` that can be nothing but a word.

use std::time::Duration;

use oauth2::{DeviceCode, DeviceCodeErrorResponseType as Code};
use serde_json::{Map, Value};

use crate::secret::Secret;

/// RFC 8628 §3.2 requires `expires_in`; for a server without one, the code is asked about for ten minutes.
const DEFAULT_DEVICE_LIFETIME: Duration = Duration::from_secs(600);

/// The device authorization response (RFC 8628 §3.2).
#[derive(Clone, Debug)]
pub struct Device {
    /// What the polls name.
    pub device_code: DeviceCode,
    /// What the user compares or types.
    pub user_code: String,
    /// Where the user types it.
    pub verification_uri: String,
    /// Where nothing is to be typed.
    pub verification_uri_complete: Option<String>,
    /// For how long both codes are valid.
    pub expires_in: Duration,
    /// The pause between polls, where the server names one. Qwen's does not.
    pub interval: Option<Duration>,
}

/// A successful token response (RFC 6749 §5.1), with Qwen's `resource_url`. Other members are dropped.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Never empty.
    pub access_token: Secret,
    /// Absent where the server gave none.
    pub refresh_token: Option<Secret>,
    /// `Bearer` where the server gave none.
    pub token_type: String,
    /// Where the token is good for, as the server wrote it.
    pub resource_url: Option<String>,
    /// Absent where the server gave none.
    pub expires_in: Option<Duration>,
}

/// What a poll's answer means.
#[derive(Clone, Debug)]
pub enum Reply {
    /// The user approved.
    Granted(Tokens),
    /// `authorization_pending`, `{"status":"pending"}`, or an access token of null.
    Pending,
    /// `slow_down` with any status, or `{"status":"pending","slowDown":true}`.
    SlowDown,
    /// `access_denied`.
    Denied,
    /// `expired_token`, `invalid_grant`, or HTTP 401.
    Expired,
    /// HTTP 429 with anything but `slow_down` or `authorization_pending`.
    RateLimited,
    /// Another OAuth error; our words for it.
    Refused(String),
    /// Not an OAuth answer, or none: a proxy's page, a 502, a broken connection; our words for it.
    Unclear(String),
    /// No answer in time.
    TimedOut,
}

/// What the answer to a refresh means.
#[derive(Clone, Debug)]
pub enum Refreshed {
    /// New tokens.
    Granted(Tokens),
    /// The refresh token is used up, revoked or unknown.
    Refused,
    /// Anything else; our words for it.
    Unclear(String),
}

/// Reads a device authorization response; the error is our words for what came instead.
pub fn device(status: u16, body: &[u8]) -> Result<Device, String> {
    let otherwise = || describe(status, body);
    let json = object(body).filter(|_| is_success(status)).ok_or_else(otherwise)?;
    let text = |name: &str| text(&json, name);
    let complete = text("verification_uri_complete");
    Ok(Device {
        device_code: DeviceCode::new(text("device_code").ok_or_else(otherwise)?),
        user_code: text("user_code").ok_or("an answer without a user_code")?,
        verification_uri: text("verification_uri")
            .or_else(|| complete.clone())
            .ok_or("an answer without a verification_uri")?,
        verification_uri_complete: complete,
        expires_in: seconds(&json, "expires_in").unwrap_or(DEFAULT_DEVICE_LIFETIME),
        interval: seconds(&json, "interval"),
    })
}

/// Reads the answer to a poll.
pub fn poll(status: u16, body: &[u8]) -> Reply {
    let json = object(body).unwrap_or_default();
    if is_success(status)
        && let Some(tokens) = tokens(&json)
    {
        return Reply::Granted(tokens);
    }
    // A server or a proxy that is down says nothing about the code.
    if status >= 500 {
        return Reply::Unclear(describe(status, body));
    }
    match error(&json) {
        Some(Code::AccessDenied) => return Reply::Denied,
        _ if status == 401 => return Reply::Expired,
        Some(Code::AuthorizationPending) => return Reply::Pending,
        Some(Code::SlowDown) => return Reply::SlowDown,
        _ if status == 429 => return Reply::RateLimited,
        Some(Code::ExpiredToken) => return Reply::Expired,
        Some(code) if code.as_ref() == "invalid_grant" => return Reply::Expired,
        // RFC 8628 §3.5: any error that is not one of the four above ends the polling.
        Some(Code::Basic(_)) => return Reply::Refused(describe(status, body)),
        None => {}
    }
    if is_success(status) && json.get("status").and_then(Value::as_str) == Some("pending") {
        let slow = |name: &str| json.get(name).and_then(Value::as_bool) == Some(true);
        return if slow("slowDown") || slow("slow_down") { Reply::SlowDown } else { Reply::Pending };
    }
    // The CLI asks again at once here, some two hundred times a second.
    if is_success(status) && json.contains_key("access_token") {
        return Reply::Pending;
    }
    Reply::Unclear(describe(status, body))
}

/// Reads the answer to a refresh. Only a status of 400 or 401, or `invalid_grant`, says anything about the session.
pub fn refresh(status: u16, body: &[u8]) -> Refreshed {
    let json = object(body).unwrap_or_default();
    if is_success(status)
        && let Some(tokens) = tokens(&json)
    {
        return Refreshed::Granted(tokens);
    }
    let invalid_grant = status < 500 && error(&json).is_some_and(|code| code.as_ref() == "invalid_grant");
    if matches!(status, 400 | 401) || invalid_grant {
        return Refreshed::Refused;
    }
    Refreshed::Unclear(describe(status, body))
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// The body as a JSON object, whatever its content type says.
fn object(body: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)).ok()
}

fn tokens(json: &Map<String, Value>) -> Option<Tokens> {
    Some(Tokens {
        access_token: Secret::new(text(json, "access_token")?),
        refresh_token: text(json, "refresh_token").map(Secret::new),
        token_type: text(json, "token_type").unwrap_or_else(|| "Bearer".to_owned()),
        resource_url: text(json, "resource_url"),
        expires_in: seconds(json, "expires_in"),
    })
}

fn error(json: &Map<String, Value>) -> Option<Code> {
    let error = json.get("error")?;
    // Some gateways nest it: {"error":{"code":"…"}}.
    let code = error.get("code").unwrap_or(error);
    serde_json::from_value(code.clone()).ok()
}

/// A string that is not empty.
fn text(json: &Map<String, Value>, name: &str) -> Option<String> {
    json.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A number of seconds, written as an integer, a fraction or a string.
fn seconds(json: &Map<String, Value>, name: &str) -> Option<Duration> {
    /// A thousand years: what is more is a mistake, and would overflow a date.
    const MOST: f64 = 1000.0 * 365.0 * 86_400.0;
    let value = json.get(name)?;
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    (0.0..=MOST).contains(&number).then(|| Duration::from_secs_f64(number))
}

/// What came, without a word of it but an error code.
fn describe(status: u16, body: &[u8]) -> String {
    let start = body.iter().find(|byte| !byte.is_ascii_whitespace());
    let what = match (object(body), start) {
        (Some(json), _) => match error(&json).filter(|code| is_word(code.as_ref())) {
            Some(code) => format!("the error {}", code.as_ref()),
            None => "an answer that is not an OAuth one".to_owned(),
        },
        (None, Some(b'<')) => "a web page, as a firewall or a proxy sends".to_owned(),
        (None, Some(_)) => "something that is not JSON".to_owned(),
        (None, None) => "nothing".to_owned(),
    };
    format!("HTTP {status} with {what}")
}

/// Whether it can only be an error code: a token, a device code or a verifier has capitals or digits.
fn is_word(code: &str) -> bool {
    (1..=40).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(status: u16, body: &str) -> String {
        match poll(status, body.as_bytes()) {
            Reply::Granted(tokens) => format!("granted {}", tokens.token_type),
            Reply::Refused(why) => format!("refused: {why}"),
            Reply::Unclear(why) => format!("unclear: {why}"),
            other => format!("{other:?}").to_lowercase(),
        }
    }

    #[test]
    fn o08_to_o14_what_the_answer_to_a_poll_means() {
        for (status, body, expected) in [
            (200, r#"{"access_token":"t","token_type":"bearer"}"#, "granted bearer"),
            (201, r#"{"access_token":"t"}"#, "granted Bearer"),
            (200, "\u{feff}{\"access_token\":\"t\"}", "granted Bearer"),
            (200, r#"{"status":"pending"}"#, "pending"),
            (200, r#"{"status":"pending","slowDown":true}"#, "slowdown"),
            (200, r#"{"status":"pending","slowDown":false}"#, "pending"),
            (200, r#"{"access_token":null}"#, "pending"),
            (200, r#"{"access_token":""}"#, "pending"),
            (200, r#"{"error":"authorization_pending"}"#, "pending"),
            (200, r#"{"error":"access_denied"}"#, "denied"),
            (400, r#"{"error":"authorization_pending"}"#, "pending"),
            (403, r#"{"error":"authorization_pending"}"#, "pending"),
            (400, r#"{"error":"slow_down"}"#, "slowdown"),
            (429, r#"{"error":"slow_down"}"#, "slowdown"),
            (400, r#"{"error":"access_denied","error_description":"see 429 or 401"}"#, "denied"),
            (400, r#"{"error":"expired_token"}"#, "expired"),
            (400, r#"{"error":"invalid_grant"}"#, "expired"),
            (401, "", "expired"),
            (401, r#"{"error":"invalid_client"}"#, "expired"),
            (429, r#"{"error":"quota"}"#, "ratelimited"),
            (429, "<html>", "ratelimited"),
            (400, r#"{"error":"invalid_client"}"#, "refused: HTTP 400 with the error invalid_client"),
            (400, r#"{"error":"S3cret"}"#, "refused: HTTP 400 with an answer that is not an OAuth one"),
            (200, "<html>canary", "unclear: HTTP 200 with a web page, as a firewall or a proxy sends"),
            (403, "  <html>canary", "unclear: HTTP 403 with a web page, as a firewall or a proxy sends"),
            (502, "", "unclear: HTTP 502 with nothing"),
            (503, r#"{"error":"access_denied"}"#, "unclear: HTTP 503 with the error access_denied"),
            (200, "canary", "unclear: HTTP 200 with something that is not JSON"),
            (200, "{}", "unclear: HTTP 200 with an answer that is not an OAuth one"),
        ] {
            assert_eq!(meaning(status, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn o29_to_o34_what_the_answer_to_a_refresh_means() {
        for (status, body, expected) in [
            (200, r#"{"access_token":"t"}"#, "Granted"),
            (400, "", "Refused"),
            (400, r#"{"error":"invalid_request"}"#, "Refused"),
            (401, "<html>", "Refused"),
            (200, r#"{"error":"invalid_grant"}"#, "Refused"),
            (200, "<html>", "Unclear"),
            (200, "", "Unclear"),
            (403, "<html>", "Unclear"),
            (429, "{}", "Unclear"),
            (500, r#"{"error":"invalid_grant"}"#, "Unclear"),
        ] {
            let reply = format!("{:?}", refresh(status, body.as_bytes()));
            assert!(reply.starts_with(expected), "{status} {body}: {reply}");
        }
    }

    #[test]
    fn seconds_are_read_however_they_are_written() {
        let of = |value: &str| {
            let body =
                format!(r#"{{"device_code":"d","user_code":"u","verification_uri":"https://x","interval":{value}}}"#);
            device(200, body.as_bytes()).unwrap().interval
        };
        assert_eq!(of("5"), Some(Duration::from_secs(5)));
        assert_eq!(of("5.5"), Some(Duration::from_millis(5500)));
        assert_eq!(of("\" 5 \""), Some(Duration::from_secs(5)));
        for absent in ["null", "-1", "1e300", "\"soon\"", "[]"] {
            assert_eq!(of(absent), None, "{absent}");
        }
    }

    #[test]
    fn o17_o18_a_web_page_is_named_and_not_echoed() {
        for (status, body) in [(200, "<html>canary</html>"), (403, "<html>canary</html>")] {
            let why = device(status, body.as_bytes()).unwrap_err();
            assert!(why.contains(&status.to_string()) && !why.contains("canary"), "{why}");
        }
    }

    #[test]
    fn a_refused_device_request_names_the_error() {
        let why = device(400, br#"{"error":"invalid_client"}"#).unwrap_err();
        assert_eq!(why, "HTTP 400 with the error invalid_client");
    }
}
