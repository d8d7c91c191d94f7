//! Copies of a shard, of which each forgets replaced documents at another time.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::folder::Folder;
use crate::support::opensearch::OwnNodes;
use crate::support::server::{Endpoint, client};

const DOCUMENTS: u64 = 60;
const STORE: &str = "mutation($documents: [DocumentInput!]!) {
    indexDocuments(input: { documents: $documents, wait: true }) { inserted } }";
const PAGE: &str = "query($query: String!, $after: String) { search(query: $query, first: 4, after: $after) {
    totalCount facets { buckets { count } }
    pageInfo { hasNextPage endCursor } nodes { key } } }";

/// Reads all pages.
async fn read_pages(endpoint: &Endpoint, query: &str) {
    let (mut keys, mut after) = (Vec::new(), Value::Null);
    loop {
        let mut data = endpoint.data(PAGE, json!({ "query": query, "after": after })).await;
        let page = data["search"].take();
        keys.extend(page["nodes"].as_array().expect("nodes").iter().map(|node| node["key"].to_string()));
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len() as u64, DOCUMENTS);
}

/// Returns the queries that each copy has answered, by shard and node.
async fn answered(url: &str) -> BTreeMap<(String, String), u64> {
    let text = client().get(format!("{url}/_stats/search?level=shards")).send().await.expect("an answer");
    let stats: Value = serde_json::from_str(&text.text().await.expect("a body")).expect("JSON");
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
    let urls: Vec<String> = cluster.urls().iter().map(|url| format!("\"{url}\"")).collect();
    let folder = Folder::new(&format!(
        "[search]\nengine = \"opensearch\"\n[opensearch]\nurls = [{}]\ncache_ttl = \"0s\"\n\
         shards = 2\nreplicas = 1\n",
        urls.join(", ")
    ));
    let server = folder.serve().await;
    let words: Vec<String> = (0..8).map(|number| format!("tea{number} ")).collect();
    let document = |key: u64| json!({ "source": "notes", "key": key.to_string(), "text": words.concat() });
    let documents: Vec<Value> = (0..DOCUMENTS).map(document).collect();
    server.endpoint.data(STORE, json!({ "documents": documents })).await;
    cluster.wait_for(3).await;
    // Reads the vocabulary, which every search uses.
    read_pages(&server.endpoint, "tea0").await;

    let url = &cluster.urls()[0];
    let start = answered(url).await;
    let mut before = start.clone();
    for word in &words {
        read_pages(&server.endpoint, word).await;
        let after = answered(url).await;
        let used: Vec<&String> = after
            .iter()
            .filter(|(copy, count)| before[copy] != **count)
            .map(|((shard, _), _)| shard)
            .collect();
        assert_eq!(used, ["0", "1"], "{word}: from {before:?} to {after:?}");
        before = after;
    }
    assert!(start.iter().all(|(copy, count)| before[copy] > *count), "from {start:?} to {before:?}");
    server.stop().await;
}
