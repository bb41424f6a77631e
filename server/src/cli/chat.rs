//! `chat`: one question, its answer streamed to standard output.

use std::io::{IsTerminal, Read};

use super::Failure;
use super::print::{complain, print};
use crate::chat::{ChatRequest, Event, Message, Role};
use crate::qwen::{Qwen, Scope, retrying};

pub(super) async fn chat(
    qwen: &Qwen,
    scope: &Scope,
    prompt: Option<String>,
    model: Option<String>,
) -> Result<(), Failure> {
    let prompt = tokio::task::spawn_blocking(|| question(prompt));
    // Not on this thread, which hears of Ctrl-C.
    let prompt = prompt.await.expect("reading a question does not panic, and is not cancelled")?;
    let request = ChatRequest { messages: vec![Message::text(Role::User, prompt)], ..ChatRequest::default() };
    let mut chat = qwen.chat(scope, request, model).await?;
    chat.account().doubts.iter().for_each(|doubt| complain(doubt));
    let mut ends_with_newline = true;
    while let Some(event) = chat.next().await? {
        match event {
            Event::Delta(delta) => {
                let text = delta.content.unwrap_or_default();
                if !text.is_empty() {
                    ends_with_newline = text.ends_with('\n');
                    print(&text);
                }
            }
            Event::Retrying { attempt, wait, because } => complain(&retrying(attempt, wait, &because)),
        }
    }
    if !ends_with_newline {
        print("\n");
    }
    let (account, _) = chat.answer();
    account.warnings.iter().for_each(|warning| complain(warning));
    Ok(())
}

fn question(prompt: Option<String>) -> Result<String, Failure> {
    let piped = !std::io::stdin().is_terminal();
    let question = match prompt {
        Some(prompt) if prompt != "-" => prompt,
        None if !piped => {
            return Err(Failure::usage("say what to ask: `qwen-language-server chat \"…\"`, or pipe it in"));
        }
        _ => read_stdin()?,
    };
    if question.trim().is_empty() { Err(Failure::usage("the question is empty")) } else { Ok(question) }
}

fn read_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().take(LONGEST).read_to_string(&mut text);
    read.map_err(|error| Failure::usage(format!("standard input: {error}")))?;
    Ok(text)
}

/// More than any model takes; a pipe that never ends is not read for ever.
const LONGEST: u64 = 64 * 1024 * 1024;
