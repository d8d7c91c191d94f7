//! Crawls of the simulator with all faults, in each kind of pagination.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::Utc;
use quarry::config::{ItemsPath, Locator, NextKind, Pagination, SourceConfig};
use quarry::crawl::StepOutcome;
use quarry::domain::{Crawl, CrawlState};
use quarry::simulator::{Collection, FaultProfile, Simulator, synthetic};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::scripted::source;
use super::{Bench, finish};

/// The number of messages, high enough for a sweep to meet every fault.
const MESSAGES: usize = 1_200;

/// A simulator, which stops when it is dropped.
struct Simulated {
    address: String,
    _stop: DropGuard,
}

async fn simulate(profile: FaultProfile, seed: u64) -> Simulated {
    let messages = Collection::from_values("messages", synthetic::messages(MESSAGES, 7)).expect("messages");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let stop = CancellationToken::new();
    let until = stop.clone().cancelled_owned();
    tokio::spawn(Simulator::new([messages], profile, seed).serve(listener, until));
    Simulated { address, _stop: stop.drop_guard() }
}

impl Simulated {
    fn source(&self, path: &str) -> SourceConfig {
        let mut config = source(format!("http://{}{path}", self.address).parse().expect("a URL"));
        config.pagination =
            Pagination::Offset { offset: "skip".into(), limit: "limit".into(), size: 100, first: 0 };
        config.timeout = Duration::from_millis(500);
        config
    }
}

fn keys_served() -> BTreeSet<String> {
    synthetic::messages(MESSAGES, 7)
        .map(|message| serde_json::to_value(message).expect("JSON")["id"].as_str().expect("an id").to_owned())
        .collect()
}

async fn check(bench: &Bench, crawl: &Crawl) {
    assert_eq!((crawl.state, crawl.error.as_deref()), (CrawlState::Completed, None));
    assert_eq!(crawl.documents_seen as usize, MESSAGES);
    assert_eq!(crawl.inserted as usize, MESSAGES, "none is inserted twice");
    assert_eq!(bench.keys().await, keys_served());
    let ledger = bench.ledger(crawl).await;
    let attempts: i64 = ledger.iter().map(|page| i64::from(page.attempts)).sum();
    assert_eq!(attempts, crawl.attempts, "the ledger has each attempt");
    assert!(ledger.iter().all(|page| page.failures.len() as i32 == page.attempts - 1), "with its failure");
}

#[tokio::test]
async fn every_profile_ends_complete() {
    for profile in [FaultProfile::None, FaultProfile::Real, FaultProfile::Harsh] {
        for seed in 1..=3 {
            let simulated = simulate(profile, seed).await;
            let bench = Bench::new().await;
            let crawl = bench.crawl(&simulated.source("/messages")).await;
            check(&bench, &crawl).await;
        }
    }
}

#[tokio::test]
async fn a_crawler_that_is_replaced_many_times_completes() {
    let simulated = simulate(FaultProfile::Harsh, 5).await;
    let bench = Bench::new().await;
    let mut config = simulated.source("/messages/");
    config.pagination =
        Pagination::Offset { offset: "skip".into(), limit: "limit".into(), size: 20, first: 0 };
    for _ in 0..5 {
        let mut crawler = bench.crawler(&config);
        for _ in 0..7 {
            let outcome = crawler.step(Utc::now()).await.expect("a step");
            assert!(!matches!(outcome, StepOutcome::Finished { .. }), "finished too early");
        }
    }
    let (crawl, _) = finish(&mut bench.crawler(&config)).await;
    check(&bench, &crawl).await;
}

#[tokio::test]
async fn the_other_kinds_of_pagination_complete() {
    let next = Locator::parse("/next_cursor").expect("a locator");
    let (cursor_format, next_is) = ("{}".into(), NextKind::Auto);
    let size = 100;
    for (path, pagination) in [
        ("/messages/page/", Pagination::Page { page: "page".into(), limit: "size".into(), size, first: 1 }),
        (
            "/messages/cursor/",
            Pagination::Cursor {
                cursor: "cursor".into(),
                cursor_format,
                limit: "limit".into(),
                size,
                next,
                next_is,
            },
        ),
        ("/messages/link/", Pagination::Link { limit: "per_page".into(), size }),
    ] {
        let simulated = simulate(FaultProfile::Harsh, 9).await;
        let bench = Bench::new().await;
        let mut config = simulated.source(path);
        if matches!(pagination, Pagination::Link { .. }) {
            // The body is a bare array, and the total is in a header.
            config.items = ItemsPath::parse("").expect("a pointer");
            config.total = None;
        }
        config.pagination = pagination;
        let crawl = bench.crawl(&config).await;
        check(&bench, &crawl).await;
    }
}
