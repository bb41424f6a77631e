//! `workspace/configuration`: asks the editor for the settings of each root, and lets requests wait for the answer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tower_lsp::Client;
use tower_lsp::ls_types::notification::{DidChangeConfiguration, Notification};
use tower_lsp::ls_types::request::{RegisterCapability, WorkspaceConfiguration};
use tower_lsp::ls_types::{ConfigurationItem, ConfigurationParams, MessageType, Registration, RegistrationParams, Uri};

use super::session::Session;
use crate::transport::ask;

/// How long a request waits for an editor that was asked for its settings. Some never answer.
const LIMIT: Duration = Duration::from_secs(2);

/// Keeps the settings of the session's roots as the editor has them.
#[derive(Clone)]
pub struct Configuration {
    client: Client,
    session: Arc<Mutex<Session>>,
    /// Complaints about the settings of `initialize`, for after its answer.
    complaints: Arc<Mutex<Vec<String>>>,
    /// How many questions are on their way.
    asking: watch::Sender<usize>,
}

impl Configuration {
    /// Nothing is asked before [`Self::start`].
    pub fn new(client: Client, session: Arc<Mutex<Session>>) -> Self {
        Self { client, session, complaints: Arc::default(), asking: watch::Sender::new(0) }
    }

    /// Keeps complaints until a message may be sent.
    pub fn keep_for_later(&self, complaints: Vec<String>) {
        *self.complaints.lock().unwrap_or_else(PoisonError::into_inner) = complaints;
    }

    /// After `initialized`: says the kept complaints, asks to be told of changes, and pulls.
    pub fn start(&self) {
        let complaints = std::mem::take(&mut *self.complaints.lock().unwrap_or_else(PoisonError::into_inner));
        let register = self.session().abilities.configuration_registration;
        let client = self.client.clone();
        tokio::spawn(async move {
            for complaint in complaints {
                client.show_message(MessageType::WARNING, complaint).await;
            }
            if register {
                let registration = Registration {
                    id: "qwen.configuration".to_owned(),
                    method: DidChangeConfiguration::METHOD.to_owned(),
                    register_options: Some(serde_json::json!({ "section": "qwen" })),
                };
                ask::<RegisterCapability>(&client, RegistrationParams { registrations: vec![registration] }, LIMIT)
                    .await;
            }
        });
        self.pull();
    }

    /// Asks for the settings of every root, where the editor can tell them.
    pub fn pull(&self) {
        let roots = {
            let session = self.session();
            if !session.abilities.configuration {
                return;
            }
            session.roots.all()
        };
        let items = roots.iter().map(|root| ConfigurationItem {
            scope_uri: root.uri.parse::<Uri>().ok(),
            section: Some("qwen".to_owned()),
        });
        let params = ConfigurationParams { items: items.collect() };
        let (client, session, asking) = (self.client.clone(), self.session.clone(), self.asking.clone());
        asking.send_modify(|count| *count += 1);
        tokio::spawn(async move {
            let sections = ask::<WorkspaceConfiguration>(&client, params, LIMIT).await.unwrap_or_default();
            let complaints: Vec<String> = {
                let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
                let answers = roots.iter().zip(&sections);
                answers.flat_map(|(root, section)| session.configure_root(root, section)).collect()
            };
            asking.send_modify(|count| *count -= 1);
            for complaint in complaints {
                client.show_message(MessageType::WARNING, complaint).await;
            }
        });
    }

    /// Waits until no question is on its way; each has a time limit.
    pub async fn settled(&self) {
        // The sender lives in self, so that waiting cannot fail.
        let _ = self.asking.subscribe().wait_for(|count| *count == 0).await;
    }

    fn session(&self) -> std::sync::MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
