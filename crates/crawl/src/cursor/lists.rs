//! The lists of the parents of a child source, one after another, and the end of a crawl over them.
//!
//! A list is crawled like a source of its own, in sweeps of its own. The crawl is complete when each list is.

use serde::{Deserialize, Serialize};

use super::report::describe_rejected;
use super::{CrawlCursor, NextStep, failure, incomplete};
use crate::baseline::Baseline;
use crate::grouped::grouped;
use crate::mapping::are_mostly_rejected;
use quarry_config::SourceConfig;
use quarry_domain::{Crawl, CrawlState, DocumentKey, Timestamp};
use quarry_store::CrawlEnd;

/// Failed lists in a row that fail the crawl: the upstream is down.
const FAILED_LISTS: u32 = 3;
/// Characters of a parent's key in an error message.
const MAX_KEY_CHARS: usize = 40;

/// The position among the parents, and the results of ended lists.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ParentsCursor {
    /// The key of the parent whose list is read.
    pub(crate) key: String,
    /// Documents that the crawl had seen before this list.
    seen_before: i64,
    /// Parents whose lists have ended, without those of the other counts.
    ended: u64,
    /// Parents whose lists the upstream does not have.
    absent: u64,
    /// Parents whose lists could not be read to their ends.
    incomplete: u64,
    /// The latest of these in a row.
    failed_in_a_row: u32,
    /// Parents without a value for a placeholder.
    without_value: u64,
    /// That placeholder.
    placeholder: Option<String>,
    /// Items with keys that the crawl had seen before.
    repeated_keys: u64,
    /// Items of ended lists, and rejected ones among them.
    received: u64,
    rejected: u64,
    /// The reason why a list is incomplete.
    trouble: Option<String>,
    /// The error of a rejected item.
    rejection: Option<String>,
}

impl ParentsCursor {
    /// Returns the number of parents so far.
    fn visited(&self) -> u64 {
        self.ended + self.absent + self.incomplete + self.without_value
    }
}

impl CrawlCursor {
    /// Returns the cursor before the first page of the list of a parent.
    pub(crate) fn start_of_list(&self, parent: &DocumentKey, crawl: &Crawl) -> Self {
        let parents = ParentsCursor {
            key: parent.as_str().to_owned(),
            seen_before: crawl.documents_seen,
            ..self.parents.clone().unwrap_or_default()
        };
        Self {
            position: self.position,
            parents: Some(parents),
            ..Self::start_of_sweep(self.settings, self.tally, 1)
        }
    }

    /// Decides on the next step within the list of a parent; an end is the end of the list.
    pub(crate) fn next_step_of_list(&self, crawl: &Crawl, config: &SourceConfig, now: Timestamp) -> NextStep {
        let Some(parents) = &self.parents else { return incomplete("no list".to_owned()) };
        let mut list = crawl.clone();
        list.documents_seen -= parents.seen_before;
        if self.next_page.is_none() && self.repeated_keys(&list) > 0 {
            // Further sweeps would see them again.
            return NextStep::Finish(CrawlEnd {
                state: CrawlState::Completed,
                error: None,
                sweep_vanished: None,
            });
        }
        self.next_step(&list, &Baseline::default(), config, now)
    }

    fn repeated_keys(&self, list: &Crawl) -> u64 {
        let seen = u64::try_from(list.documents_seen).unwrap_or(0);
        if self.sweep == 1 && !self.total_shrank { self.offered.saturating_sub(seen) } else { 0 }
    }

    /// Records the end of the list of a parent.
    pub(crate) fn end_list(&mut self, crawl: &Crawl, end: &CrawlEnd) {
        let Some(mut parents) = self.parents.take() else { return };
        let mut list = crawl.clone();
        list.documents_seen -= parents.seen_before;
        parents.repeated_keys += self.repeated_keys(&list);
        parents.received += self.received;
        parents.rejected += self.rejected;
        if parents.rejection.is_none() {
            parents.rejection.clone_from(&self.rejection);
        }
        if end.state == CrawlState::Completed {
            let count = if self.is_absent { &mut parents.absent } else { &mut parents.ended };
            *count += 1;
            parents.failed_in_a_row = 0;
        } else {
            parents.incomplete += 1;
            if self.dead_end.is_none() {
                parents.failed_in_a_row = 0;
            }
            let reason = end.error.as_deref().unwrap_or_default();
            parents.trouble.get_or_insert_with(|| format!("parent \"{}\": {reason}", shown(&parents.key)));
        }
        self.parents = Some(parents);
    }

    /// Ends the list of a parent that cannot be fetched, or returns the error that ends the crawl.
    pub(crate) fn fail_list(&mut self, failure: String) -> Result<(), String> {
        let Some(parents) = &mut self.parents else { return Err(failure) };
        parents.failed_in_a_row += 1;
        if parents.failed_in_a_row >= FAILED_LISTS {
            return Err(format!(
                "the lists of {FAILED_LISTS} parents in a row failed, the last of parent \"{}\": {failure}",
                shown(&parents.key)
            ));
        }
        // The ledger keeps the failures of this page apart from those of the next list.
        self.position += 1;
        self.dead_end = Some(failure);
        Ok(())
    }

    /// Counts a parent without a value for a placeholder, which has no list.
    pub(crate) fn skip_parent(&mut self, placeholder: &str) {
        let parents = self.parents.get_or_insert_default();
        parents.without_value += 1;
        parents.placeholder.get_or_insert_with(|| placeholder.to_owned());
    }

    /// Decides on the end of a crawl over the lists of all parents.
    ///
    /// `doubt` is the reason why the stored parents may not be all of them.
    pub(crate) fn end_of_lists(
        &self,
        crawl: &Crawl,
        baseline: &Baseline,
        config: &SourceConfig,
        doubt: Option<String>,
    ) -> CrawlEnd {
        let parents = self.parents.clone().unwrap_or_default();
        let all = grouped(signed(parents.visited()));
        if let Some(placeholder) =
            parents.placeholder.as_ref().filter(|_| parents.without_value == parents.visited())
        {
            let error = format!("none of {all} parents has a usable value for {placeholder}: check `url`");
            return failure(error);
        }
        let mut doubts: Vec<String> = doubt.into_iter().collect();
        if let Some(trouble) = &parents.trouble {
            let incomplete = grouped(signed(parents.incomplete));
            doubts.push(format!("the lists of {incomplete} of {all} parents are incomplete; {trouble}"));
        }
        if parents.repeated_keys > 0 {
            let repeated = grouped(signed(parents.repeated_keys));
            doubts.push(format!(
                "{repeated} items have keys of other items: if these belong to other parents, add a value of the \
                 parent to the key, such as `key = [\"{}\", \"/id\"]`",
                config.placeholders().first().map_or("{id}", |placeholder| placeholder.as_str()),
            ));
        }
        if parents.absent * 2 > parents.visited() {
            let absent = grouped(signed(parents.absent));
            doubts.push(format!(
                "the upstream does not have the lists of {absent} of {all} parents (404): check `url`, or set \
                 `stop = {{ status = [404] }}` if it means an empty list"
            ));
        }
        let mut notes = Vec::new();
        if let Some(rejection) = &parents.rejection {
            let note = describe_rejected(parents.rejected, rejection);
            let list = if are_mostly_rejected(parents.rejected, parents.received) {
                &mut doubts
            } else {
                &mut notes
            };
            list.push(note);
        }
        if let Some(placeholder) = &parents.placeholder {
            let skipped = grouped(signed(parents.without_value));
            notes.push(format!("{skipped} of {all} parents have no usable value for {placeholder}"));
        }
        let is_complete = doubts.is_empty();
        doubts.append(&mut notes);
        CrawlEnd {
            state: if is_complete { CrawlState::Completed } else { CrawlState::Incomplete },
            error: (!doubts.is_empty()).then(|| doubts.join("; ")),
            sweep_vanished: is_complete.then(|| self.removal(crawl, baseline, config)),
        }
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn shown(key: &str) -> String {
    key.chars().take(MAX_KEY_CHARS).collect()
}
