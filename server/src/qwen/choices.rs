//! What the user chose: remembered in the state file, or for this process only.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::auth::remembered::{self, Error};
use crate::resolve::{Account, Method, Remembered, endpoint};
use crate::secret::Secret;

/// For how long a choice holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remember {
    /// Until this process ends.
    ThisSession,
    /// Until the user chooses otherwise.
    Always,
}

/// The user's choices. Those of this session lie over the remembered ones.
#[derive(Debug, Default)]
pub struct Choices {
    /// The state file; none where there is no home directory.
    path: Option<PathBuf>,
    session: Mutex<Session>,
}

/// The accounts of one root. This session's hides the remembered one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// The one whose key is in this process's memory.
    pub session: Option<Account>,
    /// The one whose key is in the keyring.
    pub remembered: Option<Account>,
}

#[derive(Debug, Default)]
struct Session {
    chosen: Remembered,
    keys: HashMap<String, Secret>,
}

impl Choices {
    /// Choices that are remembered in the state file at `path`.
    pub fn new(path: Option<PathBuf>) -> Self {
        Self { path, session: Mutex::default() }
    }

    /// All choices in force, read from the state file now; with what is wrong with that file. Waits for the disk.
    pub fn in_force(&self) -> (Remembered, Option<Error>) {
        let loaded = self.path.as_deref().map(remembered::load::<Remembered>);
        let (remembered, broken) = loaded.map(|loaded| (loaded.value, loaded.broken)).unwrap_or_default();
        (self.with_sessions(remembered), broken)
    }

    /// All choices in force. The disk is waited for off the event loop.
    pub async fn now(&self) -> Remembered {
        self.with_sessions(self.remembered().await)
    }

    /// The accounts that were set for `root` itself.
    pub async fn accounts_of(&self, root: &Path) -> Accounts {
        let own = |all: &Remembered| all.accounts.iter().find(|account| account.root == root).cloned();
        let remembered = own(&self.remembered().await);
        Accounts { session: own(&self.session().chosen), remembered }
    }

    async fn remembered(&self) -> Remembered {
        let Some(path) = self.path.clone() else { return Remembered::default() };
        let loaded = tokio::task::spawn_blocking(move || remembered::load(&path).value);
        loaded.await.expect("reading a file does not panic, and is not cancelled")
    }

    fn with_sessions(&self, remembered: Remembered) -> Remembered {
        let mut all = remembered;
        let session = self.session();
        all.methods.extend(session.chosen.methods.clone());
        for (root, endpoints) in &session.chosen.trusted {
            all.trusted.entry(root.clone()).or_default().extend(endpoints.iter().cloned());
        }
        // In a root that has an account of this session's, that one; elsewhere the first remembered one stays the default.
        all.accounts.retain(|account| !session.chosen.accounts.iter().any(|chosen| chosen.root == account.root));
        all.accounts.extend(session.chosen.accounts.iter().cloned());
        all
    }

    /// Chooses the method of `root`.
    pub async fn switch(&self, root: &Path, method: Method, keep: Remember) -> Result<(), Error> {
        let root = root.to_owned();
        let switched = root.clone();
        let choose = move |chosen: &mut Remembered| {
            chosen.methods.insert(switched, method);
        };
        // What holds for this session would hide what is remembered from now on.
        let forget = |chosen: &mut Remembered| {
            chosen.methods.remove(&root);
        };
        self.change(keep, choose, forget).await
    }

    /// Takes back the choice of a method for `root`.
    pub async fn forget_method(&self, root: &Path) -> Result<(), Error> {
        self.session().chosen.methods.remove(root);
        if self.remembered().await.methods.contains_key(root) {
            let root = root.to_owned();
            let forget = move |chosen: &mut Remembered| {
                chosen.methods.remove(&root);
            };
            self.remember(forget).await?;
        }
        Ok(())
    }

    /// Trusts an endpoint's origin for `root`.
    pub async fn trust(&self, root: &Path, origin: &str, keep: Remember) -> Result<(), Error> {
        let (root, origin) = (root.to_owned(), origin.to_owned());
        let trust = move |chosen: &mut Remembered| {
            let origins = chosen.trusted.entry(root).or_default();
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        };
        self.change(keep, trust, |_| ()).await
    }

    /// Gives `account.root` this account.
    pub async fn set_account(&self, account: &Account, keep: Remember) -> Result<(), Error> {
        let new = account.clone();
        let set = move |chosen: &mut Remembered| match chosen.accounts.iter_mut().find(|known| known.root == new.root) {
            // With another model, or a new key, it is the same account still.
            Some(known) if known.base_url == new.base_url => known.model = new.model,
            Some(known) => *known = new,
            None => chosen.accounts.push(new),
        };
        let forget = |chosen: &mut Remembered| chosen.accounts.retain(|known| known.root != account.root);
        self.change(keep, set, forget).await
    }

    /// Forgets an account: this session's, or the remembered one.
    pub async fn forget_account(&self, account: &Account, kept: Remember) -> Result<(), Error> {
        let account = account.clone();
        let forget = move |chosen: &mut Remembered| chosen.accounts.retain(|known| *known != account);
        match kept {
            Remember::ThisSession => forget(&mut self.session().chosen),
            Remember::Always => self.remember(forget).await?,
        }
        Ok(())
    }

    /// Remembers whether the Qwen OAuth session is in the keyring. Writes only what is news.
    pub async fn set_session_in_keyring(&self, is_there: bool) -> Result<(), Error> {
        if self.remembered().await.session_in_keyring == is_there {
            return Ok(());
        }
        self.remember(move |chosen| chosen.session_in_keyring = is_there).await
    }

    /// Keeps a key until this process ends.
    pub fn keep_key(&self, entry: &str, key: Secret) {
        self.session().keys.insert(entry.to_owned(), key);
    }

    /// The key that was kept for this process.
    pub fn key(&self, entry: &str) -> Option<Secret> {
        self.session().keys.get(entry).cloned()
    }

    /// Forgets a key that was kept for this process; says whether there was one.
    pub fn forget_key(&self, entry: &str) -> bool {
        self.session().keys.remove(entry).is_some()
    }

    async fn change(
        &self,
        keep: Remember,
        choose: impl FnOnce(&mut Remembered) + Send + 'static,
        forget: impl FnOnce(&mut Remembered),
    ) -> Result<(), Error> {
        match keep {
            Remember::ThisSession => choose(&mut self.session().chosen),
            Remember::Always => {
                self.remember(choose).await?;
                forget(&mut self.session().chosen);
            }
        }
        Ok(())
    }

    async fn remember(&self, change: impl FnOnce(&mut Remembered) + Send + 'static) -> Result<(), Error> {
        match &self.path {
            Some(path) => remembered::update(path, change).await.map(|_| ()),
            None => Err(Error::Unwritable { path: "state.json".into(), why: "there is no home directory".to_owned() }),
        }
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name under which an account's key is kept; none where its endpoint is no URL.
pub fn entry_of(account: &Account) -> Option<String> {
    Some(key_entry(&endpoint::origin_of(&account.base_url)?, &account.root))
}

/// The name under which a key is kept: the endpoint's origin that it is bound to, and the root that it was given for.
pub fn key_entry(origin: &str, root: &Path) -> String {
    format!("{origin} {}", root.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(root: &str, base_url: &str) -> Account {
        Account { root: root.into(), base_url: base_url.to_owned(), ..Account::default() }
    }

    #[tokio::test]
    async fn a_choice_for_this_session_leaves_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.json");
        let choices = Choices::new(Some(path.clone()));
        choices.switch(Path::new("/p"), Method::QwenOauth, Remember::ThisSession).await.unwrap();
        assert_eq!(choices.in_force().0.methods[Path::new("/p")], Method::QwenOauth);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_remembered_choice_takes_the_place_of_this_sessions() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.json");
        let choices = Choices::new(Some(path.clone()));
        choices.switch(Path::new("/p"), Method::QwenOauth, Remember::ThisSession).await.unwrap();
        choices.switch(Path::new("/p"), Method::Openai, Remember::Always).await.unwrap();
        assert_eq!(choices.in_force().0.methods[Path::new("/p")], Method::Openai);
        assert_eq!(Choices::new(Some(path)).in_force().0.methods[Path::new("/p")], Method::Openai);
    }

    #[tokio::test]
    async fn a_root_has_one_account_and_forgetting_it_leaves_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let choices = Choices::new(Some(dir.path().join("state.json")));
        choices.set_account(&account("/a", "https://a/v1"), Remember::Always).await.unwrap();
        choices.set_account(&account("/b", "https://b/v1"), Remember::Always).await.unwrap();
        choices.set_account(&account("/a", "https://c/v1"), Remember::Always).await.unwrap();
        assert_eq!(choices.in_force().0.account(Path::new("/a")), Some(&account("/a", "https://c/v1")));
        choices.forget_account(&account("/a", "https://c/v1"), Remember::Always).await.unwrap();
        assert_eq!(choices.in_force().0.accounts, [account("/b", "https://b/v1")]);
    }

    #[tokio::test]
    async fn without_a_home_directory_nothing_is_remembered_and_it_says_so() {
        let choices = Choices::new(None);
        choices.trust(Path::new("/p"), "https://a", Remember::ThisSession).await.unwrap();
        let error = choices.trust(Path::new("/p"), "https://a", Remember::Always).await.unwrap_err();
        assert!(error.to_string().contains("not remembered"), "{error}");
    }
}
