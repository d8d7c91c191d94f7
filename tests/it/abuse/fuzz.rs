//! Thousands of random and mutated requests: none causes a panic, an internal error or a lost response.

use futures_util::{StreamExt, stream};
use quarry::http::EXAMPLE_QUERIES;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Map, Value, json};

use crate::support::folder::Folder;
use crate::support::server::Server;

/// The number of requests, and of concurrent ones.
const REQUESTS: u64 = 12_000;
const CONCURRENT: usize = 8;

/// The documents that are mutated, besides GraphiQL's examples.
const DOCUMENTS: &[&str] = &[
    "query($q: String!, $n: Int = 3, $after: String) { search(query: $q, first: $n, after: $after) { totalCount \
     edges { cursor highlights { field } node { id title text author { name documents(first: 2) { nodes { id } } } } } \
     pageInfo { hasNextPage endCursor } facets(first: 2) { field values { value count } } } }",
    "query A { a: __typename ...F @include(if: true) } query B { ...F } fragment F on Query { sources { name } }",
    "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Document { key } ... on Crawl { state } } }",
    "mutation($input: IndexDocumentsInput!) { indexDocuments(input: $input) { inserted documents { id key text } } }",
    "mutation { deleteDocuments(input: {ids: [\"doc_x\"]}) { deleted } }",
    "mutation($input: LogKeystrokeInput!) { logKeystroke(input: $input) { accepted } }",
    "mutation { recordInteraction(input: {kind: CLICK, documentId: \"doc_x\", sessionId: \"s\"}) { accepted } }",
    "mutation { eraseSearcher(input: {sessionId: \"s1\"}) { searches } }",
    "mutation { startCrawl(source: \"nowhere\", allowShrink: true) { id } }",
    "{ reports { topSearches(first: 5, period: {from: \"2025-01-01T00:00:00Z\"}) { rows { query searches } } \
     searchVolume(interval: DAY, timezone: \"Europe/Berlin\") { rows { start searches } } } }",
    "{ searchLog(first: 2, filter: {userId: \"u\"}) { nodes { query } } suggest(prefix: \"gr\", first: 3) { text } }",
    "{ __schema { types { name fields { name args { name type { name ofType { name } } } } } } }",
    "subscription { searchLogged { query } }",
    "{ node(id: \"\"\"a \\\"\"\" block\"\"\") { id } # a comment\n}",
];

/// Insertions.
const PIECES: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ":",
    "!",
    "$",
    "@",
    "...",
    "|",
    "&",
    "=",
    "\"",
    "\"\"\"",
    "\\",
    "\\u0000",
    "\u{0}",
    "#",
    ",",
    "\u{feff}",
    "\u{202e}",
    "𝔘",
    "é",
    "null",
    "true",
    "on",
    "fragment",
    "query",
    "mutation",
    "subscription",
    "__typename",
    "__schema",
    "...F",
    "first: 2147483648",
    "first: -1",
    "1e999",
    "-0",
    "0x1",
    "1.5e-400",
    "99999999999999999999",
    "@skip(if: $x)",
    "$n",
    "type",
    "\n",
    "\r",
    "\t",
    "[[[[[[",
    "{{{{{{",
    "a:a:a:",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_and_mutated_requests_are_answered() {
    let folder = Folder::new("");
    let mut server = Server::start(&folder).await;
    server.ready().await;
    server.endpoint.index("shop", &[("1", "green tea"), ("2", "black tea"), ("3", "coffee")]).await;
    let corpus: Vec<String> = EXAMPLE_QUERIES
        .iter()
        .map(|example| example.query.to_owned())
        .chain(DOCUMENTS.iter().map(|&text| text.to_owned()))
        .collect();
    let first = rand::random::<u64>() >> 1;
    let (endpoint, corpus) = (&server.endpoint, &corpus);
    stream::iter(first..first + REQUESTS)
        .for_each_concurrent(CONCURRENT, async |seed| {
            let mut random = StdRng::seed_from_u64(seed);
            let body = request(&mut random, corpus);
            let describe = || format!("seed {seed}: {}", String::from_utf8_lossy(&body));
            let (status, answer) = endpoint
                .send("application/json", body.clone())
                .await
                .unwrap_or_else(|| panic!("no response to {}", describe()));
            check(status, &answer).unwrap_or_else(|problem| panic!("{problem}: {answer}\n{}", describe()));
        })
        .await;
    assert!(server.process.is_running());
    let log = server.process.stderr();
    assert!(!log.contains("panicked"), "{log}");
    assert_eq!(server.endpoint.total("tea").await, server.endpoint.keys("tea").await.len() as u64);
    server.stop().await;
}

/// Checks a response against the contract.
fn check(status: u16, answer: &str) -> Result<(), String> {
    let value: Value = serde_json::from_str(answer).map_err(|error| format!("not JSON: {error}"))?;
    let answers = value.as_array().cloned().unwrap_or_else(|| vec![value]);
    let mut codes = Vec::new();
    for answer in &answers {
        for error in answer["errors"].as_array().map_or(&[][..], Vec::as_slice) {
            codes.push(error["extensions"]["code"].as_str().ok_or("an error without a code")?.to_owned());
        }
    }
    if codes.iter().any(|code| code == "INTERNAL_SERVER_ERROR") {
        return Err("an internal error".to_owned());
    }
    let is_busy = codes.iter().any(|code| code == "TOO_BUSY" || code == "TIMEOUT");
    match status {
        200..500 => Ok(()),
        503 if is_busy => Ok(()),
        _ => Err(format!("status {status}")),
    }
}

/// A body: mostly JSON with a mutated document, sometimes random bytes.
fn request(random: &mut StdRng, corpus: &[String]) -> Vec<u8> {
    match random.random_range(0..20) {
        0 => (0..random.random_range(0..400)).map(|_| random.random()).collect(),
        1 => any_json(random, 0).to_string().into_bytes(),
        2 => {
            let mut body = operation(random, corpus).to_string().into_bytes();
            for _ in 0..random.random_range(1..4) {
                let at = random.random_range(0..body.len());
                body[at] = random.random();
            }
            body
        }
        3 => {
            let count = random.random_range(0..13);
            let batch = (0..count).map(|_| {
                if random.random_bool(0.2) { any_json(random, 0) } else { operation(random, corpus) }
            });
            Value::Array(batch.collect()).to_string().into_bytes()
        }
        _ => operation(random, corpus).to_string().into_bytes(),
    }
}

fn operation(random: &mut StdRng, corpus: &[String]) -> Value {
    let mut text = corpus.choose(random).expect("the list is not empty").clone();
    for _ in 0..random.random_range(0..5) {
        text = mutated(random, &text, corpus);
    }
    let mut operation = json!({ "query": text });
    if random.random_bool(0.8) {
        operation["variables"] = variables(random);
    }
    if random.random_bool(0.1) {
        operation["operationName"] = any_json(random, 2);
    }
    if random.random_bool(0.1) {
        operation["extensions"] = any_json(random, 1);
    }
    operation
}

/// One change to a text.
fn mutated(random: &mut StdRng, text: &str, corpus: &[String]) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut position = || random.random_range(0..=chars.len());
    let (a, b) = (position(), position());
    let (from, to) = (a.min(b), a.max(b).min(a.min(b) + 40));
    let (before, within, after) = (&chars[..from], &chars[from..to], &chars[to..]);
    let of = |parts: &[&[char]]| parts.concat().into_iter().collect::<String>();
    match random.random_range(0..6) {
        0 => of(&[before, after]),
        1 => of(&[before, within, within, after]),
        2 => {
            let piece: Vec<char> = PIECES.choose(random).expect("the list is not empty").chars().collect();
            of(&[before, &piece.repeat(random.random_range(1..4)), within, after])
        }
        3 => {
            let other: Vec<char> = corpus.choose(random).expect("the list is not empty").chars().collect();
            let cut = random.random_range(0..=other.len());
            of(&[before, &other[cut..]])
        }
        4 => of(&[after, before]),
        _ => of(&[before, &[random.random()], after]),
    }
}

/// Values for the variables of the documents, some of them of the right type.
fn variables(random: &mut StdRng) -> Value {
    let mut values = Map::new();
    for name in ["q", "n", "after", "ids", "input", "x"] {
        if random.random_bool(0.8) {
            let value = match (name, random.random_bool(0.5)) {
                ("q", true) => json!("tea"),
                ("n", true) => json!(random.random_range(-1..200)),
                ("ids", true) => json!(["doc_x", "crawl_1", ""]),
                ("input", true) => {
                    json!({"documents": [{"source": "fuzz", "key": "k", "text": any_text(random)}]})
                }
                ("input", false) if random.random_bool(0.3) => {
                    json!({"sessionId": any_text(random), "text": any_text(random), "resultCount": 3})
                }
                _ => any_json(random, 0),
            };
            values.insert(name.to_owned(), value);
        }
    }
    Value::Object(values)
}

fn any_json(random: &mut StdRng, depth: u32) -> Value {
    let kinds = if depth < 4 { 8 } else { 5 };
    match random.random_range(0..kinds) {
        0 => Value::Null,
        1 => json!(random.random::<bool>()),
        2 => json!(random.random::<i64>()),
        3 => json!(random.random::<f64>() * 1e300),
        4 => json!(any_text(random)),
        5 => {
            let names = ["query", "documents", "id", "sessionId", "text", "a", "persistedQuery", "variables"];
            let count = random.random_range(0..4);
            let fields = (0..count).map(|_| {
                (
                    (*names.choose(random).expect("the list is not empty")).to_owned(),
                    any_json(random, depth + 1),
                )
            });
            Value::Object(fields.collect())
        }
        _ => {
            let count = random.random_range(0..4);
            Value::Array((0..count).map(|_| any_json(random, depth + 1)).collect())
        }
    }
}

fn any_text(random: &mut StdRng) -> String {
    let count = random.random_range(0..20);
    (0..count)
        .map(|_| match random.random_range(0..4) {
            0 => random.random::<char>().to_string(),
            1 => (*PIECES.choose(random).expect("the list is not empty")).to_owned(),
            _ => char::from(random.random_range(b' '..=b'~')).to_string(),
        })
        .collect()
}
