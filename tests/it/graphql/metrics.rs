//! `/metrics` in the format of Prometheus.

use std::collections::BTreeMap;
use std::sync::Arc;

use quarry::http::HttpLimits;
use quarry::keystroke::{BufferLimits, KeystrokeBuffer, RedisBuffer};
use serde_json::json;
use tokio::net::TcpListener;

use super::limits::{ENDLESS, endless};
use super::server::{Server, Setup};
use crate::support::events::Events;
use crate::support::socket::Socket;
use crate::support::wait::{ends, until};

/// The samples of the exposition by name and labels. Each must follow the type of its family.
async fn scrape(server: &Server) -> BTreeMap<String, f64> {
    let response = server.get("/metrics").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    samples(&response.text().await.unwrap())
}

/// Reads the samples; see [`scrape`].
fn samples(text: &str) -> BTreeMap<String, f64> {
    assert!(text.ends_with('\n'));
    let (mut samples, mut families) = (BTreeMap::new(), BTreeMap::new());
    let (mut family, mut kind, mut helped) = ("", "", "");
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').unwrap();
            assert!(help.len() > 10, "{line}");
            helped = name;
        } else if let Some(of) = line.strip_prefix("# TYPE ") {
            (family, kind) = of.split_once(' ').unwrap();
            assert_eq!(family, helped, "help goes before the type");
            assert!(family.starts_with("quarry_") || family.starts_with("process_"), "{family}");
            assert_eq!(family.ends_with("_total"), kind == "counter", "{line}");
            assert_eq!(
                families.insert(family.to_owned(), kind.to_owned()),
                None,
                "{family} stands there twice"
            );
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line:?}"));
            let name = series.split('{').next().unwrap();
            let suffix = name.strip_prefix(family).unwrap_or_else(|| panic!("{line} is not of {family}"));
            let suffixes: &[&str] = if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            assert!(suffixes.contains(&suffix), "{line}");
            let value = value.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!(samples.insert(series.to_owned(), value), None, "{series} stands there twice");
        }
    }
    assert_parsed(text, &families, samples.len());
    samples
}

/// Asserts that an independent parser finds the same families and samples.
fn assert_parsed(text: &str, families: &BTreeMap<String, String>, samples: usize) {
    let lines = text.lines().map(|line| Ok(line.to_owned()));
    let parsed = prometheus_parse::Scrape::parse(lines).unwrap();
    let mut found = 0;
    for sample in &parsed.samples {
        let kind = families.get(&sample.metric).or_else(|| {
            // Sums and counts of histograms are separate samples.
            let family = sample.metric.strip_suffix("_sum").or(sample.metric.strip_suffix("_count"));
            families.get(family?)
        });
        assert!(kind.is_some(), "{sample:?}");
        found += match &sample.value {
            prometheus_parse::Value::Histogram(buckets) => {
                let cumulative = buckets.iter().map(|bucket| bucket.count);
                assert!(cumulative.clone().is_sorted() && buckets.len() > 5, "{sample:?}");
                assert!(buckets.last().unwrap().less_than.is_infinite(), "{sample:?}");
                buckets.len()
            }
            _ => 1,
        };
    }
    assert_eq!(found, samples);
}

const INFINITE: &str = "quarry_flush_duration_seconds_bucket{le=\"+Inf\"}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn admissions_and_rejections_are_counted() {
    let http = HttpLimits { operations: 1, websockets: 7, ..HttpLimits::default() };
    let server = Server::start_with(Setup { http, ..endless() }).await;
    let mut socket = Socket::connect(server.address).await;
    socket.subscribe("1", "subscription { crawlProgress(source: \"messages\") { id } }").await;
    let subscribed = async |count| (server.admission.in_flight().subscriptions == count).then_some(());
    until("a subscription", async || subscribed(1).await).await;
    let stream = json!({"query": "subscription { searchLogged { query } }"});
    let _events =
        Events::of(server.post(&stream).header("accept", "text/event-stream").send().await.unwrap());
    let running = tokio::spawn(server.post(&json!({"query": ENDLESS})).send());
    until("one that runs", async || (server.admission.in_flight().operations == 1).then_some(())).await;
    assert_eq!(server.post(&json!({"query": "{ __typename }"})).send().await.unwrap().status(), 503);
    until("two subscriptions", async || (server.admission.in_flight().subscriptions == 2).then_some(()))
        .await;
    let samples = scrape(&server).await;
    assert_samples(
        &samples,
        &[
            ("admitted{kind=\"operations\"}", 1.0),
            ("admitted{kind=\"subscriptions\"}", 2.0),
            ("admitted{kind=\"websockets\"}", 1.0),
            ("admitted{kind=\"event_streams\"}", 1.0),
            ("admitted_limit{kind=\"operations\"}", 1.0),
            ("admitted_limit{kind=\"websockets\"}", 7.0),
            ("admission_refused_total{kind=\"operations\"}", 1.0),
            ("admission_refused_total{kind=\"websockets\"}", 0.0),
            ("request_body_bytes_limit", HttpLimits::default().bodies_bytes as f64),
            ("request_bodies_refused_total", 0.0),
        ],
    );
    assert!(samples["quarry_admitted{kind=\"connections\"}"] >= 3.0, "{samples:?}");
    assert!(samples["quarry_request_body_bytes"] > 0.0, "the body of what runs: {samples:?}");
    running.abort();
}

#[tokio::test]
async fn the_keystroke_pipeline_is_counted() {
    let server = Server::start().await;
    let before = scrape(&server).await;
    for (name, value) in
        before.iter().filter(|(name, _)| name.contains("keystroke") || name.contains("flush"))
    {
        let is_state = name.starts_with("quarry_keystroke_buffer_");
        let expected = if is_state { 1.0 } else { 0.0 };
        assert!((value - expected).abs() < f64::EPSILON, "{name} is {value}");
    }
    let log = "mutation($input: [LogKeystrokeInput!]!) { logKeystrokes(input: $input) { accepted } }";
    let typed = |session: &str, text: &str, sequence: i32| json!({"sessionId": session, "text": text, "sequence": sequence});
    let input =
        [typed("private-session", "g", 1), typed("private-session", "green", 2), typed("s2", "black", 1)];
    server.data(log, json!({ "input": input })).await;
    let typing = scrape(&server).await;
    assert_samples(
        &typing,
        &[("keystrokes_accepted_total", 3.0), ("keystrokes_buffered", 3.0), ("keystroke_runs_buffered", 2.0)],
    );
    assert!(typing["quarry_keystrokes_oldest_age_seconds"] < 60.0);

    server.flush().await;
    server.data(log, json!({"input": [typed("private-session", "gre", 2), typed("s3", "new", 1)]})).await;
    let after = scrape(&server).await;
    assert_samples(
        &after,
        &[
            ("keystrokes_accepted_total", 4.0),
            ("keystrokes_dropped_total{cause=\"late\"}", 1.0),
            ("keystrokes_dropped_total{cause=\"flood\"}", 0.0),
            ("keystrokes_dropped_total{cause=\"full\"}", 0.0),
            ("keystrokes_buffered", 1.0),
            ("keystroke_runs_buffered", 1.0),
            ("keystroke_runs_claimed_total", 2.0),
            ("keystroke_runs_reclaimed_total", 0.0),
            ("searches_flushed_total", 2.0),
            ("searches_duplicates_suppressed_total", 0.0),
            ("flush_duration_seconds_count", 1.0),
        ],
    );
    assert!((after[INFINITE] - 1.0).abs() < f64::EPSILON);
    assert!(after["quarry_flush_duration_seconds_sum"] > 0.0);
    // Labels contain no user data, so users add no series.
    assert!(after.keys().all(|name| !name.contains("private") && !name.contains("s2")), "{after:?}");
    let flushed = "quarry_last_flush_timestamp_seconds";
    let mut names: Vec<&String> = after.keys().filter(|name| *name != flushed).collect();
    names.sort();
    assert_eq!(names, before.keys().collect::<Vec<_>>());
    assert!(after[flushed] > 1_700_000_000.0);
}

fn assert_samples(samples: &BTreeMap<String, f64>, expected: &[(&str, f64)]) {
    for (name, value) in expected {
        let found =
            samples.get(&format!("quarry_{name}")).unwrap_or_else(|| panic!("no {name}: {samples:?}"));
        assert!((found - value).abs() < f64::EPSILON, "{name} is {found}, not {value}");
    }
}

/// Asserts that only the metrics of the buffer are missing.
async fn assert_buffer_metrics_missing(url: &str) {
    let buffer: Arc<dyn KeystrokeBuffer> =
        Arc::new(RedisBuffer::open(url, "quarry", BufferLimits::default()).unwrap());
    let server = Server::start_with(Setup { buffer: Some(buffer), ..Setup::default() }).await;
    let samples = ends("a scrape", scrape(&server)).await;
    assert_samples(&samples, &[("keystroke_buffer_up", 0.0), ("flush_duration_seconds_count", 0.0)]);
    let figure = |name: &&String| {
        ["keystrokes_", "runs_", "searches_flushed", "searches_duplicates"]
            .iter()
            .any(|part| name.contains(part))
            && !name.contains('{')
    };
    assert_eq!(samples.keys().find(figure), None);
}

#[tokio::test]
async fn a_server_without_its_buffer_is_scraped() {
    assert_buffer_metrics_missing("redis://127.0.0.1:1").await;
    // Connections are accepted, but never answered.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    assert_buffer_metrics_missing(&format!("redis://{}", silent.local_addr().unwrap())).await;
}

/// Names sent by clients add no label and no series.
#[tokio::test]
async fn names_sent_by_clients_add_no_series() {
    let server = Server::start().await;
    server.index(json!([{"source": "a", "key": "1", "text": "green tea"}])).await;
    let before = scrape(&server).await;
    for round in 0..20 {
        let odd = format!("kanarie{round}");
        let named = format!("query {odd} {{ {odd}: search(query: \"{odd}\") {{ {odd}x: totalCount }} }}");
        server.data(&named, json!({})).await;
        for query in [
            format!("query {odd} {{ {odd} }}"),
            format!("{{ {odd} "),
            format!("mutation {odd} {{ startCrawl(source: \"{odd}\") {{ id }} }}"),
            format!("subscription {odd} {{ crawlProgress(source: \"{odd}\") {{ id }} }}"),
            format!("query {odd} {{ search(query: \"x\", first: {round}000) {{ totalCount }} }}"),
        ] {
            server.ask(&query, json!({ odd.as_str(): odd })).await;
        }
        let path = format!("/{odd}?{odd}={odd}");
        let request = server.request("PATCH", &path).header("x-request-id", &odd).header("user-agent", &odd);
        assert_eq!(
            request.header("authorization", format!("Bearer {odd}")).send().await.unwrap().status(),
            404
        );
        let log = "mutation($input: LogKeystrokeInput!) { logKeystroke(input: $input) { accepted } }";
        server.data(log, json!({"input": {"sessionId": odd, "userId": odd, "text": odd}})).await;
        let mut socket = Socket::connect(server.address).await;
        socket.subscribe(&odd, &format!("subscription {odd} {{ searchLogged {{ query }} }}")).await;
        socket.subscribe(&format!("{odd}2"), &format!("query {odd} {{ {odd} }}")).await;
        assert_eq!(socket.receive().await["type"], "error");
    }
    server.flush().await;
    let mut after = scrape(&server).await;
    assert!(after.remove("quarry_last_flush_timestamp_seconds").is_some());
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    assert!(after.keys().all(|name| !name.contains("kanarie")), "{after:?}");
}

#[tokio::test]
async fn operations_are_counted_by_type_group_and_code() {
    let server = Server::start().await;
    server.index(json!([{"source": "a", "key": "1", "text": "green tea"}])).await;
    let before = scrape(&server).await;
    server.data("{ search(query: \"tea\") { totalCount } __typename }", json!({})).await;
    server.data("{ suggest(prefix: \"t\") { text } }", json!({})).await;
    server.data("{ reports { searchVolume(interval: DAY) { cache } } }", json!({})).await;
    server.data("{ reports { searchVolume(interval: DAY) { cache } } }", json!({})).await;
    server.data("{ search(query: \"\") { totalCount } sources { name } }", json!({})).await;
    server.data("{ __schema { queryType { name } } }", json!({})).await;
    server.error("{ search(query: \"tea\", first: -1) { totalCount } }", json!({})).await;
    server.error("{ a: search(query: \"tea\") { totalCount } b: nonsense }", json!({})).await;
    server.error("{", json!({})).await;
    server.error("mutation { startCrawl(source: \"nowhere\") { id } }", json!({})).await;
    let batch = json!([{"query": "{ search(query: \"tea\") { totalCount } }"}, {"query": "{"}]);
    assert_eq!(server.post(&batch).send().await.unwrap().status(), 200);
    let mut socket = Socket::connect(server.address).await;
    socket.subscribe("1", "subscription { crawlProgress(source: \"nowhere\") { id } }").await;
    assert_eq!(socket.receive().await["type"], "next");
    assert_eq!(socket.receive().await["type"], "complete");
    let response = server.get("/nowhere").send().await.unwrap();
    assert_eq!(response.status(), 404);

    let after = scrape(&server).await;
    let more = |name: &str| {
        let name = format!("quarry_{name}");
        let value =
            |samples: &BTreeMap<String, f64>| *samples.get(&name).unwrap_or_else(|| panic!("no {name}"));
        value(&after) - value(&before)
    };
    for (name, expected) in [
        ("operation_duration_seconds_count{type=\"query\",group=\"search\"}", 4.0),
        ("operation_duration_seconds_count{type=\"query\",group=\"suggest\"}", 1.0),
        ("operation_duration_seconds_count{type=\"query\",group=\"reports\"}", 2.0),
        ("operation_duration_seconds_count{type=\"query\",group=\"mixed\"}", 1.0),
        ("operation_duration_seconds_count{type=\"query\",group=\"introspection\"}", 1.0),
        ("operation_duration_seconds_count{type=\"mutation\",group=\"crawl\"}", 1.0),
        ("operation_duration_seconds_count{type=\"subscription\",group=\"crawl\"}", 1.0),
        ("operation_duration_seconds_count{type=\"none\",group=\"refused\"}", 2.0),
        ("operations_failed_total{type=\"query\",group=\"search\"}", 2.0),
        ("operations_failed_total{type=\"query\",group=\"suggest\"}", 0.0),
        ("operation_errors_total{type=\"query\",group=\"search\",code=\"BAD_USER_INPUT\"}", 1.0),
        ("operation_errors_total{type=\"query\",group=\"search\",code=\"GRAPHQL_VALIDATION_FAILED\"}", 1.0),
        ("operation_errors_total{type=\"mutation\",group=\"crawl\",code=\"NOT_FOUND\"}", 1.0),
        ("operation_errors_total{type=\"subscription\",group=\"crawl\",code=\"NOT_FOUND\"}", 1.0),
        ("operation_errors_total{type=\"none\",group=\"refused\",code=\"GRAPHQL_PARSE_FAILED\"}", 2.0),
        ("operations_under_way{type=\"query\"}", 0.0),
        ("operations_under_way{type=\"subscription\"}", 0.0),
        ("http_requests_total{status=\"4xx\"}", 1.0),
        ("http_requests_total{status=\"1xx\"}", 1.0),
        ("reports_total{report=\"search_volume\",outcome=\"miss\"}", 1.0),
        ("reports_total{report=\"search_volume\",outcome=\"hit\"}", 1.0),
        ("report_cache_errors_total{report=\"search_volume\"}", 0.0),
        ("searches_refused_total", 0.0),
        ("index_documents", 0.0),
    ] {
        assert!((more(name) - expected).abs() < f64::EPSILON, "{name}: {} more, not {expected}", more(name));
    }
    assert!(more("search_duration_seconds_count") >= 3.0);
    assert_samples(
        &after,
        &[
            ("index_documents", 1.0),
            ("index_revisions_behind", 0.0),
            ("index_ready", 1.0),
            ("database_up", 1.0),
            ("search_permits", 2.0),
            ("searches_running", 0.0),
            ("http_requests_under_way", 1.0),
            ("crawl_pages_total{source=\"messages\"}", 0.0),
        ],
    );
    assert!(after["quarry_database_connections_max"] >= 1.0);
    assert!(after["process_resident_memory_bytes"] > 1e6 && after["process_open_fds"] > 3.0);
}
