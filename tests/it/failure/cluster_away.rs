//! Outages of the search cluster: searches return a clear error, all else continues, and the index follows.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::search::opensearch::{delete_indexes, node, prefix};
use crate::support::folder::Folder;
use crate::support::postgres::OwnPostgres;
use crate::support::tcp_proxy::TcpProxy;
use crate::support::wait::until;

const TOTAL: &str = "query($query: String!) { search(query: $query, first: 5) { totalCount } }";

/// Returns the settings of a server on a node.
pub(super) fn settings(url: &str, prefix: &str) -> String {
    format!(
        "[search]\nengine = \"opensearch\"\n[opensearch]\nurls = [\"{url}\"]\nprefix = \"{prefix}\"\nreplicas = 0\n"
    )
}

#[tokio::test]
async fn searches_fail_clearly_without_the_cluster_and_the_index_follows_it() {
    let Some(node) = node() else { return };
    let prefix = prefix();
    let mut proxy = TcpProxy::to(&node).await;
    let folder = Folder::new(&settings(proxy.url(), &prefix));
    let server = folder.serve().await;
    let endpoint = &server.endpoint;
    let stored = endpoint.index("notes", &[("1", "Green tea"), ("2", "Black tea"), ("3", "Coffee")]).await;
    assert_eq!(stored.data["indexDocuments"]["inserted"], 3, "{stored:?}");
    until("the documents", async || (endpoint.total("tea").await == 2).then_some(())).await;

    for outage in 0..2 {
        proxy.disconnect();
        let answer = endpoint.query(TOTAL, json!({ "query": "tea" })).await;
        assert_eq!(answer.codes(), BTreeSet::from(["ENGINE_UNAVAILABLE"]), "{answer:?}");
        // The store continues: writes during the outage are found after it.
        let (key, word) = (format!("new-{outage}"), format!("comeback{outage}"));
        let stored = endpoint.index("notes", &[(&key, &word)]).await;
        assert_eq!(stored.codes(), BTreeSet::from(["TIMEOUT"]), "stored, not indexed yet: {stored:?}");
        assert_eq!(endpoint.query("{ sources { name } }", Value::Null).await.errors, Vec::<Value>::new());
        assert_eq!(endpoint.status("/livez").await, Some(200));
        proxy.reconnect().await;
        until("the document of the outage", async || {
            let answer = endpoint.query(TOTAL, json!({ "query": word })).await;
            (answer.errors.is_empty() && answer.data["search"]["totalCount"] == 1).then_some(())
        })
        .await;
        assert_eq!(endpoint.total("").await, 4 + outage);
    }
    let log = server.stop().await.stderr;
    assert!(log.contains("the search engine is unavailable") && !log.contains("tea"), "{log}");
    delete_indexes(&node, &prefix).await;
}

#[tokio::test]
async fn another_server_feeds_the_index_after_the_feeder_was_killed() {
    let Some(node) = node() else { return };
    let prefix = prefix();
    let postgres = OwnPostgres::start();
    let settings = format!("database_url = \"{}\"\n{}", postgres.url(), settings(&node, &prefix));
    let (first, second) = (Folder::new(&settings), Folder::new(&settings));
    let mut feeder = first.serve().await;
    let stored = feeder.endpoint.index("notes", &[("1", "Green tea"), ("2", "Black tea")]).await;
    assert_eq!(stored.data["indexDocuments"]["inserted"], 2, "{stored:?}");
    let watcher = second.serve().await;
    assert_eq!(watcher.endpoint.total("tea").await, 2, "a ready server finds what another one indexed");
    feeder.process.kill();
    // Until the lease has passed to this server, the document is stored, but not indexed.
    let stored = watcher.endpoint.index("notes", &[("3", "White tea")]).await;
    assert!(stored.codes().is_subset(&BTreeSet::from(["TIMEOUT"])), "{stored:?}");
    until("the document of the second server", async || {
        (watcher.endpoint.total("tea").await == 3).then_some(())
    })
    .await;
    watcher.stop().await;
    delete_indexes(&node, &prefix).await;
}

#[tokio::test]
async fn another_server_feeds_the_index_at_once_after_the_feeder_stopped() {
    let Some(node) = node() else { return };
    let prefix = prefix();
    let postgres = OwnPostgres::start();
    let settings = format!("database_url = \"{}\"\n{}", postgres.url(), settings(&node, &prefix));
    let (first, second) = (Folder::new(&settings), Folder::new(&settings));
    let feeder = first.serve().await;
    let watcher = second.serve().await;
    let stored = feeder.endpoint.index("notes", &[("1", "Green tea")]).await;
    assert!(stored.errors.is_empty(), "{stored:?}");
    assert!(feeder.stop().await.stderr.contains("feeds=true"), "the first server feeds");
    // The wait of this mutation is shorter than the lease.
    let stored = watcher.endpoint.index("notes", &[("2", "White tea")]).await;
    assert!(stored.errors.is_empty(), "{stored:?}");
    assert_eq!(watcher.endpoint.total("tea").await, 2);
    watcher.stop().await;
    delete_indexes(&node, &prefix).await;
}
