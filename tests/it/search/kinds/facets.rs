//! Facets: values by their beginning, names of authors, and the values beside a chosen one.

use quarry::domain::Document;
use quarry::search::{DocumentFilter, FacetRequest, SearchRequest};

use super::super::corpus::{document, fill, with_author};
use super::super::engines::{Engines, Shelf, on_each_engine};

on_each_engine!(
    values_are_found_by_their_beginning,
    disjunctive_facets_keep_the_values_beside_a_chosen_one,
    intervals_begin_at_decimals,
);

const RATED: &str = r#"
[[sources]]
name = "test"
attributes = [{ name = "rating", type = "number", uses = ["facet"] }]
"#;

fn labelled(key: usize, text: &str, category: &str, author: (&str, &str)) -> Document {
    let mut document = with_author(document(&key.to_string(), text), author.0, author.1);
    document.category = Some(category.to_owned());
    document
}

/// Returns the values of a field with their counts.
async fn values(shelf: &Shelf, request: &SearchRequest, field: &str) -> Vec<(String, u64)> {
    let answer = shelf.engine.search(request).await.unwrap();
    let facet = answer.facets[0].iter().find(|facet| facet.field == field).unwrap();
    facet.buckets.iter().map(|bucket| (bucket.value.clone(), bucket.count)).collect()
}

fn pairs(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|&(value, count)| (value.to_owned(), count)).collect()
}

async fn values_are_found_by_their_beginning(engines: &Engines) {
    let shelf = engines.empty(Default::default()).await;
    let mut documents: Vec<Document> = (0..150)
        .map(|n| {
            labelled(n, "lamp", &format!("Shelf {n:03}"), (&format!("u{n:03}"), &format!("Jane Doe{n}")))
        })
        .collect();
    documents.push(labelled(200, "lamp", "Schränke", ("x1", "Åsa O'Hara")));
    documents.push(labelled(201, "lamp", "Schränke", ("x1", "Åsa O'Hara")));
    fill(&*shelf.engine, documents).await;
    let starting = |start: &str| SearchRequest {
        facets: vec![FacetRequest {
            starts_with: Some(start.to_owned()),
            names: true,
            ..FacetRequest::new(100)
        }],
        ..SearchRequest::new("lamp", 0)
    };
    assert_eq!(values(&shelf, &starting("shelf 149"), "category").await, pairs(&[("Shelf 149", 1)]));
    assert_eq!(values(&shelf, &starting("SCHRÄ"), "category").await, pairs(&[("Schränke", 2)]));
    assert_eq!(values(&shelf, &starting("sh"), "category").await.len(), 100);
    for author in ["x", "asa", "Åsa Oh", "o'har", "hara å"] {
        assert_eq!(values(&shelf, &starting(author), "authorKey").await, pairs(&[("x1", 2)]), "{author}");
    }
    assert_eq!(values(&shelf, &starting("jane doe149"), "authorKey").await, pairs(&[("u149", 1)]));
    assert_eq!(values(&shelf, &starting("asa doe"), "authorKey").await, []);
    let answer = shelf.engine.search(&starting("x")).await.unwrap();
    assert_eq!(answer.facets[0][2].buckets[0].name.as_deref(), Some("Åsa O'Hara"));
    assert_eq!(answer.facets[0][1].buckets.len(), 0);
}

async fn disjunctive_facets_keep_the_values_beside_a_chosen_one(engines: &Engines) {
    let shelf = engines.empty(Default::default()).await;
    let of =
        |key, text, category| labelled(key, text, category, (if key % 2 == 0 { "a" } else { "b" }, "Name"));
    let documents = vec![
        of(0, "small lamp", "red"),
        of(1, "small lamp", "red"),
        of(2, "lamp", "red"),
        of(3, "small lamp", "green"),
        of(4, "small lamp", "blue"),
        of(5, "small lmap", "blue"),
        of(6, "chair", "black"),
    ];
    fill(&*shelf.engine, documents).await;
    let filtered = |disjunctive, author: &[&str]| SearchRequest {
        filter: DocumentFilter {
            category: vec!["red".to_owned()],
            author_key: author.iter().map(|&key| key.to_owned()).collect(),
            ..DocumentFilter::default()
        },
        facets: vec![FacetRequest { disjunctive, ..FacetRequest::new(9) }],
        typo_tolerance: false,
        ..SearchRequest::new("lamp", 1)
    };
    assert_eq!(values(&shelf, &filtered(false, &[]), "category").await, pairs(&[("red", 3)]));
    let all = pairs(&[("red", 3), ("blue", 1), ("green", 1)]);
    assert_eq!(values(&shelf, &filtered(true, &[]), "category").await, all);
    assert_eq!(values(&shelf, &filtered(true, &[]), "authorKey").await, pairs(&[("a", 2), ("b", 1)]));
    // Of two filtered fields, each ignores its own filter only.
    let both = filtered(true, &["a"]);
    assert_eq!(values(&shelf, &both, "category").await, pairs(&[("red", 2), ("blue", 1)]));
    assert_eq!(values(&shelf, &both, "authorKey").await, pairs(&[("a", 2), ("b", 1)]));
    assert_eq!(values(&shelf, &both, "source").await, pairs(&[("test", 2)]));
    let answer = shelf.engine.search(&both).await.unwrap();
    assert_eq!((answer.total, answer.hits.len()), (2, 1), "the filter holds for hits");
    // With the tiers of the search: red has one misspelt document less than five.
    let tolerant = SearchRequest { typo_tolerance: true, ..filtered(true, &[]) };
    assert_eq!(values(&shelf, &tolerant, "category").await, pairs(&[("red", 3), ("blue", 2), ("green", 1)]));
}

async fn intervals_begin_at_decimals(engines: &Engines) {
    let rated = |at: u32| {
        let attributes = format!("{{\"rating\": {}}}", (f64::from(at) - 10.0) / 10.0);
        Document { attributes, ..document(&at.to_string(), "lamp") }
    };
    let shelf = engines.with_settings(RATED, (0..30).map(rated).collect()).await;
    for (interval, expected) in [
        (0.1, (0..30).map(|at| (((f64::from(at) - 10.0) / 10.0).to_string(), 1)).collect()),
        (0.3, pairs(&[("-1.2", 1), ("-0.9", 3), ("-0.6", 3), ("-0.3", 3), ("0", 3), ("0.3", 3)])),
    ] {
        let request = FacetRequest {
            fields: vec!["rating".to_owned()],
            interval: Some(interval),
            ..FacetRequest::new(100)
        };
        let request = SearchRequest { facets: vec![request], ..SearchRequest::new("lamp", 0) };
        let found: Vec<(String, u64)> = values(&shelf, &request, "rating").await;
        assert_eq!(found.iter().map(|(_, count)| count).sum::<u64>(), 30);
        assert_eq!(found[..expected.len()], expected, "{interval}");
    }
}
