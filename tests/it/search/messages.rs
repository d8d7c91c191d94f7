//! Searches over messages, compared with a naive scan.

use std::collections::BTreeSet;

use quarry::search::{SearchEngine, SearchRequest};
use serde_json::Value;

use super::corpus::{documents, fill, keys, open, total};
use crate::support::messages::{self, messages, real};
use crate::support::scan::Scan;

/// A folded word of accented names, with spellings that match it.
const GENERATED_NAMES: &[(&str, &[&str])] = &[
    ("weissmann", &["weißmann", "Weissmann", "WEISSMANN", "Jürgen Weißmann"]),
    ("ibanez", &["ibáñez", "Ibanez", "IBÁÑEZ", "iba\u{301}n\u{303}ez"]),
    ("soren", &["søren ", "Soren ", "SØREN "]),
    ("tamsin", &["tamsin", "Tamsin Fairweather"]),
];

#[tokio::test]
async fn generated_messages_match_names_phrases_and_typos() {
    matches_names_phrases_and_typos(
        &messages(),
        GENERATED_NAMES,
        "window seat",
        "windw seat",
        "hotel",
        "paris",
    )
    .await;
}

#[tokio::test]
async fn real_messages_match_names_phrases_and_typos() {
    let Some((_, messages)) = real() else { return };
    let names: &[(&str, &[&str])] = &[
        ("muller", &["müller", "Muller", "MÜLLER", "mu\u{308}ller"]),
        ("sophia", &["sophia", "Sophia Al-Farsi"]),
    ];
    let scan = Scan::of(&messages);
    let known = ["muller", "sophia"].map(|name| scan.phrase(name).len());
    assert_eq!((messages.len(), known), (messages::MESSAGES, [314, 346]), "the file has changed");
    matches_names_phrases_and_typos(&messages, names, "private jet", "privte jet", "private jet", "paris")
        .await;
}

/// Checks names, a phrase with and without a typo, and an exclusion.
async fn matches_names_phrases_and_typos(
    messages: &[Value],
    names: &[(&str, &[&str])],
    phrase: &str,
    mistyped: &str,
    query: &str,
    excluded: &str,
) {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let scan = Scan::of(messages);
    fill(&engine, documents(messages)).await;
    assert_eq!(total(&engine, "").await, messages.len() as u64);
    for (name, queries) in names {
        let expected = scan.phrase(name);
        assert!(!expected.is_empty(), "{name}");
        for query in *queries {
            assert_eq!(found(&engine, query).await, expected, "{query}");
        }
    }
    let expected = scan.phrase(phrase);
    assert!(expected.len() > 10, "{phrase}");
    assert_eq!(found(&engine, &format!("\"{phrase}\"")).await, expected);
    let tolerant = found(&engine, &format!("{phrase} ")).await;
    assert!(tolerant.is_superset(&expected));
    assert_eq!(found(&engine, &format!("{mistyped} ")).await, tolerant);
    let with = found(&engine, query).await;
    let without = found(&engine, &format!("{query} -{excluded}")).await;
    assert!(!without.is_empty() && without.len() < with.len());
    assert_eq!(without, with.difference(&scan.phrase(excluded)).cloned().collect());
}

async fn found(engine: &dyn SearchEngine, query: &str) -> BTreeSet<String> {
    keys(engine, &SearchRequest::new(query, 5_000)).await.into_iter().collect()
}
