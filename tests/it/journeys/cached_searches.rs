//! Searches of a cluster that come from the cache of a fleet while nothing has changed.

use futures_util::future::join_all;
use serde_json::json;

use crate::search::opensearch::{delete_indexes, node, prefix};
use crate::support::folder::Folder;
use crate::support::postgres::OwnPostgres;
use crate::support::redis::{OwnRedis, keys};
use crate::support::server::Endpoint;
use crate::support::tcp_proxy::TcpProxy;
use crate::support::wait::until;

const SEARCH: &str = "query($q: String!) { search(query: $q, first: 10) { totalCount nodes { key } } }";

/// Returns the origin of an answer with its number of documents, or the code of an error.
async fn search(endpoint: &Endpoint, text: &str) -> (String, Option<u64>) {
    let answer = endpoint.raw(SEARCH, json!({ "q": text })).await;
    if let Some(code) = answer["errors"][0]["extensions"]["code"].as_str() {
        return (code.to_owned(), None);
    }
    let origin = answer["extensions"]["cache"].as_str().unwrap_or_else(|| panic!("no origin: {answer}"));
    let (total, nodes) =
        (answer["data"]["search"]["totalCount"].as_u64(), &answer["data"]["search"]["nodes"]);
    assert_eq!(nodes.as_array().map(|nodes| nodes.len() as u64), total, "{answer}");
    (origin.to_owned(), total)
}

async fn check(endpoint: &Endpoint, text: &str, origin: &str, total: impl Into<Option<u64>>) {
    assert_eq!(search(endpoint, text).await, (origin.to_owned(), total.into()), "{text}");
}

async fn wait_for(endpoint: &Endpoint, text: &str, origin: &str, total: u64) {
    let expected = (origin.to_owned(), Some(total));
    until(&format!("{origin} for {text:?}"), async || {
        (search(endpoint, text).await == expected).then_some(())
    })
    .await;
}

async fn index(endpoint: &Endpoint, key: &str, text: &str) {
    let stored = endpoint.index("notes", &[(key, text)]).await;
    assert!(stored.errors.is_empty(), "{stored:?}");
}

#[tokio::test]
async fn searches_come_from_the_cache_while_nothing_has_changed() {
    let Some(node) = node() else { return };
    let prefix = prefix();
    let mut cluster = TcpProxy::to(&node).await;
    let (postgres, mut redis) = (OwnPostgres::start(), OwnRedis::start());
    let folder = |redis_prefix: &str, ttl: &str, stale: &str| {
        Folder::new(&format!(
            "database_url = \"{}\"\nredis_url = \"{}\"\nredis_prefix = \"{redis_prefix}\"\n[search]\n\
             engine = \"opensearch\"\n[opensearch]\nurls = [\"{}\"]\nprefix = \"{prefix}\"\nreplicas = 0\n\
             cache_ttl = \"{ttl}\"\ncache_stale = \"{stale}\"\n",
            postgres.url(),
            redis.url(),
            cluster.url(),
        ))
    };
    let folders = [
        folder("fleet", "1h", "0s"),
        folder("fleet", "1h", "0s"),
        folder("lenient", "1s", "1h"),
        folder("uncached", "0s", "0s"),
    ];
    let (one, two) = (folders[0].serve().await, folders[1].serve().await);
    let (lenient, uncached) = (folders[2].serve().await, folders[3].serve().await);
    index(&one.endpoint, "1", "Green tea").await;
    index(&one.endpoint, "2", "Black tea").await;

    // One server computes for all; answers without documents are cached as well.
    check(&one.endpoint, "tea", "MISS", 2).await;
    check(&one.endpoint, "tea", "HIT", 2).await;
    check(&two.endpoint, "tea", "HIT", 2).await;
    check(&one.endpoint, "coffee", "MISS", 0).await;
    check(&one.endpoint, "coffee", "HIT", 0).await;
    let concurrent = join_all((0..8).map(|_| search(&one.endpoint, "black"))).await;
    let count =
        |origin: &str| concurrent.iter().filter(|found| **found == (origin.to_owned(), Some(1))).count();
    assert_eq!((count("MISS"), count("HIT")), (1, 7), "{concurrent:?}");
    check(&uncached.endpoint, "black", "BYPASS", 1).await;

    // A change of the documents or of the rules, on any server.
    index(&one.endpoint, "3", "White tea").await;
    check(&one.endpoint, "tea", "MISS", 3).await;
    check(&two.endpoint, "tea", "HIT", 3).await;
    check(&one.endpoint, "coffee", "MISS", 0).await;
    index(&two.endpoint, "4", "Oolong tea").await;
    check(&two.endpoint, "tea", "MISS", 4).await;
    until("the change on the first server", async || {
        (search(&one.endpoint, "tea").await == ("HIT".to_owned(), Some(4))).then_some(())
    })
    .await;
    check(&two.endpoint, "brew", "MISS", 0).await;
    let synonym = json!({ "synonyms": [{ "id": "tea", "words": ["brew", "tea"] }] });
    std::fs::write(folders[0].path("rules.json"), synonym.to_string()).expect("writes");
    folders[0].succeed(&["rules", "import", "rules.json"]).await;
    until("the synonym", async || (search(&two.endpoint, "brew").await.1 == Some(4)).then_some(())).await;

    // Expiry.
    wait_for(&lenient.endpoint, "tea", "MISS", 4).await;
    wait_for(&lenient.endpoint, "tea", "MISS", 4).await;

    let names: Vec<String> =
        keys(&redis.url(), "").iter().map(|key| String::from_utf8_lossy(key).into_owned()).collect();
    assert!(names.iter().any(|name| name.contains("search-1:")), "{names:?}");
    let typed = ["tea", "coffee", "black", "brew"];
    assert!(!names.iter().any(|name| typed.iter().any(|word| name.contains(word))), "{names:?}");

    // Without Redis, the cluster answers.
    redis.stop();
    check(&one.endpoint, "tea", "BYPASS", 4).await;
    redis.resume();
    wait_for(&one.endpoint, "tea", "HIT", 4).await;

    // Without the cluster, answers of the present version remain, and expired ones where the setting permits them.
    wait_for(&lenient.endpoint, "oolong", "MISS", 1).await;
    cluster.disconnect();
    check(&one.endpoint, "tea", "HIT", 4).await;
    check(&one.endpoint, "white", "ENGINE_UNAVAILABLE", None).await;
    check(&uncached.endpoint, "tea", "ENGINE_UNAVAILABLE", None).await;
    wait_for(&lenient.endpoint, "oolong", "STALE", 1).await;
    redis.stop();
    check(&one.endpoint, "tea", "ENGINE_UNAVAILABLE", None).await;
    check(&lenient.endpoint, "oolong", "STALE", 1).await;
    cluster.reconnect().await;
    wait_for(&one.endpoint, "tea", "BYPASS", 4).await;
    wait_for(&lenient.endpoint, "oolong", "BYPASS", 1).await;

    assert!(one.endpoint.metric("quarry_cached_searches_total{outcome=\"hit\"}").await >= 8.0);
    assert!(one.endpoint.metric("quarry_search_cache_errors_total").await >= 1.0);
    for server in [one, two, lenient, uncached] {
        let log = server.stop().await.stderr;
        assert!(!typed.iter().any(|word| log.contains(word)), "{log}");
    }
    delete_indexes(&node, &prefix).await;
}
