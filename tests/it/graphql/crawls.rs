//! Crawls and their pages, read from the store.

use std::time::Duration;

use chrono::Utc;
use quarry::domain::{Crawl, CrawlState, PagePosition, Rejection, SourceName, Tally};
use quarry::store::{CrawlEnd, Lease, PageCommit, PageSlot, Store};
use serde_json::{Value, json};
use uuid::Uuid;

use super::server::{SOURCE, Server, code};
use crate::support::wait::ends;

pub(super) fn source() -> SourceName {
    SourceName::parse(SOURCE).unwrap()
}

pub(super) async fn lease(store: &Store) -> Lease {
    let name = format!("crawl:{SOURCE}");
    store.acquire_lease(&name, Uuid::new_v4(), Duration::from_secs(600)).await.unwrap().unwrap()
}

/// Stores a page after two attempts, of which the first fails.
pub(super) async fn take_page(store: &Store, lease: &Lease, crawl: &Crawl, position: i64) {
    let slot = PageSlot { crawl: crawl.id, position: PagePosition(position), sweep: 1 };
    store.begin_attempt(lease, slot, Utc::now()).await.unwrap();
    store.fail_attempt(lease, slot, Some(429), "429, retried after 1 s").await.unwrap();
    store.begin_attempt(lease, slot, Utc::now()).await.unwrap();
    let commit = PageCommit {
        slot,
        status: Some(200),
        items: 0,
        rejected: 1,
        hash: format!("hash-{position}"),
        drafts: Vec::new(),
        rejections: vec![Rejection { key: Some("k".into()), reason: "text is missing".into() }],
        kept: Vec::new(),
        deleted: Vec::new(),
        tally: Tally::of(slot.crawl),
        expected_total: Some(0),
        cursor: "{}".to_owned(),
    };
    store.commit_pages(lease, vec![commit], Utc::now()).await.unwrap();
}

pub(super) async fn end(store: &Store, lease: &Lease, crawl: &Crawl) {
    let end =
        CrawlEnd { state: CrawlState::Incomplete, error: Some("half of it".into()), sweep_vanished: None };
    store.finish_crawl(lease, crawl.id, end, Utc::now()).await.unwrap();
}

#[tokio::test]
async fn a_crawl_begins_once_and_wakes_the_crawler() {
    let server = Server::start().await;
    let query = "mutation($s: String!, $a: Boolean) { startCrawl(source: $s, allowShrink: $a) \
        { __typename id source state startedAt finishedAt attempts } }";
    let crawl = server.data(query, json!({"s": SOURCE})).await["startCrawl"].take();
    assert_eq!((&crawl["source"], &crawl["state"]), (&json!(SOURCE), &json!("RUNNING")));
    assert_eq!(crawl["finishedAt"], Value::Null);
    ends("a crawler asleep", server.crawl_requested.notified()).await;
    let again = server.data(query, json!({"s": SOURCE, "a": true})).await["startCrawl"].take();
    assert_eq!(again["id"], crawl["id"]);
    let stored = server.store.last_crawls(&[source()]).await.unwrap();
    assert!(stored[&source()].allow_shrink);

    let error = server.error(query, json!({"s": "nowhere"})).await;
    assert_eq!(code(&error), "NOT_FOUND");
    assert!(error["message"].as_str().unwrap().contains("\"messages\""), "{error}");
}

#[tokio::test]
async fn each_page_is_listed_with_its_attempts() {
    let server = Server::start().await;
    let store = &server.store;
    let lease = lease(store).await;
    let crawl = store.begin_crawl(&source(), false, Utc::now()).await.unwrap();
    for position in 0..3 {
        take_page(store, &lease, &crawl, position).await;
    }
    end(store, &lease, &crawl).await;
    let later = store.begin_crawl(&source(), false, Utc::now()).await.unwrap();

    let query = "query($first: Int, $after: String) { sources { name lastCrawl { id state } crawls { id state error \
        pagesFetched attempts rejected finishedAt pages(first: $first, after: $after) { totalCount edges { cursor } nodes \
        { position sweep attempts status documents hash failures fetchedAt } pageInfo { hasNextPage endCursor } } } } }";
    let answer = server.data(query, json!({"first": 2})).await;
    let messages = &answer["sources"][0];
    assert_eq!(messages["lastCrawl"], json!({"id": format!("crawl_{}", later.id.0), "state": "RUNNING"}));
    assert_eq!(messages["crawls"].as_array().unwrap().len(), 2);
    assert_eq!(messages["crawls"][0]["pages"]["totalCount"], 0);
    let ended = &messages["crawls"][1];
    assert_eq!((&ended["state"], &ended["error"]), (&json!("INCOMPLETE"), &json!("half of it")));
    assert_eq!(
        (&ended["pagesFetched"], &ended["attempts"], &ended["rejected"]),
        (&json!(3), &json!(6), &json!(3))
    );
    let pages = &ended["pages"];
    assert_eq!(pages["totalCount"], 3);
    assert_eq!(pages["pageInfo"]["hasNextPage"], true);
    let page = &pages["nodes"][1];
    assert_eq!((&page["position"], &page["sweep"], &page["attempts"]), (&json!(1), &json!(1), &json!(2)));
    assert_eq!((&page["status"], &page["hash"]), (&json!(200), &json!("hash-1")));
    assert_eq!(page["failures"].as_array().unwrap().len(), 1);

    let rest = server.data(query, json!({"first": 2, "after": pages["pageInfo"]["endCursor"]})).await;
    let rest = &rest["sources"][0]["crawls"][1]["pages"];
    assert_eq!(rest["nodes"].as_array().unwrap().len(), 1);
    assert_eq!(rest["nodes"][0]["position"], 2);
    assert_eq!(rest["pageInfo"]["hasNextPage"], false);

    let node = server
        .data("query($id: ID!) { node(id: $id) { id ... on Crawl { state } } }", json!({"id": ended["id"]}));
    assert_eq!(node.await["node"], json!({"id": ended["id"], "state": "INCOMPLETE"}));
    let few = server.data("{ sources { crawls(first: 1) { id } } }", json!({})).await;
    assert_eq!(few["sources"][0]["crawls"].as_array().unwrap().len(), 1);
}
