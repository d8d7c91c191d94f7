//! A feeder that is paused for longer than its lease: its late writes change nothing.

use std::collections::BTreeSet;

use serde_json::json;

use super::cluster_away::settings;
use crate::search::opensearch::{delete_indexes, node, prefix};
use crate::support::folder::Folder;
use crate::support::http_proxy::{HttpProxy, InjectedFault};
use crate::support::postgres::OwnPostgres;
use crate::support::wait::until;

#[tokio::test]
async fn late_writes_of_a_paused_feeder_change_nothing() {
    let Some(node) = node() else { return };
    let prefix = prefix();
    let (postgres, proxy) = (OwnPostgres::start(), HttpProxy::to(&node).await);
    let folder = |url: &str| {
        // It waits for its answer for longer than it is paused.
        let settings = format!("{}timeout = \"10m\"\ncache_ttl = \"0s\"\n", settings(url, &prefix));
        Folder::new(&format!("database_url = \"{}\"\n{settings}", postgres.url()))
    };
    let (first, second) = (folder(proxy.url()), folder(&node));
    let feeder = first.serve().await;
    let stored = feeder.endpoint.index("notes", &[("1", "Green tea"), ("2", "Black tea")]).await;
    assert!(stored.errors.is_empty(), "{stored:?}");
    let watcher = second.serve().await;

    proxy.inject(InjectedFault::HeldChanges);
    let store = "mutation($document: DocumentInput!) {
        indexDocuments(input: { documents: [$document], wait: false }) { inserted updated } }";
    for (key, text) in [("1", "Late leaves"), ("2", "Late leaves"), ("3", "Late leaves")] {
        let document = json!({ "source": "notes", "key": key, "text": text });
        feeder.endpoint.data(store, json!({ "document": document })).await;
    }
    until("a write of the feeder", async || (proxy.injected() > 0).then_some(())).await;
    feeder.process.pause();

    // Once the lease has expired, the other server feeds the index, and documents change again.
    let stored = watcher.endpoint.index("notes", &[("1", "White tea"), ("4", "Oolong tea")]).await;
    assert!(stored.codes().is_subset(&BTreeSet::from(["TIMEOUT"])), "{stored:?}");
    until("the other feeder", async || (watcher.endpoint.total("tea").await == 2).then_some(())).await;
    let found = watcher.endpoint.data("{ document(source: \"notes\", key: \"2\") { id } }", json!({})).await;
    let delete = "mutation($ids: [ID!]!) { deleteDocuments(input: { ids: $ids }) { deleted } }";
    let deleted = watcher.endpoint.query(delete, json!({ "ids": [found["document"]["id"]] })).await;
    assert!(deleted.codes().is_subset(&BTreeSet::from(["TIMEOUT"])), "{deleted:?}");
    let expected = || BTreeSet::from(["1", "3", "4"].map(str::to_owned));
    until("the deletion", async || (watcher.endpoint.key_set("").await == expected()).then_some(())).await;

    // The write that was held reaches the cluster before the feeder continues as if nothing had happened.
    proxy.inject(None);
    feeder.process.unpause();
    until("a fenced feeder", async || {
        feeder.process.stderr().contains("another server feeds the index").then_some(())
    })
    .await;
    let stored = feeder.endpoint.index("notes", &[("5", "Red tea")]).await;
    assert!(stored.errors.is_empty(), "the other server feeds the index: {stored:?}");
    for server in [&feeder, &watcher] {
        until("the last document", async || (server.endpoint.total("red").await == 1).then_some(())).await;
        assert_eq!(server.endpoint.key_set("tea").await, BTreeSet::from(["1", "4", "5"].map(str::to_owned)));
        assert_eq!(server.endpoint.key_set("late").await, BTreeSet::from(["3".to_owned()]));
        assert_eq!(server.endpoint.total("").await, 4);
    }
    feeder.stop().await;
    watcher.stop().await;
    delete_indexes(&node, &prefix).await;
}
