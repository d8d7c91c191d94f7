//! Accepted pages that are stored in one transaction.
//!
//! An upstream without pauses may serve pages faster than a transaction each can store them. Nothing of a
//! group is reported before it is stored, with the position behind it: a crawl that is killed requests its
//! pages again.

use std::time::Duration;

use chrono::Utc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::{ActiveCrawl, Crawler};
use crate::cursor::{CrawlCursor, NextStep};
use crate::progress::StepOutcome;
use quarry_domain::{Crawl, Timestamp};
use quarry_runtime::task::output_of;
use quarry_store::{PageCommit, PageOutcome, PageSlot, StoreError};

/// The number of documents in a group, above which it is stored. Other writers wait for its transaction.
const MAX_DOCUMENTS: usize = 20_000;
/// The size of the documents in a group in bytes, above which it is stored.
const MAX_BYTES: usize = 16 << 20;
/// The time after which a group is stored.
const MAX_AGE: Duration = Duration::from_millis(100);
/// The time after which groups that follow each other at once leave a turn to others.
const TURN: Duration = Duration::from_secs(2);
/// The turn of others: of two processes with one SQLite database, the one that waits looks every 100 ms.
const TURN_OF_OTHERS: Duration = Duration::from_millis(120);

/// Accepted pages in a row.
#[derive(Default)]
pub(super) struct PageGroup {
    pages: Vec<AcceptedPage>,
    documents: usize,
    bytes: usize,
    /// The time at which it has to be stored; `None` without pages, also in the group before.
    deadline: Option<Instant>,
    /// The group before, which is stored while this one is fetched.
    storing: Option<StoringGroup>,
    /// The start of groups that follow each other at once.
    turn_began: Option<Instant>,
    /// Pages that are stored alone, because the store refused a group of them.
    alone: usize,
    /// The crawl has to resume before the refused group.
    is_refused: bool,
}

/// A group on its way to the store.
struct StoringGroup {
    task: JoinHandle<Result<Vec<PageOutcome>, StoreError>>,
    reports: Vec<PageReport>,
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
    /// Returns the time at which the group has to be stored; `None` without pages, also in the group before.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Returns true if pages are not stored yet: the attempt at the next one is stored with it.
    pub(super) fn is_pending(&self) -> bool {
        !self.pages.is_empty() || self.storing.is_some()
    }

    /// Drops pages that were not sent to the store.
    pub(super) fn clear(&mut self) {
        self.take();
    }

    fn push(&mut self, page: AcceptedPage) {
        self.documents += page.commit.drafts.len();
        self.bytes += page.commit.drafts.iter().map(|d| d.text.len() + d.attributes.len()).sum::<usize>();
        self.deadline.get_or_insert_with(|| Instant::now() + MAX_AGE);
        self.pages.push(page);
    }

    fn take(&mut self) -> (Vec<PageCommit>, Vec<PageReport>) {
        (self.documents, self.bytes, self.deadline) = (0, 0, None);
        self.pages.drain(..).map(|page| (page.commit, page.report)).unzip()
    }

    /// Waits until the store has received the group before, and returns its outcome; `None` without one.
    ///
    /// A caller that is dropped leaves the group where it is.
    async fn stored(&mut self) -> Option<(Vec<PageReport>, Result<Vec<PageOutcome>, StoreError>)> {
        let stored = (&mut self.storing.as_mut()?.task).await;
        let StoringGroup { reports, .. } = self.storing.take()?;
        let stored = output_of(stored).unwrap_or_else(|| Err(StoreError::shutting_down()));
        if stored.is_err() {
            // Without the pages before, this group would leave a gap.
            self.clear();
        }
        Some((reports, stored))
    }

    /// Returns the pause before a group that follows another at once.
    fn turn_of_others(&mut self) -> Duration {
        let now = Instant::now();
        if now.duration_since(*self.turn_began.get_or_insert(now)) < TURN {
            return Duration::ZERO;
        }
        self.turn_began = None;
        TURN_OF_OTHERS
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
        // While the store is busy, there is no use in an end.
        let is_busy = self.storing.as_ref().is_some_and(|group| !group.task.is_finished());
        let is_old = self.deadline.is_some_and(|deadline| deadline <= Instant::now()) && !is_busy;
        self.alone > 0 || self.documents >= MAX_DOCUMENTS || self.bytes >= MAX_BYTES || is_old
    }
}

impl Crawler {
    /// Adds a page to the group, and stores the group unless another page can follow at once.
    ///
    /// A full group that others follow is stored while these are fetched.
    pub(super) async fn store_or_wait(
        &mut self,
        active: &mut ActiveCrawl,
        page: AcceptedPage,
        after: &CrawlCursor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let waits = !page.report.wait.is_zero();
        self.group.push(page);
        let is_followed = self.groups_pages && !waits && self.is_followed(active, after, now);
        if !is_followed || self.group.alone > 0 {
            return self.store_group(active, now).await;
        }
        if self.group.is_full() {
            self.begin_storing(active, now).await?;
        }
        Ok(())
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
        if !self.group.is_pending() {
            return Ok(());
        }
        self.store_group(active, now).await?;
        self.store.begin_attempt(self.lease.get(), slot, now).await
    }

    /// Stores the group of an interrupted run: without it, the next run would request its pages again.
    pub(super) async fn store_interrupted_group(&mut self) {
        self.await_stored().await;
        let (commits, _) = self.group.take();
        if commits.is_empty() {
            return;
        }
        if let Err(error) = self.store.commit_pages(self.lease.get(), commits, Utc::now()).await {
            tracing::debug!(source.name = %self.config.name, %error, "cannot store pages of an interrupted crawl");
        }
    }

    /// Waits until the store has received the group before, whatever it answers.
    pub(super) async fn await_stored(&mut self) {
        self.group.stored().await;
    }

    /// Sends the group to the store once that has received the one before.
    async fn begin_storing(&mut self, active: &mut ActiveCrawl, now: Timestamp) -> Result<(), StoreError> {
        self.report_stored(active).await?;
        let (commits, reports) = self.group.take();
        let (store, lease) = (self.store.clone(), self.lease.get().clone());
        let pause = self.group.turn_of_others();
        let task = tokio::spawn(async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            store.commit_pages(&lease, commits, now).await
        });
        self.group.storing = Some(StoringGroup { task, reports });
        self.group.deadline = Some(Instant::now() + MAX_AGE);
        Ok(())
    }

    /// Stores the group in one transaction, and reports its pages.
    pub(super) async fn store_group(
        &mut self,
        active: &mut ActiveCrawl,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.report_stored(active).await?;
        let (commits, reports) = self.group.take();
        let stored = self.store.commit_pages(self.lease.get(), commits, now).await;
        self.report(active, reports, stored)
    }

    /// Waits until the store has received the group before, and reports its pages.
    async fn report_stored(&mut self, active: &mut ActiveCrawl) -> Result<(), StoreError> {
        match self.group.stored().await {
            Some((reports, stored)) => self.report(active, reports, stored),
            None => Ok(()),
        }
    }

    fn report(
        &mut self,
        active: &mut ActiveCrawl,
        reports: Vec<PageReport>,
        stored: Result<Vec<PageOutcome>, StoreError>,
    ) -> Result<(), StoreError> {
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
