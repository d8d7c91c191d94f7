//! Kills of a server that records interactions: accepted ones survive, retries count once.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use quarry::domain::{InteractionKind, Period};
use quarry::store::Store;
use serde_json::{Value, json};

use crate::support::folder::Folder;
use crate::support::server::Endpoint;

const RECORD: &str =
    "mutation($input: RecordInteractionInput!) { recordInteraction(input: $input) { accepted } }";
/// The number of products, each sold once.
const PRODUCTS: usize = 400;
/// The number of concurrent clients.
const BUYERS: usize = 8;

#[tokio::test]
async fn accepted_interactions_survive_a_kill_and_count_once() {
    let folder = Folder::new("");
    let mut server = folder.serve().await;
    let ids = products(&server.endpoint).await;
    let (accept, mut accepted) = tokio::sync::mpsc::unbounded_channel();
    let buyers: Vec<_> = (0..BUYERS)
        .map(|buyer| {
            let (endpoint, accept) = (server.endpoint.clone(), accept.clone());
            let own: Vec<(String, Value)> =
                ids.iter().skip(buyer).step_by(BUYERS).map(|(key, id)| (key.clone(), id.clone())).collect();
            tokio::spawn(async move {
                for (key, id) in own {
                    if !buy(&endpoint, &key, &id).await || accept.send(key).is_err() {
                        return;
                    }
                }
            })
        })
        .collect();
    drop(accept);
    let mut kept = BTreeSet::new();
    for _ in 0..PRODUCTS / 4 {
        kept.insert(accepted.recv().await.expect("an accepted sale"));
    }
    server.process.kill();
    join_all(buyers).await;
    while let Some(key) = accepted.recv().await {
        kept.insert(key);
    }
    assert!(kept.len() < PRODUCTS, "killed before the end");

    let server = folder.serve().await;
    let found = sold(&folder).await;
    assert!(found.values().all(|quantity| *quantity == 1), "{found:?}");
    let keys: BTreeSet<String> = found.into_keys().collect();
    assert!(keys.is_superset(&kept), "lost: {:?}", kept.difference(&keys));
    // All clients retry, with or without a response to the first attempt.
    for (key, id) in &ids {
        assert!(buy(&server.endpoint, key, id).await);
    }
    let expected: BTreeMap<String, i64> = ids.keys().map(|key| (key.clone(), 1)).collect();
    assert_eq!(sold(&folder).await, expected);
    server.stop().await;
}

/// Indexes the products and returns their ids by key.
async fn products(endpoint: &Endpoint) -> BTreeMap<String, Value> {
    let documents: Vec<Value> = (0..PRODUCTS)
        .map(|number| json!({ "source": "shop", "key": number.to_string(), "text": "Mouse", "category": "things" }))
        .collect();
    let index =
        "mutation($input: IndexDocumentsInput!) { indexDocuments(input: $input) { documents { id key } } }";
    let data = endpoint.data(index, json!({ "input": { "documents": documents } })).await;
    let stored = data["indexDocuments"]["documents"].as_array().expect("documents");
    stored
        .iter()
        .map(|document| (document["key"].as_str().expect("a key").to_owned(), document["id"].clone()))
        .collect()
}

/// Records a sale, and returns true if the server accepted it.
async fn buy(endpoint: &Endpoint, key: &str, id: &Value) -> bool {
    let input = json!({ "kind": "CONVERSION", "documentId": id, "idempotencyKey": format!("order {key}") });
    let answer = endpoint.try_query(RECORD, json!({ "input": input })).await;
    answer.is_some_and(|answer| answer.data["recordInteraction"]["accepted"] == true)
}

/// Returns the sales of each product in the store.
async fn sold(folder: &Folder) -> BTreeMap<String, i64> {
    let store = Store::connect(&folder.database_url(), 1).await.expect("opens");
    let all = Period { from: DateTime::<Utc>::UNIX_EPOCH, before: None };
    let report = store.category_report("things", None, InteractionKind::Conversion, all, 1_000).await;
    store.close().await.expect("closes");
    let rows = report.expect("reports").rows.into_iter();
    rows.map(|(document, quantity)| (document.key.into(), quantity)).collect()
}
