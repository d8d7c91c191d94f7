//! Search over the real messages.

use std::collections::BTreeSet;

use quarry::search::SearchEngine;

use super::corpus::{fill, keys, messages, open, total};
use quarry::search::SearchRequest;

#[tokio::test]
async fn the_real_messages_are_found_as_people_search_them() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    fill(&engine, messages()).await;
    assert_eq!(total(&engine, "").await, 3_349);
    for query in ["müller", "Muller", "MÜLLER", "mu\u{308}ller"] {
        assert_eq!(total(&engine, query).await, 314, "{query}");
    }
    assert_eq!(total(&engine, "sophia").await, 346);
    let all = |query: &str| SearchRequest::new(query, 5_000);
    let private_jet: BTreeSet<_> = keys(&engine, &all("private jet ")).await.into_iter().collect();
    let mistyped: BTreeSet<_> = keys(&engine, &all("privte jet ")).await.into_iter().collect();
    assert_eq!(private_jet, mistyped);
    assert!(private_jet.len() > 10);
    let in_text = |wanted: &str| {
        let wanted = wanted.to_owned();
        let has = |text: &str| {
            let text = text.to_lowercase();
            text.match_indices(&wanted)
                .any(|(at, _)| !text[at + wanted.len()..].starts_with(char::is_alphanumeric))
        };
        messages().iter().filter(|document| has(&document.text)).count() as u64
    };
    assert_eq!(total(&engine, "\"private jet\"").await, in_text("private jet"));
    let answer = engine.search(&all("private jet -paris")).await.unwrap();
    assert!(answer.total > 0 && answer.total < private_jet.len() as u64);
    for hit in answer.hits {
        assert!(!hit.document.text.to_lowercase().contains("paris"));
    }
}
