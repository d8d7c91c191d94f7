//! The texts that an input method composes: each counts only in the form in which its composition ended. Pure.

use std::time::Duration;

use super::comparison::Relation;
use super::conversion::is_commitment;
use super::normalized_keystroke::NormalizedKeystroke;
use super::reading::READING_TIME;

/// A composition that disappears at once within this time was cancelled.
const CANCELLING_TIME: Duration = Duration::from_secs(1);

/// Drops composed texts that the next text continues or converts, and those of a cancelled composition.
///
/// Keyboards of phones compose every word: what was deleted, erased or replaced after that was typed like other text.
pub(super) fn drop_composed(typed: &mut Vec<NormalizedKeystroke<'_>>) {
    let has_ended: Vec<bool> = (0..typed.len())
        .map(|index| match (&typed[index], typed.get(index + 1)) {
            (text, Some(next)) => !text.composing || has_ended(text, next),
            (_, None) => true,
        })
        .collect();
    let mut has_ended = has_ended.into_iter();
    typed.retain(|_| has_ended.next().unwrap_or(true));
}

/// Returns true if a composition ended with its text, before the next one.
fn has_ended(composed: &NormalizedKeystroke<'_>, next: &NormalizedKeystroke<'_>) -> bool {
    let (text, next_text) = (&composed.normalized, &next.normalized);
    let is_removed = next_text.is_empty() || next_text.relation_to(text) == Relation::Shorter;
    let time = (next.at - composed.at).to_std().unwrap_or_default();
    if is_removed {
        return !next_text.is_jump_from(text) || next.composing || time >= CANCELLING_TIME;
    }
    let continues = matches!(next_text.relation_to(text), Relation::Same | Relation::Longer);
    !continues && !is_commitment(composed.text, next.text, time >= READING_TIME)
}
