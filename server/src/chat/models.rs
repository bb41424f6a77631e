//! The models that an endpoint offers: also the cheapest way to learn whether it takes a key.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use super::exchange::{exchange, read_body};
use super::{Endpoint, Error, refusal, request};
use crate::http::{Client, host};

/// One model that a service offers.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// What a request names it by.
    pub id: String,
    /// What a person calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The longest conversation it takes, in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
}

/// The longest that a list may take: a person waits for it.
const LIMIT: Duration = Duration::from_secs(30);

/// Asks for the list, once. The order is the service's.
pub async fn models(client: &Client, endpoint: &Endpoint) -> Result<Vec<Model>, Error> {
    request::check(endpoint)?;
    let url = request::url(&endpoint.base_url, "models");
    let limit = endpoint.request_timeout.min(LIMIT);
    let request = client
        .request(Method::GET, url)
        .headers(request::headers(endpoint)?)
        .build()
        .map_err(|error| client.explain(&endpoint.base_url, &error))?;
    let asked = async {
        let response = exchange(client, endpoint, request).await?;
        let url = response.url().clone();
        read_body(client, &url, response).await
    };
    let late = |_| Error::Timeout { host: host(&endpoint.base_url), limit };
    let body = tokio::time::timeout(limit, asked).await.map_err(late)??;
    let not_a_list = || Error::NotAStream { host: host(&endpoint.base_url), content_type: "no list of models".into() };
    let value: Value = serde_json::from_slice(&body).map_err(|_| not_a_list())?;
    parse(&value).ok_or_else(|| match value.get("error").or_else(|| value.get("code")) {
        Some(_) => refusal::of_event(endpoint, &value),
        None => not_a_list(),
    })
}

/// Reads `{ data: [{ id, … }] }`, `{ models: [...] }` and a bare list.
fn parse(value: &Value) -> Option<Vec<Model>> {
    let list =
        value.as_array().or_else(|| value.get("data")?.as_array()).or_else(|| value.get("models")?.as_array())?;
    Some(list.iter().filter_map(model).collect())
}

fn model(value: &Value) -> Option<Model> {
    const CONTEXT: [&str; 5] =
        ["context_length", "context_window", "max_context_length", "max_model_len", "max_input_tokens"];
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let id = value.as_str().or_else(|| text("id")).or_else(|| text("model")).or_else(|| text("name"))?;
    let name = text("name").or_else(|| text("display_name")).filter(|name| *name != id);
    let context_window = CONTEXT.iter().find_map(|name| value.get(*name)?.as_u64());
    Some(Model { id: id.to_owned(), name: name.map(str::to_owned), context_window })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plain(id: &str) -> Model {
        Model { id: id.into(), name: None, context_window: None }
    }

    #[test]
    fn lists_of_every_shape_are_read() {
        for (value, expected) in [
            (json!({ "object": "list", "data": [{ "id": "a" }, { "id": "b" }] }), Some(vec![plain("a"), plain("b")])),
            (json!([{ "id": "a", "name": "a" }]), Some(vec![plain("a")])),
            (json!({ "models": [{ "name": "a" }, "b", 3] }), Some(vec![plain("a"), plain("b")])),
            (json!({ "data": [] }), Some(vec![])),
            (json!({ "error": { "message": "no" } }), None),
            (json!("x"), None),
        ] {
            assert_eq!(parse(&value), expected, "{value}");
        }
        let full = json!({ "data": [{ "id": "q/c", "name": "Coder", "context_length": 262_144 }] });
        let expected = Model { id: "q/c".into(), name: Some("Coder".into()), context_window: Some(262_144) };
        assert_eq!(parse(&full), Some(vec![expected]));
    }
}
