//! A status in one sentence, for `window/showMessage`.

use crate::qwen::AuthStatus;
use crate::resolve::{Method, State};

/// Who is asked from a root, as whom, and where that came from; or why nobody is.
pub fn of_status(status: &AuthStatus) -> String {
    let root = status.root.rsplit('/').find(|part| !part.is_empty()).unwrap_or(&status.root);
    match status.state {
        State::SignedOut | State::Refused => {
            let reasons: Vec<&str> = status.problems.iter().map(|problem| problem.message.as_str()).collect();
            format!("{root}: {}", reasons.join(" "))
        }
        State::SignedIn => {
            let provider = status.provider.as_ref().map_or("an unknown service", |provider| provider.name.as_str());
            let model = status.model.as_deref().unwrap_or("its default model");
            format!("{root}: {model} at {provider}, {}", credential(status))
        }
    }
}

fn credential(status: &AuthStatus) -> String {
    match (status.method, &status.key, &status.origins.api_key) {
        (Some(Method::QwenOauth), _, _) => "with Qwen OAuth".to_owned(),
        (_, Some(key), Some(origin)) => format!("with the key {key} from {}", origin.place()),
        (_, _, _) => "without a key".to_owned(),
    }
}
