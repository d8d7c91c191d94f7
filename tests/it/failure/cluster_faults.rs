//! Faults of a search cluster that answers: rejections, partial failures, and an index that is read-only.

use std::collections::BTreeSet;

use serde_json::json;

use super::cluster_away::settings;
use crate::search::opensearch::{delete_indexes, node, prefix};
use crate::support::folder::Folder;
use crate::support::http_proxy::{HttpProxy, InjectedFault};
use crate::support::server::{Endpoint, Server, client};
use crate::support::wait::until;

const SEARCH: &str = "query($q: String!) {
    search(query: $q, first: 5) { totalCount facets { buckets { count } } } }";

/// A server on an index of its own, whose answers are not cached.
struct UncachedServer {
    node: String,
    prefix: String,
    proxy: HttpProxy,
    server: Server,
    _folder: Folder,
}

impl UncachedServer {
    /// Starts a server; `None` without a node.
    async fn start() -> Option<Self> {
        let node = node()?;
        let (prefix, proxy) = (prefix(), HttpProxy::to(&node).await);
        let folder = Folder::new(&format!("{}cache_ttl = \"0s\"\n", settings(proxy.url(), &prefix)));
        let server = folder.serve().await;
        Some(Self { node, prefix, proxy, server, _folder: folder })
    }

    fn endpoint(&self) -> &Endpoint {
        &self.server.endpoint
    }

    /// Stores documents that searches find now.
    async fn index(&self, documents: &[(&str, &str)]) {
        let stored = self.endpoint().index("notes", documents).await;
        assert!(stored.errors.is_empty(), "{stored:?}");
    }

    /// Stores documents that searches find once the fault has ended.
    async fn store(&self, documents: &[(&str, &str)]) {
        let stored = self.endpoint().index("notes", documents).await;
        assert_eq!(stored.codes(), BTreeSet::from(["TIMEOUT"]), "{stored:?}");
    }

    async fn wait_for_total(&self, query: &str, total: u64) {
        until(&format!("{total} documents of {query:?}"), async || {
            let answer = self.endpoint().query(SEARCH, json!({ "q": query })).await;
            (answer.errors.is_empty() && answer.data["search"]["totalCount"] == total).then_some(())
        })
        .await;
    }

    async fn stop(self) -> String {
        let log = self.server.stop().await.stderr;
        delete_indexes(&self.node, &self.prefix).await;
        log
    }
}

#[tokio::test]
async fn rejected_searches_fail_clearly_and_never_return_a_part() {
    let Some(server) = UncachedServer::start().await else { return };
    server.index(&[("1", "Green tea"), ("2", "Black tea"), ("3", "Coffee")]).await;
    for fault in [InjectedFault::Rejected, InjectedFault::RejectedSearches] {
        server.proxy.inject(fault);
        // Known words, unknown words, a typo, and completions.
        for query in ["tea", "unknown words", "cofee", ""] {
            let answer = server.endpoint().query(SEARCH, json!({ "q": query })).await;
            assert_eq!(answer.codes(), BTreeSet::from(["ENGINE_UNAVAILABLE"]), "{query}: {answer:?}");
        }
        let suggest = "query($q: String!) { suggest(prefix: $q) { text } }";
        let answer = server.endpoint().query(suggest, json!({ "q": "cof" })).await;
        assert!(answer.codes().is_subset(&BTreeSet::from(["ENGINE_UNAVAILABLE"])), "{answer:?}");
        assert!(server.proxy.injected() >= 4);
        server.proxy.inject(None);
        for (query, total) in [("tea", 2), ("cofee", 1), ("", 3)] {
            let answer = server.endpoint().query(SEARCH, json!({ "q": query })).await;
            assert_eq!(answer.data["search"]["totalCount"], total, "{query}: {answer:?}");
        }
    }
    let log = server.stop().await;
    assert!(log.contains("429") && !log.contains("tea") && !log.contains("unknown words"), "{log}");
}

#[tokio::test]
async fn changes_that_the_cluster_rejects_are_repeated_until_the_index_equals_the_store() {
    let Some(server) = UncachedServer::start().await else { return };
    server.index(&[("0", "Green tea")]).await;
    let mut total = 1;
    for fault in [InjectedFault::Rejected, InjectedFault::RejectedChanges] {
        server.proxy.inject(fault);
        let keys: Vec<String> = (0..9)
            .map(|_| {
                total += 1;
                total.to_string()
            })
            .collect();
        let documents: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "Black tea")).collect();
        server.store(&documents).await;
        assert!(server.proxy.injected() > 1, "the feeder repeats the changes");
        server.proxy.inject(None);
        server.wait_for_total("tea", total).await;
        assert_eq!(server.endpoint().key_set("tea").await.len() as u64, total);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_part_of_rejected_changes_is_not_visible() {
    let Some(server) = UncachedServer::start().await else { return };
    server.index(&[("1", "Green tea"), ("2", "Black tea")]).await;
    server.proxy.inject(InjectedFault::RejectedChanges);
    server
        .store(&[("3", "White tea"), ("4", "Oolong tea"), ("1", "Green leaves"), ("2", "Black leaves")])
        .await;
    // The rejected half is missing, so the other one is not shown.
    for (query, total) in [("tea", 2), ("leaves", 0), ("", 2)] {
        let answer = server.endpoint().query(SEARCH, json!({ "q": query })).await;
        assert_eq!(answer.data["search"]["totalCount"], total, "{query}: {answer:?}");
    }
    server.proxy.inject(None);
    for (query, total) in [("tea", 2), ("leaves", 2), ("", 4)] {
        server.wait_for_total(query, total).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn a_deleted_index_is_built_again_and_never_searched_in_part() {
    let Some(server) = UncachedServer::start().await else { return };
    server.index(&[("1", "Green tea"), ("2", "Black tea"), ("3", "Coffee")]).await;
    let mut total = 3;
    // Without a change after the deletion, and with one.
    for key in [None, Some("4")] {
        delete_indexes(&server.node, &server.prefix).await;
        if let Some(key) = key {
            let stored = server.endpoint().index("notes", &[(key, "White tea")]).await;
            assert!(stored.errors.is_empty(), "{stored:?}");
            total += 1;
        }
        until("all documents", async || {
            let answer = server.endpoint().query(SEARCH, json!({ "q": "" })).await;
            match answer.data["search"]["totalCount"].as_u64() {
                None => assert_eq!(answer.codes(), BTreeSet::from(["ENGINE_UNAVAILABLE"]), "{answer:?}"),
                Some(found) => assert_eq!(found, total, "{answer:?}"),
            }
            answer.errors.is_empty().then_some(())
        })
        .await;
    }
    server.stop().await;
}

#[tokio::test]
async fn searches_of_a_closed_index_fail_clearly_until_it_is_open() {
    let Some(server) = UncachedServer::start().await else { return };
    server.index(&[("1", "Green tea")]).await;
    let set = async |action: &str| {
        let url = format!("{}/{}-*/_{action}", server.node, server.prefix);
        client().post(url).send().await.expect("an answer").error_for_status().expect("succeeds");
    };
    set("close").await;
    for query in [SEARCH, "query($q: String!) { suggest(prefix: $q) { text } }"] {
        let answer = server.endpoint().query(query, json!({ "q": "tea" })).await;
        assert_eq!(answer.codes(), BTreeSet::from(["ENGINE_UNAVAILABLE"]), "{answer:?}");
    }
    set("open").await;
    server.wait_for_total("tea", 1).await;
    server.stop().await;
}

#[tokio::test]
async fn a_read_only_index_is_searched_and_follows_once_it_takes_changes() {
    let Some(server) = UncachedServer::start().await else { return };
    server.index(&[("1", "Green tea")]).await;
    let set = async |block: &str, blocked: Option<bool>| {
        let url = format!("{}/{}-*/_settings", server.node, server.prefix);
        let settings = json!({ format!("index.blocks.{block}"): blocked }).to_string();
        let request = client().put(url).header("content-type", "application/json").body(settings);
        request.send().await.expect("an answer").error_for_status().expect("sets");
    };
    // As a node blocks its indexes when its disk is almost full, and as an operator does.
    for (block, total) in [("read_only_allow_delete", 1), ("write", 2)] {
        set(block, Some(true)).await;
        let key = format!("new-{total}");
        server.store(&[(&key, "Black tea")]).await;
        let answer = server.endpoint().query(SEARCH, json!({ "q": "tea" })).await;
        assert_eq!(answer.data["search"]["totalCount"], total, "{answer:?}");
        let (status, ready) = server.endpoint().json("/readyz").await;
        assert_eq!(status, 200, "{ready}");
        assert!(ready["degraded"].to_string().contains("search engine"), "{ready}");
        set(block, None).await;
        server.wait_for_total("tea", total + 1).await;
        until("a server that is not degraded", async || {
            let (_, ready) = server.endpoint().json("/readyz").await;
            (!ready["degraded"].to_string().contains("search engine")).then_some(())
        })
        .await;
    }
    let log = server.stop().await;
    assert!(log.contains("read-only") && !log.contains("credentials"), "{log}");
}
