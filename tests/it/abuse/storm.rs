//! Far more concurrent queries than the limit: the server answers some and rejects the rest by the
//! contract, its memory stays bounded, and it recovers.

use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;
use serde_json::json;

use crate::support::folder::Folder;
use crate::support::server::{Endpoint, Server};
use crate::support::wait::{ends, until};

/// The limit on concurrent queries.
const OPERATIONS: usize = 8;
/// Clients that send the next query as soon as they have a response.
const CLIENTS: usize = 100;
/// The answers and rejections after which the storm ends.
const ANSWERED: u64 = 100;
const REJECTED: u64 = 1_000;
/// The most memory that the storm may cost, in bytes.
const SLACK: u64 = 64 << 20;

/// An expensive query.
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

/// Sends the query; returns true for an answer, and false for a rejection by the contract.
async fn ask(endpoint: &Endpoint) -> bool {
    let (status, answer) = endpoint.send("application/json", query()).await.expect("the server responds");
    match status {
        200 if !answer.contains("\"errors\"") => true,
        503 if answer.contains("TOO_BUSY") => false,
        _ => panic!("{status}: {answer}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_survives_a_storm_of_queries() {
    let folder = Folder::new(&format!("[limits]\noperations = {OPERATIONS}\n"));
    let server = Server::start(&folder).await;
    server.ready().await;
    let endpoint = server.endpoint.clone();
    let documents: Vec<(String, String)> = (0..200)
        .map(|n| (n.to_string(), (0..20).map(|word| format!("word{} ", (n + word) % 40)).collect()))
        .collect();
    let documents: Vec<(&str, &str)> =
        documents.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
    assert!(endpoint.index("shop", &documents).await.errors.is_empty());
    // The memory of concurrent queries is part of the baseline.
    join_all((0..OPERATIONS).map(async |_| ask(&endpoint).await)).await;
    let before = server.process.resident_bytes();
    let [answered, rejected, most] = [0, 0, before].map(AtomicU64::new);
    let storm = (0..CLIENTS).map(async |_| {
        while answered.load(Ordering::Relaxed) < ANSWERED || rejected.load(Ordering::Relaxed) < REJECTED {
            let count = if ask(&endpoint).await { &answered } else { &rejected };
            count.fetch_add(1, Ordering::Relaxed);
            most.fetch_max(server.process.resident_bytes(), Ordering::Relaxed);
        }
    });
    ends("the storm", join_all(storm)).await;
    until("a query answered again", async || ask(&endpoint).await.then_some(())).await;
    let grown = most.into_inner().saturating_sub(before);
    assert!(grown < SLACK, "grown by {} MiB", grown >> 20);
    server.stop().await;
}
