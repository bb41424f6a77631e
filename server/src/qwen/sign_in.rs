//! Signing in with Qwen OAuth; how the user is shown the code is the front's affair.

use super::{Error, Qwen, Remember, Scope, browser};
use crate::auth::{ApprovedSignIn, SignIn};
use crate::resolve::{Method, OauthHint};

impl Qwen {
    /// Asks for a code. The user approves it while [`SignIn::approval`] waits; dropping that cancels the sign-in.
    pub async fn start_sign_in(&self, scope: &Scope) -> Result<SignIn, Error> {
        let client = self.http.client(&self.env)?;
        Ok(self.tokens.of(scope.settings.credential_store)?.sign_in(client).await?)
    }

    /// Stores the session, and uses it for the root from now on: whoever signs in wants that, a key in the environment
    /// or not.
    pub async fn complete_sign_in(&self, scope: &Scope, sign_in: ApprovedSignIn, keep: Remember) -> Result<(), Error> {
        let _changing = self.changing.write().await;
        sign_in.keep().await?;
        // A session that could not be stored is gone at the next start: a choice of it would keep the user from their key.
        let keep = if self.unsaved_session(scope).is_some() { Remember::ThisSession } else { keep };
        self.switch(scope, Method::QwenOauth, keep).await
    }

    /// Why the session of `scope` will be lost when this process ends, if it will.
    pub fn unsaved_session(&self, scope: &Scope) -> Option<String> {
        let store = self.tokens.of(scope.settings.credential_store).ok()?;
        store.unsaved().map(|why| why.to_string())
    }

    /// Whether there is a session that the next request could use.
    pub async fn is_signed_in_by_oauth(&self, scope: &Scope) -> bool {
        match self.tokens.hint(self.place(scope).await).await {
            OauthHint::Usable { .. } => true,
            OauthHint::Absent | OauthHint::Expired | OauthHint::Unreadable(_) | OauthHint::Unavailable(_) => false,
        }
    }

    /// Whether a browser that we start ourselves would be seen by the user.
    pub fn can_open_browser(&self) -> bool {
        browser::can_open(&self.env)
    }

    /// Starts a browser at `page`, which an authorization has checked; says whether one was started.
    pub async fn open_browser(&self, page: &str) -> bool {
        browser::open(page.to_owned()).await
    }
}
