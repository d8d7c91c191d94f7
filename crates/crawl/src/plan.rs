//! What to make of an answer: take the page, ask again, or give up. Pure.
//!
//! One answer is never enough to restart a count, to end an upstream that states no total, or
//! to believe that there is nothing: whatever could be one lie is asked for again. Each doubt
//! has a small budget of its own; when it is used up, the page is taken as it is, and the
//! count of distinct keys tells whether something is missing.

use std::collections::{HashMap, HashSet};

use super::cursor::{Cursor, grouped};
use super::pagination::{Place, Progression, place_after};
use super::upstream::{FetchError, Next};
use quarry_config::{Pagination, SourceConfig};

/// Answers without a single key in a row after which the mapping is held to be wrong.
const KEYLESS_ANSWERS: u32 = 3;
/// Answers with items that cannot be taken after which the page is taken without them.
const DAMAGED_ANSWERS: u32 = 3;
/// Answers that state another total than the last one did, before the latest is believed.
const DIFFERING_TOTALS: u32 = 4;
/// Times a page that repeats another one is asked for again.
const REPEATED_ANSWERS: u32 = 5;
/// Repeated pages in a row after which the upstream is held to serve nothing else.
const REPEATED_PAGES: u32 = 3;
/// Times a page that ends the sweep below the stated total is asked for again.
const EARLY_ENDS: u32 = 5;
/// Times a page that leads back is asked for again.
const LEADING_BACK: u32 = 2;
/// Answers that disagree on whether the sweep ends here, before the latest is believed.
const DIFFERING_ENDS: u32 = 3;

/// The facts of a fetched page that decide what becomes of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Answer {
    /// Items on the page.
    pub(super) items: u64,
    /// A digest of the items' keys, in order.
    pub(super) hash: String,
    /// Items that could not be taken.
    pub(super) rejected: u64,
    /// Of these, items without a key.
    pub(super) keyless: u64,
    /// Why the first of them could not be taken.
    pub(super) rejection: Option<String>,
    /// The total that the page states.
    pub(super) total: Option<i64>,
    /// Where the page says that the next one is.
    pub(super) next: Option<Next>,
}

/// What the sweep has met so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Trail {
    /// The pages that were taken, by the digest of their keys.
    pub(super) pages: HashMap<String, i64>,
    /// The places that were fetched.
    pub(super) places: HashSet<Place>,
}

/// What was doubtful about earlier answers for the same page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Doubts {
    keyless: u32,
    damaged: u32,
    repeated: u32,
    empty: u32,
    early_ends: u32,
    leading_back: u32,
    differing_totals: u32,
    other_total: Option<i64>,
    differing_ends: u32,
    end: Option<(Option<i64>, String)>,
}

/// What becomes of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    /// Ask for the page again, because of this.
    Again(String),
    /// Take it; the crawl stands here after it.
    Take {
        /// The crawl after the page.
        after: Box<Cursor>,
        /// The page begins a new count of distinct keys.
        restart: bool,
    },
    /// The crawl cannot go on.
    Fail(String),
}

/// Judges an answer for the page that the cursor names.
pub(super) fn judge(
    cursor: &Cursor,
    answer: &Answer,
    trail: &Trail,
    doubts: &mut Doubts,
    pagination: &Pagination,
) -> Verdict {
    if answer.items > 0 && answer.keyless == answer.items {
        return judge_keyless(answer, doubts);
    }
    doubts.keyless = 0;
    let doubt = damaged(answer, doubts)
        .or_else(|| differing_total(cursor, answer, doubts))
        .or_else(|| repeated(answer, trail, doubts));
    if let Some(cause) = doubt {
        return Verdict::Again(cause);
    }
    let (mut after, restart) = take(cursor, answer, trail, pagination);
    let doubt = empty_on_the_way(answer, &after, doubts)
        .or_else(|| leading_back(&after, trail, cursor, doubts))
        .or_else(|| early_end(&after, doubts))
        .or_else(|| unconfirmed_end(answer, &mut after, doubts));
    match doubt {
        Some(cause) => Verdict::Again(cause),
        None => Verdict::Take { after: Box::new(after), restart },
    }
}

fn judge_keyless(answer: &Answer, doubts: &mut Doubts) -> Verdict {
    doubts.keyless += 1;
    let reason = answer.rejection.as_deref().unwrap_or("no key");
    if doubts.keyless < KEYLESS_ANSWERS {
        return Verdict::Again(format!("none of {} items has a key: {reason}", answer.items));
    }
    Verdict::Fail(format!("no item of a page has a key, so fields.key is probably wrong: {reason}"))
}

fn damaged(answer: &Answer, doubts: &mut Doubts) -> Option<String> {
    if answer.rejected == 0 {
        return None;
    }
    doubts.damaged += 1;
    let reason = answer.rejection.as_deref().unwrap_or_default();
    (doubts.damaged < DAMAGED_ANSWERS)
        .then(|| format!("{} of {} items cannot be taken: {reason}", answer.rejected, answer.items))
}

fn differing_total(cursor: &Cursor, answer: &Answer, doubts: &mut Doubts) -> Option<String> {
    let (Some(known), Some(stated)) = (cursor.total, answer.total) else { return None };
    if stated == known {
        doubts.other_total = None;
        return None;
    }
    if doubts.other_total == Some(stated) {
        return None;
    }
    doubts.other_total = Some(stated);
    doubts.differing_totals += 1;
    (doubts.differing_totals < DIFFERING_TOTALS)
        .then(|| format!("states a total of {} after {}: asked again", grouped(stated), grouped(known)))
}

fn repeated(answer: &Answer, trail: &Trail, doubts: &mut Doubts) -> Option<String> {
    let earlier = trail.pages.get(&answer.hash).filter(|_| answer.items > 0)?;
    doubts.repeated += 1;
    (doubts.repeated <= REPEATED_ANSWERS).then(|| format!("repeated page: the same items as page {earlier}"))
}

fn empty_on_the_way(answer: &Answer, after: &Cursor, doubts: &mut Doubts) -> Option<String> {
    if answer.items > 0 || after.place.is_none() {
        return None;
    }
    doubts.empty += 1;
    (doubts.empty == 1).then(|| "empty page before the end: asked again".to_owned())
}

fn leading_back(after: &Cursor, trail: &Trail, cursor: &Cursor, doubts: &mut Doubts) -> Option<String> {
    if !leads_back(after.place.as_ref(), cursor, trail) {
        return None;
    }
    doubts.leading_back += 1;
    (doubts.leading_back <= LEADING_BACK).then(|| "leads back to a page that was already fetched".to_owned())
}

fn early_end(after: &Cursor, doubts: &mut Doubts) -> Option<String> {
    let total = after.total.filter(|_| after.place.is_none())?;
    if i128::from(after.received) >= i128::from(total) {
        return None;
    }
    doubts.early_ends += 1;
    (doubts.early_ends <= EARLY_ENDS).then(|| {
        let received = grouped(i64::try_from(after.received).unwrap_or(i64::MAX));
        format!("ends after {received} items of {} stated", grouped(total))
    })
}

/// The end of a sweep is believed if more than one answer stated the total, or if two answers
/// in a row end it in the same way.
fn unconfirmed_end(answer: &Answer, after: &mut Cursor, doubts: &mut Doubts) -> Option<String> {
    let is_known = answer.items > 0 && after.is_total_believed();
    if after.place.is_some() || after.dead_end.is_some() || is_known {
        return None;
    }
    let end = (answer.total, answer.hash.clone());
    if doubts.end.as_ref() == Some(&end) {
        if answer.total.is_some() {
            after.count_witness();
        }
        return None;
    }
    doubts.end = Some(end);
    doubts.differing_ends += 1;
    if doubts.differing_ends < DIFFERING_ENDS {
        return Some("may be the end: asked again".to_owned());
    }
    after.trouble = Some("the upstream gives differing answers where it ends".to_owned());
    None
}

fn leads_back(next: Option<&Place>, cursor: &Cursor, trail: &Trail) -> bool {
    next.is_some_and(|next| Some(next) == cursor.place.as_ref() || trail.places.contains(next))
}

/// The crawl after the page, and whether the page begins a new count.
fn take(cursor: &Cursor, answer: &Answer, trail: &Trail, pagination: &Pagination) -> (Cursor, bool) {
    let mut after = cursor.clone();
    let place = cursor.place.clone().unwrap_or(Place::First);
    after.position += 1;
    after.pages += 1;
    after.starts_count = false;
    after.rejected += answer.rejected;
    after.rejection = after.rejection.or_else(|| answer.rejection.clone());
    let has_moved = note_total(&mut after, answer.total);
    let restart = has_moved || cursor.starts_count;
    if has_moved && !cursor.starts_count {
        restart_count(&mut after);
    }
    if answer.items > 0 && trail.pages.contains_key(&answer.hash) {
        note_repeated(&mut after, cursor.position);
    } else {
        after.repeats = 0;
    }
    let page = Progression { items: answer.items, received: cursor.received, total: after.total };
    after.place = place_after(pagination, &place, page, answer.next.as_ref());
    after.received = cursor.received.saturating_add(answer.items);
    if leads_back(after.place.as_ref(), cursor, trail) {
        let error = format!(
            "the pages never end: page {} leads back to a page that was already fetched",
            cursor.position
        );
        after.dead_end.get_or_insert(error);
    }
    if after.place.is_none() {
        after.end_reached = true;
        if after.total.is_some_and(|total| i128::from(after.received) < i128::from(total)) {
            after.trouble.get_or_insert_with(|| "the upstream ended before its total was reached".to_owned());
        }
    }
    (after, restart)
}

/// Notes the total that a page states; tells whether it is another than before.
fn note_total(after: &mut Cursor, stated: Option<i64>) -> bool {
    let Some(stated) = stated else { return false };
    match after.total {
        Some(known) if known == stated => {
            after.count_witness();
            false
        }
        Some(_) => {
            after.total = Some(stated);
            // It was asked for twice before it got here.
            after.witnesses = 0;
            after.count_witness();
            after.count_witness();
            true
        }
        None => {
            after.total = Some(stated);
            after.count_witness();
            false
        }
    }
}

fn restart_count(after: &mut Cursor) {
    if !after.can_restart() {
        after.dead_end = Some(format!("the stated total moved {} times", after.restarts));
        return;
    }
    after.restarts += 1;
    after.end_reached = false;
    after.moved = true;
    after.barren_sweeps = 0;
}

fn note_repeated(after: &mut Cursor, position: i64) {
    after.repeats += 1;
    after.trouble = Some(format!("page {position} repeats another page of its sweep"));
    if after.repeats >= REPEATED_PAGES {
        let error = "the upstream serves the same page again and again: check the paging parameters";
        after.dead_end.get_or_insert(error.to_owned());
    }
}

/// Requests for one page that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Failures {
    /// All of them.
    pub(super) all: u32,
    /// Those that the upstream refused.
    pub(super) refused: u32,
}

impl Failures {
    /// Counts a failure; the error, if it was one too many.
    pub(super) fn count(&mut self, error: &FetchError, page: &str, config: &SourceConfig) -> Option<String> {
        self.all += 1;
        if matches!(error, FetchError::Refused { .. }) {
            self.refused += 1;
        }
        if self.all >= config.max_attempts {
            let attempts = self.all;
            return Some(format!(
                "{page} could not be fetched in {attempts} attempts; the last cause: {error}"
            ));
        }
        if self.refused > config.max_refusals {
            let refusals = self.refused;
            return Some(format!("{page} was refused {refusals} times; the last cause: {error}"));
        }
        None
    }
}

#[cfg(test)]
pub(super) mod tests;
