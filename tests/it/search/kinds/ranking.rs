//! The order of hits.

use super::super::engines::{Engines, on_each_engine};

on_each_engine!(
    words_side_by_side_outrank_words_far_apart,
    a_part_number_outranks_its_pieces,
    titles_count_more_in_every_form,
    a_field_that_equals_the_query_comes_first,
    exact_outranks_form_and_form_outranks_prefix,
);

async fn words_side_by_side_outrank_words_far_apart(engines: &Engines) {
    let shelf = engines
        .of(&[
            "Potter makes a vase, and Harry buys it",
            "They have read for many years about the adventures of Harry Potter and his friends",
            "York has a new bakery",
            "They have lived for many years in the city of New York and love it there",
        ])
        .await;
    // Also while the last word is typed, and with a typo in it.
    for query in ["harry potter", "harry pot", "harry pott", "harry poter", "hary potter"] {
        assert_eq!(shelf.found(query).await, [1, 0], "{query}");
    }
    for query in ["new york", "new yor", "new yrok"] {
        assert_eq!(shelf.found(query).await, [3, 2], "{query}");
    }
    let titles = [("Table", "a lamp"), ("Table lamp", "brass, a shade of paper and a cord of two metres")];
    let shelf = engines.of_titles(&titles).await;
    for query in ["table lamp", "table lam", "table lanp"] {
        assert_eq!(shelf.found(query).await, [1, 0], "{query}");
    }
}

async fn a_part_number_outranks_its_pieces(engines: &Engines) {
    let shelf = engines
        .of(&[
            "123 of ABC",
            "Replacement bracket ABC-123, galvanised steel, fits all fence posts of the series",
            "x77 b",
            "a valve of the type B-X77 for the pump in the cellar of the house",
        ])
        .await;
    assert_eq!(shelf.found("ABC-123").await[0], 1);
    assert_eq!(shelf.found("b-x77").await[0], 3);
}

async fn titles_count_more_in_every_form(engines: &Engines) {
    let shelf = engines
        .of_titles(&[("", "One banana"), ("Banana bread", "Something about fruit"), ("", "bananas")])
        .await;
    for query in ["banana", "banan", "ban", "bananna"] {
        assert_eq!(shelf.found(query).await[0], 1, "{query}");
    }
    let shelf = engines.of_titles(&[("", "One banana"), ("Banana bread", "Something about fruit")]).await;
    assert_eq!(shelf.found("bananas").await[0], 1);
}

async fn a_field_that_equals_the_query_comes_first(engines: &Engines) {
    let titles = [
        ("Asthma in children", "asthma, asthma and again asthma"),
        ("Living with asthma", "how to breathe"),
        ("Asthma", "a disease of the lungs"),
        ("Asthma and sports", "running in spite of asthma"),
        ("A history of the gout", "gout after gout"),
        ("Gout", "a disease"),
    ];
    let shelf = engines.of_titles(&titles).await;
    for (query, first) in [("asthma", 2), ("asthm", 2), ("ast", 2), ("gout", 5), ("gou", 5)] {
        assert_eq!(shelf.found(query).await[0], first, "{query}");
    }
}

async fn exact_outranks_form_and_form_outranks_prefix(engines: &Engines) {
    let shelf = engines.of(&["painter at work", "he paints, paints and paints", "to paint", "painted"]).await;
    assert_eq!(shelf.found("paint").await[0], 2);
    assert_eq!(shelf.found("paint").await[3], 0);
}
