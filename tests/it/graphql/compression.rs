//! Compression of responses.

use reqwest::{Client, Response};
use serde_json::json;

use super::server::{Server, read};
use crate::support::events::{Event, Events};

const LONG: &str = "{ __schema { types { name description fields { name description } } } }";

/// A client that does not decompress bodies.
fn plain() -> Client {
    Client::builder().no_proxy().no_gzip().build().unwrap()
}

async fn ask(server: &Server, query: &str, encodings: &str) -> Response {
    let request = plain().post(format!("http://{}/graphql", server.address));
    let request = request.header("content-type", "application/json").header("accept-encoding", encodings);
    request.body(json!({ "query": query }).to_string()).send().await.unwrap()
}

#[tokio::test]
async fn long_responses_are_compressed_as_the_client_prefers() {
    let server = Server::start().await;
    let whole = ask(&server, LONG, "identity").await;
    assert!(!whole.headers().contains_key("content-encoding"));
    let whole = whole.bytes().await.unwrap();
    for (accepted, encoding) in [
        ("gzip", "gzip"),
        ("br", "br"),
        ("zstd", "zstd"),
        ("gzip;q=0.5, br;q=0.9, zstd;q=0", "br"),
        ("deflate, gzip", "gzip"),
    ] {
        let answer = ask(&server, LONG, accepted).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-encoding"], encoding, "{accepted}");
        let varies: Vec<_> = answer.headers().get_all("vary").iter().collect();
        assert!(varies.iter().any(|vary| *vary == "accept-encoding"), "{varies:?}");
        // It is compressed before it is sent, so its length is known.
        let length: usize = answer.headers()["content-length"].to_str().unwrap().parse().unwrap();
        let bytes = answer.bytes().await.unwrap();
        assert_eq!(bytes.len(), length, "{encoding}");
        assert!(bytes.len() * 2 < whole.len(), "{encoding}: {} of {}", bytes.len(), whole.len());
    }
    // The client of other tests accepts gzip and reads it.
    let read_back = read(server.post(&json!({"query": LONG})).send().await.unwrap()).await;
    assert_eq!(read_back, serde_json::from_slice::<serde_json::Value>(&whole).unwrap());
}

#[tokio::test]
async fn short_responses_and_event_streams_are_not_compressed() {
    let server = Server::start().await;
    let answer = ask(&server, "{ __typename }", "gzip, br, zstd").await;
    assert!(!answer.headers().contains_key("content-encoding"));
    let request =
        plain().post(format!("http://{}/graphql", server.address)).header("accept-encoding", "gzip, br");
    let request = request.header("content-type", "application/json").header("accept", "text/event-stream");
    let answer = request.body(json!({ "query": LONG }).to_string()).send().await.unwrap();
    assert!(!answer.headers().contains_key("content-encoding"));
    let mut events = Events::of(answer);
    assert!(events.answer().await["data"]["__schema"].is_object());
    assert_eq!(events.next().await, Some(Event::Complete));
}

#[tokio::test]
async fn the_explorer_is_compressed_and_revalidated() {
    let server = Server::start().await;
    let url = format!("http://{}/graphiql/graphiql.min.js", server.address);
    let get = async |headers: &[(&str, &str)]| {
        let request =
            headers.iter().fold(plain().get(&url), |request, (name, value)| request.header(*name, *value));
        request.send().await.unwrap()
    };
    let whole = get(&[]).await.bytes().await.unwrap().len();
    let compressed = get(&[("accept-encoding", "br, gzip")]).await;
    assert_eq!(compressed.headers()["content-encoding"], "br");
    let etag = compressed.headers()["etag"].to_str().unwrap().to_owned();
    assert!(compressed.bytes().await.unwrap().len() * 2 < whole);
    let held = get(&[("accept-encoding", "gzip"), ("if-none-match", &etag)]).await;
    assert_eq!(held.status(), 304);
}
