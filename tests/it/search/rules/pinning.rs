//! Rules: documents at fixed positions, hidden ones, boosted ones, and redirects.

use quarry::config::LanguageSetting;
use quarry::domain::Document;
use quarry::search::{
    DocumentFilter, FacetRequest, MatchTier, SearchAnswer, SearchEngine, SearchRequest, SearchSort,
};
use serde_json::{Value, json};

use super::super::corpus::{document, fill, published};
use super::super::engines::{Engines, Shelf, on_each_engine};
use super::apply;

on_each_engine!(
    pinned_documents_have_their_positions_over_all_pages,
    pinned_documents_meet_the_filter,
    pinned_documents_follow_the_last_match,
    hidden_documents_are_not_found,
    factors_order_documents_within_a_tier,
    a_redirect_accompanies_the_result,
);

/// An engine with 30 documents `00` to `29`, the first of which is the newest.
async fn shop(engines: &Engines) -> Shelf {
    let shelf = engines.empty(LanguageSetting::default()).await;
    let of = |at: i64| {
        let text = if at % 10 == 9 { "blue socks" } else { "red shoes" };
        let category = if at % 3 == 0 { "sale" } else { "new" };
        let document =
            Document { category: Some(category.to_owned()), ..document(&format!("{at:02}"), text) };
        published(document, 1_000 - at)
    };
    fill(&*shelf.engine, (0..30).map(of).collect()).await;
    shelf
}

fn pin(key: &str, position: u32) -> Value {
    json!({"source": "test", "key": key, "position": position})
}

fn rule(effects: Value) -> Value {
    let mut rule = json!({"id": "rule", "name": "A rule", "condition": {"equals": ["red shoes", "red"]}});
    rule.as_object_mut().unwrap().extend(effects.as_object().unwrap().clone());
    json!({"rules": [rule]})
}

fn keys(answer: &SearchAnswer) -> Vec<String> {
    answer.hits.iter().map(|hit| hit.document.key.as_str().to_owned()).collect()
}

async fn search(engine: &dyn SearchEngine, request: &SearchRequest) -> SearchAnswer {
    engine.search(request).await.unwrap()
}

/// Returns the keys of all pages, whose totals and facets must agree.
async fn pages(engine: &dyn SearchEngine, request: &SearchRequest) -> Vec<String> {
    let mut request = SearchRequest { facets: vec![FacetRequest::new(10)], ..request.clone() };
    let first = search(engine, &request).await;
    let mut found = Vec::new();
    let mut answer = first.clone();
    loop {
        assert_eq!((answer.total, &answer.facets), (first.total, &first.facets));
        let sums = answer.facets[0].iter().map(|facet| facet.buckets.iter().map(|bucket| bucket.count).sum());
        assert!(sums.into_iter().any(|sum: u64| sum == answer.total), "{:?}", answer.facets);
        found.extend(keys(&answer));
        if !answer.has_next {
            break;
        }
        request.after = answer.hits.last().map(|hit| hit.cursor.encode());
        answer = search(engine, &request).await;
        assert!(!answer.hits.is_empty(), "a page follows");
    }
    let counts = SearchRequest { first: 0, after: None, ..request };
    assert_eq!(search(engine, &counts).await.total, first.total);
    assert_eq!(found.len() as u64, first.total, "each document is found once");
    found
}

async fn pinned_documents_have_their_positions_over_all_pages(engines: &Engines) {
    let shelf = shop(engines).await;
    let engine = &*shelf.engine;
    let plain = pages(engine, &SearchRequest::new("red shoes", 100)).await;
    assert_eq!((plain.len(), plain[0].as_str()), (27, "00"));
    // One that matches, one that does not, one far below, and one that does not exist.
    apply(engine, rule(json!({"pin": [pin("05", 1), pin("09", 3), pin("19", 12), pin("gone", 2)]})));
    let mut expected: Vec<String> = plain.iter().filter(|key| *key != "05").cloned().collect();
    for (key, position) in [("05", 1), ("09", 3), ("19", 12)] {
        expected.insert(position - 1, key.to_owned());
    }
    for first in [1, 2, 3, 5, 10, 11, 12, 29, 30, 100] {
        assert_eq!(pages(engine, &SearchRequest::new("red shoes", first)).await, expected, "{first}");
    }
    let answer = search(engine, &SearchRequest::new("red shoes", 3)).await;
    let pinned: Vec<bool> = answer.hits.iter().map(|hit| hit.pinned).collect();
    assert_eq!(pinned, [true, false, true]);
    assert_eq!((answer.total, answer.tier), (29, MatchTier::AllWords));
    assert_eq!((answer.rules[0].id.as_str(), answer.rules[0].name.as_deref()), ("rule", Some("A rule")));
    // Another query, and another order.
    assert!(search(engine, &SearchRequest::new("shoes", 3)).await.rules.is_empty());
    let newest = SearchRequest { sort: SearchSort::Newest, ..SearchRequest::new("red shoes", 10) };
    assert_eq!(pages(engine, &newest).await, plain);
}

async fn pinned_documents_meet_the_filter(engines: &Engines) {
    let shelf = shop(engines).await;
    let engine = &*shelf.engine;
    apply(engine, rule(json!({"pin": [pin("05", 1), pin("09", 2)]})));
    let filter = DocumentFilter { category: vec!["sale".to_owned()], ..DocumentFilter::default() };
    let request = SearchRequest { filter, ..SearchRequest::new("red shoes", 4) };
    let found = pages(engine, &request).await;
    assert_eq!(found[..3], ["00", "09", "03"], "05 is not on sale");
    assert!(!found.contains(&"05".to_owned()));
    let disjunctive = FacetRequest { disjunctive: true, ..FacetRequest::new(10) };
    let answer = search(engine, &SearchRequest { facets: vec![disjunctive], ..request }).await;
    let categories = answer.facets[0].iter().find(|facet| facet.field == "category").unwrap();
    let counts: Vec<u64> = categories.buckets.iter().map(|bucket| bucket.count).collect();
    // 18 new and 9 on sale match, and 09 is on sale.
    assert_eq!(counts, [18, 10]);
}

async fn pinned_documents_follow_the_last_match(engines: &Engines) {
    let shelf = shop(engines).await;
    let engine = &*shelf.engine;
    apply(
        engine,
        json!({"rules": [
            {"id": "few", "condition": {"equals": ["socks"]}, "pin": [pin("00", 50), pin("01", 90)]},
            {"id": "none", "condition": {"equals": ["qqq"]}, "pin": [pin("02", 7)]},
        ]}),
    );
    for first in [1, 2, 3, 4, 5, 10] {
        assert_eq!(pages(engine, &SearchRequest::new("socks", first)).await, ["09", "19", "29", "00", "01"]);
        assert_eq!(pages(engine, &SearchRequest::new("qqq", first)).await, ["02"]);
    }
}

async fn hidden_documents_are_not_found(engines: &Engines) {
    let shelf = shop(engines).await;
    let engine = &*shelf.engine;
    let hide = |key: &str| json!({"source": "test", "key": key});
    apply(engine, rule(json!({"hide": [hide("00"), hide("02"), hide("gone")]})));
    for sort in [SearchSort::Relevance, SearchSort::Newest, SearchSort::Oldest] {
        let found = pages(engine, &SearchRequest { sort, ..SearchRequest::new("red shoes", 7) }).await;
        assert_eq!(found.len(), 25, "{sort:?}");
        assert!(!found.contains(&"00".to_owned()) && !found.contains(&"02".to_owned()));
    }
    assert_eq!(search(engine, &SearchRequest::new("shoes", 1)).await.total, 27);
}

async fn factors_order_documents_within_a_tier(engines: &Engines) {
    let shelf = shop(engines).await;
    let engine = &*shelf.engine;
    let factor = |category: &str, factor: f32| json!({"filter": {"category": [category]}, "factor": factor});
    apply(engine, rule(json!({"boost": [factor("sale", 2.0)]})));
    let boosted = pages(engine, &SearchRequest::new("red shoes", 5)).await;
    assert_eq!(boosted[..3], ["00", "03", "06"]);
    assert!(boosted[..8].iter().all(|key| key.parse::<i32>().unwrap() % 3 == 0), "{boosted:?}");
    apply(engine, rule(json!({"boost": [factor("sale", 0.5)]})));
    let buried = pages(engine, &SearchRequest::new("red", 5)).await;
    assert_eq!((buried[0].as_str(), buried.len()), ("01", 27));
    assert!(buried[18..].iter().all(|key| key.parse::<i32>().unwrap() % 3 == 0), "{buried:?}");
    // Without words, factors alone order.
    let of_empty = json!({"rules": [
        {"id": "home", "condition": {"empty": true}, "boost": [factor("new", 3.0)], "pin": [pin("27", 2)]},
    ]});
    apply(engine, of_empty);
    let found = pages(engine, &SearchRequest::new("", 4)).await;
    assert_eq!((&found[..4], found.len()), (&["01", "27", "02", "04"].map(str::to_owned)[..], 30));
}

async fn a_redirect_accompanies_the_result(engines: &Engines) {
    let shelf = shop(engines).await;
    let engine = &*shelf.engine;
    apply(engine, rule(json!({"redirect": "https://shop.example/red"})));
    let answer = search(engine, &SearchRequest::new("Red  Shoes", 2)).await;
    assert_eq!(answer.redirect.as_deref(), Some("https://shop.example/red"));
    assert_eq!(answer.total, 27);
    assert_eq!(search(engine, &SearchRequest::new("shoes", 2)).await.redirect, None);
}
