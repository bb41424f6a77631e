//! The roots of a session, and which of them a document belongs to.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use tower_lsp::ls_types::{InitializeParams, WorkspaceFoldersChangeEvent};
use url::Url;

/// A directory that authenticates on its own: a workspace folder, or the directory of a document outside all folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The URI, for a workspace folder in the editor's own spelling.
    pub uri: String,
    /// The directory.
    pub path: PathBuf,
}

/// The two ways a `qwen/*` request names its root; both may be missing.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The root itself.
    pub root: Option<String>,
    /// A document in it.
    pub text_document: Option<TextDocument>,
}

/// LSP's `TextDocumentIdentifier`, with the URI as it was sent.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct TextDocument {
    /// The document's URI.
    pub uri: String,
}

/// Why no root could be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There are several roots and the request named none.
    #[error("there are several roots and none was named; add `root`, one of: {}", .0.join(", "))]
    Ambiguous(Vec<String>),
    /// The URI that was sent is no file's.
    #[error("`{uri}` is not the URI of a file; name one of the roots: {}", .roots.join(", "))]
    NotAFile {
        /// The URI as it was sent.
        uri: String,
        /// The roots there are.
        roots: Vec<String>,
    },
}

/// The workspace folders of a session, and where the server was started, for an editor that has none.
#[derive(Clone, Debug)]
pub struct Roots {
    folders: Vec<Root>,
    working_directory: PathBuf,
}

impl Roots {
    /// No folders yet.
    pub fn new(working_directory: PathBuf) -> Self {
        Self { folders: Vec::new(), working_directory }
    }

    /// Takes the folders of an `initialize` request; `rootUri`, then `rootPath`, where a client sends none.
    #[expect(deprecated, reason = "older clients send rootUri and rootPath")]
    pub fn initialize(&mut self, params: &InitializeParams) {
        let folders = params.workspace_folders.iter().flatten().map(|folder| folder.uri.as_str().to_owned());
        self.folders = folders.filter_map(Root::of_uri).collect();
        if self.folders.is_empty() {
            let root = params.root_uri.as_ref().and_then(|uri| Root::of_uri(uri.as_str().to_owned()));
            let root = root.or_else(|| params.root_path.as_deref().map(Path::new).and_then(Root::of_path));
            self.folders.extend(root);
        }
    }

    /// Takes a `workspace/didChangeWorkspaceFolders`.
    pub fn change(&mut self, event: &WorkspaceFoldersChangeEvent) {
        let path = |uri: &str| Root::of_uri(uri.to_owned()).map(|root| root.path);
        let removed: Vec<_> = event.removed.iter().filter_map(|folder| path(folder.uri.as_str())).collect();
        self.folders.retain(|folder| !removed.contains(&folder.path));
        let added = event.added.iter().filter_map(|folder| Root::of_uri(folder.uri.as_str().to_owned()));
        for root in added {
            if !self.folders.iter().any(|folder| folder.path == root.path) {
                self.folders.push(root);
            }
        }
    }

    /// Every workspace folder; the working directory where there is none.
    pub fn all(&self) -> Vec<Root> {
        if self.folders.is_empty() { self.fallback().into_iter().collect() } else { self.folders.clone() }
    }

    /// Whether a document lies in a workspace folder.
    pub fn contains(&self, uri: &str) -> bool {
        file_path(uri).is_some_and(|path| self.folders.iter().any(|folder| path.starts_with(&folder.path)))
    }

    /// The root that `place` names; the only one where it names none.
    pub fn locate(&self, place: &Place) -> Result<Root, Error> {
        if let Some(root) = &place.root {
            return self.named(root);
        }
        match &place.text_document {
            // A document that was never saved has no directory; it belongs where a nameless request does.
            Some(document) if file_path(&document.uri).is_some() => self.of_document(&document.uri),
            _ => self.only(),
        }
    }

    /// The folder with the longest path above the document, else the document's own directory.
    pub fn of_document(&self, uri: &str) -> Result<Root, Error> {
        let path = file_path(uri).ok_or_else(|| self.not_a_file(uri))?;
        let folder = self.folders.iter().filter(|folder| path.starts_with(&folder.path));
        match folder.max_by_key(|folder| folder.path.components().count()) {
            Some(folder) => Ok(folder.clone()),
            None => path.parent().and_then(Root::of_path).ok_or_else(|| self.not_a_file(uri)),
        }
    }

    fn named(&self, uri: &str) -> Result<Root, Error> {
        let path = file_path(uri).ok_or_else(|| self.not_a_file(uri))?;
        match self.folders.iter().find(|folder| folder.path == path) {
            Some(folder) => Ok(folder.clone()),
            None => Root::of_path(&path).ok_or_else(|| self.not_a_file(uri)),
        }
    }

    fn only(&self) -> Result<Root, Error> {
        match self.folders.as_slice() {
            [] => self.fallback().ok_or_else(|| Error::Ambiguous(Vec::new())),
            [folder] => Ok(folder.clone()),
            several => Err(Error::Ambiguous(several.iter().map(|folder| folder.uri.clone()).collect())),
        }
    }

    fn fallback(&self) -> Option<Root> {
        Root::of_path(&self.working_directory)
    }

    fn not_a_file(&self, uri: &str) -> Error {
        Error::NotAFile { uri: uri.to_owned(), roots: self.all().into_iter().map(|root| root.uri).collect() }
    }
}

impl Root {
    /// The root at an absolute `path`.
    pub fn of_path(path: &Path) -> Option<Self> {
        let uri = Url::from_file_path(path).ok()?;
        Some(Self { uri: uri.into(), path: plain(path) })
    }

    fn of_uri(uri: String) -> Option<Self> {
        let path = file_path(&uri)?;
        Some(Self { uri, path })
    }
}

/// The path that a `file:` URI names; a bare absolute path is taken as one too.
pub fn file_path(uri: &str) -> Option<PathBuf> {
    let url = if Path::new(uri).is_absolute() {
        // Parsed again: that is what takes `..` out, which would be taken for a directory on the way up.
        Url::parse(Url::from_file_path(uri).ok()?.as_str()).ok()?
    } else {
        Url::parse(uri).ok().filter(|url| url.scheme() == "file")?
    };
    url.to_file_path().ok().map(|path| plain(&path))
}

/// `path` without a trailing slash, so that two spellings of a directory compare equal.
fn plain(path: &Path) -> PathBuf {
    path.components().collect()
}

#[cfg(all(test, unix))]
mod tests {
    use serde_json::json;

    use super::*;

    fn roots(folders: &[&str]) -> Roots {
        let folders: Vec<_> = folders.iter().map(|uri| json!({ "uri": uri, "name": "x" })).collect();
        let params = serde_json::from_value(json!({ "capabilities": {}, "workspaceFolders": folders }));
        let mut roots = Roots::new("/start".into());
        roots.initialize(&params.expect("valid params"));
        roots
    }

    fn document(uri: &str) -> Place {
        Place { root: None, text_document: Some(TextDocument { uri: uri.to_owned() }) }
    }

    fn path(root: Result<Root, Error>) -> PathBuf {
        root.expect("a root").path
    }

    #[test]
    fn a_document_belongs_to_the_folder_with_the_longest_path() {
        let roots = roots(&["file:///w", "file:///w/inner", "file:///w/in"]);
        assert_eq!(path(roots.locate(&document("file:///w/inner/a.rs"))), Path::new("/w/inner"));
        assert_eq!(path(roots.locate(&document("file:///w/inn/a.rs"))), Path::new("/w"));
    }

    #[test]
    fn a_document_outside_all_folders_has_its_own_directory() {
        let root = roots(&["file:///w"]).locate(&document("file:///else%20where/%E6%96%87.rs")).expect("a root");
        assert_eq!(root, Root { uri: "file:///else%20where".into(), path: "/else where".into() });
    }

    #[test]
    fn a_folder_keeps_the_editors_spelling() {
        let roots = roots(&["file:///a%20b/%25/%E6%96%87/"]);
        let root = Root { uri: "file:///a%20b/%25/%E6%96%87/".into(), path: "/a b/%/文".into() };
        assert_eq!(roots.locate(&Place::default()), Ok(root.clone()));
        let same = Place { root: Some("file:///a b/%25/文".into()), text_document: None };
        assert_eq!(roots.locate(&same), Ok(root));
    }

    #[test]
    fn a_nameless_request_needs_a_single_root() {
        let ambiguous = Error::Ambiguous(vec!["file:///a".into(), "file:///b".into()]);
        assert_eq!(roots(&["file:///a", "file:///b"]).locate(&Place::default()), Err(ambiguous));
        assert_eq!(path(roots(&[]).locate(&Place::default())), Path::new("/start"));
        assert_eq!(path(roots(&["file:///a"]).locate(&document("untitled:Untitled-1"))), Path::new("/a"));
    }

    #[test]
    fn a_path_does_not_lead_through_a_directory_that_it_leaves() {
        for uri in ["/w/app/../other/%41", "file:///w/app/../other/%2541", "file:///w/app/%2E%2E/other/%2541"] {
            assert_eq!(file_path(uri).as_deref(), Some(Path::new("/w/other/%41")), "{uri}");
        }
    }

    #[test]
    fn a_root_that_is_no_file_is_refused() {
        let place = Place { root: Some("https://example.com/".into()), text_document: None };
        assert!(matches!(roots(&["file:///a"]).locate(&place), Err(Error::NotAFile { .. })));
    }

    #[test]
    fn folders_come_and_go() {
        let mut roots = roots(&["file:///a"]);
        let event = json!({ "added": [{ "uri": "file:///b", "name": "b" }], "removed": [{ "uri": "file:///a/", "name": "a" }] });
        roots.change(&serde_json::from_value(event).expect("valid event"));
        assert_eq!(path(roots.locate(&Place::default())), Path::new("/b"));
    }

    #[test]
    fn older_clients_send_a_root_uri_or_a_root_path() {
        for params in
            [json!({ "capabilities": {}, "rootUri": "file:///old" }), json!({ "capabilities": {}, "rootPath": "/old" })]
        {
            let mut roots = Roots::new("/start".into());
            roots.initialize(&serde_json::from_value(params).expect("valid params"));
            assert_eq!(path(roots.locate(&Place::default())), Path::new("/old"));
        }
    }
}
