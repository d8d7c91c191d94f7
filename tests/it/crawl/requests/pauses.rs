//! Pauses that responses request by their rate limits.

use std::time::Duration;

use chrono::Utc;
use quarry::crawl::{HttpUpstream, Upstream as _, UpstreamRequest};

use super::*;

#[tokio::test]
async fn a_spent_quota_is_reported_with_the_page_and_with_failures() {
    let upstream = Upstream::start(|request| {
        let (status, name, value) = match request.path.as_str() {
            "/a" => (200, "ratelimit", "\"burst\";r=0;t=40".to_owned()),
            "/b" => (200, "ratelimit", "\"burst\";r=3;t=40".to_owned()),
            "/c" => (429, "x-ratelimit-reset", (Utc::now().timestamp() + 40).to_string()),
            "/d" => (503, "x-ratelimit-reset", (Utc::now().timestamp_millis() + 40_000).to_string()),
            "/e" => (429, "retry-after-ms", "40000".to_owned()),
            _ => (429, "retry-after", "39.5".to_owned()),
        };
        with_header(status, json!({"items": items(1)}).to_string(), name, &value)
    })
    .await;
    let config = source(upstream.url("/"), "pagination = { kind = \"offset\" }", &[]);
    let client = HttpUpstream::new(&config).expect("an upstream");
    for (path, expected) in
        [("/a", true), ("/b", false), ("/c", true), ("/d", true), ("/e", true), ("/f", true)]
    {
        let wait = match client.fetch_page(&UpstreamRequest::from(upstream.url(path))).await {
            Ok(page) => page.wait,
            Err(error) => error.retry_after,
        };
        let is_about_forty = |wait: Duration| (38.0..=41.0).contains(&wait.as_secs_f64());
        assert_eq!(wait.is_some_and(is_about_forty), expected, "{path}: {wait:?}");
    }
}
