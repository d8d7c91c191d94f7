//! The position of a crawl, and the decision on its next step.
//!
//! Pure: the decision depends on the cursor, the counts of the crawl and `now`, so that a resumed crawl
//! decides as the interrupted one.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::pagination::PageToken;
use quarry_config::SourceConfig;
use quarry_domain::{Crawl, CrawlState, Tally, Timestamp};
use quarry_store::{CrawlEnd, SweepVanished};

/// Complete sweeps in a row without a new key that end the crawl.
const MAX_BARREN_SWEEPS: u32 = 2;
/// Responses in a row that must state a total before it can complete a crawl.
const MIN_CONFIRMATIONS: u32 = 2;

/// The position of a crawl, stored with every page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct CrawlCursor {
    /// The digest of the settings at the start of the crawl.
    pub(super) settings: Uuid,
    /// The pass over the upstream, from 1.
    pub(super) sweep: i32,
    /// The number of the next page, over all sweeps.
    pub(super) position: i64,
    /// The token of the next page; `None` once the sweep has ended.
    #[serde(rename = "place")]
    pub(super) next_page: Option<PageToken>,
    /// Pages of this sweep.
    pub(super) pages: u32,
    /// Items of this sweep, duplicates included.
    pub(super) received: u64,
    /// The accepted total.
    pub(super) total: Option<i64>,
    /// Responses in a row that stated the total, up to [`MIN_CONFIRMATIONS`].
    #[serde(rename = "witnesses")]
    pub(super) confirmations: u32,
    /// Restarts of the count of distinct keys.
    pub(super) restarts: u32,
    /// The next page starts a new count.
    pub(super) starts_count: bool,
    /// A sweep has reached the end of the upstream since the count started.
    pub(super) end_reached: bool,
    /// The total changed in this sweep.
    #[serde(rename = "moved")]
    pub(super) total_changed: bool,
    /// Distinct keys at the end of the previous sweep.
    pub(super) seen_before: Option<i64>,
    /// Complete sweeps in a row without a new key.
    pub(super) barren_sweeps: u32,
    /// Accepted pages in a row that repeat another page.
    pub(super) repeats: u32,
    /// Invalid items of this sweep.
    pub(super) rejected: u64,
    /// The error of the first invalid item.
    pub(super) rejection: Option<String>,
    /// The reason to doubt the end of this sweep.
    pub(super) trouble: Option<String>,
    /// The reason to end the crawl early.
    pub(super) dead_end: Option<String>,
}

/// The next step of a crawl.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum NextStep {
    /// Fetch the next page of the cursor, perhaps in another sweep.
    Fetch(Box<CrawlCursor>),
    /// End the crawl.
    Finish(CrawlEnd),
}

impl CrawlCursor {
    /// Returns the cursor before the first page.
    pub(super) fn start(config: &SourceConfig) -> Self {
        let (settings, next_page) = (fingerprint(config), Some(PageToken::First));
        Self { settings, sweep: 1, next_page, ..Self::default() }
    }

    /// Returns true if the settings are those at the start of the crawl.
    pub(super) fn fits(&self, config: &SourceConfig) -> bool {
        self.settings == fingerprint(config)
    }

    pub(super) fn confirm_total(&mut self) {
        self.confirmations = (self.confirmations + 1).min(MIN_CONFIRMATIONS);
    }

    /// Returns true if enough responses in a row stated the total.
    pub(super) fn is_total_confirmed(&self) -> bool {
        self.total.is_some() && self.confirmations >= MIN_CONFIRMATIONS
    }

    /// Decides on the next step of the crawl.
    pub(super) fn next_step(&self, crawl: &Crawl, config: &SourceConfig, now: Timestamp) -> NextStep {
        if let Some(error) = &self.dead_end {
            return incomplete(error.clone());
        }
        if self.is_complete(crawl) {
            return NextStep::Finish(self.completed(crawl, config));
        }
        let elapsed = (now - crawl.started_at).to_std().unwrap_or_default();
        if elapsed > config.max_duration {
            return failed(format!(
                "the crawl took longer than {} s (max_duration)",
                config.max_duration.as_secs()
            ));
        }
        if self.next_page.is_none() {
            return self.after_sweep(crawl, config);
        }
        if self.pages >= config.max_pages {
            return failed(format!("a sweep has more than {} pages (max_pages)", config.max_pages));
        }
        NextStep::Fetch(Box::new(self.clone()))
    }

    /// Returns true once the crawl has seen as many distinct keys as the upstream states.
    ///
    /// Without a total, a sweep that ended naturally completes the crawl.
    fn is_complete(&self, crawl: &Crawl) -> bool {
        if self.starts_count {
            return false;
        }
        match self.total {
            Some(total) => self.end_reached && self.is_total_confirmed() && crawl.documents_seen == total,
            None => self.next_page.is_none() && self.trouble.is_none() && self.rejected == 0,
        }
    }

    fn completed(&self, crawl: &Crawl, config: &SourceConfig) -> CrawlEnd {
        let max_share = if crawl.allow_shrink { 1.0 } else { config.max_shrink };
        CrawlEnd {
            state: CrawlState::Completed,
            error: None,
            sweep_vanished: Some(SweepVanished { restarts: self.restarts, max_share }),
        }
    }

    /// Decides on the step after a sweep that did not complete the crawl.
    fn after_sweep(&self, crawl: &Crawl, config: &SourceConfig) -> NextStep {
        let seen = crawl.documents_seen;
        let is_barren = !self.total_changed && self.seen_before == Some(seen);
        let barren_sweeps = if is_barren { self.barren_sweeps + 1 } else { 0 };
        let rejected = i64::try_from(self.rejected).unwrap_or(i64::MAX);
        let only_rejected_missing = rejected > 0
            && match self.total {
                Some(total) => seen.saturating_add(rejected) >= total && seen <= total,
                None => self.trouble.is_none(),
            };
        if only_rejected_missing {
            return incomplete(self.describe_missing(seen));
        }
        if barren_sweeps >= MAX_BARREN_SWEEPS {
            return incomplete(format!("{}; further sweeps found no new key", self.describe_missing(seen)));
        }
        if u32::try_from(self.sweep).unwrap_or(0) >= config.max_sweeps {
            let sweeps = config.max_sweeps;
            return incomplete(format!("{}, in {sweeps} sweeps (max_sweeps)", self.describe_missing(seen)));
        }
        let has_overcounted = self.total.is_some_and(|total| seen > total);
        if has_overcounted && !self.can_restart() {
            return incomplete(self.describe_missing(seen));
        }
        let restarts = self.restarts + u32::from(has_overcounted);
        NextStep::Fetch(Box::new(Self {
            sweep: self.sweep + 1,
            position: self.position,
            total: self.total,
            confirmations: self.confirmations,
            restarts,
            starts_count: has_overcounted || self.starts_count,
            end_reached: self.end_reached && !has_overcounted,
            seen_before: Some(seen),
            barren_sweeps,
            ..Self::start(config)
        }))
    }

    /// Returns true if a tally is left for another count.
    pub(super) fn can_restart(&self) -> bool {
        self.restarts + 1 < Tally::MAX_RESTARTS
    }

    fn describe_missing(&self, seen: i64) -> String {
        let mut message = match self.total {
            Some(total) => format!("saw {} distinct keys of {} stated", grouped(seen), grouped(total)),
            None => format!("saw {} distinct keys, and the end of the upstream is doubtful", grouped(seen)),
        };
        if let Some(rejection) = &self.rejection {
            let count = grouped(i64::try_from(self.rejected).unwrap_or(i64::MAX));
            message += &format!("; {count} items are invalid, the first because of: {rejection}");
        } else if self
            .total
            .is_some_and(|total| seen < total && i128::from(self.received) >= i128::from(total))
        {
            message += "; the upstream serves some keys more than once";
        }
        if let Some(trouble) = &self.trouble {
            message += &format!("; {trouble}");
        }
        message
    }
}

fn incomplete(error: String) -> NextStep {
    NextStep::Finish(CrawlEnd { state: CrawlState::Incomplete, error: Some(error), sweep_vanished: None })
}

fn failed(error: String) -> NextStep {
    NextStep::Finish(failure(error))
}

/// Returns the end of a failed crawl.
pub(super) fn failure(error: String) -> CrawlEnd {
    CrawlEnd { state: CrawlState::Failed, error: Some(error), sweep_vanished: None }
}

/// Returns a digest of the settings that define the requests and the mapping.
fn fingerprint(config: &SourceConfig) -> Uuid {
    let settings =
        format!("{:?}", (&config.url, &config.pagination, &config.items, &config.total, &config.fields));
    Uuid::new_v5(&Uuid::NAMESPACE_OID, settings.as_bytes())
}

/// Formats a number with thousands separators: `3,349`.
pub(super) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = if number < 0 { "-".to_owned() } else { String::new() };
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests;
