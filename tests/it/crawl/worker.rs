//! The worker of a server, which crawls due sources once in a fleet.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use quarry::config::SourceConfig;
use quarry::crawl::{CrawlOptions, CrawlSource, CrawlWorker, LogProgress};
use quarry::domain::{CrawlState, SourceName};
use quarry::supervisor::Pulse;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Bench;
use super::children::sources as child_sources;
use super::scripted::{ReceivedRequest, Reply, Upstream, items, ok, page_of, raw, source};
use crate::support::wait::ends;

fn name(text: &str) -> SourceName {
    SourceName::parse(text).expect("a name")
}

fn worker(bench: &Bench, configs: &[SourceConfig], holder: u128) -> CrawlWorker {
    let sources =
        configs.iter().map(|config| CrawlSource::new(config.clone()).expect("an upstream")).collect();
    let options = CrawlOptions::new(Uuid::from_u128(holder));
    CrawlWorker::new(bench.store.clone(), sources, options, Arc::new(LogProgress))
}

async fn states(bench: &Bench, source: &str) -> Vec<CrawlState> {
    let crawls = bench.store.crawls_of_source(&name(source), 10).await.expect("crawls");
    crawls.iter().map(|crawl| crawl.state).collect()
}

fn two_sources(upstream: &Upstream) -> [SourceConfig; 2] {
    ["a", "b"].map(|text| {
        let mut config = source(upstream.url(&format!("/{text}")));
        config.name = name(text);
        config.refresh = Some(std::time::Duration::from_secs(600));
        config
    })
}

/// Refuses `/b`.
fn half(request: &ReceivedRequest) -> Reply {
    if request.path == "/b" { raw(403, "") } else { ok(&page_of(&items(25), request)) }
}

#[tokio::test]
async fn sources_are_crawled_at_the_start_and_then_when_due() {
    let upstream = Upstream::start(half).await;
    let bench = Bench::new().await;
    let mut worker = worker(&bench, &two_sources(&upstream), 1);
    let never = CancellationToken::new();
    let now = Utc::now();
    assert_eq!(worker.step(now, &never).await.expect("a step"), [name("a"), name("b")]);
    assert_eq!(worker.step(now, &never).await.expect("a step"), [], "running already");
    worker.join_all().await;
    assert_eq!(states(&bench, "a").await, [CrawlState::Completed]);
    assert_eq!(states(&bench, "b").await, [CrawlState::Failed], "a failed source affects no other");

    let later = |seconds| Utc::now() + TimeDelta::seconds(seconds);
    assert_eq!(worker.step(later(30), &never).await.expect("a step"), []);
    assert_eq!(worker.step(later(70), &never).await.expect("a step"), [name("b")], "a failure is retried");
    worker.join_all().await;
    assert_eq!(worker.step(later(670), &never).await.expect("a step"), [name("a"), name("b")]);
    worker.join_all().await;
    assert_eq!(states(&bench, "a").await, [CrawlState::Completed; 2]);
}

#[tokio::test]
async fn a_child_is_crawled_after_each_complete_crawl_of_its_parent() {
    let upstream = Upstream::start(|request| match request.path.as_str() {
        "/posts" => ok(&page_of(&items(3), request)),
        _ => ok(&page_of(&items(1), request)),
    })
    .await;
    let bench = Bench::new().await;
    let (mut posts, comments) = child_sources(&upstream, "total = \"/total\"", "[\"{id}\", \"/id\"]");
    posts.refresh = Some(std::time::Duration::from_secs(600));
    let mut worker = worker(&bench, &[comments, posts], 1);
    let never = CancellationToken::new();
    let later = |seconds| Utc::now() + TimeDelta::seconds(seconds);
    assert_eq!(worker.step(later(0), &never).await.expect("a step"), [name("posts")]);
    worker.join_all().await;
    assert_eq!(worker.step(later(0), &never).await.expect("a step"), [name("comments")]);
    worker.join_all().await;
    assert_eq!(states(&bench, "comments").await, [CrawlState::Completed]);
    assert_eq!(worker.step(later(10), &never).await.expect("a step"), [], "the parent is not due");
    assert_eq!(worker.step(later(670), &never).await.expect("a step"), [name("posts")]);
    worker.join_all().await;
    assert_eq!(worker.step(later(0), &never).await.expect("a step"), [name("comments")]);
    worker.join_all().await;
    assert_eq!(states(&bench, "comments").await, [CrawlState::Completed; 2]);
}

#[tokio::test]
async fn of_a_fleet_one_server_crawls_a_source() {
    let upstream = Upstream::start(half).await;
    let bench = Bench::new().await;
    let [config, _] = two_sources(&upstream);
    let mut fleet: Vec<CrawlWorker> =
        (1..=4).map(|holder| worker(&bench, std::slice::from_ref(&config), holder)).collect();
    let (now, never) = (Utc::now(), CancellationToken::new());
    for server in &mut fleet {
        assert_eq!(server.step(now, &never).await.expect("a step").len(), 1, "each finds it due");
    }
    for server in &mut fleet {
        server.join_all().await;
    }
    assert_eq!(states(&bench, "a").await, [CrawlState::Completed]);
    assert_eq!(upstream.requests().len(), 3);
}

#[tokio::test]
async fn a_requested_crawl_starts_when_the_worker_is_woken() {
    let upstream = Upstream::start(half).await;
    let bench = Bench::new().await;
    let [config, _] = two_sources(&upstream);
    assert_eq!(bench.crawl(&config).await.state, CrawlState::Completed);
    let worker = worker(&bench, std::slice::from_ref(&config), 1);
    let (crawls, cancel) = (worker.crawls(), CancellationToken::new());
    let running = tokio::spawn(worker.run(cancel.clone(), Pulse::new(true)));
    let requested = crawls.begin(&config.name, false, Utc::now()).await.expect("a crawl");
    let ended = async {
        loop {
            let crawl =
                bench.store.crawls_by_id(&[requested.id]).await.expect("crawls")[&requested.id].clone();
            if crawl.state != CrawlState::Running {
                return crawl;
            }
            tokio::task::yield_now().await;
        }
    };
    let crawl = ends("the crawl", ended).await;
    assert_eq!(crawl.state, CrawlState::Completed);
    cancel.cancel();
    running.await.expect("the worker ends");
}

#[tokio::test]
async fn a_stopped_worker_leaves_its_crawls_running() {
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    let upstream = Upstream::start(move |request| {
        if request.number == 1 {
            stop.cancel();
            return Reply::Stall;
        }
        half(request)
    })
    .await;
    let bench = Bench::new().await;
    let [config, _] = two_sources(&upstream);
    worker(&bench, std::slice::from_ref(&config), 1).run(cancel, Pulse::new(true)).await;
    assert_eq!(states(&bench, "a").await, [CrawlState::Running]);
    assert_eq!(bench.store.lease_holder("crawl:a").await.expect("a result"), None);
    let mut next = worker(&bench, &[config], 2);
    next.step(Utc::now(), &CancellationToken::new()).await.expect("a step");
    next.join_all().await;
    assert_eq!(states(&bench, "a").await, [CrawlState::Completed]);
}
