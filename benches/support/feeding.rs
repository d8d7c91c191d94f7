//! The feeder of a search cluster, beside the same bodies sent to `_bulk` one after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Method;
use quarry::domain::DocumentDraft;
use quarry::search::opensearch_engine::{ClusterCredentials, OpenSearchEngine, OpenSearchOptions};
use quarry::search::{IndexStep, Indexer, SearchEngine, SearchRequest};
use quarry::simulator::synthetic;
use quarry::store::Store;
use serde_json::Value;

use crate::drafts::draft;
use crate::recorder::{Recorded, Recorder};
use crate::search_node::OwnNode;

const PREFIX: &str = "bench-fed";

/// Feeds generated documents from SQLite in several rounds, and prints the median rates.
pub(crate) async fn measure(
    client: &reqwest::Client,
    node: &OwnNode,
    recorder: &Recorder,
    documents: usize,
    rounds: usize,
) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("quarry.db").display());
    let store = Store::connect(&url, 4).await.unwrap();
    store.migrate_up(None).await.unwrap();
    let drafts: Vec<DocumentDraft> = synthetic::messages(documents, 1).map(draft).collect();
    for chunk in drafts.chunks(5_000) {
        store.upsert_documents(chunk).await.unwrap();
    }
    recorder.take();
    feed(&store, &recorder.url, documents).await;
    let requests = recorder.take();
    let creation = requests.iter().find(|of| of.method == Method::PUT && !of.path.contains('/')).unwrap();
    let bulks: Vec<&Recorded> = requests.iter().filter(|of| of.path.contains("/_bulk")).collect();
    let bytes: usize = bulks.iter().map(|of| of.body.len()).sum();
    let (mut plain, mut fed) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        plain.push(write(client, &node.url, creation, &bulks).await);
        fed.push(feed(&store, &node.url, documents).await);
    }
    let [plain, fed] = [plain, fed].map(|mut times| {
        times.sort();
        documents as f64 / times[times.len() / 2].as_secs_f64()
    });
    println!(
        "\n{documents} generated documents, {} bodies, {} bytes a document:",
        bulks.len(),
        bytes / documents
    );
    println!("{:<40} {plain:>7.0} documents/s", "_bulk directly");
    println!("{:<40} {fed:>7.0} documents/s {:>6.2} of the first", "the feeder, from SQLite", fed / plain);
}

/// Fills an empty index from a store.
async fn feed(store: &Store, url: &str, documents: usize) -> Duration {
    let options = OpenSearchOptions {
        urls: vec![url.to_owned()],
        prefix: PREFIX.to_owned(),
        credentials: ClusterCredentials::Anonymous,
        ca_file: None,
        shards: 1,
        replicas: 0,
        timeout: Duration::from_secs(60),
        languages: Default::default(),
        attributes: Arc::default(),
        weights: Default::default(),
        sufficient_hits: 5,
        concurrency: 4,
    };
    let engine = Arc::new(OpenSearchEngine::open(&options).unwrap());
    engine.reset().await.unwrap();
    let mut indexer = Indexer::new(store.clone(), engine.clone());
    let started = Instant::now();
    while indexer.step().await.unwrap() == IndexStep::Progressed {}
    let took = started.elapsed();
    assert_eq!(engine.search(&SearchRequest::new("", 1)).await.unwrap().total, documents as u64);
    took
}

/// Sends recorded bodies to a new index of the same fields, and makes them visible.
async fn write(client: &reqwest::Client, node: &str, creation: &Recorded, bulks: &[&Recorded]) -> Duration {
    let index = format!("{}-plain", creation.path);
    let mut settings: Value = serde_json::from_str(&creation.body).unwrap();
    settings.as_object_mut().unwrap().remove("aliases");
    let created = Recorded { path: index.clone(), body: settings.to_string(), ..creation.clone() };
    assert!(created.send(client, node).await.status().is_success());
    let started = Instant::now();
    for bulk in bulks {
        let path = format!("{index}/_bulk?filter_path=errors,items.*.status,items.*.error");
        let answer = Recorded { path, ..(*bulk).clone() }.send(client, node).await.text().await.unwrap();
        assert!(answer.starts_with("{\"errors\":false"), "{answer}");
    }
    let refreshed = client.post(format!("{node}/{index}/_refresh")).send().await.unwrap();
    assert!(refreshed.status().is_success());
    let took = started.elapsed();
    client.delete(format!("{node}/{index}")).send().await.unwrap();
    took
}
