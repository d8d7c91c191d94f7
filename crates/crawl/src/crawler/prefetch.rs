//! Requests that are sent before their turn.
//!
//! Their responses are taken in the order of the pages, so the crawl decides, stores and resumes as it does
//! with one request at a time: no stored position is ever ahead of a page that is missing.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::AbortOnDropHandle;

use crate::upstream::{FetchError, FetchedPage, Stated, Upstream, UpstreamRequest};
use quarry_config::SourceConfig;

type Response = Result<FetchedPage, FetchError>;

/// The requests on their way, at most `concurrency` less the one whose turn it is.
#[derive(Default)]
pub(super) struct Prefetch {
    pending: Vec<PendingRequest>,
    /// The second response to the request that was taken last.
    second: Option<(UpstreamRequest, Response)>,
}

struct PendingRequest {
    request: UpstreamRequest,
    responses: AbortOnDropHandle<(Response, Option<Response>)>,
}

impl Prefetch {
    /// Drops all requests and responses.
    pub(super) fn clear(&mut self) {
        self.pending.clear();
        self.second = None;
    }

    /// Returns true if no request is on its way.
    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Returns true if the request that was taken last has another response.
    pub(super) fn has_second(&self) -> bool {
        self.second.is_some()
    }

    /// Sends the requests that follow `current`, and drops those that no longer do.
    pub(super) fn replace(
        &mut self,
        upstream: &Arc<dyn Upstream>,
        config: &SourceConfig,
        current: &UpstreamRequest,
        following: Vec<UpstreamRequest>,
    ) {
        self.pending.retain(|pending| pending.request == *current || following.contains(&pending.request));
        for request in following {
            if self.pending.iter().all(|pending| pending.request != request) {
                let responses = fetch(upstream.clone(), request.clone(), config);
                let responses = AbortOnDropHandle::new(tokio::spawn(responses));
                self.pending.push(PendingRequest { request, responses });
            }
        }
    }

    /// Returns the response to a request that was sent before its turn.
    pub(super) async fn take(&mut self, request: &UpstreamRequest) -> Option<Response> {
        if let Some((_, response)) = self.second.take().filter(|(taken, _)| taken == request) {
            return Some(response);
        }
        let index = self.pending.iter().position(|pending| pending.request == *request)?;
        // A task that panicked is repeated like a request that was never sent.
        let (first, second) = self.pending.swap_remove(index).responses.await.ok()?;
        self.second = second.map(|second| (request.clone(), second));
        Some(first)
    }
}

/// Requests a page after the pause between two requests.
///
/// A child source has many short lists, and the end of most has to be confirmed: that second request is sent here.
fn fetch(
    upstream: Arc<dyn Upstream>,
    request: UpstreamRequest,
    config: &SourceConfig,
) -> impl Future<Output = (Response, Option<Response>)> + use<> {
    let (delay, is_child) = (config.delay, config.parent.is_some());
    let is_by_position = config.pagination.is_by_position();
    async move {
        pause(delay).await;
        let first = upstream.fetch_page(&request).await;
        let is_confirmed_here =
            is_child && first.as_ref().is_ok_and(|page| page.wait.is_none() && may_end(page, is_by_position));
        if !is_confirmed_here {
            return (first, None);
        }
        pause(delay).await;
        let second = upstream.fetch_page(&request).await;
        (first, Some(second))
    }
}

async fn pause(delay: Duration) {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}

/// Returns true if a page likely ends its list without stating that.
fn may_end(page: &FetchedPage, is_by_position: bool) -> bool {
    let has_items = !page.items.is_empty();
    let is_open = matches!(page.next, Stated::Value(_)) || page.has_more == Some(true);
    let is_stated = page.has_more == Some(false) || page.next == Stated::Empty || is_by_position;
    !(is_open || has_items && is_stated)
}
