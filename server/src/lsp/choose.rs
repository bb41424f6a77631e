//! `window/showMessageRequest`: lets the user choose. No choice, an error and silence are all «none».

use std::time::Duration;

use tower_lsp::ls_types::request::ShowMessageRequest;
use tower_lsp::ls_types::{MessageActionItem, MessageType, ShowMessageRequestParams};

use super::backend::Backend;
use crate::transport::ask;

/// VS Code hides such a message after some seconds, and it can be answered from the bell's list for minutes.
const LIMIT: Duration = Duration::from_secs(300);

/// The title that the user chose.
pub async fn choose<T: AsRef<str>>(backend: &Backend, question: &str, titles: &[T]) -> Option<String> {
    let item = |title: &T| MessageActionItem {
        title: title.as_ref().to_owned(),
        properties: std::collections::HashMap::new(),
    };
    let params = ShowMessageRequestParams {
        typ: MessageType::INFO,
        message: question.to_owned(),
        actions: Some(titles.iter().map(item).collect()),
    };
    ask::<ShowMessageRequest>(&backend.client, params, LIMIT).await?.map(|item| item.title)
}
