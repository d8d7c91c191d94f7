//! One attempt at a page: the request, the verdict and the record in the store.

use std::time::Duration;

use tracing::Instrument;
use tracing::field::Empty;

use super::{ActiveCrawl, Crawler, PageAttempts};
use crate::cursor::{CrawlCursor, NextStep, failure};
use crate::page::parse_page;
use crate::pagination::page_request;
use crate::plan::{SweepHistory, Verdict, judge};
use crate::progress::StepOutcome;
use crate::upstream::{FetchError, FetchedPage, UpstreamRequest};
use quarry_domain::{PagePosition, Timestamp};
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
        let request = page_request(&self.config, token);
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
            Ok(page) => self.decide(active, slot, page, now).await,
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
        let cause = error.to_string();
        self.store.fail_attempt(self.lease.get(), slot, error.status.map(i32::from), &cause).await?;
        let page = self.describe_page(&active.cursor);
        if let Some(message) = active.attempts.failures.count(&error, &page, &self.config) {
            return self.finish(slot.crawl, failure(message), now).await;
        }
        Ok(self.retry_later(active, slot, cause, error.retry_after))
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

    /// Decides on a fetched page.
    async fn decide(
        &mut self,
        mut active: ActiveCrawl,
        slot: PageSlot,
        page: FetchedPage,
        now: Timestamp,
    ) -> Result<StepOutcome, StoreError> {
        let status = i32::from(page.status);
        let page = parse_page(&self.config, page);
        let facts = &page.facts;
        match judge(
            &active.cursor,
            facts,
            &active.history,
            &mut active.attempts.suspects,
            &self.config.pagination,
        ) {
            Verdict::Retry(cause) => {
                self.store.fail_attempt(self.lease.get(), slot, Some(status), &cause).await?;
                Ok(self.retry_later(active, slot, cause, None))
            }
            Verdict::Fail(message) => {
                self.store.fail_attempt(self.lease.get(), slot, Some(status), &message).await?;
                self.finish(slot.crawl, failure(message), now).await
            }
            Verdict::Accept { after, restart } => {
                let commit = PageCommit {
                    slot,
                    status,
                    items: count(facts.items),
                    rejected: count(facts.rejected),
                    hash: facts.hash.clone(),
                    drafts: page.drafts,
                    restarts: after.restarts,
                    restart,
                    expected_total: after.total,
                    cursor: serde_json::to_string(&after).map_err(|e| StoreError::Refused(e.to_string()))?,
                };
                self.store_page(active, *after, (facts.items, facts.rejected), commit, now).await
            }
        }
    }

    async fn store_page(
        &mut self,
        mut active: ActiveCrawl,
        after: CrawlCursor,
        (items, rejected): (u64, u64),
        commit: PageCommit,
        now: Timestamp,
    ) -> Result<StepOutcome, StoreError> {
        let (slot, hash) = (commit.slot, commit.hash.clone());
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
        if items > 0 {
            active.history.pages.insert(hash, slot.position.0);
        }
        active.history.tokens.extend(active.cursor.next_page.take());
        active.attempts = PageAttempts::default();
        active.cursor = after;
        let sweep_ended = active.cursor.next_page.is_none();
        let is_done =
            matches!(active.cursor.next_step(&active.crawl, &self.config, now), NextStep::Finish(_));
        let wait = if is_done { Duration::ZERO } else { self.config.delay };
        let crawl = active.crawl.clone();
        self.active = Some(active);
        Ok(StepOutcome::PageStored {
            crawl,
            position: slot.position,
            sweep: slot.sweep,
            items,
            rejected,
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
