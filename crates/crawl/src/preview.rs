//! A preview of a crawl: its first pages with the settings of a source, what they contain, and what is wrong.
//!
//! A preview changes nothing; of the store, it reads the parents of a child source only.

mod body;
mod declared;
mod findings;
mod lists;
mod problems;
mod shown;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde::Serialize;

use self::body::MissingParts;
use self::findings::Findings;
pub use self::findings::{FieldFinding, RejectedItems};
pub use self::lists::{PreviewError, preview_configured};
pub use self::problems::PreviewProblem;
use self::shown::{method_of, shown_next, shown_request};
use super::attempts::Attempts;
use super::client::{HttpUpstream, HttpUpstreamError};
use super::json::Json;
use super::pagination::{PageToken, page_request, token_after};
use super::upstream::{FetchedPage, Stated, Upstream, UpstreamItem, UpstreamRequest};
use quarry_config::{Pagination, SourceConfig};

/// The attempts at one page.
const MAX_ATTEMPTS: u32 = 3;

/// The first pages of a source.
#[derive(Clone, Debug, Serialize)]
pub struct Preview {
    /// The name of the source.
    pub source: String,
    /// The key of the parent whose list was requested; absent unless the source is a child.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The requested pages.
    pub pages: Vec<PagePreview>,
    /// The fields of the settings, in their order.
    pub fields: Vec<FieldFinding>,
    /// Items that a crawl rejects, by reason.
    pub rejected: Vec<RejectedItems>,
    /// The members of items that become attributes, with the number of items that have them.
    pub attributes: Vec<(String, usize)>,
    /// The number of items that the upstream states as deleted.
    pub deleted: usize,
    /// Keys of several items.
    pub duplicate_keys: Vec<String>,
    /// A later page has items, all of which were on earlier pages.
    pub repeats_page: bool,
    /// The prospects of a crawl.
    pub outlook: Outlook,
    /// The problems and their remedies.
    pub problems: Vec<PreviewProblem>,
}

impl Preview {
    /// Returns true unless a problem prevents a crawl.
    pub fn works(&self) -> bool {
        !self.problems.iter().any(|problem| problem.is_fatal)
    }
}

/// One page of a preview.
#[derive(Clone, Debug, Serialize)]
pub struct PagePreview {
    /// The method of the request.
    pub method: &'static str,
    /// The URL without secrets, and the position of a page that the body selects.
    pub request: String,
    /// The causes of failed attempts.
    pub failures: Vec<String>,
    /// The HTTP status of the last response.
    pub status: Option<u16>,
    /// The duration of the last attempt in milliseconds.
    pub took_ms: u64,
    /// The number of items; absent if no attempt returned the page.
    pub items: Option<usize>,
    /// The first item.
    #[serde(skip)]
    pub first_item: Option<Json>,
    /// The last item.
    #[serde(skip)]
    pub last_item: Option<Json>,
    /// The stated total.
    pub total: Option<i64>,
    /// The stated next page: a URL without secrets, or the start of a cursor.
    pub next: Option<String>,
    /// The page states that no next one exists, such as by null in its place.
    #[serde(skip)]
    pub is_last: bool,
    /// The page states that others follow it, or that none does.
    pub has_more: Option<bool>,
    /// The error that the body states beside its items.
    pub error: Option<String>,
}

/// The prospects of a crawl.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outlook {
    /// The number of pages, if the upstream states a total.
    pub pages: Option<u64>,
    /// The stated total.
    pub total: Option<i64>,
    /// The total proves that a crawl saw every item, so that it may remove vanished documents.
    pub proves_removals: bool,
    /// The URL of the request after the previewed pages, without secrets; absent at the end of the list.
    pub next_request: Option<String>,
}

/// Previews a source over HTTP, and inspects the body of a first page that does not fit the settings.
pub async fn preview_source(config: &SourceConfig, pages: usize) -> Result<Preview, HttpUpstreamError> {
    let upstream = HttpUpstream::new(config)?;
    let (mut preview, findings) = inspect(config, &upstream, pages).await;
    preview.problems.extend(check_start(config, &upstream, &findings).await);
    if let Some(missing) = MissingParts::of(config, &preview) {
        let request = page_request(config, &PageToken::First, None);
        if let Ok(response) = upstream.fetch_raw(&request).await {
            preview.problems.extend(missing.find(config, &response.text(), &response.content_type()));
        }
    }
    Ok(preview)
}

/// Previews a source: up to `pages` pages, one request after another.
pub async fn preview(config: &SourceConfig, upstream: &dyn Upstream, pages: usize) -> Preview {
    inspect(config, upstream, pages).await.0
}

/// Finds items on the page before the first one of the settings, which a crawl would never request.
async fn check_start(
    config: &SourceConfig,
    upstream: &dyn Upstream,
    findings: &Findings<'_>,
) -> Option<PreviewProblem> {
    let mut earlier = config.clone();
    let Pagination::Page { first, .. } = &mut earlier.pagination else { return None };
    *first = first.checked_sub(1).filter(|_| findings.has_pages())?;
    let first = *first;
    tokio::time::sleep(config.delay).await;
    let request = page_request(&earlier, &PageToken::First, None);
    let page = upstream.fetch_page(&request).await.ok()?;
    (page.error.is_none() && findings.are_others(&page.items)).then(|| problems::of_start(first))
}

async fn inspect<'c>(
    config: &'c SourceConfig,
    upstream: &dyn Upstream,
    pages: usize,
) -> (Preview, Findings<'c>) {
    let mut previews = Vec::new();
    let mut findings = Findings::new(config);
    let mut next = Some(PageToken::First);
    let mut received = 0;
    let mut total = None;
    while let Some(token) = next.clone().filter(|_| previews.len() < pages) {
        if !previews.is_empty() {
            tokio::time::sleep(config.delay).await;
        }
        let request = page_request(config, &token, None);
        let (page, fetched) = fetch(config, upstream, &request, &token).await;
        previews.push(page);
        let Some(fetched) = fetched else { break };
        total = fetched.total.clone().value().or(total);
        received += fetched.items.len() as u64;
        // As in a crawl, a page that promises others counts more than the total.
        let is_open = config.pagination.is_by_position() && fetched.has_more == Some(true);
        let is_last = ends(config, &fetched, previews.len())
            || !is_open && total.is_some_and(|total| is_reached(received, total));
        next = next_token(config, &token, &fetched).filter(|_| !is_last);
        findings.add(&fetched);
    }
    let per_page = previews.first().and_then(|page| page.items).filter(|items| *items > 0);
    let last = previews.last();
    let promises_more = next.is_none() && last.is_some_and(|page| page.has_more == Some(true));
    let outlook = Outlook {
        pages: match config.pagination {
            Pagination::SinglePage {} => Some(1),
            _ => total
                .zip(per_page)
                .map(|(total, size)| u64::try_from(total).unwrap_or(0).div_ceil(size as u64)),
        },
        total,
        proves_removals: total.is_some()
            && !findings.prevents_crawls()
            && !promises_more
            && last.is_some_and(|page| page.items.is_some()),
        next_request: next
            .filter(|_| previews.last().is_some_and(|page| page.items.is_some()))
            .map(|token| shown_request(config, &page_request(config, &token, None), &token)),
    };
    let problems = problems::find(config, &previews, &findings, &outlook);
    let preview = Preview {
        source: config.name.as_str().to_owned(),
        parent: None,
        pages: previews,
        fields: findings.fields(),
        rejected: findings.rejections(),
        attributes: findings.attributes(),
        deleted: findings.deleted(),
        duplicate_keys: findings.duplicate_keys(),
        repeats_page: findings.repeats_page(),
        outlook,
        problems,
    };
    (preview, findings)
}

/// Returns true if a page states that none follows it, or if it is the last one by the number of pages.
fn ends(config: &SourceConfig, page: &FetchedPage, number: usize) -> bool {
    page.has_more == Some(false)
        || config.pagination.is_by_position() && page.items.is_empty()
        || page.pages.is_some_and(|pages| usize::try_from(pages).is_ok_and(|pages| number >= pages))
}

/// Returns true if the received items are as many as the total.
fn is_reached(received: u64, total: i64) -> bool {
    i128::from(received) >= i128::from(total)
}

/// Returns the token of the page after one; some upstreams repeat the cursor at the end.
fn next_token(config: &SourceConfig, token: &PageToken, page: &FetchedPage) -> Option<PageToken> {
    let items = page.items.len() as u64;
    let next = token_after(&config.pagination, token, items, page.next.clone().value());
    next.filter(|next| next != token)
}

/// Requests a page, again after failures.
async fn fetch(
    config: &SourceConfig,
    upstream: &dyn Upstream,
    request: &UpstreamRequest,
    token: &PageToken,
) -> (PagePreview, Option<FetchedPage>) {
    let (mut failures, took_ms) = (Vec::new(), AtomicU64::new(0));
    let attempts = Attempts {
        most: MAX_ATTEMPTS.min(config.max_attempts),
        most_refused: MAX_ATTEMPTS.min(config.max_refusals),
        least_pause: config.delay.max(config.backoff),
        max_retry_after: config.max_retry_after,
    };
    let send = || async {
        let started = Instant::now();
        let fetched = upstream.fetch_page(request).await;
        took_ms.store(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        fetched
    };
    let fetched = attempts.make(&mut failures, send).await;
    let page = PagePreview {
        method: method_of(config),
        request: shown_request(config, request, token),
        failures,
        status: None,
        took_ms: took_ms.into_inner(),
        items: None,
        first_item: None,
        last_item: None,
        total: None,
        next: None,
        is_last: false,
        has_more: None,
        error: None,
    };
    match fetched {
        Ok(fetched) => {
            let page = PagePreview {
                status: Some(fetched.status),
                items: Some(fetched.items.len()),
                first_item: content_of(fetched.items.first()),
                last_item: content_of(fetched.items.last()),
                total: fetched.total.clone().value(),
                next: shown_next(config, &fetched.next),
                is_last: fetched.next == Stated::Empty,
                has_more: fetched.has_more,
                error: fetched.error.clone(),
                ..page
            };
            (page, Some(fetched))
        }
        Err(error) => (PagePreview { status: error.status, ..page }, None),
    }
}

fn content_of(item: Option<&UpstreamItem>) -> Option<Json> {
    item?.content.as_ref().ok().cloned()
}

#[cfg(test)]
mod tests;
