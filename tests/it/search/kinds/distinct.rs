//! The best document of each value of a field.

use quarry::domain::Document;
use quarry::search::{
    AttributeOrder, DocumentFilter, FacetRequest, MatchTier, SearchAnswer, SearchRequest, SearchSort,
    SortDirection,
};
use serde_json::json;

use super::super::corpus::{document, published};
use super::super::engines::{Engines, Shelf, on_each_engine};

on_each_engine!(
    each_value_has_its_best_document,
    pages_of_distinct_values_join,
    tiers_share_their_values,
    pinned_documents_are_not_collapsed,
);

const SETTINGS: &str = r#"
[[sources]]
name = "test"
attributes = [
    { name = "brand", type = "string" },
    { name = "size", type = "number" },
    { name = "made", type = "date" },
]
"#;

fn product(at: usize, text: &str) -> Document {
    // The first of several values counts; every fifth has none.
    let brand = match at % 5 {
        0 => "null".to_owned(),
        1 => r#"["Acme", "Globex"]"#.to_owned(),
        other => format!("\"{}\"", ["Acme", "Globex", "acme"][other - 2]),
    };
    let size = [1.5, -2.0, 7.0][at % 3];
    let attributes = format!(r#"{{"brand": {brand}, "size": {size}, "made": "2024-0{}-01"}}"#, 1 + at % 4);
    let second = i64::try_from(at).unwrap();
    Document { attributes, ..published(document(&at.to_string(), text), second) }
}

fn products() -> Vec<Document> {
    (0..20).map(|at| product(at, &format!("a lamp {}", "and more ".repeat(at % 3)))).collect()
}

fn distinct(field: &str, query: &str) -> SearchRequest {
    SearchRequest { distinct: Some(field.to_owned()), ..SearchRequest::new(query, 50) }
}

/// Returns the numbers of the hits with those of their collapsed documents.
fn hits(answer: &SearchAnswer) -> Vec<(usize, u64)> {
    answer.hits.iter().map(|hit| (hit.document.key.as_str().parse().unwrap(), hit.collapsed)).collect()
}

async fn found(shelf: &Shelf, request: &SearchRequest) -> Vec<(usize, u64)> {
    let answer = shelf.engine.search(request).await.unwrap();
    assert_eq!(answer.total, answer.hits.len() as u64);
    hits(&answer)
}

async fn each_value_has_its_best_document(engines: &Engines) {
    let shelf = engines.with_settings(SETTINGS, products()).await;
    let newest = |field: &str| SearchRequest { sort: SearchSort::Newest, ..distinct(field, "lamp") };
    // acme; Globex; Acme, of which one document in four has a second brand; and those without a brand.
    let brands = [(19, 3), (18, 3), (17, 7), (15, 0), (10, 0), (5, 0), (0, 0)];
    assert_eq!(found(&shelf, &newest("brand")).await, brands);
    assert_eq!(found(&shelf, &newest("size")).await, [(19, 6), (18, 6), (17, 5)]);
    assert_eq!(found(&shelf, &newest("made")).await, [(19, 4), (18, 4), (17, 4), (16, 4)]);
    assert_eq!(found(&shelf, &newest("source")).await, [(19, 19)]);
    assert_eq!(found(&shelf, &newest("category")).await.len(), 20, "none has a category");
    // By relevance, the shortest text is the best, then the newest.
    let best = found(&shelf, &distinct("brand", "lamp")).await;
    assert_eq!(best[..3], [(18, 3), (15, 0), (12, 7)]);
    let by_size = AttributeOrder { name: "size".to_owned(), direction: SortDirection::Ascending, near: None };
    let by_size = SearchRequest { order_by: vec![by_size], ..distinct("brand", "") };
    assert_eq!(found(&shelf, &by_size).await[..3], [(19, 3), (16, 7), (13, 3)]);
    let few = DocumentFilter {
        attributes: serde_json::from_value(json!([
            {"name": "size", "test": {"numbers": [{"from": 5}]}},
        ]))
        .unwrap(),
        ..DocumentFilter::default()
    };
    let mut facets = FacetRequest::new(9);
    facets.fields = vec!["brand".to_owned()];
    let counted = SearchRequest { filter: few, facets: vec![facets], ..newest("brand") };
    let answer = shelf.engine.search(&counted).await.unwrap();
    assert_eq!(hits(&answer), [(17, 2), (14, 0), (8, 0), (5, 0)]);
    let buckets = answer.facets[0][0].buckets.iter().map(|bucket| (bucket.value.as_str(), bucket.count));
    assert_eq!(
        buckets.collect::<Vec<_>>(),
        [("Acme", 3), ("Globex", 2), ("acme", 1)],
        "facets count all documents"
    );
}

async fn pages_of_distinct_values_join(engines: &Engines) {
    let shelf = engines.with_settings(SETTINGS, products()).await;
    for sort in [SearchSort::Relevance, SearchSort::Newest, SearchSort::Oldest] {
        for field in ["brand", "size", "category"] {
            let whole = found(&shelf, &SearchRequest { sort, ..distinct(field, "lamp") }).await;
            let mut request = SearchRequest { sort, first: 2, ..distinct(field, "lamp") };
            let mut paged = Vec::new();
            loop {
                let page = shelf.engine.search(&request).await.unwrap();
                assert_eq!(page.total, whole.len() as u64);
                paged.extend(hits(&page));
                assert_eq!(page.has_next, paged.len() < whole.len());
                if !page.has_next {
                    break;
                }
                request.after = page.hits.last().map(|hit| hit.cursor.encode());
            }
            assert_eq!(paged, whole, "{sort:?} {field}");
            for offset in 0..whole.len() {
                let page = SearchRequest { sort, first: 3, offset, ..distinct(field, "lamp") };
                let page = hits(&shelf.engine.search(&page).await.unwrap());
                assert_eq!(page, whole[offset..whole.len().min(offset + 3)], "{sort:?} {field}");
            }
        }
    }
}

async fn tiers_share_their_values(engines: &Engines) {
    // Two documents with the word, three with a similar one, three with one of two words.
    let texts = ["desk lamp", "desk lamp", "desk lamb", "desk lamb", "desk lamb", "desk", "desk", "desk"];
    let documents = texts.iter().enumerate().map(|(at, text)| product(at + 1, text));
    let shelf = engines.with_settings(SETTINGS, documents.collect()).await;
    let request = distinct("brand", "desk lamp ");
    let answer = shelf.engine.search(&request).await.unwrap();
    let tiers: Vec<MatchTier> = answer.hits.iter().map(|hit| hit.tier).collect();
    // Acme: 1 and 2, 6 and 7; Globex: 3 and 8; acme: 4; without a brand: 5.
    assert_eq!(hits(&answer).iter().map(|(at, _)| *at).collect::<Vec<_>>(), [2, 5, 4, 3]);
    assert_eq!(tiers, [MatchTier::AllWords, MatchTier::Typos, MatchTier::Typos, MatchTier::Typos]);
    assert_eq!(answer.total, 4);
    let mut page = SearchRequest { first: 1, ..request };
    let mut paged = Vec::new();
    loop {
        let answer = shelf.engine.search(&page).await.unwrap();
        paged.extend(hits(&answer));
        if !answer.has_next {
            break;
        }
        page.after = answer.hits.last().map(|hit| hit.cursor.encode());
    }
    assert_eq!(paged, hits(&answer));
}

async fn pinned_documents_are_not_collapsed(engines: &Engines) {
    let shelf = engines.with_settings(SETTINGS, products()).await;
    shelf.use_rules(json!({"rules": [
        {"id": "first", "pin": [{"source": "test", "key": "3", "position": 2}]},
    ]}));
    let answer = shelf.engine.search(&distinct("brand", "lamp")).await.unwrap();
    assert!(answer.hits[1].pinned && answer.hits[1].collapsed == 0);
    assert_eq!(hits(&answer)[1], (3, 0));
    assert_eq!(hits(&answer)[0], (18, 2), "of the other documents of the brand");
    assert_eq!(answer.total, 8);
}
