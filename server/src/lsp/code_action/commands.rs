//! Commands as code actions, for editors that have no command line (Zed), or none that a person would type (Helix).

use serde_json::json;
use tower_lsp::ls_types::{CodeAction, CodeActionKind, Command};

use super::offer::{Trigger, is_wanted};

/// The kind above all of them.
pub const KIND: &str = "source.qwen";

/// What decides which of them make sense.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// The root's URI.
    pub root: &'a str,
    /// What can be done with the chat document; none for any other document.
    pub chat_document: Option<ChatDocument<'a>>,
    /// Whether an endpoint waits to be trusted.
    pub endpoint_waits: bool,
}

/// A chat document's URI, and what it waits for.
#[derive(Clone, Copy, Debug)]
pub enum ChatDocument<'a> {
    /// To be sent.
    ToSend(&'a str),
    /// For the end of its answer.
    Answering(&'a str),
}

/// The commands, for a user who asks: a lightbulb never shows them.
pub fn commands(situation: &Situation<'_>, only: Option<&[CodeActionKind]>, trigger: Trigger) -> Vec<CodeAction> {
    if trigger == Trigger::Automatic {
        return Vec::new();
    }
    let root = json!({ "root": situation.root });
    let mut listed = Vec::new();
    match situation.chat_document {
        Some(ChatDocument::ToSend(uri)) => listed.push(("chatSend", "send to Qwen", json!({ "uri": uri }))),
        Some(ChatDocument::Answering(uri)) => listed.push(("chatStop", "stop the answer", json!({ "uri": uri }))),
        None => {}
    }
    if situation.endpoint_waits {
        listed.push(("trustEndpoint", "trust the project's endpoint", root.clone()));
    }
    listed.extend([
        ("signIn", "sign in", root.clone()),
        ("status", "show the status", root.clone()),
        ("switchAuth", "switch the method", root.clone()),
        ("setModel", "choose a model", root.clone()),
        ("toggleInlineCompletion", "suggestions while typing, on or off", root.clone()),
        ("chat", "open a conversation", root),
    ]);
    let actions = listed.into_iter().map(|(name, what, argument)| {
        let title = format!("Qwen: {what}");
        let command =
            Command { title: title.clone(), command: format!("qwen.{name}"), arguments: Some(vec![argument]) };
        (format!("{KIND}.{name}"), title, command)
    });
    actions
        .filter(|(kind, _, _)| is_wanted(only, kind))
        .map(|(kind, title, command)| CodeAction {
            title,
            kind: Some(kind.into()),
            command: Some(command),
            ..CodeAction::default()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lsp::handlers::command::NAMES;

    fn names(only: Option<&[CodeActionKind]>, trigger: Trigger) -> Vec<String> {
        names_in(ChatDocument::ToSend("file:///w/a.qwen.md"), only, trigger)
    }

    fn names_in(document: ChatDocument<'_>, only: Option<&[CodeActionKind]>, trigger: Trigger) -> Vec<String> {
        let situation = Situation { root: "file:///w", chat_document: Some(document), endpoint_waits: true };
        let actions = commands(&situation, only, trigger).into_iter();
        actions.filter_map(|action| action.command).map(|command| command.command).collect()
    }

    #[test]
    fn each_is_a_command_that_is_listed_and_a_lightbulb_shows_none() {
        let all = names(None, Trigger::Invoked);
        assert_eq!(all.len(), 8);
        assert!(all.iter().all(|name| NAMES.contains(&name.as_str())), "{all:?}");
        let while_answering = names_in(ChatDocument::Answering("file:///w/a.qwen.md"), None, Trigger::Invoked);
        assert!(while_answering.iter().all(|name| NAMES.contains(&name.as_str())), "{while_answering:?}");
        assert_eq!(while_answering[0], "qwen.chatStop");
        assert_eq!(names(None, Trigger::Automatic), [""; 0]);
        assert_eq!(names(Some(&["source".into()]), Trigger::Automatic), [""; 0]);
    }

    #[test]
    fn an_editor_that_wants_one_kind_gets_it() {
        assert_eq!(names(Some(&["source".into()]), Trigger::Invoked).len(), 8);
        assert_eq!(names(Some(&["source.qwen.signIn".into()]), Trigger::Invoked), ["qwen.signIn"]);
        assert_eq!(names(Some(&["source.organizeImports".into()]), Trigger::Invoked), [""; 0]);
        assert_eq!(names(Some(&["quickfix".into()]), Trigger::Invoked), [""; 0]);
    }
}
