//! Reports of a shop: sales, searches, and the freshness of reports.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::folder::Folder;
use crate::support::reports::{CATEGORY, Shop, category};
use crate::support::wait::until;

#[tokio::test]
async fn a_category_report_is_computed_once_per_ttl() {
    let folder = Folder::new("[reports]\nttl = \"6s\"");
    let server = folder.serve().await;
    let endpoint = &server.endpoint;
    let shop = Shop::open(endpoint).await;

    let computed = category(endpoint, "electronics").await;
    assert_eq!(computed["cache"], "MISS");
    assert_eq!(computed["totalQuantity"], 35);
    assert_eq!(Shop::rows(&computed), [("Mouse".to_owned(), 20), ("Laptop".to_owned(), 15)]);
    let cached = category(endpoint, "electronics").await;
    assert_eq!(cached["cache"], "HIT");
    assert_eq!((&cached["rows"], &cached["generatedAt"]), (&computed["rows"], &computed["generatedAt"]));

    // Later sales are in the next report: after the TTL, or on `refresh`.
    shop.sell(endpoint, "Laptop", 30).await;
    let refreshed = endpoint.data(CATEGORY, json!({"name": "electronics", "refresh": true})).await;
    let refreshed = &refreshed["reports"]["category"];
    assert_eq!(refreshed["cache"], "BYPASS");
    assert_eq!(Shop::rows(refreshed), [("Laptop".to_owned(), 45), ("Mouse".to_owned(), 20)]);
    shop.sell(endpoint, "Mouse", 30).await;
    let recomputed = until("a recomputed report", async || {
        Some(category(endpoint, "electronics").await).filter(|report| report["cache"] == "MISS")
    })
    .await;
    assert_eq!(Shop::rows(&recomputed), [("Mouse".to_owned(), 50), ("Laptop".to_owned(), 45)]);

    let books = category(endpoint, "books").await;
    assert_eq!(Shop::rows(&books), [("Book".to_owned(), 50)]);
    // An unknown category has an empty report, which is cached as well.
    for outcome in ["MISS", "HIT"] {
        let nothing = category(endpoint, "toys").await;
        assert_eq!((&nothing["cache"], &nothing["totalQuantity"]), (&json!(outcome), &json!(0)));
        assert!(Shop::rows(&nothing).is_empty());
    }
    let query = "{ reports { categories(refresh: true) { rows { name documents quantity } } } }";
    let rows = endpoint.data(query, json!({})).await["reports"]["categories"]["rows"].take();
    assert_eq!(
        rows,
        json!([
            {"name": "electronics", "documents": 3, "quantity": 95},
            {"name": "books", "documents": 1, "quantity": 50},
        ])
    );
    server.stop().await;
}

#[tokio::test]
async fn interactions_count_in_their_category_and_period() {
    let folder = Folder::new("");
    let server = folder.serve().await;
    let endpoint = &server.endpoint;
    let shop = Shop::open(endpoint).await;
    let long_ago = Utc::now() - TimeDelta::days(40);
    shop.record(endpoint, "Laptop", json!({"quantity": 7, "occurredAt": long_ago})).await;
    shop.record(endpoint, "Laptop", json!({"kind": "CLICK"})).await;

    // The default period is the last 30 days.
    assert_eq!(category(endpoint, "electronics").await["totalQuantity"], 35);
    let report = async |variables: Value| {
        let mut data = endpoint.data(CATEGORY, variables).await;
        Shop::rows(&data["reports"]["category"].take())
    };
    let period = json!({"from": long_ago, "before": long_ago + TimeDelta::milliseconds(1)});
    assert_eq!(report(json!({"name": "electronics", "period": period})).await, [("Laptop".to_owned(), 7)]);
    let period = json!({"from": long_ago + TimeDelta::milliseconds(1)});
    let rows = report(json!({"name": "electronics", "period": period})).await;
    assert_eq!(rows, [("Mouse".to_owned(), 20), ("Laptop".to_owned(), 15)]);
    let rows = report(json!({"name": "electronics", "kind": "CLICK"})).await;
    assert_eq!(rows, [("Laptop".to_owned(), 1)]);

    // A repeated idempotency key counts once, and an unknown document is an error.
    for _ in 0..2 {
        shop.record(endpoint, "Book", json!({"quantity": 3, "idempotencyKey": "order 7"})).await;
    }
    assert_eq!(category(endpoint, "books").await["totalQuantity"], 53);
    let query = "mutation($input: RecordInteractionInput!) { recordInteraction(input: $input) { accepted } }";
    for (input, code, path) in [
        (json!({"kind": "CLICK", "documentId": format!("doc_{:032x}", 1)}), "NOT_FOUND", Value::Null),
        (json!({"kind": "CLICK", "documentId": "Laptop"}), "BAD_USER_INPUT", json!("input.documentId")),
        (
            json!({"kind": "CLICK", "documentId": shop.id("Laptop"), "quantity": 0}),
            "BAD_USER_INPUT",
            json!("input.quantity"),
        ),
        // One such call would dominate reports, and three of the last would overflow them.
        (
            json!({"kind": "CONVERSION", "documentId": shop.id("Laptop"), "quantity": 10_001}),
            "BAD_USER_INPUT",
            json!("input.quantity"),
        ),
        (
            json!({"kind": "CONVERSION", "documentId": shop.id("Laptop"), "quantity": i32::MAX}),
            "BAD_USER_INPUT",
            json!("input.quantity"),
        ),
        (
            json!({"kind": "CLICK", "documentId": shop.id("Laptop"), "searchId": "mine"}),
            "BAD_USER_INPUT",
            json!("input.searchId"),
        ),
        (
            json!({"kind": "CLICK", "documentId": shop.id("Laptop"), "sessionId": ""}),
            "BAD_USER_INPUT",
            json!("input.sessionId"),
        ),
        (
            json!({"kind": "CLICK", "documentId": shop.id("Laptop"), "occurredAt": "2100-01-01T00:00:00Z"}),
            "BAD_USER_INPUT",
            json!("input.occurredAt"),
        ),
    ] {
        let answer = endpoint.query(query, json!({"input": input})).await;
        let extensions = &answer.errors[0]["extensions"];
        assert_eq!((&extensions["code"], &extensions["argumentPath"]), (&json!(code), &path), "{input}");
    }
    server.stop().await;
}

const SEARCH_REPORTS: &str = "query($period: Period) { reports {
    topSearches(period: $period, refresh: true) {
        cache coveredUntil generatedAt rows { query searches sessions averageResults clickThroughRate } }
    zeroResultSearches(period: $period, refresh: true) { rows { query searches sessions lastSearchedAt hitsNow } }
    searchVolume(period: $period, refresh: true, interval: HOUR, timezone: \"Asia/Kathmandu\") {
        rows { start searches sessions zeroResults } } } }";

#[tokio::test]
async fn searches_are_reported() {
    let folder = Folder::new("[keystrokes]\nwindow = \"500ms\"\npoll = \"20ms\"");
    let server = folder.serve().await;
    let endpoint = &server.endpoint;
    let shop = Shop::open(endpoint).await;
    let search = "query($q: String!, $s: ID!) {
        search(query: $q, track: {sessionId: $s, submitted: true}) { searchId totalCount } }";
    let mut clicked = None;
    for (text, session) in [
        ("Laptop", "one"),
        ("laptop ", "two"),
        ("LAPTOP", "four"),
        ("mouse", "one"),
        ("Toaster", "one"),
        ("toaster", "three"),
    ] {
        let found = endpoint.data(search, json!({"q": text, "s": session})).await["search"].take();
        if session == "two" {
            clicked = Some(found["searchId"].clone());
        }
    }
    // Two clicks on the results of one search count once.
    for name in ["Laptop", "Mouse"] {
        shop.record(endpoint, name, json!({"kind": "CLICK", "sessionId": "two", "searchId": clicked})).await;
    }
    let reports = until("all searches in the report", async || {
        let reports = endpoint.data(SEARCH_REPORTS, json!({})).await["reports"].take();
        let searches = |row: &Value| row["searches"].as_i64().expect("a number");
        // Each report is computed on its own, so that one may count a search that another did not see yet.
        let counted = |report: &str| -> Option<i64> {
            Some(reports[report]["rows"].as_array()?.iter().map(searches).sum())
        };
        let counts = ["topSearches", "zeroResultSearches", "searchVolume"].map(counted);
        (counts == [Some(6), Some(2), Some(6)]).then_some(reports)
    })
    .await;
    let top = &reports["topSearches"];
    assert_eq!(top["cache"], "BYPASS");
    assert!(top["coveredUntil"].as_str() <= top["generatedAt"].as_str(), "{top}");
    let third = 1.0 / 3.0;
    assert_eq!(
        top["rows"],
        json!([
            {"query": "LAPTOP", "searches": 3, "sessions": 3, "averageResults": 1.0, "clickThroughRate": third},
            {"query": "toaster", "searches": 2, "sessions": 2, "averageResults": 0.0, "clickThroughRate": 0.0},
            {"query": "mouse", "searches": 1, "sessions": 1, "averageResults": 2.0, "clickThroughRate": 0.0},
        ])
    );
    let zero = &reports["zeroResultSearches"]["rows"];
    assert_eq!(zero.as_array().map(Vec::len), Some(1), "{zero}");
    assert_eq!((&zero[0]["query"], &zero[0]["searches"]), (&json!("toaster"), &json!(2)));
    assert_eq!((&zero[0]["sessions"], &zero[0]["hitsNow"]), (&json!(2), &json!(0)));
    let volume = reports["searchVolume"]["rows"].as_array().expect("rows");
    let sum = |field: &str| volume.iter().map(|row| row[field].as_i64().expect("a number")).sum::<i64>();
    assert_eq!((sum("searches"), sum("zeroResults")), (6, 2));
    // Hours in Kathmandu start 15 minutes after those of UTC.
    assert!(volume.iter().all(|row| row["start"].as_str().is_some_and(|at| at.contains(":15:00.000Z"))));
    assert_eq!(volume.len(), 30 * 24 + 1);

    // Hits come from the index instead of the cache, so a new document counts at once.
    shop.add(endpoint, "Toaster", "home goods").await;
    let cached = "{ reports { zeroResultSearches { rows { query hitsNow } } } }";
    let rows = endpoint.data(cached, json!({})).await["reports"]["zeroResultSearches"]["rows"].take();
    assert_eq!(rows, json!([{"query": "toaster", "hitsNow": 1}]));

    // Erased searches leave reports at once, cached ones included.
    let erase = "mutation { eraseSearcher(input: {sessionId: \"two\"}) { searches interactions } }";
    let erased = endpoint.data(erase, json!({})).await["eraseSearcher"].take();
    assert_eq!(erased, json!({"searches": 1, "interactions": 2}));
    let top = "{ reports { topSearches { cache rows { query searches clickThroughRate } } } }";
    let top = endpoint.data(top, json!({})).await["reports"]["topSearches"].take();
    assert_eq!(top["cache"], "MISS");
    assert_eq!(top["rows"][0], json!({"query": "LAPTOP", "searches": 2, "clickThroughRate": null}));
    server.stop().await;
}

#[tokio::test]
async fn invalid_arguments_are_errors() {
    let folder = Folder::new("");
    let server = folder.serve().await;
    for (field, path) in [
        ("topSearches(first: 101) { cache }", "first"),
        (
            "topSearches(period: {from: \"2026-01-02T00:00:00Z\", before: \"2026-01-02T00:00:00Z\"}) { cache }",
            "period",
        ),
        ("searchVolume(timezone: \"Mars/Olympus\") { cache }", "timezone"),
        ("searchVolume(interval: HOUR, period: {from: \"1990-01-01T00:00:00Z\"}) { cache }", "interval"),
        ("categories(source: \"\") { cache }", "source"),
    ] {
        let answer = server.endpoint.query(&format!("{{ reports {{ {field} }} }}"), json!({})).await;
        let extensions = &answer.errors[0]["extensions"];
        assert_eq!(
            (&extensions["code"], &extensions["argumentPath"]),
            (&json!("BAD_USER_INPUT"), &json!(path)),
            "{field}: {:?}",
            answer.errors
        );
    }
    server.stop().await;
}
