//! One attempt at a page: asks for it, decides what became of it, and writes that down.

use std::time::Duration;

use tracing::Instrument;
use tracing::field::Empty;

use super::{Crawler, Run, Tries};
use crate::cursor::{Cursor, Move, failure};
use crate::page_reading::read_page;
use crate::pagination::page_url;
use crate::plan::{Trail, Verdict, judge};
use crate::progress::StepOutcome;
use crate::upstream::{FetchError, FetchedPage, PageRequest};
use quarry_domain::{PagePosition, Timestamp};
use quarry_runtime::retry::Backoff;
use quarry_runtime::telemetry::TRACED;
use quarry_store::{PageCommit, PageSlot, StoreError};

impl Crawler {
    /// Makes one request for the page that `cursor` names.
    pub(super) async fn attempt(
        &mut self,
        mut run: Run,
        cursor: Cursor,
        now: Timestamp,
    ) -> Result<StepOutcome, StoreError> {
        if cursor.sweep != run.cursor.sweep {
            run.trail = Trail::default();
        }
        run.cursor = cursor;
        let slot = PageSlot {
            crawl: run.crawl.id,
            position: PagePosition(run.cursor.position),
            sweep: run.cursor.sweep,
        };
        let Some(place) = &run.cursor.place else {
            return Err(StoreError::Refused("a sweep that has ended has no next page".to_owned()));
        };
        let request = PageRequest { url: page_url(&self.config.url, &self.config.pagination, place) };
        let span = tracing::info_span!(
            target: TRACED,
            "crawl page",
            source.name = %self.config.name,
            page.position = slot.position.0,
            page.items = Empty,
        );
        let outcome = self.make_attempt(run, slot, &request, now).instrument(span.clone()).await;
        if let Ok(StepOutcome::PageTaken { items, .. }) = &outcome {
            span.record("page.items", items);
        }
        outcome
    }

    async fn make_attempt(
        &mut self,
        run: Run,
        slot: PageSlot,
        request: &PageRequest,
        now: Timestamp,
    ) -> Result<StepOutcome, StoreError> {
        self.store.begin_attempt(self.lease.get(), slot, now).await?;
        let fetching = tracing::info_span!(target: TRACED, "upstream request", otel.kind = "client");
        match self.upstream.fetch_page(request).instrument(fetching).await {
            Ok(page) => self.weigh(run, slot, page, now).await,
            Err(error) => self.note_failure(run, slot, error, now).await,
        }
    }

    async fn note_failure(
        &mut self,
        mut run: Run,
        slot: PageSlot,
        error: FetchError,
        now: Timestamp,
    ) -> Result<StepOutcome, StoreError> {
        let cause = error.to_string();
        self.store.fail_attempt(self.lease.get(), slot, error.status().map(i32::from), &cause).await?;
        let page = self.describe_page(&run.cursor);
        if let Some(message) = run.tries.failures.count(&error, &page, &self.config) {
            return self.finish(slot.crawl, failure(message), now).await;
        }
        Ok(self.ask_again(run, slot, cause, error.retry_after()))
    }

    /// Keeps the page for another attempt, after a pause: the backoff in any case, and what
    /// the upstream asks for beyond it, up to the limit.
    fn ask_again(
        &mut self,
        mut run: Run,
        slot: PageSlot,
        cause: String,
        retry_after: Option<Duration>,
    ) -> StepOutcome {
        run.tries.in_vain += 1;
        let backoff = Backoff::new(self.config.backoff, self.config.max_backoff);
        let wait = backoff
            .delay(run.tries.in_vain, &mut self.rng)
            .max(self.config.delay)
            .max(retry_after.unwrap_or_default().min(self.config.max_retry_after));
        let crawl = run.crawl.clone();
        self.run = Some(run);
        StepOutcome::AttemptFailed { crawl, position: slot.position, cause, wait }
    }

    /// Decides what becomes of a page that arrived.
    async fn weigh(
        &mut self,
        mut run: Run,
        slot: PageSlot,
        page: FetchedPage,
        now: Timestamp,
    ) -> Result<StepOutcome, StoreError> {
        let status = i32::from(page.status);
        let reading = read_page(&self.config, page);
        let answer = &reading.answer;
        match judge(&run.cursor, answer, &run.trail, &mut run.tries.doubts, &self.config.pagination) {
            Verdict::Again(cause) => {
                self.store.fail_attempt(self.lease.get(), slot, Some(status), &cause).await?;
                Ok(self.ask_again(run, slot, cause, None))
            }
            Verdict::Fail(message) => {
                self.store.fail_attempt(self.lease.get(), slot, Some(status), &message).await?;
                self.finish(slot.crawl, failure(message), now).await
            }
            Verdict::Take { after, restart } => {
                let commit = PageCommit {
                    slot,
                    status,
                    items: count(answer.items),
                    rejected: count(answer.rejected),
                    hash: answer.hash.clone(),
                    drafts: reading.drafts,
                    restarts: after.restarts,
                    restart,
                    expected_total: after.total,
                    cursor: serde_json::to_string(&after).map_err(|e| StoreError::Refused(e.to_string()))?,
                };
                self.take(run, *after, (answer.items, answer.rejected), commit, now).await
            }
        }
    }

    async fn take(
        &mut self,
        mut run: Run,
        after: Cursor,
        (items, rejected): (u64, u64),
        commit: PageCommit,
        now: Timestamp,
    ) -> Result<StepOutcome, StoreError> {
        let (slot, hash) = (commit.slot, commit.hash.clone());
        match self.store.commit_page(self.lease.get(), commit, now).await {
            Ok(outcome) => run.crawl = outcome.crawl,
            Err(StoreError::Refused(cause)) => {
                tracing::error!(source.name = %self.config.name, page.position = slot.position.0, %cause, "page refused by the store");
                let message = format!("{} could not be stored; see the log", self.describe_page(&run.cursor));
                return self.finish(slot.crawl, failure(message), now).await;
            }
            Err(error) => return Err(error),
        }
        if items > 0 {
            run.trail.pages.insert(hash, slot.position.0);
        }
        run.trail.places.extend(run.cursor.place.take());
        run.tries = Tries::default();
        run.cursor = after;
        let sweep_ended = run.cursor.place.is_none();
        let is_done = matches!(run.cursor.next_move(&run.crawl, &self.config, now), Move::Finish(_));
        let wait = if is_done { Duration::ZERO } else { self.config.delay };
        let crawl = run.crawl.clone();
        self.run = Some(run);
        Ok(StepOutcome::PageTaken {
            crawl,
            position: slot.position,
            sweep: slot.sweep,
            items,
            rejected,
            sweep_ended,
            wait,
        })
    }

    /// A page as an error names it: its line in the ledger, and what was asked for.
    fn describe_page(&self, cursor: &Cursor) -> String {
        let place =
            cursor.place.as_ref().map_or_else(String::new, |place| place.describe(&self.config.pagination));
        format!("page {} ({place})", cursor.position)
    }
}

fn count(items: u64) -> i32 {
    i32::try_from(items).unwrap_or(i32::MAX)
}
