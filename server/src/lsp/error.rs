//! The one place that turns errors into JSON-RPC: the code, and `data` as `editors/PROTOCOL.md` has it.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;
use tower_lsp::jsonrpc::{self, ErrorCode};

use crate::qwen::{Details, Error, ErrorKind};

/// LSP 3.17 `RequestFailed`: the request was right, and its turn is the user's or the service's.
const REQUEST_FAILED: ErrorCode = ErrorCode::ServerError(-32803);

/// `data` of an error.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    kind: ErrorKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<Command>,
    #[serde(flatten)]
    details: Details,
}

/// LSP's `Command`: what an editor may offer as a button.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "LSP names the member so")]
struct Command {
    title: &'static str,
    command: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    arguments: Vec<Value>,
}

/// `error` as an editor receives it.
#[expect(clippy::needless_pass_by_value, reason = "it is the last one to use the error, in `map_err`")]
pub fn wire(error: Error) -> jsonrpc::Error {
    let kind = error.kind();
    let code = if error.is_the_callers_mistake() { ErrorCode::InvalidParams } else { REQUEST_FAILED };
    let data = Data { kind, hint: error.hint(), command: command(&error), details: error.details() };
    jsonrpc::Error {
        code,
        message: Cow::Owned(error.to_string()),
        data: Some(serde_json::to_value(data).expect("an error is made of strings and numbers")),
    }
}

/// The command that may help, of those that `executeCommandProvider` lists.
fn command(error: &Error) -> Option<Command> {
    if let Error::FreeTierEnded(_) = error {
        // Signing in again would end in the same error.
        let arguments = vec![serde_json::json!({ "method": "openai" })];
        return Some(Command { title: "Use an API key", command: "qwen.switchAuth", arguments });
    }
    let (title, command) = match error.kind() {
        ErrorKind::NotSignedIn | ErrorKind::SignInDenied | ErrorKind::DeviceCodeExpired | ErrorKind::SessionExpired => {
            ("Sign in", "qwen.signIn")
        }
        ErrorKind::EndpointNotTrusted => ("Trust the endpoint", "qwen.trustEndpoint"),
        ErrorKind::QuotaExhausted => ("Switch the method", "qwen.switchAuth"),
        ErrorKind::ModelNotFound => ("Choose a model", "qwen.setModel"),
        ErrorKind::InvalidKey
        | ErrorKind::Forbidden
        | ErrorKind::InsecureEndpoint
        | ErrorKind::UnreadableFile
        | ErrorKind::MalformedFile => ("Show the status", "qwen.status"),
        ErrorKind::SignInUnavailable
        | ErrorKind::RateLimited
        | ErrorKind::ContextTooLong
        | ErrorKind::BadRequest
        | ErrorKind::Upstream
        | ErrorKind::Timeout
        | ErrorKind::Offline
        | ErrorKind::Tls
        | ErrorKind::Proxy
        | ErrorKind::Interrupted
        | ErrorKind::KeyringUnavailable
        | ErrorKind::AlreadyInProgress => return None,
    };
    Some(Command { title, command, arguments: Vec::new() })
}
