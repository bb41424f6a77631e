//! Reads the params of custom requests, with errors that name what is wrong and never repeat a value.

use serde::de::DeserializeOwned;
use serde_json::Value;
use tower_lsp::jsonrpc;

/// `params` as a `T`; `-32602` with the reason otherwise.
pub fn parse<T: DeserializeOwned>(params: Value) -> jsonrpc::Result<T> {
    // A request without params reads as one with an empty object: every member may be optional.
    let params = if params.is_null() { Value::Object(serde_json::Map::new()) } else { params };
    serde_json::from_value(params).map_err(|error| jsonrpc::Error::invalid_params(without_values(&error.to_string())))
}

/// serde's error texts with the values struck out: one may be a key that stands in a wrong place.
fn without_values(error: &str) -> String {
    let error = strike_out(error, "string \"", "\"", |rest| rest.rfind("\", expected"));
    let error =
        strike_out(&error, "unknown variant `", "`", |rest| rest.find("`, expected").or_else(|| rest.find("`, there")));
    strike_out(&error, "unknown field `", "`", |rest| rest.find("`, expected").or_else(|| rest.find("`, there")))
}

fn strike_out(text: &str, open: &str, close: &str, end: impl Fn(&str) -> Option<usize>) -> String {
    let Some((before, rest)) = text.split_once(open) else { return text.to_owned() };
    match end(rest) {
        Some(end) => format!("{before}{open}…{}", &rest[end..]),
        None => format!("{before}{open}…{close}"),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
    #[expect(dead_code, reason = "only the errors matter here")]
    enum Action {
        Status,
        SetKey { api_key: u32 },
    }

    fn error(params: Value) -> String {
        parse::<Action>(params).expect_err("it is wrong").message.into_owned()
    }

    #[test]
    fn an_error_says_what_is_missing_and_what_is_expected() {
        assert_eq!(error(json!({ "action": "setKey" })), "missing field `apiKey`");
        assert_eq!(error(Value::Null), "missing field `action`");
    }

    #[test]
    fn an_error_repeats_no_value() {
        assert_eq!(
            error(json!({ "action": "setKey", "apiKey": "sk-canary\", expected \"x" })),
            "invalid type: string \"…\", expected u32"
        );
        assert_eq!(error(json!({ "action": "sk-canary" })), "unknown variant `…`, expected `status` or `setKey`");
        assert!(!error(json!("sk-canary")).contains("canary"));
    }
}
