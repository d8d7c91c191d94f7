//! Two servers, each with an index of its own, over one PostgreSQL database.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::support::databases::TestDatabase;
use crate::support::folder::Folder;
use crate::support::messages::{BY_OFFSET, MESSAGES, file, source};
use crate::support::server::{Endpoint, Server};
use crate::support::upstream::Upstream;
use crate::support::wait::{PATIENCE, until, within};

/// What is promised: how soon a document that one server stored is found through another.
const IN_STEP: Duration = Duration::from_secs(2);

#[tokio::test]
async fn what_one_server_stores_another_finds_within_two_seconds() {
    on_postgres(async |database| {
        let [(one, _first), (two, _second)] = fleet(database, "").await;
        for (from, to, key) in [(&one, &two, "a"), (&two, &one, "b")] {
            let stored = from.endpoint.index("notes", &[(key, &format!("zebra{key}"))]).await;
            assert!(stored.errors.is_empty(), "{stored:?}");
            within(IN_STEP, "the document through the other server", async || {
                (to.endpoint.total(&format!("zebra{key}")).await == 1).then_some(())
            })
            .await;
            // The relation and the look-up know it, too.
            let text = "query($k: String!) { document(source: \"notes\", key: $k) { id author { name } } }";
            let document = to.endpoint.data(text, json!({ "k": key })).await["document"].take();
            assert_eq!(document["author"]["name"], "Ada Test");

            let gone = "mutation($ids: [ID!]!) { deleteDocuments(input: { ids: $ids }) { deleted } }";
            let deleted = to.endpoint.data(gone, json!({ "ids": [document["id"]] })).await;
            assert_eq!(deleted["deleteDocuments"]["deleted"], 1);
            within(IN_STEP, "the removal through the first server", async || {
                (from.endpoint.total(&format!("zebra{key}")).await == 0).then_some(())
            })
            .await;
        }
        one.stop().await;
        two.stop().await;
    })
    .await;
}

#[tokio::test]
async fn one_server_of_two_crawls_and_both_tell_how_it_goes() {
    on_postgres(async |database| {
        let upstream = Upstream::start(&file(), "none", 1).await;
        let source = source(&upstream.url("/messages/"), BY_OFFSET, "delay = \"40ms\"");
        let [(one, _first), (two, _second)] = fleet(database, &source).await;
        // The source was never crawled, so both servers want to at their start.
        wait_for_crawl(&two.endpoint, 1).await;
        let mut following = Following::start(&two.endpoint, "messages").await;
        let last = following.next().await;
        assert_eq!(last["state"], "COMPLETED");

        let text = "mutation { startCrawl(source: \"messages\") { id state } }";
        let begun = one.endpoint.data(text, Value::Null).await["startCrawl"].take();
        assert_eq!(begun["state"], "RUNNING");
        assert_ne!(begun["id"], last["id"]);
        let again = two.endpoint.data(text, Value::Null).await["startCrawl"].take();
        assert_eq!(again["id"], begun["id"], "there is one crawl of a source at a time");
        let mut seen = Vec::new();
        while seen.last().is_none_or(|crawl: &Value| crawl["state"] != "COMPLETED") {
            let crawl = following.next().await;
            assert_eq!(crawl["id"], begun["id"]);
            seen.push(crawl);
        }
        let pages: Vec<u64> =
            seen.iter().map(|crawl| crawl["pagesFetched"].as_u64().expect("a count")).collect();
        assert!(pages.is_sorted() && pages.len() > 2, "{pages:?}");
        assert!(pages.iter().any(|pages| (1..34).contains(pages)), "it was seen under way: {pages:?}");
        assert_eq!(seen.last().expect("seen")["unchanged"], MESSAGES);

        // Each page was asked for once in each crawl, whichever server did it.
        wait_for_crawl(&one.endpoint, 2).await;
        assert_eq!(upstream.stop().await.requests, 2 * 34);
        for server in [&one, &two] {
            until("an index in step", async || {
                (server.endpoint.total("").await == MESSAGES as u64).then_some(())
            })
            .await;
        }
        one.stop().await;
        two.stop().await;
    })
    .await;
}

/// Runs a test on a PostgreSQL database and takes the database away, even if the test fails.
async fn on_postgres(test: impl AsyncFnOnce(&TestDatabase)) {
    let database = TestDatabase::postgres().await;
    let outcome = AssertUnwindSafe(test(&database)).catch_unwind().await;
    database.remove().await;
    if let Err(failure) = outcome {
        resume_unwind(failure);
    }
}

/// Two servers over one database, each with its folder.
async fn fleet(database: &TestDatabase, source: &str) -> [(Server, Folder); 2] {
    let settings = format!("database_url = \"{}\"\n{source}", database.url());
    // Started at once: both bring the schema up to date.
    let start = async || {
        let folder = Folder::new(&settings);
        (folder.serve().await, folder)
    };
    let (one, two) = tokio::join!(start(), start());
    [one, two]
}

/// Waits until a server shows that so many crawls of the messages are complete, and no more exist.
async fn wait_for_crawl(endpoint: &Endpoint, count: usize) {
    until("a complete crawl", async || {
        let crawls = endpoint.crawls("messages").await;
        assert!(crawls.len() <= count, "{crawls:?}");
        (crawls.len() == count && crawls.iter().all(|crawl| crawl["state"] == "COMPLETED")).then_some(())
    })
    .await;
}

/// A subscription to the progress of crawls.
struct Following(WebSocketStream<TcpStream>);

impl Following {
    async fn start(endpoint: &Endpoint, source: &str) -> Self {
        let address = format!("ws://{}/graphql/ws", endpoint.address());
        let mut request = address.into_client_request().expect("a request");
        let protocol = "graphql-transport-ws".parse().expect("a header");
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        let stream = TcpStream::connect(endpoint.address()).await.expect("connects");
        let (socket, _) = client_async(request, stream).await.expect("upgrades");
        let mut following = Self(socket);
        following.send(json!({ "type": "connection_init" })).await;
        assert_eq!(following.receive().await["type"], "connection_ack");
        let text =
            "subscription($s: String!) { crawlProgress(source: $s) { id state pagesFetched unchanged } }";
        let payload = json!({ "query": text, "variables": { "s": source } });
        following.send(json!({ "type": "subscribe", "id": "1", "payload": payload })).await;
        following
    }

    /// The next state of a crawl.
    async fn next(&mut self) -> Value {
        let mut message = self.receive().await;
        assert_eq!(message["type"], "next", "{message}");
        assert!(message["payload"]["errors"].is_null(), "{message}");
        message["payload"]["data"]["crawlProgress"].take()
    }

    async fn send(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.expect("sends");
    }

    async fn receive(&mut self) -> Value {
        loop {
            let received = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("a message in time");
            match received.expect("not closed").expect("received") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Close(reason) => panic!("closed: {reason:?}"),
                _ => {}
            }
        }
    }
}
