//! Traces arrive at a collector and hold no search texts.

use reqwest::Client;
use serde_json::json;
use std::collections::BTreeSet;

use crate::support::collector::{Collector, attributes};
use crate::support::folder::Folder;
use crate::support::messages::{BY_OFFSET, SEED, source};
use crate::support::server::Server;
use crate::support::upstream::Upstream;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// Sends a query as a part of a trace, sampled or not.
async fn query_in_trace(server: &Server, sampled: bool, query: &str) {
    let flags = if sampled { "01" } else { "00" };
    let request = Client::builder().no_proxy().build().unwrap();
    let request = request
        .post(format!("http://{}/graphql", server.endpoint.address()))
        .header("content-type", "application/json")
        .header("traceparent", format!("00-{TRACE}-{PARENT}-{flags}"))
        .header("tracestate", "vendor=kanarie")
        .header("baggage", "user=kanarie")
        .body(json!({ "query": query }).to_string());
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_request_is_traced_from_its_client_to_the_store() {
    let collector = Collector::start().await;
    let upstream = Upstream::start("none", SEED).await;
    let source = source(&upstream.url("/messages/"), BY_OFFSET, "delay = \"0s\"");
    let folder = Folder::new(&format!(
        "[telemetry]\notlp_endpoint = \"{}/\"\nservice_name = \"shop search\"\n\
         [keystrokes]\nwindow = \"100ms\"\npoll = \"20ms\"\n{source}",
        collector.address()
    ));
    let mut server = folder.serve().await;
    query_in_trace(
        &server,
        true,
        "query kanarie { kanarie: search(query: \"kanarie\") { nodes { author { name } } } }",
    )
    .await;
    query_in_trace(&server, true, "{ reports { topSearches { rows { query } } } }").await;
    query_in_trace(&server, true, "{ document(source: \"kanarie\", key: \"kanarie\") { id } }").await;
    query_in_trace(&server, true, "{ kanarie }").await;
    let typed = "mutation { logKeystroke(input: {sessionId: \"kanarie\", text: \"kanarie\", submitted: true}) { accepted } }";
    query_in_trace(&server, true, typed).await;
    server.process.line("a crawl", |line| line.contains("crawl finished").then_some(())).await;
    // Shutdown exports the remaining spans.
    server.stop().await;

    assert!(!collector.raw().contains("kanarie"), "{}", collector.raw());
    let resource = collector.resource();
    assert_eq!(resource["service.name"], "shop search");
    let spans = collector.spans();
    let names: BTreeSet<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    let expected =
        ["cache", "crawl page", "flush", "operation", "request", "search", "store", "upstream request"];
    assert_eq!(names, BTreeSet::from(expected));
    assert!(spans.iter().all(|span| span.events.is_empty() && span.trace_state.is_empty()));
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let ours: Vec<_> = spans.iter().filter(|span| hex(&span.trace_id) == TRACE).collect();
    let requests: Vec<_> = ours.iter().filter(|span| span.name == "request").collect();
    assert_eq!(requests.len(), 5);
    for request in &requests {
        assert_eq!(hex(&request.parent_span_id), PARENT);
        let recorded = attributes(request);
        assert_eq!(
            (recorded["http.route"].as_str(), recorded["http.response.status_code"].as_str()),
            ("/graphql", "200")
        );
    }
    // Each span is a child of its cause.
    let parent_of = |span: &opentelemetry_proto::tonic::trace::v1::Span| {
        let parent = ours.iter().find(|parent| parent.span_id == span.parent_span_id);
        parent.map(|parent| parent.name.as_str())
    };
    for (name, parents) in [
        ("operation", &["request"][..]),
        ("search", &["operation"]),
        ("store", &["operation", "cache"]),
        ("cache", &["operation"]),
    ] {
        let found: Vec<_> = ours.iter().filter(|span| span.name == name).collect();
        assert!(!found.is_empty(), "{name}");
        for span in found {
            let parent = parent_of(span).unwrap_or_default();
            assert!(parents.contains(&parent), "{name} below {parent:?}");
        }
    }
    let operations: BTreeSet<(String, String)> = ours
        .iter()
        .filter(|span| span.name == "operation")
        .map(|span| {
            let mut recorded = attributes(span);
            (recorded.remove("quarry.group").unwrap(), recorded.remove("quarry.error").unwrap_or_default())
        })
        .collect();
    let expected = [
        ("documents", ""),
        ("keystrokes", ""),
        ("refused", "GRAPHQL_VALIDATION_FAILED"),
        ("reports", ""),
        ("search", ""),
    ];
    assert_eq!(operations, expected.map(|(group, error)| (group.to_owned(), error.to_owned())).into());
    let parts: BTreeSet<String> = ours
        .iter()
        .filter(|span| span.name == "store")
        .map(|span| attributes(span)["store.part"].clone())
        .collect();
    assert!(
        parts.iter().any(|part| part.starts_with("search_log")) && parts.contains("documents"),
        "{parts:?}"
    );
    let page = spans.iter().find(|span| span.name == "crawl page").unwrap();
    assert_eq!(attributes(page)["source.name"], "messages");
}

#[tokio::test]
async fn unsampled_requests_are_not_exported() {
    let collector = Collector::start().await;
    let folder = Folder::new("[telemetry]\nsampling = 0.0");
    // The address comes from OpenTelemetry's environment variable.
    let server = Server::start_with(&folder, &[("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address())]).await;
    server.ready().await;
    server.endpoint.total("tea").await;
    query_in_trace(&server, false, "{ __typename }").await;
    query_in_trace(&server, true, "{ __typename }").await;
    server.stop().await;
    let names: Vec<String> = collector.spans().into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["operation", "request"]);
}

#[tokio::test]
async fn an_unavailable_collector_delays_nothing() {
    // This collector accepts connections and never responds.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for endpoint in ["http://127.0.0.1:1".to_owned(), format!("http://{}", silent.local_addr().unwrap())] {
        let folder = Folder::new(&format!("[telemetry]\notlp_endpoint = \"{endpoint}\""));
        let mut server = folder.serve().await;
        let before = server.process.resident_bytes();
        // Far more spans than the queue holds.
        for _ in 0..3_000 {
            server.endpoint.total("tea").await;
        }
        let more = server.process.resident_bytes().saturating_sub(before);
        assert!(more < 64 << 20, "{more} bytes");
        server.process.line("a warning", |line| line.contains("traces cannot be sent").then_some(())).await;
        // Shutdown does not wait for the collector.
        let ended = server.stop().await;
        // One warning, without the address.
        assert_eq!(
            ended.stderr.matches("traces cannot be sent and are dropped").count(),
            1,
            "{}",
            ended.stderr
        );
        assert!(!ended.stderr.contains("127.0.0.1:1/"), "{}", ended.stderr);
    }
}
