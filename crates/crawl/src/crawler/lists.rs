//! The crawl of a child source: the lists of its parents, one after another.

use super::{ActiveCrawl, Crawler, PageAttempts, ParentLists};
use crate::baseline::Baseline;
use crate::cursor::{CrawlCursor, NextStep};
use crate::parents::Parents;
use crate::plan::SweepHistory;
use crate::progress::StepOutcome;
use quarry_domain::{CrawlState, DocumentKey, Timestamp};
use quarry_store::StoreError;

impl Crawler {
    /// Returns the parents of a child source at the position of a cursor.
    pub(super) async fn parents_at(&self, cursor: &CrawlCursor) -> Result<Option<ParentLists>, StoreError> {
        let Some(source) = &self.config.parent else { return Ok(None) };
        let key = cursor.parents.as_ref().and_then(|position| DocumentKey::parse(&position.key).ok());
        let parents = Parents::of(self.store.clone(), self.config.clone(), source, key.as_ref());
        let current = match &key {
            Some(key) => parents.find(key).await?,
            None => None,
        };
        Ok(Some(ParentLists { parents, current }))
    }

    /// Attempts the next page of a list, starts the next list, or ends the crawl behind the last one.
    pub(super) async fn step_lists(
        &mut self,
        mut active: ActiveCrawl,
        now: Timestamp,
    ) -> Result<Option<StepOutcome>, StoreError> {
        loop {
            if active.list().is_some() {
                let config = active.config(&self.config);
                match active.cursor.next_step_of_list(&active.crawl, config, now) {
                    NextStep::Fetch(cursor) => return self.attempt(active, *cursor, now).await,
                    NextStep::Finish(end)
                        if end.state == CrawlState::Failed && self.is_overdue(&active, now) =>
                    {
                        return self.finish(active.crawl.id, end, now).await.map(Some);
                    }
                    NextStep::Finish(end) => active.cursor.end_list(&active.crawl, &end),
                }
            }
            let Some(lists) = &mut active.parents else {
                return Err(StoreError::Refused("a child source has no parents".to_owned()));
            };
            lists.current = None;
            match lists.parents.next().await? {
                Some(Ok(list)) => {
                    active.cursor = active.cursor.start_of_list(&list.parent, &active.crawl);
                    active.history = SweepHistory::default();
                    active.attempts = PageAttempts::default();
                    lists.current = Some(list);
                }
                Some(Err(placeholder)) => active.cursor.skip_parent(placeholder.as_str()),
                None => {
                    let doubt = lists.parents.doubt().await?;
                    let ActiveCrawl { crawl, cursor, baseline, .. } = &active;
                    let end = cursor.end_of_lists(crawl, baseline, &self.config, doubt);
                    return self.finish(crawl.id, end, now).await.map(Some);
                }
            }
        }
    }

    fn is_overdue(&self, active: &ActiveCrawl, now: Timestamp) -> bool {
        (now - active.crawl.started_at).to_std().unwrap_or_default() > self.config.max_duration
    }

    /// Returns the baseline of the pages: that of a crawl describes no single list.
    pub(super) fn baseline_of_pages(active: &ActiveCrawl) -> Baseline {
        if active.parents.is_some() { Baseline::default() } else { active.baseline.clone() }
    }
}
