//! Accepted pages that are stored in one transaction.
//!
//! An upstream without pauses may serve pages faster than a transaction each can store them. Nothing of a
//! group is reported before it is stored, with the position behind it: a crawl that is killed requests its
//! pages again.

use std::time::Duration;

use chrono::Utc;
use tokio::time::Instant;

use super::{ActiveCrawl, Crawler};
use crate::cursor::{CrawlCursor, NextStep};
use crate::progress::StepOutcome;
use quarry_domain::{Crawl, Timestamp};
use quarry_store::{PageCommit, PageSlot, StoreError};

/// The number of documents in a group, above which it is stored. Other writers wait for its transaction.
const MAX_DOCUMENTS: usize = 5_000;
/// The size of the documents in a group in bytes, above which it is stored.
const MAX_BYTES: usize = 8 << 20;
/// The time after which a group is stored.
const MAX_AGE: Duration = Duration::from_millis(100);

/// Accepted pages in a row, of which only the first has an attempt in the store.
#[derive(Default)]
pub(super) struct PageGroup {
    pages: Vec<AcceptedPage>,
    documents: usize,
    bytes: usize,
    /// The time at which it has to be stored; `None` without pages.
    deadline: Option<Instant>,
    /// Pages that are stored alone, because the store refused a group of them.
    alone: usize,
    /// The crawl has to resume before the refused group.
    is_refused: bool,
}

/// An accepted page, and the report of it.
pub(super) struct AcceptedPage {
    pub(super) commit: PageCommit,
    pub(super) report: PageReport,
}

/// The report of a page once it is stored.
pub(super) struct PageReport {
    pub(super) slot: PageSlot,
    pub(super) items: u64,
    pub(super) rejected: u64,
    pub(super) sweep_ended: bool,
    /// The pause before the next request.
    pub(super) wait: Duration,
}

impl PageReport {
    fn of(self, crawl: Crawl) -> StepOutcome {
        let Self { slot, items, rejected, sweep_ended, wait } = self;
        let PageSlot { position, sweep, .. } = slot;
        StepOutcome::PageStored { crawl, position, sweep, items, rejected, sweep_ended, wait }
    }
}

impl PageGroup {
    /// Returns the time at which the group has to be stored; `None` without pages.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Drops pages that were not stored.
    pub(super) fn clear(&mut self) {
        *self = Self { alone: self.alone, is_refused: self.is_refused, ..Self::default() };
    }

    fn push(&mut self, page: AcceptedPage) {
        self.documents += page.commit.drafts.len();
        self.bytes += page.commit.drafts.iter().map(|d| d.text.len() + d.attributes.len()).sum::<usize>();
        self.deadline.get_or_insert_with(|| Instant::now() + MAX_AGE);
        self.pages.push(page);
    }

    fn take(&mut self) -> Vec<AcceptedPage> {
        let pages = std::mem::take(&mut self.pages);
        self.clear();
        pages
    }

    /// Lets the pages of a refused group be fetched again and stored alone, to find the refused one.
    fn refuse(&mut self, pages: usize, groups_pages: bool) {
        if groups_pages && self.alone == 0 {
            (self.alone, self.is_refused) = (pages, true);
        }
    }

    /// Returns true once after a group was refused.
    pub(super) fn take_refusal(&mut self) -> bool {
        std::mem::take(&mut self.is_refused)
    }

    pub(super) fn is_refused(&self) -> bool {
        self.is_refused
    }

    fn is_full(&self) -> bool {
        let is_old = self.deadline.is_some_and(|deadline| deadline <= Instant::now());
        self.alone > 0 || self.documents >= MAX_DOCUMENTS || self.bytes >= MAX_BYTES || is_old
    }
}

impl Crawler {
    /// Adds a page to the group, and stores the group unless another page can follow at once.
    pub(super) async fn store_or_wait(
        &mut self,
        active: &mut ActiveCrawl,
        page: AcceptedPage,
        after: &CrawlCursor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let waits = !page.report.wait.is_zero();
        self.group.push(page);
        if self.groups_pages && !waits && !self.group.is_full() && self.is_followed(active, after, now) {
            return Ok(());
        }
        self.store_group(active, now).await
    }

    /// Returns true if the crawl requests another page, whatever the store finds in this one.
    fn is_followed(&self, active: &ActiveCrawl, after: &CrawlCursor, now: Timestamp) -> bool {
        // The ends of a list and of later sweeps depend on the number of distinct documents.
        let is_open = after.next_page.is_some() && !after.end_reached && after.dead_end.is_none();
        let next = || after.next_step(&active.crawl, &active.baseline, &self.config, now);
        active.parents.is_none() && is_open && matches!(next(), NextStep::Fetch(_))
    }

    /// Stores the group, and the attempt at the page behind it, whose request was sent in the meantime.
    pub(super) async fn store_group_behind(
        &mut self,
        active: &mut ActiveCrawl,
        slot: PageSlot,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if self.group.pages.is_empty() {
            return Ok(());
        }
        self.store_group(active, now).await?;
        self.store.begin_attempt(self.lease.get(), slot, now).await
    }

    /// Stores the group of an interrupted run: without it, the next run would request its pages again.
    pub(super) async fn store_interrupted_group(&mut self) {
        let commits: Vec<PageCommit> = self.group.take().into_iter().map(|page| page.commit).collect();
        if commits.is_empty() {
            return;
        }
        if let Err(error) = self.store.commit_pages(self.lease.get(), commits, Utc::now()).await {
            tracing::debug!(source.name = %self.config.name, %error, "cannot store pages of an interrupted crawl");
        }
    }

    /// Stores the group in one transaction, and reports its pages.
    pub(super) async fn store_group(
        &mut self,
        active: &mut ActiveCrawl,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let pages = self.group.take();
        let (commits, reports): (Vec<_>, Vec<_>) =
            pages.into_iter().map(|page| (page.commit, page.report)).unzip();
        let stored = self.store.commit_pages(self.lease.get(), commits, now).await;
        if matches!(stored, Err(StoreError::Refused(_))) {
            self.group.refuse(reports.len(), self.groups_pages);
        }
        for (report, page) in reports.into_iter().zip(stored?) {
            active.crawl = page.crawl.clone();
            self.group.alone = self.group.alone.saturating_sub(1);
            self.outcomes.push_back(report.of(page.crawl));
        }
        Ok(())
    }
}
