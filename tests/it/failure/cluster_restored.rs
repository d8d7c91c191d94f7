//! An index that is restored from a snapshot: servers apply the changes since, from its own watermark.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::cluster_away::settings;
use crate::search::opensearch::{delete_indexes, node, prefix};
use crate::support::folder::Folder;
use crate::support::server::client;

#[tokio::test]
async fn a_restored_index_follows_the_store_from_its_snapshot_on() {
    let Some(node) = node() else { return };
    let prefix = prefix();
    let folder = Folder::new(&format!("{}shards = 2\ncache_ttl = \"0s\"\n", settings(&node, &prefix)));
    let server = folder.serve().await;
    let old = [("1", "Green tea"), ("2", "Black tea"), ("3", "White tea"), ("4", "Coffee")];
    let stored = server.endpoint.index("notes", &old).await;
    assert!(stored.errors.is_empty(), "{stored:?}");
    let snapshots = format!("{node}/_snapshot/{prefix}");
    send(Method::PUT, snapshots.clone(), json!({ "type": "fs", "settings": { "location": prefix } })).await;
    let indexes = json!({ "indices": format!("{prefix}-*"), "include_global_state": false });
    send(Method::PUT, format!("{snapshots}/old?wait_for_completion=true"), indexes.clone()).await;

    // Changed, deleted and new documents that the snapshot lacks.
    let stored = server.endpoint.index("notes", &[("1", "Green leaves"), ("5", "Oolong tea")]).await;
    assert!(stored.errors.is_empty(), "{stored:?}");
    let found = server.endpoint.data("{ document(source: \"notes\", key: \"2\") { id } }", Value::Null).await;
    let delete = "mutation($ids: [ID!]!) { deleteDocuments(input: { ids: $ids }) { deleted } }";
    let deleted = server.endpoint.query(delete, json!({ "ids": [found["document"]["id"]] })).await;
    assert!(deleted.errors.is_empty(), "{deleted:?}");
    let expected = || BTreeSet::from(["3", "5"].map(str::to_owned));
    assert_eq!(server.endpoint.key_set("tea").await, expected());
    server.stop().await;

    delete_indexes(&node, &prefix).await;
    let restored =
        send(Method::POST, format!("{snapshots}/old/_restore?wait_for_completion=true"), indexes).await;
    assert_eq!(restored["snapshot"]["shards"]["failed"], 0, "{restored}");
    let listed = format!("{node}/_cat/indices/{prefix}-*?format=json");
    let before = send(Method::GET, listed.clone(), Value::Null).await;
    let server = folder.serve().await;
    assert_eq!(server.endpoint.key_set("tea").await, expected(), "a ready server has applied the changes");
    assert_eq!(server.endpoint.key_set("leaves").await, BTreeSet::from(["1".to_owned()]));
    assert_eq!(server.endpoint.total("").await, 4);
    // The index continues: it was not built again.
    let after = send(Method::GET, listed, Value::Null).await;
    assert_eq!(after[0]["index"], before[0]["index"]);
    let stored = server.endpoint.index("notes", &[("6", "White tea")]).await;
    assert!(stored.errors.is_empty(), "{stored:?}");
    assert_eq!(server.endpoint.total("tea").await, 3);
    server.stop().await;
    delete_indexes(&node, &prefix).await;
    send(Method::DELETE, format!("{snapshots}/old"), Value::Null).await;
    send(Method::DELETE, snapshots, Value::Null).await;
}

/// Sends a request to a node that must succeed.
async fn send(method: Method, url: String, body: Value) -> Value {
    let request = client().request(method, url).header("content-type", "application/json");
    let request = if body.is_null() { request } else { request.body(body.to_string()) };
    let answer = request.send().await.expect("an answer").error_for_status().expect("succeeds");
    serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON")
}
