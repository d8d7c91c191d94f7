//! Searches of the real messages through GraphQL, as people type them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::folder::Folder;
use crate::support::messages::{BY_OFFSET, MESSAGES, file, messages, source};
use crate::support::server::{Endpoint, Server};
use crate::support::upstream::Upstream;

async fn serve_messages() -> (Folder, Server) {
    let upstream = Upstream::start(&file(), "none", 1).await;
    let folder = Folder::new(&source(&upstream.url("/messages/"), BY_OFFSET, "delay = \"0s\""));
    folder.succeed(&["crawl", "messages"]).await;
    let server = folder.serve().await;
    (folder, server)
}

#[tokio::test]
async fn the_real_messages_are_found_as_people_search_them() {
    let (_folder, server) = serve_messages().await;
    let endpoint = &server.endpoint;
    for (query, count) in [
        ("", MESSAGES as u64),
        ("müller", 314),
        ("Muller", 314),
        ("MÜLLER", 314),
        ("mu\u{308}ller", 314),
        ("sophia", 346),
        ("Sophia Al-Farsi", 346),
    ] {
        assert_eq!(endpoint.total(query).await, count, "{query}");
    }
    a_phrase_is_found_where_it_stands(endpoint).await;
    a_mistyped_word_finds_what_was_meant(endpoint).await;
    what_is_excluded_is_not_found(endpoint).await;
    nothing_that_is_typed_is_an_error(endpoint).await;
    server.stop().await;
}

async fn a_phrase_is_found_where_it_stands(endpoint: &Endpoint) {
    for phrase in ["private jet", "dinner reservation", "for four people"] {
        // Only where no letter follows or goes before: the last word of a phrase is whole.
        let stands = |text: &str| {
            let text = format!(" {} ", text.to_lowercase());
            text.match_indices(phrase).any(|(at, found)| {
                let (before, after) = (&text[..at], &text[at + found.len()..]);
                !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric)
            })
        };
        let expected: BTreeSet<String> = messages()
            .iter()
            .filter(|message| stands(message["message"].as_str().expect("a text")))
            .map(|message| message["id"].as_str().expect("an id").to_owned())
            .collect();
        assert!(!expected.is_empty(), "{phrase}");
        assert_eq!(endpoint.key_set(&format!("\"{phrase}\"")).await, expected, "{phrase}");
    }
    assert_eq!(endpoint.total("\"jet private\"").await, 0);
}

async fn a_mistyped_word_finds_what_was_meant(endpoint: &Endpoint) {
    let meant = endpoint.key_set("private jet ").await;
    assert!(meant.len() > 10);
    for typed in ["privte jet ", "pirvate jet ", "private jt "] {
        let found = endpoint.key_set(typed).await;
        assert!(found.is_superset(&meant), "{typed}");
    }
    assert_eq!(endpoint.key_set("privte jet").await, endpoint.key_set("private jet").await);
    let exact = "query($q: String!) { search(query: $q, typoTolerance: false) { totalCount relaxed } }";
    let data = endpoint.data(exact, json!({ "q": "privte" })).await;
    assert_eq!(data["search"]["totalCount"], 0);
}

async fn what_is_excluded_is_not_found(endpoint: &Endpoint) {
    let with = endpoint.key_set("private jet").await;
    let without = endpoint.key_set("private jet -paris").await;
    let paris: BTreeSet<String> = messages()
        .iter()
        .filter(|message| message["message"].as_str().expect("a text").to_lowercase().contains("paris"))
        .map(|message| message["id"].as_str().expect("an id").to_owned())
        .collect();
    assert!(without.len() < with.len());
    assert_eq!(without, with.difference(&paris).cloned().collect());
}

async fn nothing_that_is_typed_is_an_error(endpoint: &Endpoint) {
    let text = "query($q: String!, $p: Boolean!) {
        search(query: $q, first: 3, prefix: $p) { totalCount relaxed nodes { key }
            edges { cursor score highlights { field html } } facets { field buckets { value count } } } }";
    let words = "word ".repeat(32);
    let letters = "x".repeat(1_024);
    let umlauts = "ü".repeat(1_024);
    let nasty = [
        "",
        " ",
        "\t\n\r",
        "\"",
        "\"\"",
        "\"\"\"",
        "\"private jet",
        "private\" jet\"",
        "-",
        "--",
        "- -",
        "-paris",
        "-\"private jet\"",
        "-\"",
        "+",
        "+private",
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
        "(private OR jet",
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
        "ｐｒｉｖａｔｅ",
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
        "O'Sullivan",
        "o’sullivan",
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
        "“private jet”",
        "«jet»",
        &words,
        &letters,
        &umlauts,
    ];
    for query in nasty {
        for prefix in [true, false] {
            let answer = endpoint.ask(text, json!({ "q": query, "p": prefix })).await;
            assert!(answer.errors.is_empty(), "{query:?}: {:?}", answer.errors);
            assert!(answer.data["search"]["totalCount"].is_u64(), "{query:?}");
        }
    }
    for (query, plain) in
        [("“private jet”", "\"private jet\""), ("ｐｒｉｖａｔｅ", "private"), ("o’sullivan", "O'Sullivan")]
    {
        assert_eq!(endpoint.total(query).await, endpoint.total(plain).await, "{query}");
    }
    let too_long = endpoint.ask(text, json!({ "q": "x".repeat(1_025), "p": true })).await;
    assert_eq!(too_long.codes(), BTreeSet::from(["BAD_USER_INPUT"]));
    assert_eq!(too_long.data, Value::Null);
}
