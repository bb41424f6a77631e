//! One question to the model of a root: the account is found, a token renewed where it must be, the answer streamed.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::account::Account;
use super::{Error, Qwen, Scope};
use crate::auth::quota;
use crate::chat::{self, Answer, ChatRequest, Credential, Event};
use crate::resolve::{Method, endpoint};

/// A running question. Dropping it hangs up on the model.
pub struct Chat {
    qwen: Qwen,
    scope: Scope,
    account: Account,
    request: ChatRequest,
    upstream: chat::Chat,
    progress: Progress,
}

/// How far a question has come: a new token is worth one try, and only before anything was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Asked,
    AskedWithNewToken,
    Answering,
}

impl Qwen {
    /// Asks the model of `scope`; `model` is the question's own. A question keeps the account it started with.
    pub async fn chat(&self, scope: &Scope, request: ChatRequest, model: Option<String>) -> Result<Chat, Error> {
        let account = self.account(scope, model.as_deref()).await?;
        let upstream = self.ask(scope, &account, &request).await?;
        Ok(Chat { qwen: self.clone(), scope: scope.clone(), account, request, upstream, progress: Progress::Asked })
    }

    async fn ask(&self, scope: &Scope, account: &Account, request: &ChatRequest) -> Result<chat::Chat, Error> {
        self.wait_and_count(scope, account).await;
        let client = self.http.open(&self.env)?.clone();
        Ok(chat::Chat::start(client, account.endpoint.clone(), request))
    }

    /// Qwen OAuth allows 60 requests a minute: a burst waits here instead of failing there. And so many a day. Keys have
    /// limits that their provider tells.
    pub(super) async fn wait_and_count(&self, scope: &Scope, account: &Account) {
        let Credential::OauthToken(_) = account.endpoint.credential else { return };
        self.pace.wait(&scope.root).await;
        let env = Arc::clone(&self.env);
        let counted = tokio::task::spawn_blocking(move || quota::count(&env, SystemTime::now()));
        counted.await.expect("counting does not panic, and is not cancelled");
    }
}

impl Chat {
    /// The next event; none when the answer is complete.
    pub async fn next(&mut self) -> Result<Option<Event>, Error> {
        loop {
            match self.upstream.next().await {
                Ok(event) => {
                    if let Some(Event::Delta(_)) = event {
                        self.progress = Progress::Answering;
                    }
                    return Ok(event);
                }
                Err(error) if self.progress == Progress::Asked && matches!(error, chat::Error::TokenRefused(_)) => {
                    self.progress = Progress::AskedWithNewToken;
                    self.renew_token(error).await?;
                }
                Err(error) => return Err(self.explain(error)),
            }
        }
    }

    async fn renew_token(&mut self, refused: chat::Error) -> Result<(), Error> {
        self.qwen.renew(&self.scope, &mut self.account, refused).await?;
        self.upstream = self.qwen.ask(&self.scope, &self.account, &self.request).await?;
        Ok(())
    }

    /// A token that was just renewed and is refused still: Qwen's free tier no longer serves models. A quota that is
    /// used up is the day's.
    fn explain(&self, error: chat::Error) -> Error {
        match error {
            chat::Error::TokenRefused(_) if self.progress == Progress::AskedWithNewToken => Error::FreeTierEnded(error),
            chat::Error::RateLimited { .. } if self.account.method == Method::QwenOauth => Error::MinuteLimit(error),
            chat::Error::QuotaExhausted(_) if self.account.method == Method::QwenOauth => {
                Error::DailyQuota { error, wait: quota::until_tomorrow(SystemTime::now()) }
            }
            chat::Error::InvalidKey(_) => match &self.account.withheld {
                Some(origin) => Error::KeyWithheld {
                    endpoint: endpoint::origin(&self.account.endpoint.base_url),
                    key: origin.place(),
                },
                None => error.into(),
            },
            _ => error.into(),
        }
    }

    /// The account that is asked; its token may be renewed before the first delta.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The whole answer, and the account that gave it.
    pub fn answer(self) -> (Account, Answer) {
        (self.account, self.upstream.answer())
    }
}

/// What a person is told while a question is asked again: `Event::Retrying` in a sentence.
pub fn retrying(attempt: u32, wait: Duration, because: &str) -> String {
    format!("{because}; try {attempt} in {:.1} s", wait.as_secs_f64())
}
