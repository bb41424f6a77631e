//! When the server ends: what the loop itself cannot see, and the exit code that follows.

use std::future::Future;

/// Why the server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The `exit` notification.
    Exit,
    /// The end of the input: an editor that was killed says nothing else.
    InputClosed,
    /// Nobody reads the output.
    OutputClosed,
    /// SIGTERM or SIGINT.
    Signal,
    /// The process that `processId` or `--clientProcessId` names is gone.
    ClientGone,
}

/// How the server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Why.
    pub cause: Cause,
    /// Whether a `shutdown` request came before.
    pub after_shutdown: bool,
}

impl Ending {
    /// The process's exit code: 0 after `shutdown`, else 1 (LSP 3.17, Exit Notification).
    pub fn exit_code(self) -> i32 {
        i32::from(!self.after_shutdown)
    }
}

/// Waits for a signal that asks the process to end.
#[cfg(unix)]
pub(super) fn signal() -> std::io::Result<impl Future<Output = Cause> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Cause::Signal
    })
}

/// Waits for a signal that asks the process to end.
#[cfg(windows)]
pub(super) fn signal() -> std::io::Result<impl Future<Output = Cause> + Send> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
        Cause::Signal
    })
}

/// Waits for the end of the process `id`.
pub(super) async fn client_gone(id: u32) -> Cause {
    #[cfg(unix)]
    process::gone(id).await;
    // Elsewhere the end of the input says it.
    #[cfg(not(unix))]
    {
        let _ = id;
        std::future::pending::<()>().await;
    }
    Cause::ClientGone
}

#[cfg(unix)]
mod process {
    use std::time::Duration;

    use rustix::io::Errno;
    use rustix::process::{Pid, getppid, test_kill_process};

    pub(super) async fn gone(id: u32) {
        let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) else { return std::future::pending().await };
        // A parent outside our process namespace means that the client's ids are of another namespace too: in a
        // container that the editor started, its id names nobody or somebody else.
        if getppid().is_none() {
            return std::future::pending().await;
        }
        #[cfg(target_os = "linux")]
        match end_of(pid) {
            Ok(end) => {
                if end.readable().await.is_ok() {
                    return;
                }
            }
            Err(Errno::SRCH) => return,
            // No pidfd before Linux 5.3, or none left: ask now and then.
            Err(_) => {}
        }
        while test_kill_process(pid) != Err(Errno::SRCH) {
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
    }

    /// A descriptor that becomes readable when the process ends, so that nothing wakes an idle server.
    #[cfg(target_os = "linux")]
    #[allow(
        deprecated,
        reason = "its successor is unsafe, for the sake of types that close themselves; this one does not"
    )]
    fn end_of(pid: Pid) -> Result<tokio::io::unix::AsyncFd<std::os::fd::OwnedFd>, Errno> {
        use rustix::process::{PidfdFlags, pidfd_open};
        let descriptor = pidfd_open(pid, PidfdFlags::empty())?;
        tokio::io::unix::AsyncFd::with_interest(descriptor, tokio::io::Interest::READABLE).map_err(|_| Errno::MFILE)
    }
}
