//! Ten times as many queries as the server can answer: it answers what it can, refuses the rest in
//! words that programs understand, does not grow, and is itself again when it is over.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};

use crate::support::folder::Folder;
use crate::support::server::{Endpoint, Server};
use crate::support::wait::within;

/// How long the storm lasts.
const STORM: Duration = Duration::from_secs(10);
/// How much worse than what can be done.
const TIMES: f64 = 10.0;
/// How many ask.
const CLIENTS: usize = 100;
/// What the server may grow by in it, in bytes.
const SLACK: u64 = 64 << 20;

/// A query that takes its time.
fn query() -> Vec<u8> {
    let searches: String = (0..40)
        .map(|n| {
            format!(
                "a{n}: search(query: \"word{n}\", first: 20) {{ nodes {{ id text }} facets {{ field }} }} "
            )
        })
        .collect();
    json!({ "query": format!("{{ {searches} }}") }).to_string().into_bytes()
}

/// How many answers there are of each kind.
type Counts = BTreeMap<&'static str, u32>;

/// What an answer is; only these two there may be.
fn kind((status, answer): (u16, String)) -> &'static str {
    match status {
        200 if !answer.contains("\"errors\"") => "answered",
        503 if answer.contains("TOO_BUSY") => "refused",
        _ => panic!("{status}: {answer}"),
    }
}

async fn ask(endpoint: &Endpoint) -> &'static str {
    kind(endpoint.send("application/json", query()).await.expect("the server answers"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_queries_is_weathered() {
    let folder = Folder::new("[limits]\noperations = 8\n");
    let server = Server::start(&folder).await;
    server.ready().await;
    let endpoint = server.endpoint.clone();
    let documents: Vec<(String, String)> = (0..200)
        .map(|n| (n.to_string(), (0..20).map(|word| format!("word{} ", (n + word) % 40)).collect()))
        .collect();
    let documents: Vec<(&str, &str)> =
        documents.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
    assert!(endpoint.index("shop", &documents).await.errors.is_empty());
    // What it can do: as many at once as it takes, for a while.
    let begun = Instant::now();
    let answered: usize = join_all((0..8).map(async |_| {
        let mut answered = 0;
        while begun.elapsed() < Duration::from_secs(3) {
            answered += usize::from(ask(&endpoint).await == "answered");
        }
        answered
    }))
    .await
    .into_iter()
    .sum();
    let rate = answered as f64 / begun.elapsed().as_secs_f64();
    let before = server.process.resident_bytes();
    let most = AtomicU64::new(before);
    let begun = Instant::now();
    let pause = Duration::from_secs_f64(CLIENTS as f64 / (rate * TIMES));
    let storm = (0..CLIENTS).map(async |_| {
        let mut counts = Counts::new();
        let mut pace = interval(pause);
        pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        while begun.elapsed() < STORM {
            pace.tick().await;
            *counts.entry(ask(&endpoint).await).or_default() += 1;
            most.fetch_max(server.process.resident_bytes(), Ordering::Relaxed);
        }
        counts
    });
    let mut counts = Counts::new();
    for (kind, count) in join_all(storm).await.into_iter().flatten() {
        *counts.entry(kind).or_default() += count;
    }
    let over = Instant::now();
    let recovered = within(Duration::from_secs(5), "a query answered again", async || {
        (ask(&endpoint).await == "answered").then(|| over.elapsed())
    })
    .await;
    let grown = most.into_inner().saturating_sub(before);
    eprintln!(
        "{rate:.0} queries a second can be answered; of {TIMES} times as many, in {STORM:?}: {counts:?}; grown by {} \
         MiB; itself again after {recovered:?}",
        grown >> 20
    );
    assert!(counts["refused"] > counts["answered"], "{counts:?}");
    // It does not fall apart: a good part of what it can do is done, though refusing costs, too.
    let expected = rate * STORM.as_secs_f64() / 5.0;
    assert!(f64::from(counts["answered"]) > expected, "{counts:?}, {rate} a second");
    assert!(grown < SLACK, "grown by {} MiB", grown >> 20);
    server.stop().await;
}
