//! The same operation over every transport, with the same result.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::server::{Server, read};
use crate::support::events::{Event, Events};
use crate::support::socket::Socket;

/// The transport of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Post,
    Get,
    /// The second operation of a batch with a valid first one.
    Batch,
    WebSocket,
    /// By POST.
    EventStream,
    /// By GET.
    FetchedEventStream,
}

/// The transports of queries.
pub(super) const ALL: [Transport; 6] = [
    Transport::Post,
    Transport::Get,
    Transport::Batch,
    Transport::WebSocket,
    Transport::EventStream,
    Transport::FetchedEventStream,
];

/// The transports of mutations.
pub(super) const WRITING: [Transport; 4] =
    [Transport::Post, Transport::Batch, Transport::WebSocket, Transport::EventStream];

/// The response to an operation, with `data` and `errors`, over any transport.
pub(super) async fn ask(server: &Server, transport: Transport, query: &str, variables: Value) -> Value {
    let operation = json!({ "query": query, "variables": variables });
    let get = || {
        let parameters = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("query", query)
            .append_pair("variables", &variables.to_string())
            .finish();
        server.get(&format!("/graphql?{parameters}"))
    };
    match transport {
        Transport::Post => read(server.post(&operation).send().await.unwrap()).await,
        Transport::Get => read(get().send().await.unwrap()).await,
        Transport::EventStream => stream(server.post(&operation)).await,
        Transport::FetchedEventStream => stream(get()).await,
        Transport::Batch => {
            let batch = json!([{ "query": "{ __typename }" }, operation]);
            let mut answers = read(server.post(&batch).send().await.unwrap()).await;
            assert_eq!(answers.as_array().map(Vec::len), Some(2), "{answers}");
            answers[1].take()
        }
        Transport::WebSocket => {
            let mut socket = Socket::connect(server.address).await;
            socket.send_message(json!({ "id": "1", "type": "subscribe", "payload": operation })).await;
            let mut message = socket.receive().await;
            match message["type"].as_str() {
                Some("next") => message["payload"].take(),
                Some("error") => json!({ "errors": message["payload"] }),
                _ => panic!("{message}"),
            }
        }
    }
}

/// The only response of an event stream, or the error in its place.
async fn stream(request: RequestBuilder) -> Value {
    let response = request.header("accept", "text/event-stream").send().await.unwrap();
    if response.status() != 200 {
        return read(response).await;
    }
    let mut events = Events::of(response);
    let answer = events.answer().await;
    assert_eq!(events.next().await, Some(Event::Complete));
    answer
}

/// The distinct codes of a response's errors.
pub(super) fn codes(answer: &Value) -> Vec<&str> {
    let errors = answer["errors"].as_array().map_or(&[][..], Vec::as_slice);
    let mut codes: Vec<&str> = errors.iter().map(super::server::code).collect();
    codes.dedup();
    codes
}
