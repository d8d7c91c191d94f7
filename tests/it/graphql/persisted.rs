//! Documents sent by hash: Apollo's automatic persisted queries, and trusted documents.

use std::sync::Arc;
use std::time::Duration;

use quarry::cache::{Cache, CacheLimits, LocalCache, RedisCache};
use quarry::domain::Scope;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::keys::{Key, gate};
use super::server::{Server, Setup, code, read};
use crate::support::events::{Event, Events};
use crate::support::redis::{OwnRedis, delete_keys, shared_url};
use crate::support::socket::Socket;
use crate::support::wait::TEST_TIMEOUT;

const SEARCH: &str = "query S($q: String!) { search(query: $q) { totalCount } }";
const DELETE: &str = "mutation { deleteDocuments(input: {ids: []}) { deleted } }";

pub(super) fn sha256(text: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(text))
}

pub(super) fn persisted(hash: &str) -> Value {
    json!({"persistedQuery": {"version": 1, "sha256Hash": hash}})
}

/// The first request of Apollo's clients.
fn by_hash(text: &str) -> Value {
    json!({"variables": {"q": "x"}, "extensions": persisted(&sha256(text))})
}

/// The second request of Apollo's clients.
pub(super) fn with_text(text: &str) -> Value {
    json!({"query": text, "variables": {"q": "x"}, "extensions": persisted(&sha256(text))})
}

async fn server_over(cache: impl Cache + 'static) -> Server {
    Server::start_with(Setup { documents: Some(Arc::new(cache)), ..Setup::default() }).await
}

async fn server() -> Server {
    server_over(LocalCache::new(CacheLimits::default())).await
}

async fn answer(server: &Server, body: &Value) -> Value {
    read(server.post(body).send().await.unwrap()).await
}

#[track_caller]
fn assert_refused(answer: &Value, expected: &str) {
    assert_eq!(code(&answer["errors"][0]), expected, "{answer}");
    assert_eq!(answer.get("data"), None, "{answer}");
}

#[tokio::test]
async fn a_document_is_sent_once_and_then_by_its_hash() {
    let server = server().await;
    let found = json!({"data": {"search": {"totalCount": 0}}});
    for accept in ["application/json", "application/graphql-response+json"] {
        let unknown = server.post(&by_hash(SEARCH)).header("accept", accept).send().await.unwrap();
        assert_eq!(unknown.status(), 200, "some clients read nothing else");
        let unknown = read(unknown).await;
        assert_refused(&unknown, "PERSISTED_QUERY_NOT_FOUND");
        assert_eq!(unknown["errors"][0]["message"], "PersistedQueryNotFound");
    }
    assert_eq!(answer(&server, &with_text(SEARCH)).await, found);
    assert_eq!(answer(&server, &by_hash(SEARCH)).await, found);
    let id = format!("sha256:{}", sha256(SEARCH));
    assert_eq!(answer(&server, &json!({"documentId": id, "variables": {"q": "x"}})).await, found);

    let url = |name: &str, value: &str| format!("/graphql?{name}={value}&variables=%7B%22q%22:%22x%22%7D");
    let extensions: String =
        url::form_urlencoded::byte_serialize(persisted(&sha256(SEARCH)).to_string().as_bytes()).collect();
    for url in [url("extensions", &extensions), url("documentId", &id)] {
        assert_eq!(read(server.get(&url).send().await.unwrap()).await, found, "{url}");
    }

    let batch = answer(&server, &json!([by_hash("{ __typename }"), by_hash(SEARCH)])).await;
    assert_refused(&batch[0], "PERSISTED_QUERY_NOT_FOUND");
    assert_eq!(batch[1], found);

    let mut socket = Socket::connect(server.address).await;
    socket.send_message(json!({"id": "1", "type": "subscribe", "payload": by_hash(SEARCH)})).await;
    assert_eq!(socket.receive().await, json!({"id": "1", "type": "next", "payload": found}));
    assert_eq!(socket.receive().await, json!({"id": "1", "type": "complete"}));
    socket.send_message(json!({"id": "2", "type": "subscribe", "payload": by_hash("{ __typename }")})).await;
    let refused = socket.receive().await;
    assert_eq!((&refused["type"], &refused["id"]), (&json!("error"), &json!("2")));
    assert_eq!(code(&refused["payload"][0]), "PERSISTED_QUERY_NOT_FOUND");
    let stream = async |body: &Value| {
        Events::of(server.post(body).header("accept", "text/event-stream").send().await.unwrap())
    };
    let mut events = stream(&by_hash(SEARCH)).await;
    assert_eq!(events.answer().await, found);
    assert_eq!(events.next().await, Some(Event::Complete));
    assert_refused(&stream(&by_hash("{ __typename }")).await.answer().await, "PERSISTED_QUERY_NOT_FOUND");
    assert_eq!(stream(&with_text("{ __typename }")).await.answer().await["data"]["__typename"], "Query");
    assert_eq!(stream(&by_hash("{ __typename }")).await.answer().await["data"]["__typename"], "Query");
    // A document stored over one transport is known over all, subscriptions included.
    let follow = "subscription { searchLogged { id } }";
    socket.send_message(json!({"id": "3", "type": "subscribe", "payload": with_text(follow)})).await;
    socket.send_message(json!({"type": "ping"})).await;
    assert_eq!(socket.receive().await, json!({"type": "pong"}));
    let mut refused = answer(&server, &by_hash(follow)).await;
    while code(&refused["errors"][0]) == "PERSISTED_QUERY_NOT_FOUND" {
        refused = answer(&server, &by_hash(follow)).await;
    }
    assert_refused(&refused, "BAD_USER_INPUT");
}

#[tokio::test]
async fn a_hash_executes_no_mutation_by_get() {
    let server = server().await;
    assert_eq!(
        answer(&server, &with_text(DELETE)).await,
        json!({"data": {"deleteDocuments": {"deleted": 0}}})
    );
    for url in [
        format!("/graphql?extensions={}", persisted(&sha256(DELETE))),
        format!("/graphql?documentId=sha256:{}", sha256(DELETE)),
    ] {
        for accept in ["application/json", "application/graphql-response+json", "text/event-stream"] {
            let request =
                server.get(&url).header("apollo-require-preflight", "true").header("accept", accept);
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 405, "{url} {accept}");
            assert_eq!(response.headers()["allow"], "POST");
            assert_refused(&read(response).await, "BAD_USER_INPUT");
        }
    }
    // POST executes it.
    assert_eq!(answer(&server, &by_hash(DELETE)).await, json!({"data": {"deleteDocuments": {"deleted": 0}}}));
}

#[tokio::test]
async fn only_valid_documents_are_stored() {
    let server = server().await;
    let wrong_hash = json!({"query": SEARCH, "extensions": persisted(&sha256("{ __typename }"))});
    let refused = answer(&server, &wrong_hash).await;
    assert_refused(&refused, "BAD_USER_INPUT");
    assert_eq!(refused["errors"][0]["message"], "provided sha does not match query");
    let version = json!({"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "00"}}});
    assert_refused(&answer(&server, &version).await, "BAD_USER_INPUT");
    for wrong in [json!("x"), json!({"version": 1}), json!({"version": "1", "sha256Hash": "00"}), json!([])] {
        let response = server.post(&json!({"extensions": {"persistedQuery": wrong}})).send().await.unwrap();
        assert_eq!(response.status(), 400, "{wrong}");
    }
    let long = format!("{{ __typename }} #{}", "x".repeat(1 << 20));
    let nested_variable = "query Q($n: Int!) { suggest(prefix: [$n]) { text } }";
    for text in ["{ nonsense }", "{", "query A { __typename } query B { nonsense }", nested_variable, &long] {
        assert!(answer(&server, &with_text(text)).await["errors"].is_array());
        assert_refused(&answer(&server, &by_hash(text)).await, "PERSISTED_QUERY_NOT_FOUND");
    }
    // A document whose operation fails is valid.
    let fails = "{ search(query: \"\", first: -1) { totalCount } }";
    assert_eq!(code(&answer(&server, &with_text(fails)).await["errors"][0]), "BAD_USER_INPUT");
    assert_eq!(code(&answer(&server, &by_hash(fails)).await["errors"][0]), "BAD_USER_INPUT");
    for name in ["", "x", &"0".repeat(63), "sha1:00"] {
        let unknown = answer(&server, &json!({"extensions": persisted(name)})).await;
        assert_refused(&unknown, "PERSISTED_QUERY_NOT_FOUND");
    }
}

#[tokio::test]
async fn denied_documents_are_not_stored() {
    let key = Key::new("shop", &[Scope::Search]);
    let documents: Arc<dyn Cache> = Arc::new(LocalCache::new(CacheLimits::default()));
    let setup = Setup { documents: Some(documents), gate: gate(&[&key]), ..Setup::default() };
    let server = Server::start_with(setup).await;
    assert_refused(&answer(&server, &with_text(SEARCH)).await, "UNAUTHENTICATED");
    let keyed = async |body: Value| {
        read(server.post(&body).header("authorization", key.bearer()).send().await.unwrap()).await
    };
    assert_refused(&keyed(by_hash(SEARCH)).await, "PERSISTED_QUERY_NOT_FOUND");
    assert_eq!(keyed(with_text(SEARCH)).await["data"]["search"]["totalCount"], 0);
    assert_eq!(keyed(by_hash(SEARCH)).await["data"]["search"]["totalCount"], 0);
    // A stored document still requires its scope.
    assert_refused(&answer(&server, &by_hash(SEARCH)).await, "UNAUTHENTICATED");
}

#[tokio::test]
async fn stored_documents_are_bounded_in_size_and_time() {
    let limits = CacheLimits { bytes: 10_000, value_bytes: 1_000 };
    let server = server_over(LocalCache::new(limits)).await;
    let text = |n: usize| format!("query Q{n} {{ __typename }}");
    for n in 0..100 {
        assert_eq!(answer(&server, &with_text(&text(n))).await["data"]["__typename"], "Query");
    }
    let mut kept = 0;
    for n in 0..100 {
        kept += usize::from(answer(&server, &by_hash(&text(n))).await.get("data").is_some());
    }
    assert!((1..40).contains(&kept), "{kept}");
}

#[tokio::test]
async fn servers_share_documents_and_tolerate_an_unavailable_cache() {
    let prefix = format!("test-{}", Uuid::new_v4().simple());
    let limits = CacheLimits::default();
    let shared = || RedisCache::with_timeout(&shared_url(), &prefix, limits, TEST_TIMEOUT).unwrap();
    let (one, other) = (server_over(shared()).await, server_over(shared()).await);
    answer(&one, &with_text(SEARCH)).await;
    assert_eq!(answer(&other, &by_hash(SEARCH)).await["data"]["search"]["totalCount"], 0);
    // A foreign text under a hash is executed only if it has this hash.
    let cache = shared();
    let generation = cache.get("x").await.unwrap().generation;
    cache.put(&sha256("{ __typename }"), DELETE.into(), generation, Duration::from_secs(60)).await.unwrap();
    assert_refused(&answer(&other, &by_hash("{ __typename }")).await, "PERSISTED_QUERY_NOT_FOUND");
    delete_keys(&shared_url(), &prefix);

    let redis = OwnRedis::unstarted();
    let cache = RedisCache::open(&redis.url(), &prefix, limits).unwrap();
    let alone = server_over(cache).await;
    assert_refused(&answer(&alone, &by_hash(SEARCH)).await, "PERSISTED_QUERY_NOT_FOUND");
    for body in [with_text(SEARCH), by_hash(SEARCH)] {
        assert_eq!(answer(&alone, &body).await["data"]["search"]["totalCount"], 0, "{body}");
    }
}

fn trusted(only_trusted: bool) -> Setup {
    let trusted = json!({"0a1b": SEARCH, (format!("sha256:{}", sha256(DELETE))): DELETE});
    let documents: Arc<dyn Cache> = Arc::new(LocalCache::new(CacheLimits::default()));
    Setup { trusted: Some(trusted), only_trusted, documents: Some(documents), ..Setup::default() }
}

#[tokio::test]
async fn trusted_documents_are_executed_by_hash() {
    let delete = sha256(DELETE);
    for only_trusted in [true, false] {
        let server = Server::start_with(trusted(only_trusted)).await;
        for name in ["0a1b", "sha256:0a1b"] {
            for body in [
                json!({"documentId": name, "variables": {"q": "x"}}),
                json!({"extensions": persisted(name), "variables": {"q": "x"}}),
                json!({"documentId": name, "query": SEARCH, "variables": {"q": "x"}}),
            ] {
                let found = json!({"data": {"search": {"totalCount": 0}}});
                assert_eq!(answer(&server, &body).await, found, "{body}");
            }
        }
        for name in [delete.clone(), format!("sha256:{delete}")] {
            let deleted = answer(&server, &json!({ "documentId": name })).await;
            assert_eq!(deleted["data"]["deleteDocuments"]["deleted"], 0);
            let response = server.get(&format!("/graphql?documentId={name}")).send().await.unwrap();
            assert_eq!(response.status(), 405, "{name}");
        }
        let other = json!({"documentId": "0a1b", "query": "{ __typename }"});
        assert_refused(&answer(&server, &other).await, "BAD_USER_INPUT");
    }
}

#[tokio::test]
async fn only_trusted_documents_are_executed_if_configured() {
    let server = Server::start_with(trusted(true)).await;
    let mut socket = Socket::connect(server.address).await;
    for (n, body) in [
        json!({"query": "{ __typename }"}),
        json!({"query": "{ __schema { queryType { name } } }"}),
        json!({"query": format!("{SEARCH} ")}),
        json!({"documentId": "0a1c"}),
        with_text("{ __typename }"),
        by_hash("{ __typename }"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_refused(&answer(&server, &body).await, "PERSISTED_QUERY_ONLY");
        assert_refused(&answer(&server, &json!([body])).await[0], "PERSISTED_QUERY_ONLY");
        let id = n.to_string();
        socket.send_message(json!({"id": id, "type": "subscribe", "payload": body})).await;
        let message = socket.receive().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!(id)));
        assert_eq!(code(&message["payload"][0]), "PERSISTED_QUERY_ONLY");
    }
    let url = "/graphql?query={__typename}";
    assert_refused(&read(server.get(url).send().await.unwrap()).await, "PERSISTED_QUERY_ONLY");
    let message =
        answer(&server, &json!({"query": "{ __typename }"})).await["errors"][0]["message"].to_string();
    assert!(message.contains("persisted.documents") && message.contains("documentId"), "{message}");
    // The text of a trusted document is accepted as well.
    let spelled = answer(&server, &json!({"query": SEARCH, "variables": {"q": "x"}})).await;
    assert_eq!(spelled["data"]["search"]["totalCount"], 0);
}
