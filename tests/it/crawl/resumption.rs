//! Resumption of interrupted crawls, with the same result as without the interruption.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use quarry::config::JsonPointer;
use quarry::crawl::{LogProgress, RunEnd, StepOutcome};
use quarry::domain::CrawlState;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::scripted::{Reply, Upstream, items, ok, page_of, raw, source};
use super::{Bench, finish, first_keys};
use crate::support::wait::until;

#[tokio::test]
async fn a_crawler_that_is_killed_after_every_step_completes() {
    let upstream = Upstream::start(|request| match request.number % 3 {
        0 => raw(429, ""),
        _ => ok(&page_of(&items(65), request)),
    })
    .await;
    let bench = Bench::new().await;
    let config = source(upstream.url("/m"));
    let mut resumed = 0;
    let crawl = 'ended: loop {
        let mut crawler = bench.crawler(&config);
        for _ in 0..2 {
            match crawler.step(Utc::now()).await.expect("a step") {
                StepOutcome::Started { resumed: true, .. } => resumed += 1,
                StepOutcome::Finished { crawl, .. } => break 'ended crawl,
                _ => {}
            }
        }
    };
    assert_eq!((crawl.state, crawl.documents_seen, crawl.inserted), (CrawlState::Completed, 65, 65));
    assert_eq!(bench.keys().await, first_keys(65));
    assert_eq!(crawl.pages_fetched, 7);
    assert_eq!(crawl.attempts as usize, upstream.requests().len(), "every request is in the ledger");
    assert_eq!(resumed, upstream.requests().len(), "each crawler but the first resumed the crawl");
}

#[tokio::test]
async fn a_crawler_that_is_dropped_during_a_request_loses_nothing() {
    let (reached, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (signal, closed) = (reached.clone(), gate.clone());
    let upstream = Upstream::start(move |request| {
        if request.number_of("skip") == Some(20) && closed.available_permits() == 0 {
            signal.add_permits(1);
            return Reply::Stall;
        }
        ok(&page_of(&items(45), request))
    })
    .await;
    let bench = Bench::new().await;
    let config = source(upstream.url("/m"));
    let mut crawler = bench.crawler(&config);
    let running = tokio::spawn(async move { crawler.run(&CancellationToken::new(), &LogProgress).await });
    reached.acquire().await.expect("open").forget();
    // The pages before are stored during the request.
    until("two pages", async || {
        let crawls = bench.store.crawls_of_source(&config.name, 1).await.expect("crawls");
        let ledger = bench.store.crawl_page_count(crawls[0].id).await.expect("a number");
        (crawls[0].pages_fetched == 2 && ledger == 3).then_some(())
    })
    .await;
    running.abort();
    assert!(running.await.expect_err("dropped").is_cancelled());
    gate.add_permits(1);

    let (crawl, _) = finish(&mut bench.crawler(&config)).await;
    assert_eq!((crawl.state, crawl.documents_seen, crawl.inserted), (CrawlState::Completed, 45, 45));
    assert_eq!(bench.keys().await, first_keys(45));
    let ledger = bench.ledger(&crawl).await;
    let attempts: Vec<i32> = ledger.iter().map(|page| page.attempts).collect();
    assert_eq!(attempts, [1, 1, 2, 1, 1], "the interrupted attempt is counted");
    let skips: Vec<_> = upstream.requests().iter().map(|request| request.query["skip"].clone()).collect();
    assert_eq!(skips, ["0", "10", "20", "20", "30", "40"], "it continued at its page");
}

#[tokio::test]
async fn a_cancelled_run_releases_its_lease_and_can_resume() {
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    let upstream = Upstream::start(move |request| {
        if request.number == 2 {
            stop.cancel();
            return Reply::Stall;
        }
        ok(&page_of(&items(35), request))
    })
    .await;
    let bench = Bench::new().await;
    let config = source(upstream.url("/m"));
    let mut crawler = bench.crawler(&config);
    assert_eq!(crawler.run(&cancel, &LogProgress).await.expect("a run"), RunEnd::Cancelled);
    assert_eq!(bench.store.lease_holder("crawl:messages").await.expect("a result"), None);
    let last = bench.store.crawls_of_source(&config.name, 5).await.expect("crawls");
    assert_eq!((last.len(), last[0].state, last[0].pages_fetched), (1, CrawlState::Running, 2));

    let end = crawler.run(&CancellationToken::new(), &LogProgress).await.expect("a run");
    let RunEnd::Finished(crawl, _) = end else { panic!("{end:?}") };
    assert_eq!((crawl.id, crawl.state, crawl.pages_fetched), (last[0].id, CrawlState::Completed, 4));
    assert_eq!(bench.keys().await, first_keys(35));
}

#[tokio::test]
async fn a_repeated_page_is_detected_after_a_resumption() {
    let upstream = Upstream::start(|request| match request.number {
        2 => ok(&page_of(&items(30), &{
            let mut first = request.clone();
            first.query.insert("skip".into(), "0".into());
            first
        })),
        _ => ok(&page_of(&items(30), request)),
    })
    .await;
    let bench = Bench::new().await;
    let config = source(upstream.url("/m"));
    let mut crawler = bench.crawler(&config);
    for _ in 0..3 {
        crawler.step(Utc::now()).await.expect("a step");
    }
    let (crawl, _) = finish(&mut bench.crawler(&config)).await;
    assert_eq!(crawl.state, CrawlState::Completed);
    assert_eq!(bench.failures(&crawl).await, ["repeated page: the same items as page 0"]);
}

#[tokio::test]
async fn changed_settings_start_a_new_crawl() {
    let upstream = Upstream::start(|request| ok(&page_of(&items(30), request))).await;
    let bench = Bench::new().await;
    let mut config = source(upstream.url("/m"));
    let mut crawler = bench.crawler(&config);
    for _ in 0..3 {
        crawler.step(Utc::now()).await.expect("a step");
    }
    config.fields.title = Some(JsonPointer::parse("/extra").expect("a pointer").into());
    assert_eq!(bench.crawl(&config).await.state, CrawlState::Completed);
    let crawls = bench.store.crawls_of_source(&config.name, 5).await.expect("crawls");
    let states: Vec<CrawlState> = crawls.iter().map(|crawl| crawl.state).collect();
    assert_eq!(states, [CrawlState::Completed, CrawlState::Failed]);
    let error = crawls[1].error.as_deref();
    assert_eq!(error, Some("the settings of the source changed before the crawl had ended"));
    let mut paced = config.clone();
    paced.delay = Duration::from_millis(1);
    assert_eq!(bench.crawl(&paced).await.unchanged, 30, "the delay is not such a setting");
}
