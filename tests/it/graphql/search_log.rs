//! The search log: filters, pages and erasures.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::server::{Server, code};
use crate::support::wait::{next_millisecond, until};

const LOG: &str = "query($filter: SearchLogFilter, $first: Int, $after: String) {
    searchLog(filter: $filter, first: $first, after: $after) {
        edges { cursor node { id } } nodes { id query lastKeystrokeAt }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }";

/// Sends keystrokes and logs their searches.
async fn log(server: &Server, keystrokes: Value) {
    let query = "mutation($input: [LogKeystrokeInput!]!) { logKeystrokes(input: $input) { accepted } }";
    let given = keystrokes.as_array().unwrap().len();
    let data = server.data(query, json!({ "input": keystrokes })).await;
    assert_eq!(data["logKeystrokes"]["accepted"], given);
    server.flush().await;
}

async fn page(server: &Server, filter: Value, first: i64, after: Value) -> Value {
    let variables = json!({"filter": filter, "first": first, "after": after});
    server.data(LOG, variables).await["searchLog"].take()
}

/// The texts of all searches that match a filter; their count must agree.
async fn found(server: &Server, filter: Value) -> BTreeSet<String> {
    let page = page(server, filter, 100, Value::Null).await;
    let nodes = page["nodes"].as_array().unwrap();
    assert_eq!(page["totalCount"], nodes.len());
    nodes.iter().map(|node| node["query"].as_str().unwrap().to_owned()).collect()
}

fn set<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
    texts.map(str::to_owned).into()
}

#[tokio::test]
async fn all_conditions_of_a_filter_must_hold() {
    let server = Server::start().await;
    log(
        &server,
        json!([
            {"sessionId": "s1", "userId": "u1", "text": "Private  Jet", "resultCount": 3},
            {"sessionId": "s1", "inputId": "b", "userId": "u1", "text": "privateer", "resultCount": 0},
            {"sessionId": "s2", "text": "PRIVATE JETS to Nice"},
            {"sessionId": "s3", "userId": "u2", "text": "100% wool_", "resultCount": 0},
            {"sessionId": "s4", "text": "ＳＴＲＡẞＥ", "resultCount": 1},
            {"sessionId": "S1", "text": "another session", "resultCount": 1},
        ]),
    )
    .await;
    let all = set([
        "Private Jet",
        "privateer",
        "PRIVATE JETS to Nice",
        "100% wool_",
        "ＳＴＲＡẞＥ",
        "another session",
    ]);
    let jets = set(["Private Jet", "PRIVATE JETS to Nice"]);
    for (filter, expected) in [
        (Value::Null, all.clone()),
        (json!({}), all.clone()),
        (
            json!({"sessionId": null, "userId": null, "loggedIn": null, "queryPrefix": null, "zeroResults": null}),
            all.clone(),
        ),
        (json!({"sessionId": "s1"}), set(["Private Jet", "privateer"])),
        (json!({"sessionId": "nobody"}), set([])),
        (json!({"userId": "u2"}), set(["100% wool_"])),
        (json!({"userId": "U2"}), set([])),
        (json!({"loggedIn": true}), set(["Private Jet", "privateer", "100% wool_"])),
        (json!({"loggedIn": false}), set(["PRIVATE JETS to Nice", "ＳＴＲＡẞＥ", "another session"])),
        (json!({"queryPrefix": "private jet"}), jets.clone()),
        (json!({"queryPrefix": "  pRIVATE\tJ "}), jets.clone()),
        (json!({"queryPrefix": "privatejet"}), jets),
        (json!({"queryPrefix": "strasse"}), set(["ＳＴＲＡẞＥ"])),
        (json!({"queryPrefix": " \t"}), all),
        (json!({"queryPrefix": "%"}), set([])),
        (json!({"queryPrefix": "100%"}), set(["100% wool_"])),
        (json!({"queryPrefix": "100_"}), set([])),
        (json!({"queryPrefix": "jet"}), set([])),
        (json!({"zeroResults": true}), set(["privateer", "100% wool_"])),
        // An unknown number of results is not zero.
        (
            json!({"zeroResults": false}),
            set(["Private Jet", "PRIVATE JETS to Nice", "ＳＴＲＡẞＥ", "another session"]),
        ),
        (json!({"userId": "u1", "zeroResults": true}), set(["privateer"])),
        (json!({"userId": "u1", "loggedIn": false}), set([])),
        (json!({"sessionId": "s1", "userId": "u2"}), set([])),
    ] {
        assert_eq!(found(&server, filter.clone()).await, expected, "{filter}");
    }
    // The same as literals.
    let written = "{ searchLog(filter: {sessionId: \"s1\", loggedIn: true, queryPrefix: \"privatE e\", zeroResults: true,
        from: \"2000-01-01T00:00:00Z\", before: \"2100-01-01T00:00:00+02:00\"}, first: 1) { totalCount nodes { query } } }";
    let data = server.data(written, json!({})).await;
    assert_eq!(data["searchLog"], json!({"totalCount": 1, "nodes": [{"query": "privateer"}]}));
}

#[tokio::test]
async fn from_and_before_filter_the_last_keystroke() {
    let server = Server::start().await;
    log(&server, json!([{"sessionId": "s1", "text": "early"}])).await;
    let first = page(&server, json!({}), 1, Value::Null).await["nodes"][0].take();
    let early = first["lastKeystrokeAt"].as_str().unwrap().to_owned();
    next_millisecond().await;
    log(&server, json!([{"sessionId": "s1", "text": "late"}])).await;
    let nodes = page(&server, json!({}), 2, Value::Null).await["nodes"].take();
    assert_eq!((&nodes[0]["query"], &nodes[1]["query"]), (&json!("late"), &json!("early")), "newest first");
    let late = nodes[0]["lastKeystrokeAt"].as_str().unwrap();
    for (filter, expected) in [
        (json!({"from": early}), set(["early", "late"])),
        (json!({"before": early}), set([])),
        (json!({"from": late}), set(["late"])),
        (json!({"before": late}), set(["early"])),
        (json!({"from": early, "before": late}), set(["early"])),
        (json!({"from": late, "before": early}), set([])),
        (json!({"from": "9999-12-31T23:59:59Z"}), set([])),
        (
            json!({"from": "0001-01-01T00:00:00Z", "before": "9999-12-31T23:59:59.999Z"}),
            set(["early", "late"]),
        ),
    ] {
        assert_eq!(found(&server, filter.clone()).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn pages_have_no_gaps_and_no_duplicates() {
    let server = Server::start().await;
    let keystrokes: Vec<Value> = (0..23)
        .map(|n| json!({"sessionId": format!("s{n}"), "userId": if n < 20 { "u1" } else { "u2" }, "text": format!("tea {n}")}))
        .collect();
    log(&server, json!(keystrokes)).await;
    let filter = json!({"userId": "u1"});
    let whole = page(&server, filter.clone(), 100, Value::Null).await;
    assert_eq!((&whole["totalCount"], whole["nodes"].as_array().unwrap().len()), (&json!(20), 20));
    for size in [1, 3, 10, 20] {
        let (mut ids, mut after) = (Vec::new(), Value::Null);
        loop {
            let page = page(&server, filter.clone(), size, after.clone()).await;
            let info = &page["pageInfo"];
            assert_eq!(info["hasPreviousPage"], !after.is_null());
            assert_eq!(page["totalCount"], 20);
            let edges = page["edges"].as_array().unwrap();
            assert_eq!(info["startCursor"], edges[0]["cursor"]);
            assert_eq!(info["endCursor"], edges.last().unwrap()["cursor"]);
            ids.extend(page["nodes"].as_array().unwrap().iter().map(|node| node["id"].clone()));
            after = info["endCursor"].clone();
            if info["hasNextPage"] == false {
                break;
            }
            // Searches logged in the meantime are newer, so no page moves.
            log(&server, json!([{"sessionId": "other", "text": "meanwhile"}])).await;
        }
        let expected: Vec<Value> =
            whole["nodes"].as_array().unwrap().iter().map(|node| node["id"].clone()).collect();
        assert_eq!(ids, expected, "in pages of {size}");
    }
    let counts = page(&server, filter, 0, Value::Null).await;
    assert_eq!((&counts["totalCount"], &counts["nodes"]), (&json!(20), &json!([])));
    assert_eq!(counts["pageInfo"]["hasNextPage"], true);
    let unset = server.data("{ searchLog { nodes { id } } }", json!({})).await;
    assert_eq!(unset["searchLog"]["nodes"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn invalid_pages_and_filters_are_rejected() {
    let server = Server::start().await;
    let ada = json!({"source": "notes", "key": "1", "text": "tea", "authorKey": "a1", "authorName": "Ada"});
    server.index(json!([ada])).await;
    let author = "{ document(source: \"notes\", key: \"1\") { author { documents { edges { cursor } } } } }";
    let foreign =
        server.data(author, json!({})).await["document"]["author"]["documents"]["edges"][0]["cursor"].take();
    assert!(foreign.is_string());
    let bad = |name: &str, value: Value| json!({ name: value });
    for (path, variables) in [
        ("first", bad("first", json!(101))),
        ("first", bad("first", json!(-1))),
        ("after", bad("after", json!(""))),
        ("after", bad("after", json!("garbage"))),
        ("after", bad("after", foreign)),
        ("filter.sessionId", json!({"filter": {"sessionId": ""}})),
        ("filter.sessionId", json!({"filter": {"sessionId": "x".repeat(129)}})),
        ("filter.userId", json!({"filter": {"userId": "a\u{0}"}})),
        ("filter.queryPrefix", json!({"filter": {"queryPrefix": "x".repeat(4_097)}})),
    ] {
        let error = server.error(LOG, variables).await;
        assert_eq!(code(&error), "BAD_USER_INPUT");
        assert_eq!(error["extensions"]["argumentPath"], path, "{error}");
    }
    for filter in [json!({"from": "yesterday"}), json!({"bogus": 1}), json!({"loggedIn": 1})] {
        assert_eq!(code(&server.error(LOG, json!({ "filter": filter })).await), "BAD_USER_INPUT");
    }
}

#[tokio::test]
async fn a_search_is_found_by_its_id() {
    let server = Server::start().await;
    log(&server, json!([{"sessionId": "s1", "userId": "u1", "text": "green tea", "resultCount": 2, "submitted": true}])).await;
    let fields = "id sessionId userId query truncated keystrokes resultCount finalReason startedAt lastKeystrokeAt loggedAt";
    let logged = server.data(&format!("{{ searchLog {{ nodes {{ {fields} }} }} }}"), json!({})).await;
    let search = &logged["searchLog"]["nodes"][0];
    assert_eq!((&search["finalReason"], &search["truncated"]), (&json!("SUBMITTED"), &json!(false)));
    let node =
        format!("query($id: ID!) {{ node(id: $id) {{ __typename id ... on Search {{ {fields} }} }} }}");
    let mut by_id = server.data(&node, json!({"id": search["id"]})).await["node"].take();
    assert_eq!(by_id.as_object_mut().unwrap().remove("__typename"), Some(json!("Search")));
    assert_eq!(by_id, *search);
    let unknown = "search_00000000000000000000000000000000";
    assert_eq!(server.data(&node, json!({ "id": unknown })).await["node"], Value::Null);
    assert_eq!(code(&server.error(&node, json!({"id": "search_1"})).await), "BAD_USER_INPUT");
    let nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Search { query } } }";
    let many = server.data(nodes, json!({"ids": [unknown, search["id"], search["id"]]})).await;
    assert_eq!(many["nodes"], json!([null, {"query": "green tea"}, {"query": "green tea"}]));
}

#[tokio::test]
async fn health_counts_buffered_and_logged_searches() {
    let server = Server::start().await;
    let health = async || {
        let fields = "bufferedSearches oldestBufferedAt keystrokesAccepted keystrokesDropped searchesFlushed
            duplicatesSuppressed lastFlushAt lastError";
        server.data(&format!("{{ loggingHealth {{ {fields} }} }}"), json!({})).await["loggingHealth"].take()
    };
    let counts = |health: &Value| {
        let names = [
            "bufferedSearches",
            "keystrokesAccepted",
            "keystrokesDropped",
            "searchesFlushed",
            "duplicatesSuppressed",
        ];
        names.map(|name| health[name].as_i64().unwrap())
    };
    let fresh = health().await;
    assert_eq!(counts(&fresh), [0; 5]);
    assert!(
        ["oldestBufferedAt", "lastFlushAt", "lastError"].iter().all(|name| fresh[name].is_null()),
        "{fresh}"
    );
    let query = "mutation($input: [LogKeystrokeInput!]!) { logKeystrokes(input: $input) { accepted } }";
    let typed = json!([
        {"sessionId": "s1", "text": "t", "sequence": 1}, {"sessionId": "s1", "text": "tea", "sequence": 2},
        {"sessionId": "s2", "text": "cat"}, {"sessionId": "s2", "text": "dog house"},
    ]);
    server.data(query, json!({ "input": typed })).await;
    let typing = health().await;
    assert_eq!(counts(&typing), [2, 4, 0, 0, 0]);
    assert!(typing["oldestBufferedAt"].is_string() && typing["lastFlushAt"].is_null(), "{typing}");
    server.flush().await;
    server.data(query, json!({"input": [{"sessionId": "s1", "text": "te", "sequence": 2}]})).await;
    let flushed = health().await;
    assert_eq!(counts(&flushed), [0, 4, 1, 3, 0]);
    assert!(flushed["oldestBufferedAt"].is_null() && flushed["lastFlushAt"].is_string(), "{flushed}");
}

#[tokio::test]
async fn a_searcher_is_erased_everywhere() {
    let server = Server::start().await;
    let erase = "mutation($input: EraseSearcherInput!) {
        eraseSearcher(input: $input) { searches interactions bufferedKeystrokes } }";
    let rows = json!([
        {"sessionId": "s1", "text": "of a session"},
        {"sessionId": "s2", "userId": "u1", "text": "of a user"},
        {"sessionId": "s3", "userId": "u1", "text": "of the same elsewhere"},
        {"sessionId": "s4", "userId": "u2", "text": "of another"},
    ]);
    log(&server, rows.clone()).await;
    let query = "mutation($input: [LogKeystrokeInput!]!) { logKeystrokes(input: $input) { accepted } }";
    server.data(query, json!({ "input": rows })).await;
    let by_session = server.data(erase, json!({"input": {"sessionId": "s1"}})).await;
    assert_eq!(
        by_session["eraseSearcher"],
        json!({"searches": 1, "interactions": 0, "bufferedKeystrokes": 1})
    );
    let written =
        "mutation { eraseSearcher(input: {userId: \"u1\"}) { searches interactions bufferedKeystrokes } }";
    let by_user = server.data(written, json!({})).await;
    assert_eq!(by_user["eraseSearcher"], json!({"searches": 2, "interactions": 0, "bufferedKeystrokes": 2}));
    for nobody in [json!({"sessionId": "s1"}), json!({"userId": "u1"}), json!({"userId": "nobody"})] {
        let none = server.data(erase, json!({ "input": nobody })).await;
        assert_eq!(none["eraseSearcher"], json!({"searches": 0, "interactions": 0, "bufferedKeystrokes": 0}));
    }
    assert_eq!(found(&server, json!({})).await, set(["of another"]));
    server.flush().await;
    assert_eq!(page(&server, json!({}), 100, Value::Null).await["totalCount"], 1, "the same text again");
    assert_eq!(found(&server, json!({"userId": "u1"})).await, set([]));
    // Later searches of the session are logged.
    until("a search after the erasure", async || {
        log(&server, json!([{"sessionId": "s1", "text": "back again"}])).await;
        found(&server, json!({"sessionId": "s1"})).await.contains("back again").then_some(())
    })
    .await;
}

#[tokio::test]
async fn exactly_one_searcher_is_erased_at_a_time() {
    let server = Server::start().await;
    log(&server, json!([{"sessionId": "s1", "userId": "u1", "text": "tea"}])).await;
    let erase = "mutation($input: EraseSearcherInput!) { eraseSearcher(input: $input) { searches } }";
    for input in [
        json!({}),
        json!({"sessionId": "s1", "userId": "u1"}),
        json!({"sessionId": "s1", "userId": null}),
        json!({"sessionId": null}),
        Value::Null,
    ] {
        let error = server.error(erase, json!({ "input": input })).await;
        assert_eq!(code(&error), "BAD_USER_INPUT", "{input}");
        let written = format!(
            "mutation {{ eraseSearcher(input: {}) {{ searches }} }}",
            super::keystrokes::literal(&input)
        );
        let answer = server.ask(&written, json!({})).await;
        let code = code(&answer["errors"][0]);
        assert!(["BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"].contains(&code), "{answer}");
    }
    let half = "mutation($s: ID, $u: ID) { eraseSearcher(input: {sessionId: $s, userId: $u}) { searches } }";
    for variables in [json!({"s": "s1", "u": "u1"}), json!({"s": "s1", "u": null}), json!({})] {
        let answer = server.ask(half, variables.clone()).await;
        assert!(answer["errors"][0]["extensions"]["code"].is_string(), "{variables}: {answer}");
    }
    for (field, id) in [("sessionId", ""), ("userId", "a\nb")] {
        let error = server.error(erase, json!({"input": {field: id}})).await;
        assert_eq!(error["extensions"]["argumentPath"], format!("input.{field}"));
    }
    assert_eq!(found(&server, json!({})).await, set(["tea"]));
}
