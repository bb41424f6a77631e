//! Which proxy a request goes through: a pure reading of the variables that curl and Node know.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use super::Error;
use crate::env::Environment;
use crate::resolve::provider::is_loopback;

/// The proxies that the environment names.
///
/// `HTTPS_PROXY` for https, `HTTP_PROXY` for http, `ALL_PROXY` for whichever of them is missing; the names in lower
/// case come first, as in curl. `NO_PROXY` exempts hosts, and this machine is always exempt.
#[derive(Clone, Default)]
pub struct Proxies {
    https: Option<Proxy>,
    http: Option<Proxy>,
    exempt: Vec<Exempt>,
}

/// One proxy and the variable that names it.
#[derive(Clone)]
struct Proxy {
    variable: &'static str,
    server: Result<Url, Unusable>,
}

/// Why a proxy variable cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unusable {
    Socks,
    NotAUrl,
}

/// One entry of `NO_PROXY`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exempt {
    Everything,
    /// A host and the names below it, with a port or for all ports.
    Name(String, Option<u16>),
    /// A network: its address and the length of its prefix in bits.
    Network(IpAddr, u8),
}

impl Proxies {
    /// Reads the variables. It never fails: what cannot be used is an error of the request that would need it.
    pub fn from_environment(env: &Environment) -> Self {
        let first = |names: [&'static str; 4]| {
            names.into_iter().find_map(|variable| Some(Proxy { variable, server: parse(env.get(variable)?) }))
        };
        let exempt = env.get("no_proxy").or_else(|| env.get("NO_PROXY")).unwrap_or_default();
        Self {
            https: first(["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            http: first(["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]),
            exempt: exempt.split([',', ' ']).filter_map(parse_exempt).collect(),
        }
    }

    /// The proxy's URL for a request to `url`, credentials included; none for a direct connection.
    pub fn server(&self, url: &Url) -> Option<&Url> {
        self.of(url)?.server.as_ref().ok()
    }

    /// What a person may see of the proxy for `url`: `http://proxy.example:3128 (from HTTPS_PROXY)`.
    pub fn describe(&self, url: &Url) -> Option<String> {
        let proxy = self.of(url)?;
        let server = proxy.server.as_ref().ok()?;
        let port = server.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = server.host_str().unwrap_or_default();
        Some(format!("{}://{host}{port} (from {})", server.scheme(), proxy.variable))
    }

    /// Refuses a request whose proxy cannot be used, before anything is sent past it.
    pub fn check(&self, url: &Url) -> Result<(), Error> {
        let Some(proxy) = self.of(url) else { return Ok(()) };
        match proxy.server {
            Ok(_) => Ok(()),
            Err(Unusable::Socks) => Err(Error::SocksProxy { variable: proxy.variable }),
            Err(Unusable::NotAUrl) => Err(Error::ProxyUrl { variable: proxy.variable }),
        }
    }

    fn of(&self, url: &Url) -> Option<&Proxy> {
        if is_loopback(url) || self.exempt.iter().any(|exempt| exempt.covers(url)) {
            return None;
        }
        if url.scheme() == "https" { self.https.as_ref() } else { self.http.as_ref() }
    }
}

/// Shows the variables only: the URLs may hold passwords.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.https.iter().chain(&self.http).map(|proxy| proxy.variable)).finish()
    }
}

/// A value without a scheme is taken as http, as every other program does.
fn parse(value: &str) -> Result<Url, Unusable> {
    let value = value.trim();
    let url = if value.contains("://") { Url::parse(value) } else { Url::parse(&format!("http://{value}")) };
    match url {
        Ok(url) if url.scheme().starts_with("socks") => Err(Unusable::Socks),
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        Ok(_) | Err(_) => Err(Unusable::NotAUrl),
    }
}

fn parse_exempt(entry: &str) -> Option<Exempt> {
    let entry = entry.trim().to_ascii_lowercase();
    match entry.as_str() {
        "" => return None,
        "*" => return Some(Exempt::Everything),
        _ => {}
    }
    if let Some((address, bits)) = entry.split_once('/') {
        return Some(Exempt::Network(address.parse().ok()?, bits.parse().ok()?));
    }
    if let Ok(address) = entry.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Some(Exempt::Network(address, if address.is_ipv4() { 32 } else { 128 }));
    }
    let (name, port) = match entry.rsplit_once(':') {
        Some((name, port)) => (name.to_owned(), Some(port.parse().ok()?)),
        None => (entry, None),
    };
    let name = name.trim_start_matches("*.").trim_start_matches('.');
    Some(Exempt::Name(name.to_owned(), port))
}

impl Exempt {
    fn covers(&self, url: &Url) -> bool {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) | None => None,
        };
        match self {
            Self::Everything => true,
            Self::Name(name, port) => {
                let host = url.host_str().unwrap_or_default();
                let below = host.strip_suffix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                below && port.is_none_or(|port| url.port_or_known_default() == Some(port))
            }
            Self::Network(network, bits) => address.is_some_and(|address| same_prefix(*network, address, *bits)),
        }
    }
}

fn same_prefix(a: IpAddr, b: IpAddr, bits: u8) -> bool {
    let differing = match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
    };
    differing >= u32::from(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        let env = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Proxies::from_environment(&env)
    }

    fn server(variables: &[(&str, &str)], url: &str) -> Option<String> {
        proxies(variables).server(&Url::parse(url).expect(url)).map(ToString::to_string)
    }

    #[test]
    fn each_scheme_has_its_variable_and_all_proxy_fills_the_gap() {
        let both = [("HTTPS_PROXY", "http://s:1"), ("http_proxy", "http://p:2")];
        assert_eq!(server(&both, "https://x.example/"), Some("http://s:1/".into()));
        assert_eq!(server(&both, "http://x.example/"), Some("http://p:2/".into()));
        assert_eq!(server(&[("ALL_PROXY", "a:3")], "https://x.example/"), Some("http://a:3/".into()));
        assert_eq!(server(&[("HTTP_PROXY", "p:2")], "https://x.example/"), None);
        let cases = [("https_proxy", "lower:1"), ("HTTPS_PROXY", "upper:1")];
        assert_eq!(server(&cases, "https://x.example/"), Some("http://lower:1/".into()));
    }

    #[test]
    fn a_value_without_a_scheme_is_taken_as_http() {
        assert_eq!(server(&[("HTTPS_PROXY", "proxy:3128")], "https://x/"), Some("http://proxy:3128/".into()));
        assert_eq!(server(&[("HTTPS_PROXY", "proxy")], "https://x/"), Some("http://proxy/".into()));
        assert_eq!(server(&[("HTTPS_PROXY", "10.0.0.1:80")], "https://x/"), Some("http://10.0.0.1/".into()));
    }

    #[test]
    fn this_machine_is_never_reached_through_a_proxy() {
        let all = [("ALL_PROXY", "http://proxy:1")];
        for url in ["http://localhost:11434/v1", "http://127.0.0.1:1/", "https://[::1]/"] {
            assert_eq!(server(&all, url), None, "{url}");
        }
    }

    #[test]
    fn no_proxy_exempts_names_below_networks_and_ports() {
        for (list, url, direct) in [
            ("example.com", "https://example.com/", true),
            ("example.com", "https://api.example.com/", true),
            (".example.com", "https://api.example.com/", true),
            ("*.example.com", "https://api.example.com/", true),
            ("example.com", "https://notexample.com/", false),
            ("example.com", "https://example.com.evil/", false),
            ("a.example, EXAMPLE.com ", "https://example.com/", true),
            ("example.com:8443", "https://example.com:8443/", true),
            ("example.com:8443", "https://example.com/", false),
            ("10.0.0.0/8", "https://10.1.2.3/", true),
            ("10.0.0.0/8", "https://11.1.2.3/", false),
            ("10.1.2.3", "https://10.1.2.3/", true),
            ("fd00::/8", "https://[fd00::1]/", true),
            ("[fd00::1]", "https://[fd00::1]/", true),
            ("0.0.0.0/0", "https://1.2.3.4/", true),
            ("0.0.0.0/0", "https://[fd00::1]/", false),
            ("*", "https://x.example/", true),
            ("", "https://x.example/", false),
            ("/,:,x:y,1.2.3.4/xx", "https://x.example/", false),
        ] {
            let found = server(&[("HTTPS_PROXY", "p:1"), ("NO_PROXY", list)], url);
            assert_eq!(found.is_none(), direct, "NO_PROXY={list} {url}");
        }
    }

    #[test]
    fn an_unusable_proxy_is_refused_only_where_it_would_be_used() {
        let url = |url: &str| Url::parse(url).expect(url);
        let socks = proxies(&[("ALL_PROXY", "socks5h://user:secret@proxy:1080"), ("NO_PROXY", "direct.example")]);
        let error = socks.check(&url("https://x.example/")).expect_err("SOCKS").to_string();
        assert!(error.contains("ALL_PROXY") && error.contains("SOCKS") && !error.contains("secret"), "{error}");
        assert!(socks.check(&url("https://direct.example/")).is_ok());
        assert!(socks.check(&url("http://localhost/")).is_ok());
        assert!(proxies(&[("HTTPS_PROXY", "ftp://x")]).check(&url("https://x.example/")).is_err());
        assert!(proxies(&[("HTTPS_PROXY", "::::")]).check(&url("https://x.example/")).is_err());
    }

    #[test]
    fn a_proxys_password_is_not_shown() {
        let proxies = proxies(&[("HTTPS_PROXY", "http://user:secret@proxy.example:3128")]);
        let shown = proxies.describe(&Url::parse("https://x.example").expect("a URL"));
        assert_eq!(shown.as_deref(), Some("http://proxy.example:3128 (from HTTPS_PROXY)"));
        assert!(!format!("{proxies:?}").contains("secret"));
    }
}
