//! Reads the files of a user and of a project, and nothing but regular files of a sane size.

#[cfg(test)]
pub mod memory;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The largest text file that is read, in bytes. A `.env` of this size is a mistake or an attack.
pub const TEXT_LIMIT: u64 = 1024 * 1024;

/// The largest source file that is read, in bytes: more than any model takes.
const SOURCE_LIMIT: u64 = 8 * 1024 * 1024;

/// What can be read: the disk, or a test's own tree.
pub trait Files {
    /// The text of a file that belongs to this process's user.
    fn read(&self, path: &Path) -> Result<TextFile, ReadError>;

    /// The text of a file that belongs to this process's user or to the system's administrator.
    fn read_system(&self, path: &Path) -> Result<TextFile, ReadError>;

    /// The bytes of a file that belongs to this process's user, at most `limit` of them.
    fn read_bytes(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError>;

    /// `path` with every symbolic link followed; none where there is no such file.
    fn real_path(&self, path: &Path) -> Option<PathBuf>;
}

/// A text file as it was read. It has no `Debug`: it may hold a key.
#[derive(Clone)]
pub struct TextFile {
    /// What it says; bytes that are not UTF-8 are replaced by U+FFFD, as Node does.
    pub text: String,
    /// Where it really is, with every symbolic link followed.
    pub real_path: PathBuf,
    /// Whether its mode lets its group or others do anything with it.
    pub open_to_others: bool,
}

/// Why a file was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is no such file, or a symbolic link that leads nowhere.
    #[error("there is no such file")]
    NotFound,
    /// A directory has that name.
    #[error("it is a directory")]
    Directory,
    /// A pipe, a device, a socket.
    #[error("it is not a regular file")]
    Special,
    /// It belongs to somebody else.
    #[error("it belongs to another user")]
    OtherOwner,
    /// It is larger than the limit.
    #[error("it is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The system refused, and said this.
    #[error("{0}")]
    Io(String),
}

/// The disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> Result<TextFile, ReadError> {
        read_text(path, Owner::Us)
    }

    fn read_system(&self, path: &Path) -> Result<TextFile, ReadError> {
        read_text(path, Owner::UsOrAdministrator)
    }

    fn read_bytes(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        let (file, _) = open(path, Owner::Us)?;
        read_capped(file, limit)
    }

    fn real_path(&self, path: &Path) -> Option<PathBuf> {
        path.canonicalize().ok()
    }
}

/// The text of a file of anybody's, for a person who asked about it. Like all here: a regular file of a sane size.
pub fn read_source(path: &Path) -> Result<String, ReadError> {
    let (file, _) = open(path, Owner::Anybody)?;
    let bytes = read_capped(file, SOURCE_LIMIT)?;
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// Whose files are accepted.
#[derive(Clone, Copy)]
enum Owner {
    Us,
    UsOrAdministrator,
    Anybody,
}

fn read_text(path: &Path, owner: Owner) -> Result<TextFile, ReadError> {
    let (file, open_to_others) = open(path, owner)?;
    let bytes = read_capped(file, TEXT_LIMIT)?;
    let text = String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    Ok(TextFile { text, real_path: path.canonicalize().map_err(|error| refusal(&error))?, open_to_others })
}

/// Reads at most `limit` bytes. What the file's size claims does not matter: in `/proc` it is 0, and a file may grow.
fn read_capped(file: File, limit: u64) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| refusal(&error))?;
    if bytes.len() as u64 > limit { Err(ReadError::TooLarge { limit }) } else { Ok(bytes) }
}

/// Opens without waiting for a pipe's writer and without gaining a terminal, then asks what was opened: a check
/// before opening could be answered for another file.
#[cfg(unix)]
fn open(path: &Path, owner: Owner) -> Result<(File, bool), ReadError> {
    use std::os::unix::fs::MetadataExt;

    use rustix::fs::{Mode, OFlags};

    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(|error| refusal(&error.into()))?);
    let metadata = file.metadata().map_err(|error| refusal(&error))?;
    if metadata.is_dir() {
        return Err(ReadError::Directory);
    }
    if !metadata.is_file() {
        return Err(ReadError::Special);
    }
    let accepted = match owner {
        Owner::Us => metadata.uid() == rustix::process::geteuid().as_raw(),
        Owner::UsOrAdministrator => metadata.uid() == rustix::process::geteuid().as_raw() || metadata.uid() == 0,
        Owner::Anybody => true,
    };
    if accepted { Ok((file, metadata.mode() & 0o077 != 0)) } else { Err(ReadError::OtherOwner) }
}

/// Windows has neither pipes among its files nor an owner in its mode bits: the profile directory's own permissions
/// keep others out.
#[cfg(not(unix))]
fn open(path: &Path, owner: Owner) -> Result<(File, bool), ReadError> {
    match owner {
        Owner::Us | Owner::UsOrAdministrator | Owner::Anybody => {}
    }
    // Opening a directory is refused there as «permission denied»; asking first tells the two apart.
    let metadata = std::fs::metadata(path).map_err(|error| refusal(&error))?;
    if metadata.is_dir() {
        return Err(ReadError::Directory);
    }
    if !metadata.is_file() {
        return Err(ReadError::Special);
    }
    Ok((File::open(path).map_err(|error| refusal(&error))?, false))
}

/// A path that runs through a file is absent like any other.
fn refusal(error: &io::Error) -> ReadError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ReadError::NotFound,
        io::ErrorKind::IsADirectory => ReadError::Directory,
        _ => ReadError::Io(error.to_string()),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn read(path: &Path) -> Result<String, ReadError> {
        Disk.read(path).map(|file| file.text)
    }

    #[test]
    fn only_regular_files_are_read_and_nothing_hangs() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::write(at("file"), "A=1\n").unwrap();
        std::fs::create_dir(at("directory")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        symlink("loop", at("loop")).unwrap();
        symlink("nowhere", at("dangling")).unwrap();
        assert_eq!(read(&at("file")).as_deref(), Ok("A=1\n"));
        assert_eq!(read(&at("directory")), Err(ReadError::Directory));
        assert_eq!(read(&at("pipe")), Err(ReadError::Special));
        assert_eq!(read(Path::new("/dev/zero")), Err(ReadError::Special));
        assert!(matches!(read(&at("loop")), Err(ReadError::Io(_))));
        assert_eq!(read(&at("dangling")), Err(ReadError::NotFound));
        assert_eq!(read(&at("file/below")), Err(ReadError::NotFound));
        assert_eq!(read(&at("absent")), Err(ReadError::NotFound));
    }

    #[test]
    fn a_huge_file_costs_no_more_than_the_limit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".env");
        File::create(&path).unwrap().set_len(1 << 30).unwrap();
        assert_eq!(read(&path), Err(ReadError::TooLarge { limit: TEXT_LIMIT }));
    }

    #[test]
    fn another_users_file_is_refused_but_for_system_settings() {
        let path = Path::new("/etc/passwd");
        if rustix::process::geteuid().is_root() {
            // Root owns everything here that is sure to exist; a file given away shows the rule.
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join(".env");
            std::fs::write(&path, "A=1").unwrap();
            std::os::unix::fs::chown(&path, Some(65534), None).unwrap();
            assert_eq!(read(&path), Err(ReadError::OtherOwner));
            assert!(matches!(Disk.read_system(&path), Err(ReadError::OtherOwner)));
        } else if path.exists() {
            assert_eq!(read(path), Err(ReadError::OtherOwner));
            assert!(Disk.read_system(path).is_ok());
        }
    }

    #[test]
    fn the_mode_and_the_real_path_are_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        let link = directory.path().join("link");
        symlink("file", &link).unwrap();
        let file = Disk.read(&link).unwrap();
        assert_eq!((file.open_to_others, Some(file.real_path)), (false, Disk.real_path(&path)));
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        assert!(Disk.read(&path).unwrap().open_to_others);
    }
}
