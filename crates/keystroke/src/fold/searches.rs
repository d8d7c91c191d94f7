//! The searches of a piece: their keystrokes, and the text that is stored.

use super::comparison::Relation;
use super::pieces::NormalizedKeystroke;
use quarry_domain::{FinalReason, UserId};

/// A final search; its keystrokes and its text are indexes of the piece.
#[derive(Debug)]
pub(super) struct FinalSearch<'a> {
    /// At most one: another user ends a search.
    pub(super) user: Option<&'a UserId>,
    /// In order of typing, at least one.
    pub(super) keystrokes: Vec<usize>,
    /// The keystroke with the stored text.
    pub(super) stored: usize,
    pub(super) reason: FinalReason,
    /// Its replacement has the same first letter, and may become its correction.
    reopenable: bool,
}

/// The searches of a piece in order of typing. `ending` ends the last one.
pub(super) fn searches<'a>(piece: &[NormalizedKeystroke<'a>], ending: FinalReason) -> Vec<FinalSearch<'a>> {
    let mut state = FoldState { piece, open: None, ended: Vec::new(), just_submitted: false };
    for index in 0..piece.len() {
        state.take(index);
    }
    state.end(ending, false);
    state.ended
}

/// A search that has not ended.
struct PendingSearch<'a> {
    user: Option<&'a UserId>,
    keystrokes: Vec<usize>,
    /// The keystroke with the most complete text so far.
    longest: usize,
    /// The longest text before deletions, until another change.
    before_deletion: Option<usize>,
    /// The text is a submission without its last letters, which were deleted one by one.
    is_remainder: bool,
}

struct FoldState<'a, 'p> {
    piece: &'p [NormalizedKeystroke<'a>],
    open: Option<PendingSearch<'a>>,
    ended: Vec<FinalSearch<'a>>,
    /// The last search was submitted, and no other text followed.
    just_submitted: bool,
}

impl FoldState<'_, '_> {
    fn take(&mut self, index: usize) {
        let piece = self.piece;
        let typed = &piece[index];
        if self.open.as_ref().is_some_and(|open| differ(open.user, typed.user)) {
            self.end(FinalReason::UserChanged, false);
        }
        if typed.normalized.is_empty() {
            self.end(FinalReason::Cleared, false);
            self.just_submitted = false;
            return;
        }
        if self.take_as_echo(index) {
            return;
        }
        self.take_text(index);
        self.reopen_corrected();
        if typed.submitted {
            self.submit(index);
        }
    }

    /// Takes a repetition of a submission: clients send it again with the search, or Enter was pressed twice.
    fn take_as_echo(&mut self, index: usize) -> bool {
        let piece = self.piece;
        let Some(last) = self.ended.last_mut().filter(|_| self.just_submitted) else {
            return false;
        };
        let is_echo = piece[last.stored].normalized.equals(&piece[index].normalized)
            && !differ(last.user, piece[index].user);
        if is_echo {
            last.user = last.user.or(piece[index].user);
            last.keystrokes.push(index);
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
            let reopenable = text.begins_like(&piece[open.abandoned_text(piece)].normalized);
            self.end(FinalReason::Replaced, reopenable);
        }
        let submitted = self.ended.last().filter(|_| self.just_submitted);
        let is_remainder =
            submitted.is_some_and(|last| text.is_one_letter_short_of(&piece[last.stored].normalized));
        let user = piece[index].user;
        self.open = Some(PendingSearch {
            user,
            keystrokes: vec![index],
            longest: index,
            before_deletion: None,
            is_remainder,
        });
        self.just_submitted = false;
    }

    /// Reopens the previous search if the current one has become its correction.
    fn reopen_corrected(&mut self) {
        let piece = self.piece;
        while let Some(open) = &mut self.open {
            let Some(previous) = self.ended.last().filter(|previous| previous.reopenable) else {
                return;
            };
            let relation = piece[open.longest].normalized.relation_to(&piece[previous.stored].normalized);
            if relation == Relation::Unrelated || differ(previous.user, open.user) {
                return;
            }
            if relation == Relation::Shorter {
                open.longest = previous.stored;
            }
            open.user = open.user.or(previous.user);
            open.keystrokes.splice(..0, previous.keystrokes.iter().copied());
            self.ended.pop();
        }
    }

    fn submit(&mut self, index: usize) {
        if let Some(open) = &mut self.open {
            open.longest = index;
            open.is_remainder = false;
        }
        self.end(FinalReason::Submitted, false);
        self.just_submitted = true;
    }

    fn end(&mut self, reason: FinalReason, reopenable: bool) {
        let Some(open) = self.open.take() else {
            return;
        };
        let is_abandoned = matches!(reason, FinalReason::Cleared | FinalReason::Replaced);
        if is_abandoned && open.is_remainder {
            return;
        }
        let stored = if is_abandoned { open.abandoned_text(self.piece) } else { open.longest };
        let PendingSearch { user, keystrokes, .. } = open;
        self.ended.push(FinalSearch { user, keystrokes, stored, reason, reopenable });
    }
}

impl<'a> PendingSearch<'a> {
    /// Takes the next text, or returns false if it is another search.
    fn take(&mut self, piece: &[NormalizedKeystroke<'a>], index: usize) -> bool {
        let text = &piece[index].normalized;
        let mut relation = text.relation_to(&piece[self.longest].normalized);
        let is_deletion =
            relation == Relation::Corrected && text.is_subsequence_of(&piece[self.longest].normalized);
        if is_deletion {
            self.before_deletion.get_or_insert(self.longest);
        } else if matches!(relation, Relation::Longer | Relation::Corrected | Relation::Unrelated) {
            // After a deletion of more than half, compare with the text before it.
            let compared = self.abandoned_text(piece);
            if compared != self.longest {
                relation = text.relation_to(&piece[compared].normalized);
                self.longest = if relation == Relation::Shorter { compared } else { self.longest };
            }
            if relation == Relation::Unrelated {
                return false;
            }
            self.before_deletion = None;
            self.is_remainder = false;
        }
        if relation != Relation::Shorter || self.is_remainder {
            self.longest = index;
        }
        self.user = self.user.or(piece[index].user);
        self.keystrokes.push(index);
        true
    }

    /// The text of a search that is abandoned: a deletion of more than half was no correction.
    fn abandoned_text(&self, piece: &[NormalizedKeystroke<'_>]) -> usize {
        let longest = &piece[self.longest].normalized;
        let whole = self.before_deletion.filter(|whole| longest.is_under_half_of(&piece[*whole].normalized));
        whole.unwrap_or(self.longest)
    }
}

fn differ(one: Option<&UserId>, other: Option<&UserId>) -> bool {
    one.is_some() && other.is_some() && one != other
}
