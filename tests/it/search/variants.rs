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
        ("a way home ", &["6"]),
    ] {
        finds(engine, query, expected).await;
    }
    assert_eq!(keys_of(engine, "i phone case ").await[0], "3");
}

pub(super) async fn sizes_are_found_in_any_spelling(engine: &dyn SearchEngine) {
    let texts = [
        "Poster 40×60 cm",
        "Poster 50x70 cm",
        "shelf 80x28x202 cm",
        "screw M8x40",
        "60 posters for 40 euros",
        "tile 30 x 45cm",
        "ThinkPad 15 X230",
    ];
    fill_texts(engine, &texts).await;
    for (query, expected) in [
        ("40x60", &["0"][..]),
        ("40 x 60 ", &["0"]),
        ("poster 40 × 60", &["0"]),
        ("50×70", &["1"]),
        ("50 x 70 cm ", &["1"]),
        ("50x7", &["1"]),
        ("202cm", &["2"]),
        ("28x202 ", &["2"]),
        ("80 x 28 x 202 cm ", &["2"]),
        ("m8 x 40 ", &["3"]),
        ("M8×40 ", &["3"]),
        ("30x45 cm ", &["5"]),
        ("30×45cm ", &["5"]),
        ("x230 ", &["6"]),
        // Its numbers elsewhere are no size.
        ("60x40 ", &[]),
        ("15x230 ", &[]),
    ] {
        finds(engine, query, expected).await;
    }
}

pub(super) async fn numbers_of_versions_are_side_by_side(engine: &dyn SearchEngine) {
    let texts = [
        "USB 3.1 Gen 2 cable, 1 m",
        "release v2.3.1",
        "ubuntu server v22.04",
        "Python3.12 handbook",
        "flour 2.5kg",
        "version 3 of part 12 for python",
    ];
    fill_texts(engine, &texts).await;
    for (query, expected) in [
        ("2.3.1", &["1"][..]),
        ("2.3.1 ", &["1"]),
        ("\"2.3.1\" ", &["1"]),
        ("v2.3.1 ", &["1"]),
        ("ubuntu 22.04", &["2"]),
        ("python 3.12", &["3"]),
        ("python3.12 ", &["3"]),
        ("python3 ", &["3"]),
        ("2.5 kg ", &["4"]),
        ("2.5kg ", &["4"]),
        ("1.2.3 ", &[]),
        ("22.05 ", &[]),
    ] {
        finds(engine, query, expected).await;
    }
    assert_eq!(keys_of(engine, "2.3.1").await[0], "1");
}

pub(super) async fn phone_numbers_are_found_written_together(engine: &dyn SearchEngine) {
    let texts = [
        "ring 020 7224 3688 today",
        "White House (202) 456-1111",
        "Berlin: +49 30 1234567",
        "the years 2023 2024 2025",
        "fax 01427253608",
    ];
    fill_texts(engine, &texts).await;
    for (query, expected) in [
        ("02072243688", &["0"][..]),
        ("020 7224 3688 ", &["0"]),
        ("0207224 ", &[]),
        ("0207224", &["0"]),
        ("2024561111 ", &["1"]),
        ("(202) 456-1111 ", &["1"]),
        ("0301234567 ", &["2"]),
        ("+49 30 1234567 ", &["2"]),
        ("2025 2023 2024 ", &["3"]),
        ("014 2725 3608 ", &["4"]),
        ("020 7224 3689 ", &[]),
    ] {
        finds(engine, query, expected).await;
    }
}

pub(super) async fn decimals_belong_to_their_number(engine: &dyn SearchEngine) {
    let texts = [
        "Kettlebell 8 kg",
        "Kettlebell 4.8 kg",
        "Kettlebell 4,8kg",
        "release 4.8.2",
        "Zimmer 12 000 €",
        "part 8E0 615 301 Q",
        "novel by C. S. Lewis",
        "kernel 6 8 or 6.8",
    ];
    fill_texts(engine, &texts).await;
    for (query, expected) in [
        ("8 kg ", &["0"][..]),
        ("8kg", &["0"]),
        ("48kg ", &[]),
        ("4.8 kg ", &["1", "2"]),
        ("4,8kg ", &["1", "2"]),
        ("4.8 ", &["1", "2", "3"]),
        ("\"4.8 kg\" ", &["1", "2"]),
        ("kettlebell 4 8 ", &["1", "2"]),
        ("12000 ", &["4"]),
        ("8e0615301q ", &["5"]),
        ("8e0615", &["5"]),
        ("cs lewis ", &["6"]),
    ] {
        finds(engine, query, expected).await;
    }
}

pub(super) async fn names_with_symbols_are_apart(engine: &dyn SearchEngine) {
    let texts = [
        "Learn F#",
        "Learn F",
        "F++ and F# code",
        "We'll see an XMLHttpRequest",
        "a wishing well",
        ".NET net",
    ];
    fill_texts(engine, &texts).await;
    for (query, expected) in [
        ("\"f#\" ", &["0", "2"][..]),
        ("\"learn f#\" ", &["0"]),
        ("\"f++\" ", &["2"]),
        ("learn -f# ", &["1"]),
        ("learn -\"learn f#\" ", &["1"]),
        ("\".net\" ", &["5"]),
        ("well ", &["4"]),
        ("we'll ", &["3"]),
        ("we’ll see ", &["3"]),
        ("xml http request ", &["3"]),
    ] {
        finds(engine, query, expected).await;
    }
    assert_eq!(keys_of(engine, "learn f# ").await[0], "0");
    assert_eq!(keys_of(engine, "learn f ").await[0], "1");
    assert_eq!(keys_of(engine, "f# code ").await[0], "2");
}
