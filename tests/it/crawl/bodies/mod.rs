//! Bodies as real APIs write them: JSON with defects, other charsets and formats, and mapped items.

mod fields;
mod formats;
mod json;
mod statements;

use std::collections::BTreeMap;

use axum::http::header::CONTENT_TYPE;
use quarry::config::SourceConfig;
use quarry::domain::{Crawl, CrawlState, Document, DocumentChange, Revision};

use super::Bench;
use super::scripted::{Upstream, source_of, with_header};

const JSON: &str = "application/json";

/// Returns a source without pauses, with these settings and `[sources.fields]`.
fn source_with(upstream: &Upstream, settings: &str, fields: &str) -> SourceConfig {
    let url = upstream.url("/list");
    source_of(&format!(
        r#"
        [[sources]]
        name = "bodies"
        url = "{url}"
        delay = "0s"
        backoff = "1ms"
        max_backoff = "2ms"
        max_attempts = 3
        {settings}
        [sources.fields]
        {fields}
        "#
    ))
}

/// Starts an upstream with one page.
async fn serving(content_type: &'static str, body: impl Into<Vec<u8>>) -> Upstream {
    let body = body.into();
    Upstream::start(move |_| with_header(200, body.clone(), CONTENT_TYPE.as_str(), content_type)).await
}

/// Crawls an upstream with one page.
async fn crawl_page(upstream: &Upstream, settings: &str, fields: &str) -> (Bench, Crawl) {
    let settings = format!("pagination = {{ kind = \"link\" }}\n{settings}");
    let bench = Bench::new().await;
    let crawl = bench.crawl(&source_with(upstream, &settings, fields)).await;
    (bench, crawl)
}

/// Crawls one page completely, and returns its documents by key.
async fn documents_of(
    content_type: &'static str,
    body: impl Into<Vec<u8>>,
    settings: &str,
    fields: &str,
) -> BTreeMap<String, Document> {
    let upstream = serving(content_type, body).await;
    let (bench, crawl) = crawl_page(&upstream, settings, fields).await;
    assert_eq!((crawl.state, crawl.error.as_deref()), (CrawlState::Completed, None));
    documents(&bench).await
}

/// Returns all live documents by key.
async fn documents(bench: &Bench) -> BTreeMap<String, Document> {
    let changes = bench.store.changes_after(Revision::ZERO, 1_000).await.expect("changes");
    let live = changes.into_iter().filter_map(|change| match change {
        DocumentChange::Upserted(_, document) => Some((document.key.as_str().to_owned(), *document)),
        DocumentChange::Deleted(..) => None,
    });
    live.collect()
}

fn keys(documents: &BTreeMap<String, Document>) -> Vec<&str> {
    documents.keys().map(String::as_str).collect()
}
