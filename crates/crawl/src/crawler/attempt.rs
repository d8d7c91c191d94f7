//! One attempt at a page: the request, the verdict and the record in the store.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;
use tracing::field::Empty;

use super::group::{AcceptedPage, PageReport};
use super::prefetch::Prefetch;
use super::{ActiveCrawl, Crawler, PageAttempts};
use crate::cursor::{CrawlCursor, NextStep, failure, unmodified};
use crate::page::{ParsedPage, parse_page};
use crate::pagination::{PageToken, page_request};
use crate::plan::{
    FailureCounters, PageContext, SweepHistory, Verdict, after_skipped, is_absent_status, is_end_failure,
    judge,
};
use crate::progress::StepOutcome;
use crate::upstream::{FetchError, FetchedPage, Upstream, UpstreamRequest};
use quarry_config::{OnFailedPage, OnReject};
use quarry_domain::{PagePosition, Tally, Timestamp};
use quarry_runtime::retry::Backoff;
use quarry_runtime::telemetry::TRACED;
use quarry_store::{PageCommit, PageSlot, StoreError};

/// The digest of the members of an empty body.
const EMPTY_BODY_FRAME: u32 = 0;

impl Crawler {
    /// Sends one request for the next page of `cursor`; `None` if its page waits for others.
    pub(super) async fn attempt(
        &mut self,
        mut active: ActiveCrawl,
        cursor: CrawlCursor,
        now: Timestamp,
    ) -> Result<Option<StepOutcome>, StoreError> {
        if cursor.sweep != active.cursor.sweep {
            active.history = SweepHistory::default();
        }
        active.cursor = cursor;
        let slot = PageSlot {
            crawl: active.crawl.id,
            position: PagePosition(active.cursor.position),
            sweep: active.cursor.sweep,
        };
        let Some(token) = &active.cursor.next_page else {
            return Err(StoreError::Refused("an ended sweep has no next page".to_owned()));
        };
        let mut request = self.request(&active, token);
        let is_first = active.cursor.pages == 0 && active.cursor.sweep == 1;
        if is_first && active.parents.is_none() {
            request.etag.clone_from(&active.baseline.etag);
        }
        // After a failure, the page alone is requested until it is accepted.
        if self.config.concurrency > 1 && active.attempts.retries == 0 {
            let following = self.following_requests(&active);
            self.prefetch.replace(&self.upstream, &self.config, &request, following);
        }
        let span = tracing::info_span!(
            target: TRACED,
            "crawl page",
            source.name = %self.config.name,
            page.position = slot.position.0,
            page.items = Empty,
        );
        self.make_attempt(active, slot, &request, now).instrument(span).await
    }

    fn request(&self, active: &ActiveCrawl, token: &PageToken) -> UpstreamRequest {
        let config = active.config(&self.config);
        let mut request = page_request(config, token, active.cursor.since.as_deref());
        if let Some(list) = active.list() {
            list.complete(&mut request);
        }
        request
    }

    /// Returns the requests after the next one, as far as they are known: at most `concurrency` less one.
    fn following_requests(&self, active: &ActiveCrawl) -> Vec<UpstreamRequest> {
        let most = self.config.concurrency as usize - 1;
        let tokens = active.cursor.tokens_ahead(&self.config, most);
        let pages = tokens.iter().map(|token| self.request(active, token));
        let lists = active.parents.iter().flat_map(|lists| lists.parents.ahead()).map(|list| {
            let mut request = page_request(&list.config, &PageToken::First, None);
            list.complete(&mut request);
            request
        });
        pages.chain(lists).take(most).collect()
    }

    async fn make_attempt(
        &mut self,
        mut active: ActiveCrawl,
        slot: PageSlot,
        request: &UpstreamRequest,
        now: Timestamp,
    ) -> Result<Option<StepOutcome>, StoreError> {
        let fetched = match self.group.deadline() {
            None => {
                self.store.begin_attempt(self.lease.get(), slot, now).await?;
                fetch(&self.upstream, &mut self.prefetch, request).await
            }
            Some(deadline) => self.fetch_behind_group(&mut active, slot, request, now, deadline).await?,
        };
        match fetched {
            Ok(page) if page.is_unmodified() => {
                self.store_group_behind(&mut active, slot, now).await?;
                self.finish(slot.crawl, unmodified(), now).await.map(Some)
            }
            Ok(page) => {
                let status = page.status;
                let highest = active.cursor.highest.as_deref();
                let page = parse_page(active.config(&self.config), page, highest, now);
                self.decide(active, slot, status, page, now).await
            }
            Err(error) => self.record_failure(active, slot, error, now).await,
        }
    }

    /// Requests a page while others wait to be stored, which happens during the request at their deadline.
    async fn fetch_behind_group(
        &mut self,
        active: &mut ActiveCrawl,
        slot: PageSlot,
        request: &UpstreamRequest,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Result<FetchedPage, FetchError>, StoreError> {
        let (upstream, mut prefetch) = (self.upstream.clone(), std::mem::take(&mut self.prefetch));
        let fetched = {
            let mut fetching = pin!(fetch(&upstream, &mut prefetch, request));
            match timeout_at(deadline, &mut fetching).await {
                Ok(fetched) => fetched,
                Err(_) => {
                    let storing = self.store_group_behind(active, slot, now);
                    let (stored, fetched) = tokio::join!(storing, fetching);
                    stored?;
                    fetched
                }
            }
        };
        self.prefetch = prefetch;
        Ok(fetched)
    }

    async fn record_failure(
        &mut self,
        mut active: ActiveCrawl,
        slot: PageSlot,
        error: FetchError,
        now: Timestamp,
    ) -> Result<Option<StepOutcome>, StoreError> {
        // The upstream may be down, or ask for a pause: requests in flight would make it worse.
        self.prefetch.clear();
        let page = self.describe_page(&active.cursor);
        if error.is_refusal && active.cursor.refuse_overlap() {
            active.attempts.failures = FailureCounters::default();
        }
        let exhausted = active.attempts.failures.count(&error, &page, &self.config);
        if let Some(status) = error.status.filter(|status| self.ends_list(&active, &error, *status)) {
            let is_absent = is_first(&active) && !self.is_stop_status(status);
            let mut page = ParsedPage::end(status, is_absent);
            if error.is_empty {
                page.facts.frame = Some(EMPTY_BODY_FRAME);
            }
            return self.decide(active, slot, status, page, now).await;
        }
        self.store_group_behind(&mut active, slot, now).await?;
        let (cause, status) = (error.to_string(), error.status.map(i32::from));
        self.store.fail_attempt(self.lease.get(), slot, status, &cause).await?;
        let Some(message) = exhausted else {
            return Ok(Some(self.retry_later(active, slot, cause, error.retry_after)));
        };
        let is_skipped = self.config.on_failed_page == OnFailedPage::Skip;
        match after_skipped(&active.cursor, &self.config, &message).filter(|_| is_skipped) {
            Some(after) => self.store_page(active, slot, status, ParsedPage::default(), after, now).await,
            None => self.give_up(active, slot, error.status, message, now).await.map(Some),
        }
    }

    /// Ends the crawl after a failure of a page; of a child source, the list.
    async fn give_up(
        &mut self,
        mut active: ActiveCrawl,
        slot: PageSlot,
        status: Option<u16>,
        message: String,
        now: Timestamp,
    ) -> Result<StepOutcome, StoreError> {
        // The next crawl continues at the page once the quota permits it.
        let is_quota = status == Some(StatusCode::TOO_MANY_REQUESTS.as_u16());
        let failed = if is_quota { Err(message.clone()) } else { active.cursor.fail_list(message.clone()) };
        if let Err(message) = failed {
            return self.finish(slot.crawl, failure(message), now).await;
        }
        active.attempts = PageAttempts::default();
        let (crawl, wait) = (active.crawl.clone(), self.config.delay);
        self.active = Some(active);
        Ok(StepOutcome::AttemptFailed { crawl, position: slot.position, cause: message, wait })
    }

    fn is_stop_status(&self, status: u16) -> bool {
        self.config.stop.as_ref().is_some_and(|stop| stop.status.contains(&status))
    }

    /// Returns true if the status of a failed request means that the list has no such page.
    fn ends_list(&self, active: &ActiveCrawl, error: &FetchError, status: u16) -> bool {
        let cursor = &active.cursor;
        let Some(token) = &cursor.next_page else { return false };
        if is_first(active) && active.parents.is_none() {
            return false;
        }
        if self.is_stop_status(status) {
            return true;
        }
        if is_first(active) {
            // The parent has vanished in the meantime.
            return is_absent_status(status) && active.attempts.failures.end_list();
        }
        is_end_failure(error, token, &self.config)
            && !cursor.is_below_total()
            && (cursor.past_total || active.attempts.failures.end_list())
    }

    /// Schedules another attempt at the page after the backoff.
    ///
    /// The pause is longer if the upstream requests that, up to the limit.
    fn retry_later(
        &mut self,
        mut active: ActiveCrawl,
        slot: PageSlot,
        cause: String,
        retry_after: Option<Duration>,
    ) -> StepOutcome {
        active.attempts.retries += 1;
        let backoff = Backoff::new(self.config.backoff, self.config.max_backoff);
        let wait = backoff
            .delay(active.attempts.retries, &mut self.rng)
            .max(self.config.delay)
            .max(retry_after.unwrap_or_default().min(self.config.max_retry_after));
        let wait = if self.prefetch.has_second() { Duration::ZERO } else { wait };
        let crawl = active.crawl.clone();
        self.active = Some(active);
        StepOutcome::AttemptFailed { crawl, position: slot.position, cause, wait }
    }

    /// Decides on a page, or on the end of the list.
    async fn decide(
        &mut self,
        mut active: ActiveCrawl,
        slot: PageSlot,
        status: u16,
        page: ParsedPage,
        now: Timestamp,
    ) -> Result<Option<StepOutcome>, StoreError> {
        let baseline = Self::baseline_of_pages(&active);
        let context = PageContext {
            cursor: &active.cursor,
            history: &active.history,
            baseline: &baseline,
            config: &self.config,
        };
        let verdict = judge(context, &page.facts, &mut active.attempts.suspects);
        let status = Some(i32::from(status));
        match verdict {
            Verdict::Retry(cause) => {
                self.store_group_behind(&mut active, slot, now).await?;
                self.store.fail_attempt(self.lease.get(), slot, status, &cause).await?;
                Ok(Some(self.retry_later(active, slot, cause, Some(page.wait))))
            }
            Verdict::Fail(message) => {
                self.store_group_behind(&mut active, slot, now).await?;
                self.store.fail_attempt(self.lease.get(), slot, status, &message).await?;
                match self.config.on_reject {
                    OnReject::Fail => self.finish(slot.crawl, failure(message), now).await.map(Some),
                    OnReject::Skip => self.give_up(active, slot, None, message, now).await.map(Some),
                }
            }
            Verdict::Accept { after } => self.store_page(active, slot, status, page, *after, now).await,
        }
    }

    async fn store_page(
        &mut self,
        mut active: ActiveCrawl,
        slot: PageSlot,
        status: Option<i32>,
        page: ParsedPage,
        after: CrawlCursor,
        now: Timestamp,
    ) -> Result<Option<StepOutcome>, StoreError> {
        let ParsedPage { facts, drafts, rejections, deleted, kept, wait: requested_wait } = page;
        let commit = PageCommit {
            is_attempted: !self.group.is_pending(),
            slot,
            status,
            items: count(facts.items),
            rejected: count(facts.rejected),
            rejections,
            hash: facts.hash.clone(),
            drafts,
            kept,
            deleted,
            tally: Tally(after.tally),
            // The total of one list says nothing about the source.
            expected_total: after.total.filter(|_| active.parents.is_none()),
            cursor: serde_json::to_string(&after).map_err(|e| StoreError::Refused(e.to_string()))?,
        };
        tracing::Span::current().record("page.items", facts.items);
        let is_child = active.parents.is_some();
        let sweep_ended = after.next_page.is_none() && !is_child;
        // Requests in flight have paused before they were sent.
        let wait = if self.prefetch.is_empty() { self.config.delay } else { Duration::ZERO };
        let wait = if sweep_ended { wait } else { wait.max(requested_wait) };
        let (items, rejected) = (facts.items, facts.rejected);
        let report = PageReport { slot, items, rejected, sweep_ended, wait };
        match self.store_or_wait(&mut active, AcceptedPage { commit, report }, &after, now).await {
            Ok(()) => {}
            Err(StoreError::Refused(cause)) if !self.group.is_refused() => {
                tracing::error!(source.name = %self.config.name, page.position = slot.position.0, %cause, "the store refused the page");
                let message =
                    format!("{} could not be stored; see the log", self.describe_page(&active.cursor));
                return self.finish(slot.crawl, failure(message), now).await.map(Some);
            }
            Err(error) => return Err(error),
        }
        if facts.items > 0 {
            active.history.pages.insert(facts.hash, slot.position.0);
        }
        active.history.documents = facts.documents;
        active.history.tokens.extend(active.cursor.next_page.take());
        active.attempts = PageAttempts::default();
        active.cursor = after;
        let next = active.cursor.next_step(&active.crawl, &active.baseline, &self.config, now);
        let is_done = matches!(next, NextStep::Finish(_)) && !is_child;
        if let Some(StepOutcome::PageStored { wait, .. }) = self.outcomes.back_mut().filter(|_| is_done) {
            *wait = Duration::ZERO;
        }
        self.active = Some(active);
        Ok(None)
    }

    /// Describes a page in an error: its position in the ledger, and the requested page.
    fn describe_page(&self, cursor: &CrawlCursor) -> String {
        let token = cursor.next_page.as_ref();
        let token = token.map_or_else(String::new, |token| token.describe(&self.config.pagination));
        format!("page {} ({token})", cursor.position)
    }
}

async fn fetch(
    upstream: &Arc<dyn Upstream>,
    prefetch: &mut Prefetch,
    request: &UpstreamRequest,
) -> Result<FetchedPage, FetchError> {
    let fetching = tracing::info_span!(target: TRACED, "upstream request", otel.kind = "client");
    match prefetch.take(request).await {
        Some(fetched) => fetched,
        None => upstream.fetch_page(request).instrument(fetching).await,
    }
}

fn is_first(active: &ActiveCrawl) -> bool {
    active.cursor.next_page == Some(PageToken::First)
}

fn count(items: u64) -> i32 {
    i32::try_from(items).unwrap_or(i32::MAX)
}
