//! Values for the unit tests.

use super::json::Json;
use chrono::TimeDelta;
use quarry_config::{JsonPointer, Settings, SourceConfig};
use quarry_domain::{Crawl, CrawlId, CrawlState, SourceName, Timestamp};

pub(super) fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().expect("a time")
}

pub(super) fn pointer(text: &str) -> JsonPointer {
    JsonPointer::parse(text).expect("a pointer")
}

pub(super) fn source_name() -> SourceName {
    SourceName::parse("s").expect("a name")
}

/// The value of a literal of `serde_json::json!`.
pub(super) fn json_of(value: &serde_json::Value) -> Json {
    Json::parse(&value.to_string()).expect("JSON")
}

/// A source with offsets and a total, without pauses.
pub(super) fn config() -> SourceConfig {
    config_with("")
}

/// The same with these settings before its `[sources.fields]`.
pub(super) fn config_with(settings: &str) -> SourceConfig {
    let text = format!(
        r#"
        [[sources]]
        name = "s"
        url = "http://h/m"
        items = "/items"
        total = "/total"
        language = "none"
        delay = "0s"
        timeout = "1s"
        max_attempts = 5
        max_refusals = 2
        backoff = "0s"
        max_backoff = "0s"
        max_retry_after = "0s"
        max_pages = 100
        max_sweeps = 4
        max_redirects = 0
        max_duration = "60s"
        pagination = {{ kind = "offset", size = 10 }}
        {settings}
        [sources.fields]
        key = "/id"
        text = "/text"
        "#
    );
    Settings::from_toml(&text).expect("settings").sources.crawled.remove(0)
}

/// A running crawl that started 30 seconds ago.
pub(super) fn crawl() -> Crawl {
    Crawl {
        id: CrawlId(3),
        source: source_name(),
        state: CrawlState::Running,
        started_at: now() - TimeDelta::seconds(30),
        finished_at: None,
        pages_fetched: 0,
        attempts: 0,
        documents_seen: 0,
        inserted: 0,
        updated: 0,
        unchanged: 0,
        deleted: 0,
        rejected: 0,
        expected_total: None,
        error: None,
        allow_shrink: false,
        cursor: None,
    }
}
