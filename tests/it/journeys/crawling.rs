//! A crawl of the real messages from an upstream that misbehaves, or pages otherwise.

use std::collections::BTreeSet;

use crate::support::folder::Folder;
use crate::support::messages::{BY_OFFSET, MESSAGES, file, messages, source};
use crate::support::server::Endpoint;
use crate::support::upstream::Upstream;

const QUICK: &str = "delay = \"2ms\"";

/// Every key that the upstream has is stored, and found once.
async fn assert_all_there(endpoint: &Endpoint) {
    let expected: BTreeSet<String> =
        messages().iter().map(|message| message["id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!(expected.len(), MESSAGES);
    assert_eq!(endpoint.key_set("").await, expected);
    assert_eq!(endpoint.document_count("messages").await, MESSAGES as u64);
}

async fn survives_harsh_upstream(seed: u64) {
    let upstream = Upstream::start(&file(), "harsh", seed).await;
    let folder = Folder::new(&source(&upstream.url("/messages/"), BY_OFFSET, QUICK));
    let report = folder.succeed(&["crawl", "messages"]).await;
    let served = upstream.stop().await;
    assert!(report.starts_with("messages: crawl 1 completed\n  3349 of 3349 documents"), "{report}");
    assert!(served.faults > 10, "{served:?}");

    let server = folder.serve().await;
    assert_all_there(&server.endpoint).await;
    let crawls = server.endpoint.crawls("messages").await;
    let [crawl] = &crawls[..] else { panic!("one crawl: {crawls:?}") };
    assert_eq!(crawl["state"], "COMPLETED");
    assert_eq!(crawl["expectedTotal"], MESSAGES);
    assert_eq!(crawl["documentsSeen"], MESSAGES);
    assert_eq!((&crawl["inserted"], &crawl["deleted"]), (&MESSAGES.into(), &0.into()));

    // The ledger tells of every request that the upstream counted.
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
async fn nothing_is_lost_or_doubled_by_a_harsh_upstream() {
    survives_harsh_upstream(1).await;
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_by_another_harsh_upstream() {
    survives_harsh_upstream(20).await;
}

#[tokio::test]
async fn all_four_ways_of_paging_bring_all_and_a_second_crawl_changes_nothing() {
    let upstream = Upstream::start(&file(), "none", 1).await;
    let ways = [
        ("/messages", BY_OFFSET),
        ("/messages/page/", r#"{ kind = "page" }"#),
        ("/messages/cursor/", r#"{ kind = "cursor" }"#),
        ("/messages/link/", r#"{ kind = "link" }"#),
    ];
    let folder = Folder::new("");
    let mut changed = "3349 inserted, 0 updated, 0 unchanged, 0 deleted";
    for (index, (path, pagination)) in ways.into_iter().enumerate() {
        let mut settings = source(&upstream.url(path), pagination, QUICK);
        if path.ends_with("link/") {
            // These pages are arrays, with the total nowhere in them.
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
    assert_all_there(&server.endpoint).await;
    let ended = server.stop().await;
    // The revisions of the first crawl are all there are.
    assert!(ended.stderr.contains("index.changes=3349 index.revision=3349"), "{}", ended.stderr);
    // An index in step has nothing to apply.
    let server = folder.serve().await;
    assert_eq!(server.endpoint.total("").await, MESSAGES as u64);
    let ended = server.stop().await;
    assert!(!ended.stderr.contains("index applied changes"), "{}", ended.stderr);
}
