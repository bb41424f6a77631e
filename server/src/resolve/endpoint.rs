//! Base URLs: what one may look like, and which two name the same endpoint.

use url::Url;

/// Why a text is not a base URL. The text itself is never told: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No scheme, or not a URL at all.
    #[error("is not a URL; write it in full, as https://host/v1")]
    NotAUrl,
    /// Another scheme than http and https.
    #[error("is not an http or https URL; write it as https://host/v1")]
    Scheme,
    /// A user's name or password before the host.
    #[error("has a name or a password before its host; take it out and set the key instead")]
    Userinfo,
}

/// The base URL that `text` means: without the slash or the `/chat/completions` at its end, and with its query, which
/// Azure needs.
pub fn parse(text: &str) -> Result<Url, Error> {
    let mut url = Url::parse(text.trim()).map_err(|_| Error::NotAUrl)?;
    if !matches!(url.scheme(), "http" | "https") {
        // `localhost:8080/v1` has the scheme `localhost`.
        return Err(if text.contains("://") { Error::Scheme } else { Error::NotAUrl });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::Userinfo);
    }
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/chat/completions").unwrap_or(path).trim_end_matches('/').to_owned();
    url.set_path(&path);
    url.set_fragment(None);
    Ok(url)
}

/// Scheme, host and port, such as `https://api.openai.com`: what a key is bound to.
pub fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The origin of a URL in text; none if it is no base URL.
pub fn origin_of(text: &str) -> Option<String> {
    parse(text).ok().map(|url| origin(&url))
}

/// Whether `url` lies at `word` or below it: the same origin, and `word`'s path is its beginning by whole segments. The
/// accounts of a shared gateway differ in nothing but the path.
pub fn covers(word: &Url, url: &Url) -> bool {
    let segments = |url: &Url| -> Vec<String> { url.path().trim_matches('/').split('/').map(str::to_owned).collect() };
    if origin(word) != origin(url) {
        return false;
    }
    if word.path() == "/" {
        return true;
    }
    let (word, url) = (segments(word), segments(url));
    // Some servers read `..%2f` and `..;` as a way up.
    let stays = |segment: &String| !segment.contains(['%', ';', '\\']);
    url.strip_prefix(word.as_slice()).is_some_and(|below| below.iter().all(stays))
}

/// A base URL for a person to see: a gateway's key may stand in its query, so that no value is shown but the version.
pub fn shown(url: &Url) -> String {
    let Some(query) = url.query() else { return url.to_string() };
    let pair = |pair: &str| match pair.split_once('=') {
        Some(("api-version", _)) => pair.to_owned(),
        Some((name, _)) => format!("{name}=…"),
        None => "…".to_owned(),
    };
    let mut plain = url.clone();
    plain.set_query(None);
    format!("{plain}?{}", query.split('&').map(pair).collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_read_as_people_write_it() {
        for (text, url) in [
            (" https://x.example/v1/ ", "https://x.example/v1"),
            ("https://x.example/v1/chat/completions", "https://x.example/v1"),
            ("https://x.example/v1/chat/completions/", "https://x.example/v1"),
            ("https://x.example", "https://x.example/"),
            (
                "https://me.openai.azure.com/openai/deployments/d/chat/completions?api-version=1",
                "https://me.openai.azure.com/openai/deployments/d?api-version=1",
            ),
            ("HTTPS://X.example:443/v1#f", "https://x.example/v1"),
        ] {
            assert_eq!(parse(text).unwrap().as_str(), url);
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused_without_being_shown() {
        for (text, error) in [
            ("x.example/v1", Error::NotAUrl),
            ("localhost:8080/v1", Error::NotAUrl),
            ("https://", Error::NotAUrl),
            ("file:///etc/passwd", Error::Scheme),
            ("https://me:sk-canary@x.example/v1", Error::Userinfo),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
            assert!(!error.to_string().contains("canary"));
        }
    }

    #[test]
    fn an_endpoint_is_its_scheme_host_and_port() {
        assert_eq!(origin_of("https://x.example:443/a"), origin_of("https://X.example/b?c"));
        assert_ne!(origin_of("https://x.example"), origin_of("http://x.example"));
        assert_ne!(origin_of("https://x.example"), origin_of("https://x.example:444"));
    }

    #[test]
    fn an_endpoint_speaks_for_what_lies_below_it_by_whole_segments() {
        for (word, url, expected) in [
            ("https://g.example/v1/me/openai", "https://g.example/v1/me/openai", true),
            ("https://g.example/v1/me/", "https://g.example/v1/me/openai", true),
            ("https://g.example", "https://g.example/v1/any%20thing", true),
            ("https://g.example/v1/me/openai", "https://g.example/v1/evil/openai", false),
            ("https://g.example/v1/me", "https://g.example/v1/meevil", false),
            ("https://g.example/v1/me", "https://g.example/v1", false),
            ("https://g.example/v1/me", "https://g.example/v1/me/../evil", false),
            ("https://g.example/v1/me", "https://g.example/v1/me/..%2fevil", false),
            ("https://g.example/v1/me", "https://g.example/v1/me/..;/evil", false),
            ("https://g.example/v1", "http://g.example/v1", false),
        ] {
            assert_eq!(covers(&parse(word).unwrap(), &parse(url).unwrap()), expected, "{word} {url}");
        }
    }

    #[test]
    fn a_query_is_shown_without_what_may_be_a_key() {
        for (url, text) in [
            ("https://x.example/v1", "https://x.example/v1"),
            ("https://x.example/v1?api-version=1", "https://x.example/v1?api-version=1"),
            (
                "https://x.example/v1?subscription-key=canary&api-version=1&canary",
                "https://x.example/v1?subscription-key=…&api-version=1&…",
            ),
        ] {
            assert_eq!(shown(&parse(url).unwrap()), text);
        }
    }
}
