//! Two servers with separate indexes on one PostgreSQL database.

use serde_json::{Value, json};

use crate::support::databases::{TestDatabase, on_postgres};
use crate::support::folder::Folder;
use crate::support::messages::{BY_OFFSET, MESSAGES, SEED, source};
use crate::support::server::{Endpoint, Server};
use crate::support::subscription::Subscription;
use crate::support::upstream::Upstream;
use crate::support::wait::until;

#[tokio::test]
async fn servers_find_documents_of_each_other() {
    on_postgres(async |database| {
        let [(one, _first), (two, _second)] = fleet(database, "").await;
        for (from, to, key) in [(&one, &two, "a"), (&two, &one, "b")] {
            let stored = from.endpoint.index("notes", &[(key, &format!("zebra{key}"))]).await;
            assert!(stored.errors.is_empty(), "{stored:?}");
            until("the document through the other server", async || {
                (to.endpoint.total(&format!("zebra{key}")).await == 1).then_some(())
            })
            .await;
            // Its relation and its lookup work as well.
            let text = "query($k: String!) { document(source: \"notes\", key: $k) { id author { name } } }";
            let document = to.endpoint.data(text, json!({ "k": key })).await["document"].take();
            assert_eq!(document["author"]["name"], "Ada Test");

            let gone = "mutation($ids: [ID!]!) { deleteDocuments(input: { ids: $ids }) { deleted } }";
            let deleted = to.endpoint.data(gone, json!({ "ids": [document["id"]] })).await;
            assert_eq!(deleted["deleteDocuments"]["deleted"], 1);
            until("the removal through the first server", async || {
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
async fn one_server_crawls_and_both_report_progress() {
    on_postgres(async |database| {
        let upstream = Upstream::start("none", SEED).await;
        let source = source(&upstream.url("/messages/"), BY_OFFSET, "delay = \"40ms\"");
        let [(one, _first), (two, _second)] = fleet(database, &source).await;
        // The source has never been crawled, so both servers try at their start.
        wait_for_crawl(&two.endpoint, 1).await;
        let mut progress = CrawlSubscription::start(&two.endpoint, "messages").await;
        let last = progress.next().await;
        assert_eq!(last["state"], "COMPLETED");

        let text = "mutation { startCrawl(source: \"messages\") { id state } }";
        let begun = one.endpoint.data(text, Value::Null).await["startCrawl"].take();
        assert_eq!(begun["state"], "RUNNING");
        assert_ne!(begun["id"], last["id"]);
        let again = two.endpoint.data(text, Value::Null).await["startCrawl"].take();
        assert_eq!(again["id"], begun["id"], "one crawl per source at a time");
        let mut events = Vec::new();
        while events.last().is_none_or(|crawl: &Value| crawl["state"] != "COMPLETED") {
            let crawl = progress.next().await;
            assert_eq!(crawl["id"], begun["id"]);
            events.push(crawl);
        }
        let pages: Vec<u64> =
            events.iter().map(|crawl| crawl["pagesFetched"].as_u64().expect("a count")).collect();
        assert!(pages.is_sorted() && pages.len() > 2, "{pages:?}");
        assert!(pages.iter().any(|pages| (1..34).contains(pages)), "intermediate progress: {pages:?}");
        assert_eq!(events.last().expect("events")["unchanged"], MESSAGES);

        // Each crawl requested each page once, on either server.
        wait_for_crawl(&one.endpoint, 2).await;
        assert_eq!(upstream.stop().await.requests, 2 * 34);
        for server in [&one, &two] {
            until("a current index", async || {
                (server.endpoint.total("").await == MESSAGES as u64).then_some(())
            })
            .await;
        }
        one.stop().await;
        two.stop().await;
    })
    .await;
}

/// Starts two servers on one database, each with its folder.
async fn fleet(database: &TestDatabase, source: &str) -> [(Server, Folder); 2] {
    let settings = format!("database_url = \"{}\"\n{source}", database.url());
    // Concurrently: both migrate the database.
    let start = async || {
        let folder = Folder::new(&settings);
        (folder.serve().await, folder)
    };
    let (one, two) = tokio::join!(start(), start());
    [one, two]
}

/// Waits until exactly `count` crawls exist and are complete.
async fn wait_for_crawl(endpoint: &Endpoint, count: usize) {
    until("a complete crawl", async || {
        let crawls = endpoint.crawls("messages").await;
        assert!(crawls.len() <= count, "{crawls:?}");
        (crawls.len() == count && crawls.iter().all(|crawl| crawl["state"] == "COMPLETED")).then_some(())
    })
    .await;
}

/// A subscription to the progress of crawls.
struct CrawlSubscription(Subscription);

impl CrawlSubscription {
    async fn start(endpoint: &Endpoint, source: &str) -> Self {
        let text =
            "subscription($s: String!) { crawlProgress(source: $s) { id state pagesFetched unchanged } }";
        Self(Subscription::start(endpoint, text, json!({ "s": source })).await)
    }

    /// Returns the next state of a crawl.
    async fn next(&mut self) -> Value {
        self.0.next().await["crawlProgress"].take()
    }
}
