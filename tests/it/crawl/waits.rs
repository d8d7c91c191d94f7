//! Pauses between the requests of a crawl.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use quarry::config::SourceConfig;
use quarry::crawl::StepOutcome;

use super::Bench;
use super::scripted::{Reply, Upstream, items, ok, page_of, raw, source, with_header};

/// Returns the pauses after the first failures of an upstream.
async fn waits(
    fault: impl Fn(usize) -> Reply + Send + Sync + 'static,
    change: impl FnOnce(&mut SourceConfig),
    count: usize,
) -> Vec<Duration> {
    let upstream = Upstream::start(move |request| fault(request.number)).await;
    let bench = Bench::new().await;
    let mut config = source(upstream.url("/m"));
    change(&mut config);
    let mut crawler = bench.crawler(&config);
    let mut waits = Vec::new();
    while waits.len() < count {
        match crawler.step(Utc::now()).await.expect("a step") {
            StepOutcome::AttemptFailed { wait, .. } => waits.push(wait),
            StepOutcome::Started { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    waits
}

fn with_backoff(config: &mut SourceConfig) {
    config.backoff = Duration::from_millis(100);
    config.max_backoff = Duration::from_secs(2);
}

#[tokio::test]
async fn backoff_grows_with_jitter_up_to_its_maximum() {
    let waits = waits(|_| raw(503, ""), with_backoff, 20).await;
    for (failures, wait) in waits.iter().enumerate() {
        let ceiling = Duration::from_millis(100 << failures.min(5)).min(Duration::from_secs(2));
        assert!(*wait <= ceiling, "{failures}: {wait:?}");
    }
    assert!(waits[6..].iter().max() > Some(&Duration::from_secs(1)), "it grows: {waits:?}");
    assert!(waits[6..].iter().min() < Some(&Duration::from_secs(1)), "each is random: {waits:?}");
}

#[tokio::test]
async fn a_retry_after_is_honoured_up_to_its_limit() {
    let date = httpdate::fmt_http_date((Utc::now() + TimeDelta::seconds(3_000)).into());
    let response = move |number: usize| match number {
        0 => with_header(429, "", "retry-after", "7"),
        1 => with_header(503, "", "retry-after", "3600"),
        _ => with_header(429, "", "retry-after", &date),
    };
    let limit = |config: &mut SourceConfig| config.max_retry_after = Duration::from_secs(30);
    let waits = waits(response, limit, 3).await;
    assert_eq!(waits, [7, 30, 30].map(Duration::from_secs));
}

#[tokio::test]
async fn a_retry_after_of_zero_does_not_exhaust_the_attempts() {
    let waits = waits(|_| with_header(429, "", "retry-after", "0"), with_backoff, 20).await;
    assert!(waits.iter().sum::<Duration>() > Duration::from_secs(8), "{waits:?}");
}

#[tokio::test]
async fn failed_and_successful_requests_are_paced() {
    let upstream = Upstream::start(|request| match request.number {
        1 => raw(500, ""),
        _ => ok(&page_of(&items(28), request)),
    })
    .await;
    let bench = Bench::new().await;
    let mut config = source(upstream.url("/m"));
    config.delay = Duration::from_millis(150);
    let mut crawler = bench.crawler(&config);
    let mut waits = Vec::new();
    loop {
        match crawler.step(Utc::now()).await.expect("a step") {
            StepOutcome::Finished { .. } => break,
            outcome => waits.push(outcome.wait().as_millis()),
        }
    }
    assert_eq!(waits, [0, 150, 150, 150, 0], "no pause before the first and after the last page");
}

#[tokio::test]
async fn a_pause_may_have_a_unit_be_a_time_or_stand_in_the_body() {
    let response = |number: usize| match number {
        0 => with_header(429, "", "retry-after", "2s"),
        1 => with_header(429, "", "retry-after", &(Utc::now().timestamp() + 3_000).to_string()),
        2 => raw(429, r#"{"message": "You are being rate limited.", "retry_after": 1.5}"#),
        _ => raw(200, r#"{"ok": false, "error_code": 429, "parameters": {"retry_after": 4}, "items": []}"#),
    };
    let limit = |config: &mut SourceConfig| config.max_retry_after = Duration::from_secs(30);
    let waits = waits(response, limit, 4).await;
    assert_eq!(waits, [2_000, 30_000, 1_500, 4_000].map(Duration::from_millis));
}
