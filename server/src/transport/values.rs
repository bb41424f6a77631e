//! Error texts without the values that they are about.

/// serde's error texts with the values struck out: one may be a key that stands in a wrong place.
pub fn without_values(error: &str) -> String {
    // tower-lsp repeats the params of a method that has none.
    if error.starts_with("Unexpected params") {
        return "this method has no params".to_owned();
    }
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
