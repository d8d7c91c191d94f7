//! Subscriptions over `graphql-transport-ws`.

use std::time::Duration;

use chrono::Utc;
use quarry::http::HttpLimits;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;

use super::crawls::{end, lease, source, take_page};
use super::limits::{ENDLESS, endless};
use super::server::{Server, Setup, code};
use crate::support::socket::Socket;
use crate::support::wait::until;

#[tokio::test]
async fn crawl_progress_follows_a_crawl_and_its_successor() {
    let server = Server::start().await;
    let store = &server.store;
    let lease = lease(store).await;
    let crawl = store.begin_crawl(&source(), false, Utc::now()).await.unwrap();
    let mut socket = Socket::connect(server.address).await;
    socket
        .subscribe("1", "subscription { crawlProgress(source: \"messages\") { id state pagesFetched } }")
        .await;
    let progress = |id: i64, state: &str, pages: i32| {
        let crawl = json!({"id": format!("crawl_{id}"), "state": state, "pagesFetched": pages});
        json!({"id": "1", "type": "next", "payload": {"data": {"crawlProgress": crawl}}})
    };
    assert_eq!(socket.receive().await, progress(crawl.id.0, "RUNNING", 0));
    take_page(store, &lease, &crawl, 0).await;
    // The failed attempt may be a separate event before the page.
    let mut heard = socket.receive().await;
    while heard == progress(crawl.id.0, "RUNNING", 0) {
        heard = socket.receive().await;
    }
    assert_eq!(heard, progress(crawl.id.0, "RUNNING", 1));
    end(store, &lease, &crawl).await;
    assert_eq!(socket.receive().await, progress(crawl.id.0, "INCOMPLETE", 1));
    let next = store.begin_crawl(&source(), false, Utc::now()).await.unwrap();
    assert_eq!(socket.receive().await, progress(next.id.0, "RUNNING", 0));
    socket.send_message(json!({"id": "1", "type": "complete"})).await;
    socket.send_message(json!({"type": "ping"})).await;
    assert_eq!(socket.receive().await, json!({"type": "pong"}));
}

#[tokio::test]
async fn search_logged_publishes_searches_as_they_are_logged() {
    let server = Server::start().await;
    let mut socket = Socket::connect(server.address).await;
    let fields = "id sessionId userId query keystrokes resultCount finalReason loggedAt";
    socket.subscribe("s", &format!("subscription {{ searchLogged {{ {fields} }} }}")).await;
    let log = "mutation($input: LogKeystrokeInput!) { logKeystroke(input: $input) { accepted } }";
    let type_in = async |session: &str, text: &str| {
        let input = json!({"sessionId": session, "userId": "u1", "text": text, "resultCount": 3});
        server.data(log, json!({ "input": input })).await;
    };
    // The first event shows that the subscription has begun.
    let mut first = None;
    while first.is_none() {
        type_in("early", "green tea").await;
        server.flush().await;
        first = tokio::time::timeout(Duration::from_millis(50), socket.receive()).await.ok();
    }
    let published = |said: &Value| {
        assert_eq!((&said["type"], &said["id"]), (&json!("next"), &json!("s")), "{said}");
        said["payload"]["data"]["searchLogged"].clone()
    };
    assert_eq!(published(&first.unwrap())["query"], "green tea");
    for text in ["b", "bl", "black tea"] {
        type_in("late", text).await;
    }
    server.flush().await;
    let heard = loop {
        // Searches logged before the first event come first.
        let heard = published(&socket.receive().await);
        if heard["sessionId"] != "early" {
            break heard;
        }
    };
    let logged = format!("{{ searchLog(filter: {{sessionId: \"late\"}}) {{ nodes {{ {fields} }} }} }}");
    assert_eq!(server.data(&logged, json!({})).await["searchLog"]["nodes"], json!([heard]));
    assert_eq!((&heard["query"], &heard["keystrokes"]), (&json!("black tea"), &json!(3)));
    socket.send_message(json!({"id": "s", "type": "complete"})).await;
    // HTTP rejects it.
    let error = server.error("subscription { searchLogged { id } }", json!({})).await;
    assert_eq!(code(&error), "BAD_USER_INPUT");
}

#[tokio::test]
async fn queries_and_errors_are_served() {
    let server = Server::start().await;
    let mut socket = Socket::connect(server.address).await;
    socket.subscribe("q", "{ __typename }").await;
    assert_eq!(
        socket.receive().await,
        json!({"id": "q", "type": "next", "payload": {"data": {"__typename": "Query"}}})
    );
    assert_eq!(socket.receive().await, json!({"id": "q", "type": "complete"}));
    for (query, expected) in [
        ("{ nonsense }", "GRAPHQL_VALIDATION_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("", "BAD_USER_INPUT"),
        ("subscription { nonsense }", "GRAPHQL_VALIDATION_FAILED"),
    ] {
        socket.subscribe("e", query).await;
        let said = socket.receive().await;
        assert_eq!((&said["type"], &said["id"]), (&json!("error"), &json!("e")));
        assert_eq!(code(&said["payload"][0]), expected, "{query}");
    }
    socket.subscribe("n", "subscription { crawlProgress(source: \"nowhere\") { id } }").await;
    let said = socket.receive().await;
    let errors = if said["type"] == "error" { &said["payload"] } else { &said["payload"]["errors"] };
    assert_eq!(code(&errors[0]), "NOT_FOUND");
}

#[tokio::test]
async fn violations_of_the_protocol_have_their_close_codes() {
    let server = Server::start().await;
    let mut early = Socket::open(server.address).await;
    early.subscribe("1", "{ __typename }").await;
    assert_eq!(early.close_code().await, 4401);
    let mut twice = Socket::connect(server.address).await;
    twice.send_message(json!({"type": "connection_init"})).await;
    assert_eq!(twice.close_code().await, 4429);
    for garbage in
        [json!("x"), json!({}), json!({"type": "nonsense"}), json!({"type": "subscribe", "id": "1"})]
    {
        let mut socket = Socket::connect(server.address).await;
        socket.send_message(garbage).await;
        assert_eq!(socket.close_code().await, 4400);
    }
    let mut same = Socket::connect(server.address).await;
    let query = "subscription { crawlProgress(source: \"messages\") { id } }";
    same.subscribe("1", query).await;
    same.subscribe("1", query).await;
    assert_eq!(same.close_code().await, 4409);
    let mut speechless = Socket::try_open(server.address, None, None).await.unwrap();
    assert_eq!(speechless.close_code().await, 4406);
}

#[tokio::test]
async fn a_close_is_answered_with_a_close() {
    let server = Server::start().await;
    assert_eq!(Socket::connect(server.address).await.close().await, 1000);
    assert_eq!(Socket::open(server.address).await.close().await, 1000);
}

#[tokio::test]
async fn connection_init_has_a_timeout() {
    let http = HttpLimits { connection_init: Duration::from_millis(20), ..HttpLimits::default() };
    let server = Server::start_with(Setup { http, ..Setup::default() }).await;
    assert_eq!(Socket::open(server.address).await.close_code().await, 4408);
}

#[tokio::test]
async fn the_operations_of_a_connection_are_limited() {
    let http = HttpLimits { subscriptions_per_connection: 2, ..HttpLimits::default() };
    let server = Server::start_with(Setup { http, ..Setup::default() }).await;
    let mut socket = Socket::connect(server.address).await;
    for id in ["1", "2", "3"] {
        socket.subscribe(id, "subscription { crawlProgress(source: \"messages\") { id } }").await;
    }
    let said = socket.receive().await;
    assert_eq!((&said["type"], &said["id"]), (&json!("error"), &json!("3")));
    assert_eq!(code(&said["payload"][0]), "TOO_BUSY");
}

#[tokio::test]
async fn pages_of_other_origins_cannot_connect() {
    let server = Server::start().await;
    let protocol = Some("graphql-transport-ws");
    let own = format!("http://{}", server.address);
    Socket::try_open(server.address, protocol, Some(&own)).await.unwrap();
    match Socket::try_open(server.address, protocol, Some("https://evil.example")).await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 403),
        other => panic!("{:?}", other.map(|_| "opened")),
    }
}

#[tokio::test]
async fn a_stopping_server_closes_with_going_away() {
    // Long enough to observe both before the one ends by itself.
    let index_timeout = Duration::from_secs(3);
    let server = Server::start_with(Setup { index_timeout, ..endless() }).await;
    let mut idle = Socket::connect(server.address).await;
    let mut following = Socket::connect(server.address).await;
    following.subscribe("1", "subscription { crawlProgress(source: \"messages\") { id } }").await;
    let mut writing = Socket::connect(server.address).await;
    writing.subscribe("1", ENDLESS).await;
    until("both in flight", async || {
        let in_flight = server.admission.in_flight();
        (in_flight.subscriptions == 1 && in_flight.operations == 1).then_some(())
    })
    .await;
    // Queries and mutations are answered; subscriptions end without `complete`.
    server.stop.cancel();
    assert_eq!(idle.close_code().await, 1001);
    assert_eq!(following.close_code().await, 1001);
    let answer = writing.receive().await;
    assert_eq!(code(&answer["payload"]["errors"][0]), "TIMEOUT", "{answer}");
    assert_eq!(writing.receive().await["type"], "complete");
    assert_eq!(writing.close_code().await, 1001);
}

#[tokio::test]
async fn pings_are_answered_with_pongs() {
    let server = Server::start().await;
    let mut socket = Socket::open(server.address).await;
    socket.send_message(json!({"type": "ping", "payload": {"at": [1]}})).await;
    assert_eq!(socket.receive().await, json!({"type": "pong", "payload": {"at": [1]}}));
    socket.send_message(json!({"type": "pong", "payload": {"at": [1]}})).await;
    socket.send_message(json!({"type": "ping"})).await;
    assert_eq!(socket.receive().await, json!({"type": "pong"}));
}

#[tokio::test]
async fn an_id_is_reusable_after_its_operation() {
    let server = Server::start().await;
    let mut socket = Socket::connect(server.address).await;
    let follow = "subscription { crawlProgress(source: \"messages\") { id } }";
    for _ in 0..3 {
        socket.subscribe("1", follow).await;
        socket.send_message(json!({"id": "1", "type": "complete"})).await;
        socket.subscribe("1", "{ __typename }").await;
        assert_eq!(socket.receive().await["type"], "next");
        assert_eq!(socket.receive().await, json!({"id": "1", "type": "complete"}));
        // A `complete` that crosses the server's own.
        socket.send_message(json!({"id": "1", "type": "complete"})).await;
    }
    until("no subscription", async || (server.admission.in_flight().subscriptions == 0).then_some(())).await;
}

#[tokio::test]
async fn idle_connections_are_closed() {
    let http = HttpLimits { idle_time: Duration::from_secs(1), ..HttpLimits::default() };
    let server = Server::start_with(Setup { http, ..Setup::default() }).await;
    let mut following = Socket::open(server.address).await;
    // In one write, without a delay between them.
    following.send_message(json!({"type": "connection_init"})).await;
    following.subscribe("1", "subscription { crawlProgress(source: \"messages\") { id } }").await;
    assert_eq!(following.receive().await, json!({"type": "connection_ack"}));
    assert_eq!(Socket::connect(server.address).await.close_code().await, 1000);
    following.send_message(json!({"type": "ping"})).await;
    assert_eq!(following.receive().await, json!({"type": "pong"}));
    following.send_message(json!({"id": "1", "type": "complete"})).await;
    assert_eq!(following.close_code().await, 1000);
}

#[tokio::test]
async fn messages_have_a_maximum_length() {
    let http = HttpLimits { message_bytes: 1_000, ..HttpLimits::default() };
    let server = Server::start_with(Setup { http, ..Setup::default() }).await;
    let mut socket = Socket::connect(server.address).await;
    socket.subscribe("1", &format!("{{ __typename }} # {}", "x".repeat(800))).await;
    assert_eq!(socket.receive().await["type"], "next");
    socket.subscribe("2", &format!("{{ __typename }} # {}", "x".repeat(1_000))).await;
    assert_eq!(socket.receive().await, json!({"id": "1", "type": "complete"}));
    assert_eq!(socket.close_code().await, 1009);
}

#[tokio::test]
async fn all_connections_and_subscriptions_are_limited() {
    let http = HttpLimits { websockets: 2, subscriptions: 1, ..HttpLimits::default() };
    let server = Server::start_with(Setup { http, ..Setup::default() }).await;
    let mut one = Socket::connect(server.address).await;
    let mut other = Socket::connect(server.address).await;
    match Socket::try_open(server.address, Some("graphql-transport-ws"), None).await {
        Err(Error::Http(response)) => {
            assert_eq!(
                (response.status(), &response.headers()["retry-after"]),
                (503.try_into().unwrap(), &"1".parse().unwrap())
            );
        }
        result => panic!("{:?}", result.map(|_| "opened")),
    }
    let follow = "subscription { crawlProgress(source: \"messages\") { id } }";
    one.subscribe("1", follow).await;
    until("a subscription", async || (server.admission.in_flight().subscriptions == 1).then_some(())).await;
    other.subscribe("1", follow).await;
    let said = other.receive().await;
    assert_eq!((&said["type"], code(&said["payload"][0])), (&json!("error"), "TOO_BUSY"));
    drop(one);
    until("a free permit", async || (server.admission.in_flight().websockets == 1).then_some(())).await;
    let mut next = Socket::connect(server.address).await;
    next.subscribe("1", follow).await;
    next.send_message(json!({"type": "ping"})).await;
    assert_eq!(next.receive().await, json!({"type": "pong"}));
}

#[tokio::test]
async fn clients_that_answer_no_ping_are_disconnected() {
    // Long enough for `connection_init`.
    let http = HttpLimits { keep_alive: Duration::from_millis(500), ..HttpLimits::default() };
    let server = Server::start_with(Setup { http, ..Setup::default() }).await;
    // A client answers pings as it reads; this one does not read.
    let _deaf = Socket::connect(server.address).await;
    until("the end of it", async || (server.admission.in_flight().websockets == 0).then_some(())).await;
}
