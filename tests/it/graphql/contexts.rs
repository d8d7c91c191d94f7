//! The facts about the requests of searches: stored, listed, and as filters of reports.

use serde_json::{Value, json};

use super::server::{Server, code};

const SEARCH: &str = "query($query: String!, $filter: DocumentFilter, $sort: SearchSort, $track: TrackInput) {
    search(query: $query, filter: $filter, sort: $sort, track: $track) { totalCount searchId edges { node { id } } } }";
const LOG: &str =
    "query($context: SearchContextFilter) { searchLog(filter: { context: $context }, first: 100) {
    totalCount
    nodes { sessionId query resultCount sort sources filters { name value } tags { name value } } } }";
const REPORTS: &str = "query($filter: SearchContextFilter) { reports {
    topSearches(filter: $filter) {
        rows { query searches sessions searchesWithoutClicks clickThroughRate averageClickPosition }
    }
    zeroResultSearches(filter: $filter) { rows { query searches } }
    searchVolume(filter: $filter, interval: DAY) { rows { searches zeroResults } }
    clickedDocuments(query: \"tea\", filter: $filter) { rows { clicks averagePosition } } } }";

fn tag(name: &str, value: &str) -> Value {
    json!({"name": name, "value": value})
}

/// Searches by three sessions, and a click by one.
async fn searched() -> Server {
    let server = Server::start().await;
    server
        .index(json!([
            {"source": "shop", "key": "1", "text": "green tea", "category": "drinks"},
            {"source": "shop", "key": "2", "text": "tea pot", "category": "pots"},
            {"source": "messages", "key": "3", "text": "tea time"},
        ]))
        .await;
    let track = |session: &str, tags: Value| json!({"sessionId": session, "submitted": true, "tags": tags});
    let drinks = json!({"source": ["shop"], "category": ["drinks", "food"], "publishedFrom": null});
    let found = server
        .data(
            SEARCH,
            json!({"query": "tea", "filter": drinks, "sort": "NEWEST",
                   "track": track("s1", json!([tag("arm", "b"), tag("country", "de")]))}),
        )
        .await;
    assert_eq!(found["search"]["totalCount"], 1);
    let found = server
        .data(
            SEARCH,
            json!({"query": "tea", "track": track("s2", json!([tag("arm", "a"), tag("country", "de")]))}),
        )
        .await;
    server
        .data(SEARCH, json!({"query": "tea", "track": {"sessionId": "s2", "tags": [tag("arm", "b")]}}))
        .await;
    server.data(SEARCH, json!({"query": "nonesuch", "track": track("s2", json!([tag("arm", "a")]))})).await;
    let typed =
        json!({"sessionId": "s3", "text": "tea", "tags": [tag("arm", "a"), tag("mail", "a@example.com")]});
    server
        .data(
            "mutation($input: LogKeystrokeInput!) { logKeystroke(input: $input) { accepted } }",
            json!({"input": typed}),
        )
        .await;
    server.flush().await;
    let click = json!({"kind": "CLICK", "sessionId": "s2", "searchId": found["search"]["searchId"],
        "documentId": found["search"]["edges"][0]["node"]["id"], "position": 3});
    server
        .data(
            "mutation($input: RecordInteractionInput!) { recordInteraction(input: $input) { accepted } }",
            json!({"input": click}),
        )
        .await;
    server
}

#[tokio::test]
async fn logged_searches_have_the_facts_of_their_first_page() {
    let server = searched().await;
    let log = server.data(LOG, json!({})).await;
    let mut nodes = log["searchLog"]["nodes"].as_array().unwrap().clone();
    nodes.sort_by_key(|node| node.to_string());
    let of = |session: &str, query: &str| {
        nodes.iter().find(|node| node["sessionId"] == session && node["query"] == query).unwrap()
    };
    let filtered = of("s1", "tea");
    assert_eq!((&filtered["sort"], &filtered["sources"]), (&json!("NEWEST"), &json!(["shop"])));
    assert_eq!(
        filtered["filters"],
        json!([tag("source", "shop"), tag("category", "drinks"), tag("category", "food")])
    );
    assert_eq!(filtered["tags"], json!([tag("arm", "b"), tag("country", "de")]));
    // Its second request had other tags.
    let plain = of("s2", "tea");
    assert_eq!((&plain["sort"], &plain["filters"]), (&json!("RELEVANCE"), &json!([])));
    assert_eq!(plain["tags"], json!([tag("arm", "a"), tag("country", "de")]));
    let typed = of("s3", "tea");
    assert_eq!(
        (&typed["sort"], &typed["tags"]),
        (&Value::Null, &json!([tag("arm", "a"), tag("mail", "[email]")]))
    );

    for (context, sessions) in [
        (json!({}), vec!["s1", "s2", "s2", "s3"]),
        (json!({"tags": [tag("arm", "a")]}), vec!["s2", "s2", "s3"]),
        (json!({"tags": [tag("arm", "a"), tag("country", "de")]}), vec!["s2"]),
        (json!({"tags": [tag("mail", "a@example.com")]}), vec!["s3"]),
        (json!({"source": "shop"}), vec!["s1"]),
        (json!({"source": "messages"}), vec![]),
        (json!({"sort": "NEWEST"}), vec!["s1"]),
        (json!({"sort": "RELEVANCE", "tags": [tag("country", "de")]}), vec!["s2"]),
        (json!({"filters": [tag("category", "food"), tag("source", "shop")]}), vec!["s1"]),
    ] {
        let log = server.data(LOG, json!({"context": context})).await;
        let nodes = log["searchLog"]["nodes"].as_array().unwrap();
        let mut found: Vec<_> = nodes.iter().map(|node| node["sessionId"].as_str().unwrap()).collect();
        found.sort_unstable();
        assert_eq!(
            (found, &log["searchLog"]["totalCount"]),
            (sessions.clone(), &json!(sessions.len())),
            "{context}"
        );
    }
}

#[tokio::test]
async fn reports_are_restricted_by_facts() {
    let server = searched().await;
    let report =
        async |filter: Value| server.data(REPORTS, json!({"filter": filter})).await["reports"].take();
    let row = |query: &str, searches: i64, without: i64, rate: f64, position: Value| {
        json!({"query": query, "searches": searches, "sessions": searches, "searchesWithoutClicks": without,
               "clickThroughRate": rate, "averageClickPosition": position})
    };
    let all = report(Value::Null).await;
    assert_eq!(all["topSearches"]["rows"][0]["searches"], 3);
    assert_eq!(all["zeroResultSearches"]["rows"].as_array().unwrap().len(), 1);
    assert_eq!(all["clickedDocuments"]["rows"], json!([{"clicks": 1, "averagePosition": 3.0}]));
    let arm_a = report(json!({"tags": [tag("arm", "a")]})).await;
    assert_eq!(
        arm_a["topSearches"]["rows"],
        json!([row("tea", 2, 1, 0.5, json!(3.0)), row("nonesuch", 1, 1, 0.0, Value::Null)])
    );
    assert_eq!(arm_a["zeroResultSearches"]["rows"], json!([{"query": "nonesuch", "searches": 1}]));
    let volume = |report: &Value, of: &str| {
        let rows = report["searchVolume"]["rows"].as_array().unwrap().iter();
        rows.map(|row| row[of].as_i64().unwrap()).sum::<i64>()
    };
    assert_eq!((volume(&arm_a, "searches"), volume(&arm_a, "zeroResults")), (3, 1));
    assert_eq!(arm_a["clickedDocuments"]["rows"], json!([{"clicks": 1, "averagePosition": 3.0}]));
    let arm_b = report(json!({"tags": [tag("arm", "b")]})).await;
    assert_eq!(arm_b["topSearches"]["rows"], json!([row("tea", 1, 1, 0.0, Value::Null)]));
    assert_eq!(arm_b["zeroResultSearches"]["rows"], json!([]));
    assert_eq!(arm_b["clickedDocuments"]["rows"], json!([]));
    assert_eq!(volume(&report(json!({"source": "messages"})).await, "searches"), 0);
}

#[tokio::test]
async fn invalid_tags_are_refused_with_a_remedy() {
    let server = Server::start().await;
    let keystroke = |tags: Value| json!({"input": {"sessionId": "s", "text": "tea", "tags": tags}});
    let typed = "mutation($input: LogKeystrokeInput!) { logKeystroke(input: $input) { accepted } }";
    let many: Vec<Value> = (0..9).map(|number| tag("n", &number.to_string())).collect();
    for (tags, path) in [
        (json!([tag("a b", "c")]), "input.tags.0.name"),
        (json!([tag("a", "c"), tag("b", " ")]), "input.tags.1.value"),
        (json!([tag("a", &"x".repeat(65))]), "input.tags.0.value"),
        (json!([tag("a", "x\ny")]), "input.tags.0.value"),
        (json!(many), "input.tags"),
    ] {
        let error = server.error(typed, keystroke(tags)).await;
        assert_eq!(code(&error), "BAD_USER_INPUT");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(path), "{message}");
    }
    let track = json!({"query": "tea", "track": {"sessionId": "s", "tags": [tag("a b", "c")]}});
    let message = server.error(SEARCH, track).await["message"].as_str().unwrap().to_owned();
    assert!(message.contains("track.tags.0.name"), "{message}");
    let message =
        server.error(LOG, json!({"context": {"tags": [tag("", "c")]}})).await["message"].to_string();
    assert!(message.contains("filter.context.tags.0.name"), "{message}");
}
