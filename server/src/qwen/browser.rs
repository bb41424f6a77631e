//! Opening a page by ourselves: on a desktop only, and only when the user asked for it.

use crate::env::Environment;

/// Whether a browser that we start would be seen: Qwen Code's own conditions.
pub(super) fn can_open(env: &Environment) -> bool {
    let unwanted = env.get("NO_BROWSER").is_some()
        || env.get("BROWSER") == Some("www-browser")
        || env.get("CI").is_some()
        || env.get("DEBIAN_FRONTEND") == Some("noninteractive");
    let has_screen = ["DISPLAY", "WAYLAND_DISPLAY", "MIR_SOCKET"].iter().any(|name| env.get(name).is_some());
    // A Linux session over SSH may have forwarded its display; elsewhere the screen is somebody else's.
    let is_remote = !cfg!(target_os = "linux") && env.get("SSH_CONNECTION").is_some();
    !unwanted && !is_remote && (has_screen || !cfg!(target_os = "linux"))
}

/// Opens `url`, byte for byte, without waiting for the browser. Says whether one was started.
///
/// The URL has been checked to be `https` (or loopback `http`) without control characters.
pub(super) async fn open(url: String) -> bool {
    tokio::task::spawn_blocking(move || open::that_detached(url).is_ok()).await.unwrap_or(false)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn on(variables: &[(&str, &str)]) -> bool {
        can_open(&variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn h24_no_browser_is_started_where_none_is_wanted_or_seen() {
        assert!(on(&[("DISPLAY", ":0")]));
        assert!(on(&[("WAYLAND_DISPLAY", "wayland-0")]));
        assert!(!on(&[]));
        for unwanted in
            [("NO_BROWSER", "1"), ("CI", "true"), ("BROWSER", "www-browser"), ("DEBIAN_FRONTEND", "noninteractive")]
        {
            assert!(!on(&[("DISPLAY", ":0"), unwanted]), "{unwanted:?}");
        }
    }
}
