//! `search`, which reads the index only and computes selected fields only.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use prometheus_client::registry::Registry;
use quarry::domain::Revision;
use quarry::search::{
    Batch, CompletionRequest, DocumentFilter, EngineHealth, Rulebook, SearchAnswer, SearchEngine,
    SearchError, SearchRequest,
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::server::{Server, Setup, code};

async fn server() -> Server {
    let server = Server::start().await;
    server
        .index(json!([
            {"source": "notes", "key": "1", "text": "The red fox jumps", "category": "animals", "authorKey": "a",
             "authorName": "Ada", "publishedAt": "2025-01-01T00:00:00Z", "attributes": {"x": [1, null]}},
            {"source": "notes", "key": "2", "text": "A fox & a <b>dog</b>", "category": "animals", "authorKey": "b",
             "authorName": "Bob", "publishedAt": "2025-01-02T00:00:00Z"},
            {"source": "shop", "key": "1", "title": "Fox socks", "text": "Warm and red", "category": "socks"},
        ]))
        .await;
    server
}

#[tokio::test]
async fn finds_ranks_pages_and_counts() {
    let server = server().await;
    let query = "query($first: Int, $after: String) { search(query: \"fox\", first: $first, after: $after) { \
        totalCount relaxed tookMs edges { cursor score node { source key } } nodes { key } \
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";
    let all = server.data(query, json!({})).await;
    let all = &all["search"];
    assert_eq!(all["totalCount"], 3);
    assert_eq!(all["relaxed"], false);
    assert!(all["tookMs"].as_f64().unwrap() > 0.0);
    assert_eq!(all["edges"].as_array().unwrap().len(), 3);
    assert_eq!(all["pageInfo"]["hasNextPage"], false);

    let mut walked = Vec::new();
    let mut after = Value::Null;
    loop {
        let page = server.data(query, json!({"first": 1, "after": after})).await["search"].take();
        assert_eq!(page["totalCount"], 3);
        assert_eq!(page["pageInfo"]["hasPreviousPage"], !after.is_null());
        assert_eq!(page["pageInfo"]["startCursor"], page["edges"][0]["cursor"]);
        walked.push(page["edges"][0]["node"].clone());
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    let nodes: Vec<_> = all["edges"].as_array().unwrap().iter().map(|edge| edge["node"].clone()).collect();
    assert_eq!(walked, nodes);

    let counts = server.data(query, json!({"first": 0})).await["search"].take();
    assert_eq!(counts["totalCount"], 3);
    assert_eq!(counts["edges"], json!([]));
    assert_eq!(counts["pageInfo"]["endCursor"], Value::Null);
}

#[tokio::test]
async fn filters_sorts_highlights_and_facets() {
    let server = server().await;
    let query = "query($filter: DocumentFilter, $sort: SearchSort! = RELEVANCE) { \
        search(query: \"fox\", filter: $filter, sort: $sort) { nodes { key } } }";
    let keys = async |variables: Value| server.data(query, variables).await["search"]["nodes"].to_string();
    assert_eq!(keys(json!({"filter": {"source": ["shop"]}})).await, r#"[{"key":"1"}]"#);
    assert_eq!(
        keys(json!({"filter": {"authorKey": "b", "category": ["animals"]}})).await,
        r#"[{"key":"2"}]"#
    );
    assert_eq!(
        keys(json!({"filter": {"publishedFrom": "2025-01-02T01:00:00+01:00"}})).await,
        r#"[{"key":"2"}]"#
    );
    assert_eq!(
        keys(json!({"filter": {"publishedBefore": "2025-01-02T00:00:00Z"}})).await,
        r#"[{"key":"1"}]"#
    );
    let dated = json!({"filter": {"source": "notes"}, "sort": "NEWEST"});
    assert_eq!(keys(dated).await, r#"[{"key":"2"},{"key":"1"}]"#);

    let found = server
        .data(
            "{ search(query: \"fox dog\") { edges { highlights { field html } } facets { field buckets { value count } } \
             top: facets(first: 1) { field buckets { value count } } } }",
            json!({}),
        )
        .await["search"]
        .take();
    let highlights = found["edges"][0]["highlights"].as_array().unwrap();
    let html =
        highlights.iter().find(|highlight| highlight["field"] == "text").unwrap()["html"].as_str().unwrap();
    assert!(html.contains("<mark>fox</mark> &amp;"), "{html}");
    assert!(html.contains("&lt;b&gt;<mark>dog</mark>"), "{html}");
    let all = server
        .data("{ search(query: \"\") { facets(first: 1) { field buckets { value count } } } }", json!({}))
        .await;
    let facets = all["search"]["facets"].as_array().unwrap();
    let source = facets.iter().find(|facet| facet["field"] == "source").unwrap();
    assert_eq!(source["buckets"], json!([{"value": "notes", "count": 2}]));
}

#[tokio::test]
async fn highlights_have_the_requested_length() {
    let server = server().await;
    let text =
        format!("A vixen. {} A red vixen and {}", "many words ".repeat(200), "more words ".repeat(200));
    server.index(json!([{"source": "long", "key": "1", "text": text}])).await;
    let query = "query($length: Int = 60) { search(query: \"red vixen\") { edges { short: highlights(length: $length) { \
                 html } default: highlights { html } ... on SearchEdge { same: highlights(length: 1000) { html } } } } }";
    let edge = server.data(query, json!({})).await["search"]["edges"][0].take();
    let html = |alias: &str| edge[alias][0]["html"].as_str().unwrap().to_owned();
    assert!(html("short").contains("A <mark>red</mark> <mark>vixen</mark> and"), "{edge}");
    assert!(html("short").chars().count() < 60 + "……<mark></mark><mark></mark>".chars().count(), "{edge}");
    assert!(html("default").chars().count() > 900, "{edge}");
    assert_eq!(html("same"), html("default"));
    for length in [19, 10_001, -1] {
        let error = server.error(query, json!({"length": length})).await;
        assert_eq!(code(&error), "BAD_USER_INPUT");
        assert_eq!(error["message"], format!("length must be from 20 to 10000, but is {length}"));
    }
}

#[tokio::test]
async fn the_interpretation_explains_a_result() {
    let server = server().await;
    let query = "query($q: String!) { search(query: $q) { totalCount relaxed edges { tier } \
         interpretation { tier truncated corrections { typed meant } } } }";
    let found = server.data(query, json!({"q": "jumpps"})).await["search"].take();
    let corrections = json!([{"typed": "jumpps", "meant": "jumps"}]);
    let interpretation = json!({"tier": "TYPOS", "truncated": false, "corrections": corrections});
    assert_eq!(found["interpretation"], interpretation, "{found}");
    assert_eq!((&found["relaxed"], &found["edges"][0]["tier"]), (&json!(false), &json!("TYPOS")));
    let pasted = format!("{} jumps", (0..40).map(|at| format!("word{at} ")).collect::<String>());
    let found = server.data(query, json!({"q": pasted})).await["search"].take();
    assert_eq!(found["interpretation"], json!({"tier": "ANY_WORD", "truncated": true, "corrections": []}));
    assert_eq!(found["relaxed"], json!(true));
}

#[tokio::test]
async fn facets_and_suggestions_within_a_filter() {
    let server = server().await;
    let query = "query($f: DocumentFilter, $d: Boolean) { search(query: \"fox\", filter: $f) { \
        facets(disjunctive: $d) { field buckets { value name count } } \
        ada: facets(startsWith: \"ad\") { field buckets { name } } } \
        suggest(prefix: \"so\", filter: $f) { text hits } }";
    let found = server.data(query, json!({"f": {"category": "animals"}, "d": true})).await;
    let bucket = |value: &str, name: Value| json!({"value": value, "name": name, "count": 1});
    let facets = &found["search"]["facets"];
    let both = json!([{"value": "animals", "name": null, "count": 2}, bucket("socks", Value::Null)]);
    assert_eq!((&facets[1]["field"], &facets[1]["buckets"]), (&json!("category"), &both));
    assert_eq!(facets[2]["buckets"], json!([bucket("a", json!("Ada")), bucket("b", json!("Bob"))]));
    assert_eq!(found["search"]["ada"][2]["buckets"], json!([{"name": "Ada"}]));
    assert_eq!(found["suggest"], json!([]));
    let found = server.data(query, json!({})).await;
    assert_eq!(found["suggest"], json!([{"text": "socks", "hits": 1}]));
    let many: String = (0..9).map(|n| format!("f{n}: facets(startsWith: \"{n}\") {{ field }} ")).collect();
    let error = server.error(&format!("{{ search(query: \"\") {{ {many} }} }}"), json!({})).await;
    assert_eq!(code(&error), "BAD_USER_INPUT");
    let long =
        format!("{{ search(query: \"\") {{ facets(startsWith: \"{}\") {{ field }} }} }}", "x".repeat(101));
    assert_eq!(code(&server.error(&long, json!({})).await), "BAD_USER_INPUT");
}

#[tokio::test]
async fn no_query_is_a_syntax_error() {
    let server = server().await;
    for text in [
        "", " ", "\"", "fox AND", "NOT", "*", "a:b", "/x/", "\\", "(", "🦊", "שלום", "--", "-fox",
        "fo\u{0}x", "%", "OR",
    ] {
        let found =
            server.data("query($q: String!) { search(query: $q) { totalCount } }", json!({"q": text})).await;
        assert!(found["search"]["totalCount"].is_u64(), "{text:?}");
    }
}

#[tokio::test]
async fn omitted_variables_have_the_defaults() {
    let server = server().await;
    let query = "query($q: String!, $n: Int, $a: String, $f: DocumentFilter, $s: SearchSort, $m: MatchPolicy, \
        $p: Boolean, $t: Boolean) { search(query: $q, first: $n, after: $a, filter: $f, sort: $s, match: $m, \
        prefix: $p, typoTolerance: $t) { totalCount } }";
    // Twice: the second time the document is cached.
    for _ in 0..2 {
        let found = server.data(query, json!({"q": "fo"})).await;
        assert_eq!(found["search"]["totalCount"], 3, "the prefix is on");
    }
    let found = server.data(query, json!({"q": "fo", "p": false, "t": false})).await;
    assert_eq!(found["search"]["totalCount"], 0);
    assert_eq!(code(&server.error(query, json!({"q": "fo", "p": null})).await), "BAD_USER_INPUT");
}

#[tokio::test]
async fn searches_continue_without_the_store_and_relations_fail() {
    let server = server().await;
    server.store.clone().close().await.unwrap();
    let query = "{ search(query: \"jumps\") { nodes { key text attributes publishedAt author { name } } } }";
    let answer = server.ask(query, json!({})).await;
    let node = &answer["data"]["search"]["nodes"][0];
    assert_eq!(node["text"], "The red fox jumps");
    assert_eq!(node["attributes"], json!({"x": [1, null]}));
    assert_eq!(node["publishedAt"], "2025-01-01T00:00:00.000Z");
    assert_eq!(node["author"], Value::Null);
    let errors = answer["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1);
    assert_eq!(code(&errors[0]), "STORE_UNAVAILABLE");
    assert_eq!(errors[0]["path"], json!(["search", "nodes", 0, "author"]));
    assert!(errors[0]["extensions"]["requestId"].is_string());
    let message = errors[0]["message"].as_str().unwrap();
    assert!(!message.to_lowercase().contains("pool"), "no internals: {message}");
}

#[tokio::test]
async fn errors_state_the_limits() {
    let server = Server::start().await;
    let query = "query($q: String!, $n: Int, $a: String, $f: DocumentFilter) \
        { search(query: $q, first: $n, after: $a, filter: $f) { totalCount } }";
    for (variables, problem) in [
        (json!({"q": "x", "n": 101}), "first must be from 0 to 100"),
        (json!({"q": "x", "n": -1}), "first must be from 0 to 100"),
        (json!({"q": "x", "a": "garbage"}), "after is not a cursor"),
        (json!({"q": "x", "a": "x".repeat(5_000)}), "after is not a cursor"),
        (
            json!({"q": "x", "f": {"source": vec!["x"; 101]}}),
            "filter.source has 101 values: send at most 100",
        ),
        (json!({"q": "x", "f": {"category": ["a", "x".repeat(1_025)]}}), "filter.category.1 is longer"),
        (json!({"q": "x", "f": {"publishedFrom": "yesterday"}}), "$f.publishedFrom must be an RFC 3339"),
    ] {
        let error = server.error(query, variables).await;
        assert_eq!(code(&error), "BAD_USER_INPUT");
        assert!(error["message"].as_str().unwrap().contains(problem), "{error} does not contain {problem}");
    }
    let literal = server
        .error("{ search(query: \"\", filter: {publishedFrom: \"x\"}) { totalCount } }", json!({}))
        .await;
    assert_eq!(code(&literal), "GRAPHQL_VALIDATION_FAILED");
    let facets = server.error("{ search(query: \"\") { facets(first: 101) { field } } }", json!({})).await;
    assert_eq!(code(&facets), "BAD_USER_INPUT");
}

/// An engine that records requests and returns scripted answers.
pub(super) struct Scripted {
    requests: Mutex<Vec<SearchRequest>>,
    failure: Option<fn() -> SearchError>,
    /// The permits of searches.
    pub(super) permits: Semaphore,
}

#[async_trait]
impl SearchEngine for Scripted {
    async fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError> {
        self.permits.acquire().await.unwrap().forget();
        self.requests.lock().unwrap().push(request.clone());
        self.failure.map_or_else(|| Ok(SearchAnswer::default()), |failure| Err(failure()))
    }
    async fn apply(&self, _: Batch) -> Result<Revision, SearchError> {
        unreachable!("this engine only searches")
    }
    async fn applied_through(&self) -> Result<Option<(Uuid, Revision)>, SearchError> {
        unreachable!("this engine only searches")
    }
    async fn reset(&self) -> Result<(), SearchError> {
        unreachable!("this engine only searches")
    }
    async fn complete(&self, _: &CompletionRequest) -> Result<Vec<String>, SearchError> {
        unreachable!("this engine only searches")
    }
    async fn count(&self, _: &[String], _: &DocumentFilter) -> Result<Vec<u64>, SearchError> {
        unreachable!("this engine only searches")
    }
    fn use_rulebook(&self, _: Arc<Rulebook>) {
        unreachable!("this engine only searches")
    }
    fn rulebook(&self) -> Arc<Rulebook> {
        Arc::default()
    }
    async fn health(&self) -> Result<EngineHealth, SearchError> {
        unreachable!("this engine only searches")
    }
    fn register_metrics(&self, _: &mut Registry) {
        unreachable!("this engine only searches")
    }
}

impl Scripted {
    pub(super) fn new(failure: Option<fn() -> SearchError>, permits: usize) -> Self {
        Self { requests: Mutex::default(), failure, permits: Semaphore::new(permits) }
    }
}

pub(super) async fn scripted(failure: Option<fn() -> SearchError>) -> (Server, Arc<Scripted>) {
    let engine = Arc::new(Scripted::new(failure, Semaphore::MAX_PERMITS));
    let server = Server::start_with(Setup { engine: Some(engine.clone()), ..Setup::default() }).await;
    (server, engine)
}

#[tokio::test]
async fn highlights_and_facets_are_computed_only_if_selected() {
    let (server, engine) = scripted(None).await;
    for (selection, highlights, facets) in [
        ("{ totalCount }", false, false),
        ("{ edges { node { id } } nodes { id } }", false, false),
        ("{ edges { highlights { html } } }", true, false),
        ("{ facets { field } }", false, true),
        ("{ e: edges { h: highlights { html } } f: facets { field } }", true, true),
        ("{ ... on SearchConnection { edges { ...E } } }", true, false),
        (
            "{ ... @include(if: $no) { facets { field } } edges @skip(if: $yes) { highlights { html } } }",
            false,
            false,
        ),
        ("{ edges { node { id } } e: edges { highlights { html } } }", true, false),
    ] {
        let fragment =
            if selection.contains("...E") { "fragment E on SearchEdge { highlights { field } }" } else { "" };
        let variables = if selection.contains("$no") { "($no: Boolean!, $yes: Boolean!)" } else { "" };
        let query = format!("query Q{variables} {{ search(query: \"x\") {selection} }} {fragment}");
        server.data(&query, json!({"no": false, "yes": true})).await;
        let request = engine.requests.lock().unwrap().pop().unwrap();
        let requested = (request.highlights, !request.facets.is_empty());
        assert_eq!(requested, (highlights, facets), "{selection}");
    }
}

#[tokio::test]
async fn failures_of_the_engine_have_codes_and_no_internals() {
    for (failure, expected) in [
        ((|| SearchError::TooBusy) as fn() -> SearchError, "TOO_BUSY"),
        (|| SearchError::InvalidCursor, "BAD_USER_INPUT"),
        (|| SearchError::Damaged("secret".into()), "INTERNAL_SERVER_ERROR"),
        (|| SearchError::Failed("secret".into()), "INTERNAL_SERVER_ERROR"),
    ] {
        let (server, _) = scripted(Some(failure)).await;
        let error = server.error("{ search(query: \"x\") { totalCount } }", json!({})).await;
        assert_eq!(code(&error), expected);
        assert!(!error.to_string().contains("secret"), "{error}");
        assert_eq!(error["extensions"]["requestId"].is_string(), expected == "INTERNAL_SERVER_ERROR");
    }
}
