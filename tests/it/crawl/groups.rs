//! Pages that arrive without pauses are stored in groups, each with the position behind it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use quarry::config::{Pagination, SourceConfig};
use quarry::crawl::{Progress, RunEnd};
use quarry::domain::{CrawlState, SourceName};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::scripted::{Reply, items, ok, page_of, raw};
use super::*;
use crate::support::databases::execute;

/// Records the positions of stored pages, with the documents that the crawl has seen.
#[derive(Default)]
struct StoredPages(Mutex<Vec<(i64, i64)>>);

impl Progress for StoredPages {
    fn report(&self, _source: &SourceName, outcome: &StepOutcome) {
        if let StepOutcome::PageStored { crawl, position, .. } = outcome {
            self.0.lock().expect("not poisoned").push((position.0, crawl.documents_seen));
        }
    }
}

/// Crawls as a server does, and returns the crawl with its reports.
async fn run(bench: &Bench, config: &SourceConfig) -> (Crawl, Vec<(i64, i64)>) {
    let stored = StoredPages::default();
    let end = bench.crawler(config).run(&CancellationToken::new(), &stored).await.expect("a run");
    let RunEnd::Finished(crawl, _) = end else { panic!("{end:?}") };
    (*crawl, stored.0.into_inner().expect("not poisoned"))
}

/// Returns the positions of the pages in the ledger.
async fn positions(bench: &Bench, crawl: &Crawl) -> Vec<i64> {
    bench.ledger(crawl).await.iter().map(|page| page.position.0).collect()
}

/// Counts the statements that insert documents.
fn count_inserts(bench: &mut Bench) -> Arc<AtomicUsize> {
    let inserts = Arc::new(AtomicUsize::new(0));
    let counted = inserts.clone();
    bench.store.observe_statements(move |statement| {
        let is_insert = statement.sql.starts_with("INSERT INTO \"documents\"");
        counted.fetch_add(usize::from(is_insert), Ordering::SeqCst);
    });
    inserts
}

#[tokio::test]
async fn pages_without_pauses_are_stored_together_and_reported_one_by_one() {
    let upstream = Upstream::start(|request| ok(&page_of(&items(995), request))).await;
    let mut bench = Bench::new().await;
    let inserts = count_inserts(&mut bench);
    let (crawl, reports) = run(&bench, &source(upstream.url("/m"))).await;
    assert_eq!((crawl.state, crawl.documents_seen, crawl.inserted), (CrawlState::Completed, 995, 995));
    assert_eq!((crawl.pages_fetched, crawl.attempts), (100, 100));
    assert_eq!(bench.keys().await, first_keys(995));
    let expected: Vec<(i64, i64)> = (0..100).map(|page| (page, (page * 10 + 10).min(995))).collect();
    assert_eq!(reports, expected);
    let inserts = inserts.load(Ordering::SeqCst);
    assert!(inserts < 50, "{inserts} statements for 100 pages");
    let ledger = bench.ledger(&crawl).await;
    assert!(ledger.iter().all(|page| (page.attempts, page.status) == (1, Some(200))));
    assert_eq!(ledger.iter().map(|page| page.documents).sum::<i32>(), 995);
}

#[tokio::test]
async fn pages_with_pauses_are_stored_alone() {
    let upstream = Upstream::start(|request| ok(&page_of(&items(95), request))).await;
    let mut bench = Bench::new().await;
    let inserts = count_inserts(&mut bench);
    let config = SourceConfig { delay: Duration::from_millis(1), ..source(upstream.url("/m")) };
    run(&bench, &config).await;
    assert_eq!(inserts.load(Ordering::SeqCst), 10);
}

#[tokio::test]
async fn failures_between_grouped_pages_are_in_the_ledger() {
    let upstream = Upstream::start(|request| match request.number % 7 {
        3 => raw(503, ""),
        5 => ok(&json!({"items": [], "error": "timeout"})),
        _ => ok(&page_of(&items(195), request)),
    })
    .await;
    let bench = Bench::new().await;
    let (crawl, reports) = run(&bench, &source(upstream.url("/m"))).await;
    assert_eq!((crawl.state, crawl.documents_seen, crawl.inserted), (CrawlState::Completed, 195, 195));
    assert_eq!(bench.keys().await, first_keys(195));
    assert_eq!(crawl.attempts as usize, upstream.requests().len(), "every request is in the ledger");
    let ledger = bench.ledger(&crawl).await;
    let attempts: i64 = ledger.iter().map(|page| i64::from(page.attempts)).sum();
    assert_eq!(attempts, crawl.attempts);
    assert!(ledger.iter().all(|page| page.failures.len() as i32 == page.attempts - 1));
    let positions: Vec<i64> = reports.iter().map(|(position, _)| *position).collect();
    assert_eq!(positions, (0..crawl.pages_fetched).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_crawl_that_is_killed_within_a_group_resumes_before_it() {
    for stalled in [1, 4, 9] {
        let (reached, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (signal, closed) = (reached.clone(), gate.clone());
        let upstream = Upstream::start(move |request| {
            if request.number_of("skip") == Some(stalled * 10) && closed.available_permits() == 0 {
                signal.add_permits(1);
                return Reply::Stall;
            }
            ok(&page_of(&items(105), request))
        })
        .await;
        let bench = Bench::new().await;
        let config = source(upstream.url("/m"));
        let mut crawler = bench.crawler(&config);
        let running =
            tokio::spawn(
                async move { crawler.run(&CancellationToken::new(), &StoredPages::default()).await },
            );
        reached.acquire().await.expect("open").forget();
        running.abort();
        assert!(running.await.expect_err("dropped").is_cancelled());
        gate.add_permits(1);

        let (crawl, _) = run(&bench, &config).await;
        let counts = (crawl.documents_seen, crawl.inserted, crawl.unchanged, crawl.pages_fetched);
        assert_eq!((crawl.state, counts), (CrawlState::Completed, (105, 105, 0, 11)));
        assert_eq!(bench.keys().await, first_keys(105));
        assert_eq!(positions(&bench, &crawl).await, (0..11).collect::<Vec<_>>());
    }
}

/// Lets the database refuse a document.
async fn refuse(bench: &Bench, key: &str) {
    let trigger = format!(
        "CREATE TRIGGER refuse BEFORE INSERT ON documents WHEN NEW.key = '{key}' \
         BEGIN SELECT RAISE(ABORT, 'no'); END"
    );
    execute(bench.database.url(), &trigger).await;
}

#[tokio::test]
async fn the_store_refuses_one_page_of_a_group_and_keeps_those_before_it() {
    let upstream = Upstream::start(|request| ok(&page_of(&items(95), request))).await;
    let bench = Bench::new().await;
    refuse(&bench, "k47").await;
    let (crawl, reports) = run(&bench, &source(upstream.url("/m"))).await;
    assert_eq!(crawl.state, CrawlState::Failed);
    let error = crawl.error.as_deref();
    assert_eq!(error, Some("page 4 (skip=40) could not be stored; see the log"));
    assert_eq!(bench.keys().await, first_keys(40));
    assert_eq!(reports.last(), Some(&(3, 40)));
}

#[tokio::test]
async fn a_list_that_repeats_keys_is_counted_as_with_single_pages() {
    // Each page begins with the last three items of the one before.
    let script = |request: &super::scripted::ReceivedRequest| {
        let (all, skip) = (items(60), request.number_of("skip").unwrap_or(0));
        let page: Vec<Value> = all.into_iter().skip((skip / 10) * 7).take(10).collect();
        ok(&json!({ "items": page }))
    };
    let mut results = Vec::new();
    for delay in [0, 1] {
        let upstream = Upstream::start(script).await;
        let bench = Bench::new().await;
        let config = SourceConfig { delay: Duration::from_millis(delay), ..source(upstream.url("/m")) };
        let (crawl, reports) = run(&bench, &config).await;
        results.push((crawl.state, crawl.documents_seen, crawl.unchanged, crawl.error, reports));
    }
    assert_eq!(results[0], results[1]);
    assert_eq!(results[0].1, 60);
}

/// A source of pages so large that some groups are stored while others are fetched.
fn large_pages(upstream: &Upstream) -> SourceConfig {
    let mut config = source(upstream.url("/m"));
    config.pagination =
        Pagination::Offset { offset: "skip".into(), limit: "limit".into(), size: 1_000, first: 0 };
    config
}

#[tokio::test]
async fn groups_are_stored_while_others_are_fetched() {
    let all = items(44_500);
    let upstream = Upstream::start(move |request| ok(&page_of(&all, request))).await;
    let bench = Bench::new().await;
    let (crawl, reports) = run(&bench, &large_pages(&upstream)).await;
    let counts = (crawl.documents_seen, crawl.inserted, crawl.pages_fetched, crawl.attempts);
    assert_eq!((crawl.state, counts), (CrawlState::Completed, (44_500, 44_500, 45, 45)));
    assert_eq!(bench.keys().await, first_keys(44_500));
    let expected: Vec<(i64, i64)> = (0..45).map(|page| (page, (page * 1_000 + 1_000).min(44_500))).collect();
    assert_eq!(reports, expected);
    assert_eq!(positions(&bench, &crawl).await, (0..45).collect::<Vec<_>>());
    assert!(bench.ledger(&crawl).await.iter().all(|page| page.attempts == 1));
}

#[tokio::test]
async fn the_store_refuses_a_page_while_others_are_fetched() {
    let all = items(30_000);
    let upstream = Upstream::start(move |request| ok(&page_of(&all, request))).await;
    let bench = Bench::new().await;
    refuse(&bench, "k7500").await;
    let (crawl, reports) = run(&bench, &large_pages(&upstream)).await;
    assert_eq!(crawl.state, CrawlState::Failed);
    assert_eq!(crawl.error.as_deref(), Some("page 7 (skip=7000) could not be stored; see the log"));
    assert_eq!(bench.keys().await, first_keys(7_000));
    assert_eq!(reports.last(), Some(&(6, 7_000)));
}

/// Cancels a crawl at its first report.
struct CancelAtReport(CancellationToken);

impl Progress for CancelAtReport {
    fn report(&self, _source: &SourceName, outcome: &StepOutcome) {
        if matches!(outcome, StepOutcome::PageStored { .. }) {
            self.0.cancel();
        }
    }
}

#[tokio::test]
async fn a_crawl_that_is_stopped_while_a_group_is_stored_has_no_gap() {
    let all = items(59_500);
    let upstream = Upstream::start(move |request| ok(&page_of(&all, request))).await;
    let (bench, cancel) = (Bench::new().await, CancellationToken::new());
    let config = large_pages(&upstream);
    let end = bench.crawler(&config).run(&cancel, &CancelAtReport(cancel.clone())).await;
    assert!(matches!(end, Ok(RunEnd::Cancelled)), "{end:?}");
    let stored = bench.keys().await.len();
    assert!((1_000..59_500).contains(&stored) && stored % 1_000 == 0, "{stored}");
    assert_eq!(bench.keys().await, first_keys(stored));
    let requests = upstream.requests().len();

    let (crawl, _) = run(&bench, &config).await;
    let counts = (crawl.documents_seen, crawl.inserted, crawl.unchanged, crawl.pages_fetched);
    assert_eq!((crawl.state, counts), (CrawlState::Completed, (59_500, 59_500, 0, 60)));
    assert_eq!(bench.keys().await, first_keys(59_500));
    assert_eq!(positions(&bench, &crawl).await, (0..60).collect::<Vec<_>>());
    let resumed = &upstream.requests()[requests];
    assert_eq!(resumed.number_of("skip"), Some(stored), "nothing that was stored is requested again");
}
