//! The text that is missing at one place of a document: one short question to the model of a root.

use super::account::Account;
use super::{Error, Qwen, Scope};
use crate::chat::{self, Credential, Gap};

impl Qwen {
    /// What the model of `account` puts into the gap; none where it has nothing to add. Dropping the future hangs up.
    pub async fn fill(&self, scope: &Scope, mut account: Account, gap: &Gap) -> Result<Option<String>, Error> {
        match self.fill_as(scope, &account, gap).await {
            Err(Error::Chat(chat::Error::TokenRefused(refused))) => {
                let Credential::OauthToken(stale) = &account.endpoint.credential else {
                    return Err(chat::Error::TokenRefused(refused).into());
                };
                let client = self.http.client(&self.env)?;
                let token = self.tokens.of(self.place(scope).await)?.refresh(client, stale).await?;
                account.endpoint.base_url = token.base_url;
                account.endpoint.credential = Credential::OauthToken(token.access_token);
                self.fill_as(scope, &account, gap).await
            }
            outcome => outcome,
        }
    }

    async fn fill_as(&self, scope: &Scope, account: &Account, gap: &Gap) -> Result<Option<String>, Error> {
        if let Credential::OauthToken(_) = account.endpoint.credential {
            self.wait_and_count(scope).await;
        }
        Ok(chat::fill(self.http.open(&self.env)?, &account.endpoint, gap).await?)
    }
}
