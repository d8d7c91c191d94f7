//! Values for the unit tests.

use std::time::Duration;

use chrono::TimeDelta;
use quarry_config::{FieldMap, JsonPointer, Language, Pagination, SourceConfig};
use quarry_domain::{Crawl, CrawlId, CrawlState, SourceName, Timestamp};
use url::Url;

pub(super) fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().expect("a time")
}

pub(super) fn pointer(text: &str) -> JsonPointer {
    JsonPointer::parse(text).expect("a pointer")
}

pub(super) fn source_name() -> SourceName {
    SourceName::parse("s").expect("a name")
}

pub(super) fn config() -> SourceConfig {
    SourceConfig {
        name: source_name(),
        url: Url::parse("http://h/m").expect("a URL"),
        items: pointer("/items"),
        total: Some(pointer("/total")),
        pagination: Pagination::Offset { offset: "skip".into(), limit: "limit".into(), size: 10 },
        fields: FieldMap {
            key: pointer("/id"),
            text: pointer("/text"),
            title: None,
            category: None,
            author_key: None,
            author_name: None,
            published_at: None,
        },
        headers: Vec::new(),
        language: Language::None,
        delay: Duration::ZERO,
        timeout: Duration::from_secs(1),
        refresh: None,
        max_attempts: 5,
        max_refusals: 2,
        backoff: Duration::ZERO,
        max_backoff: Duration::ZERO,
        max_retry_after: Duration::ZERO,
        max_body_bytes: 1,
        max_pages: 100,
        max_sweeps: 4,
        max_redirects: 0,
        redirect_hosts: Vec::new(),
        max_duration: Duration::from_secs(60),
        max_shrink: 0.2,
    }
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
