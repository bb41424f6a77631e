//! A Qwen OAuth session as it is stored: the text of Qwen Code's `oauth_creds.json`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use crate::auth::reply::Tokens;
use crate::secret::Secret;

/// A token is renewed this long before it expires, as the CLI does.
const MARGIN: Duration = Duration::from_secs(30);
/// Where the server names no `expires_in`: the CLI would not read its own file then. A token that dies sooner is
/// renewed when the model refuses it.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(3600);

/// A stored session.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// What is sent to the model.
    pub access_token: Secret,
    /// What a new access token is had for.
    pub refresh_token: Option<Secret>,
    /// Where the access token is good for, as the server wrote it.
    pub resource_url: Option<String>,
    /// When the access token ends.
    pub expires_at: SystemTime,
    token_type: String,
    other: Map<String, Value>,
    order: Order,
}

/// The CLI writes its keys in one order at sign-in and in another after a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    SignIn,
    Refresh,
}

impl Credentials {
    /// The session that a sign-in brought.
    pub fn of_sign_in(tokens: Tokens, now: SystemTime) -> Self {
        Self {
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            resource_url: tokens.resource_url,
            expires_at: expiry(tokens.expires_in, now),
            token_type: tokens.token_type,
            other: Map::new(),
            order: Order::SignIn,
        }
    }

    /// The session after a refresh. What the answer lacks is kept: the CLI drops `resource_url` then, and sends the
    /// next chat to a host that refuses it.
    #[must_use]
    pub fn renewed(&self, tokens: Tokens, now: SystemTime) -> Self {
        Self {
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token.or_else(|| self.refresh_token.clone()),
            resource_url: tokens.resource_url.or_else(|| self.resource_url.clone()),
            expires_at: expiry(tokens.expires_in, now),
            token_type: tokens.token_type,
            other: self.other.clone(),
            order: Order::Refresh,
        }
    }

    /// Reads the stored text. The error says what is missing, and nothing of what is there.
    pub fn parse(text: &[u8]) -> Result<Self, &'static str> {
        let mut json: Map<String, Value> =
            serde_json::from_slice(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)).map_err(|_| "it is not JSON")?;
        let mut text = |name: &str| match json.remove(name) {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        };
        let access_token = Secret::new(text("access_token").ok_or("it has no access_token")?);
        let refresh_token = text("refresh_token").map(Secret::new);
        let token_type = text("token_type").unwrap_or_else(|| "Bearer".to_owned());
        let resource_url = text("resource_url");
        // No date is a date long past: the token is renewed.
        let since = json.remove("expiry_date").as_ref().and_then(since_epoch);
        let expires_at = since.and_then(|since| UNIX_EPOCH.checked_add(since)).unwrap_or(UNIX_EPOCH);
        Ok(Self {
            access_token,
            refresh_token,
            resource_url,
            expires_at,
            token_type,
            other: json,
            order: Order::SignIn,
        })
    }

    /// The text to store: two spaces of indent, unknown keys last.
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(&Stored(self)).expect("strings and numbers are always JSON")
    }

    /// Whether a request may be sent with it: for thirty seconds more, or, with no way to renew it, until it ends.
    pub fn is_usable(&self, now: SystemTime) -> bool {
        let margin = if self.refresh_token.is_some() { MARGIN } else { Duration::ZERO };
        now.checked_add(margin).is_some_and(|then| then < self.expires_at)
    }

    /// Whether this is the session with that access token.
    pub fn has(&self, access_token: &Secret) -> bool {
        self.access_token.expose() == access_token.expose()
    }
}

/// A date in milliseconds. Only one that is no integer goes through a fraction, which would lose the last digit.
fn since_epoch(date: &Value) -> Option<Duration> {
    match date.as_u64() {
        Some(millis) => Some(Duration::from_millis(millis)),
        None => Duration::try_from_secs_f64(date.as_f64()? / 1000.0).ok(),
    }
}

fn expiry(expires_in: Option<Duration>, now: SystemTime) -> SystemTime {
    now + expires_in.unwrap_or(DEFAULT_LIFETIME)
}

/// What is written; apart from [`Credentials`], so that nothing else can serialize a session.
struct Stored<'a>(&'a Credentials);

impl Serialize for Stored<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Credentials { access_token, refresh_token, resource_url, expires_at, token_type, other, order } = self.0;
        let refresh_token = ("refresh_token", refresh_token.as_ref().map(Secret::expose));
        let token_type = ("token_type", Some(token_type.as_str()));
        let (second, third) = match order {
            Order::SignIn => (refresh_token, token_type),
            Order::Refresh => (token_type, refresh_token),
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("access_token", access_token.expose())?;
        for (name, value) in [second, third, ("resource_url", resource_url.as_deref())] {
            if let Some(value) = value {
                map.serialize_entry(name, value)?;
            }
        }
        let millis = expires_at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        map.serialize_entry("expiry_date", &u64::try_from(millis).unwrap_or(u64::MAX))?;
        for (name, value) in other {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn tokens(refresh_token: Option<&str>, resource_url: Option<&str>, expires_in: Option<u64>) -> Tokens {
        Tokens {
            access_token: Secret::new("a2"),
            refresh_token: refresh_token.map(Secret::new),
            token_type: "Bearer".to_owned(),
            resource_url: resource_url.map(str::to_owned),
            expires_in: expires_in.map(Duration::from_secs),
        }
    }

    const OLD: &[u8] = br#"{"access_token":"a1","refresh_token":"r1","token_type":"Bearer",
        "resource_url":"portal.qwen.ai","expiry_date":1000000,"zeta":{"x":1},"alpha":2}"#;

    #[test]
    fn o19_a_sign_in_is_stored_as_the_cli_stores_it() {
        let text =
            Credentials::of_sign_in(tokens(Some("r2"), Some("portal.qwen.ai"), Some(21_600)), at(1000)).to_text();
        assert_eq!(
            text,
            "{\n  \"access_token\": \"a2\",\n  \"refresh_token\": \"r2\",\n  \"token_type\": \"Bearer\",\n  \
             \"resource_url\": \"portal.qwen.ai\",\n  \"expiry_date\": 22600000\n}"
        );
    }

    #[test]
    fn o28_o29_o30_o36_a_refresh_keeps_what_the_answer_lacks_and_what_it_does_not_know() {
        let old = Credentials::parse(OLD).unwrap();
        assert_eq!(
            old.renewed(tokens(None, None, Some(100)), at(1000)).to_text(),
            "{\n  \"access_token\": \"a2\",\n  \"token_type\": \"Bearer\",\n  \"refresh_token\": \"r1\",\n  \
             \"resource_url\": \"portal.qwen.ai\",\n  \"expiry_date\": 1100000,\n  \"alpha\": 2,\n  \
             \"zeta\": {\n    \"x\": 1\n  }\n}"
        );
        let rotated = old.renewed(tokens(Some("r2"), Some("other.example"), None), at(1000));
        assert_eq!(rotated.refresh_token.unwrap().expose(), "r2");
        assert_eq!(rotated.resource_url.as_deref(), Some("other.example"));
        assert_eq!(rotated.expires_at, at(4600));
    }

    #[test]
    fn o23_to_o26_a_token_is_used_until_thirty_seconds_before_its_end() {
        let with = |expiry_date: &str, refresh_token: &str| {
            let text =
                format!(r#"{{"access_token":"a","token_type":"Bearer","expiry_date":{expiry_date}{refresh_token}}}"#);
            Credentials::parse(text.as_bytes()).unwrap().is_usable(at(1000))
        };
        let refresh_token = r#","refresh_token":"r""#;
        assert!(!with("1029000", refresh_token));
        assert!(!with("1030000", refresh_token));
        assert!(with("1031000", refresh_token));
        assert!(with("1031000.5", refresh_token));
        assert!(!with("1031", refresh_token), "a date in seconds");
        assert!(!with("null", refresh_token));
        assert!(!with("-1", refresh_token));
        assert!(!with("1e300", refresh_token), "a date that no clock can hold");
        assert!(with("1029000", ""), "nothing to renew it with");
        assert!(!with("999000", ""));
    }

    #[test]
    fn a_session_that_is_read_and_written_keeps_its_date_to_the_millisecond() {
        for millis in [1_795_491_355_178_u64, 1_795_491_355_179, 1] {
            let text = format!(r#"{{"access_token":"a","expiry_date":{millis}}}"#);
            let again = Credentials::parse(text.as_bytes()).unwrap().to_text();
            assert!(again.contains(&format!("\"expiry_date\": {millis}\n")), "{again}");
        }
    }

    #[test]
    fn o27_what_is_no_session_is_explained_without_being_shown() {
        for (text, why) in [
            ("canary", "it is not JSON"),
            ("", "it is not JSON"),
            ("[]", "it is not JSON"),
            ("{}", "it has no access_token"),
            (r#"{"access_token":null}"#, "it has no access_token"),
            (r#"{"access_token":""}"#, "it has no access_token"),
        ] {
            assert_eq!(Credentials::parse(text.as_bytes()).unwrap_err(), why, "{text}");
        }
    }

    #[test]
    fn debug_output_shows_no_token() {
        let shown = format!("{:?}", Credentials::parse(br#"{"access_token":"canary","refresh_token":"canary"}"#));
        assert!(!shown.contains("canary"), "{shown}");
    }
}
