//! Completeness of crawls, and the removal of vanished documents.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::Utc;
use quarry::crawl::{CrawlOptions, StepOutcome};
use quarry::domain::CrawlState;
use serde_json::json;
use uuid::Uuid;

use super::scripted::{Upstream, item, items, ok, page_of, raw, source, source_with};
use super::{Bench, crawl, finish, first_keys};

/// Starts an upstream whose number of items a test can change.
async fn resizable(size: usize) -> (Upstream, Arc<AtomicUsize>) {
    let size = Arc::new(AtomicUsize::new(size));
    let now = size.clone();
    let upstream =
        Upstream::start(move |request| ok(&page_of(&items(now.load(Ordering::Relaxed)), request))).await;
    (upstream, size)
}

#[tokio::test]
async fn items_that_shift_between_pages_are_found_in_another_sweep() {
    // After the first page, the last item moves to the head: item 9 is served twice, and the
    // moved item is on a page that was already fetched.
    let upstream = Upstream::start(|request| {
        let mut all = items(28);
        if request.number >= 1 {
            all.rotate_right(1);
        }
        ok(&page_of(&all, request))
    })
    .await;
    let (bench, crawl) = crawl(&upstream, |_| {}).await;
    assert_eq!((crawl.state, crawl.documents_seen), (CrawlState::Completed, 28));
    assert_eq!(bench.keys().await, first_keys(28));
    assert_eq!(crawl.pages_fetched, 4, "the second sweep stops once all keys were seen");
    let sweeps: Vec<i32> = bench.ledger(&crawl).await.iter().map(|page| page.sweep).collect();
    assert_eq!(sweeps, [1, 1, 1, 2]);
}

#[tokio::test]
async fn a_list_that_becomes_shorter_is_passed_over_again() {
    let upstream =
        Upstream::start(|request| ok(&page_of(&items(if request.number < 2 { 40 } else { 37 }), request)))
            .await;
    let (bench, crawl) = crawl(&upstream, |_| {}).await;
    assert_eq!((crawl.state, crawl.documents_seen), (CrawlState::Completed, 37));
    assert_eq!(crawl.expected_total, Some(37));
    assert_eq!(bench.ledger(&crawl).await.last().expect("a page").sweep, 2, "they may only be withheld");
    assert_eq!(crawl.attempts, crawl.pages_fetched, "no response was suspect");
}

#[tokio::test]
async fn one_wrong_total_changes_nothing() {
    let upstream = Upstream::start(|request| {
        let mut page = page_of(&items(28), request);
        if request.number == 1 {
            page["total"] = json!(12);
        }
        ok(&page)
    })
    .await;
    let (bench, crawl) = crawl(&upstream, |_| {}).await;
    assert_eq!((crawl.state, crawl.pages_fetched, crawl.attempts), (CrawlState::Completed, 3, 4));
    assert_eq!(bench.keys().await, first_keys(28));
}

#[tokio::test]
async fn one_wrong_first_page_completes_no_crawl() {
    for wrong in [json!({"total": 0, "items": []}), json!({"total": 10, "items": &items(30)[..10]})] {
        let upstream = Upstream::start(move |request| match request.number {
            0 => ok(&wrong),
            _ => ok(&page_of(&items(30), request)),
        })
        .await;
        let bench = Bench::new().await;
        let crawl = bench.crawl(&source(upstream.url("/m"))).await;
        assert_eq!((crawl.state, crawl.documents_seen), (CrawlState::Completed, 30));
    }
}

#[tokio::test]
async fn an_empty_upstream_is_complete() {
    let upstream = Upstream::start(|_| ok(&json!({"total": 0, "items": []}))).await;
    let (_, crawl) = crawl(&upstream, |_| {}).await;
    assert_eq!((crawl.state, crawl.documents_seen), (CrawlState::Completed, 0));
}

#[tokio::test]
async fn fewer_keys_than_stated_leave_the_crawl_incomplete() {
    let upstream = Upstream::start(|request| {
        let mut page = page_of(&items(28), request);
        page["total"] = json!(1_030);
        ok(&page)
    })
    .await;
    let (bench, crawl) = crawl(&upstream, |_| {}).await;
    assert_eq!((crawl.state, crawl.documents_seen), (CrawlState::Incomplete, 28));
    let error = crawl.error.clone().expect("an error");
    assert!(error.starts_with("saw 28 distinct keys of 1,030 stated"), "{error}");
    assert!(error.ends_with("further sweeps found no new key"), "{error}");
    assert_eq!(bench.ledger(&crawl).await.last().expect("a page").sweep, 2);

    let again = bench.crawl(&source(upstream.url("/m"))).await;
    assert_eq!((again.state, again.error.as_deref()), (CrawlState::Completed, None), "it is reported once");
    assert_eq!(bench.ledger(&again).await.last().expect("a page").sweep, 1);
}

#[tokio::test]
async fn repeated_keys_do_not_replace_missing_ones() {
    let upstream = Upstream::start(|request| {
        let mut all = items(30);
        all[17] = item(3);
        ok(&page_of(&all, request))
    })
    .await;
    let (_, crawl) = crawl(&upstream, |_| {}).await;
    assert_eq!((crawl.state, crawl.documents_seen), (CrawlState::Incomplete, 29));
    let error = crawl.error.expect("an error");
    assert!(error.contains("29 distinct keys of 30 stated"), "{error}");
    assert!(error.contains("serves some keys more than once"), "{error}");
}

#[tokio::test]
async fn more_keys_than_stated_are_all_stored_and_reported_once() {
    let upstream = Upstream::start(|request| {
        let start = request.query.get("after").map_or(0, |after| after.parse().expect("a number"));
        let next = if start < 20 { json!(start + 10) } else { json!(null) };
        let items: Vec<_> = (start..start + 10).map(item).collect();
        ok(&json!({"total": 25, "items": items, "next": next}))
    })
    .await;
    let bench = Bench::new().await;
    let mut config = source(upstream.url("/m"));
    config.pagination = quarry::config::Pagination::Cursor {
        cursor: "after".into(),
        cursor_format: "{}".into(),
        limit: "limit".into(),
        size: 10,
        next: quarry::config::Locator::parse("/next").expect("a locator"),
        next_is: quarry::config::NextKind::Auto,
    };
    let crawl = bench.crawl(&config).await;
    assert_eq!((crawl.state, crawl.documents_seen), (CrawlState::Completed, 30));
    assert_eq!(crawl.error.as_deref(), Some("the upstream states a total of 25, but serves 30"));
    assert_eq!(bench.crawl(&config).await.error, None);
}

#[tokio::test]
async fn only_a_complete_crawl_removes_vanished_documents() {
    let (upstream, size) = resizable(30).await;
    let bench = Bench::new().await;
    let mut config = source(upstream.url("/m"));
    assert_eq!(bench.crawl(&config).await.state, CrawlState::Completed);

    size.store(27, Ordering::Relaxed);
    let failing = Upstream::start(|request| match request.number {
        0 => ok(&page_of(&items(27), request)),
        _ => raw(404, ""),
    })
    .await;
    let mut failing_config = source(failing.url("/m"));
    failing_config.max_refusals = 1;
    let crawl = bench.crawl(&failing_config).await;
    assert_eq!((crawl.state, crawl.deleted), (CrawlState::Failed, 0));
    assert_eq!(bench.keys().await, first_keys(30));

    config.refresh = None;
    let crawl = bench.crawl(&config).await;
    assert_eq!((crawl.state, crawl.deleted, crawl.unchanged), (CrawlState::Completed, 0, 27));
    assert_eq!(bench.keys().await, first_keys(30), "one complete crawl proves nothing");
    let crawl = bench.crawl(&config).await;
    assert_eq!((crawl.state, crawl.deleted, crawl.unchanged), (CrawlState::Completed, 3, 27));
    assert_eq!(bench.keys().await, first_keys(27));
    size.store(30, Ordering::Relaxed);
    assert_eq!(bench.crawl(&config).await.inserted, 3, "returning documents are inserted again");
}

#[tokio::test]
async fn a_shrunken_upstream_needs_allow_shrink() {
    let (upstream, size) = resizable(30).await;
    let bench = Bench::new().await;
    let config = source(upstream.url("/m"));
    bench.crawl(&config).await;
    size.store(15, Ordering::Relaxed);

    let (crawl, vanished) = finish(&mut bench.crawler(&config)).await;
    assert_eq!((crawl.state, crawl.deleted), (CrawlState::Completed, 0));
    assert_eq!((vanished.live, vanished.vanished, vanished.removed), (30, 15, 0));
    assert!(crawl.error.is_some_and(|error| error.contains("--allow-shrink")));
    assert_eq!(bench.keys().await, first_keys(30));

    let options = CrawlOptions { allow_shrink: true, ..CrawlOptions::new(Uuid::from_u128(1)) };
    let (crawl, vanished) = finish(&mut bench.crawler_of(&config, options)).await;
    assert_eq!((crawl.deleted, vanished.removed, crawl.error), (15, 15, None));
    assert_eq!(bench.keys().await, first_keys(15));
}

#[tokio::test]
async fn a_crawl_of_known_documents_changes_nothing() {
    let (upstream, _) = resizable(30).await;
    let bench = Bench::new().await;
    let config = source(upstream.url("/m"));
    bench.crawl(&config).await;
    let before = bench.store.latest_revision().await.expect("a revision");
    let crawl = bench.crawl(&config).await;
    assert_eq!((crawl.inserted, crawl.updated, crawl.unchanged), (0, 0, 30));
    assert_eq!(bench.store.latest_revision().await.expect("a revision"), before);
}

#[tokio::test]
async fn pages_that_overlap_count_each_document_once() {
    let upstream = Upstream::start(|request| {
        let start = request.number_of("skip").unwrap_or(0).min(25);
        ok(&json!({"items": &items(25)[start..(start + 10).min(25)]}))
    })
    .await;
    let bench = Bench::new().await;
    let config = source_with(upstream.url("/m"), "pagination = { kind = \"offset\", size = 10 }");
    for expected in [(25, 0), (0, 25)] {
        let crawl = bench.crawl(&config).await;
        assert_eq!((crawl.state, crawl.documents_seen), (CrawlState::Completed, 25));
        assert_eq!((crawl.inserted, crawl.unchanged), expected);
    }
}

#[tokio::test]
async fn two_items_of_one_key_are_reported_by_each_crawl() {
    for (second, note) in [
        (5, "two different items of the page have the key"),
        (15, "the upstream serves some keys more than once"),
    ] {
        let upstream = Upstream::start(move |request| {
            let mut items = items(25);
            items[second]["id"] = items[2]["id"].clone();
            let start = request.number_of("skip").unwrap_or(0).min(25);
            ok(&json!({"items": &items[start..(start + 10).min(25)], "total": 25}))
        })
        .await;
        let (bench, config) = (Bench::new().await, source(upstream.url("/m")));
        for state in [CrawlState::Incomplete, CrawlState::Completed, CrawlState::Completed] {
            let crawl = bench.crawl(&config).await;
            assert_eq!((crawl.state, crawl.documents_seen), (state, 24));
            let error = crawl.error.expect("a note");
            assert!(error.contains(note), "{error}");
        }
    }
}

#[tokio::test]
async fn steps_report_the_progress_of_a_crawl() {
    let (upstream, _) = resizable(15).await;
    let bench = Bench::new().await;
    let mut crawler = bench.crawler(&source(upstream.url("/m")));
    let mut reported = Vec::new();
    while !reported.iter().any(|line: &String| line.starts_with("finished")) {
        reported.push(match crawler.step(Utc::now()).await.expect("a step") {
            StepOutcome::Started { resumed, .. } => format!("started, resumed {resumed}"),
            StepOutcome::PageStored { crawl, position, sweep, items, sweep_ended, .. } => {
                format!(
                    "page {} of {sweep}: {items}, {} seen, ended {sweep_ended}",
                    position.0, crawl.documents_seen
                )
            }
            StepOutcome::Finished { crawl, .. } => format!("finished {}", crawl.state.as_str()),
            other => format!("{other:?}"),
        });
    }
    let expected = [
        "started, resumed false",
        "page 0 of 1: 10, 10 seen, ended false",
        "page 1 of 1: 5, 15 seen, ended true",
        "finished completed",
    ];
    assert_eq!(reported, expected);
}
