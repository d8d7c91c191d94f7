//! Responses that are much longer than their requests.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::wire;
use super::Measured;
use crate::support::folder::Folder;
use crate::support::server::Endpoint;

/// Twenty documents of 400 KB.
async fn store_long_texts(endpoint: &Endpoint) {
    // Long words, since indexing many short ones is slow.
    let text = format!("{} ", "x".repeat(99)).repeat(4_000);
    let keys: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    let documents: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), text.as_str())).collect();
    let stored = endpoint.index("big", &documents).await;
    assert!(stored.errors.is_empty(), "{:?}", stored.errors);
}

fn aliases(count: usize, field: &str) -> String {
    (0..count).map(|n| format!("c{n}: {field} ")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeated_long_texts() {
    let folder = Folder::new("");
    let measured = Measured::start(&folder).await;
    let endpoint = &measured.server.endpoint;
    store_long_texts(endpoint).await;
    let found = endpoint.data("{ search(query: \"\", first: 100) { nodes { id } } }", json!({})).await;
    let ids: Vec<&Value> =
        found["search"]["nodes"].as_array().unwrap().iter().map(|node| &node["id"]).collect();
    let search = "search(query: \"\", first: 100, filter: {source: [\"big\"]})";
    for (attack, query) in [
        ("searches", format!("{{ {} }}", aliases(80, &format!("{search} {{ nodes {{ text }} }}")))),
        ("fields", format!("{{ {search} {{ nodes {{ {} }} }} }}", aliases(90, "text"))),
        (
            "nodes",
            format!("query($i: [ID!]!) {{ {} }}", aliases(90, "nodes(ids: $i) { ... on Document { text } }")),
        ),
    ] {
        let answer = endpoint.raw(&query, json!({ "i": ids })).await;
        let errors = answer["errors"].as_array().expect("errors");
        assert_eq!(answer["data"], Value::Null, "{attack}");
        assert_eq!(errors.len(), 1, "{attack}");
        assert_eq!(errors[0]["extensions"]["code"], "RESPONSE_TOO_LARGE", "{attack}: {errors:?}");
        assert!(errors[0]["message"].as_str().unwrap().contains("Request fewer"), "{errors:?}");
        measured.check(attack);
    }
    // A long response within the limit is sent.
    let query = format!("{{ {search} {{ nodes {{ text }} }} }}");
    assert_eq!(endpoint.data(&query, json!({})).await["search"]["nodes"].as_array().unwrap().len(), 20);
    let query = format!("{{ {} }}", aliases(80, &format!("{search} {{ nodes {{ text }} }}")));
    let sent = (0..6).map(|_| endpoint.raw(&query, json!({})));
    for answer in join_all(sent).await {
        let code = &answer["errors"][0]["extensions"]["code"];
        assert!(code == "RESPONSE_TOO_LARGE" || code == "TOO_BUSY", "{code}");
    }
    measured.end("six concurrent requests").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unread_responses() {
    let folder = Folder::new("[limits]\nsend_time = \"1h\"\n");
    let measured = Measured::start(&folder).await;
    let endpoint = &measured.server.endpoint;
    store_long_texts(endpoint).await;
    let body = json!({"query": "{ search(query: \"\", first: 100) { nodes { text } } }"}).to_string();
    let mut stalled = Vec::new();
    for _ in 0..60 {
        let mut stream = wire::connect_narrow(endpoint.address()).await;
        stream.write_all(wire::post("application/json", &body).as_bytes()).await.unwrap();
        // The response has begun.
        let mut first = [0; 12];
        stream.read_exact(&mut first).await.unwrap();
        stalled.push(stream);
    }
    measured.check("sixty unread responses");
    // Small responses are still sent.
    let small = endpoint.data("{ search(query: \"\", first: 100) { nodes { id key } } }", json!({})).await;
    assert_eq!(small["search"]["nodes"].as_array().unwrap().len(), 20);
    drop(stalled);
    measured.end("sixty unread responses").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors() {
    let folder = Folder::new("");
    let measured = Measured::start(&folder).await;
    let endpoint = &measured.server.endpoint;
    let fields = format!("{{ {} }}", "a ".repeat(1_990));
    let unused: String = (0..9_000).map(|n| format!("$v{n}: Int ")).collect();
    for body in [
        json!({ "query": fields }),
        json!((0..10).map(|_| json!({ "query": fields })).collect::<Vec<_>>()),
        json!({"query": format!("query({unused}) {{ __typename }}")}),
        json!({"query": "{ __typename }", "operationName": "x".repeat(5_000_000)}),
        json!({"query": format!("{{ {} }}", "x".repeat(900_000))}),
        json!({"query": "{ __typename }", "extensions": "x".repeat(5_000_000)}),
        json!({"query": "query($f: DocumentFilter) { search(query: \"\", filter: $f) { totalCount } }",
            "variables": {"f": {"x".repeat(5_000_000): 1}}}),
        json!({"query": format!("subscription {{ crawlProgress(source: \"{}\") {{ id }} }}", "x".repeat(900_000))}),
    ] {
        let sent = body.to_string();
        let excerpt: String = sent.chars().take(60).collect();
        let (_, answer) = endpoint.send("application/json", sent.into_bytes()).await.expect("a response");
        assert!(answer.len() < 40_000, "{} bytes for {excerpt}", answer.len());
        let parsed: Value = serde_json::from_str(&answer).expect("JSON");
        let answers = parsed.as_array().cloned().unwrap_or_else(|| vec![parsed]);
        for answer in answers {
            let errors = answer["errors"].as_array().expect("errors");
            assert!((1..=20).contains(&errors.len()), "{} errors for {excerpt}", errors.len());
            let longest =
                errors.iter().map(|error| error["message"].as_str().expect("a message").len()).max();
            assert!(longest < Some(600), "{longest:?} bytes for {excerpt}");
        }
    }
    measured.end("errors").await;
}
