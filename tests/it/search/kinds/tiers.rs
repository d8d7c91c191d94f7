//! Tiers: exact matches first, then typos, then any of the words.

use quarry::config::LanguageSetting;
use quarry::domain::{DocumentId, SourceName};
use quarry::search::{Correction, DocumentFilter, MatchPolicy, MatchTier, SearchRequest};

use super::super::corpus::{batch, document, put};
use super::super::engines::{Engines, on_each_engine};

on_each_engine!(
    a_misspelt_document_does_not_hide_the_right_ones,
    tiers_end_once_enough_documents_are_found,
    what_others_write_does_not_turn_typos_off,
    typing_finds_documents_at_each_letter_in_spite_of_typos,
    similar_words_precede_words_that_begin_with_one,
    another_first_letter_ranks_last,
    numbers_are_never_guessed,
    corrections_have_the_spelling_of_the_documents,
    words_without_a_topic_are_optional_if_few_documents_have_all,
    any_word_requires_one_with_a_topic,
    pages_continue_through_the_tiers,
    pages_continue_among_words_that_others_divide,
    a_long_text_is_searched_by_its_most_informative_words,
);

async fn a_misspelt_document_does_not_hide_the_right_ones(engines: &Engines) {
    let shelf = engines
        .of(&[
            "a weekend in Lissabon",
            "the trams of Lisbon",
            "Lisbon by night",
            "a hotel near the beach of Lisbon",
            "Porto",
        ])
        .await;
    let answer = shelf.search("lissbon").await;
    assert_eq!((answer.total, answer.tier, answer.relaxed), (4, MatchTier::Typos, false));
    assert_eq!(shelf.found("lissabon").await.first(), Some(&0));
    assert_eq!(shelf.found("hotel lissbon").await[0], 3);
}

async fn tiers_end_once_enough_documents_are_found(engines: &Engines) {
    let mut texts = vec!["a poodle", "a noodle"];
    texts.extend(["noodle soup"; 4]);
    let shelf = engines.of(&texts).await;
    let answer = shelf.search("noodle").await;
    assert_eq!((answer.total, answer.tier), (5, MatchTier::AllWords));
    let answer = shelf.search("poodle").await;
    assert_eq!((answer.total, answer.tier), (6, MatchTier::Typos));
    assert_eq!(answer.hits[0].document.key.as_str(), "0");
    assert!(answer.hits.is_sorted_by(|a, b| a.tier <= b.tier && a.score >= b.score));
}

async fn what_others_write_does_not_turn_typos_off(engines: &Engines) {
    let shelf = engines.empty(LanguageSetting::default()).await;
    let mut documents = vec![document("right", "repair of a typewriter")];
    for at in 0..20 {
        let mut other = document(&format!("other{at}"), "repair of a typewritter");
        other.source = SourceName::parse("other").unwrap();
        other.id = DocumentId::of(&other.source, &other.key);
        documents.push(other);
    }
    shelf.engine.apply(batch(1, documents.into_iter().map(put).collect())).await.unwrap();
    let filter = DocumentFilter { source: vec!["test".to_owned()], ..DocumentFilter::default() };
    for query in ["typewritter", "repair typewritter", "typewritt"] {
        let request = SearchRequest { filter: filter.clone(), ..SearchRequest::new(query, 10) };
        let answer = shelf.engine.search(&request).await.unwrap();
        assert_eq!((answer.total, answer.hits[0].document.key.as_str()), (1, "right"), "{query}");
    }
}

async fn typing_finds_documents_at_each_letter_in_spite_of_typos(engines: &Engines) {
    let shelf = engines.of(&["a fine restaurant", "helicopter to the island", "fresh strawberries"]).await;
    for (text, typed) in [(0, "restuarant"), (1, "helicotper"), (2, "strwaberries")] {
        for end in 1..=typed.len() {
            assert!(shelf.found(&typed[..end]).await.contains(&text), "{}", &typed[..end]);
        }
    }
}

async fn similar_words_precede_words_that_begin_with_one(engines: &Engines) {
    let shelf = engines.of(&["children's games", "chilled soup", "chilli beans", "chili"]).await;
    let found = shelf.found("chili").await;
    assert_eq!(found[..2], [3, 2]);
    assert_eq!(found.len(), 4);
    assert_eq!(shelf.search("chili").await.corrections[0].meant, "chilli");
}

async fn another_first_letter_ranks_last(engines: &Engines) {
    let shelf = engines.of(&["the port of Hamburg", "a humburg joke", "a bamburg song"]).await;
    assert_eq!(shelf.found("hamburg ").await, [0, 1, 2]);
    shelf.each_finds(0, &["gamburg ", "ahmburg ", "amburg "]).await;
}

async fn words_without_a_topic_are_optional_if_few_documents_have_all(engines: &Engines) {
    let shelf = engines
        .of(&[
            "Salt & Pepper",
            "a wooden kayak",
            "kayak of the club",
            "salt of the sea",
            "pepper",
            "the club",
        ])
        .await;
    for (query, expected) in [
        ("salt and pepper", &[0][..]),
        ("a kayak for the club", &[2]),
        ("where is the wooden kayak", &[1]),
        ("the wooden kayakk", &[1]),
        // Those with all words are first.
        ("the kayak", &[2, 1]),
        ("the kayak -club", &[1]),
        ("to the", &[]),
        ("\"the kayak\"", &[]),
    ] {
        let request = SearchRequest { relaxes: false, ..SearchRequest::new(query, 10) };
        let answer = shelf.engine.search(&request).await.unwrap();
        let found: Vec<String> = answer.hits.iter().map(|hit| hit.document.key.to_string()).collect();
        let expected: Vec<String> = expected.iter().map(usize::to_string).collect();
        assert_eq!(found, expected, "{query}");
        assert_eq!(answer.total, expected.len() as u64, "{query}");
    }
    let answer = shelf.search("salt and pepper").await;
    assert_eq!(answer.tier, MatchTier::AnyWord);
    assert_eq!(answer.hits[0].tier, MatchTier::AllWords);
}

async fn numbers_are_never_guessed(engines: &Engines) {
    let shelf = engines.of(&["Order 70881", "Order 70882", "Order 7088", "the A380 lands"]).await;
    let answer = shelf.search("70883").await;
    assert_eq!(answer.total, 0);
    assert_eq!(shelf.found("a381").await, [0; 0]);
    // As a guess, it is marked as one.
    let answer = shelf.search("order 70883").await;
    assert!(answer.relaxed && answer.tier == MatchTier::AnyWord && answer.total == 3);
}

async fn corrections_have_the_spelling_of_the_documents(engines: &Engines) {
    let shelf = engines.of(&["Flights to Zürich", "Flights to Geneva"]).await;
    let answer = shelf.search("fligths to zurihc ").await;
    let correction =
        |typed: &str, meant: &str| Correction { typed: typed.to_owned(), meant: meant.to_owned() };
    assert_eq!(answer.corrections, [correction("fligths", "Flights"), correction("zurihc", "Zürich")]);
    assert_eq!(shelf.search("flights zürich").await.corrections, []);
}

async fn any_word_requires_one_with_a_topic(engines: &Engines) {
    let shelf = engines.of(&["the best of the west", "a guide to opera", "the opera of the town"]).await;
    assert_eq!(shelf.found("the guide of xylophones").await, [1]);
    let request =
        SearchRequest { match_policy: MatchPolicy::Any, ..SearchRequest::new("the opera of rome", 10) };
    let answer = shelf.engine.search(&request).await.unwrap();
    assert_eq!((answer.total, answer.relaxed, answer.tier), (2, false, MatchTier::AnyWord));
    // Words without a topic alone are what is looked for.
    assert_eq!(shelf.found("the of").await.len(), 2);
}

async fn pages_continue_through_the_tiers(engines: &Engines) {
    let texts: Vec<String> = (0..40)
        .map(|at| match at {
            0..3 => format!("violin concerto number{at}"),
            3..10 => format!("violn concerto of an amateur {at}"),
            _ => format!("concerto for piano {at}"),
        })
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let shelf = engines.of(&texts).await;
    let mut request = SearchRequest { relaxes: true, ..SearchRequest::new("violin concerto", 4) };
    let whole = shelf.engine.search(&SearchRequest { first: 100, ..request.clone() }).await.unwrap();
    assert_eq!(whole.total, 10);
    let mut paged = Vec::new();
    loop {
        let answer = shelf.engine.search(&request).await.unwrap();
        assert_eq!(answer.total, whole.total);
        paged.extend(answer.hits.iter().map(|hit| hit.document.key.clone()));
        if !answer.has_next {
            break;
        }
        request.after = answer.hits.last().map(|hit| hit.cursor.encode());
        // More matches of the first tier do not end the tiers of an answer that has begun.
        let at = i64::try_from(paged.len()).unwrap();
        let late = document(&format!("late{at}"), "concerto");
        shelf.engine.apply(batch(1_000 * at, vec![put(late)])).await.unwrap();
    }
    let expected: Vec<_> = whole.hits.iter().map(|hit| hit.document.key.clone()).collect();
    assert_eq!(paged, expected);
}

async fn pages_continue_among_words_that_others_divide(engines: &Engines) {
    let mut texts = vec!["a sunflower", "the sunflower"];
    texts.extend([
        "a sun flower",
        "the sun flower",
        "one sun flower",
        "my sun flower",
        "two sun flower pots",
    ]);
    let shelf = engines.of(&texts).await;
    let mut request = SearchRequest::new("sunflower ", 3);
    let mut paged = Vec::new();
    loop {
        let answer = shelf.engine.search(&request).await.unwrap();
        assert_eq!(answer.total, 7);
        paged.extend(answer.hits.iter().map(|hit| hit.document.key.as_str().parse::<usize>().unwrap()));
        if !answer.has_next {
            break;
        }
        request.after = answer.hits.last().map(|hit| hit.cursor.encode());
    }
    assert_eq!(paged, shelf.found("sunflower ").await);
    paged.sort_unstable();
    assert_eq!(paged, [0, 1, 2, 3, 4, 5, 6]);
}

async fn a_long_text_is_searched_by_its_most_informative_words(engines: &Engines) {
    let shelf = engines.of(&["an essay on the migration of storks", "an essay on trains", "storks"]).await;
    let pasted =
        format!("{} migration of storks over the Bosporus", "and so it was said that we know ".repeat(40));
    let filler: Vec<String> = (0..60).map(|at| format!("filler{at}")).collect();
    for text in [pasted, format!("{} storks migration", filler.join(" ")), "storks ".repeat(900)] {
        let answer = shelf.search(&text).await;
        assert!(answer.total > 0, "{text}");
        assert_eq!(answer.is_truncated, text.len() > 4_096 || text.contains("filler"), "{text}");
    }
    assert_eq!(shelf.found(&format!("{} storks migration", filler.join(" "))).await[0], 0);
}
