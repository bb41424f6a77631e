//! A temporary home, roots, files and environment, and nothing of the machine that the tests run on.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::editor::Editor;

/// What a server is started in. Dropped with the editor that was opened on it, and its files with it.
pub struct World {
    dir: TempDir,
    environment: BTreeMap<String, String>,
    arguments: Vec<String>,
    roots: Vec<(String, PathBuf)>,
    canaries: Vec<String>,
    capabilities: Value,
    initialization_options: Option<Value>,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// An empty home and no root. `PATH` leads to an empty directory, so that nothing of the machine is started, and
    /// the session bus is one that is not there.
    pub fn new() -> Self {
        let dir = TempDir::with_prefix("qwen-world-").expect("a temporary directory can be made");
        for name in ["home", "state", "tmp", "bin", "run", "roots"] {
            fs::create_dir(dir.path().join(name)).expect("a fresh directory is writable");
        }
        let mut world = Self {
            dir,
            environment: BTreeMap::new(),
            arguments: Vec::new(),
            roots: Vec::new(),
            canaries: Vec::new(),
            capabilities: json!({}),
            initialization_options: None,
        };
        for (name, below) in [
            ("HOME", "home"),
            ("USERPROFILE", "home"),
            ("LOCALAPPDATA", "state"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_RUNTIME_DIR", "run"),
            ("TMPDIR", "tmp"),
            ("PATH", "bin"),
        ] {
            let path = world.path(below).to_str().expect("temporary directories have plain names").to_owned();
            world.environment.insert(name.to_owned(), path);
        }
        let bus = format!("unix:path={}", world.path("run/no-bus").display());
        world.environment.insert("DBUS_SESSION_BUS_ADDRESS".to_owned(), bus);
        world
    }

    /// Adds a workspace folder of this name, which may have slashes, with its files.
    pub fn root<P: AsRef<str>, T: AsRef<str>>(mut self, name: &str, files: impl IntoIterator<Item = (P, T)>) -> Self {
        let path = self.path("roots").join(name);
        fs::create_dir_all(&path).expect("the roots' directory is writable");
        for (file, text) in files {
            write(&path.join(file.as_ref()), text.as_ref());
        }
        self.roots.push((name.to_owned(), path));
        self
    }

    /// Adds a workspace folder without files.
    pub fn empty_root(self, name: &str) -> Self {
        self.root::<&str, &str>(name, [])
    }

    /// Writes a file below the home directory.
    pub fn home_file(self, path: &str, text: impl AsRef<str>) -> Self {
        write(&self.home().join(path), text.as_ref());
        self
    }

    /// Sets an environment variable of the server.
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.insert(name.to_owned(), value.into());
        self
    }

    /// Takes a variable out of the server's environment.
    pub fn without_env(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    /// Adds a command line argument of the server.
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// A text that the server must never write: neither to the editor, nor to stderr, nor to a log.
    pub fn canary(mut self, text: impl Into<String>) -> Self {
        self.canaries.push(text.into());
        self
    }

    /// The same for a text that is known only later.
    pub fn add_canary(&mut self, text: impl Into<String>) {
        self.canaries.push(text.into());
    }

    /// The editor's capabilities; none by default.
    pub fn capabilities(mut self, capabilities: Value) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// The editor's `initializationOptions`; absent by default.
    pub fn initialization_options(mut self, options: Value) -> Self {
        self.initialization_options = Some(options);
        self
    }

    /// Starts the server and initializes it with every root as a workspace folder.
    pub fn open(self) -> Editor {
        self.open_with(server())
    }

    /// The same with a program, and arguments, of the caller's.
    pub fn open_with(self, program: Command) -> Editor {
        let mut editor = self.start_with(program);
        editor.initialize();
        editor
    }

    /// Starts the server and sends nothing.
    pub fn start(self) -> Editor {
        self.start_with(server())
    }

    /// The same with a program, and arguments, of the caller's.
    pub fn start_with(self, program: Command) -> Editor {
        let command = self.command(program);
        Editor::start(command, self)
    }

    /// `program` in this world: with its variables alone, its arguments, and the first root, or the home directory, as
    /// the working directory.
    pub fn command(&self, mut program: Command) -> Command {
        let directory = self.roots.first().map_or_else(|| self.home(), |(_, path)| path.clone());
        program.args(&self.arguments).env_clear().envs(&self.environment).current_dir(directory);
        if let Some(system_root) = std::env::var_os("SystemRoot").filter(|_| cfg!(windows)) {
            program.env("SystemRoot", system_root);
        }
        program
    }

    /// The built server in this world, for its terminal commands.
    pub fn terminal(&self) -> Command {
        self.command(server())
    }

    /// The home directory.
    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// The directory of `XDG_STATE_HOME`.
    pub fn state(&self) -> PathBuf {
        self.path("state")
    }

    /// The directory that `PATH` leads to.
    pub fn bin(&self) -> PathBuf {
        self.path("bin")
    }

    /// A path below this world's own directory.
    pub fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    /// The path of a root, or of a file below one: `app`, `app/src/main.rs`.
    pub fn root_path(&self, name: &str) -> PathBuf {
        self.path("roots").join(name)
    }

    /// The same as a `file:` URI.
    pub fn uri(&self, name: &str) -> String {
        file_uri(&self.root_path(name))
    }

    /// The params of `initialize` that this world makes.
    pub fn initialize_params(&self) -> Value {
        let folders: Vec<_> =
            self.roots.iter().map(|(name, path)| json!({ "uri": file_uri(path), "name": name })).collect();
        let mut params = json!({
            "processId": std::process::id(),
            "clientInfo": { "name": "fake editor" },
            "rootUri": null,
            "capabilities": self.capabilities,
            "workspaceFolders": folders,
        });
        if let Some(options) = &self.initialization_options {
            params["initializationOptions"] = options.clone();
        }
        params
    }

    /// Fails where a canary is in `output`, which `place` wrote, or in a log file of this world.
    pub fn assert_no_canary(&self, place: &str, output: &[u8]) {
        for canary in &self.canaries {
            assert!(!contains(output, canary), "{place} holds the canary {canary}");
        }
    }

    /// Fails where a canary is in a log file of this world: any file with `log` in its name.
    pub fn assert_no_canary_in_logs(&self) {
        let mut directories = vec![self.dir.path().to_owned()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
                let Ok(kind) = entry.file_type() else { continue };
                if kind.is_dir() {
                    directories.push(entry.path());
                } else if kind.is_file() && entry.file_name().to_string_lossy().contains("log") {
                    let text = fs::read(entry.path()).unwrap_or_default();
                    self.assert_no_canary(&entry.path().display().to_string(), &text);
                }
            }
        }
    }
}

/// The server that cargo built for the tests. Programs that cargo builds none for pass their own command.
fn server() -> Command {
    match option_env!("CARGO_BIN_EXE_qwen-language-server") {
        Some(path) => Command::new(path),
        None => panic!("cargo names the built server to integration tests alone; pass a command"),
    }
}

/// The `file:` URI of a path.
pub fn file_uri(path: &Path) -> String {
    url::Url::from_file_path(path).expect("a world's paths are absolute").into()
}

fn write(path: &Path, text: &str) {
    let directory = path.parent().expect("a file is in a directory");
    fs::create_dir_all(directory).expect("a world's directories are writable");
    fs::write(path, text).expect("a world's files are writable");
}

fn contains(haystack: &[u8], needle: &str) -> bool {
    !needle.is_empty() && haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}
