//! Words that stand for typed ones.

use quarry::config::{Language, LanguageSetting};
use quarry::domain::{Document, DocumentId, SourceName};
use quarry::search::{DocumentFilter, FacetRequest, MatchTier, SearchEngine, SearchRequest, SearchSort};
use serde_json::{Value, json};

use super::super::corpus::{document, fill, keys, keys_of, published, with_author};
use super::super::engines::{Engines, Shelf, on_each_engine};
use super::apply;

on_each_engine!(
    a_synonym_matches_in_the_first_tier_below_the_typed_word,
    one_way_synonyms_do_not_match_backward,
    phrases_stand_for_words_and_words_for_phrases,
    exclusions_quotes_and_typos_have_no_synonyms,
    synonyms_of_synonyms_are_not_followed,
    a_source_restricts_the_documents_that_match_by_a_synonym,
    a_language_restricts_the_documents_that_match_by_a_synonym,
    every_path_counts_pages_and_facets_alike,
    without_synonyms_nothing_changes,
    completions_follow_the_documents_of_synonyms,
);

fn two_way(words: &[&str]) -> Value {
    json!({"synonyms": [{"id": "set", "words": words}]})
}

/// Returns the texts that match in the first tier, best first.
async fn with_all(shelf: &Shelf, query: &str) -> Vec<usize> {
    let answer = shelf.search(query).await;
    let hits = answer.hits.iter().filter(|hit| hit.tier == MatchTier::AllWords);
    hits.map(|hit| hit.document.key.as_str().parse().unwrap()).collect()
}

async fn marked(engine: &dyn SearchEngine, query: &str) -> Vec<String> {
    let request = SearchRequest { highlights: true, ..SearchRequest::new(query, 10) };
    let answer = engine.search(&request).await.unwrap();
    answer.hits.iter().flat_map(|hit| &hit.highlights).map(|mark| mark.html.clone()).collect()
}

async fn a_synonym_matches_in_the_first_tier_below_the_typed_word(engines: &Engines) {
    let long = "filler ".repeat(200);
    let texts =
        ["a sofa", &format!("{long} couch {long}"), "couches", "couchsurfing", "two sofas", "a couchx"];
    let shelf = engines.of(&texts).await;
    assert_eq!(with_all(&shelf, "couch ").await, [1, 2]);
    apply(&*shelf.engine, two_way(&["couch", "sofa", "settee"]));
    for (query, count) in [("couch ", 4), ("couch", 6)] {
        let mut found = with_all(&shelf, query).await;
        assert_eq!((&found[..2], found.len()), (&[1, 2][..], count), "forms of the typed word come first");
        found[2..4].sort_unstable();
        assert_eq!(found[2..4], [0, 4], "synonyms come before completions");
    }
    assert_eq!(with_all(&shelf, "settee").await.len(), 4, "an unknown word");
    assert_eq!(with_all(&shelf, "Sëttee ").await.len(), 4, "spellings of the typed word");
    let answer = shelf.search("settee ").await;
    assert_eq!((answer.total, answer.tier, answer.corrections.len()), (4, MatchTier::AllWords, 0));
    assert!(marked(&*shelf.engine, "settee ").await.contains(&"a <mark>sofa</mark>".to_owned()));
}

async fn one_way_synonyms_do_not_match_backward(engines: &Engines) {
    let shelf = engines.of(&["a laptop", "a notebook"]).await;
    apply(&*shelf.engine, json!({"synonyms": [{"id": "a", "from": ["notebook"], "to": ["laptop"]}]}));
    assert_eq!(with_all(&shelf, "notebook").await, [1, 0]);
    assert_eq!(with_all(&shelf, "laptop").await, [0]);
}

async fn phrases_stand_for_words_and_words_for_phrases(engines: &Engines) {
    let texts = [
        "hotel in new york city",
        "hotel NYC",
        "city of york, new hotel",
        "the big apple hotel",
        "cell phones",
        "a mobile",
        "wi-fi router",
        "wlan router",
    ];
    let shelf = engines.of(&texts).await;
    let sets = json!({"synonyms": [
        {"id": "nyc", "words": ["nyc", "new york city", "big apple"]},
        {"id": "phone", "words": ["mobile", "cell phone"]},
        {"id": "wlan", "words": ["wi-fi", "wlan"]},
    ]});
    apply(&*shelf.engine, sets);
    assert_eq!(with_all(&shelf, "nyc hotel").await[0], 1);
    let mut found = with_all(&shelf, "nyc hotel").await;
    found.sort_unstable();
    assert_eq!(found, [0, 1, 3], "the words of a phrase are adjacent");
    let mut found = with_all(&shelf, "new york city hotel").await;
    assert_eq!(found[0], 0, "the typed words in their order come first");
    found.sort_unstable();
    assert_eq!(found, [0, 1, 2, 3], "typed words match apart as well");
    let mut found = with_all(&shelf, "hotel big apple").await;
    found.sort_unstable();
    assert_eq!(found, [0, 1, 3]);
    assert_eq!(with_all(&shelf, "mobile").await, [5, 4], "a phrase in another form");
    assert_eq!(with_all(&shelf, "cell phone").await, [4, 5]);
    for query in ["wi-fi router", "wifi router", "router wlan", "wi fi router"] {
        assert_eq!(with_all(&shelf, query).await.len(), 2, "{query}");
    }
    assert_eq!(marked(&*shelf.engine, "mobile").await[1], "<mark>cell</mark> <mark>phones</mark>");
    assert!(
        marked(&*shelf.engine, "nyc")
            .await
            .contains(&"hotel in <mark>new</mark> <mark>york</mark> <mark>city</mark>".to_owned())
    );
}

async fn exclusions_quotes_and_typos_have_no_synonyms(engines: &Engines) {
    let shelf = engines.of(&["a tv here", "a television here"]).await;
    apply(&*shelf.engine, two_way(&["tv", "television"]));
    assert_eq!(with_all(&shelf, "here -tv").await, [1]);
    assert_eq!(with_all(&shelf, "here -television").await, [0]);
    assert_eq!(with_all(&shelf, "\"tv\"").await, [0]);
    assert_eq!(with_all(&shelf, "\"a tv\" ").await, [0]);
    // The second tier finds the misspelt word, but not the synonym of its correction.
    assert_eq!(shelf.found("televsion").await, [1]);
}

async fn synonyms_of_synonyms_are_not_followed(engines: &Engines) {
    let shelf = engines.of(&["sofa", "couch", "settee"]).await;
    let sets = json!({"synonyms": [
        {"id": "a", "from": ["sofa"], "to": ["couch"]}, {"id": "b", "from": ["couch"], "to": ["settee"]},
    ]});
    apply(&*shelf.engine, sets);
    assert_eq!(with_all(&shelf, "sofa").await, [0, 1]);
    assert_eq!(with_all(&shelf, "couch").await, [1, 2]);
}

/// A document of another source.
fn elsewhere(mut document: Document, source: &str) -> Document {
    document.source = SourceName::parse(source).unwrap();
    document.id = DocumentId::of(&document.source, &document.key);
    document
}

async fn a_source_restricts_the_documents_that_match_by_a_synonym(engines: &Engines) {
    let shelf = engines.empty(LanguageSetting::default()).await;
    let engine = &*shelf.engine;
    let texts = ["television", "new york city", "tv nyc"];
    let mut documents = Vec::new();
    for source in ["shop", "blog"] {
        let of = |(at, text): (usize, &&str)| elsewhere(document(&format!("{source}{at}"), text), source);
        documents.extend(texts.iter().enumerate().map(of));
    }
    fill(engine, documents).await;
    apply(
        engine,
        json!({"synonyms": [
            {"id": "tv", "words": ["tv", "television"], "source": "shop"},
            {"id": "nyc", "words": ["nyc", "new york city"], "source": "shop"},
        ]}),
    );
    for (query, expected) in [
        ("tv ", &["blog2", "shop0", "shop2"][..]),
        ("nyc ", &["blog2", "shop1", "shop2"]),
        ("new york city ", &["blog1", "shop1", "shop2"]),
    ] {
        let mut request = SearchRequest { relaxes: false, ..SearchRequest::new(query, 10) };
        let mut found = keys(engine, &request).await;
        found.sort();
        assert_eq!(found, expected, "{query}");
        let count = engine.count(&[query.to_owned()], &DocumentFilter::default()).await.unwrap();
        assert_eq!(count, [expected.len() as u64], "{query}");
        // The path without shortcuts finds the same.
        request.facets = vec![FacetRequest::new(10)];
        let mut found = keys(engine, &request).await;
        found.sort();
        assert_eq!(found, expected, "{query}");
    }
}

async fn a_language_restricts_the_documents_that_match_by_a_synonym(engines: &Engines) {
    let german = engines.with_language(Language::German.into(), &["Handy", "Mobiltelefon"]).await;
    let none = engines.with_language(LanguageSetting::NONE, &["Handy", "Mobiltelefon"]).await;
    let sets = json!({"synonyms": [{"id": "a", "words": ["handy", "mobiltelefon"], "language": "german"}]});
    apply(&*german.engine, sets.clone());
    apply(&*none.engine, sets);
    assert_eq!(with_all(&german, "handy").await, [0, 1]);
    assert_eq!(with_all(&none, "handy").await, [0]);
}

async fn every_path_counts_pages_and_facets_alike(engines: &Engines) {
    let shelf = engines.empty(LanguageSetting::default()).await;
    let engine = &*shelf.engine;
    let texts =
        ["tv", "television set", "telly set", "tv television", "radio set", "tv set", "new york", "ny set"];
    let of = |at: usize| {
        let text = texts[at % texts.len()];
        let document =
            with_author(document(&format!("{at:03}"), text), &format!("a{}", at % 3), "Ann Author");
        published(document, 1_000 - at as i64)
    };
    fill(engine, (0..160).map(of).collect()).await;
    apply(
        engine,
        json!({"synonyms": [
            {"id": "tv", "words": ["tv", "television", "telly"]}, {"id": "ny", "words": ["ny", "new york"]},
        ]}),
    );
    for (query, expected) in [
        ("tv", 100),
        ("tv ", 100),
        ("set telly", 60),
        ("ny", 40),
        ("new york", 40),
        ("ny tv", 0),
        ("tv -set", 40),
    ] {
        for sort in [SearchSort::Relevance, SearchSort::Newest, SearchSort::Oldest] {
            let mut request =
                SearchRequest { relaxes: false, sort, typo_tolerance: false, ..SearchRequest::new(query, 7) };
            let mut found: Vec<String> = Vec::new();
            loop {
                let answer = engine.search(&request).await.unwrap();
                assert_eq!(answer.total, expected, "{query} {sort:?}");
                found.extend(answer.hits.iter().map(|hit| hit.document.key.as_str().to_owned()));
                request.after = answer.hits.last().map(|hit| hit.cursor.encode());
                if !answer.has_next {
                    break;
                }
            }
            let all = SearchRequest { after: None, first: 200, ..request.clone() };
            assert_eq!(found, keys(engine, &all).await, "{query} {sort:?}");
            let faceted = SearchRequest { facets: vec![FacetRequest::new(10)], ..all.clone() };
            let answer = engine.search(&faceted).await.unwrap();
            let sums: Vec<u64> = answer.facets[0]
                .iter()
                .map(|facet| facet.buckets.iter().map(|bucket| bucket.count).sum())
                .collect();
            assert!(sums.contains(&expected), "{query}: {sums:?}");
            assert_eq!(keys(engine, &faceted).await, found, "{query} {sort:?}");
            let counted = engine.count(&[query.to_owned()], &DocumentFilter::default()).await.unwrap();
            assert_eq!(counted, [expected], "{query}");
        }
    }
}

async fn without_synonyms_nothing_changes(engines: &Engines) {
    let shelf = engines.of(&["a television", "tv"]).await;
    apply(&*shelf.engine, two_way(&["tv", "television"]));
    apply(&*shelf.engine, json!({}));
    assert_eq!(with_all(&shelf, "tv ").await, [1]);
    assert_eq!(keys_of(&*shelf.engine, "television").await, ["0"]);
}

async fn completions_follow_the_documents_of_synonyms(engines: &Engines) {
    let shelf = engines.of(&["television stand", "tv mount", "radio shelf"]).await;
    apply(&*shelf.engine, two_way(&["tv", "television"]));
    let request = |text: &str| quarry::search::CompletionRequest {
        text: text.to_owned(),
        filter: DocumentFilter::default(),
        limit: 5,
    };
    assert_eq!(shelf.engine.complete(&request("tv st")).await.unwrap(), ["tv stand"]);
    assert_eq!(shelf.engine.complete(&request("tv sh")).await.unwrap(), [""; 0]);
}
