//! The weights of fields.

use std::path::Path;

use quarry::domain::{AuthorId, AuthorRef, Document};
use quarry::search::tantivy_engine::{TantivyEngine, TantivyOptions};
use quarry::search::{DocumentFilter, SearchEngine, SearchRequest};

use crate::search::corpus::{document, fill, options};
use crate::search::engines::{Engines, indexed_fields, on_each_engine};

on_each_engine!(
    each_field_comes_first_by_its_weight,
    the_weights_of_the_default_are_those_without_settings,
    no_weight_raises_a_less_exact_kind_of_match,
);

/// Opens the embedded engine with settings.
fn open(folder: &Path, settings: &str) -> TantivyEngine {
    let (attributes, weights) = indexed_fields(settings);
    TantivyEngine::open(TantivyOptions { attributes, weights, ..options(folder) }).unwrap()
}

/// Returns settings with weights of title, text, author and category, and of the attribute `brand`.
fn weights([title, text, author, category, brand]: [f64; 5]) -> String {
    format!(
        "[weights]\ntitle = {title}\ntext = {text}\nauthor = {author}\ncategory = {category}\n\
         [[sources]]\nname = \"test\"\n[[sources.attributes]]\nname = \"brand\"\ntype = \"text\"\nweight = {brand}\n"
    )
}

/// Its first word is not near the end: only the embedded engine has distances of words in different fields.
const TEXT: &str = "things of very many kinds that one may find in a shop";

/// Returns documents with `acorn` in another field each: title, text, author, category and brand.
fn documents() -> Vec<Document> {
    let field = |key: &str, change: &dyn Fn(&mut Document)| {
        // The same length of all, so that only weights and times distinguish them.
        let mut document = document(key, TEXT);
        change(&mut document);
        document
    };
    vec![
        field("title", &|document| document.title = Some("an acorn".to_owned())),
        field("text", &|document| document.text = format!("{TEXT} acorn")),
        field("author", &|document| {
            let (id, key) = (AuthorId(uuid::Uuid::from_u128(1)), "a".to_owned());
            document.author = Some(AuthorRef { id, key, name: "Acorn".to_owned() });
        }),
        field("category", &|document| document.category = Some("acorn".to_owned())),
        field("brand", &|document| document.attributes = r#"{"brand": "Acorn"}"#.to_owned()),
    ]
}

async fn found(engine: &dyn SearchEngine, query: &str) -> Vec<(String, f32)> {
    let answer = engine.search(&SearchRequest::new(query, 20)).await.unwrap();
    answer.hits.iter().map(|hit| (hit.document.key.as_str().to_owned(), hit.score)).collect()
}

async fn first(engine: &dyn SearchEngine, query: &str) -> String {
    found(engine, query).await[0].0.clone()
}

const DEFAULT: [f64; 5] = [1.0, 0.0, 0.0, 0.0, 0.0];

async fn each_field_comes_first_by_its_weight(engines: &Engines) {
    for (at, field) in ["title", "text", "author", "category", "brand"].into_iter().enumerate() {
        let mut own = [1.0; 5];
        own[at] = 3.0;
        let shelf = engines.with_settings(&weights(own), documents()).await;
        let engine = &*shelf.engine;
        // Exactly, as a form, while typing, with a typo, and beside another word.
        for query in ["acorn", "acorns", "aco", "akorn", "acorn things"] {
            // Names have no other forms.
            if field == "author" && query == "acorns" {
                continue;
            }
            assert_eq!(first(engine, query).await, field, "{query}");
        }
        // Shorter paths and the scan of a filter agree.
        let filter = DocumentFilter { source: vec!["test".to_owned()], ..DocumentFilter::default() };
        for query in ["acorn", "aco", "akorn", "acorn things"] {
            let request = SearchRequest { filter: filter.clone(), ..SearchRequest::new(query, 20) };
            let scanned = engine.search(&request).await.unwrap();
            let scanned = scanned.hits.iter().map(|hit| (hit.document.key.as_str().to_owned(), hit.score));
            assert_eq!(found(engine, query).await, scanned.collect::<Vec<_>>(), "{query}");
        }
    }
}

async fn the_weights_of_the_default_are_those_without_settings(engines: &Engines) {
    let without = "[[sources]]\nname = \"test\"\nattributes = [{ name = \"brand\", type = \"text\" }]";
    let plain = engines.with_settings(without, documents()).await;
    let weighted = engines.with_settings(&weights(DEFAULT), documents()).await;
    for query in ["acorn", "acorns", "aco", "akorn", "acorn things"] {
        assert_eq!(found(&*plain.engine, query).await, found(&*weighted.engine, query).await, "{query}");
    }
}

async fn no_weight_raises_a_less_exact_kind_of_match(engines: &Engines) {
    let in_all = |key: &str, word: &str| {
        let mut document = document(key, &format!("{word} and more"));
        document.title = Some(format!("{word} here"));
        document.category = Some(format!("{word} there"));
        document.attributes = format!(r#"{{"brand": "{word}"}}"#);
        document
    };
    let exact = "a long text that mentions once to paint, and many other things that people do";
    let documents = vec![document("exact", exact), in_all("form", "painted"), in_all("prefix", "painter")];
    let shelf = engines.with_settings(&weights([10.0; 5]), documents).await;
    let order: Vec<String> = found(&*shelf.engine, "paint").await.into_iter().map(|(key, _)| key).collect();
    assert_eq!(order, ["exact", "form", "prefix"]);
}

#[tokio::test]
async fn a_changed_weight_applies_to_the_present_index() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), &weights([1.0, 0.0, 4.0, 2.0, 2.0]));
    fill(&engine, documents()).await;
    assert_eq!(first(&engine, "acorn").await, "author");
    drop(engine);
    let engine = open(folder.path(), &weights([0.0, 0.0, 1.0, 1.5, 5.0]));
    assert!(engine.applied_through().await.unwrap().is_some(), "no index is built");
    assert_eq!(first(&engine, "acorn").await, "brand");
    drop(engine);
    // The first weight of a field needs its terms: the present index serves until they are indexed.
    let engine = open(folder.path(), &weights([0.0, 9.0, 1.0, 1.5, 5.0]));
    assert_eq!(engine.applied_through().await.unwrap(), None, "an index is built");
    assert_eq!(first(&engine, "acorn").await, "brand");
    fill(&engine, documents()).await;
    assert_eq!(first(&engine, "acorn").await, "text");
}
