//! What a network does to the keystrokes of a search: some arrive twice, some after the next one.

use rand::{Rng, RngExt};

use super::PlannedKeystroke;
use crate::words::stored_form;

/// A second copy arrives at most so many keystrokes later.
const MAX_DELAY: usize = 3;

/// The keystrokes as they arrive, and of each whether it comes out of turn. They stay within their search, and
/// the one that brings the query is never late: a server that had to flush in between would rightly drop it.
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
    // Places are even for what was sent once, odd for copies behind it.
    let mut arriving = Vec::new();
    for (place, (at, is_late)) in order.into_iter().enumerate() {
        arriving.push((2 * place, keystrokes[at].clone(), is_late));
        if rng.random_bool(rate / 2.0) {
            let delay = rng.random_range(0..=MAX_DELAY);
            arriving.push((2 * (place + delay) + 1, keystrokes[at].clone(), true));
        }
    }
    arriving.sort_by_key(|(place, ..)| *place);
    arriving.into_iter().map(|(_, keystroke, is_late)| (keystroke, is_late)).collect()
}
