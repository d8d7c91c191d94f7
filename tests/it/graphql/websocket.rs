//! Subscriptions over `graphql-transport-ws`.

use std::time::Duration;

use chrono::Utc;
use futures_util::{SinkExt, StreamExt};
use quarry::http::HttpLimits;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::crawls::{end, lease, source, take_page};
use super::server::{Server, Setup, code};

/// How long a test waits for a message that must come.
const PATIENCE: Duration = Duration::from_secs(20);

struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    async fn open(server: &Server) -> Self {
        Self::try_open(server, Some("graphql-transport-ws"), None).await.unwrap()
    }

    async fn try_open(server: &Server, protocol: Option<&str>, origin: Option<&str>) -> Result<Self, Error> {
        let mut request = format!("ws://{}/graphql/ws", server.address).into_client_request().unwrap();
        if let Some(protocol) = protocol {
            request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
        }
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        let stream = TcpStream::connect(server.address).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await?;
        Ok(Self(socket))
    }

    /// Opened and greeted.
    async fn greeted(server: &Server) -> Self {
        let mut socket = Self::open(server).await;
        socket.say(json!({"type": "connection_init", "payload": {"any": "thing"}})).await;
        assert_eq!(socket.hear().await, json!({"type": "connection_ack"}));
        socket
    }

    async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn subscribe(&mut self, id: &str, query: &str) {
        self.say(json!({"id": id, "type": "subscribe", "payload": {"query": query}})).await;
    }

    async fn next(&mut self) -> Message {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("says something");
            match message.expect("is open").unwrap() {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }

    async fn hear(&mut self) -> Value {
        match self.next().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The code with which the server closes.
    async fn closed(&mut self) -> u16 {
        match self.next().await {
            Message::Close(Some(frame)) => frame.code.into(),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_crawl_is_followed_to_its_end_and_beyond() {
    let server = Server::start().await;
    let store = &server.store;
    let lease = lease(store).await;
    let crawl = store.begin_crawl(&source(), false, Utc::now()).await.unwrap();
    let mut socket = Socket::greeted(&server).await;
    socket
        .subscribe("1", "subscription { crawlProgress(source: \"messages\") { id state pagesFetched } }")
        .await;
    let progress = |id: i64, state: &str, pages: i32| {
        let crawl = json!({"id": format!("crawl_{id}"), "state": state, "pagesFetched": pages});
        json!({"id": "1", "type": "next", "payload": {"data": {"crawlProgress": crawl}}})
    };
    assert_eq!(socket.hear().await, progress(crawl.id.0, "RUNNING", 0));
    take_page(store, &lease, &crawl, 0).await;
    // The failed attempt may be seen on its own, before the page.
    let mut heard = socket.hear().await;
    while heard == progress(crawl.id.0, "RUNNING", 0) {
        heard = socket.hear().await;
    }
    assert_eq!(heard, progress(crawl.id.0, "RUNNING", 1));
    end(store, &lease, &crawl).await;
    assert_eq!(socket.hear().await, progress(crawl.id.0, "INCOMPLETE", 1));
    let next = store.begin_crawl(&source(), false, Utc::now()).await.unwrap();
    assert_eq!(socket.hear().await, progress(next.id.0, "RUNNING", 0));
    socket.say(json!({"id": "1", "type": "complete"})).await;
    socket.say(json!({"type": "ping"})).await;
    assert_eq!(socket.hear().await, json!({"type": "pong"}));
}

#[tokio::test]
async fn queries_and_errors_go_over_it_too() {
    let server = Server::start().await;
    let mut socket = Socket::greeted(&server).await;
    socket.subscribe("q", "{ __typename }").await;
    assert_eq!(
        socket.hear().await,
        json!({"id": "q", "type": "next", "payload": {"data": {"__typename": "Query"}}})
    );
    assert_eq!(socket.hear().await, json!({"id": "q", "type": "complete"}));
    for (query, expected) in [
        ("{ nonsense }", "GRAPHQL_VALIDATION_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("", "BAD_USER_INPUT"),
        ("subscription { nonsense }", "GRAPHQL_VALIDATION_FAILED"),
    ] {
        socket.subscribe("e", query).await;
        let said = socket.hear().await;
        assert_eq!((&said["type"], &said["id"]), (&json!("error"), &json!("e")));
        assert_eq!(code(&said["payload"][0]), expected, "{query}");
    }
    socket.subscribe("n", "subscription { crawlProgress(source: \"nowhere\") { id } }").await;
    let said = socket.hear().await;
    let errors = if said["type"] == "error" { &said["payload"] } else { &said["payload"]["errors"] };
    assert_eq!(code(&errors[0]), "NOT_FOUND");
}

#[tokio::test]
async fn what_breaks_the_protocol_is_closed_with_its_code() {
    let server = Server::start().await;
    let mut early = Socket::open(&server).await;
    early.subscribe("1", "{ __typename }").await;
    assert_eq!(early.closed().await, 4401);
    let mut twice = Socket::greeted(&server).await;
    twice.say(json!({"type": "connection_init"})).await;
    assert_eq!(twice.closed().await, 4429);
    for garbage in
        [json!("x"), json!({}), json!({"type": "nonsense"}), json!({"type": "subscribe", "id": "1"})]
    {
        let mut socket = Socket::greeted(&server).await;
        socket.say(garbage).await;
        assert_eq!(socket.closed().await, 4400);
    }
    let mut same = Socket::greeted(&server).await;
    let query = "subscription { crawlProgress(source: \"messages\") { id } }";
    same.subscribe("1", query).await;
    same.subscribe("1", query).await;
    assert_eq!(same.closed().await, 4409);
    let mut speechless = Socket::try_open(&server, None, None).await.unwrap();
    assert_eq!(speechless.closed().await, 4406);
}

#[tokio::test]
async fn who_does_not_greet_in_time_is_closed() {
    let http = HttpLimits { connection_init: Duration::from_millis(20), ..HttpLimits::default() };
    let server = Server::start_with(Setup { http, ..Setup::default() }).await;
    assert_eq!(Socket::open(&server).await.closed().await, 4408);
}

#[tokio::test]
async fn a_connection_has_so_many_operations() {
    let http = HttpLimits { subscriptions: 2, ..HttpLimits::default() };
    let server = Server::start_with(Setup { http, ..Setup::default() }).await;
    let mut socket = Socket::greeted(&server).await;
    for id in ["1", "2", "3"] {
        socket.subscribe(id, "subscription { crawlProgress(source: \"messages\") { id } }").await;
    }
    let said = socket.hear().await;
    assert_eq!((&said["type"], &said["id"]), (&json!("error"), &json!("3")));
    assert_eq!(code(&said["payload"][0]), "TOO_BUSY");
}

#[tokio::test]
async fn pages_of_other_origins_cannot_open_it() {
    let server = Server::start().await;
    let protocol = Some("graphql-transport-ws");
    let own = format!("http://{}", server.address);
    Socket::try_open(&server, protocol, Some(&own)).await.unwrap();
    match Socket::try_open(&server, protocol, Some("https://evil.example")).await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 403),
        other => panic!("{:?}", other.map(|_| "opened")),
    }
}
