//! The texts and ids of users appear in no log, metric or trace.
//!
//! This holds for any request and during any outage.

use futures_util::future::join_all;
use reqwest::Client;
use serde_json::{Value, json};

use crate::support::collector::Collector;
use crate::support::folder::Folder;
use crate::support::postgres::OwnPostgres;
use crate::support::process::ProcessOutput;
use crate::support::redis::OwnRedis;
use crate::support::server::{Endpoint, Server};
use crate::support::socket::Socket;
use crate::support::wait::until;

/// The canaries in all requests: letters in texts and names, digits in numeric ids.
const CANARIES: [&str; 2] = ["kanarie", "90817263544"];
/// Settings for the most verbose log and early flushes.
const VERBOSE: &str =
    "[keystrokes]\nwindow = \"100ms\"\npoll = \"20ms\"\n[log]\nlevel = \"trace,sqlx=trace,tantivy=trace\"\n";

/// Asserts that a text contains no canary, plain or encoded.
fn assert_without_canaries(what: &str, text: &str) {
    let lower = text.to_lowercase();
    for canary in CANARIES {
        let joined = |separator: &str, spell: fn(u8) -> String| {
            canary.bytes().map(spell).collect::<Vec<_>>().join(separator)
        };
        let hex = |byte: u8| format!("{byte:02x}");
        let spellings = [
            canary.to_owned(),
            format!("%{}", joined("%", hex)),
            joined("", hex),
            joined(", ", |byte| byte.to_string()),
        ];
        for spelling in spellings {
            if let Some(at) = lower.find(&spelling) {
                let line = lower[..at].matches('\n').count();
                panic!("{what} contains {spelling:?}: {}", text.lines().nth(line).unwrap_or_default());
            }
        }
    }
}

fn assert_log_without_canaries(log: &ProcessOutput) {
    // The log does have the events.
    for event in ["DEBUG", "request answered", "searches logged"] {
        assert!(log.stderr.contains(event), "no {event:?} in {}", log.stderr);
    }
    assert_without_canaries("the log", &log.stderr);
    assert_without_canaries("the output", &log.stdout);
}

/// Returns valid and invalid operations with the data of users.
fn operations() -> Vec<(&'static str, Value)> {
    let one = "mutation($input: LogKeystrokeInput!) { logKeystroke(input: $input) { accepted } }";
    let many = "mutation($input: [LogKeystrokeInput!]!) { logKeystrokes(input: $input) { accepted } }";
    let erase = "mutation($input: EraseSearcherInput!) { eraseSearcher(input: $input) { searches } }";
    let search = "query($q: String!, $track: TrackInput, $after: String) {
        search(query: $q, track: $track, after: $after) { totalCount facets { field } edges { highlights { html } } } }";
    let log = "query($filter: SearchLogFilter, $after: String) {
        searchLog(filter: $filter, after: $after) { totalCount nodes { query } } }";
    let keystroke = |text: &str| {
        json!({"sessionId": "kanarie 90817263544", "userId": "kanarie@mail.example", "inputId": "kanarie",
            "text": text, "resultCount": 1})
    };
    let track = json!({"sessionId": "kanarie", "userId": 90_817_263_544_i64});
    let long = "kanarie ".repeat(600);
    vec![
        (one, json!({"input": keystroke("kanarie of 90817263544")})),
        (one, json!({"input": keystroke("kanarie\u{0} \"quoted\" '; DROP TABLE \u{202e} %6b ü")})),
        (one, json!({"input": keystroke(&long)})),
        (one, json!({"input": {"sessionId": long, "text": "kanarie"}})),
        (one, json!({"input": {"sessionId": "kanarie\n", "text": 90_817_263_544_i64}})),
        (one, json!({"input": {"kanarie": "kanarie"}})),
        (many, json!({"input": [keystroke("k"), keystroke("kanarie"), keystroke("dog 90817263544")]})),
        (many, json!({"input": vec![keystroke("kanarie"); 101]})),
        (search, json!({"q": "kanarie 90817263544", "track": track})),
        (search, json!({"q": "\"kanarie\" -kanarie kanari* kanraie", "track": track})),
        (search, json!({"q": long})),
        (search, json!({"q": "kanarie", "after": "kanarie"})),
        (search, json!({"q": "kanarie", "track": {"sessionId": ""}})),
        (log, json!({"filter": {"sessionId": "kanarie", "userId": "90817263544", "queryPrefix": "kanarie"}})),
        (log, json!({"filter": {"queryPrefix": long}})),
        (log, json!({"after": "kanarie"})),
        ("{ searchLog { nodes { query sessionId userId } totalCount } }", Value::Null),
        ("query($id: ID!) { node(id: $id) { id } }", json!({"id": "search_kanarie"})),
        ("query($s: String!) { document(source: $s, key: $s) { id } }", json!({"s": "kanarie"})),
        ("mutation($s: String!) { startCrawl(source: $s) { id } }", json!({"s": "kanarie"})),
        (
            "{ search(query: \"kanarie 90817263544\", track: {sessionId: \"kanarie\"}) { totalCount } }",
            Value::Null,
        ),
        ("{ kanarie(query: \"kanarie\") }", Value::Null),
        ("{ search(query: \"kanarie\" ", Value::Null),
        (erase, json!({"input": {"sessionId": "kanarie"}})),
        (erase, json!({"input": {"userId": "90817263544"}})),
        (erase, json!({"input": {"userId": "kanarie\n"}})),
        (erase, json!({"input": {"sessionId": "kanarie", "userId": "kanarie"}})),
        // Last, so that searches are left for the log.
        (many, json!({"input": [keystroke("kanarie to the end"), keystroke("90817263544 things")]})),
    ]
}

/// Sends all operations over every transport.
async fn send_everything(endpoint: &Endpoint) {
    for (query, variables) in operations() {
        endpoint.query(query, variables).await;
    }
    let client = Client::builder().no_proxy().build().unwrap();
    let at = |path: &str| format!("http://{}{path}", endpoint.address());
    let encoded: String = "kanarie".bytes().map(|byte| format!("%{byte:02X}")).collect();
    let read = |text: &str| format!("/graphql?query=%7Bsearch(query:%22{text}%22)%7BtotalCount%7D%7D");
    let gets = [
        read("kanarie+90817263544"),
        read(&encoded),
        format!("/graphql?query=%7Bkanarie&variables={encoded}"),
        format!(
            "/graphql?query=mutation%7BlogKeystroke(input:%7BsessionId:%22{encoded}%22,text:%22kanarie%22%7D)%7Baccepted%7D%7D"
        ),
        "/kanarie/90817263544?kanarie".to_owned(),
        format!("/graphiql?query={encoded}"),
        "/metrics?kanarie".to_owned(),
    ];
    join_all(gets.iter().map(async |path| client.get(at(path)).send().await.unwrap().status())).await;
    for (kind, body) in [
        ("application/json", "{\"query\": \"kanarie 90817263544"),
        ("application/json", "[{\"query\": 90817263544}, \"kanarie\"]"),
        (
            "application/json",
            "{\"query\": \"{ __typename }\", \"operationName\": \"kanarie\", \"variables\": \"kanarie\"}",
        ),
        ("text/kanarie", "kanarie 90817263544"),
    ] {
        let request = client.post(at("/graphql")).header("content-type", kind).body(body);
        request.header("x-kanarie", "kanarie").header("cookie", "kanarie=90817263544").send().await.unwrap();
    }
    let mut socket = Socket::connect(endpoint.address()).await;
    socket.subscribe("kanarie", "subscription kanarie { searchLogged { query sessionId userId } }").await;
    socket
        .subscribe("q", "{ search(query: \"kanarie\", track: {sessionId: \"kanarie\"}) { totalCount } }")
        .await;
    let said = socket.receive().await;
    assert!(said.to_string().contains("totalCount") || said["id"] == "kanarie", "{said}");
    socket.subscribe("q2", "{ kanarie }").await;
    socket.send_message(json!({"type": "kanarie", "id": "90817263544"})).await;
}

/// Logs searches until the subscription receives one.
async fn follow_one(endpoint: &Endpoint) {
    let mut socket = Socket::connect(endpoint.address()).await;
    socket.subscribe("kanarie", "subscription { searchLogged { query sessionId userId } }").await;
    let log =
        "mutation($text: String!) { logKeystroke(input: {sessionId: \"kanarie\", userId: \"90817263544\",
        text: $text, submitted: true}) { accepted } }";
    let mut attempts = 0;
    until("a logged search", async || {
        // The same text again would be the same search.
        attempts += 1;
        endpoint.query(log, json!({"text": format!("kanarie heard {attempts}")})).await;
        let heard =
            tokio::time::timeout(std::time::Duration::from_millis(200), socket.receive()).await.ok()?;
        assert_eq!(heard["type"], "next", "{heard}");
        Some(())
    })
    .await;
}

/// Returns the page of metrics.
async fn metrics(endpoint: &Endpoint) -> String {
    let client = Client::builder().no_proxy().build().unwrap();
    let response = client.get(format!("http://{}/metrics", endpoint.address())).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.text().await.unwrap()
}

/// Waits until the flusher has failed once more than `before`.
async fn flusher_fails(server: &Server, before: usize) {
    until("the flusher to notice", async || (failures(server) > before).then_some(())).await;
}

fn failures(server: &Server) -> usize {
    let log = server.process.stderr();
    log.lines().filter(|line| line.contains("worker step failed") && line.contains("flusher")).count()
}

#[tokio::test]
async fn no_user_data_is_logged_without_the_database() {
    let postgres = OwnPostgres::start();
    let folder = Folder::new(&format!("database_url = \"{}\"\n{VERBOSE}", postgres.url()));
    let mut server = folder.serve().await;
    let document = [("1", "kanarie of 90817263544")];
    assert!(server.endpoint.index("notes", &document).await.errors.is_empty());
    follow_one(&server.endpoint).await;
    send_everything(&server.endpoint).await;
    let before = failures(&server);
    postgres.cut_off();
    send_everything(&server.endpoint).await;
    flusher_fails(&server, before).await;
    assert_without_canaries("the metrics", &metrics(&server.endpoint).await);
    postgres.resume();
    follow_one(&server.endpoint).await;
    send_everything(&server.endpoint).await;
    // The restarted server continues with the journal of the killed one.
    assert_log_without_canaries(&server.process.kill());
    let server = folder.serve().await;
    follow_one(&server.endpoint).await;
    assert_without_canaries("the metrics", &metrics(&server.endpoint).await);
    assert_log_without_canaries(&server.stop().await);
}

#[tokio::test]
async fn no_user_data_is_logged_without_redis() {
    let mut redis = OwnRedis::start();
    let folder = Folder::new(&format!("redis_url = \"{}\"\n{VERBOSE}format = \"json\"\n", redis.url()));
    let server = folder.serve().await;
    follow_one(&server.endpoint).await;
    send_everything(&server.endpoint).await;
    let before = failures(&server);
    redis.stop();
    send_everything(&server.endpoint).await;
    flusher_fails(&server, before).await;
    let away = metrics(&server.endpoint).await;
    assert!(away.contains("quarry_keystroke_buffer_up 0"), "{away}");
    assert_without_canaries("the metrics", &away);
    redis.resume();
    follow_one(&server.endpoint).await;
    send_everything(&server.endpoint).await;
    assert_without_canaries("the metrics", &metrics(&server.endpoint).await);
    assert_log_without_canaries(&server.stop().await);
}

#[tokio::test]
async fn no_user_data_is_traced() {
    let collector = Collector::start().await;
    let folder = Folder::new(&format!("[telemetry]\notlp_endpoint = \"{}\"\n{VERBOSE}", collector.address()));
    let server = folder.serve().await;
    follow_one(&server.endpoint).await;
    send_everything(&server.endpoint).await;
    assert_log_without_canaries(&server.stop().await);
    let spans = collector.spans();
    assert!(spans.iter().any(|span| span.name == "flush") && spans.len() > 100, "{}", spans.len());
    assert_without_canaries("traces", &collector.raw());
}
