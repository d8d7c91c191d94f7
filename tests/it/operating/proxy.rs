//! Two servers behind the proxy of `docker/`: what one would answer, the other does when it is gone.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::{any, get};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::support::caddy::Caddy;
use crate::support::databases::on_postgres;
use crate::support::folder::Folder;
use crate::support::redis::OwnRedis;
use crate::support::server::Endpoint;
use crate::support::socket::Socket;
use crate::support::wait::until;

/// People who search and type without a pause.
struct Load {
    goes_on: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    /// How often each answer came that is none.
    failed: Arc<Mutex<BTreeMap<String, u64>>>,
    people: Vec<JoinHandle<()>>,
}

const PEOPLE: u64 = 6;

impl Load {
    fn start(endpoint: &Endpoint) -> Self {
        let load = Self {
            goes_on: Arc::new(AtomicBool::new(true)),
            answered: Arc::default(),
            failed: Arc::default(),
            people: Vec::new(),
        };
        let people = (0..PEOPLE).map(|person| {
            let endpoint = endpoint.clone();
            let (goes_on, answered, failed) =
                (load.goes_on.clone(), load.answered.clone(), load.failed.clone());
            tokio::spawn(async move {
                let client = Client::builder().no_proxy().build().unwrap();
                let log = "mutation($input: LogKeystrokeInput!) { logKeystroke(input: $input) { accepted } }";
                let mut sequence = 0;
                while goes_on.load(Ordering::SeqCst) {
                    sequence += 1;
                    let session = format!("person-{person}");
                    let input = json!({"sessionId": session, "text": "tea", "sequence": sequence});
                    let (query, variables) = if person % 2 == 0 {
                        ("{ search(query: \"tea\") { totalCount } }", Value::Null)
                    } else {
                        (log, json!({ "input": input }))
                    };
                    let sent = client
                        .post(format!("http://{}/graphql", endpoint.address()))
                        .header("content-type", "application/json")
                        .body(json!({"query": query, "variables": variables}).to_string())
                        .send()
                        .await;
                    let text = match sent {
                        Ok(response) => {
                            let status = response.status().as_u16();
                            format!(
                                "{status} {}",
                                response.text().await.unwrap_or_else(|error| error.to_string())
                            )
                        }
                        Err(error) => error.to_string(),
                    };
                    if text.contains("BUFFER_UNAVAILABLE") {
                        // Redis took too long, as it may where a hundred other tests run: to be sent again.
                        sequence -= 1;
                    } else if text.starts_with("200 {\"data\"") && !text.contains("\"errors\"") {
                        answered.fetch_add(1, Ordering::SeqCst);
                    } else {
                        *failed.lock().unwrap().entry(text).or_default() += 1;
                    }
                }
            })
        });
        let people = people.collect();
        Self { people, ..load }
    }

    async fn goes_on_for(&self, more: u64) {
        let now = self.answered.load(Ordering::SeqCst);
        until("more answers", async || (self.answered.load(Ordering::SeqCst) >= now + more).then_some(()))
            .await;
    }

    /// What failed, and how often.
    async fn end(self) -> BTreeMap<String, u64> {
        self.goes_on.store(false, Ordering::SeqCst);
        for person in self.people {
            person.await.unwrap();
        }
        std::mem::take(&mut self.failed.lock().unwrap())
    }
}

#[tokio::test]
async fn requests_go_on_while_servers_stop_and_die() {
    on_postgres(async |database| {
        let redis = OwnRedis::start();
        let settings = format!(
            "database_url = \"{}\"\nredis_url = \"{}\"\n[server]\ndrain_delay = \"3s\"\n\
             [keystrokes]\nwindow = \"200ms\"\npoll = \"20ms\"",
            database.url(),
            redis.url()
        );
        let (first_folder, second_folder) = (Folder::new(&settings), Folder::new(&settings));
        let first = first_folder.serve().await;
        let mut second = second_folder.serve().await;
        let first_address = first.endpoint.address().to_owned();
        let proxy = Caddy::start(&[&first_address, second.endpoint.address()]);
        let endpoint = Endpoint::new(proxy.address());
        until("the proxy", async || (endpoint.status("/readyz").await == Some(200)).then_some(())).await;
        let stored = endpoint.index("notes", &[("1", "Green tea")]).await;
        assert!(stored.errors.is_empty(), "{stored:?}");
        for server in [&first, &second] {
            until("the document", async || (server.endpoint.total("tea").await == 1).then_some(())).await;
        }

        // What is typed at one server is heard of at the proxy, whichever it leads to.
        let mut socket = Socket::greeted(proxy.address()).await;
        socket.subscribe("s", "subscription { searchLogged { query sessionId } }").await;
        let load = Load::start(&endpoint);
        let heard = socket.hear().await;
        assert_eq!(heard["payload"]["data"]["searchLogged"]["query"], "tea", "{heard}");

        // A server that stops in order: nobody notices.
        load.goes_on_for(100).await;
        first.stop().await;
        load.goes_on_for(100).await;
        assert_eq!(load.end().await, BTreeMap::new(), "requests failed while a server stopped in order");

        // It comes back at its address, and the proxy sends to it again.
        let listen = ["serve", "--listen", &first_address];
        let back = first_folder.start(&listen);
        let first = Endpoint::new(first_address.clone());
        until("the first server to be back", async || (first.status("/readyz").await == Some(200)).then_some(())).await;
        let requests = async || super::samples(&first_address).await.unwrap()["quarry_http_requests_total{status=\"2xx\"}"];
        let load = Load::start(&endpoint);
        let before = requests().await;
        until("requests to the first server", async || (requests().await > before + 100.0).then_some(())).await;

        // One that is killed: what was under way there is lost, and nothing else is.
        second.process.kill();
        load.goes_on_for(300).await;
        let failed = load.end().await;
        assert!(failed.values().sum::<u64>() <= PEOPLE, "{failed:?}: requests failed when a server was killed");
        assert_eq!(endpoint.total("tea").await, 1);
        back.terminate();
        assert_eq!(back.end().await.code, Some(0));
    })
    .await;
}

#[tokio::test]
async fn event_streams_pass_at_once_and_addresses_cannot_be_forged() {
    // What is written to a stream is heard before it ends, or this waits for ever.
    let (more, wanted) = tokio::sync::mpsc::unbounded_channel::<&'static str>();
    let wanted = Arc::new(tokio::sync::Mutex::new(wanted));
    let stream = move || {
        let wanted = wanted.clone();
        async move {
            let events = futures_util::stream::unfold(wanted, |wanted| async move {
                let event = wanted.lock().await.recv().await?;
                Some((Ok::<_, std::io::Error>(event), wanted))
            });
            ([("content-type", "text/event-stream")], axum::body::Body::from_stream(events))
        }
    };
    let echo = async |headers: HeaderMap| headers["x-forwarded-for"].to_str().unwrap().to_owned();
    let routes = Router::new()
        .route("/readyz", get(async || "well"))
        .route("/stream", any(stream))
        .route("/echo", any(echo));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    let proxy = Caddy::start(&[&address]);
    let client = Client::builder().no_proxy().build().unwrap();
    let at = |path: &str| format!("http://{}{path}", proxy.address());
    until("the proxy", async || {
        let response = client.get(at("/readyz")).send().await.ok()?;
        (response.status() == 200).then_some(())
    })
    .await;
    let forged = client.get(at("/echo")).header("x-forwarded-for", "6.6.6.6").send().await.unwrap();
    assert_eq!(forged.text().await.unwrap(), "127.0.0.1");
    let request = client.post(at("/stream")).header("accept", "text/event-stream").body("{}");
    more.send("data: 0\n\n").unwrap();
    let mut response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.chunk().await.unwrap().unwrap(), "data: 0\n\n");
    for event in ["data: 1\n\n", "data: 2\n\n"] {
        more.send(event).unwrap();
        assert_eq!(response.chunk().await.unwrap().unwrap(), event);
    }
    server.abort();
}
