//! Explanations of scores, highlights and suggestions of attributes.

use quarry::domain::Scope;
use serde_json::{Value, json};

use super::super::keys::{Key, codes, gate};
use super::super::server::{Server, Setup, read};
use super::catalogue;

const EXPLAIN: &str = "query($query: String!, $explain: Boolean! = true) { search(query: $query, first: 2, explain: $explain) { edges { \
    score explanation { score neighbours wholeField factor pinnedBy { id } factors { factor attribute rule { id } } \
    words { word score inverseDocumentFrequency matches { kind fields words weight score } } } } } }";

#[tokio::test]
async fn a_hit_explains_its_score() {
    let server = catalogue().await;
    let search = server.data(EXPLAIN, json!({"query": "globex lamps"})).await["search"].take();
    let explanation = &search["edges"][0]["explanation"];
    let words = explanation["words"].as_array().unwrap();
    assert_eq!(
        words.iter().map(|word| word["word"].as_str().unwrap()).collect::<Vec<_>>(),
        ["globex", "lamps"]
    );
    assert_eq!(words[0]["matches"][0]["fields"], json!(["brand"]));
    assert_eq!(words[0]["matches"][0]["words"], json!(["Globex"]));
    assert_eq!(words[1]["matches"][0]["kind"], "FORM");
    assert_eq!(words[1]["matches"][0]["fields"], json!(["text"]));
    let sum: f64 = words.iter().map(|word| word["score"].as_f64().unwrap()).sum();
    let neighbours = explanation["neighbours"].as_f64().unwrap();
    assert!((sum + neighbours - explanation["score"].as_f64().unwrap()).abs() < 1e-3, "{explanation}");
    assert_eq!((&explanation["pinnedBy"], &explanation["factors"]), (&Value::Null, &json!([])));
    // Unless requested, there is none.
    let plain = server.data(EXPLAIN, json!({"query": "lamps", "explain": false})).await["search"].take();
    assert_eq!(plain["edges"][0]["explanation"], Value::Null);
}

#[tokio::test]
async fn explanations_require_the_scope_admin() {
    let (search, admin) = (Key::new("search", &[Scope::Search]), Key::new("all", &Scope::ALL));
    let gate = gate(&[&search, &admin]);
    let server = Server::start_with(Setup { gate, ..Setup::default() }).await;
    let send = async |key: &Key, explain: bool| {
        let body = json!({"query": EXPLAIN, "variables": {"query": "lamp", "explain": explain}});
        read(server.post(&body).header("authorization", key.bearer()).send().await.unwrap()).await
    };
    let denied = send(&search, true).await;
    assert_eq!(codes(&denied), ["FORBIDDEN"].into());
    assert!(denied["errors"][0]["message"].as_str().unwrap().contains("ADMIN"), "{denied}");
    for (key, explain) in [(&search, false), (&admin, true)] {
        let answer = send(key, explain).await;
        assert!(answer["data"]["search"]["edges"].is_array(), "{answer}");
    }
}

#[tokio::test]
async fn highlights_mark_searched_attributes() {
    let server = catalogue().await;
    let query = "{ search(query: \"globex zx7\", first: 1) { edges { highlights { field html } } } }";
    let search = server.data(query, Value::Null).await["search"].take();
    let highlights = search["edges"][0]["highlights"].as_array().unwrap();
    assert!(highlights.contains(&json!({"field": "brand", "html": "<mark>Globex</mark>"})), "{highlights:?}");
    assert!(
        highlights.contains(&json!({"field": "details", "html": "serial <mark>zx7</mark>"})),
        "{highlights:?}"
    );
}

#[tokio::test]
async fn values_of_attributes_are_suggested() {
    let server = Server::start_with(super::setup()).await;
    let product = |key: &str, brand: &str, category: &str| {
        json!({"source": "shop", "key": key, "text": "lamp", "category": category,
               "attributes": {"brand": brand, "colours": ["violet"]}})
    };
    server
        .index(json!([
            product("1", "Acme Lighting", "new"),
            product("2", "Acme Lighting", "sale"),
            product("3", "Acmé Öfen", "new"),
            product("4", "Globex", "new"),
        ]))
        .await;
    let query = "query($prefix: String!, $filter: DocumentFilter) { suggest(prefix: $prefix, filter: $filter) { text hits } }";
    let suggested = async |prefix: &str, filter: Value| {
        let data = server.data(query, json!({"prefix": prefix, "filter": filter})).await;
        let list = data["suggest"].as_array().unwrap().clone();
        list.iter()
            .map(|one| (one["text"].as_str().unwrap().to_owned(), one["hits"].as_u64().unwrap()))
            .collect::<Vec<_>>()
    };
    let of = |list: &[(&str, u64)]| {
        list.iter().map(|(text, hits)| ((*text).to_owned(), *hits)).collect::<Vec<_>>()
    };
    assert_eq!(suggested("acm", Value::Null).await[..2], of(&[("Acme Lighting", 2), ("Acmé Öfen", 1)]));
    assert_eq!(suggested("ACME li", Value::Null).await[..1], of(&[("Acme Lighting", 2)]));
    assert_eq!(suggested("acme o", Value::Null).await[..1], of(&[("Acmé Öfen", 1)]));
    let sale = json!({"category": ["sale"]});
    let within = suggested("acm", sale).await;
    assert_eq!(within[0], ("Acme Lighting".to_owned(), 1));
    assert!(within.iter().all(|(text, _)| text != "Acmé Öfen"), "{within:?}");
    // Values of an attribute without the use are not.
    assert_eq!(suggested("vio", Value::Null).await, of(&[]));
}
