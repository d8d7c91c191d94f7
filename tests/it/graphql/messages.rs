//! Messages to clients, which contain no Rust.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::server::{Server, read};

/// Documents that violate each rule.
const DOCUMENTS: &[&str] = &[
    "",
    "{",
    "}",
    "{ a(b: ) }",
    "query Q { a } query Q { b }",
    "{ ...A } fragment A on Query { ...A }",
    "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
    "{ ...Missing }",
    "{ __typename } fragment Unused on Query { __typename }",
    "{ ...A } fragment A on String { x }",
    "{ ... on Int { x } }",
    "{ ... on Document { id } }",
    "{ nonsense }",
    "{ search(query: \"\") }",
    "{ search(query: \"\") { totalCount { x } } }",
    "{ search { totalCount } }",
    "{ search(query: \"\", nonsense: 1) { totalCount } }",
    "{ search(query: \"\", query: \"\") { totalCount } }",
    "{ search(query: 1, first: \"x\", sort: SIDEWAYS, filter: {nonsense: 1}) { totalCount } }",
    "{ search(query: \"\", filter: {publishedAt: {from: \"yesterday\"}}) { totalCount } }",
    "{ search(query: \"\", after: \"x\", first: 1000) { totalCount } }",
    "query($a: Nonsense) { __typename @include(if: $a) }",
    "query($a: Int, $a: Int) { search(query: $a, first: $b) { totalCount } }",
    "query($a: Boolean = \"x\") { __typename @skip(if: $a) }",
    "query($a: [Int!]! = [null]) { __typename }",
    "query($a: Source) { __typename }",
    "{ __typename @nonsense }",
    "{ __typename @skip }",
    "{ __typename @skip(if: 1) }",
    "{ __typename @skip(if: true) @skip(if: true) }",
    "query @skip(if: true) { __typename }",
    "{ a: search(query: \"x\") { totalCount } a: search(query: \"y\") { totalCount } }",
    "{ search(query: \"\") { a: totalCount a: relaxed } }",
    "{ node(id: \"x\\u202e\\\"\") { id } nodes(ids: [\"\", 1.5]) { id } }",
    "{ document(source: \"\", key: \"\") { id } }",
    "{ reports { topSearches(first: -1, period: {from: \"2025-01-01T00:00:00Z\", before: \"2024-01-01T00:00:00Z\"}) { rows { query } } } }",
    "{ reports { searchVolume(timezone: \"Nowhere\") { rows { start } } } }",
    "mutation { startCrawl(source: \"a\\nb\\u202e\") { id } }",
    "mutation { indexDocuments(input: {documents: [{source: \"\", key: \"\\n\", text: \"\"}]}) { inserted } }",
    "mutation { logKeystroke(input: {sessionId: \"\", text: \"x\", sequence: -1}) { accepted } }",
    "mutation { recordInteraction(input: {kind: CLICK, documentId: \"x\", quantity: -1}) { accepted } }",
    "mutation { eraseSearcher(input: {}) { searches } }",
    "mutation { nonsense }",
    "subscription { nonsense }",
    "subscription { __typename }",
    "subscription { searchLogged { id } searchLogged { id } }",
    "subscription { searchLogged { id } crawlProgress(source: \"x\") { id } }",
    "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
];

/// Malformed bodies.
const BODIES: &[&str] = &[
    "",
    "7",
    "\"x\"",
    "null",
    "[]",
    "[7]",
    "[[]]",
    "{",
    "{}",
    "{\"query\": 7}",
    "{\"query\": \"{__typename}\", \"variables\": 7}",
    "{\"query\": \"{__typename}\", \"variables\": {\"a\": }}",
    "{\"query\": \"{__typename}\", \"operationName\": \"a\\u0001\\u202e\\\"b\"}",
    "{\"query\": \"query A {__typename} query B {__typename}\", \"operationName\": \"C\"}",
    "{\"query\": \"{__typename}\", \"extensions\": 7}",
    "{\"extensions\": {\"persistedQuery\": 7}}",
    "{\"extensions\": {\"persistedQuery\": []}}",
    "{\"extensions\": {\"persistedQuery\": {\"version\": \"x\", \"sha256Hash\": 1}}}",
    "{\"query\": \"{__typename}\", \"query\": \"{__typename}\"}",
    "\u{feff}{}",
];

/// Signs of Rust in a message: a wrapper type, a path, an escape, a struct.
const RUST: &[&str] = &[
    "(\"",
    "Some(",
    "None",
    "Ok(",
    "Err(",
    "Error(",
    "::",
    "\\u{",
    "struct ",
    "enum ",
    "tuple ",
    "Positioned",
    "{ ",
    "Name",
    "&str",
    "i32",
    "u32",
    "i64",
    "u64",
    "usize",
    "RawOperation",
];

#[tokio::test]
async fn no_message_contains_rust() {
    let server = Server::start().await;
    let documents = DOCUMENTS
        .iter()
        .map(|query| json!({"query": query, "variables": {"a": {"x": [1.5, null]}, "b": "x"}}).to_string());
    let bodies: Vec<String> = documents.chain(BODIES.iter().map(|&body| body.to_owned())).collect();
    let mut seen = 0;
    for body in bodies {
        let request = server.request("POST", "/graphql").header("content-type", "application/json");
        let answer = read(request.body(body.clone()).send().await.unwrap()).await;
        let answers = answer.as_array().cloned().unwrap_or_else(|| vec![answer]);
        for error in answers.iter().filter_map(|answer| answer["errors"].as_array()).flatten() {
            let message = error["message"].as_str().expect("a message");
            let rust: Vec<_> = RUST.iter().filter(|sign| message.contains(**sign)).collect();
            assert!(rust.is_empty(), "{rust:?} in {message:?}, of {body}");
            seen += 1;
        }
    }
    assert!(seen > DOCUMENTS.len(), "only {seen} messages");
    let error: Value = server.error("{ ...A } fragment A on Query { ...A }", json!({})).await;
    assert_eq!(
        error["message"],
        "The fragment \"A\" spreads itself, directly or through others. Remove the cycle."
    );
}

/// The Rust files below a folder.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

#[test]
fn messages_to_clients_do_not_use_debug_formatting() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["src/http", "crates/graphql/src", "crates/access/src", "crates/crawl/src"] {
        for file in rust_files(&root.join(folder)) {
            let text = std::fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let is_test = file.file_stem().is_some_and(|name| name == "tests");
            // `quarry try` and `quarry sources init` quote settings for the operator, as TOML does.
            let is_preview = ["preview", "proposal"]
                .iter()
                .any(|name| file.components().any(|part| part.as_os_str() == *name));
            let lines = code
                .lines()
                .filter(|line| !is_test && !is_preview && (line.contains(":?}") || line.contains(":#?}")));
            found.extend(lines.map(|line| format!("{}: {}", file.display(), line.trim())));
        }
    }
    // The fingerprint of a source's settings, and the name of a header in an error at startup.
    found.retain(|line| {
        !line.contains("config.request_identity()") && !line.contains("of the source cannot be sent")
    });
    assert_eq!(found, [""; 0]);
}
