//! Stop words beside those of the built-in lists.

use quarry::search::{CompletionRequest, DocumentFilter, SearchRequest};
use serde_json::json;

use super::super::engines::{Engines, on_each_engine};
use super::apply;

on_each_engine!(custom_stop_words_behave_like_built_in_ones, a_source_restricts_them_to_searches_in_it,);

async fn custom_stop_words_behave_like_built_in_ones(engines: &Engines) {
    let texts = ["please", "shoes", "the shoes please", "the who", "who are they"];
    let shelf = engines.of(&texts).await;
    // Alone, a word of the query makes a document a match of any word, unless it is a stop word.
    assert_eq!(shelf.found("shoes please now").await.len(), 3);
    apply(&*shelf.engine, json!({"stopWords": [{"id": "a", "add": ["Please"]}]}));
    let mut found = shelf.found("shoes please now").await;
    found.sort_unstable();
    assert_eq!(found, [1, 2]);
    assert_eq!(shelf.found("please").await[0], 0, "a query of stop words only");
    let request =
        CompletionRequest { text: "shoes ".to_owned(), filter: DocumentFilter::default(), limit: 5 };
    assert!(!shelf.engine.complete(&request).await.unwrap().contains(&"shoes please".to_owned()));

    // The name of a band consists of words of the built-in list.
    assert_eq!(shelf.found("who band tickets").await, [0_usize; 0]);
    apply(&*shelf.engine, json!({"stopWords": [{"id": "a", "remove": ["who"], "language": "english"}]}));
    assert_eq!(shelf.found("who band tickets").await.len(), 2);
    apply(&*shelf.engine, json!({"stopWords": [{"id": "a", "remove": ["who"], "language": "german"}]}));
    assert_eq!(shelf.found("who band tickets").await, [0_usize; 0]);
}

async fn a_source_restricts_them_to_searches_in_it(engines: &Engines) {
    let shelf = engines.of(&["please", "shoes"]).await;
    let found = async |source: &[&str]| {
        let source = source.iter().map(|&name| name.to_owned()).collect();
        let filter = DocumentFilter { source, ..DocumentFilter::default() };
        let request = SearchRequest { filter, ..SearchRequest::new("shoes please now", 10) };
        shelf.engine.search(&request).await.unwrap().total
    };
    apply(&*shelf.engine, json!({"stopWords": [{"id": "a", "add": ["please"], "source": "test"}]}));
    assert_eq!((found(&[]).await, found(&["test"]).await, found(&["test", "other"]).await), (2, 1, 2));
}
