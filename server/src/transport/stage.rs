//! Where the connection stands, and which requests that admits.
//!
//! LSP 3.17, Server lifecycle.

use tower_lsp::jsonrpc::ErrorCode;

/// Where the connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Before `initialize`, or after one that failed.
    New,
    /// `initialize` has come and has no response yet.
    Initializing,
    /// Between the response to `initialize` and `shutdown`.
    Running,
    /// After `shutdown`.
    ShutDown,
}

/// Why a request may not start.
pub(super) type Refusal = (ErrorCode, &'static str);

const SERVER_NOT_INITIALIZED: ErrorCode = ErrorCode::ServerError(-32002);

impl Stage {
    /// Whether a request of this method may start.
    pub(super) fn admits(self, method: &str) -> Result<(), Refusal> {
        match (self, method == "initialize") {
            (Self::New, true) | (Self::Running, false) => Ok(()),
            (Self::New | Self::Initializing, false) => {
                Err((SERVER_NOT_INITIALIZED, "send `initialize` first, and wait for its response"))
            }
            (Self::Initializing | Self::Running, true) => Err((ErrorCode::InvalidRequest, "`initialize` is sent once")),
            (Self::ShutDown, _) => Err((ErrorCode::InvalidRequest, "after `shutdown` only `exit` may be sent")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_admits_its_requests_and_no_other() {
        for (stage, initialize, other) in [
            (Stage::New, None, Some(-32002)),
            (Stage::Initializing, Some(-32600), Some(-32002)),
            (Stage::Running, Some(-32600), None),
            (Stage::ShutDown, Some(-32600), Some(-32600)),
        ] {
            let refused = |method| stage.admits(method).err().map(|(code, _)| code.code());
            assert_eq!((refused("initialize"), refused("shutdown")), (initialize, other), "{stage:?}");
        }
    }
}
