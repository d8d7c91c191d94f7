//! Network jitter: duplicate and reordered keystrokes of a search.

use rand::{Rng, RngExt};

use super::PlannedKeystroke;
use crate::words::stored_form;

/// The most keystrokes between an original and its duplicate.
const MAX_DELAY: usize = 3;

/// Applies jitter within a search; returns true beside duplicate and late keystrokes.
///
/// The keystroke with the query is never late: a server that flushed before it would correctly drop it.
pub(super) fn deliver_with_jitter(
    keystrokes: Vec<PlannedKeystroke>,
    query: &str,
    rate: f64,
    rng: &mut impl Rng,
) -> Vec<(PlannedKeystroke, bool)> {
    let mut order: Vec<(usize, bool)> = (0..keystrokes.len()).map(|at| (at, false)).collect();
    let mut at = 0;
    while at + 1 < order.len() {
        let may_wait = stored_form(&keystrokes[at].text) != query;
        if may_wait && rng.random_bool(rate / 2.0) {
            order.swap(at, at + 1);
            order[at + 1].1 = true;
            at += 1;
        }
        at += 1;
    }
    // Originals get even positions, duplicates the odd ones behind them.
    let mut arriving = Vec::new();
    for (position, (at, is_late)) in order.into_iter().enumerate() {
        arriving.push((2 * position, keystrokes[at].clone(), is_late));
        if rng.random_bool(rate / 2.0) {
            let delay = rng.random_range(0..=MAX_DELAY);
            arriving.push((2 * (position + delay) + 1, keystrokes[at].clone(), true));
        }
    }
    arriving.sort_by_key(|(position, ..)| *position);
    arriving.into_iter().map(|(_, keystroke, is_late)| (keystroke, is_late)).collect()
}
