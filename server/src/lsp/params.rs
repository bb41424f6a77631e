//! Reads the params of custom requests, with errors that name what is wrong and never repeat a value.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;
use tower_lsp::jsonrpc;

use crate::transport::without_values;

/// `params` as a `T`; `-32602` otherwise, with the member and what is wrong with it. Members that `T` does not have are
/// left to others: the parts of a request are read one by one, since serde forgets the place of an error in a part that is
/// flattened or tagged.
pub fn parse<T: DeserializeOwned>(params: &Value) -> jsonrpc::Result<T> {
    // A request without params reads as one with an empty object: every member may be optional.
    let none = Value::Object(serde_json::Map::new());
    let params = if params.is_null() { &none } else { params };
    serde_path_to_error::deserialize(params).map_err(|error| jsonrpc::Error::invalid_params(words(&error)))
}

fn words(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let reason = without_values(&error.inner().to_string());
    let mut segments: Vec<&Segment> = error.path().iter().collect();
    // The place of an unknown member is the member itself, whose name may be a key that stands in a wrong place.
    if reason.starts_with("unknown field") {
        segments.pop();
    }
    let path = segments.into_iter().fold(String::new(), |path, segment| match segment {
        Segment::Seq { .. } => format!("{path}{segment}"),
        _ if path.is_empty() => segment.to_string(),
        _ => format!("{path}.{segment}"),
    });
    if path.is_empty() { reason } else { format!("`{path}`: {reason}") }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only the errors matter here")]
    struct Params {
        max_tokens: u32,
        #[serde(default)]
        messages: Vec<Message>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only the errors matter here")]
    #[serde(deny_unknown_fields)]
    struct Message {
        role: Role,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Role {
        User,
        Assistant,
    }

    fn error(params: &Value) -> String {
        parse::<Params>(params).expect_err("it is wrong").message.into_owned()
    }

    #[test]
    fn an_error_says_where_it_is_what_is_missing_and_what_is_expected() {
        assert_eq!(error(&Value::Null), "missing field `maxTokens`");
        assert_eq!(error(&json!({ "maxTokens": -1 })), "`maxTokens`: invalid value: integer `-1`, expected u32");
        assert_eq!(
            error(&json!({ "maxTokens": 1, "messages": [{ "role": "user" }, {}] })),
            "`messages[1]`: missing field `role`"
        );
    }

    #[test]
    fn an_error_repeats_no_value() {
        assert_eq!(
            error(&json!({ "maxTokens": "sk-canary\", expected \"x" })),
            "`maxTokens`: invalid type: string \"…\", expected u32"
        );
        assert_eq!(
            error(&json!({ "maxTokens": 1, "messages": [{ "role": "sk-canary" }] })),
            "`messages[0].role`: unknown variant `…`, expected `user` or `assistant`"
        );
        assert_eq!(
            error(&json!({ "maxTokens": 1, "messages": [{ "role": "user", "sk-canary": 1 }] })),
            "`messages[0]`: unknown field `…`, expected `role`"
        );
        assert!(!error(&json!("sk-canary")).contains("canary"));
    }
}
