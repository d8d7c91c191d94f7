//! Where a crawl stands, and what it does next. Pure: decides from the cursor, the crawl's
//! counts and `now`, so that a resumed crawl decides as the one that was cut off.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::pagination::Place;
use quarry_config::SourceConfig;
use quarry_domain::{Crawl, CrawlState, Tally, Timestamp};
use quarry_store::{CrawlEnd, SweepVanished};

/// Whole sweeps in a row without a new key after which another one is no use.
const BARREN_SWEEPS: u32 = 2;
/// Answers that must state a total before it can complete a crawl.
const WITNESSES: u32 = 2;

/// Where a crawl stands, stored with every page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// Tells whether the settings changed since the crawl began.
    pub(super) settings: Uuid,
    /// The pass over the upstream, from 1.
    pub(super) sweep: i32,
    /// The running number of the next page, over all sweeps.
    pub(super) position: i64,
    /// Where the next page of the sweep is; none when the sweep has ended.
    pub(super) place: Option<Place>,
    /// Pages of this sweep.
    pub(super) pages: u32,
    /// Items of this sweep, doubles and all.
    pub(super) received: u64,
    /// The total as it is believed.
    pub(super) total: Option<i64>,
    /// Answers in a row that stated it (no more than matter are counted).
    pub(super) witnesses: u32,
    /// How often the count of distinct keys was restarted.
    pub(super) restarts: u32,
    /// The next page begins a new count.
    pub(super) starts_count: bool,
    /// A sweep reached the upstream's end since the count began.
    pub(super) end_reached: bool,
    /// The total moved in this sweep.
    pub(super) moved: bool,
    /// Distinct keys when the sweep before this one ended.
    pub(super) seen_before: Option<i64>,
    /// Whole sweeps in a row that brought no new key.
    pub(super) barren_sweeps: u32,
    /// Pages in a row that were taken though they repeat another one.
    pub(super) repeats: u32,
    /// Items of this sweep that could not be taken.
    pub(super) rejected: u64,
    /// Why the first of them could not.
    pub(super) rejection: Option<String>,
    /// What makes the end of this sweep doubtful.
    pub(super) trouble: Option<String>,
    /// Why going on makes no sense.
    pub(super) dead_end: Option<String>,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Move {
    /// Fetch the page that the cursor names (of the next sweep, perhaps).
    Fetch(Box<Cursor>),
    /// End the crawl.
    Finish(CrawlEnd),
}

impl Cursor {
    /// Before the first page.
    pub(super) fn start(config: &SourceConfig) -> Self {
        Self {
            settings: fingerprint(config),
            sweep: 1,
            position: 0,
            place: Some(Place::First),
            pages: 0,
            received: 0,
            total: None,
            witnesses: 0,
            restarts: 0,
            starts_count: false,
            end_reached: false,
            moved: false,
            seen_before: None,
            barren_sweeps: 0,
            repeats: 0,
            rejected: 0,
            rejection: None,
            trouble: None,
            dead_end: None,
        }
    }

    /// Whether the source is still configured as when the crawl began.
    pub(super) fn fits(&self, config: &SourceConfig) -> bool {
        self.settings == fingerprint(config)
    }

    pub(super) fn count_witness(&mut self) {
        self.witnesses = (self.witnesses + 1).min(WITNESSES);
    }

    /// Whether enough answers stated the total to believe it.
    pub(super) fn is_total_believed(&self) -> bool {
        self.total.is_some() && self.witnesses >= WITNESSES
    }

    /// Decides what the crawl does next.
    pub(super) fn next_move(&self, crawl: &Crawl, config: &SourceConfig, now: Timestamp) -> Move {
        if let Some(error) = &self.dead_end {
            return incomplete(error.clone());
        }
        if self.is_complete(crawl) {
            return Move::Finish(self.completed(crawl, config));
        }
        let elapsed = (now - crawl.started_at).to_std().unwrap_or_default();
        if elapsed > config.max_duration {
            return failed(format!(
                "the crawl took longer than {} s (max_duration)",
                config.max_duration.as_secs()
            ));
        }
        if self.place.is_none() {
            return self.after_sweep(crawl, config);
        }
        if self.pages >= config.max_pages {
            return failed(format!("a sweep has more than {} pages (max_pages)", config.max_pages));
        }
        Move::Fetch(Box::new(self.clone()))
    }

    /// Complete is what has seen as many distinct keys as the upstream states. Where it states
    /// no number, a sweep that ended naturally has to do.
    fn is_complete(&self, crawl: &Crawl) -> bool {
        if self.starts_count {
            return false;
        }
        match self.total {
            Some(total) => self.end_reached && self.is_total_believed() && crawl.documents_seen == total,
            None => self.place.is_none() && self.trouble.is_none() && self.rejected == 0,
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

    /// Decides after a sweep that did not complete the crawl.
    fn after_sweep(&self, crawl: &Crawl, config: &SourceConfig) -> Move {
        let seen = crawl.documents_seen;
        let is_barren = !self.moved && self.seen_before == Some(seen);
        let barren_sweeps = if is_barren { self.barren_sweeps + 1 } else { 0 };
        let rejected = i64::try_from(self.rejected).unwrap_or(i64::MAX);
        let only_rejected_missing = rejected > 0
            && match self.total {
                Some(total) => seen.saturating_add(rejected) >= total && seen <= total,
                None => self.trouble.is_none(),
            };
        if only_rejected_missing {
            return incomplete(self.what_is_missing(seen));
        }
        if barren_sweeps >= BARREN_SWEEPS {
            return incomplete(format!("{}; further sweeps found no new key", self.what_is_missing(seen)));
        }
        if u32::try_from(self.sweep).unwrap_or(0) >= config.max_sweeps {
            let sweeps = config.max_sweeps;
            return incomplete(format!("{}, in {sweeps} sweeps (max_sweeps)", self.what_is_missing(seen)));
        }
        let has_overcounted = self.total.is_some_and(|total| seen > total);
        if has_overcounted && !self.can_restart() {
            return incomplete(self.what_is_missing(seen));
        }
        let restarts = self.restarts + u32::from(has_overcounted);
        Move::Fetch(Box::new(Self {
            sweep: self.sweep + 1,
            position: self.position,
            total: self.total,
            witnesses: self.witnesses,
            restarts,
            starts_count: has_overcounted || self.starts_count,
            end_reached: self.end_reached && !has_overcounted,
            seen_before: Some(seen),
            barren_sweeps,
            ..Self::start(config)
        }))
    }

    /// Whether there is a tally left for another count.
    pub(super) fn can_restart(&self) -> bool {
        self.restarts + 1 < Tally::MAX_RESTARTS
    }

    fn what_is_missing(&self, seen: i64) -> String {
        let mut message = match self.total {
            Some(total) => format!("saw {} distinct keys of {} stated", grouped(seen), grouped(total)),
            None => format!("saw {} distinct keys, and the end of the upstream is doubtful", grouped(seen)),
        };
        if let Some(rejection) = &self.rejection {
            let count = grouped(i64::try_from(self.rejected).unwrap_or(i64::MAX));
            message += &format!("; {count} items could not be taken, the first because of: {rejection}");
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

fn incomplete(error: String) -> Move {
    Move::Finish(CrawlEnd { state: CrawlState::Incomplete, error: Some(error), sweep_vanished: None })
}

fn failed(error: String) -> Move {
    Move::Finish(failure(error))
}

/// The end of a crawl that cannot go on.
pub(super) fn failure(error: String) -> CrawlEnd {
    CrawlEnd { state: CrawlState::Failed, error: Some(error), sweep_vanished: None }
}

/// A digest of the settings that say what is fetched and how it is read.
fn fingerprint(config: &SourceConfig) -> Uuid {
    let settings =
        format!("{:?}", (&config.url, &config.pagination, &config.items, &config.total, &config.fields));
    Uuid::new_v5(&Uuid::NAMESPACE_OID, settings.as_bytes())
}

/// A number with its thousands set off: `3,349`.
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
