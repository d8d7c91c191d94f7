//! Engine suite: other ways of writing the same words.

use std::sync::Arc;

use quarry::search::{RuleDocument, Rulebook, SearchEngine};
use serde_json::json;

use super::corpus::{document, fill, keys_of, keys_with_all};

/// Indexes texts; their numbers are their keys.
async fn fill_texts(engine: &dyn SearchEngine, texts: &[&str]) {
    let documents = texts.iter().enumerate().map(|(at, text)| document(&at.to_string(), text));
    fill(engine, documents.collect()).await;
}

/// Checks that a query finds exactly some texts with all its words, in any order.
async fn finds(engine: &dyn SearchEngine, query: &str, expected: &[&str]) {
    let mut found = keys_with_all(engine, query).await;
    found.sort_unstable();
    assert_eq!(found, expected, "{query}");
}

pub(super) async fn forms_of_words_have_their_synonyms(engine: &dyn SearchEngine) {
    let texts =
        ["a grey couch", "my smartphone", "white trainers", "a refrigerator", "spectacles", "a tumbler"];
    fill_texts(engine, &texts).await;
    let document: RuleDocument = serde_json::from_value(json!({"synonyms": [
        {"id": "sofa", "words": ["sofa", "couch"]},
        {"id": "phone", "words": ["cell phone", "smartphone"]},
        {"id": "shoe", "words": ["sneaker", "trainer"]},
        {"id": "fridge", "from": ["fridge"], "to": ["refrigerator"]},
        {"id": "glass", "words": ["glass", "tumbler"]},
        {"id": "glasses", "words": ["glasses", "spectacles"]},
    ]}))
    .unwrap();
    assert_eq!(document.problems(), []);
    engine.use_rulebook(Arc::new(Rulebook::new(1, &document)));
    for (query, expected) in [
        ("sofas", &["0"][..]),
        ("grey sofas ", &["0"]),
        ("cell phones", &["1"]),
        ("cellphones ", &["1"]),
        ("sneakers", &["2"]),
        ("fridges", &["3"]),
        // The entry with the typed word counts, not that with its stem.
        ("glasses ", &["4"]),
        ("glass ", &["5"]),
        ("\"sofas\"", &[]),
    ] {
        finds(engine, query, expected).await;
    }
}

pub(super) async fn nasals_of_indic_scripts_are_spelled_in_two_ways(engine: &dyn SearchEngine) {
    let texts = ["हिन्दी भाषा", "पुराना मंदिर", "अङ्क गणित", "चाँद की रोशनी", "ব্যাংক হিসাব", "બેન્ક ખાતું", "జన్మ దినం"];
    fill_texts(engine, &texts).await;
    for (query, expected) in [
        ("हिंदी ", &["0"][..]),
        ("मन्दिर ", &["1"]),
        ("अंक ", &["2"]),
        ("चांद ", &["3"]),
        ("ব্যাঙ্ক ", &["4"]),
        ("બેંક ", &["5"]),
        ("జంమ ", &[]),
    ] {
        finds(engine, query, expected).await;
    }
}

pub(super) async fn letters_are_typed_apart_from_their_word(engine: &dyn SearchEngine) {
    let texts = [
        "iPad Air cover",
        "email settings",
        "an xray machine",
        "Apple iPhone case",
        "Phone stand, I like it",
        "far away home",
        "on the way home",
    ];
    fill_texts(engine, &texts).await;
    for (query, expected) in [
        ("i pad", &["0"][..]),
        ("i pad cover ", &["0"]),
        ("e mail ", &["1"]),
        ("x ray", &["2"]),
        ("x ray machine ", &["2"]),
        // An article is no part of the word after it.
        ("a way home ", &[]),
    ] {
        finds(engine, query, expected).await;
    }
    assert_eq!(keys_of(engine, "i phone case ").await[0], "3");
}
