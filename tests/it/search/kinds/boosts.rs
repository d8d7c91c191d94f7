//! Factors of scores by numbers, dates, visitors and rules, and their bounds.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use quarry::domain::{Document, DocumentId, InteractionKind};
use quarry::search::{
    BoostShape, BoostValue, Popularity, SearchAnswer, SearchRequest, SearchSort, ValueBoost,
};
use serde_json::json;
use uuid::Uuid;

use super::super::corpus::document;
use super::super::engines::{Engines, Shelf, numbers, on_each_engine};

on_each_engine!(
    values_multiply_scores_within_bounds,
    without_words_the_factors_order_documents,
    visitors_multiply_scores,
    a_cluster_counts_the_visitors_of_the_most_visited_documents,
    factors_of_rules_and_values_have_common_bounds,
    pages_of_boosted_searches_join,
);

const SETTINGS: &str = r#"
[[sources]]
name = "test"
attributes = [
    { name = "sales", type = "number" },
    { name = "made", type = "date" },
]
"#;

/// The sales of each document; several have equal texts.
const SALES: [&str; 6] = ["0", "10", "[30, 5]", "-7", "null", "1000"];

fn documents() -> Vec<Document> {
    let now = Utc::now();
    let document = |(at, sales): (usize, &&str)| {
        let made = now - TimeDelta::days(10 * i64::try_from(at).unwrap());
        let attributes = format!(r#"{{"sales": {sales}, "made": "{}"}}"#, made.to_rfc3339());
        Document { attributes, published_at: Some(made), ..document(&at.to_string(), "a lamp") }
    };
    SALES.iter().enumerate().map(document).collect()
}

fn boost(value: BoostValue, weight: f64, shape: BoostShape) -> ValueBoost {
    ValueBoost { value, weight, shape }
}

fn by(attribute: &str, weight: f64, shape: BoostShape) -> ValueBoost {
    boost(BoostValue::Attribute(attribute.to_owned()), weight, shape)
}

/// Returns the scores by the number of the document, as they order the hits of the first tier.
fn scores(answer: &SearchAnswer) -> BTreeMap<usize, f64> {
    let score =
        |hit: &quarry::search::Hit| (hit.document.key.as_str().parse().unwrap(), f64::from(hit.score) - 2.0);
    answer.hits.iter().map(score).collect()
}

async fn search(shelf: &Shelf, query: &str, boosts: &[ValueBoost]) -> SearchAnswer {
    let request = SearchRequest { boosts: boosts.to_vec(), ..SearchRequest::new(query, 20) };
    shelf.engine.search(&request).await.unwrap()
}

/// Fails unless boosts multiply the score of each document by its factor.
async fn multiplies(shelf: &Shelf, boosts: &[ValueBoost], expected: [f64; 6]) {
    let plain = scores(&search(shelf, "lamp ", &[]).await);
    let answer = search(shelf, "lamp ", boosts).await;
    for (at, score) in scores(&answer) {
        let factor = score / plain[&at];
        assert!((factor - expected[at]).abs() < 2e-3 * expected[at], "{at}: {factor}, not {}", expected[at]);
    }
    assert_eq!(answer.total, 6);
    let in_order: Vec<f64> = answer.hits.iter().map(|hit| f64::from(hit.score)).collect();
    assert!(in_order.is_sorted_by(|a, b| a >= b), "{in_order:?}");
}

async fn values_multiply_scores_within_bounds(engines: &Engines) {
    if !engines.has_value_boosts() {
        return;
    }
    let shelf = engines.with_settings(SETTINGS, documents()).await;
    let sales = |weight| by("sales", weight, BoostShape::Saturation(10.0));
    // The largest of several values counts; none or a negative one has no effect.
    multiplies(&shelf, &[sales(2.0)], [1.0, 2.0, 2.5, 1.0, 1.0, 1.0 + 2.0 / 1.01]).await;
    let half_life = BoostShape::HalfLife(20.0 * 86_400e6);
    let recent = [0, 1, 2, 3, 4, 5].map(|age| 1.0 + 0.5_f64.powf(f64::from(age) / 2.0));
    multiplies(&shelf, &[by("made", 1.0, half_life)], recent).await;
    multiplies(&shelf, &[boost(BoostValue::PublishedAt, 1.0, half_life)], recent).await;
    // Factors are multiplied, up to 10.
    let of_both =
        [2.0, 2.0 * recent[1], 2.5 * recent[2], recent[3], recent[4], (1.0 + 2.0 / 1.01) * recent[5]];
    multiplies(&shelf, &[sales(2.0), by("made", 1.0, half_life)], of_both).await;
    multiplies(&shelf, &[sales(9.0), sales(9.0)], [1.0, 10.0, 10.0, 1.0, 1.0, 10.0]).await;
    // They apply to the order by relevance.
    let newest = SearchRequest {
        sort: SearchSort::Newest,
        boosts: vec![sales(9.0)],
        ..SearchRequest::new("lamp", 20)
    };
    assert_eq!(numbers(&shelf.engine.search(&newest).await.unwrap()), [0, 1, 2, 3, 4, 5]);
}

async fn without_words_the_factors_order_documents(engines: &Engines) {
    if !engines.has_value_boosts() {
        return;
    }
    let shelf = engines.with_settings(SETTINGS, documents()).await;
    let answer = search(&shelf, "", &[by("sales", 1.0, BoostShape::Saturation(10.0))]).await;
    // Ties go to the newest.
    assert_eq!(numbers(&answer), [5, 2, 1, 0, 3, 4]);
    assert!(answer.hits.iter().all(|hit| hit.score == 0.0));
}

async fn visitors_multiply_scores(engines: &Engines) {
    if !engines.has_value_boosts() {
        return;
    }
    let shelf = engines.with_settings(SETTINGS, documents()).await;
    let id = |at: usize| document(&at.to_string(), "").id;
    let clicks = boost(BoostValue::Interactions(InteractionKind::Click), 1.0, BoostShape::Saturation(4.0));
    multiplies(&shelf, std::slice::from_ref(&clicks), [1.0; 6]).await;
    shelf.engine.use_popularity(Arc::new(Popularity::new([(id(3), 4), (id(4), 12)], [(id(1), 4)])));
    multiplies(&shelf, std::slice::from_ref(&clicks), [1.0, 1.0, 1.0, 1.5, 1.75, 1.0]).await;
    let conversions = InteractionKind::Conversion;
    let conversions = boost(BoostValue::Interactions(conversions), 3.0, BoostShape::Saturation(4.0));
    multiplies(&shelf, &[clicks, conversions], [1.0, 2.5, 1.0, 1.5, 1.75, 1.0]).await;
}

/// A cluster receives the numbers with each search, so those of other documents do not count.
async fn a_cluster_counts_the_visitors_of_the_most_visited_documents(engines: &Engines) {
    if !engines.has_value_boosts() {
        return;
    }
    let shelf = engines.with_settings(SETTINGS, documents()).await;
    let others = (0..9_999_u128).map(|at| (DocumentId(Uuid::from_u128(at)), 8));
    let own = [(3, 12), (4, 4)].map(|(at, visitors)| (document(&at.to_string(), "").id, visitors));
    shelf.engine.use_popularity(Arc::new(Popularity::new(others.chain(own), [])));
    let clicks = boost(BoostValue::Interactions(InteractionKind::Click), 1.0, BoostShape::Saturation(4.0));
    let of_last = if engines.is_cluster() { 1.0 } else { 1.5 };
    multiplies(&shelf, &[clicks], [1.0, 1.0, 1.0, 1.75, of_last, 1.0]).await;
}

async fn factors_of_rules_and_values_have_common_bounds(engines: &Engines) {
    let shelf = engines.with_settings(SETTINGS, documents()).await;
    let plain = scores(&search(&shelf, "lamp ", &[]).await);
    let cheap = json!({"attributes": [{"name": "sales", "test": {"numbers": [{"to": 10}]}}]});
    let none = json!({"attributes": [{"name": "sales", "test": {"exists": false}}]});
    let all = json!({"source": ["test"]});
    shelf.use_rules(json!({"rules": [
        {"id": "1", "boost": [{"filter": cheap, "factor": 0.2}, {"filter": cheap, "factor": 0.25}]},
        {"id": "2", "boost": [{"filter": none, "factor": 6}, {"filter": all, "factor": 0.5}]},
    ]}));
    let boosts = [by("sales", 9.0, BoostShape::Saturation(1000.0))];
    for (boosts, expected) in
        [(&boosts[..0], [0.1, 0.1, 0.1, 0.1, 3.0, 0.5]), (&boosts[..], [0.1, 0.1, 0.1, 0.1, 3.0, 2.75])]
    {
        if !boosts.is_empty() && !engines.has_value_boosts() {
            return;
        }
        for (at, score) in scores(&search(&shelf, "lamp ", boosts).await) {
            let factor = score / plain[&at];
            assert!((factor - expected[at]).abs() < 2e-3, "{at}: {factor}, not {}", expected[at]);
        }
    }
    assert_eq!(numbers(&search(&shelf, "", &boosts).await), [4, 5, 0, 1, 2, 3]);
}

async fn pages_of_boosted_searches_join(engines: &Engines) {
    if !engines.has_value_boosts() {
        return;
    }
    let shelf = engines.with_settings(SETTINGS, documents()).await;
    let boosts = vec![
        by("sales", 2.0, BoostShape::Saturation(10.0)),
        by("made", 1.0, BoostShape::HalfLife(20.0 * 86_400e6)),
    ];
    for query in ["lamp", ""] {
        let whole = numbers(&search(&shelf, query, &boosts).await);
        let mut request = SearchRequest { boosts: boosts.clone(), ..SearchRequest::new(query, 2) };
        let mut paged = Vec::new();
        loop {
            let page = shelf.engine.search(&request).await.unwrap();
            paged.extend(numbers(&page));
            if !page.has_next {
                break;
            }
            request.after = page.hits.last().map(|hit| hit.cursor.encode());
        }
        assert_eq!(paged, whole, "{query}");
    }
}
