//! `qwen.toggleInlineCompletion`: suggestions while typing, on or off for one root until the editor is closed.

use super::mode::Mode;
use crate::lsp::backend::Backend;
use crate::lsp::roots::Root;
use crate::qwen::Scope;
use crate::resolve::Method;

/// Switches to `enable`, else to what is not so now; what a person is told of it.
pub async fn toggle(backend: &Backend, root: &Root, scope: &Scope, enable: Option<bool>) -> String {
    let enable = match enable {
        Some(enable) => enable,
        None => super::mode(backend, root, scope).await != Mode::Automatic,
    };
    backend.with_session(|session| session.suggesting.insert(root.path.clone(), enable));
    let method = backend.qwen.resolve(scope, None).await.method.map(|found| found.value);
    sentence(root, enable, method)
}

fn sentence(root: &Root, enable: bool, method: Option<Method>) -> String {
    let name = root.path.file_name().unwrap_or_default().to_string_lossy();
    match (enable, method) {
        (false, _) => format!("{name}: nothing is suggested at the cursor any more"),
        (true, Some(Method::QwenOauth)) => {
            format!("{name}: suggestions come while typing; each one counts as a request of the day's quota")
        }
        (true, Some(Method::Openai) | None) => format!("{name}: suggestions come while typing"),
    }
}
