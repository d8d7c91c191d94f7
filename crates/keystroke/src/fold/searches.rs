//! The searches of a piece: their keystrokes, and the text that is stored.

use std::time::Duration;

use super::comparison::Relation;
use super::normalized_keystroke::NormalizedKeystroke;
use super::pending::{PendingSearch, leaves_read};
use super::reading::READING_TIME;
use super::words::is_punctuation;
use quarry_domain::{FinalReason, UserId};

/// One or two letters that were erased sooner are a false start.
const FRAGMENT_TIME: Duration = Duration::from_secs(1);

/// A final search; its keystrokes and its text are indexes of the piece.
#[derive(Debug)]
pub(super) struct FinalSearch<'a> {
    /// At most one: another user ends a search.
    pub(super) user: Option<&'a UserId>,
    /// In order of typing, at least one.
    pub(super) keystrokes: Vec<usize>,
    /// The keystroke with the stored text.
    pub(super) stored: usize,
    /// The keystroke with the longer text, if the stored one lacks its stray last letter.
    pub(super) longer: Option<usize>,
    pub(super) reason: FinalReason,
    /// The last text that was the most complete one while its results were read.
    read: Option<usize>,
    reopening: Reopening,
}

/// The later text that continues a final search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reopening {
    Never,
    /// Its replacement begins or ends alike, and may become its correction.
    Corrected,
    /// The box was cleared, and the text may be typed again.
    Retyped {
        /// The text stood long enough to be meant.
        stood: bool,
    },
}

/// The state of the search that the box held before the piece; its text is the first of the piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// Later text may continue it.
    Open {
        /// An input method was composing it.
        is_composing: bool,
    },
    /// The box was cleared; the text may be typed again.
    Cleared,
    /// It is final, and its text is in the box.
    Standing,
    /// It is final, and the box was cleared.
    Gone,
}

/// The searches of a piece in order of typing. `ending` ends the last one.
pub(super) fn searches<'a>(
    piece: &[NormalizedKeystroke<'a>],
    before: Option<Before>,
    ending: FinalReason,
) -> Vec<FinalSearch<'a>> {
    let has_before = before.is_some();
    let mut state =
        FoldState { piece, has_before, open: None, ended: Vec::new(), is_standing: false, is_old: false };
    if let (Some(before), Some(first)) = (before, piece.first()) {
        state.begin(before, first.user);
    }
    for index in usize::from(before.is_some())..piece.len() {
        state.take(index);
    }
    state.end(ending, Reopening::Never);
    state.ended
}

struct FoldState<'a, 'p> {
    piece: &'p [NormalizedKeystroke<'a>],
    /// The first text of the piece is that of the search before it.
    has_before: bool,
    open: Option<PendingSearch<'a>>,
    ended: Vec<FinalSearch<'a>>,
    /// The text of the last final search is in the box, and no other text followed.
    is_standing: bool,
    /// The first search is final since before the piece.
    is_old: bool,
}

impl<'a> FoldState<'a, '_> {
    fn begin(&mut self, before: Before, user: Option<&'a UserId>) {
        let reopening = match before {
            Before::Open { is_composing } => {
                self.open = Some(PendingSearch::remembered(user, is_composing));
                return;
            }
            Before::Cleared => Reopening::Retyped { stood: true },
            Before::Standing | Before::Gone => Reopening::Never,
        };
        self.is_standing = before == Before::Standing;
        self.is_old = reopening == Reopening::Never;
        let reason = FinalReason::Idle;
        self.ended.push(FinalSearch {
            user,
            keystrokes: vec![0],
            stored: 0,
            longer: None,
            reason,
            read: Some(0),
            reopening,
        });
    }

    fn take(&mut self, index: usize) {
        let typed = &self.piece[index];
        if self.open.as_ref().is_some_and(|open| differ(open.user, typed.user)) {
            self.end(FinalReason::UserChanged, Reopening::Never);
        }
        if typed.normalized.is_empty() {
            let time = self.open.as_ref().and_then(|open| self.standing_time(open, index));
            let stood = time.is_some_and(|time| time >= READING_TIME);
            if time.is_none_or(|time| time < FRAGMENT_TIME) {
                self.drop_fragment();
            }
            self.end(FinalReason::Cleared, Reopening::Retyped { stood });
            self.is_standing = false;
            return;
        }
        if self.take_as_echo(index) {
            return;
        }
        self.take_text(index);
        self.reopen_continued();
        if typed.submitted {
            self.submit(index);
        }
    }

    /// The time that the text of a search stood in the box before it was erased; `None` if a clock was set back.
    fn standing_time(&self, open: &PendingSearch<'_>, cleared: usize) -> Option<Duration> {
        let stored = open.abandoned_text(self.piece);
        let next = open.keystrokes.iter().copied().find(|index| *index > stored).unwrap_or(cleared);
        (self.piece[next].at - self.piece[stored].at).to_std().ok()
    }

    /// Drops the open search if it is no more than one or two letters. A remembered search has its row.
    fn drop_fragment(&mut self) {
        let piece = self.piece;
        let is_stored = |open: &PendingSearch<'_>| self.has_before && open.keystrokes.contains(&0);
        self.open = self
            .open
            .take()
            .filter(|open| is_stored(open) || !piece[open.abandoned_text(piece)].normalized.is_fragment());
    }

    /// Takes a repetition of a final search: a request for its next page, Enter pressed twice, or its remainder
    /// typed to the end again.
    fn take_as_echo(&mut self, index: usize) -> bool {
        let piece = self.piece;
        let is_remainder = self.open.as_ref().is_some_and(|open| open.remainder_of.is_some());
        let Some(last) = self.ended.last_mut().filter(|_| self.is_standing || is_remainder) else {
            return false;
        };
        let is_echo = piece[index].normalized.equals(&piece[last.stored].normalized)
            && !differ(last.user, piece[index].user);
        if is_echo {
            last.user = last.user.or(piece[index].user);
            last.keystrokes.push(index);
            self.open = None;
            self.is_standing = true;
        }
        is_echo
    }

    fn take_text(&mut self, index: usize) {
        let piece = self.piece;
        let text = &piece[index].normalized;
        if let Some(open) = &mut self.open {
            if open.take(piece, index) {
                return;
            }
            let abandoned = &piece[open.abandoned_text(piece)].normalized;
            let is_alike = text.begins_like(abandoned) || text.ends_with(abandoned);
            if self.divide_retyped() {
                return self.take_text(index);
            }
            let reopening = if is_alike { Reopening::Corrected } else { Reopening::Never };
            self.end(FinalReason::Replaced, reopening);
        }
        let last = self.ended.last().filter(|_| self.is_standing).map(|last| last.stored);
        let remainder_of = last.filter(|stored| {
            let whole = &piece[*stored].normalized;
            text.is_cut_from(whole) || text.drops_words(whole)
        });
        self.open = Some(PendingSearch::new(piece, index, remainder_of));
        self.is_standing = false;
    }

    /// Reopens the previous search if the current one has become its correction, or its text typed again.
    fn reopen_continued(&mut self) {
        let piece = self.piece;
        while let Some(open) = &mut self.open {
            let Some(previous) = self.ended.last() else { return };
            let (text, before) = (&piece[open.longest].normalized, &piece[previous.stored].normalized);
            let relation = text.relation_to(before);
            let continues = match previous.reopening {
                Reopening::Never => false,
                Reopening::Corrected => {
                    relation != Relation::Unrelated
                        && !leaves_read(piece, previous.read, previous.stored, open.longest)
                }
                Reopening::Retyped { stood } => text.retypes(before, stood),
            };
            if !continues || differ(previous.user, open.user) {
                return;
            }
            if relation == Relation::Shorter {
                open.longest = previous.stored;
            }
            open.user = open.user.or(previous.user);
            open.read = open.read.or(previous.read);
            open.keystrokes.splice(..0, previous.keystrokes.iter().copied());
            self.ended.pop();
        }
    }

    fn submit(&mut self, index: usize) {
        if !self.divide_retyped() {
            self.divide_open(|open, piece| open.divide_shortened(piece, index));
        }
        if let Some(open) = &mut self.open {
            open.submit(index);
        }
        self.end(FinalReason::Submitted, Reopening::Never);
        self.is_standing = true;
    }

    /// Ends the open search before the text that was typed over it, if any, which becomes another one.
    ///
    /// Returns true if there is such a text.
    fn divide_retyped(&mut self) -> bool {
        let Some((from, best)) = self.open.as_ref().and_then(PendingSearch::retyped) else { return false };
        let Some(open) = self.open.take() else { return false };
        let (open, rest) = open.divide(from, best);
        self.open = Some(open);
        self.end(FinalReason::Replaced, Reopening::Never);
        self.open = Some(rest);
        true
    }

    /// Ends the search before a deletion whose rest becomes another one.
    fn divide_open(
        &mut self,
        divide: impl FnOnce(&mut PendingSearch<'a>, &[NormalizedKeystroke<'a>]) -> Option<PendingSearch<'a>>,
    ) {
        let Some(mut open) = self.open.take() else { return };
        if let Some(before) = divide(&mut open, self.piece) {
            self.open = Some(before);
            self.end(FinalReason::Replaced, Reopening::Never);
        }
        self.open = Some(open);
    }

    fn end(&mut self, reason: FinalReason, reopening: Reopening) {
        self.divide_retyped();
        let is_abandoned = matches!(reason, FinalReason::Cleared | FinalReason::Replaced);
        if !is_abandoned {
            self.divide_open(|open, piece| open.divide_renumbered(piece));
        }
        let Some(open) = self.open.take() else { return };
        if open.remainder_of.is_some() {
            // A deletion is no search; it leaves the submission as it is.
            return;
        }
        let is_left = matches!(reason, FinalReason::Idle | FinalReason::Limit | FinalReason::Shutdown);
        let shorter = if is_left { open.without_stray_letter(self.piece) } else { None };
        let stored = match shorter {
            Some(shorter) => shorter,
            None if is_abandoned => open.abandoned_text(self.piece),
            None if is_left => open.left_text(self.piece),
            None => open.longest,
        };
        let Some((stored, reason)) = self.without_punctuation(stored, &open, reason) else { return };
        let PendingSearch { user, keystrokes, longest, read, .. } = open;
        let longer = shorter.map(|_| longest);
        let ended = FinalSearch { user, keystrokes, stored, longer, reason, read, reopening };
        if !self.merge_repetition(&ended) {
            self.ended.push(ended);
        }
    }

    /// Takes punctuation for an empty box: the longest other text was erased, if there is any.
    fn without_punctuation(
        &self,
        stored: usize,
        open: &PendingSearch<'_>,
        reason: FinalReason,
    ) -> Option<(usize, FinalReason)> {
        let has_words = |index: &usize| !is_punctuation(self.piece[*index].text);
        if has_words(&stored) {
            return Some((stored, reason));
        }
        let others = open.keystrokes.iter().copied().filter(has_words);
        let longest = others.max_by_key(|index| self.piece[*index].normalized.letters())?;
        Some((longest, FinalReason::Cleared))
    }

    /// Adds a search to the previous one if both have the same text.
    fn merge_repetition(&mut self, ended: &FinalSearch<'a>) -> bool {
        let is_only = self.ended.len() == 1;
        let Some(last) = self.ended.last_mut() else { return false };
        let is_same = self.piece[ended.stored].normalized.equals(&self.piece[last.stored].normalized);
        if !is_same || differ(last.user, ended.user) {
            return false;
        }
        last.user = last.user.or(ended.user);
        last.keystrokes.extend(&ended.keystrokes);
        last.reopening = ended.reopening;
        if ended.reason == FinalReason::Submitted && last.reason != FinalReason::Submitted {
            last.reason = FinalReason::Submitted;
            if !(is_only && self.is_old) {
                last.stored = ended.stored;
            }
        }
        true
    }
}

fn differ(one: Option<&UserId>, other: Option<&UserId>) -> bool {
    one.is_some() && other.is_some() && one != other
}
