//! Engine suite: texts that other search engines reject.

use quarry::search::{FacetRequest, SearchEngine, SearchRequest};

use super::corpus::{document, fill, keys_of};

pub(super) async fn no_query_is_an_error(engine: &dyn SearchEngine) {
    fill(engine, vec![document("a", "and or not \u{1f389} party שלום"), document("b", "c++ a/b x:y")]).await;
    for query in [
        "\"",
        "\"\"",
        "\"a",
        "-",
        "--",
        "-\"",
        "AND",
        "OR NOT",
        "*",
        "a*",
        "?",
        ":",
        "x:y",
        "/a/",
        "a/b",
        "(",
        ")(",
        "[a TO b]",
        "{",
        "\\",
        "^2",
        "~",
        "!",
        "+c",
        "c++",
        "\u{1f389}",
        "שלום",
        "\u{202e}abc",
        "\0",
        "\u{feff}",
        "’",
        "''",
        "\u{1}run",
        "\u{0301}",
        "%00",
        "<mark>",
        "𝒳",
        "👩‍👩‍👧",
        "a\u{200d}b",
        "\n\t",
    ] {
        engine
            .search(&SearchRequest {
                highlights: true,
                facets: vec![FacetRequest::new(9)],
                ..SearchRequest::new(query, 5)
            })
            .await
            .unwrap();
    }
    let long = "x".repeat(5_000);
    engine.search(&SearchRequest::new(long, 5)).await.unwrap();
    assert_eq!(keys_of(engine, "\u{1f389}").await, ["a"]);
    assert_eq!(keys_of(engine, "שלום").await, ["a"]);
    assert_eq!(keys_of(engine, "AND").await, ["a"]);
    assert_eq!(keys_of(engine, "x:y").await, ["b"]);
}
