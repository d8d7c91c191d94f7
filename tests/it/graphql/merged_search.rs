//! `mergedSearch`: one list of the documents of several searches.

use serde_json::{Value, json};

use super::server::{Server, code};

const MERGED: &str = "query($searches: [MergedSearchInput!]!, $first: Int, $page: Int) { \
    mergedSearch(searches: $searches, first: $first, page: $page) { hasNextPage \
    hits { score tier document { source key } places { search rank score } highlights { field html } } \
    searches { totalCount relaxed searchId interpretation { tier corrections { typed meant } } redirect \
        appliedRules { id } } } }";

async fn server() -> Server {
    let server = Server::start().await;
    server
        .index(json!([
            {"source": "notes", "key": "1", "text": "fox fox"},
            {"source": "notes", "key": "2", "text": "a quick red fox and other animals of the forest"},
            {"source": "notes", "key": "3", "text": "the wolf and the fox"},
            {"source": "shop", "key": "1", "title": "Fox socks", "text": "warm"},
            {"source": "shop", "key": "2", "title": "Wolf socks", "text": "warm"},
        ]))
        .await;
    server
}

async fn merged(server: &Server, searches: Value) -> Value {
    server.data(MERGED, json!({ "searches": searches })).await["mergedSearch"].take()
}

fn keys(merged: &Value) -> Vec<String> {
    let hits = merged["hits"].as_array().unwrap().iter().map(|hit| &hit["document"]);
    hits.map(|of| format!("{}/{}", of["source"].as_str().unwrap(), of["key"].as_str().unwrap())).collect()
}

fn of_source(query: &str, source: &str, weight: f64) -> Value {
    json!({ "query": query, "filter": { "source": [source] }, "weight": weight })
}

#[tokio::test]
async fn a_list_has_the_best_of_each_search() {
    let server = server().await;
    // The best of each search score 1; the sources alternate.
    let found = merged(&server, json!([of_source("fox", "notes", 1.0), of_source("fox", "shop", 1.0)])).await;
    assert_eq!(keys(&found)[..2], ["notes/1", "shop/1"], "{found}");
    assert_eq!(
        (found["hits"][0]["score"].as_f64(), found["hits"][1]["score"].as_f64()),
        (Some(1.0), Some(1.0))
    );
    assert_eq!(found["hits"].as_array().unwrap().len(), 4);
    assert_eq!(found["searches"][0]["totalCount"], 3);
    assert_eq!(found["searches"][1]["totalCount"], 1);
    assert_eq!(found["hits"][1]["places"], json!([{ "search": 1, "rank": 1, "score": 1.0 }]));
    assert_eq!(
        found["hits"][1]["highlights"],
        json!([{ "field": "title", "html": "<mark>Fox</mark> socks" }])
    );
    // A weight moves the other source to the front.
    let found = merged(&server, json!([of_source("fox", "notes", 1.0), of_source("fox", "shop", 3.0)])).await;
    assert_eq!(keys(&found)[..2], ["shop/1", "notes/1"], "{found}");
    assert_eq!(found["hits"][0]["score"], 3.0);
}

#[tokio::test]
async fn a_document_of_two_searches_occurs_once_with_the_sum() {
    let server = server().await;
    let found =
        merged(&server, json!([of_source("fox", "notes", 1.0), of_source("wolf", "notes", 1.0)])).await;
    assert_eq!(keys(&found)[0], "notes/3", "{found}");
    let first = &found["hits"][0];
    let places = first["places"].as_array().unwrap();
    assert_eq!(places.len(), 2);
    let sum: f64 = places.iter().map(|place| place["score"].as_f64().unwrap()).sum();
    assert!((sum - first["score"].as_f64().unwrap()).abs() < 1e-9 && sum > 1.0, "{first}");
    let mut once = keys(&found);
    once.sort();
    once.dedup();
    assert_eq!(once.len(), found["hits"].as_array().unwrap().len());
    // Each search has an id of its own, and both are those of their queries.
    assert_ne!(found["searches"][0]["searchId"], found["searches"][1]["searchId"]);
}

#[tokio::test]
async fn pages_divide_the_list() {
    let server = server().await;
    let searches = json!([of_source("fox", "notes", 1.0), of_source("socks", "shop", 1.0)]);
    let all = keys(&merged(&server, searches.clone()).await);
    assert_eq!(all.len(), 5);
    let mut paged = Vec::new();
    for page in 1..=3 {
        let of_page = json!({ "searches": searches, "first": 2, "page": page });
        let found = server.data(MERGED, of_page).await["mergedSearch"].take();
        assert_eq!(found["hasNextPage"], page < 3, "{found}");
        paged.extend(keys(&found));
    }
    assert_eq!(paged, all);
}

#[tokio::test]
async fn each_search_explains_itself() {
    let server = server().await;
    server
        .data(
            "mutation($rules: [SearchRuleInput!]!) { putRules(rules: $rules) { inserted } }",
            json!({ "rules": [{ "id": "wolves", "condition": { "equals": ["wolf"] },
                "pin": [{ "source": "shop", "key": "1", "position": 1 }], "redirect": "/wolves" }] }),
        )
        .await;
    let found =
        merged(&server, json!([{ "query": "animels " }, { "query": "wolf" }, { "query": "qqqqxx" }])).await;
    let corrections = &found["searches"][0]["interpretation"]["corrections"];
    assert_eq!(corrections, &json!([{ "typed": "animels", "meant": "animals" }]));
    assert_eq!(found["searches"][1]["redirect"], "/wolves");
    assert_eq!(found["searches"][1]["appliedRules"], json!([{ "id": "wolves" }]));
    assert_eq!(found["searches"][2]["totalCount"], 0);
    // A pinned document is as good as the best one.
    let pinned = found["hits"]
        .as_array()
        .unwrap()
        .iter()
        .find(|hit| hit["document"]["source"] == "shop" && hit["document"]["key"] == "1");
    assert_eq!(pinned.unwrap()["places"], json!([{ "search": 1, "rank": 1, "score": 1.0 }]), "{found}");
}

#[tokio::test]
async fn invalid_searches_are_named() {
    let server = server().await;
    for (searches, path) in [
        (json!([{ "query": "a" }, { "query": "b", "weight": 0.0 }]), "searches.1.weight"),
        (json!([{ "query": "a", "weight": 101.0 }]), "searches.0.weight"),
        (json!([{ "query": "a", "boost": [{ "saturation": 1 }] }]), "searches.0.boost.0"),
        (
            json!([{ "query": "a", "filter": { "attributes": [{ "name": "nope", "exists": true }] } }]),
            "searches.0.filter.attributes.0.name",
        ),
        (json!(vec![json!({ "query": "a" }); 11]), "searches"),
    ] {
        let error = server.error(MERGED, json!({ "searches": searches })).await;
        assert_eq!(
            (code(&error), &error["extensions"]["argumentPath"]),
            ("BAD_USER_INPUT", &json!(path)),
            "{error}"
        );
    }
    let none = merged(&server, json!([])).await;
    assert_eq!((&none["hits"], &none["hasNextPage"]), (&json!([]), &json!(false)));
}
