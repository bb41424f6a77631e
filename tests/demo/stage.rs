//! What the scenes play with: the editor and its server, two projects, and the services that they name.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::screen::Screen;
use super::support::editor::{Editor, Pending};
use super::support::http::{Http, Reply};
use super::support::oauth::OAuth;
use super::support::openai::{Answer, OpenAi};
use super::support::world::World;

/// The stage. Dropping it ends the server and removes every file.
pub struct Stage {
    /// What the newcomer sees.
    pub screen: Screen,
    /// The editor; its server has been started and was told nothing yet.
    pub editor: Editor,
    /// The project with a `.qwen/.env`.
    pub shop: Project,
    /// The project with a `.env`, and no model in it.
    pub blog: Project,
    /// The proxy that every connection out of this machine would have to go through. It lets none out.
    pub proxy: Http,
    /// The sign-in service.
    pub oauth: OAuth,
    /// The service that it names for chats.
    pub portal: OpenAi,
    /// Whether the newcomer approves the sign-in.
    pub interactive: bool,
    tokens: i64,
}

/// A project, and the service that its files name.
pub struct Project {
    /// The folder's name.
    pub name: &'static str,
    /// The file that names the account, below the folder.
    pub file: &'static str,
    /// The text of that file.
    pub text: String,
    /// The key in it.
    pub key: &'static str,
    /// The service.
    pub service: OpenAi,
}

/// The key that the user has exported in the shell.
pub const OWN_KEY: &str = "sk-the-users-own-key-0000";

const SHOP_KEY: &str = "sk-of-the-shop-team-1111";
const BLOG_KEY: &str = "sk-for-my-own-blog-2222";

const SHOP_ANSWER: &str =
    "I am the shop's model. This text comes in small pieces, and each one is passed on the moment it arrives.";
const BLOG_ANSWER: &str =
    "And I am the blog's. Same editor, same server, same second; another endpoint, another key, another model.";
const LONG_ANSWER: &str = "A long story. Once upon a time there was a shop, and in that shop";

/// Between two pieces, so that a person sees them come.
const PAUSE: Duration = Duration::from_millis(60);

impl Stage {
    /// Makes the files, starts the services and the server. `serve` is the argument that makes this program the server.
    pub fn set(serve: &str, interactive: bool) -> Self {
        let shop = OpenAi::start()
            .answer(Answer::stream(pieces(SHOP_ANSWER)).pause(PAUSE))
            .answer(Answer::stream(pieces(LONG_ANSWER)).pause(PAUSE).then_hold());
        let blog = OpenAi::start().answer(Answer::stream(pieces(BLOG_ANSWER)).pause(PAUSE));
        let shop = Project {
            name: "shop",
            file: ".qwen/.env",
            text: format!(
                "OPENAI_API_KEY={SHOP_KEY}\nOPENAI_BASE_URL={}\nOPENAI_MODEL=qwen3-coder-plus\n",
                shop.base_url()
            ),
            key: SHOP_KEY,
            service: shop,
        };
        let blog = Project {
            name: "blog",
            file: ".env",
            text: format!("OPENAI_API_KEY={BLOG_KEY}\nOPENAI_BASE_URL={}\n", blog.base_url()),
            key: BLOG_KEY,
            service: blog,
        };
        let proxy = Http::start(|_| Reply::new(403, "text/plain", "nothing leaves this machine"));
        let portal = OpenAi::start().stream(["I am Qwen, and you are signed in."]);
        let oauth = OAuth::start();
        oauth.set_device("interval", json!(1));
        oauth.set_token("resource_url", json!(portal.base_url()));
        let world = World::new()
            .root(shop.name, [(shop.file, &shop.text)])
            .root(blog.name, [(blog.file, &blog.text)])
            .home_file(".qwen/settings.json", r#"{ "model": { "name": "qwen3-max" } }"#)
            .env("OPENAI_API_KEY", OWN_KEY)
            .env("HTTPS_PROXY", proxy.url())
            .env("HTTP_PROXY", proxy.url())
            .env("QWEN_OAUTH_BASE_URL", oauth.base_url())
            .initialization_options(json!({ "qwen": { "notifications": ["qwen/deviceAuthorization"] } }))
            .canary("canary-")
            .canary(SHOP_KEY)
            .canary(BLOG_KEY)
            .canary(OWN_KEY);
        for project in [&shop, &blog] {
            close_to_others(&world.root_path(project.name).join(project.file));
        }
        let mut server = Command::new(std::env::current_exe().expect("this program's own file"));
        server.arg(serve);
        Self {
            screen: Screen::new(),
            editor: world.start_with(server),
            shop,
            blog,
            proxy,
            oauth,
            portal,
            interactive,
            tokens: 0,
        }
    }

    /// A path or URI as the newcomer reads it: from the project's name, or from `~`, on.
    pub fn short(&self, path: &str) -> String {
        let world = self.editor.world();
        let below = |start: &Path| {
            let rest = path.trim_start_matches("file://").strip_prefix(start.to_str()?)?;
            Some(rest.trim_start_matches('/').to_owned())
        };
        below(&world.root_path("")).or_else(|| Some(format!("~/{}", below(&world.home())?))).unwrap_or(path.to_owned())
    }

    /// Every path of this world in a text, shortened.
    pub fn shortened(&self, text: &str) -> String {
        let world = self.editor.world();
        let roots = world.root_path("").display().to_string();
        let home = world.home().display().to_string();
        text.replace(&format!("file://{roots}"), "").replace(&roots, "").replace(&home, "~")
    }

    /// Makes a folder with one file, and lets the editor open it.
    pub fn open_folder(&mut self, name: &str, file: &str, text: &str) {
        let path = self.editor.world().root_path(name).join(file);
        let directory = path.parent().expect("a file is in a directory");
        fs::create_dir_all(directory).and_then(|()| fs::write(&path, text)).expect("the world is writable");
        self.screen.sent("workspace/didChangeWorkspaceFolders", &format!("{{ added: [ {name} ] }}"));
        let added = json!({ "added": [{ "uri": self.editor.uri(name), "name": name }], "removed": [] });
        self.editor.notify("workspace/didChangeWorkspaceFolders", json!({ "event": added }));
    }

    /// Asks for the status of a root, and shows the question.
    pub fn ask_status(&mut self, name: &str) -> Value {
        self.screen.sent("qwen/auth", &format!(r#"{{ action: "status", root: {name} }}"#));
        let params = json!({ "action": "status", "root": self.editor.uri(name) });
        let status = self.editor.request("qwen/auth", params);
        self.editor.response(status)
    }

    /// Asks a root's model, and shows the question. Answers the request, and the token that its pieces come with.
    pub fn ask_model(&mut self, name: &str, question: &str) -> (Pending, i64) {
        self.tokens += 1;
        let shown =
            format!(r#"{{ root: {name}, messages: [ user: "{question}" ], partialResultToken: {} }}"#, self.tokens);
        self.screen.sent("qwen/chat", &shown);
        let params = json!({
            "root": self.editor.uri(name),
            "messages": [{ "role": "user", "content": question }],
            "partialResultToken": self.tokens,
        });
        (self.editor.request("qwen/chat", params), self.tokens)
    }
}

/// Lets nobody but the user read a file with a key, or the server would say so.
fn close_to_others(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("the world's files are this user's");
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// Fails the demo, and so its exit code, where something was not as the screen says.
#[track_caller]
pub fn expect(is_so: bool, what: &str) {
    assert!(is_so, "the demo told that {what}, and it was not so");
}

/// A text in pieces as a model sends them: a word and its space at a time.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(' ')
}

/// How many pieces the long answer has, before it stalls.
pub fn long_answer_pieces() -> usize {
    pieces(LONG_ANSWER).count()
}

/// The answer of a project's model, whole and in pieces.
pub fn answer_of(name: &str) -> (&'static str, usize) {
    let answer = if name == "shop" { SHOP_ANSWER } else { BLOG_ANSWER };
    (answer, pieces(answer).count())
}
