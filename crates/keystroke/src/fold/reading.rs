//! The texts that stood in the box until their results were read. Pure.

use std::time::Duration;

use super::comparison::Relation;
use super::normalized_keystroke::NormalizedKeystroke;

/// The results of a text that was changed sooner cannot have been read.
pub(super) const READING_TIME: Duration = Duration::from_secs(2);
/// The fewest intervals between letters that show the pace of a visitor.
const PACE_INTERVALS: usize = 3;

/// Marks the texts that stood in the box until their results were read, before another one followed.
///
/// Slow typists pause before each letter: they read no results in an interval that is usual for them.
pub(super) fn mark_read(typed: &mut [NormalizedKeystroke<'_>]) {
    let reading_time = READING_TIME.max(pace(typed).mul_f64(1.5));
    let mut rest = typed;
    while let Some(first) = rest.first() {
        let is_other = |next: &NormalizedKeystroke<'_>| !next.normalized.equals(&first.normalized);
        let Some(count) = rest.iter().position(is_other) else { return };
        let time = (rest[count].at - first.at).to_std();
        let (same, others) = rest.split_at_mut(count);
        for text in same {
            text.normalized.stands(time.is_ok_and(|time| time >= reading_time));
        }
        rest = others;
    }
}

/// The usual interval between letters, zero if there are too few.
fn pace(typed: &[NormalizedKeystroke<'_>]) -> Duration {
    let is_letter = |pair: &&[NormalizedKeystroke<'_>]| {
        let (before, text) = (&pair[0].normalized, &pair[1].normalized);
        text.relation_to(before) == Relation::Longer && !text.is_jump_from(before)
    };
    let letters = typed.windows(2).filter(is_letter);
    let mut intervals: Vec<Duration> =
        letters.map(|pair| (pair[1].at - pair[0].at).to_std().unwrap_or_default()).collect();
    intervals.sort_unstable();
    if intervals.len() < PACE_INTERVALS { Duration::ZERO } else { intervals[intervals.len() / 2] }
}
