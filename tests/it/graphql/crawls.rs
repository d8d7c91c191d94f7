//! Crawls and their pages, read from the store.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use quarry::config::CronSchedule;
use quarry::domain::{Crawl, CrawlState, PagePosition, Rejection, SourceName, Tally};
use quarry::store::{CrawlEnd, Lease, PageCommit, PageSlot, Store};
use serde_json::{Value, json};
use uuid::Uuid;

use super::server::{SOURCE, Server, Setup, code};
use crate::crawl::scripted::{self, Upstream, ok, raw};
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
        is_attempted: true,
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
    end_as(store, lease, crawl, CrawlState::Incomplete, Some("half of it".into())).await;
}

async fn end_as(store: &Store, lease: &Lease, crawl: &Crawl, state: CrawlState, error: Option<String>) {
    let end = CrawlEnd { state, error, sweep_vanished: None };
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
async fn the_next_crawl_is_that_of_the_schedule() {
    let next = "{ sources { nextCrawlAt } }";
    let next_of =
        async |server: &Server| server.data(next, json!({})).await["sources"][0]["nextCrawlAt"].take();
    let mut setup = Setup::default();
    setup.source.schedule = CronSchedule::parse("0 3 * * *");
    let server = Server::start_with(setup).await;
    let time = |value: &Value| value.as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    let before = Utc::now();
    let due = time(&next_of(&server).await);
    assert!((before..=Utc::now()).contains(&due), "a source that was never crawled is due, but at {due}");
    let lease = lease(&server.store).await;
    let crawl = server.store.begin_crawl(&source(), false, Utc::now()).await.unwrap();
    assert_eq!(next_of(&server).await, Value::Null, "while it is crawled");
    end_as(&server.store, &lease, &crawl, CrawlState::Completed, None).await;
    let next = time(&next_of(&server).await);
    assert_eq!((next.hour(), next.minute(), next.second()), (3, 0, 0));
    assert!(next > Utc::now() && next < Utc::now() + TimeDelta::days(1), "{next}");
    let other = Server::start_with(Setup::default()).await;
    let lease = self::lease(&other.store).await;
    let crawl = other.store.begin_crawl(&source(), false, Utc::now()).await.unwrap();
    end_as(&other.store, &lease, &crawl, CrawlState::Completed, None).await;
    assert_eq!(next_of(&other).await, Value::Null, "a source without a schedule waits for a request");
}

#[tokio::test]
async fn a_preview_shows_pages_and_problems_and_stores_nothing() {
    let upstream = Upstream::start(|request| match request.number_of("skip").unwrap_or(0) {
        // Refused once, as by an unreliable proxy.
        0 if request.number == 0 => raw(405, ""),
        0 => ok(&json!({"total": 3, "items": [
            {"id": 1, "message": "first", "user_id": "u", "user_name": "Ada", "timestamp": "2026-02-03T04:05:06Z", "tag": "x"},
            {"id": 2, "user_id": "u", "user_name": "Ada", "timestamp": "someday"},
        ]})),
        _ => ok(&json!({"total": 3, "items": []})),
    })
    .await;
    let setup = Setup { source: scripted::source(upstream.url("/messages")), ..Setup::default() };
    let server = Server::start_with(setup).await;
    let query = "mutation($s: String!, $n: Int) { previewSource(source: $s, pages: $n) { works \
        problems { isFatal text } pages { method request status items total next failures } expectedTotal \
        fields { field pointer found items unreadable example unreadableExample } attributes { name items } \
        rejections { reason items positions } duplicateKeys parent provesRemovals nextRequest expectedPages } }";
    let preview = server.data(query, json!({"s": SOURCE, "n": 1})).await["previewSource"].take();
    assert_eq!((&preview["works"], &preview["expectedTotal"]), (&json!(true), &json!(3)), "{preview}");
    assert_eq!(preview["pages"][0]["items"], 2, "{preview}");
    assert_eq!(preview["pages"].as_array().unwrap().len(), 1);
    assert_eq!(preview["pages"][0]["failures"].as_array().unwrap().len(), 1, "{preview}");
    let field = |name: &str| {
        let fields = preview["fields"].as_array().unwrap();
        fields.iter().find(|field| field["field"] == name).unwrap().clone()
    };
    assert_eq!(field("text")["found"], 1, "{preview}");
    assert_eq!(field("text")["example"], "first");
    assert_eq!(preview["rejections"][0]["positions"], json!([1]));
    assert!(
        preview["attributes"].as_array().unwrap().contains(&json!({"name": "tag", "items": 1})),
        "{preview}"
    );
    assert!(server.store.last_crawls(&[source()]).await.unwrap().is_empty(), "a preview is no crawl");

    assert_eq!(code(&server.error(query, json!({"s": "nowhere"})).await), "NOT_FOUND");
    for pages in [0, 6, -1] {
        assert_eq!(code(&server.error(query, json!({"s": SOURCE, "n": pages})).await), "BAD_USER_INPUT");
    }
    drop(upstream);
    let preview = server.data(query, json!({"s": SOURCE})).await["previewSource"].take();
    assert_eq!(preview["works"], false, "{preview}");
    assert!(!preview["pages"][0]["failures"].as_array().unwrap().is_empty(), "{preview}");
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
