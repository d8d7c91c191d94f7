//! `/metrics`, as Prometheus reads it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use quarry::keystroke::{BufferLimits, KeystrokeBuffer, RedisBuffer};
use serde_json::json;
use tokio::net::TcpListener;

use super::server::{Server, Setup};

/// The samples of a page, by name and labels. Each must stand below the type of its family.
async fn scrape(server: &Server) -> BTreeMap<String, f64> {
    let response = server.get("/metrics").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = response.text().await.unwrap();
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
            assert!(family.starts_with("quarry_"), "{family}");
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
    samples
}

const INFINITE: &str = "quarry_flush_duration_seconds_bucket{le=\"+Inf\"}";

#[tokio::test]
async fn the_pipeline_is_counted_as_it_works() {
    let server = Server::start().await;
    let before = scrape(&server).await;
    for (name, value) in &before {
        let expected = if name == "quarry_keystroke_buffer_up" { 1.0 } else { 0.0 };
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
    // What is told names nobody, and grows with nothing that visitors do.
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

/// The buffer's figures are missing, and nothing else is.
async fn assert_figures_left_out(url: &str) {
    let buffer: Arc<dyn KeystrokeBuffer> =
        Arc::new(RedisBuffer::open(url, "quarry", BufferLimits::default()).unwrap());
    let server = Server::start_with(Setup { buffer: Some(buffer), ..Setup::default() }).await;
    // A scraper waits for ten seconds unless told otherwise.
    let samples =
        tokio::time::timeout(Duration::from_secs(10), scrape(&server)).await.expect("answers in time");
    assert_samples(&samples, &[("keystroke_buffer_up", 0.0), ("flush_duration_seconds_count", 0.0)]);
    let figure =
        |name: &&String| name.contains("keystrokes") || name.contains("runs") || name.contains("searches");
    assert_eq!(samples.keys().find(figure), None);
}

#[tokio::test]
async fn without_its_buffer_a_server_is_scraped_all_the_same() {
    assert_figures_left_out("redis://127.0.0.1:1").await;
    // Connections are taken, and never answered.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    assert_figures_left_out(&format!("redis://{}", silent.local_addr().unwrap())).await;
}
