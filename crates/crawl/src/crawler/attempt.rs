//! One attempt at a page: the request, the verdict and the record in the store.

use std::time::Duration;

use tracing::Instrument;
use tracing::field::Empty;

use super::{ActiveCrawl, Crawler, PageAttempts};
use crate::cursor::{CrawlCursor, NextStep, failure, unmodified};
use crate::page::{ParsedPage, parse_page};
use crate::pagination::{PageToken, page_request};
use crate::plan::{PageContext, SweepHistory, Verdict, after_skipped, is_end_status, judge};
use crate::progress::StepOutcome;
use crate::upstream::{FetchError, UpstreamRequest};
use quarry_config::OnFailedPage;
use quarry_domain::{PagePosition, Tally, Timestamp};
use quarry_runtime::retry::Backoff;
use quarry_runtime::telemetry::TRACED;
use quarry_store::{PageCommit, PageSlot, StoreError};

impl Crawler {
    /// Sends one request for the next page of `cursor`.
    pub(super) async fn attempt(
        &mut self,
        mut active: ActiveCrawl,
        cursor: CrawlCursor,
        now: Timestamp,
    ) -> Result<StepOutcome, StoreError> {
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
        let mut request = page_request(&self.config, token, active.cursor.since.as_deref());
        if active.cursor.pages == 0 && active.cursor.sweep == 1 {
            request.etag.clone_from(&active.baseline.etag);
        }
        let span = tracing::info_span!(
            target: TRACED,
            "crawl page",
            source.name = %self.config.name,
            page.position = slot.position.0,
            page.items = Empty,
        );
        let outcome = self.make_attempt(active, slot, &request, now).instrument(span.clone()).await;
        if let Ok(StepOutcome::PageStored { items, .. }) = &outcome {
            span.record("page.items", items);
        }
        outcome
    }

    async fn make_attempt(
        &mut self,
        active: ActiveCrawl,
        slot: PageSlot,
        request: &UpstreamRequest,
        now: Timestamp,
    ) -> Result<StepOutcome, StoreError> {
        self.store.begin_attempt(self.lease.get(), slot, now).await?;
        let fetching = tracing::info_span!(target: TRACED, "upstream request", otel.kind = "client");
        match self.upstream.fetch_page(request).instrument(fetching).await {
            Ok(page) if page.is_unmodified() => self.finish(slot.crawl, unmodified(), now).await,
            Ok(page) => {
                let (status, wait) = (page.status, page.wait);
                let page = parse_page(&self.config, page);
                let outcome = self.decide(active, slot, status, page, now).await?;
                Ok(outcome.after_at_least(wait.unwrap_or_default().min(self.config.max_retry_after)))
            }
            Err(error) => self.record_failure(active, slot, error, now).await,
        }
    }

    async fn record_failure(
        &mut self,
        mut active: ActiveCrawl,
        slot: PageSlot,
        error: FetchError,
        now: Timestamp,
    ) -> Result<StepOutcome, StoreError> {
        let page = self.describe_page(&active.cursor);
        let exhausted = active.attempts.failures.count(&error, &page, &self.config);
        if let Some(status) = error.status.filter(|status| self.ends_list(&active, *status)) {
            return self.decide(active, slot, status, ParsedPage::end(status), now).await;
        }
        let (cause, status) = (error.to_string(), error.status.map(i32::from));
        self.store.fail_attempt(self.lease.get(), slot, status, &cause).await?;
        let Some(message) = exhausted else {
            return Ok(self.retry_later(active, slot, cause, error.retry_after));
        };
        let is_skipped = self.config.on_failed_page == OnFailedPage::Skip;
        match after_skipped(&active.cursor, &self.config, &message).filter(|_| is_skipped) {
            Some(after) => self.store_page(active, slot, status, ParsedPage::default(), after, now).await,
            None => self.finish(slot.crawl, failure(message), now).await,
        }
    }

    /// Returns true if the status of a failed request means that the list has no such page.
    fn ends_list(&self, active: &ActiveCrawl, status: u16) -> bool {
        let cursor = &active.cursor;
        let Some(token) = cursor.next_page.as_ref().filter(|token| **token != PageToken::First) else {
            return false;
        };
        if self.config.stop.as_ref().is_some_and(|stop| stop.status.contains(&status)) {
            return true;
        }
        is_end_status(status, token, &self.config)
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
    ) -> Result<StepOutcome, StoreError> {
        let context = PageContext {
            cursor: &active.cursor,
            history: &active.history,
            baseline: &active.baseline,
            config: &self.config,
        };
        let verdict = judge(context, &page.facts, &mut active.attempts.suspects);
        let status = Some(i32::from(status));
        match verdict {
            Verdict::Retry(cause) => {
                self.store.fail_attempt(self.lease.get(), slot, status, &cause).await?;
                Ok(self.retry_later(active, slot, cause, None))
            }
            Verdict::Fail(message) => {
                self.store.fail_attempt(self.lease.get(), slot, status, &message).await?;
                self.finish(slot.crawl, failure(message), now).await
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
    ) -> Result<StepOutcome, StoreError> {
        let ParsedPage { facts, drafts, rejections, deleted, kept } = page;
        let commit = PageCommit {
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
            expected_total: after.total,
            cursor: serde_json::to_string(&after).map_err(|e| StoreError::Refused(e.to_string()))?,
        };
        match self.store.commit_page(self.lease.get(), commit, now).await {
            Ok(outcome) => active.crawl = outcome.crawl,
            Err(StoreError::Refused(cause)) => {
                tracing::error!(source.name = %self.config.name, page.position = slot.position.0, %cause, "the store refused the page");
                let message =
                    format!("{} could not be stored; see the log", self.describe_page(&active.cursor));
                return self.finish(slot.crawl, failure(message), now).await;
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
        let sweep_ended = active.cursor.next_page.is_none();
        let next = active.cursor.next_step(&active.crawl, &active.baseline, &self.config, now);
        let is_done = matches!(next, NextStep::Finish(_));
        let wait = if is_done { Duration::ZERO } else { self.config.delay };
        let crawl = active.crawl.clone();
        self.active = Some(active);
        Ok(StepOutcome::PageStored {
            crawl,
            position: slot.position,
            sweep: slot.sweep,
            items: facts.items,
            rejected: facts.rejected,
            sweep_ended,
            wait,
        })
    }

    /// Describes a page in an error: its position in the ledger, and the requested page.
    fn describe_page(&self, cursor: &CrawlCursor) -> String {
        let token = cursor.next_page.as_ref();
        let token = token.map_or_else(String::new, |token| token.describe(&self.config.pagination));
        format!("page {} ({token})", cursor.position)
    }
}

fn count(items: u64) -> i32 {
    i32::try_from(items).unwrap_or(i32::MAX)
}
