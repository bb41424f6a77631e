//! `auth sign-in`: the code, the URL and a QR code on the terminal, and a spinner while the user approves.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

use super::{Failure, exit};
use crate::auth::DeviceAuthorization;
use crate::qwen::{Error, Qwen, Remember, Scope};

pub(super) async fn sign_in(qwen: &Qwen, scope: &Scope) -> Result<(), Failure> {
    if !std::io::stderr().is_terminal() {
        return Err(Failure {
            message: "signing in needs a terminal to show a code on; without one, set OPENAI_API_KEY in .qwen/.env"
                .to_owned(),
            code: exit::NOT_AUTHENTICATED,
        });
    }
    let sign_in = qwen.start_sign_in(scope).await?;
    let authorization = sign_in.authorization.clone();
    show(&authorization);
    if qwen.can_open_browser() {
        qwen.open_browser(authorization.page()).await;
    }
    let outcome = tokio::select! {
        outcome = sign_in.approval() => outcome,
        () = spin(&authorization) => return Ok(()),
    };
    write("\r\x1b[K");
    // Whoever signs in wants that used here, whatever was chosen before.
    qwen.complete_sign_in(scope, outcome.map_err(Error::from)?, Remember::Always).await?;
    if let Some(why) = qwen.unsaved_session(scope) {
        let message = format!("the sign-in was approved and is lost when this command ends: {why}");
        return Err(Failure { message, code: exit::USAGE });
    }
    Ok(())
}

fn show(authorization: &DeviceAuthorization) {
    // Dark modules are drawn as spaces on a light block, which scanners read on dark and light terminals alike.
    let qr = QrCode::new(authorization.page())
        .map(|code| code.render::<Dense1x2>().dark_color(Dense1x2::Dark).light_color(Dense1x2::Light).build());
    if let Ok(qr) = qr {
        write(&format!("{qr}\n"));
    }
    write(&format!("Open   {}\nCode   {}\n", authorization.page(), authorization.user_code));
}

/// Goes on until it is dropped.
async fn spin(authorization: &DeviceAuthorization) {
    for frame in ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"].iter().cycle() {
        let minutes = authorization.time_left().as_secs().div_ceil(60);
        write(&format!("\r{frame} waiting for you to approve it there, {minutes} min left "));
        tokio::time::sleep(Duration::from_millis(120)).await;
    }
}

fn write(text: &str) {
    let mut stderr = std::io::stderr().lock();
    // Nobody sees it where it cannot be written.
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
