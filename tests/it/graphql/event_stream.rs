//! Operations over event streams.

use std::time::Duration;

use quarry::http::HttpLimits;
use serde_json::{Value, json};

use super::limits::{ENDLESS, endless};
use super::server::{Server, Setup, code, read};
use super::transports::codes;
use crate::support::events::{Event, Events};
use crate::support::wait::until;

const CRAWLS: &str = "subscription { crawlProgress(source: \"messages\") { id } }";
const SEARCHES: &str = "subscription { searchLogged { query } }";

async fn events(server: &Server, operation: &Value) -> Events {
    Events::of(server.post(operation).header("accept", "text/event-stream").send().await.unwrap())
}

#[tokio::test]
async fn queries_mutations_and_invalid_operations_end_with_complete() {
    let server = Server::start().await;
    for (query, expected) in [
        ("{ __typename }", json!({"data": {"__typename": "Query"}})),
        (
            "mutation { deleteDocuments(input: {ids: []}) { deleted } }",
            json!({"data": {"deleteDocuments": {"deleted": 0}}}),
        ),
    ] {
        let mut events = events(&server, &json!({ "query": query })).await;
        assert_eq!(events.next().await, Some(Event::Next(expected)));
        assert_eq!(events.next().await, Some(Event::Complete));
        assert_eq!(events.next().await, None);
    }
    for (query, expected) in [
        ("{ nonsense }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { nonsense }", "GRAPHQL_VALIDATION_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("query($q: String!) { search(query: $q) { totalCount } }", "BAD_USER_INPUT"),
    ] {
        let mut events = events(&server, &json!({ "query": query })).await;
        let answer = events.answer().await;
        assert_eq!((answer.get("data"), codes(&answer)), (None, vec![expected]), "{query}");
        assert_eq!(events.next().await, Some(Event::Complete));
    }
}

#[tokio::test]
async fn get_executes_queries_and_subscriptions_only() {
    let server = Server::start().await;
    let get =
        |query: &str| server.get(&format!("/graphql?query={query}")).header("accept", "text/event-stream");
    let mut queried = Events::of(get("{__typename}").send().await.unwrap());
    assert_eq!(queried.answer().await, json!({"data": {"__typename": "Query"}}));
    let refused = get("mutation{startCrawl(source:%22messages%22){id}}").send().await.unwrap();
    assert_eq!((refused.status().as_u16(), &refused.headers()["allow"]), (405, &"POST".parse().unwrap()));
    let mut followed =
        Events::of(get("subscription{crawlProgress(source:%22messages%22){id}}").send().await.unwrap());
    server.data("mutation { startCrawl(source: \"messages\") { id } }", json!({})).await;
    assert!(followed.answer().await["data"]["crawlProgress"]["id"].is_string());
}

#[tokio::test]
async fn a_malformed_request_has_a_status() {
    let server = Server::start().await;
    let post = |body: Value| server.post(&body).header("accept", "text/event-stream").send();
    for body in [json!({}), json!([{"query": "{ __typename }"}]), json!({"query": 7})] {
        let refused = post(body).await.unwrap();
        assert_eq!(refused.status(), 400);
        assert_eq!(code(&read(refused).await["errors"][0]), "BAD_USER_INPUT");
    }
}

#[tokio::test]
async fn a_subscription_ends_when_its_client_disconnects() {
    let server = Server::start().await;
    let mut events = events(&server, &json!({ "query": SEARCHES })).await;
    until("a subscription", async || (server.admission.in_flight().subscriptions == 1).then_some(())).await;
    let log = "mutation($input: LogKeystrokeInput!) { logKeystroke(input: $input) { accepted } }";
    // The first event shows that the server has subscribed.
    let mut heard = None;
    while heard.is_none() {
        let input = json!({"sessionId": "s", "text": "green tea", "resultCount": 3});
        server.data(log, json!({ "input": input })).await;
        server.flush().await;
        heard = tokio::time::timeout(Duration::from_millis(50), events.answer()).await.ok();
    }
    assert_eq!(heard, Some(json!({"data": {"searchLogged": {"query": "green tea"}}})));
    assert_eq!(server.admission.in_flight().event_streams, 1);
    drop(events);
    let gone = async || {
        let in_flight = server.admission.in_flight();
        (in_flight.event_streams == 0 && in_flight.subscriptions == 0).then_some(())
    };
    until("the end of the stream", gone).await;
}

#[tokio::test]
async fn comments_keep_an_idle_stream_open() {
    let http = HttpLimits { keep_alive: Duration::from_millis(20), ..HttpLimits::default() };
    let server = Server::start_with(Setup { http, ..Setup::default() }).await;
    let mut events = events(&server, &json!({ "query": CRAWLS })).await;
    for _ in 0..3 {
        assert_eq!(events.block().await.as_deref(), Some(":\n\n"));
    }
}

#[tokio::test]
async fn a_stopping_server_ends_streams_without_complete() {
    let server = Server::start().await;
    let mut events = events(&server, &json!({ "query": CRAWLS })).await;
    server.stop.cancel();
    assert_eq!(events.next().await, None, "after `complete`, clients would not come again");
}

#[tokio::test]
async fn streams_and_their_operations_are_limited() {
    let http = HttpLimits { event_streams: 2, subscriptions: 1, ..HttpLimits::default() };
    let server = Server::start_with(Setup { http, ..Setup::default() }).await;
    let post =
        |query: &str| server.post(&json!({ "query": query })).header("accept", "text/event-stream").send();
    let _first = events(&server, &json!({ "query": CRAWLS })).await;
    for _ in 0..2 {
        let refused = post(CRAWLS).await.unwrap();
        assert_eq!(
            (refused.status().as_u16(), &refused.headers()["retry-after"]),
            (503, &"1".parse().unwrap())
        );
        assert_eq!(codes(&read(refused).await), ["TOO_BUSY"]);
    }
    assert_eq!(
        Events::of(post("{ __typename }").await.unwrap()).answer().await["data"]["__typename"],
        "Query"
    );

    let http = HttpLimits { event_streams: 1, ..HttpLimits::default() };
    let server = Server::start_with(Setup { http, ..endless() }).await;
    let running = events(&server, &json!({ "query": CRAWLS })).await;
    let refused = server.post(&json!({ "query": ENDLESS })).header("accept", "text/event-stream").send();
    assert_eq!(codes(&read(refused.await.unwrap()).await), ["TOO_BUSY"]);
    assert_eq!(server.admission.in_flight().operations, 0);
    drop(running);
}
