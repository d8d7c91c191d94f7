//! Crawls of messages from upstreams with faults, and with each kind of pagination.

use serde_json::Value;

use crate::support::folder::Folder;
use crate::support::messages::{BY_OFFSET, MESSAGES, SEED, generated, keys, messages, real, source};
use crate::support::server::Endpoint;
use crate::support::upstream::Upstream;

/// Settings of a quick crawl.
const QUICK: &str = "delay = \"2ms\"";

/// Asserts that all keys of the upstream are stored, and found once.
async fn assert_complete(endpoint: &Endpoint, messages: &[Value]) {
    let expected = keys(messages);
    assert_eq!(endpoint.key_set("").await, expected);
    assert_eq!(endpoint.document_count("messages").await, expected.len() as u64);
}

async fn assert_crawls_all(upstream: Upstream, messages: &[Value]) {
    let count = messages.len();
    let folder = Folder::new(&source(&upstream.url("/messages/"), BY_OFFSET, QUICK));
    let report = folder.succeed(&["crawl", "messages"]).await;
    let served = upstream.stop().await;
    let completed = format!("messages: crawl 1 completed\n  {count} of {count} documents");
    assert!(report.starts_with(&completed), "{report}");
    assert!(served.faults > 10, "{served:?}");

    let server = folder.serve().await;
    assert_complete(&server.endpoint, messages).await;
    let crawls = server.endpoint.crawls("messages").await;
    let [crawl] = &crawls[..] else { panic!("one crawl: {crawls:?}") };
    assert_eq!(crawl["state"], "COMPLETED");
    assert_eq!(crawl["expectedTotal"], count);
    assert_eq!(crawl["documentsSeen"], count);
    assert_eq!((&crawl["inserted"], &crawl["deleted"]), (&count.into(), &0.into()));

    // The ledger contains each request that the upstream counted.
    let ledger = server.endpoint.ledger(crawl).await;
    let attempts: u64 = ledger.iter().map(|line| line["attempts"].as_u64().expect("a number")).sum();
    assert_eq!(attempts, served.requests, "{served:?}");
    assert_eq!(crawl["attempts"], attempts);
    assert_eq!(crawl["pagesFetched"], ledger.len());
    for (position, line) in ledger.iter().enumerate() {
        assert_eq!(line["position"], position);
        let failures = line["failures"].as_array().expect("a list").len() as u64;
        assert_eq!(line["attempts"], failures + 1, "{line}");
        assert_eq!(line["status"], 200, "{line}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_harsh_upstream_loses_and_duplicates_nothing() {
    assert_crawls_all(Upstream::start("harsh", 1).await, &generated(1)).await;
}

#[tokio::test]
async fn other_faults_lose_and_duplicate_nothing() {
    assert_crawls_all(Upstream::start("harsh", 20).await, &generated(20)).await;
}

#[tokio::test]
async fn a_harsh_upstream_loses_and_duplicates_no_real_message() {
    let Some((file, messages)) = real() else { return };
    assert_crawls_all(Upstream::serving(&file, "harsh", SEED).await, &messages).await;
}

#[tokio::test]
async fn each_pagination_is_complete_and_a_second_crawl_changes_nothing() {
    let upstream = Upstream::start("none", SEED).await;
    let paginations = [
        ("/messages", BY_OFFSET),
        ("/messages/page/", r#"{ kind = "page" }"#),
        ("/messages/cursor/", r#"{ kind = "cursor" }"#),
        ("/messages/link/", r#"{ kind = "link" }"#),
    ];
    let folder = Folder::new("");
    let mut changed = "3349 inserted, 0 updated, 0 unchanged, 0 deleted";
    for (index, (path, pagination)) in paginations.into_iter().enumerate() {
        let mut settings = source(&upstream.url(path), pagination, QUICK);
        if path.ends_with("link/") {
            // These pages are plain arrays without a total.
            settings = settings.replace("items = \"/items\"\ntotal = \"/total\"\n", "");
        }
        folder.configure(&settings);
        let report = folder.succeed(&["crawl", "messages"]).await;
        assert!(report.contains(&format!("crawl {} completed", index + 1)), "{path}: {report}");
        assert!(report.contains(changed), "{path}: {report}");
        changed = "0 inserted, 0 updated, 3349 unchanged, 0 deleted";
    }
    let served = upstream.stop().await;
    assert_eq!(served.faults, 0);

    let server = folder.serve().await;
    assert_complete(&server.endpoint, &messages()).await;
    let ended = server.stop().await;
    // Only the first crawl created revisions.
    assert!(ended.stderr.contains("index.changes=3349 index.revision=3349"), "{}", ended.stderr);
    // A current index has nothing to apply.
    let server = folder.serve().await;
    assert_eq!(server.endpoint.total("").await, MESSAGES as u64);
    let ended = server.stop().await;
    assert!(!ended.stderr.contains("index applied changes"), "{}", ended.stderr);
}
