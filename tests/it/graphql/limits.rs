//! Each limit, exceeded over every transport to which it applies.

use std::sync::Arc;
use std::time::Duration;

use quarry::graphql::{Limits, TimeLimits};
use quarry::http::HttpLimits;
use serde_json::{Value, json};

use super::search::Scripted;
use super::server::{Server, Setup, code, read};
use super::transports::{self, ALL, WRITING, codes};
use crate::support::socket::Socket;
use crate::support::wait::{ends, until};

/// A lowered limit of documents, a document at the limit, and one above it.
struct Case {
    limits: Limits,
    fits: String,
    exceeds: String,
    /// A part of the message for the document above the limit.
    part: &'static str,
}

fn cases() -> Vec<Case> {
    let limits = Limits::default();
    let case = |limits: Limits, fits: &str, exceeds: &str, part: &'static str| Case {
        limits,
        fits: fits.to_owned(),
        exceeds: exceeds.to_owned(),
        part,
    };
    let typenames = |count: usize| format!("{{ {} }}", "__typename ".repeat(count));
    vec![
        case(
            Limits { document_bytes: 100, ..limits },
            &format!("{{ __typename {} }}", " ".repeat(80)),
            &format!("{{ __typename {} }}", " ".repeat(90)),
            "longer than 100 bytes",
        ),
        case(Limits { tokens: 20, ..limits }, &typenames(18), &typenames(19), "more than 20 tokens"),
        case(
            Limits { nesting: 4, ..limits },
            "{ sources { ... { ... { __typename } } } }",
            "{ sources { ... { ... { ... { __typename } } } } }",
            "more than 4 brackets",
        ),
        case(Limits { fields: 5, ..limits }, &typenames(5), &typenames(6), "number of fields is 6"),
        case(
            Limits { depth: 2, ..limits },
            "{ search(query: \"\") { totalCount } }",
            "{ search(query: \"\") { nodes { id } } }",
            "depth is 3",
        ),
        case(
            Limits { cost: 159, ..limits },
            "{ search(query: \"\", first: 29) { totalCount nodes { id } } }",
            "{ search(query: \"\", first: 30) { totalCount nodes { id } } }",
            "page sizes is 161",
        ),
        case(
            Limits { aliases: 2, ..limits },
            "{ a: __typename b: __typename }",
            "{ a: __typename ...F } fragment F on Query { b: __typename c: __typename }",
            "number of aliases is 3",
        ),
        case(
            Limits { directives: 1, ..limits },
            "{ __typename @skip(if: false) }",
            "{ __typename @skip(if: false) @include(if: true) }",
            "2 directives",
        ),
        case(
            Limits { spreads: 4, ..limits },
            "{ ...A ...A } fragment A on Query { ...B } fragment B on Query { __typename }",
            "{ ...A ...A ...B } fragment A on Query { ...B } fragment B on Query { __typename }",
            "number of fragment spreads is 5",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_of_documents_hold_over_every_transport() {
    for Case { limits, fits, exceeds, part } in cases() {
        let server = Server::start_with(Setup { limits, ..Setup::default() }).await;
        for transport in ALL {
            let answer = transports::ask(&server, transport, &fits, json!({})).await;
            assert_eq!(answer.get("errors"), None, "{transport:?}: {fits}");
            let answer = transports::ask(&server, transport, &exceeds, json!({})).await;
            assert_eq!(codes(&answer), ["GRAPHQL_VALIDATION_FAILED"], "{transport:?}: {exceeds}");
            let message = answer["errors"][0]["message"].as_str().unwrap();
            assert!(message.contains(part), "{transport:?}: {message}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_page_holds_over_every_transport() {
    let limits = Limits { page_size: 3, ..Limits::default() };
    let server = Server::start_with(Setup { limits, ..Setup::default() }).await;
    let documents: Vec<Value> =
        (0..5).map(|n| json!({"source": "a", "key": n.to_string(), "text": "green tea"})).collect();
    server.index(json!(documents)).await;
    let query = "query($n: Int) { search(query: \"tea\", first: $n) { nodes { id } } suggest(prefix: \"t\", first: $n) { text } }";
    for transport in ALL {
        for (first, size) in [(json!(3), 3), (json!(2), 2), (Value::Null, 3)] {
            let answer = transports::ask(&server, transport, query, json!({ "n": first })).await;
            let nodes = answer["data"]["search"]["nodes"].as_array();
            assert_eq!(nodes.map(Vec::len), Some(size), "{transport:?} {first}: {answer}");
        }
        for refused in [4, 100, 1_000_000, -1] {
            let answer = transports::ask(&server, transport, query, json!({ "n": refused })).await;
            assert_eq!(codes(&answer), ["BAD_USER_INPUT"], "{transport:?} {refused}");
            let message = answer["errors"][0]["message"].as_str().unwrap();
            assert!(message.contains("from 0 to 3"), "{message}");
        }
    }
}

/// A mutation that runs until its time limit on a server without an indexer.
pub(super) const ENDLESS: &str = "mutation { indexDocuments(input: {documents: [{source: \"a\", key: \"1\", text: \"x\"}]}) { inserted } }";

pub(super) fn endless() -> Setup {
    Setup { indexing: false, index_timeout: Duration::from_secs(3_600), ..Setup::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_limits_hold_over_every_transport() {
    let times = TimeLimits { mutation: Duration::from_millis(50), ..TimeLimits::default() };
    let server = Server::start_with(Setup { times, ..endless() }).await;
    for transport in WRITING {
        let answer = transports::ask(&server, transport, ENDLESS, json!({})).await;
        assert_eq!(codes(&answer), ["TIMEOUT"], "{transport:?}");
    }
    let times = TimeLimits { query: Duration::from_millis(50), ..TimeLimits::default() };
    let engine = Arc::new(Scripted::new(None, 0));
    let server = Server::start_with(Setup { engine: Some(engine), times, ..Setup::default() }).await;
    for transport in ALL {
        let query = "{ search(query: \"canal\") { totalCount } }";
        let answer = transports::ask(&server, transport, query, json!({})).await;
        assert_eq!(codes(&answer), ["TIMEOUT"], "{transport:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_of_operations_in_flight_holds_over_every_transport() {
    let http = HttpLimits { operations: 2, ..HttpLimits::default() };
    let server = Server::start_with(Setup { http, ..endless() }).await;
    let mut socket = Socket::connect(server.address).await;
    let (one, other) = (json!({"query": ENDLESS}), json!([{"query": ENDLESS}]));
    let (posted, batched) = (server.post(&one).send(), server.post(&other).send());
    let running = tokio::spawn(async move { tokio::join!(posted, batched) });
    until("two that run", async || (server.admission.in_flight().operations == 2).then_some(())).await;
    for transport in ALL {
        if transport == transports::Transport::Batch {
            continue;
        }
        let answer = transports::ask(&server, transport, "{ __typename }", json!({})).await;
        assert_eq!(codes(&answer), ["TOO_BUSY"], "{transport:?}");
    }
    let refused = server.post(&json!({"query": "{ __typename }"})).send().await.unwrap();
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"1".parse().unwrap()));
    // A batch of which no operation was executed is rejected as a whole.
    let batch = server.post(&json!(vec![json!({"query": "{ __typename }"}); 2])).send().await.unwrap();
    assert_eq!(batch.status(), 503);
    assert_eq!(codes(&read(batch).await), ["TOO_BUSY"]);
    // An operation of a WebSocket counts as well, and a disconnect releases no permit of a mutation.
    running.abort();
    socket.subscribe("1", ENDLESS).await;
    assert_eq!(socket.receive().await["type"], "error");
    assert_eq!(server.admission.in_flight().operations, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exponential_fragments_are_rejected_without_expansion() {
    let server = Server::start().await;
    let levels: String = (0..23)
        .map(|n| format!(" fragment f{n} on Query {{ {} }}", format!("...f{} ", n + 1).repeat(8)))
        .collect();
    for (first, last) in [
        ("{ ...f0 }", "fragment f23 on Query { __typename }"),
        ("{ ...f0 }", ""),
        ("{ __typename }", "fragment f23 on Query { __typename }"),
        ("{ __typename }", ""),
    ] {
        let bomb = format!("{first} {levels} {last}");
        for transport in ALL {
            // Expanded, it has 8^23 spreads, which no machine could process.
            let answer = ends("a bomb", transports::ask(&server, transport, &bomb, json!({}))).await;
            assert_eq!(codes(&answer), ["GRAPHQL_VALIDATION_FAILED"], "{transport:?}");
        }
    }
}

#[tokio::test]
async fn deep_nesting_overflows_no_stack() {
    let server = Server::start().await;
    let nested = |open: &str, close: &str, levels: usize| open.repeat(levels) + &close.repeat(levels);
    for levels in [60, 100, 127, 128, 1_000, 100_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let inner = if open == "[" { "" } else { "1" };
            let value = format!("{}{inner}{}", open.repeat(levels), close.repeat(levels));
            for body in [
                format!(
                    "{{\"query\": \"query($v: [String!]) {{ __typename }}\", \"variables\": {{\"v\": {value}}}}}"
                ),
                format!("{{\"query\": \"{{ __typename }}\", \"extensions\": {{\"v\": {value}}}}}"),
                format!("[{{\"query\": \"{{ __typename }}\", \"variables\": {{\"v\": {value}}}}}]"),
            ] {
                let request = server.request("POST", "/graphql").header("content-type", "application/json");
                let status = request.body(body).send().await.unwrap().status();
                assert!(matches!(status.as_u16(), 200 | 400 | 413), "{status} for {levels} of {open}");
            }
        }
        for text in [
            format!("{{ search(query: {}) {{ totalCount }} }}", nested("[", "]", levels)),
            format!("{{ search(query: {}1{}) {{ totalCount }} }}", "{a: ".repeat(levels), "}".repeat(levels)),
            format!("{{ {}__typename{} }}", "... { ".repeat(levels), " }".repeat(levels)),
            format!("query($v: {}Int{}) {{ __typename }}", "[".repeat(levels), "]".repeat(levels)),
        ] {
            let answer = server.ask(&text, json!({})).await;
            for error in answer["errors"].as_array().map_or(&[][..], Vec::as_slice) {
                assert_ne!(code(error), "INTERNAL_SERVER_ERROR", "{levels}: {error}");
            }
        }
    }
    assert_eq!(server.data("{ __typename }", json!({})).await["__typename"], "Query");
}

#[tokio::test]
async fn an_error_in_a_batch_fails_its_own_operation_only() {
    let server = Server::start().await;
    let fine = json!({"query": "{ __typename }"});
    let batch = json!([fine, {}, {"query": 7}, {"query": "{"}, {"query": "x", "variables": [1]}, fine]);
    let response = server.post(&batch).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let answers = read(response).await;
    let each: Vec<Vec<&str>> = answers.as_array().unwrap().iter().map(codes).collect();
    let wrong = vec!["BAD_USER_INPUT"];
    assert_eq!(each, [vec![], wrong.clone(), wrong.clone(), vec!["GRAPHQL_PARSE_FAILED"], wrong, vec![]]);
    // A malformed batch is not executed.
    let write = json!({"query": "mutation { indexDocuments(input: {documents: [{source: \"a\", key: \"1\", text: \"x\"}]}) { inserted } }"});
    for batch in
        [json!([write, 7]), json!([write, [write]]), json!([write, null]), json!(vec![write.clone(); 11])]
    {
        assert_eq!(server.post(&batch).send().await.unwrap().status(), 400, "{batch}");
    }
    let broken = format!("[{write}, {{]");
    let request = server.request("POST", "/graphql").header("content-type", "application/json");
    assert_eq!(request.body(broken).send().await.unwrap().status(), 400);
    assert_eq!(
        server.data("{ search(query: \"\") { totalCount } }", json!({})).await["search"]["totalCount"],
        0
    );
    assert_eq!(
        server.data("{ sources { name } }", json!({})).await["sources"],
        json!([{"name": "messages"}])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_share_a_memory_budget() {
    let http = HttpLimits { bodies_bytes: 12_000, ..HttpLimits::default() };
    let server = Server::start_with(Setup { http, ..Setup::default() }).await;
    let padded = |bytes: usize| json!({"query": "{ __typename }", "variables": {"pad": "x".repeat(bytes)}});
    assert_eq!(server.post(&padded(9_000)).send().await.unwrap().status(), 200);
    let refused = server.post(&padded(13_000)).send().await.unwrap();
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"1".parse().unwrap()));
    assert_eq!(codes(&read(refused).await), ["TOO_BUSY"]);
    until("the memory released", async || (server.admission.in_flight().body_bytes == 0).then_some(())).await;
    assert_eq!(server.post(&padded(9_000)).send().await.unwrap().status(), 200);
}
