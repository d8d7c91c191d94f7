//! Searches of messages through GraphQL, in the forms that people type.

use serde_json::json;

use crate::support::folder::Folder;
use crate::support::messages::{BY_OFFSET, MESSAGES, SEED, keys, messages, source};
use crate::support::scan::Scan;
use crate::support::server::{Endpoint, Server};
use crate::support::upstream::Upstream;

async fn serve_messages() -> (Folder, Server) {
    let upstream = Upstream::start("none", SEED).await;
    let folder = Folder::new(&source(&upstream.url("/messages/"), BY_OFFSET, "delay = \"0s\""));
    folder.succeed(&["crawl", "messages"]).await;
    let server = folder.serve().await;
    (folder, server)
}

#[tokio::test]
async fn typed_queries_find_messages() {
    let (_folder, server) = serve_messages().await;
    let endpoint = &server.endpoint;
    let messages = messages();
    let scan = Scan::of(&messages);
    assert_eq!(endpoint.key_set("").await, keys(&messages));
    for (name, queries) in [
        ("weissmann", &["weißmann", "Weissmann", "WEIßMANN", "Jürgen Weißmann"][..]),
        ("jurgen", &["jürgen", "Jurgen", "JÜRGEN", "ju\u{308}rgen"]),
        ("oscar", &["Óscar", "oscar", "o\u{301}scar"]),
        ("tamsin", &["tamsin", "Tamsin Fairweather"]),
    ] {
        let expected = scan.phrase(name);
        assert!(expected.len() > 100 && expected.len() < MESSAGES, "{name}: {}", expected.len());
        for query in queries {
            assert_eq!(endpoint.key_set(query).await, expected, "{query}");
        }
    }
    phrases_match_adjacent_words(endpoint, &scan).await;
    typos_find_the_intended_word(endpoint).await;
    exclusions_are_respected(endpoint, &scan).await;
    no_query_is_an_error(endpoint).await;
    server.stop().await;
}

async fn phrases_match_adjacent_words(endpoint: &Endpoint, scan: &Scan) {
    for phrase in ["window seat", "please remember that", "what’s the dress code"] {
        let expected = scan.phrase(phrase);
        assert!(expected.len() > 10, "{phrase}");
        assert_eq!(endpoint.key_set(&format!("\"{phrase}\"")).await, expected, "{phrase}");
    }
    assert_eq!(endpoint.total("\"seat window\"").await, 0);
}

async fn typos_find_the_intended_word(endpoint: &Endpoint) {
    let intended = endpoint.key_set("window seat ").await;
    assert!(intended.len() > 10);
    for typed in ["windw seat ", "widnow seat ", "window sat "] {
        let found = endpoint.key_set(typed).await;
        assert!(found.is_superset(&intended), "{typed}");
    }
    assert_eq!(endpoint.key_set("windw seat").await, endpoint.key_set("window seat").await);
    let exact = "query($q: String!) { search(query: $q, typoTolerance: false) { totalCount relaxed } }";
    let data = endpoint.data(exact, json!({ "q": "windw" })).await;
    assert_eq!(data["search"]["totalCount"], 0);
}

async fn exclusions_are_respected(endpoint: &Endpoint, scan: &Scan) {
    let with = endpoint.key_set("hotel").await;
    let without = endpoint.key_set("hotel -paris").await;
    assert!(without.len() < with.len());
    assert_eq!(without, with.difference(&scan.phrase("paris")).cloned().collect());
}

async fn no_query_is_an_error(endpoint: &Endpoint) {
    let text = "query($q: String!, $p: Boolean!) {
        search(query: $q, first: 3, prefix: $p) { totalCount relaxed nodes { key }
            edges { cursor score highlights { field html } } facets { field buckets { value count } } } }";
    let words = "word ".repeat(2_000);
    let letters = "x".repeat(10_000);
    let umlauts = "ü ".repeat(5_000);
    let queries = [
        "",
        " ",
        "\t\n\r",
        "\"",
        "\"\"",
        "\"\"\"",
        "\"window seat",
        "window\" seat\"",
        "-",
        "--",
        "- -",
        "-paris",
        "-\"window seat\"",
        "-\"",
        "+",
        "+window",
        "AND",
        "OR",
        "NOT",
        "a AND b OR NOT c",
        "NEAR/3",
        "*",
        "**",
        "*a",
        "a*",
        "?",
        "a?b",
        "~",
        "jet~2",
        "^",
        "jet^9",
        "/",
        "/.*/",
        "[",
        "[a TO z]",
        "{",
        "}",
        "(",
        "((((",
        ")",
        "(window OR seat",
        "\\",
        "\\\\",
        "\\\"",
        ":",
        "text:",
        "text:jet",
        ":jet",
        "_id:1",
        "key:\"",
        "title:[* TO *]",
        "&&",
        "||",
        "!",
        "!jet",
        "@",
        "#",
        "$",
        "%",
        "%00",
        "${jndi:ldap://x}",
        "'; DROP TABLE documents; --",
        "<b>",
        "<script>alert(1)</script>",
        "&amp;",
        "\u{0}",
        "a\u{0}b",
        "\u{1}\u{7f}",
        "\u{feff}",
        "\u{200b}",
        "\u{200d}",
        "🦀",
        "👩‍👩‍👧‍👦",
        "🇩🇪 jet",
        "مرحبا بالعالم",
        "שלום \"עולם",
        "\u{202e}jet\u{202c}",
        "日本語",
        "你好 世界",
        "한국어",
        "ｗｉｎｄｏｗ",
        "ﬁ",
        "İstanbul",
        "ẞ",
        "ǅ",
        "e\u{301}\u{301}\u{301}\u{301}",
        "a\u{301}",
        "٣٤٩",
        "½",
        "1e999",
        "-1",
        "0x",
        "NaN",
        "null",
        "undefined",
        "O'Donnell",
        "o’donnell",
        "well-known",
        "a-b-c",
        "C++",
        "c#",
        ".net",
        "e@mail.com",
        "http://a.b/c?d=e&f=g#h",
        "...",
        "—",
        "’",
        "“window seat”",
        "«jet»",
        &words,
        &letters,
        &umlauts,
    ];
    for query in queries {
        for prefix in [true, false] {
            let answer = endpoint.query(text, json!({ "q": query, "p": prefix })).await;
            assert!(answer.errors.is_empty(), "{query:?}: {:?}", answer.errors);
            assert!(answer.data["search"]["totalCount"].is_u64(), "{query:?}");
        }
    }
    for (query, plain) in
        [("“window seat”", "\"window seat\""), ("ｗｉｎｄｏｗ", "window"), ("o’donnell", "O'Donnell")]
    {
        let found = endpoint.key_set(query).await;
        assert!(!found.is_empty(), "{query}");
        assert_eq!(found, endpoint.key_set(plain).await, "{query}");
    }
}
