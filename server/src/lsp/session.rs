//! What one editor has told this server: its roots, documents, settings and abilities.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use serde_json::Value;
use tower_lsp::ls_types::InitializeParams;

use super::capabilities::Abilities;
use super::documents::Documents;
use super::position::Encoding;
use super::roots::{Place, Root, Roots};
use super::settings::{self, Settings};
use crate::qwen::Scope;

/// The state of one connection. It changes in message order only, and no lock on it is held while waiting.
#[derive(Debug)]
pub struct Session {
    /// The workspace folders.
    pub roots: Roots,
    /// The open documents.
    pub documents: Documents,
    /// What the editor can do.
    pub abilities: Abilities,
    /// The custom notifications that it wants.
    pub notifications: BTreeSet<String>,
    /// The settings of every root that has none of its own.
    settings: Settings,
    /// The settings that the editor gave for a root, by the root's path.
    settings_by_root: HashMap<PathBuf, Settings>,
    /// The models that the user chose in the editor, by the root's path, until this process ends.
    pub models: HashMap<PathBuf, String>,
    /// The complaints that were made, so that each is made once.
    complaints: BTreeSet<String>,
}

impl Session {
    /// A session before its `initialize` request.
    pub fn new(working_directory: PathBuf) -> Self {
        Self {
            roots: Roots::new(working_directory),
            documents: Documents::new(Encoding::default()),
            abilities: Abilities::default(),
            notifications: BTreeSet::new(),
            settings: Settings::default(),
            settings_by_root: HashMap::new(),
            models: HashMap::new(),
            complaints: BTreeSet::new(),
        }
    }

    /// Takes an `initialize` request. Complaints about its settings are for after the answer.
    pub fn initialize(&mut self, params: &InitializeParams) -> Vec<String> {
        self.roots.initialize(params);
        self.abilities = Abilities::of(&params.capabilities);
        self.documents = Documents::new(self.abilities.encoding);
        let Some(options) = params.initialization_options.as_ref().and_then(|options| options.get("qwen")) else {
            return Vec::new();
        };
        let wanted = options.get("notifications").and_then(Value::as_array).into_iter().flatten();
        self.notifications = wanted.filter_map(Value::as_str).map(str::to_owned).collect();
        self.configure(options)
    }

    /// Takes settings for all roots; answers with the complaints that are new.
    pub fn configure(&mut self, section: &Value) -> Vec<String> {
        let (settings, complaints) = settings::read(section);
        self.settings = settings;
        self.settings_by_root.clear();
        self.only_new(complaints)
    }

    /// Takes settings for one root; answers with the complaints that are new.
    pub fn configure_root(&mut self, root: &Root, section: &Value) -> Vec<String> {
        // An editor that has nothing to say about a section answers null: what it said before still holds.
        if section.is_null() {
            return Vec::new();
        }
        let (settings, complaints) = settings::read(section);
        self.settings_by_root.insert(root.path.clone(), settings);
        self.only_new(complaints)
    }

    /// The settings of a root.
    pub fn settings(&self, root: &Root) -> &Settings {
        self.settings_by_root.get(&root.path).unwrap_or(&self.settings)
    }

    /// The scope that a request's `place` means, with its settings as they are now.
    pub fn scope(&self, place: &Place) -> Result<(Root, Scope), super::roots::Error> {
        let root = self.roots.locate(place)?;
        let scope = self.scope_of(&root);
        Ok((root, scope))
    }

    /// The scope of a root, with its settings as they are now.
    pub fn scope_of(&self, root: &Root) -> Scope {
        Scope {
            root: root.path.clone(),
            settings: self.settings(root).qwen.clone(),
            model: self.models.get(&root.path).cloned(),
        }
    }

    /// Whether `complaint` was not made before; it counts as made from now on.
    pub fn is_new(&mut self, complaint: &str) -> bool {
        self.complaints.insert(complaint.to_owned())
    }

    fn only_new(&mut self, complaints: Vec<String>) -> Vec<String> {
        complaints.into_iter().filter(|complaint| self.complaints.insert(complaint.clone())).collect()
    }
}
