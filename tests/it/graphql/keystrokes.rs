//! Keystrokes sent by clients, and searches logged with `track`.

use std::sync::Arc;
use std::time::Duration;

use quarry::keystroke::{BufferLimits, KeystrokeBuffer, LocalBuffer, RedisBuffer};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::server::{Server, Setup, code};

const ONE: &str = "mutation($input: LogKeystrokeInput!) { logKeystroke(input: $input) { accepted } }";
const BATCH: &str = "mutation($input: [LogKeystrokeInput!]!) { logKeystrokes(input: $input) { accepted } }";
const LOG: &str = "{ searchLog(first: 100) { nodes { sessionId userId query keystrokes resultCount } } }";

/// A value as a literal of a document.
pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| format!("{name}: {}", literal(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        plain => plain.to_string(),
    }
}

/// The responses to a mutation of one argument `input`: as a variable, and as a literal.
async fn both(server: &Server, query: &str, input: &Value) -> [Value; 2] {
    let (_, body) = query.split_once(") {").unwrap();
    let written = format!("mutation {{{}", body.replace("$input", &literal(input)));
    [server.ask(query, json!({ "input": input })).await, server.ask(&written, json!({})).await]
}

async fn taken(server: &Server) -> i64 {
    let health = server.data("{ loggingHealth { keystrokesAccepted } }", json!({})).await;
    health["loggingHealth"]["keystrokesAccepted"].as_i64().unwrap()
}

/// A keystroke with some fields replaced.
fn keystroke(changes: &Value) -> Value {
    let mut input = json!({"sessionId": "s1", "text": "tea"});
    for (name, value) in changes.as_object().unwrap() {
        input[name] = value.clone();
    }
    input
}

async fn with_buffer(buffer: impl KeystrokeBuffer + 'static) -> Server {
    Server::start_with(Setup { buffer: Some(Arc::new(buffer)), ..Setup::default() }).await
}

fn small_buffer(limits: BufferLimits) -> (LocalBuffer, TempDir) {
    let folder = TempDir::new().unwrap();
    (LocalBuffer::open(folder.path(), limits, Duration::from_secs(1)).unwrap(), folder)
}

/// A buffer whose Redis does not exist.
fn dead_buffer() -> RedisBuffer {
    RedisBuffer::open("redis://127.0.0.1:1", "quarry", BufferLimits::default()).unwrap()
}

#[tokio::test]
async fn valid_keystrokes_are_accepted() {
    let server = Server::start().await;
    let fine = [
        json!({}),
        json!({"text": ""}),
        json!({"text": " \t\r\n\u{0}\u{1b}\u{202e}"}),
        json!({"text": "x".repeat(4_096)}),
        json!({"text": "ü".repeat(2_048)}),
        json!({"text": "\"quoted\" \\ $money {braces} # hash"}),
        json!({"sessionId": "ü".repeat(128), "userId": "👩‍👩‍👧".repeat(25), "inputId": "i".repeat(128)}),
        json!({"sessionId": 7, "userId": 9_007_199_254_740_993_i64, "inputId": 0}),
        json!({"sessionId": " s ", "inputId": ""}),
        json!({"userId": null, "inputId": null, "sequence": null, "resultCount": null}),
        json!({"sequence": i64::MIN, "submitted": false, "resultCount": 0}),
        json!({"sequence": i64::MAX, "submitted": true, "resultCount": i32::MAX}),
        json!({"sequence": 1_764_414_000_000_i64, "composing": true}),
        json!({"sequence": "9007199254740993", "composing": false}),
    ];
    for changes in &fine {
        let input = keystroke(changes);
        for (query, given) in [(ONE, input.clone()), (BATCH, json!([input]))] {
            let before = taken(&server).await;
            for answer in both(&server, query, &given).await {
                assert_eq!(answer.get("errors"), None, "{changes}: {answer}");
            }
            assert_eq!(taken(&server).await, before + 2, "{changes}");
        }
    }
    // A single value is coerced to a list, which may be empty.
    assert_eq!(
        server.data(BATCH, json!({"input": keystroke(&json!({}))})).await["logKeystrokes"]["accepted"],
        1
    );
    assert_eq!(server.data(BATCH, json!({"input": []})).await["logKeystrokes"]["accepted"], 0);
    let hundred: Vec<Value> = (0..100).map(|n| keystroke(&json!({"sessionId": format!("n{n}")}))).collect();
    assert_eq!(server.data(BATCH, json!({"input": hundred})).await["logKeystrokes"]["accepted"], 100);
}

#[tokio::test]
async fn an_invalid_keystroke_rejects_its_batch_with_its_path() {
    let server = Server::start().await;
    let refused = [
        ("text", json!({"text": "x".repeat(4_097)})),
        ("text", json!({"text": "ü".repeat(2_049)})),
        ("sessionId", json!({"sessionId": ""})),
        ("sessionId", json!({"sessionId": " \u{3000}"})),
        ("sessionId", json!({"sessionId": "x".repeat(129)})),
        ("sessionId", json!({"sessionId": "a\u{0}b"})),
        ("sessionId", json!({"sessionId": "a\nb"})),
        ("userId", json!({"userId": ""})),
        ("userId", json!({"userId": "x".repeat(129)})),
        ("userId", json!({"userId": "a\u{7f}"})),
        ("inputId", json!({"inputId": "x".repeat(129)})),
        ("inputId", json!({"inputId": "a\tb"})),
        ("resultCount", json!({"resultCount": -1})),
    ];
    for (field, changes) in &refused {
        let bad = keystroke(changes);
        for answer in both(&server, ONE, &bad).await {
            assert_refused(&answer, &format!("input.{field}"), "logKeystroke");
        }
        let batch = json!([keystroke(&json!({})), bad, keystroke(&json!({"text": "never"}))]);
        for answer in both(&server, BATCH, &batch).await {
            assert_refused(&answer, &format!("input.1.{field}"), "logKeystrokes");
        }
    }
    let too_many = json!(vec![keystroke(&json!({})); 101]);
    assert_refused(&server.ask(BATCH, json!({ "input": too_many })).await, "input", "logKeystrokes");
    // A value of another type is rejected before execution.
    for changes in [
        json!({"text": null}),
        json!({"text": 7}),
        json!({"sessionId": 1.5}),
        json!({"sessionId": null}),
        json!({"sequence": "one"}),
        json!({"sequence": 9_223_372_036_854_775_808_u64}),
        json!({"sequence": true}),
        json!({"composing": null}),
        json!({"submitted": null}),
        json!({"submitted": "yes"}),
        json!({"bogus": 1}),
    ] {
        let error = server.error(ONE, json!({"input": keystroke(&changes)})).await;
        assert_eq!(code(&error), "BAD_USER_INPUT", "{changes}");
        let field = changes.as_object().unwrap().keys().next().unwrap().clone();
        assert!(error["message"].as_str().unwrap().contains(&format!("$input.{field}")), "{error}");
        let batch = json!([keystroke(&json!({})), keystroke(&changes)]);
        let error = server.error(BATCH, json!({ "input": batch })).await;
        assert!(error["message"].as_str().unwrap().contains(&format!("$input.1.{field}")), "{error}");
    }
    assert_eq!(taken(&server).await, 0);
    server.flush().await;
    assert_eq!(server.data(LOG, json!({})).await["searchLog"]["nodes"], json!([]));
}

/// Asserts that a response has one error of bad input with the argument, and a null field.
fn assert_refused(answer: &Value, path: &str, field: &str) {
    let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{path} was taken: {answer}"));
    assert_eq!(errors.len(), 1, "{answer}");
    assert_eq!(code(&errors[0]), "BAD_USER_INPUT", "{answer}");
    assert_eq!(errors[0]["extensions"]["argumentPath"], path, "{answer}");
    assert!(errors[0]["message"].as_str().unwrap().starts_with(path), "{answer}");
    assert_eq!(errors[0]["path"], json!([field]), "{answer}");
    assert_eq!(answer["data"], Value::Null);
}

#[tokio::test]
async fn variables_within_an_input_are_read_as_well() {
    let server = Server::start().await;
    let query = "mutation($s: ID!, $u: ID, $t: String!, $n: Long, $e: Boolean = true) {
        logKeystroke(input: {sessionId: $s, userId: $u, text: $t, sequence: $n, submitted: $e}) { accepted } }";
    for variables in [
        json!({"s": "s1", "t": "te"}),
        json!({"s": "s2", "u": null, "t": "te", "n": null}),
        json!({"s": "s3", "u": "u1", "t": "te", "n": 1, "e": false}),
    ] {
        let data = server.data(query, variables).await;
        assert_eq!(data, json!({"logKeystroke": {"accepted": true}}));
    }
    let error = server.error(query, json!({"s": "", "t": "te"})).await;
    assert_eq!(error["extensions"]["argumentPath"], "input.sessionId");
    server.flush().await;
    let log = server.data(LOG, json!({})).await;
    let users: Vec<&Value> =
        log["searchLog"]["nodes"].as_array().unwrap().iter().map(|node| &node["userId"]).collect();
    assert_eq!(users.len(), 3);
    assert_eq!(users.iter().filter(|user| user.is_null()).count(), 2);
}

#[tokio::test]
async fn the_most_complete_text_of_a_search_is_logged() {
    let server = Server::start().await;
    for text in ["b", "bu", "bus", "busi"] {
        server.data(ONE, json!({"input": keystroke(&json!({"text": text, "userId": "u1"}))})).await;
    }
    let rest: Vec<Value> = ["busin", "Business  Class "]
        .iter()
        .map(|text| keystroke(&json!({"text": text, "userId": "u1", "resultCount": 4})))
        .collect();
    server.data(BATCH, json!({ "input": rest })).await;
    let other = keystroke(&json!({"sessionId": "s2", "text": "mail me at ada@example.org"}));
    server.data(ONE, json!({ "input": other })).await;
    server.flush().await;
    let log = server.data(LOG, json!({})).await;
    let mut nodes = log["searchLog"]["nodes"].as_array().unwrap().clone();
    nodes.sort_by_key(|node| node["sessionId"].to_string());
    assert_eq!(
        nodes[0],
        json!({"sessionId": "s1", "userId": "u1", "query": "Business Class", "keystrokes": 6, "resultCount": 4})
    );
    assert_eq!(nodes.len(), 2);
    assert!(!nodes[1]["query"].as_str().unwrap().contains("ada@"), "it is masked: {nodes:?}");
}

#[tokio::test]
async fn late_keystrokes_and_floods_are_dropped_and_counted() {
    let limits = BufferLimits { flood_keystrokes: 10, ..BufferLimits::default() };
    let (buffer, _folder) = small_buffer(limits);
    let server = with_buffer(buffer).await;
    let send = async |changes: Value| {
        let data = server.data(ONE, json!({"input": keystroke(&changes)})).await;
        data["logKeystroke"]["accepted"].as_bool().unwrap()
    };
    assert!(send(json!({"sequence": 3})).await);
    assert!(send(json!({"sequence": 5, "submitted": true})).await);
    server.flush().await;
    assert!(!send(json!({"sequence": 4})).await);
    assert!(!send(json!({"sequence": 5})).await);
    assert!(send(json!({"sequence": 4, "inputId": "another box"})).await);
    assert!(send(json!({"sequence": 6})).await);
    let batch = json!([keystroke(&json!({"sequence": 4})), keystroke(&json!({"sequence": 7}))]);
    assert_eq!(server.data(BATCH, json!({ "input": batch })).await["logKeystrokes"]["accepted"], 1);
    let flood = json!(vec![keystroke(&json!({"sessionId": "flood"})); 12]);
    assert_eq!(server.data(BATCH, json!({ "input": flood })).await["logKeystrokes"]["accepted"], 10);
    let health = server.data("{ loggingHealth { keystrokesAccepted keystrokesDropped } }", json!({})).await;
    assert_eq!(health["loggingHealth"], json!({"keystrokesAccepted": 15, "keystrokesDropped": 5}));
}

#[tokio::test]
async fn a_full_buffer_is_an_error_of_keystrokes_but_not_of_searches() {
    let (buffer, _folder) = small_buffer(BufferLimits { keystrokes: 2, ..BufferLimits::default() });
    let server = with_buffer(buffer).await;
    let three = json!(vec![keystroke(&json!({})); 3]);
    let error = server.error(BATCH, json!({ "input": three })).await;
    assert_eq!(code(&error), "TOO_BUSY");
    assert!(error["message"].as_str().unwrap().contains("2 of 3"), "{error}");
    assert_eq!(code(&server.error(ONE, json!({"input": keystroke(&json!({}))})).await), "TOO_BUSY");
    let tracked = "{ search(query: \"tea\", track: {sessionId: \"s1\"}) { totalCount } }";
    let answer = server.ask(tracked, json!({})).await;
    assert_eq!(answer["data"]["search"]["totalCount"], 0);
    assert_eq!(answer["extensions"]["warnings"][0]["extensions"]["code"], "TOO_BUSY");
    server.flush().await;
    assert_eq!(server.ask(tracked, json!({})).await.get("extensions"), None, "there is room again");
}

#[tokio::test]
async fn a_tracked_search_is_logged_with_its_number_of_results() {
    let server = Server::start().await;
    let documents: Vec<Value> =
        (0..12).map(|n| json!({"source": "notes", "key": n.to_string(), "text": "green tea"})).collect();
    server.index(json!(documents)).await;
    let query = "query($q: String!, $track: TrackInput) {
        search(query: $q, first: 1, track: $track) { totalCount nodes { key } } }";
    for (text, found) in [("g", 12), ("green tea", 12), ("nothing so", 0)] {
        let track = json!({"sessionId": "s1", "userId": "u1", "inputId": "box"});
        let answer = server.ask(query, json!({"q": text, "track": track})).await;
        assert_eq!(answer["data"]["search"]["totalCount"], found, "{answer}");
        assert_eq!(answer.get("extensions"), None);
    }
    // As a literal; null, or no argument, logs nothing.
    let written =
        "{ search(query: \"tea\", first: 0, track: {sessionId: \"s2\", sequence: 3, submitted: true})
        { totalCount } }";
    assert_eq!(server.data(written, json!({})).await["search"]["totalCount"], 12);
    server.data(query, json!({"q": "untracked", "track": null})).await;
    server.data(query, json!({"q": "untracked"})).await;
    server.flush().await;
    let log = server.data(LOG, json!({})).await;
    let mut nodes = log["searchLog"]["nodes"].as_array().unwrap().clone();
    nodes.sort_by_key(|node| (node["sessionId"].to_string(), node["query"].to_string()));
    let row = |session: &str, user: Value, query: &str, keystrokes: i64, found: i64| json!({"sessionId": session, "userId": user, "query": query, "keystrokes": keystrokes, "resultCount": found});
    assert_eq!(
        nodes,
        [
            row("s1", json!("u1"), "green tea", 2, 12),
            row("s1", json!("u1"), "nothing so", 1, 0),
            row("s2", Value::Null, "tea", 1, 12),
        ]
    );
}

#[tokio::test]
async fn invalid_track_input_is_rejected_before_the_search() {
    let server = Server::start().await;
    let query = "query($track: TrackInput!) { search(query: \"tea\", track: $track) { totalCount } }";
    for (field, track) in [
        ("sessionId", json!({"sessionId": ""})),
        ("sessionId", json!({"sessionId": "x".repeat(129)})),
        ("userId", json!({"sessionId": "s", "userId": " "})),
        ("inputId", json!({"sessionId": "s", "inputId": "a\nb"})),
    ] {
        assert_refused(
            &server.ask(query, json!({ "track": track })).await,
            &format!("track.{field}"),
            "search",
        );
        let written = format!("{{ search(query: \"tea\", track: {}) {{ totalCount }} }}", literal(&track));
        assert_refused(&server.ask(&written, json!({})).await, &format!("track.{field}"), "search");
    }
    for track in
        [json!({}), json!({"sessionId": "s", "text": "x"}), json!({"sessionId": "s", "sequence": 1.5})]
    {
        assert_eq!(code(&server.error(query, json!({ "track": track })).await), "BAD_USER_INPUT");
    }
    assert_eq!(taken(&server).await, 0);
}

#[tokio::test]
async fn an_unavailable_buffer_fails_no_search() {
    let server = with_buffer(dead_buffer()).await;
    server.index(json!([{"source": "notes", "key": "1", "text": "green tea"}])).await;
    let query = "query($track: TrackInput) {
        a: search(query: \"tea\", track: $track) { totalCount nodes { key } }
        b: search(query: \"coffee\", track: $track) { totalCount } }";
    let answer = server.ask(query, json!({"track": {"sessionId": "s1"}})).await;
    assert_eq!(
        answer["data"],
        json!({"a": {"totalCount": 1, "nodes": [{"key": "1"}]}, "b": {"totalCount": 0}})
    );
    assert_eq!(answer.get("errors"), None);
    let warnings = answer["extensions"]["warnings"].as_array().unwrap();
    let mut paths: Vec<String> = warnings.iter().map(|warning| warning["path"].to_string()).collect();
    paths.sort();
    assert_eq!(paths, ["[\"a\"]", "[\"b\"]"]);
    for warning in warnings {
        assert_eq!(code(warning), "BUFFER_UNAVAILABLE");
        assert!(warning["extensions"]["requestId"].as_str().unwrap().len() > 5, "{warning}");
        let message = warning["message"].as_str().unwrap();
        assert!(message.starts_with("The search was answered, but not logged."), "{message}");
        assert!(!message.contains("127.0.0.1") && !message.contains("Redis"), "{message}");
    }
    // Without `track` there is no warning.
    assert_eq!(server.ask(query, json!({})).await.get("extensions"), None);

    let erase = "mutation { eraseSearcher(input: {sessionId: \"s1\"}) { searches } }";
    let health = "{ loggingHealth { bufferedSearches } }";
    let input = keystroke(&json!({}));
    for (query, variables) in [
        (ONE, json!({ "input": input })),
        (BATCH, json!({ "input": [input] })),
        (erase, json!({})),
        (health, json!({})),
    ] {
        let error = server.error(query, variables).await;
        assert_eq!(code(&error), "BUFFER_UNAVAILABLE", "{query}");
        assert!(!error["message"].as_str().unwrap().contains("127.0.0.1"), "{error}");
    }
    // Invalid input is rejected in any case, and an empty batch needs no buffer.
    let error = server.error(ONE, json!({"input": keystroke(&json!({"sessionId": ""}))})).await;
    assert_eq!(code(&error), "BAD_USER_INPUT");
    assert_eq!(server.data(BATCH, json!({"input": []})).await["logKeystrokes"]["accepted"], 0);
    // The search log needs no buffer.
    assert_eq!(server.data(LOG, json!({})).await["searchLog"]["nodes"], json!([]));
}
