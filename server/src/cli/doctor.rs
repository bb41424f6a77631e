//! `doctor`: one Markdown report for bug reports. It holds no secret: keys are fingerprints, proxies have no password.

use super::Failure;
use super::auth::{current, describe};
use super::print::print;
use crate::qwen::{Qwen, Scope};
use crate::resolve::State;

pub(super) async fn doctor(qwen: &Qwen, scope: &Scope) -> Result<(), Failure> {
    let status = current(qwen, scope).await;
    let network = qwen.network_report(scope).await;
    print(&format!(
        "# qwen-language-server doctor\n\n\
         | | |\n|---|---|\n\
         | version | {version} |\n\
         | system | {os} {arch} |\n\
         | root | `{root}` |\n\
         | state | {state} |\n\
         | proxy | {proxy} |\n\
         | certificates | {certificates} |\n\
         | endpoint | {reachability} |\n\n\
         ## Authentication\n\n```text\n{description}```\n",
        version = env!("CARGO_PKG_VERSION"),
        os = std::env::consts::OS,
        arch = std::env::consts::ARCH,
        root = scope.root.display(),
        state = match status.state {
            State::SignedIn => "signed in",
            State::SignedOut => "signed out",
            State::Refused => "refused",
        },
        proxy = network.proxy,
        certificates = network.certificates,
        reachability = network.reachability,
        description = describe(&status),
    ));
    Ok(())
}
