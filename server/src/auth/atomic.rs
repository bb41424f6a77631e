//! Writes a private file so that a reader sees the old content or the new, and never half of either.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How many random characters are in a temporary file's name.
const RANDOM: usize = 12;
/// After this, whoever wrote a temporary file is gone.
const LONGEST_WRITE: Duration = Duration::from_secs(60);

/// Replaces `path` by a file with `content` and mode 0600.
///
/// A missing directory is made, mode 0700. A symlink at `path` is replaced and its target left alone: whoever may
/// place a symlink there must not choose what is overwritten. The temporary file is named as Qwen Code names its own
/// (`<file>.<12 characters>.tmp`), so that both sides' leftovers look alike.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not the path of a file"));
    };
    create_dir(dir)?;
    let mut prefix = name.to_os_string();
    prefix.push(".");
    // `tempfile` opens with O_EXCL and mode 0600, and removes the file if anything below goes wrong.
    let mut file = tempfile::Builder::new().prefix(&prefix).rand_bytes(RANDOM).suffix(".tmp").tempfile_in(dir)?;
    file.write_all(content)?;
    // Without this, a power cut after the rename may leave an empty file under the final name.
    file.as_file().sync_all()?;
    rename(file, path)?;
    sync_dir(dir);
    for leftover in leftovers(path) {
        let age = written(&leftover).and_then(|written| written.elapsed().ok());
        if age.is_some_and(|age| age > LONGEST_WRITE) {
            let _ = fs::remove_file(leftover);
        }
    }
    Ok(())
}

/// Makes `dir` and what is missing above it, for this user alone. A directory that exists keeps its mode.
pub fn create_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

fn rename(file: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    let mut file = file;
    for pause in [50, 100, 200] {
        match file.persist(path) {
            Ok(_) => return Ok(()),
            // Windows refuses to replace a file that a virus scanner or another reader has open for a moment.
            Err(refused) if cfg!(windows) && refused.error.kind() == io::ErrorKind::PermissionDenied => {
                file = refused.file;
                std::thread::sleep(Duration::from_millis(pause));
            }
            Err(refused) => return Err(refused.error),
        }
    }
    file.persist(path).map(|_| ()).map_err(|refused| refused.error)
}

/// The temporary files beside `path`: of writers at work, and of writers that were killed. They may hold tokens.
pub fn leftovers(path: &Path) -> Vec<PathBuf> {
    let (Some(dir), Some(own)) = (path.parent(), path.file_name().and_then(OsStr::to_str)) else { return Vec::new() };
    let is_leftover = |name: &OsStr| {
        let rest = name.to_str().and_then(|name| name.strip_prefix(own));
        let random = rest.and_then(|rest| rest.strip_prefix('.')).and_then(|rest| rest.strip_suffix(".tmp"));
        random.is_some_and(|random| random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    };
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter(|entry| is_leftover(&entry.file_name())).map(|entry| entry.path()).collect()
}

/// When `path` was last written; none if it is not a regular file.
pub fn written(path: &Path) -> Option<SystemTime> {
    fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file)?.modified().ok()
}

/// Makes the rename itself durable, where a directory can be opened; the content is durable already.
fn sync_dir(dir: &Path) {
    if cfg!(unix)
        && let Ok(dir) = fs::File::open(dir)
    {
        let _ = dir.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_leaves_the_content_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/file.json");
        write(&path, b"old").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_killed_writer_left_is_deleted_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let write_at = |name: &str, age: u64| {
            let file = fs::File::create(dir.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        };
        write_at("file.json.0123456789ab.tmp", 61);
        write_at("file.json.ba9876543210.tmp", 5);
        write_at("file.json.mine.tmp", 61);
        write_at("other.json.0123456789ab.tmp", 61);
        write(&dir.path().join("file.json"), b"x").unwrap();
        let mut left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(
            left,
            ["file.json", "file.json.ba9876543210.tmp", "file.json.mine.tmp", "other.json.0123456789ab.tmp"]
        );
    }

    #[test]
    #[cfg(unix)]
    fn file_and_directory_are_for_this_user_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/file.json");
        write(&path, b"x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    #[cfg(unix)]
    fn o58_a_symlink_is_replaced_and_its_target_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (target, path) = (dir.path().join("target"), dir.path().join("file.json"));
        fs::write(&target, "precious").unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        write(&path, b"new").unwrap();
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
        assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
    }
}
