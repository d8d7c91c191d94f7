//! Keys and scopes, over every transport.

use std::collections::BTreeSet;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};
use chrono::{TimeDelta, Utc};
use quarry::access::{AccessControl, ApiKey};
use quarry::config::{KeyConfig, RateSettings, Settings};
use quarry::domain::{KeyName, Origin, Scope};
use quarry::graphql::{Introspection, Limits, schema_sdl};
use quarry::http::Origins;
use reqwest::Response;
use serde_json::{Value, json};

use super::server::{Server, Setup, code, read};
use crate::support::events::{Event, Events};
use crate::support::socket::Socket;

/// A key and its configuration.
pub(super) struct Key {
    pub(super) text: String,
    pub(super) config: KeyConfig,
}

impl Key {
    pub(super) fn new(name: &str, scopes: &[Scope]) -> Self {
        let key = ApiKey::generate().unwrap();
        let config = KeyConfig {
            name: KeyName::parse(name).unwrap(),
            hash: key.hash(),
            scopes: scopes.to_vec(),
            expires: None,
            origins: Vec::new(),
        };
        Self { text: key.expose().to_owned(), config }
    }

    fn expires_in(mut self, time: TimeDelta) -> Self {
        self.config.expires = Some(Utc::now() + time);
        self
    }

    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.text)
    }
}

/// An access control with these keys and no limits.
pub(super) fn gate(keys: &[&Key]) -> AccessControl {
    AccessControl::new(&configs(keys), &RateSettings::none(), 0)
}

fn configs(keys: &[&Key]) -> Vec<KeyConfig> {
    keys.iter().map(|key| key.config.clone()).collect()
}

pub(super) async fn guarded(gate: &AccessControl) -> Server {
    Server::start_with(Setup { gate: gate.clone(), ..Setup::default() }).await
}

/// Sends an operation that accepts `application/graphql-response+json`.
pub(super) async fn send(server: &Server, query: &str, authorization: Option<&str>) -> Response {
    let mut request = server.post(&json!({ "query": query }));
    request = request.header("accept", "application/graphql-response+json");
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    request.send().await.unwrap()
}

/// The codes of the errors of a response.
pub(super) fn codes(answer: &Value) -> BTreeSet<&str> {
    answer["errors"].as_array().into_iter().flatten().map(code).collect()
}

/// An operation of each field with a scope, and the scopes that permit it.
const GUARDED: &[(&str, &str, &[Scope])] = &[
    ("Query.access", "{ access { key } }", &Scope::ALL),
    ("Query.document", r#"{ document(source: "a", key: "b") { id } }"#, &[Scope::Search]),
    ("Query.loggingHealth", "{ loggingHealth { lastError } }", &[Scope::Reports]),
    ("Query.mergedSearch", r#"{ mergedSearch(searches: [{query: ""}]) { hasNextPage } }"#, &[Scope::Search]),
    ("Query.node", r#"{ node(id: "doc_00000000000000000000000000000000") { id } }"#, &[Scope::Search]),
    ("Query.nodes", r#"{ nodes(ids: ["crawl_1"]) { id } }"#, &[Scope::Admin]),
    ("Query.reports", "{ reports { topSearches { cache } } }", &[Scope::Reports]),
    ("Query.search", r#"{ search(query: "") { totalCount } }"#, &[Scope::Search]),
    ("Query.searchLog", "{ searchLog { totalCount } }", &[Scope::Reports]),
    ("Query.searchRules", "{ searchRules { rules { id } } }", &[Scope::Admin]),
    ("Query.sources", "{ sources { name } }", &[Scope::Search, Scope::Admin]),
    ("Query.suggest", r#"{ suggest(prefix: "") { text } }"#, &[Scope::Search]),
    ("Source.crawls", "{ sources { crawls { id } } }", &[Scope::Admin]),
    ("Source.lastCrawl", "{ sources { lastCrawl { id } } }", &[Scope::Admin]),
    ("Source.nextCrawlAt", "{ sources { nextCrawlAt } }", &[Scope::Admin]),
    (
        "Mutation.deleteDocuments",
        "mutation { deleteDocuments(input: {ids: []}) { deleted } }",
        &[Scope::Admin],
    ),
    ("Mutation.deleteRules", "mutation { deleteRules(ids: []) { deleted } }", &[Scope::Admin]),
    ("Mutation.deleteStopWords", "mutation { deleteStopWords(ids: []) { deleted } }", &[Scope::Admin]),
    ("Mutation.deleteSynonyms", "mutation { deleteSynonyms(ids: []) { deleted } }", &[Scope::Admin]),
    ("Mutation.putRules", "mutation { putRules(rules: []) { inserted } }", &[Scope::Admin]),
    ("Mutation.putStopWords", "mutation { putStopWords(stopWords: []) { inserted } }", &[Scope::Admin]),
    ("Mutation.putSynonyms", "mutation { putSynonyms(synonyms: []) { inserted } }", &[Scope::Admin]),
    (
        "Mutation.eraseSearcher",
        r#"mutation { eraseSearcher(input: {sessionId: "s"}) { searches } }"#,
        &[Scope::Admin],
    ),
    (
        "Mutation.indexDocuments",
        "mutation { indexDocuments(input: {documents: []}) { inserted } }",
        &[Scope::Admin],
    ),
    (
        "Mutation.logKeystroke",
        r#"mutation { logKeystroke(input: {sessionId: "s", text: "t"}) { accepted } }"#,
        &[Scope::Search],
    ),
    ("Mutation.logKeystrokes", "mutation { logKeystrokes(input: []) { accepted } }", &[Scope::Search]),
    (
        "Mutation.recordInteraction",
        r#"mutation { recordInteraction(input: {kind: CLICK, documentId: "doc_00000000000000000000000000000000"}) { accepted } }"#,
        &[Scope::Search],
    ),
    (
        "Mutation.previewSource",
        r#"mutation { previewSource(source: "messages", pages: 1) { works } }"#,
        &[Scope::Admin],
    ),
    ("Mutation.startCrawl", r#"mutation { startCrawl(source: "messages") { id } }"#, &[Scope::Admin]),
    (
        "Subscription.crawlProgress",
        r#"subscription { crawlProgress(source: "messages") { id } }"#,
        &[Scope::Admin],
    ),
    ("Subscription.searchLogged", "subscription { searchLogged { id } }", &[Scope::Reports]),
];

/// All root fields, and other fields whose description states a scope.
fn fields_with_scopes() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for definition in parse_schema(schema_sdl()).unwrap().definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let TypeKind::Object(object) = definition.node.kind else { continue };
        let name = definition.node.name.node;
        let is_root = matches!(name.as_str(), "Query" | "Mutation" | "Subscription");
        for field in object.fields {
            let description = field.node.description.map(|text| text.node).unwrap_or_default();
            if is_root || description.contains("Scope: ") {
                names.insert(format!("{name}.{}", field.node.name.node));
            }
        }
    }
    names
}

#[test]
fn all_fields_with_scopes_are_tested() {
    let tested: BTreeSet<String> = GUARDED.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(tested, fields_with_scopes());
}

#[tokio::test]
async fn every_field_requires_a_valid_key_with_its_scope() {
    let keys = Scope::ALL.map(|scope| (scope, Key::new(scope.as_str(), &[scope])));
    let all = Key::new("all", &Scope::ALL);
    let expired = Key::new("expired", &Scope::ALL).expires_in(TimeDelta::seconds(-1));
    let wrong = Key::new("unknown", &Scope::ALL);
    let mut known: Vec<&Key> = keys.iter().map(|(_, key)| key).collect();
    known.extend([&all, &expired]);
    let server = guarded(&gate(&known)).await;
    server
        .post(&json!({"query": "mutation { indexDocuments(input: {documents: [{source: \"a\", key: \"b\", text: \"c\"}]}) { inserted } }"}))
        .header("authorization", all.bearer())
        .send()
        .await
        .unwrap();
    for (name, query, scopes) in GUARDED {
        for bad in
            [wrong.bearer(), expired.bearer(), "Bearer".into(), "Basic eDp5".into(), "Bearer a b".into()]
        {
            let response = send(&server, query, Some(&bad)).await;
            assert_eq!(response.status(), 401, "{name} {bad}");
            assert_eq!(response.headers()["www-authenticate"], "Bearer");
            let answer = read(response).await;
            assert_eq!(codes(&answer), ["UNAUTHENTICATED"].into(), "{name} {bad}");
            assert!(answer.get("data").is_none(), "{answer}");
        }
        let is_subscription = name.starts_with("Subscription");
        if !is_subscription {
            let response = send(&server, query, None).await;
            assert_eq!(response.status(), 401, "{name}");
            assert_eq!(response.headers()["www-authenticate"], "Bearer");
            assert_eq!(codes(&read(response).await), ["UNAUTHENTICATED"].into(), "{name}");
        }
        for (scope, key) in keys.iter().map(|(scope, key)| (Some(*scope), key)).chain([(None, &all)]) {
            let opens = scope.is_none_or(|scope| scopes.contains(&scope));
            let answer = if is_subscription {
                over_socket(&server, query, key).await
            } else {
                read(send(&server, query, Some(&key.bearer())).await).await
            };
            let denied = codes(&answer).contains("FORBIDDEN");
            assert_eq!(denied, !opens, "{name} with {scope:?}: {answer}");
            assert!(!codes(&answer).contains("UNAUTHENTICATED"), "{answer}");
            if denied {
                let path = &answer["errors"][0]["path"];
                assert!(path.as_array().is_some_and(|path| !path.is_empty()), "{name}: {answer}");
            }
        }
    }
}

/// The first message of a subscription; an empty object if it begins without one.
async fn over_socket(server: &Server, query: &str, key: &Key) -> Value {
    let mut socket = Socket::open(server.address).await;
    socket.send_message(json!({"type": "connection_init", "payload": {"Authorization": key.bearer()}})).await;
    assert_eq!(socket.receive().await, json!({"type": "connection_ack"}));
    socket.subscribe("s", query).await;
    // Answered after the preceding operation has begun.
    socket.subscribe("after", "{ __typename }").await;
    loop {
        let message = socket.receive().await;
        match (message["id"].as_str(), message["type"].as_str()) {
            (Some("s"), Some("error")) => return json!({ "errors": message["payload"] }),
            (Some("after"), Some("complete")) => return json!({}),
            _ => {}
        }
    }
}

#[tokio::test]
async fn the_type_of_an_id_decides_the_scope_of_node() {
    let keys = Scope::ALL.map(|scope| (scope, Key::new(scope.as_str(), &[scope])));
    let known: Vec<&Key> = keys.iter().map(|(_, key)| key).collect();
    let server = guarded(&gate(&known)).await;
    let zero = "0".repeat(32);
    for (id, needed) in [
        (format!("doc_{zero}"), Scope::Search),
        (format!("author_{zero}"), Scope::Search),
        (format!("search_{zero}"), Scope::Reports),
        ("crawl_1".to_owned(), Scope::Admin),
    ] {
        for (scope, key) in &keys {
            let query = format!("{{ node(id: \"{id}\") {{ id }} nodes(ids: [\"{id}\"]) {{ id }} }}");
            let response = send(&server, &query, Some(&key.bearer())).await;
            assert_eq!(response.status(), 200);
            let answer = read(response).await;
            // The object does not exist, which a caller without the scope does not learn.
            assert_eq!(answer["data"], json!({"node": null, "nodes": [null]}), "{id}");
            let expected = if *scope == needed { BTreeSet::new() } else { ["FORBIDDEN"].into() };
            assert_eq!(codes(&answer), expected, "{id} with {scope}");
        }
    }
}

#[tokio::test]
async fn an_operation_with_a_denied_field_is_not_executed() {
    let shop = Key::new("shop", &[Scope::Search]);
    let all = Key::new("all", &Scope::ALL);
    let server = guarded(&gate(&[&shop, &all])).await;
    let both = r#"mutation { logKeystroke(input: {sessionId: "s", text: "t"}) { accepted }
        erase: eraseSearcher(input: {sessionId: "other"}) { searches } }"#;
    let response = send(&server, both, Some(&shop.bearer())).await;
    assert_eq!(response.status(), 403);
    let answer = read(response).await;
    assert_eq!((answer.get("data"), &answer["errors"][0]["path"]), (None, &json!(["erase"])), "{answer}");
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("eraseSearcher") && message.contains("ADMIN") && message.contains("shop"),
        "{message}"
    );
    let health = send(&server, "{ loggingHealth { keystrokesAccepted } }", Some(&all.bearer())).await;
    assert_eq!(read(health).await["data"]["loggingHealth"]["keystrokesAccepted"], 0);
    // With `application/json`, each well-formed request has status 200.
    let older =
        server.post(&json!({ "query": both })).header("authorization", shop.bearer()).send().await.unwrap();
    assert_eq!(older.status(), 200);
    assert_eq!(codes(&read(older).await), ["FORBIDDEN"].into());
}

#[tokio::test]
async fn over_a_websocket_connection_init_has_the_key() {
    let shop = Key::new("shop", &[Scope::Search]);
    let expired = Key::new("expired", &[Scope::Search]).expires_in(TimeDelta::seconds(-1));
    let server = guarded(&gate(&[&shop, &expired])).await;
    let wrong = Key::new("wrong", &[]);
    for payload in [
        json!({"Authorization": wrong.bearer()}),
        json!({"authorization": expired.bearer()}),
        json!({"authorization": shop.text}),
        json!({"authorization": 7}),
    ] {
        let mut socket = Socket::open(server.address).await;
        socket.send_message(json!({"type": "connection_init", "payload": payload})).await;
        assert_eq!(socket.close_code().await, 4403, "{payload}");
    }
    for (payload, expected) in [
        (json!({"Authorization": shop.bearer()}), "next"),
        (json!({"authorization": shop.bearer()}), "next"),
        (json!({}), "error"),
        (Value::Null, "error"),
    ] {
        let mut socket = Socket::open(server.address).await;
        socket.send_message(json!({"type": "connection_init", "payload": payload})).await;
        assert_eq!(socket.receive().await, json!({"type": "connection_ack"}));
        socket.subscribe("q", "{ search(query: \"\") { totalCount } }").await;
        let message = socket.receive().await;
        assert_eq!(message["type"], expected, "{payload}: {message}");
        if expected == "error" {
            assert_eq!(code(&message["payload"][0]), "UNAUTHENTICATED");
        }
    }
}

#[tokio::test]
async fn a_revoked_key_is_rejected_and_its_subscriptions_end() {
    let (old, new) = (Key::new("old", &Scope::ALL), Key::new("new", &Scope::ALL));
    let gate = gate(&[&old]);
    let server = guarded(&gate).await;
    let mut following = Socket::open(server.address).await;
    following
        .send_message(json!({"type": "connection_init", "payload": {"Authorization": old.bearer()}}))
        .await;
    assert_eq!(following.receive().await, json!({"type": "connection_ack"}));
    following.subscribe("s", "subscription { searchLogged { id } }").await;
    following.subscribe("q", "{ sources { name } }").await;
    assert_eq!(following.receive().await["type"], "next");
    assert_eq!(following.receive().await["type"], "complete");
    let query = "{ search(query: \"\") { totalCount } }";
    assert_eq!(send(&server, query, Some(&new.bearer())).await.status(), 401);
    let stream = server.post(&json!({"query": "subscription { searchLogged { id } }"}));
    let stream = stream.header("accept", "text/event-stream").header("authorization", old.bearer());
    let mut stream = Events::of(stream.send().await.unwrap());

    // Both are valid during a rotation.
    gate.replace(&configs(&[&old, &new]), &RateSettings::none());
    assert_eq!(send(&server, query, Some(&old.bearer())).await.status(), 200);
    assert_eq!(send(&server, query, Some(&new.bearer())).await.status(), 200);
    following.subscribe("q", "{ sources { name } }").await;
    assert_eq!(following.receive().await["type"], "next");
    assert_eq!(following.receive().await["type"], "complete");

    gate.replace(&configs(&[&new]), &RateSettings::none());
    assert_eq!(send(&server, query, Some(&old.bearer())).await.status(), 401);
    assert_eq!(following.last_close_code().await, 4403);
    assert_eq!(codes(&stream.answer().await), ["UNAUTHENTICATED"].into());
    assert_eq!(stream.next().await, Some(Event::Complete));
}

#[tokio::test]
async fn a_websocket_closes_when_its_key_expires_or_loses_a_scope() {
    let short = Key::new("short", &Scope::ALL).expires_in(TimeDelta::seconds(1));
    let lesser = Key::new("lesser", &Scope::ALL);
    let gate = gate(&[&short, &lesser]);
    let server = guarded(&gate).await;
    let open = async |key: &Key| {
        let mut socket = Socket::open(server.address).await;
        socket
            .send_message(json!({"type": "connection_init", "payload": {"Authorization": key.bearer()}}))
            .await;
        assert_eq!(socket.receive().await, json!({"type": "connection_ack"}));
        socket
    };
    let (mut shorts, mut lessers) = (open(&short).await, open(&lesser).await);
    assert_eq!(shorts.last_close_code().await, 4403);
    let mut config = lesser.config.clone();
    config.scopes = vec![Scope::Search];
    gate.replace(&[config], &RateSettings::none());
    assert_eq!(lessers.last_close_code().await, 4403);
    // A connection from before the server had keys.
    let gate = AccessControl::unrestricted();
    let server = guarded(&gate).await;
    let mut unchecked = Socket::connect(server.address).await;
    gate.replace(&configs(&[&lesser]), &RateSettings::none());
    assert_eq!(unchecked.last_close_code().await, 4403);
}

#[tokio::test]
async fn a_key_with_origins_is_rejected_from_other_origins() {
    let mut site = Key::new("site", &[Scope::Search]);
    site.config.origins = vec![Origin::parse("https://shop.example").unwrap()];
    let settings = Settings::from_toml("[server]\nallowed_origins = [\"https://shop.example\"]").unwrap();
    let origins = Origins::of(&settings);
    let server = Server::start_with(Setup { gate: gate(&[&site]), origins, ..Setup::default() }).await;
    let from = async |origin: Option<&str>| {
        let mut request = server.post(&json!({"query": "{ search(query: \"\") { totalCount } }"}));
        request = request.header("authorization", site.bearer());
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        request.send().await.unwrap()
    };
    for origin in [None, Some("https://shop.example")] {
        assert_eq!(codes(&read(from(origin).await).await), BTreeSet::new(), "{origin:?}");
    }
    let own = format!("http://{}", server.address);
    for origin in [own.as_str(), "null"] {
        let response = from(Some(origin)).await;
        assert_eq!(response.status(), 403, "{origin}");
        assert_eq!(codes(&read(response).await), ["FORBIDDEN"].into());
    }
    let mut socket =
        Socket::try_open(server.address, Some("graphql-transport-ws"), Some(&own)).await.unwrap();
    socket
        .send_message(json!({"type": "connection_init", "payload": {"Authorization": site.bearer()}}))
        .await;
    assert_eq!(socket.close_code().await, 4403);
}

#[tokio::test]
async fn without_keys_the_authorization_header_is_ignored() {
    let server = Server::start().await;
    for authorization in ["Basic eDp5", "Bearer whatever", "nonsense"] {
        let response = send(&server, "{ sources { name } }", Some(authorization)).await;
        assert_eq!(response.status(), 200, "{authorization}");
    }
}

#[tokio::test]
async fn introspection_and_explorer_follow_their_settings() {
    let shop = Key::new("shop", &[Scope::Search]);
    let query = "{ __schema { queryType { name } } }";
    let open = Server::start().await;
    assert_eq!(send(&open, query, None).await.status(), 200);
    assert_eq!(open.get("/graphiql").send().await.unwrap().status(), 200);
    let server = guarded(&gate(&[&shop])).await;
    let refused = send(&server, query, None).await;
    assert_eq!(refused.status(), 401);
    let refused = read(refused).await;
    assert_eq!(codes(&refused), ["UNAUTHENTICATED"].into());
    assert!(refused["errors"][0]["message"].as_str().unwrap().contains("Introspection"), "{refused}");
    assert_eq!(send(&server, query, Some(&shop.bearer())).await.status(), 200);
    for path in ["/graphiql", "/graphiql/start.js"] {
        let response = server.get(path).send().await.unwrap();
        assert_eq!(response.status(), 404, "{path}");
        assert_eq!(codes(&read(response).await), ["NOT_FOUND"].into());
    }
    let limits = Limits { introspection: Introspection::Off, ..Limits::default() };
    let setup = Setup { gate: gate(&[&shop]), graphiql: Some(true), limits, ..Setup::default() };
    let explorable = Server::start_with(setup).await;
    let closed = read(send(&explorable, query, Some(&shop.bearer())).await).await;
    assert_eq!(codes(&closed), ["FORBIDDEN"].into());
    assert_eq!(explorable.get("/graphiql").send().await.unwrap().status(), 200);
}
