//! Which URLs the sign-in service may hand us: where chats go, and what a browser is shown.

use url::Url;

use crate::auth::Error;
use crate::resolve::provider::{DASHSCOPE_BASE_URL, is_loopback};

/// The base URL of chats for a session's `resource_url`: absent, a bare host, or a URL with or without `/v1`.
///
/// Qwen Code appends without looking at slashes and takes plain http as it is (`facts` 1.11); a token goes over plain
/// http to this machine only.
pub fn of_resource(resource_url: Option<&str>) -> Result<Url, Error> {
    let bad = |why| Error::BadResourceUrl { why };
    let text = resource_url.map_or("", str::trim);
    let text = if text.is_empty() { DASHSCOPE_BASE_URL } else { text };
    let mut url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("https://{text}")) }
        .map_err(|_| bad("is not a URL"))?;
    if !is_safe(&url) {
        return Err(bad("is plain http to another machine, which would show the token to the network"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(bad("has more in it than a host and a path"));
    }
    let path = url.path().trim_end_matches('/');
    let path = if path.ends_with("/v1") { path.to_owned() } else { format!("{path}/v1") };
    url.set_path(&path);
    Ok(url)
}

/// Whether a browser may be sent there: `https`, or `http` on this machine, and nothing that a terminal would obey.
///
/// The URL is then opened byte for byte: Qwen's page refuses one that was put together anew.
pub fn may_be_opened(verification_uri: &str) -> bool {
    !verification_uri.chars().any(|c| c.is_control() || c.is_whitespace())
        && Url::parse(verification_uri).is_ok_and(|url| is_safe(&url))
}

/// Whether what is sent there stays unread on the way.
pub fn is_safe(url: &Url) -> bool {
    url.has_host() && (url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o48_to_o51_a_resource_url_becomes_a_base_url_with_one_v1() {
        for (resource_url, base_url) in [
            (Some("portal.qwen.ai"), "https://portal.qwen.ai/v1"),
            (Some("https://portal.qwen.ai"), "https://portal.qwen.ai/v1"),
            (Some("https://portal.qwen.ai/"), "https://portal.qwen.ai/v1"),
            (Some("https://portal.qwen.ai/v1"), "https://portal.qwen.ai/v1"),
            (Some("https://portal.qwen.ai/v1/"), "https://portal.qwen.ai/v1"),
            (Some("HTTPS://portal.qwen.ai//"), "https://portal.qwen.ai/v1"),
            (Some("portal.qwen.ai:8443"), "https://portal.qwen.ai:8443/v1"),
            (Some("dashscope.aliyuncs.com/compatible-mode"), "https://dashscope.aliyuncs.com/compatible-mode/v1"),
            (None, "https://dashscope.aliyuncs.com/compatible-mode/v1"),
            (Some(" "), "https://dashscope.aliyuncs.com/compatible-mode/v1"),
            (Some("http://127.0.0.1:8080"), "http://127.0.0.1:8080/v1"),
        ] {
            assert_eq!(of_resource(resource_url).unwrap().as_str(), base_url, "{resource_url:?}");
        }
    }

    #[test]
    fn o52_a_resource_url_that_would_show_the_token_is_refused() {
        for resource_url in [
            "http://portal.qwen.ai",
            "HTTP://portal.qwen.ai/v1",
            "http://localhost.evil.example",
            "ftp://portal.qwen.ai",
            "https://portal.qwen.ai@evil.example",
            "https://portal.qwen.ai/?x=",
            "https://",
        ] {
            assert!(of_resource(Some(resource_url)).is_err(), "{resource_url}");
        }
    }

    #[test]
    fn h25_only_a_harmless_url_is_opened() {
        for (uri, may) in [
            ("https://chat.qwen.ai/authorize?user_code=U&client=qwen-code", true),
            ("http://127.0.0.1:1/authorize", true),
            ("http://localhost/authorize", true),
            ("http://chat.qwen.ai/authorize", false),
            ("file:///etc/passwd", false),
            ("javascript:alert(1)", false),
            ("https://chat.qwen.ai/\u{1b}[2J", false),
            ("https://chat.qwen.ai/\n", false),
            ("https://chat.qwen.ai/\u{9b}", false),
            ("https://chat.qwen.ai/a b", false),
            ("-e /bin/sh", false),
            ("", false),
        ] {
            assert_eq!(may_be_opened(uri), may, "{uri:?}");
        }
    }
}
