//! The same operation over every transport: what holds for one must hold for all.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::server::{Server, read};
use crate::support::events::{Event, Events};
use crate::support::socket::Socket;

/// How an operation is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Post,
    Get,
    /// As the second of a batch whose first is fine.
    Batch,
    WebSocket,
    /// By POST.
    EventStream,
    /// By GET.
    FetchedEventStream,
}

/// Those that queries go over.
pub(super) const ALL: [Transport; 6] = [
    Transport::Post,
    Transport::Get,
    Transport::Batch,
    Transport::WebSocket,
    Transport::EventStream,
    Transport::FetchedEventStream,
];

/// Those that mutations go over.
pub(super) const WRITING: [Transport; 4] =
    [Transport::Post, Transport::Batch, Transport::WebSocket, Transport::EventStream];

/// The answer to an operation, `data` and `errors`, whatever it came in.
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
            let mut said = socket.receive().await;
            match said["type"].as_str() {
                Some("next") => said["payload"].take(),
                Some("error") => json!({ "errors": said["payload"] }),
                _ => panic!("{said}"),
            }
        }
    }
}

/// The one answer of an event stream, or why there is none.
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

/// The codes of an answer's errors, each once; none if there are none.
pub(super) fn codes(answer: &Value) -> Vec<&str> {
    let errors = answer["errors"].as_array().map_or(&[][..], Vec::as_slice);
    let mut codes: Vec<&str> = errors.iter().map(super::server::code).collect();
    codes.dedup();
    codes
}
