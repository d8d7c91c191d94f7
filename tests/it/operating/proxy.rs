//! Two servers behind the proxy of `docker/`: each takes over when the other stops.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::{any, get};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use crate::support::databases::on_postgres;
use crate::support::folder::Folder;
use crate::support::haproxy::HaProxy;
use crate::support::redis::OwnRedis;
use crate::support::server::{Endpoint, client};
use crate::support::socket::Socket;
use crate::support::wait::until;

/// Users that search and type without a pause.
struct Load {
    is_running: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    /// The count of each failed response.
    failed: Arc<Mutex<BTreeMap<String, u64>>>,
    users: Vec<JoinHandle<()>>,
}

const USERS: u64 = 6;

impl Load {
    fn start(endpoint: &Endpoint) -> Self {
        let load = Self {
            is_running: Arc::new(AtomicBool::new(true)),
            answered: Arc::default(),
            failed: Arc::default(),
            users: Vec::new(),
        };
        let users = (0..USERS).map(|user| {
            let endpoint = endpoint.clone();
            let (is_running, answered, failed) =
                (load.is_running.clone(), load.answered.clone(), load.failed.clone());
            tokio::spawn(async move {
                let client = client();
                let log = "mutation($input: LogKeystrokeInput!) { logKeystroke(input: $input) { accepted } }";
                let mut sequence = 0;
                while is_running.load(Ordering::SeqCst) {
                    sequence += 1;
                    let session = format!("user-{user}");
                    let input = json!({"sessionId": session, "text": "tea", "sequence": sequence});
                    let (query, variables) = if user % 2 == 0 {
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
                        // Redis may time out on a busy machine: the user sends the keystroke again.
                        sequence -= 1;
                    } else if text.starts_with("200 {\"data\"") && !text.contains("\"errors\"") {
                        answered.fetch_add(1, Ordering::SeqCst);
                    } else {
                        *failed.lock().unwrap().entry(text).or_default() += 1;
                    }
                }
            })
        });
        let users = users.collect();
        Self { users, ..load }
    }

    /// Waits for further answers.
    async fn wait_for(&self, more: u64) {
        let now = self.answered.load(Ordering::SeqCst);
        until("more answers", async || (self.answered.load(Ordering::SeqCst) >= now + more).then_some(()))
            .await;
    }

    /// Ends the load; returns the count of each failed response.
    async fn end(self) -> BTreeMap<String, u64> {
        self.is_running.store(false, Ordering::SeqCst);
        for user in self.users {
            user.await.unwrap();
        }
        std::mem::take(&mut self.failed.lock().unwrap())
    }
}

#[tokio::test]
async fn requests_succeed_while_servers_stop_and_die() {
    on_postgres(async |database| {
        let redis = OwnRedis::start();
        let settings = format!(
            "database_url = \"{}\"\nredis_url = \"{}\"\n[server]\ndrain_delay = \"10s\"\n\
             [keystrokes]\nwindow = \"200ms\"\npoll = \"20ms\"",
            database.url(),
            redis.url()
        );
        let (first_folder, second_folder) = (Folder::new(&settings), Folder::new(&settings));
        let first = first_folder.serve().await;
        let mut second = second_folder.serve().await;
        let first_address = first.endpoint.address().to_owned();
        let proxy = HaProxy::start([&first_address, second.endpoint.address()]);
        let endpoint = Endpoint::new(proxy.address());
        until("the proxy", async || (endpoint.status("/readyz").await == Some(200)).then_some(())).await;
        let stored = endpoint.index("notes", &[("1", "Green tea")]).await;
        assert!(stored.errors.is_empty(), "{stored:?}");
        for server in [&first, &second] {
            until("the document", async || (server.endpoint.total("tea").await == 1).then_some(())).await;
        }

        // A subscription through the proxy receives searches of either server.
        let mut socket = Socket::connect(proxy.address()).await;
        socket.subscribe("s", "subscription { searchLogged { query sessionId } }").await;
        let load = Load::start(&endpoint);
        let event = socket.receive().await;
        assert_eq!(event["payload"]["data"]["searchLogged"]["query"], "tea", "{event}");

        // An orderly shutdown fails no request.
        load.wait_for(100).await;
        first.stop().await;
        load.wait_for(100).await;
        assert_eq!(load.end().await, BTreeMap::new(), "requests failed during an orderly shutdown");

        // The server restarts at its address, and the proxy routes requests to it again.
        let listen = ["serve", "--listen", &first_address];
        let restarted = first_folder.start(&listen);
        let first = Endpoint::new(first_address.clone());
        until("the restart of the first server", async || (first.status("/readyz").await == Some(200)).then_some(())).await;
        let requests = async || super::samples(&first_address).await.unwrap()["quarry_http_requests_total{status=\"2xx\"}"];
        let load = Load::start(&endpoint);
        let before = requests().await;
        until("requests to the first server", async || (requests().await > before + 100.0).then_some(())).await;

        // A killed server loses its requests in flight, and no others.
        second.process.kill();
        load.wait_for(300).await;
        let failed = load.end().await;
        assert!(failed.values().sum::<u64>() <= USERS, "{failed:?}: requests failed when a server was killed");
        assert_eq!(endpoint.total("tea").await, 1);
        restarted.terminate();
        assert_eq!(restarted.end().await.code, Some(0));
    })
    .await;
}

/// A server that returns the headers of a request, and streams the events of a test.
struct Echo {
    address: String,
    events: UnboundedSender<&'static str>,
    /// Locked while a stream waits for the next event.
    waits: Arc<tokio::sync::Mutex<UnboundedReceiver<&'static str>>>,
    task: JoinHandle<()>,
}

impl Echo {
    async fn start() -> Self {
        let (events, queue) = unbounded_channel::<&'static str>();
        let waits = Arc::new(tokio::sync::Mutex::new(queue));
        let queue = waits.clone();
        let stream = move || {
            let queue = queue.clone();
            async move {
                let events = futures_util::stream::unfold(queue, |queue| async move {
                    let event = queue.lock().await.recv().await?;
                    Some((Ok::<_, std::io::Error>(event), queue))
                });
                ([("content-type", "text/event-stream")], axum::body::Body::from_stream(events))
            }
        };
        let echo = async |headers: HeaderMap| {
            let lines = headers.iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
            lines.collect::<String>()
        };
        let routes = Router::new()
            .route("/readyz", get(async || "ready"))
            .route("/stream", any(stream))
            .fallback(any(echo));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { address, events, waits, task }
    }

    /// Sends a request through a proxy; returns the headers that arrived, one per line.
    async fn through(&self, proxy: &HaProxy, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let mut request = client().get(format!("http://{}{path}", proxy.address()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Starts a proxy in front of this server and waits until it is ready.
    async fn behind(&self, front_proxies: &str) -> HaProxy {
        let proxy = HaProxy::start_behind(front_proxies, [&self.address, &self.address]);
        let endpoint = Endpoint::new(proxy.address());
        until("the proxy", async || (endpoint.status("/readyz").await == Some(200)).then_some(())).await;
        proxy
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn the_proxy_does_not_buffer_event_streams_and_propagates_their_end() {
    // With buffering, this would wait forever.
    let server = Echo::start().await;
    let proxy = server.behind("").await;
    let request = client().post(format!("http://{}/stream", proxy.address()));
    server.events.send("data: 0\n\n").unwrap();
    let mut response = request.header("accept", "text/event-stream").body("{}").send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.chunk().await.unwrap().unwrap(), "data: 0\n\n");
    for event in ["data: 1\n\n", "data: 2\n\n"] {
        server.events.send(event).unwrap();
        assert_eq!(response.chunk().await.unwrap().unwrap(), event);
    }
    // The server learns of the disconnection before it writes another event.
    until("a silent stream", async || server.waits.try_lock().is_err().then_some(())).await;
    drop(response);
    until("its end", async || server.waits.try_lock().is_ok().then_some(())).await;
}

#[tokio::test]
async fn the_proxy_drops_forged_addresses_and_traces_and_hides_metrics() {
    let server = Echo::start().await;
    let proxy = server.behind("").await;
    let forged = [
        ("x-forwarded-for", "6.6.6.6"),
        ("x-forwarded-for", "7.7.7.7"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("tracestate", "vendor=1"),
        ("x-request-id", "kept"),
    ];
    let (status, headers) = server.through(&proxy, "/?query=chamomile", &forged).await;
    assert_eq!(status, 200);
    let (forwarded, others): (Vec<&str>, Vec<&str>) =
        headers.lines().partition(|line| line.starts_with("x-forwarded-for"));
    assert_eq!(forwarded, ["x-forwarded-for: 127.0.0.1"]);
    assert!(!others.iter().any(|line| line.starts_with("trace")), "{headers}");
    assert!(others.contains(&"x-request-id: kept"), "{headers}");
    for path in ["/metrics", "/metrics?query=chamomile"] {
        assert_eq!(server.through(&proxy, path, &[]).await.0, 404, "{path}");
    }
    // The log of the proxy holds no search texts.
    assert!(!proxy.log().contains("chamomile"), "{}", proxy.log());
}

#[tokio::test]
async fn a_listed_front_proxy_is_trusted() {
    let server = Echo::start().await;
    let sent = [("x-forwarded-for", "6.6.6.6, 1.1.1.1")];
    for (front_proxies, expected) in [
        ("127.0.0.0/8", "x-forwarded-for: 6.6.6.6, 1.1.1.1\nx-forwarded-for: 127.0.0.1\n"),
        ("10.0.0.0/8 127.0.0.1", "x-forwarded-for: 6.6.6.6, 1.1.1.1\nx-forwarded-for: 127.0.0.1\n"),
        ("10.0.0.0/8 172.16.0.0/12", "x-forwarded-for: 127.0.0.1\n"),
    ] {
        let proxy = server.behind(front_proxies).await;
        let (_, headers) = server.through(&proxy, "/", &sent).await;
        assert!(headers.contains(expected), "{front_proxies}: {headers}");
    }
}
