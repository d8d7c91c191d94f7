//! The engine of search clusters compared with the embedded one: the same searches of each.
//!
//! Sets, totals, facets and interpretation are the same. The order within a tier may differ, since each
//! engine has its own lengths of texts and distances of words.

use quarry::search::{SearchEngine, SearchSort};
use serde_json::Value;

use super::corpus::{documents, fill_in_chunks, open};
use super::opensearch::{ClusterSoftware, TestIndex};
use super::searches::{keys_of_answer, requests, summary};
use crate::support::messages::{messages, real};

/// The share of searches whose first hit is the same.
const SAME_FIRST_HIT: f64 = 0.95;

#[tokio::test]
async fn both_engines_find_the_same_in_messages() {
    for software in ClusterSoftware::ALL {
        find_the_same(software, &messages()).await;
    }
}

#[tokio::test]
async fn both_engines_find_the_same_in_real_messages() {
    let Some((_, messages)) = real() else { return };
    for software in ClusterSoftware::ALL {
        find_the_same(software, &messages).await;
    }
}

async fn find_the_same(software: ClusterSoftware, messages: &[Value]) {
    let Some(index) = TestIndex::open(software).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let embedded = open(folder.path());
    fill_in_chunks(&embedded, documents(messages), 1_300).await;
    fill_in_chunks(&index.engine, documents(messages), 1_000).await;
    let mut differences = Vec::new();
    let (mut with_hits, mut same_first) = (0, 0);
    let requests = requests(messages);
    assert!(requests.len() >= 384, "{}", requests.len());
    for request in &requests {
        let expected = embedded.search(request).await.unwrap();
        let found = index.engine.search(request).await.unwrap();
        if summary(&expected) != summary(&found) {
            differences.push(format!(
                "{:?}: embedded {:?}, {software:?} {:?}",
                request.query,
                summary(&expected),
                summary(&found)
            ));
        }
        if request.sort != SearchSort::Relevance {
            assert_eq!(
                keys_of_answer(&expected),
                keys_of_answer(&found),
                "{:?} {:?}",
                request.query,
                request.sort
            );
        }
        if let (Some(first), Some(other)) = (expected.hits.first(), found.hits.first()) {
            with_hits += 1;
            same_first += usize::from(first.document.id == other.document.id);
        }
    }
    index.delete().await;
    assert!(
        differences.is_empty(),
        "{} differ in {software:?}:\n{}",
        differences.len(),
        differences.join("\n")
    );
    let share = same_first as f64 / with_hits as f64;
    assert!(
        share >= SAME_FIRST_HIT,
        "{software:?}: the first hit is the same in {share:.3} of {with_hits} searches"
    );
}
