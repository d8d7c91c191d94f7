//! Nodes of a search cluster that are killed under searches and writes, and a cluster without a quorum.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use crate::support::opensearch::OwnNodes;
use crate::support::server::Endpoint;
use crate::support::wait::until;

/// Documents that are written while a node is killed, and as many after it.
const WRITES: u64 = 30;

/// The time in which a node with another copy takes over, unless there is none.
const PATIENCE: Duration = Duration::from_secs(90);

const STORE: &str = "mutation($document: DocumentInput!) {
    indexDocuments(input: { documents: [$document], wait: false }) { inserted } }";
const TOTAL: &str = "query($query: String!) { search(query: $query, first: 1) { totalCount } }";

async fn store(endpoint: &Endpoint, key: u64) {
    let document = json!({ "source": "notes", "key": key.to_string(), "text": format!("tea {key}") });
    endpoint.data(STORE, json!({ "document": document })).await;
}

/// Returns the number of documents; `None` if the engine is unavailable.
async fn total(endpoint: &Endpoint) -> Option<u64> {
    let answer = endpoint.query(TOTAL, json!({ "query": "tea" })).await;
    if answer.errors.is_empty() {
        return Some(answer.data["search"]["totalCount"].as_u64().expect("a number"));
    }
    assert_eq!(answer.codes(), BTreeSet::from(["ENGINE_UNAVAILABLE"]), "{answer:?}");
    None
}

/// Returns the keys of all documents; `None` if the engine is unavailable.
async fn found_keys(endpoint: &Endpoint) -> Option<BTreeSet<String>> {
    let answer = endpoint.query("{ search(query: \"tea\", first: 100) { nodes { key } } }", json!({})).await;
    let nodes = answer.data["search"]["nodes"].as_array()?;
    Some(nodes.iter().map(|node| node["key"].as_str().expect("a key").to_owned()).collect())
}

/// Returns the revision up to which searches find all changes.
async fn applied(endpoint: &Endpoint) -> u64 {
    endpoint.json("/readyz").await.1["index"]["applied"].as_u64().expect("a revision")
}

async fn wait_for_total(endpoint: &Endpoint, expected: u64) {
    until(&format!("{expected} documents"), async || (total(endpoint).await == Some(expected)).then_some(()))
        .await;
}

/// The index is red while the node with the only copy of a shard is away.
#[tokio::test]
async fn a_red_index_is_not_searched_in_part_and_follows_once_its_node_is_back() {
    let Some(mut cluster) = OwnNodes::start().await else { return };
    let folder = cluster.folder_with("timeout = \"3s\"\nshards = 3\nreplicas = 0\n");
    let server = folder.serve().await;
    let endpoint = &server.endpoint;
    for key in 0..WRITES {
        store(endpoint, key).await;
    }
    wait_for_total(endpoint, WRITES).await;
    let other = (cluster.manager().await + 1) % 3;
    cluster.kill(other);
    until("a search without the shard", async || total(endpoint).await.is_none().then_some(())).await;
    for key in WRITES..2 * WRITES {
        store(endpoint, key).await;
        assert_eq!(total(endpoint).await, None, "a part of the documents");
    }
    cluster.resume(other);
    wait_for_total(endpoint, 2 * WRITES).await;
    let keys: BTreeSet<String> = (0..2 * WRITES).map(|key| key.to_string()).collect();
    assert_eq!(endpoint.key_set("tea").await, keys);
    server.stop().await;
}

#[tokio::test]
async fn totals_stay_right_while_nodes_are_killed() {
    let Some(mut cluster) = OwnNodes::start().await else { return };
    let folder = cluster.folder_with("timeout = \"3s\"\nshards = 2\nreplicas = 1\n");
    let server = folder.serve().await;
    let endpoint = &server.endpoint;
    store(endpoint, 0).await;
    wait_for_total(endpoint, 1).await;
    cluster.wait_for(3).await;

    // Searches count every document up to the watermark, and none that was not stored. Each has one revision.
    let first = applied(endpoint).await;
    let (stored, is_done) = (AtomicU64::new(1), AtomicBool::new(false));
    let searches = async {
        let (mut answered, mut failed) = (0, 0);
        while !is_done.load(Ordering::SeqCst) {
            let least = 1 + applied(endpoint).await - first;
            let found = total(endpoint).await;
            let most = 1 + stored.load(Ordering::SeqCst);
            match found {
                Some(found) => {
                    assert!((least..=most).contains(&found), "{found} documents, not {least} to {most}");
                    answered += 1;
                }
                None => failed += 1,
            }
        }
        (answered, failed)
    };
    let manager = cluster.manager().await;
    let writes = async {
        for key in 1..=2 * WRITES {
            store(endpoint, key).await;
            stored.fetch_add(1, Ordering::SeqCst);
            if key == WRITES {
                // A busy machine may have lost a copy in the meantime, whose other one this node may have.
                cluster.wait_for(3).await;
                cluster.kill(manager);
            }
        }
        let all = 2 * WRITES + 1;
        let has_all_copies = timeout(PATIENCE, wait_for_total(endpoint, all)).await.is_ok();
        if !has_all_copies {
            // A busy machine lost another copy right before the kill: searches fail until this one is back.
            cluster.resume(manager);
            wait_for_total(endpoint, all).await;
            cluster.wait_for(3).await;
            cluster.kill(manager);
            wait_for_total(endpoint, all).await;
        }
        is_done.store(true, Ordering::SeqCst);
        has_all_copies
    };
    let ((answered, failed), has_all_copies) = tokio::join!(searches, writes);
    assert!(answered > failed || !has_all_copies, "{answered} searches were answered, {failed} were not");

    // Without a quorum, no change is accepted except by the store, once the last node has noticed it.
    let other = (manager + 1) % 3;
    cluster.kill(other);
    for key in 2 * WRITES + 1..3 * WRITES {
        store(endpoint, key).await;
        let found = total(endpoint).await;
        assert!(found.is_none_or(|found| (2 * WRITES + 1..=key + 1).contains(&found)), "{found:?}");
    }
    cluster.resume(manager);
    cluster.resume(other);
    let keys: BTreeSet<String> = (0..3 * WRITES).map(|key| key.to_string()).collect();
    // Right after restarts, a search has been seen to lack documents that the one before had found.
    until("all documents", async || (found_keys(endpoint).await == Some(keys.clone())).then_some(())).await;
    wait_for_total(endpoint, 3 * WRITES).await;
    server.stop().await;
}
