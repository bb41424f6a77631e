//! The text that is missing at one place of a document: one short question to the model of a root.

use super::account::Account;
use super::{Error, Qwen, Scope};
use crate::chat::{self, Gap};

impl Qwen {
    /// What the model of `account` puts into the gap; none where it has nothing to add. Dropping the future hangs up.
    pub async fn fill(&self, scope: &Scope, mut account: Account, gap: &Gap) -> Result<Option<String>, Error> {
        match self.fill_as(scope, &account, gap).await {
            Err(Error::Chat(refused @ chat::Error::TokenRefused(_))) => {
                self.renew(scope, &mut account, refused).await?;
                self.fill_as(scope, &account, gap).await
            }
            outcome => outcome,
        }
    }

    async fn fill_as(&self, scope: &Scope, account: &Account, gap: &Gap) -> Result<Option<String>, Error> {
        self.wait_and_count(scope, account).await;
        Ok(chat::fill(self.http.open(&self.env)?, &account.endpoint, gap).await?)
    }
}
