//! A search that has not ended: the texts that belong to it.

use std::time::Duration;

use super::comparison::{NormalizedText, Relation};
use super::conversion::is_commitment;
use super::dictation::is_rewritten;
use super::normalized_keystroke::NormalizedKeystroke;
use super::reading::READING_TIME;
use quarry_domain::UserId;

/// A recogniser rewrites what it has heard within this time.
const DICTATION_PAUSE: Duration = Duration::from_secs(3);
/// The letters that disappear at once when a selection is typed over, at least.
const TYPED_OVER_LETTERS: usize = 3;

/// A search that has not ended.
#[derive(Debug)]
pub(super) struct PendingSearch<'a> {
    pub(super) user: Option<&'a UserId>,
    pub(super) keystrokes: Vec<usize>,
    /// The keystroke with the most complete text so far.
    pub(super) longest: usize,
    /// The final search of which the text is what deletions left.
    pub(super) remainder_of: Option<usize>,
    /// The last text.
    last: usize,
    /// The last text that was the most complete one while its results were read.
    pub(super) read: Option<usize>,
    /// The longest text before deletions, until another change.
    before_deletion: Option<usize>,
    /// The text that was typed before completions of it were tried.
    typed: Option<Completion>,
    /// The whole text was selected, and typed over with a beginning of it.
    typed_over: Option<TypedOver>,
    /// Every text came at once, as from a recogniser.
    is_spoken: bool,
    /// No text followed the remembered one yet.
    is_remembered: bool,
    /// An input method was composing the remembered text.
    is_composing: bool,
}

#[derive(Clone, Copy, Debug)]
struct Completion {
    base: usize,
    tried: usize,
}

#[derive(Clone, Copy, Debug)]
struct TypedOver {
    from: usize,
    /// The most complete text since, if more than the first letter was typed.
    best: Option<usize>,
}

impl<'a> PendingSearch<'a> {
    /// Begins with a keystroke.
    pub(super) fn new(piece: &[NormalizedKeystroke<'a>], index: usize, remainder_of: Option<usize>) -> Self {
        let is_spoken = piece[index].normalized.letters() > 1;
        let read = Some(index).filter(|index| piece[*index].normalized.has_stood());
        Self { remainder_of, is_spoken, read, ..Self::of(piece[index].user, vec![index], index) }
    }

    /// Continues the remembered search, whose text is the first of the piece.
    pub(super) fn remembered(user: Option<&'a UserId>, is_composing: bool) -> Self {
        Self { is_composing, is_remembered: true, read: Some(0), ..Self::of(user, vec![0], 0) }
    }

    /// Divides the search before the keystroke `from`, of which the text was typed over it.
    pub(super) fn divide(mut self, from: usize, best: usize) -> (Self, Self) {
        let at = self.keystrokes.iter().position(|index| *index == from).unwrap_or(self.keystrokes.len());
        let later = self.keystrokes.split_off(at);
        self.typed_over = None;
        let last = self.last;
        let read = self.read.take_if(|read| *read >= from);
        let rest = Self { last, read, ..Self::of(self.user, later, best) };
        (self, rest)
    }

    fn of(user: Option<&'a UserId>, keystrokes: Vec<usize>, longest: usize) -> Self {
        Self {
            user,
            keystrokes,
            longest,
            remainder_of: None,
            last: longest,
            read: None,
            before_deletion: None,
            typed: None,
            typed_over: None,
            is_spoken: false,
            is_remembered: false,
            is_composing: false,
        }
    }

    /// Takes the next text and returns true, unless it is another search.
    pub(super) fn take(&mut self, piece: &[NormalizedKeystroke<'a>], index: usize) -> bool {
        if let Some(whole) = self.remainder_of
            && self.is_remainder(whole, piece, index)
        {
            self.longest = index;
            self.push(piece, index);
            self.remainder_of = Some(whole);
            return true;
        }
        if self.take_completion(piece, index) {
            self.longest = index;
            self.before_deletion = None;
            self.push(piece, index);
            return true;
        }
        let text = &piece[index].normalized;
        let mut relation = text.relation_to(&piece[self.longest].normalized);
        let longest = &piece[self.longest].normalized;
        let is_deletion = match relation {
            Relation::Corrected => text.is_subsequence_of(longest),
            Relation::Unrelated => text.drops_words(longest),
            // A word may be deleted together with the space beside it.
            Relation::Same => text.joins_words(longest),
            _ => false,
        };
        if is_deletion {
            self.before_deletion.get_or_insert(self.longest);
        } else if relation != Relation::Shorter && relation != Relation::Same {
            // After a deletion of more than half, compare with the text before it.
            let compared = self.abandoned_text(piece);
            let mut whole = None;
            if compared != self.longest {
                relation = text.relation_to(&piece[compared].normalized);
                whole = Some(compared).filter(|whole| text.is_subsequence_of(&piece[*whole].normalized));
                self.longest = if relation == Relation::Shorter { compared } else { self.longest };
            }
            // A letter or two that stood for a while were meant.
            if relation == Relation::Corrected
                && self.is_remembered
                && text.replaces(&piece[self.longest].normalized)
            {
                relation = Relation::Unrelated;
            }
            if relation == Relation::Corrected && leaves_read(piece, self.read, self.longest, index) {
                relation = Relation::Unrelated;
            }
            let is_changed = || self.is_rewritten(piece, index) || self.is_reworded(piece, index);
            if relation == Relation::Unrelated && is_changed() {
                relation = Relation::Corrected;
            }
            if relation == Relation::Unrelated {
                return false;
            }
            self.before_deletion = whole;
        }
        if relation == Relation::Shorter {
            self.watch_typing_over(piece, index);
        } else {
            self.typed_over = None;
            self.longest = index;
        }
        self.push(piece, index);
        true
    }

    fn push(&mut self, piece: &[NormalizedKeystroke<'a>], index: usize) {
        let (text, last) = (&piece[index].normalized, &piece[self.last].normalized);
        self.is_spoken = self.is_spoken && (text.equals(last) || text.is_jump_from(last));
        self.is_composing = false;
        self.is_remembered &= self.longest != index;
        self.remainder_of = None;
        self.user = self.user.or(piece[index].user);
        self.keystrokes.push(index);
        self.last = index;
        if self.longest == index && text.has_stood() {
            self.read = Some(index);
        }
    }

    /// Makes a keystroke's text the final one.
    pub(super) fn submit(&mut self, index: usize) {
        self.longest = index;
        self.remainder_of = None;
    }

    /// Returns true if the text is still what deletions left of a final search.
    fn is_remainder(&self, whole: usize, piece: &[NormalizedKeystroke<'a>], index: usize) -> bool {
        let (text, last) = (&piece[index].normalized, &piece[self.last].normalized);
        let whole = &piece[whole].normalized;
        let is_part = text.is_subsequence_of(whole) || text.relation_to(whole) == Relation::Shorter;
        let is_typed_again = text.relation_to(last) == Relation::Longer && last.is_under_half_of(whole);
        is_part && !is_typed_again
    }

    /// Takes a text that completes the typed one, or the next letter typed over a completion.
    fn take_completion(&mut self, piece: &[NormalizedKeystroke<'a>], index: usize) -> bool {
        let (text, last) = (&piece[index].normalized, &piece[self.last].normalized);
        let is_jump = |from: usize| text.letters() > piece[from].normalized.letters() + 1;
        let Some(Completion { base, tried }) = self.typed else {
            if text.completes(last) && is_jump(self.last) {
                self.typed = Some(Completion { base: self.last, tried: 1 });
            }
            return false;
        };
        let typed = &piece[base].normalized;
        match text.relation_to(last) {
            // A repeated delivery.
            Relation::Same => {
                let base = if self.last == base { index } else { base };
                self.typed = Some(Completion { base, tried });
                return false;
            }
            // A part of the completion was deleted, or typed, or is another one.
            Relation::Shorter if text.relation_to(typed) == Relation::Longer => {
                let base = if is_jump(base) { base } else { index };
                self.typed = Some(Completion { base, tried });
                return false;
            }
            // The next letter, or another completion, after one that was dismissed.
            Relation::Longer if self.last == base => {
                let dismisses = self.dismisses_longest(text, piece);
                if dismisses {
                    let base = if is_jump(base) { base } else { index };
                    self.typed = Some(Completion { base, tried: tried + 1 });
                }
                return dismisses;
            }
            // The completion is accepted.
            Relation::Longer => {
                self.typed = None;
                return false;
            }
            _ => {}
        }
        if self.last == base {
            self.typed = None;
            return false;
        }
        if text.equals(typed) {
            // Back to the typed text. After one completion, this may be a deletion.
            self.typed = Some(Completion { base: index, tried });
            return tried > 1;
        }
        let extends = text.relation_to(typed) == Relation::Longer;
        if extends || text.completes(typed) && !piece[self.longest].normalized.has_stood() {
            let is_next_letter = !is_jump(base);
            let base = if is_next_letter { index } else { base };
            self.typed = Some(Completion { base, tried: tried + 1 });
            return true;
        }
        self.typed = None;
        false
    }

    /// Returns true if the most complete text was no more than a completion: it was not read, and `text` differs.
    fn dismisses_longest(&self, text: &NormalizedText<'_>, piece: &[NormalizedKeystroke<'a>]) -> bool {
        let longest = &piece[self.longest].normalized;
        let differs = matches!(text.relation_to(longest), Relation::Corrected | Relation::Unrelated);
        differs && !longest.has_stood()
    }

    fn is_rewritten(&self, piece: &[NormalizedKeystroke<'a>], index: usize) -> bool {
        let (typed, last) = (&piece[index], &piece[self.last]);
        let is_soon = (typed.at - last.at).to_std().map_or(true, |pause| pause <= DICTATION_PAUSE);
        let is_spoken = self.is_spoken && is_soon && typed.normalized.is_jump_from(&last.normalized);
        let longest = &piece[self.longest].normalized;
        self.is_composing && is_commitment(longest.text(), typed.text, longest.has_stood())
            || is_spoken && is_rewritten(longest, &typed.normalized)
    }

    /// Returns true if one of several words was selected and typed over, too soon for its results to be read.
    fn is_reworded(&self, piece: &[NormalizedKeystroke<'a>], index: usize) -> bool {
        let longest = &piece[self.longest];
        let next = self.keystrokes.iter().copied().find(|at| *at > self.longest).unwrap_or(index);
        let is_unread = (piece[next].at - longest.at).to_std().map_or(true, |pause| pause < READING_TIME);
        is_unread
            && !longest.normalized.has_stood()
            && piece[index].normalized.replaces_one_word(&longest.normalized)
            && !leaves_read(piece, self.read, self.longest, index)
    }

    /// Notices a selection of the whole text that is typed over with its own first letters.
    fn watch_typing_over(&mut self, piece: &[NormalizedKeystroke<'a>], index: usize) {
        let text = &piece[index].normalized;
        // A repeated delivery is no change.
        if text.equals(&piece[self.last].normalized) {
            return;
        }
        if is_typed_over(piece, self.last, index) {
            self.typed_over = Some(TypedOver { from: index, best: None });
            return;
        }
        let Some(over) = &mut self.typed_over else { return };
        let last = &piece[self.last].normalized;
        let is_typed = text.relation_to(last) == Relation::Longer && text.letters() == last.letters() + 1;
        let has_more = |best: usize| text.letters() >= piece[best].normalized.letters();
        if is_typed && over.best.is_none_or(has_more) {
            over.best = Some(index);
        } else if over.best.is_none() {
            self.typed_over = None;
        }
    }

    /// The beginning and the most complete text of what was typed over the search.
    pub(super) fn retyped(&self) -> Option<(usize, usize)> {
        self.typed_over.and_then(|over| Some((over.from, over.best?)))
    }

    /// Divides the search after the text that was read, if what a deletion left of it has another number.
    pub(super) fn divide_renumbered(
        &mut self,
        piece: &[NormalizedKeystroke<'_>],
    ) -> Option<PendingSearch<'a>> {
        let whole = self.before_deletion?;
        if !piece[self.longest].normalized.changes_numbers(&piece[whole].normalized) {
            return None;
        }
        self.divide_after(whole, self.longest)
    }

    /// Divides the search before the words that were read, and that a submission lacks, were deleted.
    pub(super) fn divide_shortened(
        &mut self,
        piece: &[NormalizedKeystroke<'_>],
        index: usize,
    ) -> Option<PendingSearch<'a>> {
        let whole = self.before_deletion.unwrap_or(self.longest);
        let (text, longer) = (&piece[index].normalized, &piece[whole].normalized);
        let is_read = self.read.is_some_and(|read| text.loses_words(&piece[read].normalized));
        let is_slip = text.is_one_letter_short_of(longer) && !longer.is_read_number();
        if !is_read || is_slip || !text.drops_words(longer) {
            return None;
        }
        self.divide_after(whole, index)
    }

    /// Divides the search after its text `whole`; the rest has the text `longest`.
    fn divide_after(&mut self, whole: usize, longest: usize) -> Option<PendingSearch<'a>> {
        let from = self.keystrokes.iter().copied().find(|index| *index > whole)?;
        let open = std::mem::replace(self, Self::of(self.user, Vec::new(), whole));
        let (before, rest) = open.divide(from, longest);
        *self = rest;
        Some(Self { longest: whole, before_deletion: None, ..before })
    }

    /// The last text, if it lacks the last letter of the longest, and nothing else followed.
    ///
    /// A digit is no slip once its results were read: another one may follow.
    pub(super) fn without_stray_letter(&self, piece: &[NormalizedKeystroke<'_>]) -> Option<usize> {
        let last = &piece[self.last].normalized;
        let before = self.keystrokes.iter().rev().find(|index| !piece[**index].normalized.equals(last))?;
        let is_stray =
            *before == self.longest && last.is_one_letter_short_of(&piece[self.longest].normalized);
        let is_number = piece[self.longest].normalized.is_read_number();
        (is_stray && !is_number && last.letters() > 1).then_some(self.last)
    }

    /// The text of a search that is abandoned: a deletion of more than half was no correction.
    pub(super) fn abandoned_text(&self, piece: &[NormalizedKeystroke<'_>]) -> usize {
        let longest = &piece[self.longest].normalized;
        let whole = self.before_deletion.filter(|whole| longest.is_under_half_of(&piece[*whole].normalized));
        whole.unwrap_or_else(|| self.left_text(piece))
    }

    /// The text of a search that is left: a deletion of words whose results were read was no correction.
    pub(super) fn left_text(&self, piece: &[NormalizedKeystroke<'_>]) -> usize {
        let longest = &piece[self.longest].normalized;
        let whole = self.before_deletion.filter(|whole| longest.loses_words(&piece[*whole].normalized));
        whole.unwrap_or(self.longest)
    }
}

/// Returns true if a text replaces words that were read, and that the `kept` one has.
pub(super) fn leaves_read(
    piece: &[NormalizedKeystroke<'_>],
    read: Option<usize>,
    kept: usize,
    index: usize,
) -> bool {
    read.map(|read| &piece[read].normalized).is_some_and(|read| {
        piece[index].normalized.is_other_search(read) && !piece[kept].normalized.is_other_search(read)
    })
}

/// Returns true if all letters but the first disappeared at once, which is no press of the backspace key.
fn is_typed_over(piece: &[NormalizedKeystroke<'_>], before: usize, index: usize) -> bool {
    let (text, before) = (&piece[index].normalized, &piece[before].normalized);
    text.letters() == 1
        && before.letters() > TYPED_OVER_LETTERS
        && text.relation_to(before) == Relation::Shorter
}
