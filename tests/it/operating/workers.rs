//! Metrics of workers: their names, their health and the address that serves them.

use std::collections::BTreeSet;

use super::samples;
use crate::support::folder::Folder;
use crate::support::messages::{BY_OFFSET, MESSAGES, SEED, source};
use crate::support::redis::{OwnRedis, shared_url};
use crate::support::server::Server;
use crate::support::upstream::Upstream;
use crate::support::wait::until;

/// The workers of every server.
const ALWAYS: [&str; 14] = [
    "attribution",
    "crawler",
    "database",
    "flusher",
    "http",
    "indexer",
    "interactions",
    "popularity",
    "readiness",
    "report erasures",
    "retention",
    "roll-up",
    "search rules",
    "settings",
];
const STEPS: [&str; 11] = [
    "attribution",
    "crawler",
    "database",
    "flusher",
    "indexer",
    "popularity",
    "report erasures",
    "retention",
    "roll-up",
    "search rules",
    "suggestions",
];

async fn workers(server: &Server, address: &str) -> BTreeSet<String> {
    let samples = samples(address).await.expect("metrics");
    let named = |prefix: &str| -> BTreeSet<String> {
        let named = samples.iter().filter_map(|(name, value)| {
            let rest = name.strip_prefix(&format!("quarry_{prefix}{{worker=\""))?;
            if prefix == "worker_up" {
                assert!((value - 1.0).abs() < f64::EPSILON, "{name} is {value}: {}", server.process.stderr());
            }
            Some(rest.trim_end_matches("\"}").to_owned())
        });
        named.collect()
    };
    let steps = named("worker_last_success_age_seconds");
    assert_eq!(steps, named("worker_failures_total"));
    let expected: BTreeSet<String> = STEPS.map(str::to_owned).into();
    assert!(steps.is_superset(&expected), "{steps:?}");
    named("worker_up")
}

fn expected(more: &[&str]) -> BTreeSet<String> {
    ALWAYS.iter().chain(&["suggestions"]).chain(more).map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn every_worker_has_metrics() {
    let folder = Folder::new("");
    let server = folder.serve().await;
    assert_eq!(workers(&server, server.endpoint.address()).await, expected(&["journal"]));
    server.stop().await;

    let redis = OwnRedis::start();
    assert_ne!(redis.url(), shared_url());
    let folder =
        Folder::new(&format!("redis_url = \"{}\"\n[server]\nmetrics_listen = \"127.0.0.1:0\"", redis.url()));
    let mut server = Server::start(&folder).await;
    server.ready().await;
    let operators = server.process.line("the address of metrics", metrics_address).await;
    assert_eq!(workers(&server, &operators).await, expected(&["metrics", "redis links", "search feed"]));
    // Only that address serves metrics; both serve health.
    assert_eq!(server.endpoint.status("/metrics").await, Some(404));
    for address in [operators.as_str(), server.endpoint.address()] {
        let endpoint = crate::support::server::Endpoint::new(address.to_owned());
        assert_eq!(endpoint.status("/readyz").await, Some(200));
        assert_eq!(endpoint.status("/livez").await, Some(200));
    }
    let private = crate::support::server::Endpoint::new(operators.clone());
    assert_eq!(private.status("/graphql?query={__typename}").await, Some(404));
    server.stop().await;
}

fn metrics_address(line: &str) -> Option<String> {
    Some(line.strip_prefix("Metrics   http://")?.strip_suffix("/metrics")?.to_owned())
}

#[tokio::test]
async fn crawls_are_counted_by_source() {
    let upstream = Upstream::start("real", SEED).await;
    let folder = Folder::new(&source(&upstream.url("/messages/"), BY_OFFSET, "delay = \"0s\""));
    let server = folder.serve().await;
    let name = |name: &str| format!("quarry_{name}{{source=\"messages\"}}");
    let done = "quarry_crawls_finished_total{source=\"messages\",state=\"completed\"}";
    let metrics = until("the crawl to end", async || {
        let samples = samples(server.endpoint.address()).await?;
        (samples[done] >= 1.0).then_some(samples)
    })
    .await;
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let messages = MESSAGES as f64;
    assert!(metrics[&name("crawl_items_total")] >= messages, "{metrics:?}");
    assert!(metrics[&name("crawl_pages_total")] >= messages / 100.0, "{metrics:?}");
    assert!(metrics[&name("crawl_attempts_failed_total")] >= 1.0, "{metrics:?}");
    assert!(metrics[&name("crawl_items_rejected_total")].abs() < f64::EPSILON, "{metrics:?}");
    server.stop().await;
}
