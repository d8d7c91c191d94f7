//! Crawls of an upstream with fewer documents: many, few, or only apparently fewer.

use std::path::{Path, PathBuf};

use crate::support::folder::Folder;
use crate::support::messages::{BY_OFFSET, MESSAGES, SEED, messages, source, write};
use crate::support::upstream::Upstream;

const HALF: usize = MESSAGES / 2;

/// The source `messages`, crawled from one upstream after another.
struct ShrinkingSource {
    folder: Folder,
}

impl ShrinkingSource {
    /// Crawls all messages.
    async fn begin() -> Self {
        let shrinking = Self { folder: Folder::new("") };
        let report = shrinking.crawl(&shrinking.first(MESSAGES), "none", "", &[]).await;
        assert_eq!(report.0, Some(0), "{}", report.1);
        shrinking
    }

    /// Writes the first messages to a file.
    fn first(&self, count: usize) -> PathBuf {
        let path = self.folder.path(&format!("first-{count}.json"));
        write(&messages()[..count], &path);
        path
    }

    /// Crawls an upstream that serves a file; returns the exit code and the summary.
    async fn crawl(&self, file: &Path, faults: &str, pace: &str, more: &[&str]) -> (Option<i32>, String) {
        let upstream = Upstream::serving(file, faults, SEED).await;
        let pace = format!("delay = \"0s\"\n{pace}");
        self.folder.configure(&source(&upstream.url("/messages/"), BY_OFFSET, &pace));
        let ended = self.folder.run(&[&["crawl", "messages"], more].concat()).await;
        (ended.code, ended.stdout)
    }

    /// Returns the numbers of indexed and of stored documents.
    async fn documents(&self) -> (u64, u64) {
        let server = self.folder.serve().await;
        let counts = (server.endpoint.total("").await, server.endpoint.document_count("messages").await);
        server.stop().await;
        counts
    }
}

#[tokio::test]
async fn a_large_shrink_deletes_nothing_until_it_is_allowed() {
    let shrinking = ShrinkingSource::begin().await;
    let half = shrinking.first(HALF);
    for _ in 0..2 {
        let (code, report) = shrinking.crawl(&half, "none", "", &[]).await;
        assert_eq!(code, Some(0), "{report}");
        assert!(report.contains("completed"), "{report}");
        assert!(report.contains("0 inserted, 0 updated, 1674 unchanged, 0 deleted"), "{report}");
        let note = "note: 1675 of 3349 documents (50.0 %) vanished upstream, more than the 20.0 % that a crawl may \
                    remove; nothing was deleted; `quarry crawl messages --allow-shrink` accepts it";
        assert!(report.contains(note), "{report}");
    }
    assert_eq!(shrinking.documents().await, (MESSAGES as u64, MESSAGES as u64));

    let (code, report) = shrinking.crawl(&half, "none", "", &["--allow-shrink"]).await;
    assert_eq!(code, Some(0), "{report}");
    assert!(report.contains("1674 unchanged, 1675 deleted"), "{report}");
    assert!(!report.contains("note"), "{report}");
    assert_eq!(shrinking.documents().await, (HALF as u64, HALF as u64));

    // Documents that reappear are stored again.
    let (code, report) = shrinking.crawl(&shrinking.first(MESSAGES), "none", "", &[]).await;
    assert_eq!(code, Some(0), "{report}");
    assert!(report.contains("1675 inserted, 0 updated, 1674 unchanged, 0 deleted"), "{report}");
    assert_eq!(shrinking.documents().await, (MESSAGES as u64, MESSAGES as u64));
}

#[tokio::test]
async fn a_small_shrink_is_accepted_but_incomplete_crawls_delete_nothing() {
    let shrinking = ShrinkingSource::begin().await;

    // A page that cannot be fetched fails the crawl, even if little is missing.
    let almost = shrinking.first(MESSAGES - 10);
    let pace = "max_attempts = 1\nmax_refusals = 1";
    let (code, report) = shrinking.crawl(&almost, "harsh", pace, &["--allow-shrink"]).await;
    assert_eq!(code, Some(1), "{report}");
    assert!(
        report.contains("failed") && report.contains("error: ") && report.contains("0 deleted"),
        "{report}"
    );

    // A duplicate item: the stated total, but one distinct item fewer.
    let doubled = shrinking.folder.path("doubled.json");
    let mut items = messages();
    items.truncate(300);
    items[200] = items[100].clone();
    write(&items, &doubled);
    let (code, report) = shrinking.crawl(&doubled, "none", "max_sweeps = 2", &["--allow-shrink"]).await;
    assert_eq!(code, Some(1), "{report}");
    assert!(report.contains("incomplete") && report.contains("299 of 300 documents"), "{report}");
    assert!(report.contains("error: ") && report.contains("0 deleted"), "{report}");

    // Fewer pages than the upstream has.
    let (code, report) = shrinking.crawl(&almost, "none", "max_pages = 5", &["--allow-shrink"]).await;
    assert_eq!(code, Some(1), "{report}");
    assert!(report.contains("error: ") && report.contains("0 deleted"), "{report}");
    assert_eq!(shrinking.documents().await, (MESSAGES as u64, MESSAGES as u64));

    // Two complete crawls have to miss a document.
    let kept = MESSAGES * 95 / 100;
    for deleted in [0, MESSAGES - kept] {
        let (code, report) = shrinking.crawl(&shrinking.first(kept), "none", "", &[]).await;
        assert_eq!(code, Some(0), "{report}");
        assert!(report.contains(&format!("{kept} unchanged, {deleted} deleted")), "{report}");
        assert!(!report.contains("note"), "{report}");
    }
    assert_eq!(shrinking.documents().await, (kept as u64, kept as u64));
}
