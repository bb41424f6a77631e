//! Starts qwen-language-server in Zed: the program that the settings name, else the one on PATH.
//!
//! It hands the settings on and does nothing else: what the server can do, Zed shows as it shows any language server's.

use zed_extension_api::settings::LspSettings;
use zed_extension_api::{self as zed, Command, LanguageServerId, Result, Worktree, serde_json};

const PROGRAM: &str = "qwen-language-server";

struct Qwen;

impl zed::Extension for Qwen {
    fn new() -> Self {
        Self
    }

    fn language_server_command(&mut self, id: &LanguageServerId, worktree: &Worktree) -> Result<Command> {
        let binary = LspSettings::for_worktree(id.as_ref(), worktree)?.binary;
        let (path, arguments, settings_env) =
            binary.map(|binary| (binary.path, binary.arguments, binary.env)).unwrap_or_default();
        let command = path.or_else(|| worktree.which(PROGRAM)).ok_or_else(|| {
            format!(
                "`{PROGRAM}` is not on PATH; install it (`cargo install --path server` in its repository), or name it in \
                 the settings as `lsp.{}.binary.path`",
                id.as_ref()
            )
        })?;
        let settings_env = settings_env.unwrap_or_default();
        let mut env = worktree.shell_env();
        env.retain(|(name, _)| !settings_env.contains_key(name));
        env.extend(settings_env);
        Ok(Command { command, args: arguments.unwrap_or_default(), env })
    }

    fn language_server_initialization_options(
        &mut self,
        id: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Option<serde_json::Value>> {
        Ok(LspSettings::for_worktree(id.as_ref(), worktree)?.initialization_options)
    }

    /// Zed answers `workspace/configuration` for a section with the member of that name.
    fn language_server_workspace_configuration(
        &mut self,
        id: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Option<serde_json::Value>> {
        Ok(LspSettings::for_worktree(id.as_ref(), worktree)?.settings)
    }
}

zed::register_extension!(Qwen);
