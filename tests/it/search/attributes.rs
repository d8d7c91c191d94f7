//! The engine of OpenSearch compared with the embedded one: what they answer about attributes.

use std::sync::Arc;

use quarry::config::Settings;
use quarry::domain::Document;
use quarry::search::tantivy_engine::{TantivyEngine, TantivyOptions};
use quarry::search::{
    Attributes, CalendarUnit, CompletionRequest, DocumentFilter, FacetRequest, Highlight, SearchEngine,
    SearchRequest,
};

use super::corpus::{document, fill, options};
use super::opensearch::{ClusterSoftware, TestIndex};

const SOURCES: &str = r#"
[[sources]]
name = "test"
attributes = [
    { name = "brand", type = "string", uses = ["search", "suggest", "facet"] },
    { name = "made", type = "date" },
]
"#;

/// The counts of one facet request: the values with their lower bounds, their number, and whether more follow.
type Counts = (Vec<(String, u64, Option<f64>, Option<f64>)>, u64, bool);

fn products() -> Vec<Document> {
    let product = |at: usize| {
        let brand = ["Acme Lighting", "Acmé Öfen", "acme lighting", "Globex", "a.c*me"][at * 3 % 5];
        let category = ["new", "sale"][at % 2];
        let made = match at % 4 {
            0 => "null".to_owned(),
            // Twice within a month: a document counts once.
            1 => format!("[\"2024-{:02}-01\", \"2024-{:02}-28\"]", 1 + at % 12, 1 + at % 12),
            _ => format!(
                "[\"{}-{:02}-{:02}\", \"1969-12-31T23:30:00Z\"]",
                2020 + at % 5,
                1 + at % 12,
                1 + at % 28
            ),
        };
        let attributes = format!("{{\"brand\": \"{brand}\", \"made\": {made}}}");
        let category = Some(category.to_owned());
        Document { category, attributes, ..document(&at.to_string(), "a lamp from Acme") }
    };
    (0..60).map(product).collect()
}

/// Both engines with the products; `None` without a node.
async fn engines(software: ClusterSoftware, folder: &std::path::Path) -> Option<(TantivyEngine, TestIndex)> {
    let settings = Settings::from_toml(SOURCES).unwrap();
    let attributes = Attributes::of(settings.sources.contents());
    let index = TestIndex::with_attributes(software, attributes.clone()).await?;
    let options = TantivyOptions { attributes: Arc::new(attributes), ..options(folder) };
    let embedded = TantivyEngine::open(options).unwrap();
    fill(&embedded, products()).await;
    fill(&index.engine, products()).await;
    Some((embedded, index))
}

async fn counts(engine: &dyn SearchEngine, facets: &FacetRequest) -> Counts {
    let request = SearchRequest { facets: vec![facets.clone()], ..SearchRequest::new("lamp", 0) };
    let facet = engine.search(&request).await.unwrap().facets.remove(0).remove(0);
    let bounds = |of: Option<quarry::search::NumberBounds>| of.map_or((None, None), |of| (of.from, of.to));
    let bucket = |bucket: quarry::search::FacetBucket| {
        let (from, to) = bounds(bucket.bounds);
        (bucket.value, bucket.count, from, to)
    };
    (facet.buckets.into_iter().map(bucket).collect(), facet.value_count, facet.has_next)
}

async fn completions(engine: &dyn SearchEngine, text: &str, filter: &DocumentFilter) -> Vec<String> {
    let request = CompletionRequest { text: text.to_owned(), filter: filter.clone(), limit: 9 };
    engine.complete(&request).await.unwrap()
}

#[tokio::test]
async fn both_engines_count_dates_by_the_calendar() {
    for software in ClusterSoftware::ALL {
        let folder = tempfile::tempdir().unwrap();
        if let Some((embedded, index)) = engines(software, folder.path()).await {
            count_dates_by_the_calendar(&embedded, index).await;
        }
    }
}

async fn count_dates_by_the_calendar(embedded: &TantivyEngine, index: TestIndex) {
    for unit in [CalendarUnit::Week, CalendarUnit::Month, CalendarUnit::Quarter, CalendarUnit::Year] {
        let fields = vec!["made".to_owned()];
        let request = FacetRequest { fields, calendar: Some(unit), ..FacetRequest::new(7) };
        let expected = counts(embedded, &request).await;
        assert!(!expected.0.is_empty());
        assert_eq!(counts(&index.engine, &request).await, expected, "{unit:?}");
    }
    index.delete().await;
}

#[tokio::test]
async fn both_engines_suggest_values_and_mark_them() {
    for software in ClusterSoftware::ALL {
        let folder = tempfile::tempdir().unwrap();
        if let Some((embedded, index)) = engines(software, folder.path()).await {
            suggest_values_and_mark_them(&embedded, index).await;
        }
    }
}

async fn suggest_values_and_mark_them(embedded: &TantivyEngine, index: TestIndex) {
    let on_sale = DocumentFilter { category: vec!["sale".to_owned()], ..DocumentFilter::default() };
    for filter in [DocumentFilter::default(), on_sale] {
        for text in ["acm", "ACME li", "acme ", "acme o", "a.c*", "glob", "zzz", "", "-", "a"] {
            let expected = completions(embedded, text, &filter).await;
            assert_eq!(completions(&index.engine, text, &filter).await, expected, "{text:?}");
        }
    }
    let nothing = DocumentFilter::default();
    assert_eq!(completions(&index.engine, "acme l", &nothing).await[..2], ["Acme Lighting", "acme lighting"]);
    // The words of values, too, are spelled as documents write them.
    for typed in ["oef", "ofe", "öf"] {
        assert_eq!(completions(embedded, typed, &nothing).await, ["Öfen"], "{typed}");
        assert_eq!(completions(&index.engine, typed, &nothing).await, ["Öfen"], "{typed}");
    }
    let request = SearchRequest { highlights: true, ..SearchRequest::new("globex", 1) };
    let marked: Vec<Highlight> = index.engine.search(&request).await.unwrap().hits.remove(0).highlights;
    assert_eq!((marked[0].field.as_str(), marked[0].html.as_str()), ("brand", "<mark>Globex</mark>"));
    assert_eq!(embedded.search(&request).await.unwrap().hits.remove(0).highlights, marked);
    index.delete().await;
}
