//! The floor of a start: a program of the standard library alone that answers one message over stdio.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// The compiled program. Its file is removed with it.
pub struct Bare {
    directory: TempDir,
}

const SOURCE: &str = include_str!("bare/program.rs");

impl Bare {
    /// Compiles it, with what the release profile has: cargo offers no way to build a second program for a benchmark.
    pub fn build() -> Self {
        let directory = TempDir::with_prefix("qwen-bench-").expect("a temporary directory can be made");
        let source = directory.path().join("program.rs");
        std::fs::write(&source, SOURCE).expect("a fresh directory is writable");
        let bare = Self { directory };
        let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let status = Command::new(compiler)
            .args(["--edition", "2024", "-C", "opt-level=s", "-C", "strip=symbols", "-C", "lto=fat", "-o"])
            .arg(bare.path())
            .arg(source)
            .status();
        assert!(status.is_ok_and(|status| status.success()), "rustc, which cargo needs too, compiles the bare program");
        bare
    }

    /// Its file.
    pub fn path(&self) -> PathBuf {
        self.directory.path().join(format!("bare{}", std::env::consts::EXE_SUFFIX))
    }
}
