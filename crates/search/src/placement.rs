//! The positions of pinned documents on a page.
//!
//! Positions count over all pages: a cursor holds the number of hits before it, so that each page finds the
//! pinned documents among its own.

use super::cursor::{SearchCursor, SortKey};
use super::request::SearchRequest;

/// A document of a page.
pub(crate) enum Placed<P, R> {
    Pinned(P),
    Ranked(R),
}

/// The documents of a page, each with the cursor behind it.
pub(crate) type Page<P, R> = Vec<(Placed<P, R>, SearchCursor)>;

/// Matching documents in order, with their keys.
pub(crate) struct RankedHits<R> {
    pub(crate) hits: Vec<(SortKey, R)>,
    /// The number of matches before them, of a page by number.
    pub(crate) first: usize,
}

/// Inserts pinned documents, in order of position, into a page; returns it with true if hits follow.
///
/// `ranked` has the matching documents after `after`, one more than the page if possible, and `total` is the
/// number of all of them. A position after the last of them is the next free one.
pub(crate) fn place<P: Copy, R>(
    request: &SearchRequest,
    pinned: &[(u32, P)],
    ranked: RankedHits<R>,
    total: u64,
    after: Option<SearchCursor>,
    depth: u8,
) -> (Page<P, R>, bool) {
    let has_pins = !pinned.is_empty();
    let mut page = Vec::with_capacity(request.first.min(ranked.hits.len() + pinned.len()));
    let shown_before = after.as_ref().filter(|_| has_pins).map_or(0, |after| after.shown);
    // Pages by number count all hits before them.
    let start = shown_before + u32::try_from(request.offset).unwrap_or(u32::MAX);
    let mut shown = start;
    let positions = pinned.iter().enumerate();
    let positions = positions.map(|(at, (position, pin))| (*pin, position_of(*position, at, total)));
    let (before, pins): (Vec<_>, Vec<_>) = positions.partition(|(_, position)| *position <= start);
    let mut pins = pins.into_iter().peekable();
    let ranked_before = if request.offset > 0 { request.offset.saturating_sub(before.len()) } else { 0 };
    let skipped = ranked_before.saturating_sub(ranked.first);
    let mut ranked = ranked.hits.into_iter().skip(skipped).peekable();
    let start_cursor = SearchCursor::start(request, depth);
    let mut last = after.unwrap_or_else(|| start_cursor.clone());
    while page.len() < request.first {
        let next = shown + 1;
        let is_end = ranked.peek().is_none();
        page.push(match pins.next_if(|(_, position)| is_end || *position <= next) {
            Some((pin, _)) => {
                last = last.after_hits(next);
                (Placed::Pinned(pin), last.clone())
            }
            None => {
                let Some((key, hit)) = ranked.next() else { break };
                let mut cursor = start_cursor.at(key);
                if has_pins {
                    cursor = cursor.after_hits(next);
                    last = cursor.clone();
                }
                (Placed::Ranked(hit), cursor)
            }
        });
        shown = next;
    }
    let has_next = ranked.peek().is_some() || pins.peek().is_some();
    (page, has_next)
}

/// Returns the position of a pinned document that others precede, in a result of `total` other documents.
fn position_of(position: u32, pins_before: usize, total: u64) -> u32 {
    let end = total.saturating_add(pins_before as u64 + 1);
    position.min(u32::try_from(end).unwrap_or(u32::MAX))
}
