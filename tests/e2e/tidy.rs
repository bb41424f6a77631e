//! The house rules that a compiler does not check: floors, secrets, bans.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use qwen_language_server::qwen::ErrorKind;

/// The modules from the ground up. A module imports from lower floors only.
const FLOORS: [(&str, u8); 13] = [
    ("secret", 0),
    ("env", 0),
    ("files", 0),
    ("log", 1),
    ("resolve", 1),
    ("http", 2),
    ("watch", 2),
    ("auth", 3),
    ("chat", 3),
    ("qwen", 4),
    ("transport", 4),
    ("lsp", 5),
    ("cli", 5),
];

/// The only files that may look at a secret, each with its reason.
const MAY_EXPOSE: [(&str, &str); 9] = [
    ("secret.rs", "its own fingerprint, and striking it out"),
    ("auth/credentials.rs", "writes the credential file"),
    ("auth/keyring.rs", "writes the keyring"),
    ("auth/oauth.rs", "sends device code, verifier and refresh token"),
    ("auth/refresh.rs", "compares tokens"),
    ("auth/session.rs", "compares tokens"),
    ("chat/credential.rs", "sends the key or the token"),
    ("qwen/key.rs", "asks the prefix whose key it is"),
    ("resolve/binding.rs", "asks the prefix whose key it is"),
];

/// What must not stand in the server's code, and the files where it may.
const BANS: [(&str, &[&str]); 6] = [
    ("set_var(", &[]),
    ("std::env::var", &["env.rs"]),
    ("println!(", &[]),
    ("todo!(", &[]),
    ("unimplemented!(", &[]),
    ("Client::builder()", &["http/mod.rs"]),
];

fn sources() -> Vec<(String, String)> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&top, &mut files);
    let name = |path: &Path| path.strip_prefix(&top).unwrap().to_string_lossy().replace('\\', "/");
    let sources = files.into_iter().map(|path| (name(&path), fs::read_to_string(&path).unwrap()));
    sources.filter(|(file, _)| !file.contains("tests")).collect()
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The code without its unit tests, which stand last, and without comments.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn module(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap_or_default()
}

fn floor(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

#[test]
fn imports_point_down_only() {
    let mut upward = Vec::new();
    for (file, text) in sources() {
        let Some(own) = floor(module(&file)) else { continue };
        for imported in code(&text).split("crate::").skip(1) {
            let name: String = imported.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if name != module(&file) && floor(&name).is_some_and(|other| other >= own) {
                upward.push(format!("{file} imports {name}"));
            }
        }
    }
    assert!(upward.is_empty(), "{upward:#?}");
}

#[test]
fn the_transport_knows_nothing_of_qwen() {
    for (file, text) in sources() {
        if module(&file) == "transport" {
            let text = code(&text);
            assert!(!text.to_lowercase().contains("qwen") && !text.contains("crate::"), "{file}");
        }
    }
}

#[test]
fn a_secret_is_exposed_in_the_listed_files_only() {
    let exposing: BTreeSet<String> =
        sources().into_iter().filter(|(_, text)| code(text).contains(".expose()")).map(|(file, _)| file).collect();
    let listed: BTreeSet<String> = MAY_EXPOSE.iter().map(|(file, _)| (*file).to_owned()).collect();
    assert_eq!(exposing, listed);
}

#[test]
fn what_is_banned_stands_nowhere() {
    for (file, text) in sources() {
        let text = code(&text);
        for (ban, allowed) in BANS {
            assert!(!text.contains(ban) || allowed.contains(&file.as_str()), "{file} has {ban}");
        }
    }
}

#[test]
fn the_protocol_page_lists_every_kind_of_error_and_no_other() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../editors/PROTOCOL.md")).unwrap();
    let list = page.split("type ErrorKind =").nth(1).expect("the page lists them").split("```").next().unwrap();
    let listed: BTreeSet<&str> = list.split('"').skip(1).step_by(2).collect();
    let names: Vec<String> =
        ErrorKind::ALL.iter().map(|kind| serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned()).collect();
    assert_eq!(listed, names.iter().map(String::as_str).collect());
}

#[test]
fn nothing_of_this_machine_is_in_the_tree() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
    let above = format!("{}/shared", top.parent().unwrap().display());
    for (file, text) in sources() {
        assert!(!text.contains(&above), "{file}");
    }
}
