//! The binary: everything is in the library.

fn main() -> std::process::ExitCode {
    qwen_language_server::cli::run()
}
