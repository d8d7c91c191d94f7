//! Searches of a cluster with several copies of each shard.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::opensearch::OwnNodes;
use crate::support::server::{Endpoint, client};

const DOCUMENTS: usize = 60;
const FACETS: &str =
    "query($query: String!) { search(query: $query, first: 4) { facets { buckets { count } } } }";

/// Reads all pages of a search, and its facets.
async fn read(endpoint: &Endpoint, query: &str) {
    let keys = endpoint.keys_of_pages(query, 4).await;
    assert_eq!(keys.len(), DOCUMENTS);
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), DOCUMENTS, "{keys:?}");
    endpoint.data(FACETS, json!({ "query": query })).await;
}

/// Returns the queries that each copy has answered, by shard and node.
async fn answered(url: &str) -> BTreeMap<(String, String), u64> {
    let answer = client().get(format!("{url}/_stats/search?level=shards")).send().await.expect("an answer");
    let stats: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
    let indexes = stats["indices"].as_object().expect("indexes").values();
    let shards = indexes.flat_map(|index| index["shards"].as_object().expect("shards"));
    let copies = shards.flat_map(|(shard, copies)| {
        copies.as_array().expect("copies").iter().map(move |copy| {
            let node = copy["routing"]["node"].as_str().expect("a node").to_owned();
            ((shard.clone(), node), copy["search"]["query_total"].as_u64().expect("a number"))
        })
    });
    copies.collect()
}

/// Scores differ between copies, so that pages from several ones would repeat and lose hits.
#[tokio::test]
async fn the_pages_of_a_search_come_from_the_same_copies_and_searches_share_all() {
    let Some(cluster) = OwnNodes::start().await else { return };
    let folder = cluster.folder_with("shards = 2\nreplicas = 1\n");
    let server = folder.serve().await;
    let words: Vec<String> = (0..8).map(|number| format!("tea{number} ")).collect();
    let text = words.concat();
    let keys: Vec<String> = (0..DOCUMENTS).map(|key| key.to_string()).collect();
    let documents: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), text.as_str())).collect();
    let stored = server.endpoint.index("notes", &documents).await;
    assert_eq!(stored.data["indexDocuments"]["inserted"], DOCUMENTS, "{stored:?}");
    cluster.wait_for(3).await;
    // Reads the vocabulary, which every search uses.
    read(&server.endpoint, "tea0").await;

    let url = &cluster.url(0);
    let start = answered(url).await;
    let mut before = start.clone();
    for word in &words {
        read(&server.endpoint, word).await;
        let after = answered(url).await;
        let used = after.iter().filter(|(copy, count)| before[copy] != **count);
        let used: Vec<&String> = used.map(|((shard, _), _)| shard).collect();
        assert_eq!(used, ["0", "1"], "{word}: from {before:?} to {after:?}");
        before = after;
    }
    assert!(start.iter().all(|(copy, count)| before[copy] > *count), "from {start:?} to {before:?}");
    server.stop().await;
}
