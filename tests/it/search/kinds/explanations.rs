//! Explanations of scores: their parts add up to the score that orders the hits.

use quarry::search::{
    BoostShape, BoostValue, Explanation, Hit, MatchKind, MatchPolicy, MatchTier, SearchRequest, SearchSort,
    TermScore, ValueBoost,
};
use serde_json::json;

use super::super::corpus::document;
use super::super::engines::{Engines, Shelf, on_each_engine};

const SETTINGS: &str = r#"
[weights]
author = 2.0
[[sources]]
name = "test"
attributes = [
    { name = "brand", type = "string", uses = ["search", "facet"], weight = 3 },
    { name = "sales", type = "number" },
]
"#;

on_each_engine!(
    parts_add_up_to_the_score,
    each_match_has_its_kind_field_and_words,
    a_pinned_hit_names_its_rule,
    hits_in_the_order_of_dates_have_no_score,
    no_hit_is_explained_unless_requested,
);

async fn shop(engines: &Engines) -> Shelf {
    let product = |key: &str, title: &str, text: &str, brand: &str, sales: u32| {
        let mut document = document(key, text);
        document.title = Some(title.to_owned());
        document.attributes = json!({"brand": brand, "sales": sales}).to_string();
        document
    };
    let documents = vec![
        product("lamp", "Desk lamp", "a lamp for the desk, made of steel", "Lumen", 10),
        product("lamps", "Two lamps", "lamps and a very long cable", "Steelworks", 1_000),
        product("lampshade", "Lampshade", "paper, wi-fi not included", "Globex", 0),
        product("cable", "Steel cable", "a cable of the best steel", "Steel", 7),
        product("wifi", "WiFi router", "a television with ice cream", "Acme", 50),
    ];
    let shelf = engines.with_settings(SETTINGS, documents).await;
    shelf.use_rules(json!({
        "synonyms": [{"id": "tv", "words": ["tv", "television"]}],
        "rules": [
            {"id": "up", "condition": {"contains": ["steel"]}, "boost": [{"filter": {"source": ["test"]}, "factor": 2}]},
            {"id": "first", "condition": {"equals": ["cable"]}, "pin": [{"source": "test", "key": "wifi", "position": 1}]},
        ],
    }));
    shelf
}

async fn explained(shelf: &Shelf, request: SearchRequest) -> Vec<(String, Hit, Explanation)> {
    let answer = shelf.engine.search(&SearchRequest { explain: true, ..request }).await.unwrap();
    let explained = |hit: Hit| {
        let explanation = hit.explanation.as_deref().unwrap().clone();
        (hit.document.key.as_str().to_owned(), hit, explanation)
    };
    answer.hits.into_iter().map(explained).collect()
}

/// Returns the matches of a hit.
fn terms(explanation: &Explanation) -> Vec<&TermScore> {
    explanation.words.iter().flat_map(|word| &word.terms).collect()
}

fn find<'t>(terms: &[&'t TermScore], kind: MatchKind, field: &str) -> Option<&'t TermScore> {
    terms.iter().find(|term| term.kind == kind && term.fields.iter().any(|known| known == field)).copied()
}

fn is_near(a: f32, b: f32) -> bool {
    (a - b).abs() <= 1e-3 * a.abs().max(1.0)
}

async fn parts_add_up_to_the_score(engines: &Engines) {
    let shelf = shop(engines).await;
    let boost = ValueBoost {
        value: BoostValue::Attribute("sales".to_owned()),
        weight: 1.0,
        shape: BoostShape::Saturation(10.0),
    };
    let mut hits = 0;
    for query in [
        "lamp",
        "lamps ",
        "lam",
        "lanp",
        "steel cable",
        "steel cable lamp",
        "wi-fi",
        "tv ",
        "icecream",
        "desk lamp",
        "\"desk lamp\"",
        "\"steel\"",
        "the lamp",
        "cabel stel",
        "lamp -paper",
        "desk lam",
        "Steelworks lumen",
    ] {
        for (boosts, policy) in [
            (Vec::new(), MatchPolicy::All),
            (vec![boost.clone()], MatchPolicy::All),
            (Vec::new(), MatchPolicy::Any),
        ] {
            if !boosts.is_empty() && !engines.has_value_boosts() {
                continue;
            }
            let request = SearchRequest { boosts, match_policy: policy, ..SearchRequest::new(query, 20) };
            for (key, hit, explanation) in explained(&shelf, request).await {
                let of_words: f32 = explanation.words.iter().map(|word| word.score).sum();
                let sum = (of_words + explanation.whole_field) * explanation.factor + explanation.neighbours;
                assert!(is_near(sum, explanation.score), "{query} {key}: {sum} {explanation:?}");
                for word in &explanation.words {
                    let sum: f32 = word.terms.iter().map(|term| term.score).sum();
                    assert!(is_near(sum, word.score) && word.score > 0.0, "{query} {key}: {word:?}");
                }
                let shown = match hit.tier {
                    // Documents without `the` follow, with other scores.
                    MatchTier::AllWords if hit.score >= 2.0 || !query.contains("the") => {
                        explanation.score + 2.0
                    }
                    _ => hit.score,
                };
                assert!(is_near(shown, hit.score), "{query} {key}: {shown} {}", hit.score);
                hits += 1;
            }
        }
    }
    assert!(hits > 60, "{hits}");
}

async fn each_match_has_its_kind_field_and_words(engines: &Engines) {
    let shelf = shop(engines).await;
    let hits = explained(&shelf, SearchRequest::new("lamp", 20)).await;
    let of = |key: &str| &hits.iter().find(|(known, ..)| known == key).unwrap().2;
    let exact = terms(of("lamp"));
    let text = find(&exact, MatchKind::Exact, "text").unwrap();
    assert_eq!(
        (&text.fields[..], &text.words[..]),
        (&["title".to_owned(), "text".to_owned()][..], &["lamp".to_owned()][..])
    );
    assert!(exact.iter().any(|term| term.kind == MatchKind::Exact && term.fields == ["title"]));
    let form = terms(of("lamps"));
    assert!(find(&form, MatchKind::Exact, "text").is_none());
    assert_eq!(find(&form, MatchKind::Form, "text").unwrap().words, ["lamps"]);
    let prefix = terms(of("lampshade"));
    assert_eq!(prefix[0].kind, MatchKind::Prefix);
    assert_eq!(prefix[0].words, ["Lampshade"]);

    // A match in a field with a weight scores by it: 3 for the brand, 1 for the title.
    let hits = explained(&shelf, SearchRequest::new("steel ", 20)).await;
    assert_eq!(hits[0].0, "cable");
    let steel = terms(&hits[0].2);
    let bonus = |field: &str| {
        steel.iter().find(|term| term.kind == MatchKind::Exact && term.fields == [field]).unwrap().weight
    };
    assert!(is_near(bonus("brand"), 3.0 * bonus("title")), "{steel:?}");
    assert_eq!(hits[0].2.factors.len(), 1);
    assert_eq!(hits[0].2.factors[0].rule.as_ref().unwrap().id, "up");
    assert!(is_near(hits[0].2.factor, 2.0));

    for (query, kind, words) in [
        ("tv ", MatchKind::Synonym, &["television"][..]),
        ("lanpshade ", MatchKind::Typo, &["Lampshade"]),
        ("icecream ", MatchKind::Split, &[]),
    ] {
        let hits = explained(&shelf, SearchRequest::new(query, 20)).await;
        let found = hits.iter().flat_map(|(_, _, of)| terms(of)).find(|term| term.kind == kind);
        assert_eq!(found.unwrap_or_else(|| panic!("{query}: {hits:?}")).words, words, "{query}");
    }
    let short = explained(&shelf, SearchRequest::new("la", 20)).await;
    for (key, _, of) in &short {
        let word = &terms(of)[0].words[0];
        assert!(
            terms(of)[0].kind == MatchKind::Prefix && word.to_lowercase().starts_with("la"),
            "{key}: {of:?}"
        );
    }
    let phrase = explained(&shelf, SearchRequest::new("\"desk lamp\"", 20)).await;
    assert_eq!(terms(&phrase[0].2)[0].kind, MatchKind::Phrase);
    assert_eq!(phrase[0].2.words[0].word, "desk lamp");
    let near = explained(&shelf, SearchRequest::new("steel cable", 20)).await;
    assert!(near[0].2.neighbours > 0.0 && near[0].2.whole_field > 0.0, "{near:?}");
}

async fn a_pinned_hit_names_its_rule(engines: &Engines) {
    let shelf = shop(engines).await;
    let hits = explained(&shelf, SearchRequest::new("cable", 20)).await;
    assert_eq!(hits[0].0, "wifi");
    assert!(hits[0].1.pinned);
    assert_eq!(hits[0].2.pinned_by.as_ref().unwrap().id, "first");
    assert!(hits[1..].iter().all(|(_, _, explanation)| explanation.pinned_by.is_none()));
}

async fn hits_in_the_order_of_dates_have_no_score(engines: &Engines) {
    let shelf = shop(engines).await;
    let request = SearchRequest { sort: SearchSort::Newest, ..SearchRequest::new("steel", 20) };
    for (key, hit, explanation) in explained(&shelf, request).await {
        assert_eq!((hit.score, explanation.score, explanation.neighbours), (0.0, 0.0, 0.0), "{key}");
        assert!(!explanation.words.is_empty(), "{key}");
    }
}

async fn no_hit_is_explained_unless_requested(engines: &Engines) {
    let shelf = shop(engines).await;
    let answer = shelf.engine.search(&SearchRequest::new("steel", 20)).await.unwrap();
    assert!(answer.hits.len() > 1 && answer.hits.iter().all(|hit| hit.explanation.is_none()));
}
