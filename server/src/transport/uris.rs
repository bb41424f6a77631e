//! Takes URIs as editors write them: LSP's types accept only what RFC 3986 does, and refuse the whole message else.
//!
//! Helix, for one, sends the brackets of `app/[id]/page.tsx` as they are.

use std::fmt::Write;

use serde_json::Value;
use tower_lsp::ls_types::Uri;

/// The members that hold a URI in LSP's params.
const MEMBERS: [&str; 6] = ["uri", "rootUri", "scopeUri", "targetUri", "newUri", "oldUri"];

/// Percent-encodes in `params` what a URI may not hold. A URI that is one already stays as it is.
pub(super) fn repair(params: &mut Value) {
    match params {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(uri) if MEMBERS.contains(&name.as_str()) && uri.parse::<Uri>().is_err() => {
                        *uri = escape(uri);
                    }
                    _ => repair(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(repair),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn escape(uri: &str) -> String {
    let bytes = uri.as_bytes();
    let encoded = |at: usize| bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    let mut escaped = String::with_capacity(uri.len() + 16);
    for (at, byte) in bytes.iter().enumerate() {
        // RFC 3986 §2.2 and §2.3, without the brackets: they are for IP addresses alone.
        let allowed = byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=".contains(byte);
        if allowed || (*byte == b'%' && encoded(at)) {
            escaped.push(char::from(*byte));
        } else {
            write!(escaped, "%{byte:02X}").expect("a string takes everything");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_no_uri_may_hold_is_encoded() {
        for (written, read) in [
            ("file:///a/%5Bid%5D/b%20c", "file:///a/%5Bid%5D/b%20c"),
            ("file:///a/[id]/b%20c", "file:///a/%5Bid%5D/b%20c"),
            ("file:///a b/文|^\\", "file:///a%20b/%E6%96%87%7C%5E%5C"),
            ("file:///100%", "file:///100%25"),
            ("file:///100%zz%", "file:///100%25zz%25"),
            ("http://[::1]/x", "http://[::1]/x"),
            ("untitled:Untitled-1", "untitled:Untitled-1"),
        ] {
            let mut params = json!({ "a": [{ "uri": written }], "rootUri": written, "text": "[", "uri": null });
            repair(&mut params);
            assert_eq!(params, json!({ "a": [{ "uri": read }], "rootUri": read, "text": "[", "uri": null }));
        }
    }
}
