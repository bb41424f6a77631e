//! This process's stdin and stdout as plain files: no line buffer, which would split each message into two writes, and
//! no error where whoever started us has made them non-blocking.

use std::fs::File;
use std::io::{self, Read, Write};

/// A standard stream.
pub(super) struct Stdio(File);

/// Standard input.
#[cfg(unix)]
pub(super) fn stdin() -> io::Result<Stdio> {
    use std::os::fd::AsFd;
    Ok(Stdio(io::stdin().as_fd().try_clone_to_owned()?.into()))
}

/// Standard output.
#[cfg(unix)]
pub(super) fn stdout() -> io::Result<Stdio> {
    use std::os::fd::AsFd;
    Ok(Stdio(io::stdout().as_fd().try_clone_to_owned()?.into()))
}

/// Standard input.
#[cfg(windows)]
pub(super) fn stdin() -> io::Result<Stdio> {
    use std::os::windows::io::AsHandle;
    Ok(Stdio(io::stdin().as_handle().try_clone_to_owned()?.into()))
}

/// Standard output.
#[cfg(windows)]
pub(super) fn stdout() -> io::Result<Stdio> {
    use std::os::windows::io::AsHandle;
    Ok(Stdio(io::stdout().as_handle().try_clone_to_owned()?.into()))
}

impl Read for Stdio {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait(&self.0, Ready::ToRead)?,
                read => return read,
            }
        }
    }
}

impl Write for Stdio {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait(&self.0, Ready::ToWrite)?,
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Ready {
    ToRead,
    ToWrite,
}

#[cfg(unix)]
fn wait(file: &File, ready: Ready) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, poll};
    let wanted = match ready {
        Ready::ToRead => PollFlags::IN,
        Ready::ToWrite => PollFlags::OUT,
    };
    match poll(&mut [PollFd::new(file, wanted)], None) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// No stream is non-blocking there.
#[cfg(windows)]
fn wait(_: &File, _: Ready) -> io::Result<()> {
    Err(io::ErrorKind::WouldBlock.into())
}
