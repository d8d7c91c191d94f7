//! Requests whose parsed form takes many times the memory of their text.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::super::wire;
use super::Measured;
use crate::support::folder::Folder;
use crate::support::wait::until;

/// The length of the bodies, in bytes: within the limit.
const LENGTH: usize = 16_000_000;

/// A list that repeats one item.
fn list(item: &str) -> String {
    format!("[{}{item}]", format!("{item},").repeat(LENGTH / (item.len() + 1) - 100))
}

fn ids(list: &str) -> Vec<u8> {
    let query = "query($i: [ID!]!) { nodes(ids: $i) { id } }";
    format!(r#"{{"query":"{query}","variables":{{"i":{list}}}}}"#).into_bytes()
}

fn unused(list: &str) -> Vec<u8> {
    format!(r#"{{"query":"{{ sources {{ name }} }}","variables":{{"a":{list}}}}}"#).into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_of_variables() {
    for (attack, body) in [
        ("millions of numbers", ids(&list("0"))),
        ("millions of lists", ids(&list("[0]"))),
        ("millions of objects", ids(&list(r#"{"a":0}"#))),
        ("millions of unused numbers", unused(&list("0"))),
        ("millions of values in a batch", [b"[".as_slice(), &unused(&list("[]")), b"]"].concat()),
    ] {
        let folder = Folder::new("");
        let measured = Measured::start(&folder).await;
        let (status, answer) = measured.server.endpoint.send("application/json", body).await.unwrap();
        assert_eq!(status, 413, "{attack}: {answer}");
        assert!(answer.contains("JSON values") && answer.contains("limits.json_values"), "{answer}");
        measured.end(attack).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn six_concurrent_requests() {
    let folder = Folder::new("");
    let measured = Measured::start(&folder).await;
    let endpoint = &measured.server.endpoint;
    for body in [ids(&list("0")), ids(&list("[0]")), unused(&list("0"))] {
        let sent = (0..6).map(|_| endpoint.send("application/json", body.clone()));
        for response in join_all(sent).await {
            let (status, _) = response.expect("a response");
            assert!(matches!(status, 413 | 503), "{status}");
        }
    }
    measured.end("six concurrent requests").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_at_the_limit_of_values() {
    let folder = Folder::new("");
    let measured = Measured::start(&folder).await;
    let endpoint = &measured.server.endpoint;
    let list = format!("[{}0]", r#"{"a":0},"#.repeat(49_000));
    let body = ids(&list);
    let sent = (0..12).map(|_| endpoint.send("application/json", body.clone()));
    let answers = join_all(sent).await;
    let statuses: Vec<u16> = answers.into_iter().map(|answer| answer.expect("a response").0).collect();
    assert!(statuses.iter().all(|status| matches!(status, 200 | 503)), "{statuses:?}");
    assert!(statuses.contains(&200), "{statuses:?}");
    // A thousand documents with long attributes are within the limits.
    let attributes: Value =
        (0..60).map(|n| (format!("k{n}"), json!(n))).collect::<serde_json::Map<_, _>>().into();
    let documents: Vec<Value> = (0..1_000)
        .map(|n| json!({"source": "s", "key": n.to_string(), "text": "x", "attributes": attributes}))
        .collect();
    let text = "mutation($i: IndexDocumentsInput!) { indexDocuments(input: $i) { inserted } }";
    let stored = endpoint.data(text, json!({"i": {"documents": documents, "wait": false}})).await;
    assert_eq!(stored["indexDocuments"]["inserted"], 1_000);
    measured.end("requests at the limit of values").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn announced_bodies() {
    let folder = Folder::new("[limits]\nbody_time = \"1h\"\n");
    let measured = Measured::start(&folder).await;
    let mut open = Vec::new();
    for _ in 0..400 {
        let mut stream = wire::connect(measured.server.endpoint.address()).await;
        stream.write_all(wire::post_head("*/*", LENGTH).as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; 128 << 10]).await.unwrap();
        open.push(stream);
    }
    // The server has read every byte that was sent.
    until("the bodies", async || {
        (measured.server.endpoint.metric("quarry_request_body_bytes").await >= 400.0 * 131_072.0)
            .then_some(())
    })
    .await;
    measured.check("announced bodies that are not sent");
    drop(open);
    measured.end("announced bodies that are not sent").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscriptions_release_their_requests() {
    let folder = Folder::new("");
    let measured = Measured::start(&folder).await;
    let address = measured.server.endpoint.address().to_owned();
    let query = "subscription { searchLogged { id } }";
    // One long value is within the limit on their number.
    let values = format!(r#"{{"query":"{query}","variables":{{"a":"{}"}}}}"#, "x".repeat(LENGTH - 1_000));
    // A parsed document has no comments.
    let comment = json!({"query": format!("{query} # {}", "x".repeat(1_000_000))}).to_string();
    let mut streams = Vec::new();
    for body in std::iter::repeat_n(values, 20).chain(std::iter::repeat_n(comment, 20)) {
        let mut stream = wire::connect(&address).await;
        stream.write_all(wire::post("text/event-stream", &body).as_bytes()).await.unwrap();
        let head = wire::read_until(&mut stream, "\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        streams.push(stream);
    }
    measured.check("streams with long variables and comments");
    // The limit on values holds for event streams as well.
    let body = format!(r#"{{"query":"{query}","variables":{{"a":{}}}}}"#, list("0"));
    for _ in 0..3 {
        let mut stream = wire::connect(&address).await;
        stream.write_all(wire::post("text/event-stream", &body).as_bytes()).await.unwrap();
        let head = wire::read_until(&mut stream, "\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 413 "), "{head}");
        streams.push(stream);
    }
    measured.check("streams with many values");
    drop(streams);
    measured.end("streams").await;
}
