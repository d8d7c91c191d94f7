//! Bounds of memory: the values of a request, a running request, and a response.

use quarry::graphql::Limits;
use quarry::http::HttpLimits;
use serde_json::{Value, json};

use super::limits::{ENDLESS, endless};
use super::server::{Server, Setup, code, read};
use super::transports::{self, ALL};
use crate::support::wait::until;

fn codes(answer: &Value) -> Vec<&str> {
    answer["errors"].as_array().into_iter().flatten().map(code).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_are_counted_over_every_transport() {
    let http = HttpLimits { json_values: 1_000, ..HttpLimits::default() };
    let server = Server::start_with(Setup { http, ..Setup::default() }).await;
    for transport in ALL {
        for (values, expected) in [(900, &[][..]), (1_100, &["BAD_USER_INPUT"][..])] {
            if transport == transports::Transport::Batch && !expected.is_empty() {
                continue;
            }
            // Undefined variables count as well.
            let variables = json!({ "unused": vec![0; values] });
            let answer = transports::ask(&server, transport, "{ __typename }", variables).await;
            assert_eq!(codes(&answer), expected, "{transport:?}: {values}");
        }
    }
    // A batch counts as a whole.
    let half = json!({"query": "{ __typename }", "variables": {"unused": vec![0; 600]}});
    let refused = server.post(&json!([half, half])).send().await.unwrap();
    assert_eq!(refused.status(), 413);
    assert_eq!(codes(&read(refused).await), ["BAD_USER_INPUT"]);
    assert_eq!(server.post(&json!([half])).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn undefined_variables_are_skipped() {
    let server = Server::start().await;
    let query = "query($q: String!) { search(query: $q) { totalCount } }";
    for transport in ALL {
        let variables = json!({"q": "x", "unused": {"deep": [[[["x"]]]]}});
        let answer = transports::ask(&server, transport, query, variables).await;
        assert_eq!(answer["data"]["search"]["totalCount"], 0, "{transport:?}: {answer}");
    }
    // Of two with the same name, the last one is used.
    let body = format!(r#"{{"query": "{query}", "variables": {{"q": 7, "q": "x"}}}}"#);
    let request = server.request("POST", "/graphql").header("content-type", "application/json");
    assert_eq!(read(request.body(body).send().await.unwrap()).await["data"]["search"]["totalCount"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_holds_its_memory_until_its_execution_ends() {
    let server = Server::start_with(endless()).await;
    let body = json!({"query": ENDLESS, "variables": {"unused": vec![0; 10_000]}});
    let length = body.to_string().len();
    let sent = server.post(&body).send();
    let running = tokio::spawn(sent);
    // More than the length of the text: the values take more.
    let held = || server.admission.in_flight().body_bytes;
    until("what runs to be counted", async || (server.admission.in_flight().operations == 1).then_some(()))
        .await;
    until("its memory", async || (held() > 10 * length).then_some(())).await;
    // A disconnect releases no memory of a running operation.
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    assert!(held() > 10 * length);
    assert_eq!(server.admission.in_flight().operations, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_holds_the_memory_of_its_document() {
    let server = Server::start().await;
    let held = || server.admission.in_flight().body_bytes;
    let request = server.request("POST", "/graphql").header("content-type", "application/json");
    let query = "subscription { searchLogged { id } }";
    let body = json!({"query": query, "variables": {"unused": "x".repeat(1_000_000)}}).to_string();
    let response = request.header("accept", "text/event-stream").body(body).send().await.unwrap();
    assert_eq!(response.status(), 200);
    until("the body given back", async || (held() < 1_000).then_some(())).await;
    assert!(held() >= query.len(), "{}", held());
    drop(response);
    until("the rest given back", async || (held() == 0).then_some(())).await;
}

async fn with_long_text(limits: Limits, response_bytes: usize) -> Server {
    let http = HttpLimits { response_bytes, ..HttpLimits::default() };
    let server = Server::start_with(Setup { http, limits, ..Setup::default() }).await;
    let document = json!({"source": "a", "key": "1", "text": "x".repeat(40_000)});
    let text = "mutation($d: DocumentInput!) { indexDocuments(input: {documents: [$d]}) { inserted } }";
    server.data(text, json!({ "d": document })).await;
    server
}

const TEXT: &str = "{ search(query: \"\") { nodes { text } } }";
const TWICE: &str = "{ search(query: \"\") { nodes { text again: text } } }";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn responses_have_a_maximum_length_over_every_transport() {
    let limits = Limits { response_bytes: 70_000, ..Limits::default() };
    let server = with_long_text(limits, 70_000).await;
    for transport in ALL {
        let answer = transports::ask(&server, transport, TEXT, json!({})).await;
        assert_eq!(codes(&answer), [""; 0], "{transport:?}");
        let answer = transports::ask(&server, transport, TWICE, json!({})).await;
        assert_eq!(codes(&answer), ["RESPONSE_TOO_LARGE"], "{transport:?}: {answer}");
        assert_eq!(answer["data"], Value::Null);
    }
    // A batch counts as a whole: its first operations are answered.
    let batch = json!([{ "query": TEXT }, { "query": TEXT }, { "query": "{ __typename }" }]);
    let answers = read(server.post(&batch).send().await.unwrap()).await;
    let found: Vec<Vec<&str>> = answers.as_array().unwrap().iter().map(codes).collect();
    assert_eq!(found, [vec![], vec!["RESPONSE_TOO_LARGE"], vec![]]);
    // Short texts count as well.
    let server = with_long_text(Limits::default(), 70_000).await;
    let answer = server.ask(TWICE, json!({})).await;
    assert_eq!(codes(&answer), ["RESPONSE_TOO_LARGE"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mutation_is_answered_while_responses_exhaust_the_memory() {
    let limits = Limits { responses_bytes: 20_000, ..Limits::default() };
    let server = with_long_text(limits, 1 << 20).await;
    for transport in ALL {
        let answer = transports::ask(&server, transport, TEXT, json!({})).await;
        assert_eq!(codes(&answer), ["TOO_BUSY"], "{transport:?}");
    }
    let text = "mutation { indexDocuments(input: {documents: [{source: \"a\", key: \"2\", text: \"y\"}]}) { \
                inserted documents { key } } }";
    assert_eq!(server.data(text, json!({})).await["indexDocuments"]["inserted"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_are_few_and_short_over_every_transport() {
    let server = Server::start().await;
    let fields = format!("{{ {} }}", "a ".repeat(1_000));
    let enumeration = format!("{{ search(query: \"\", sort: {}) {{ totalCount }} }}", "X".repeat(150));
    let name = format!("{{ {} }}", "x".repeat(10_000));
    for transport in ALL {
        for (query, most) in [(&fields, 20), (&enumeration, 1), (&name, 1)] {
            let answer = transports::ask(&server, transport, query, json!({})).await;
            let errors = answer["errors"].as_array().expect("errors");
            assert_eq!(errors.len(), most, "{transport:?}: {query}");
            for error in errors {
                let message = error["message"].as_str().unwrap();
                assert!(message.len() < 500, "{transport:?}: {message}");
            }
        }
    }
}
