//! The engine against a plain scan of the same documents: the sets must be equal.

use std::collections::BTreeSet;

use quarry::search::{SearchEngine, SearchRequest};

use super::corpus::{Change, batch, fill, messages, open};

/// The words of ASCII text, as the engine divides them.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect()
}

#[tokio::test]
async fn quoted_words_and_prefixes_match_what_a_scan_finds() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let documents: Vec<_> = messages()
        .into_iter()
        .filter(|document| document.text.is_ascii() && document.author.as_ref().unwrap().name.is_ascii())
        .collect();
    // Several commits: several segments, and some documents written twice.
    for (at, chunk) in documents.chunks(700).enumerate() {
        let changes = chunk.iter().cloned().map(Change::Put).collect();
        engine.apply(batch(1 + i64::try_from(at).unwrap() * 1_000, changes)).await.unwrap();
    }
    fill(&engine, documents.iter().take(100).cloned().collect()).await;
    let scan = |matches: &dyn Fn(&[String]) -> bool| -> BTreeSet<String> {
        documents
            .iter()
            .filter(|document| {
                let mut all = words(&document.text);
                all.extend(words(&document.author.as_ref().unwrap().name));
                matches(&all)
            })
            .map(|document| document.key.as_str().to_owned())
            .collect()
    };
    let mut tried = 0;
    for document in documents.iter().step_by(97) {
        let own = words(&document.text);
        for word in own.iter().take(3) {
            let quoted = format!("\"{word}\"");
            assert_eq!(found(&engine, &quoted).await, scan(&|all| all.contains(word)), "{quoted}");
            for length in 1..=word.len() {
                let prefix = &word[..length];
                let found = found(&engine, prefix).await;
                let expected = scan(&|all| all.iter().any(|other| other.starts_with(prefix)));
                // Word forms may add to the prefix's documents, never take away.
                assert!(found.is_superset(&expected), "{prefix}");
                if length <= 2 {
                    assert_eq!(found.len(), expected.len(), "{prefix}");
                }
            }
            tried += 1;
        }
    }
    assert!(tried > 50);
}

async fn found(engine: &dyn SearchEngine, query: &str) -> BTreeSet<String> {
    let answer = engine.search(&SearchRequest::new(query, 10_000)).await.unwrap();
    assert_eq!(answer.total, answer.hits.len() as u64);
    answer.hits.into_iter().map(|hit| hit.document.key.as_str().to_owned()).collect()
}
