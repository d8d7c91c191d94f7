//! The engine compared with a naive scan, and its fast paths with its segment scan.

use std::collections::BTreeSet;

use quarry::search::{FacetRequest, SearchEngine, SearchRequest, SearchSort};
use serde_json::Value;

use super::corpus::{Change, batch, document, documents, fill, open, published, put};
use crate::support::messages::{field, messages, real};
use crate::support::scan::{Scan, words};

#[tokio::test]
async fn quoted_words_and_prefixes_match_a_naive_scan() {
    matches_a_scan(&messages()).await;
}

#[tokio::test]
async fn quoted_words_and_prefixes_match_a_naive_scan_of_real_messages() {
    let Some((_, messages)) = real() else { return };
    matches_a_scan(&messages).await;
}

async fn matches_a_scan(messages: &[Value]) {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let (scan, documents) = (Scan::of(messages), documents(messages));
    // Several commits make several segments; some documents are written twice.
    for (at, chunk) in documents.chunks(700).enumerate() {
        let changes = chunk.iter().cloned().map(put).collect();
        engine.apply(batch(1 + i64::try_from(at).unwrap() * 1_000, changes)).await.unwrap();
    }
    fill(&engine, documents.iter().take(100).cloned().collect()).await;
    let mut tried = 0;
    for message in messages.iter().step_by(97) {
        for word in words(field(message, "message")).iter().take(3).chain(&words(field(message, "user_name")))
        {
            let quoted = format!("\"{word}\"");
            assert_eq!(found(&engine, &quoted).await, scan.phrase(word), "{quoted}");
            for (length, (at, last)) in word.char_indices().enumerate() {
                let prefix = &word[..at + last.len_utf8()];
                let found = found(&engine, prefix).await;
                let expected = scan.prefix(prefix);
                // Word forms only add documents to those with the prefix.
                assert!(found.is_superset(&expected), "{prefix}");
                if length < 2 {
                    assert!(found.is_subset(&scan.joined_prefix(prefix)), "{prefix}");
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

/// Compares `single` with the segment scan, which facets require.
#[tokio::test]
async fn the_fast_path_of_single_words_equals_the_scan() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let documents = documents(&messages());
    for (at, chunk) in documents.chunks(900).enumerate() {
        let changes = chunk.iter().cloned().map(put).collect();
        engine.apply(batch(1 + i64::try_from(at).unwrap() * 1_000, changes)).await.unwrap();
    }
    // Rewritten documents leave deleted ones in the older segments.
    fill(&engine, documents.iter().step_by(7).cloned().collect()).await;
    let mut typed: BTreeSet<String> = ["", "privte", "-paris", "jürgen "].map(str::to_owned).into();
    for document in documents.iter().step_by(41) {
        let word = document.text.split_whitespace().next_back().unwrap();
        typed.extend(word.char_indices().map(|(at, c)| word[..at + c.len_utf8()].to_owned()));
        typed.insert(format!("{word} "));
        typed.insert(format!("\"{word}\""));
    }
    assert!(typed.len() > 300);
    compare(&engine, typed).await;
}

/// Compares `frequent` with the scan. Words are commonplace in one of the two segments.
#[tokio::test]
async fn the_fast_path_of_frequent_words_equals_the_scan() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    fill_frequent(&engine, |_| None).await;
    compare(&engine, FREQUENT.map(str::to_owned).into()).await;
}

/// The same with titles, frequent and rare ones, some of which are the query.
#[tokio::test]
async fn the_fast_paths_with_titles_equal_the_scan() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let title = |at: i64| match at {
        _ if at % 911 == 0 => Some("alpha bravo"),
        _ if at % 400 == 0 => Some("brave car"),
        _ if at % 9 == 0 => Some("an alpha of cargo"),
        _ => None,
    };
    fill_frequent(&engine, title).await;
    compare(&engine, FREQUENT.map(str::to_owned).into()).await;
}

/// Only the best of many matches have the distances of their words read; pages agree about which.
#[tokio::test]
async fn pages_of_many_matches_agree_about_distances() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    fill_frequent(&engine, |_| None).await;
    let keys = |answer: &quarry::search::SearchAnswer| -> Vec<String> {
        answer.hits.iter().map(|hit| hit.document.key.as_str().to_owned()).collect()
    };
    // Half of the 9,000 documents have the words side by side.
    let all = engine.search(&SearchRequest::new("alpha brave ", 9_000)).await.unwrap();
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let request = SearchRequest { after, ..SearchRequest::new("alpha brave ", 700) };
        let page = engine.search(&request).await.unwrap();
        assert_eq!(page.total, all.total);
        paged.extend(keys(&page));
        if !page.has_next {
            break;
        }
        after = page.hits.last().map(|hit| hit.cursor.encode());
    }
    assert_eq!(paged, keys(&all));
    assert_eq!(all.hits.len(), 9_000);
}

const FREQUENT: [&str; 15] = [
    "alpha",
    "alpha ",
    "a",
    "alpha b",
    "alpha bra",
    "bravo alp",
    "bravo alpha ",
    "alpha bravo",
    "alpha c",
    "alpha car",
    "bravo c",
    "b a",
    "alpha bravo c",
    "cargo b",
    "car alpha ",
];

/// Indexes documents of which all contain the first word, most the second and third, fewer the next.
async fn fill_frequent(engine: &dyn SearchEngine, title: impl Fn(i64) -> Option<&'static str>) {
    let documents: Vec<_> = (0..27_000_i64)
        .map(|at| {
            let mut text = "alpha".to_owned();
            for (word, every) in [("bravo", 9), ("cargo", 8), ("brave", 3), ("car", 200), ("b", 700)] {
                let has = if ["bravo", "cargo"].contains(&word) { at % every != 0 } else { at % every == 0 };
                text += &if has { format!(" {word}") } else { String::new() };
            }
            text += &" alpha".repeat(usize::try_from(at % 3).unwrap());
            let mut document = published(document(&format!("k{at}"), &text), at % 977);
            document.title = title(at).map(str::to_owned);
            document
        })
        .collect();
    for (at, chunk) in documents.chunks(24_000).enumerate() {
        let changes = chunk.iter().cloned().map(put).collect();
        engine.apply(batch(1 + i64::try_from(at).unwrap() * 30_000, changes)).await.unwrap();
    }
    engine.apply(batch(90_000, vec![Change::Remove("k4"), put(documents[9].clone())])).await.unwrap();
}

async fn compare(engine: &dyn SearchEngine, typed: BTreeSet<String>) {
    for query in typed {
        for sort in [SearchSort::Relevance, SearchSort::Newest, SearchSort::Oldest] {
            let fast = SearchRequest { sort, ..SearchRequest::new(query.clone(), 13) };
            let scan = SearchRequest { facets: vec![FacetRequest::new(9)], ..fast.clone() };
            let fast = engine.search(&fast).await.unwrap();
            let scan = engine.search(&scan).await.unwrap();
            let hits = |answer: &quarry::search::SearchAnswer| -> Vec<(String, f32)> {
                answer.hits.iter().map(|hit| (hit.document.key.as_str().to_owned(), hit.score)).collect()
            };
            assert_eq!(fast.total, scan.total, "{query:?} {sort:?}");
            assert_eq!(hits(&fast), hits(&scan), "{query:?} {sort:?}");
            assert_eq!(fast.has_next, scan.has_next, "{query:?} {sort:?}");
        }
    }
}
