//! `ROWS.md` has every row, and names tests that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const ROWS: &str = include_str!("ROWS.md");

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_row_has_a_line_and_every_test_named_there_exists() {
    let expected = (1..=59).map(|n| format!("O{n:02}")).chain((1..=25).map(|n| format!("H{n:02}")));
    let cells = ROWS.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    let rows: Vec<_> = cells.filter(|cell| cell.len() == 3 && cell.starts_with(['O', 'H'])).collect();
    assert_eq!(rows, expected.collect::<Vec<_>>());

    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    sources(&project.join("server/src"), &mut files);
    sources(&project.join("tests/e2e"), &mut files);
    let mut functions = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(file).unwrap();
        let names = text.lines().filter_map(|line| line.split_once("fn ")?.1.split_once('(')).map(|(name, _)| name);
        functions.extend(names.map(str::to_owned));
    }
    let named = ROWS.split('`').skip(1).step_by(2).filter(|name| name.contains("::") && !name.ends_with('*'));
    for name in named {
        let function = name.rsplit("::").next().unwrap();
        assert!(functions.contains(function), "ROWS.md names {name}, which is no test");
    }
}
