//! Outages of the database: searches continue, other requests return a clear error, and everything
//! recovers by itself.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::folder::Folder;
use crate::support::messages::{BY_OFFSET, SEED, source};
use crate::support::postgres::OwnPostgres;
use crate::support::server::{Endpoint, GraphqlResponse};
use crate::support::upstream::Upstream;
use crate::support::wait::{ends, until};

const HITS: &str =
    "{ search(query: \"tea\", first: 5) { totalCount nodes { key text author { name documentCount } } } }";

#[tokio::test]
async fn searches_continue_without_the_database_and_everything_recovers_with_it() {
    let postgres = OwnPostgres::start();
    let folder = Folder::new(&format!("database_url = \"{}\"", postgres.url()));
    let server = folder.serve().await;
    let endpoint = &server.endpoint;
    let stored = endpoint.index("notes", &[("1", "Green tea"), ("2", "Black tea"), ("3", "Coffee")]).await;
    assert_eq!(stored.data["indexDocuments"]["inserted"], 3, "{stored:?}");
    let complete = endpoint.data(HITS, Value::Null).await;
    assert_eq!(complete["search"]["nodes"][0]["author"], json!({ "name": "Ada Test", "documentCount": 3 }));

    for outage in 0..2 {
        let failures = server.process.stderr().matches("worker step failed").count();
        postgres.cut_off();
        // A search succeeds during the outage.
        let answer = ends("a search", endpoint.query(HITS, Value::Null)).await;
        assert_hits_without_authors(&answer);
        assert_clear(&endpoint.index("notes", &[("4", "Too late")]).await, "indexDocuments");
        assert_clear(&endpoint.query("{ sources { name } }", Value::Null).await, "sources");
        assert_clear(
            &endpoint.query("{ document(source: \"notes\", key: \"1\") { text } }", Value::Null).await,
            "document",
        );
        assert_eq!(endpoint.status("/livez").await, Some(200));
        assert_eq!(endpoint.status("/readyz").await, Some(200), "searches still succeed");
        // The outage lasts until the indexer has met it, too.
        until("the indexer to notice", async || {
            let log = server.process.stderr();
            (log.matches("worker step failed worker.name=\"indexer\"").count() > failures).then_some(())
        })
        .await;

        postgres.resume();
        until("the authors", async || {
            let answer = endpoint.query(HITS, Value::Null).await;
            (answer.errors.is_empty() && answer.data == complete).then_some(())
        })
        .await;
        let (key, text) = (format!("new-{outage}"), format!("comeback{outage}"));
        let stored = endpoint.index("notes", &[(&key, &text)]).await;
        assert!(stored.errors.is_empty(), "{stored:?}");
        assert_eq!(endpoint.keys(&text).await, [key]);
        // Restore the state before the outage for the next one.
        let delete = "mutation($ids: [ID!]!) { deleteDocuments(input: { ids: $ids }) { deleted } }";
        let ids = json!({ "ids": [stored.data["indexDocuments"]["documents"][0]["id"]] });
        assert_eq!(endpoint.data(delete, ids).await["deleteDocuments"]["deleted"], 1);
    }
    // The log mentions the outage and quotes no user.
    let log = server.stop().await.stderr;
    assert!(log.contains("the store is unavailable") && !log.contains("tea"), "{log}");
}

fn assert_hits_without_authors(answer: &GraphqlResponse) {
    assert_eq!(answer.data["search"]["totalCount"], 2, "{answer:?}");
    let nodes = answer.data["search"]["nodes"].as_array().expect("hits");
    let texts: BTreeSet<&str> = nodes.iter().map(|node| node["text"].as_str().expect("a text")).collect();
    assert_eq!(texts, BTreeSet::from(["Green tea", "Black tea"]));
    assert!(nodes.iter().all(|node| node["author"].is_null()), "{answer:?}");
    assert_eq!(answer.codes(), BTreeSet::from(["STORE_UNAVAILABLE"]));
    for error in &answer.errors {
        assert_eq!(error["path"][3], "author", "{error}");
        assert!(
            error["message"].as_str().expect("a message").contains("database cannot be reached"),
            "{error}"
        );
    }
}

/// Asserts an error about the database without internals.
fn assert_clear(answer: &GraphqlResponse, field: &str) {
    assert_eq!(answer.codes(), BTreeSet::from(["STORE_UNAVAILABLE"]), "{field}: {answer:?}");
    assert!(answer.data.is_null() || answer.data[field].is_null(), "{answer:?}");
    let message = answer.errors[0]["message"].as_str().expect("a message");
    assert_eq!(
        message,
        "The database cannot be reached, or accepts no writes. Searches continue; retry later."
    );
}

#[tokio::test]
async fn a_crawl_waits_for_the_database_and_continues() {
    let postgres = OwnPostgres::start();
    let upstream = Upstream::start("none", SEED).await;
    let source = source(&upstream.url("/messages/"), BY_OFFSET, "delay = \"50ms\"");
    let folder = Folder::new(&format!("database_url = \"{}\"\n{source}", postgres.url()));
    let mut crawling = folder.start(&["crawl", "messages"]);
    crawling.line("a page", |line| line.contains("page 1 of sweep 1").then_some(())).await;
    postgres.cut_off();
    crawling.line("that it waits", |line| line.contains("the database is unavailable").then_some(())).await;
    postgres.resume();
    let ended = crawling.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("crawl 1 completed\n  3349 of 3349 documents"), "{}", ended.stdout);
    let server = folder.serve().await;
    assert_eq!(server.endpoint.key_set("").await.len(), 3_349);
    assert_eq!(one_crawl(&server.endpoint).await["state"], "COMPLETED");
    server.stop().await;
}

async fn one_crawl(endpoint: &Endpoint) -> Value {
    let crawls = endpoint.crawls("messages").await;
    let [crawl] = &crawls[..] else { panic!("one crawl: {crawls:?}") };
    crawl.clone()
}
