//! HTTP/2, where a service offers it: chats share one connection, and each still gets its own deltas.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::support::tls::PrivateCa;
use crate::support::world::World;
use crate::verbs::chat_with;

/// A service that speaks HTTP/2 over TLS and nothing else. It says to each chat what that chat has said.
struct Http2 {
    port: u16,
    connections: Arc<AtomicUsize>,
    keys: Arc<Mutex<Vec<String>>>,
}

impl Http2 {
    fn start(ca: &PrivateCa) -> Self {
        let mut config = ca.config("127.0.0.1");
        config.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        listener.set_nonblocking(true).expect("a socket of tokio's");
        let port = listener.local_addr().expect("a bound address").port();
        let (connections, keys) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (counted, seen) = (connections.clone(), keys.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a socket of tokio's");
                while let Ok((stream, _)) = listener.accept().await {
                    counted.fetch_add(1, Ordering::SeqCst);
                    let (acceptor, seen) = (acceptor.clone(), seen.clone());
                    tokio::spawn(async move {
                        let stream = acceptor.accept(stream).await.expect("a client that trusts the CA");
                        let mut connection = h2::server::handshake(stream).await.expect("HTTP/2");
                        while let Some(Ok((request, respond))) = connection.accept().await {
                            tokio::spawn(answer(request, respond, seen.clone()));
                        }
                    });
                }
            });
        });
        Self { port, connections, keys }
    }
}

async fn answer(
    request: http::Request<h2::RecvStream>,
    mut respond: h2::server::SendResponse<bytes::Bytes>,
    seen: Arc<Mutex<Vec<String>>>,
) {
    let key = request.headers()["authorization"].to_str().expect("a key").to_owned();
    seen.lock().expect("no test panics with it").push(key);
    let mut body = request.into_body();
    let mut question = Vec::new();
    while let Some(Ok(part)) = body.data().await {
        let _ = body.flow_control().release_capacity(part.len());
        question.extend_from_slice(&part);
    }
    let question: serde_json::Value = serde_json::from_slice(&question).expect("JSON");
    let said = question["messages"][0]["content"].as_str().expect("a text").to_owned();
    let response = http::Response::builder().header("content-type", "text/event-stream").body(()).expect("a response");
    let mut stream = respond.send_response(response, false).expect("the client listens");
    for word in said.split_inclusive(' ') {
        let event = json!({ "choices": [{ "index": 0, "delta": { "content": word } }] });
        stream.send_data(format!("data: {event}\n\n").into(), false).expect("the client listens");
        tokio::task::yield_now().await;
    }
    stream.send_data("data: [DONE]\n\n".into(), true).expect("the client listens");
}

#[test]
fn twenty_chats_share_one_http2_connection_and_keep_their_deltas_apart() {
    let ca = PrivateCa::new();
    let service = Http2::start(&ca);
    let world = World::new();
    let bundle = world.path("ca.pem");
    std::fs::write(&bundle, ca.pem()).expect("a world is writable");
    let dotenv = format!("OPENAI_API_KEY=sk-canary-h2\nOPENAI_BASE_URL=https://127.0.0.1:{}/v1\n", service.port);
    let world = world.env("SSL_CERT_FILE", bundle.to_str().expect("a UTF-8 path")).canary("sk-canary-h2");
    let mut editor = world.root("app", [(".qwen/.env", dotenv)]).open();

    // The first makes the connection; the others find it.
    let first = chat_with(&mut editor, "app", "one two", json!({}));
    assert_eq!(editor.response(first)["message"]["content"], "one two");
    let chats: Vec<_> = (0..20)
        .map(|n| {
            let said = format!("this is chat {n} of twenty");
            (chat_with(&mut editor, "app", &said, json!({ "partialResultToken": n })), said)
        })
        .collect();
    for (n, (chat, said)) in chats.into_iter().enumerate() {
        editor.expect_deltas(n, said.split_inclusive(' '));
        assert_eq!(editor.response(chat)["message"]["content"], said.as_str());
    }
    assert_eq!(service.connections.load(Ordering::SeqCst), 1);
    let keys = service.keys.lock().expect("no test panics with it");
    assert!(keys.len() == 21 && keys.iter().all(|key| key == "Bearer sk-canary-h2"), "{keys:?}");
}
