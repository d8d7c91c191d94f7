//! Which keystrokes of a piece are one search, and which of their texts stands for it.

use super::comparison::Relation;
use super::pieces::Typed;
use quarry_domain::{FinalReason, UserId};

/// A search that is final: its keystrokes and its text are places in the piece.
#[derive(Debug)]
pub(super) struct FinalSearch<'a> {
    /// One at most, by the boundary between users.
    pub(super) user: Option<&'a UserId>,
    /// In order of typing, at least one.
    pub(super) keystrokes: Vec<usize>,
    /// Whose text is stored.
    pub(super) stored: usize,
    pub(super) reason: FinalReason,
    /// It was left for a text that begins with the same letter, which may yet turn out to be its
    /// correction.
    resumable: bool,
}

/// The searches of a piece, which is in order of typing. What is open at its end ends for
/// `ending`.
pub(super) fn searches<'a>(piece: &[Typed<'a>], ending: FinalReason) -> Vec<FinalSearch<'a>> {
    let mut typing = Typing { piece, open: None, ended: Vec::new(), just_submitted: false };
    for place in 0..piece.len() {
        typing.take(place);
    }
    typing.end(ending, false);
    typing.ended
}

/// A search that goes on.
struct OpenSearch<'a> {
    user: Option<&'a UserId>,
    keystrokes: Vec<usize>,
    /// The most complete text so far.
    longest: usize,
    /// What was the longest before letters were taken away, as long as nothing else is done.
    whole: Option<usize>,
    /// What is in the box was submitted before, and has only been deleted from since, from the
    /// end.
    is_leftover: bool,
}

struct Typing<'a, 'p> {
    piece: &'p [Typed<'a>],
    open: Option<OpenSearch<'a>>,
    ended: Vec<FinalSearch<'a>>,
    /// The last search was submitted, and nothing else typed since.
    just_submitted: bool,
}

impl Typing<'_, '_> {
    fn take(&mut self, place: usize) {
        let piece = self.piece;
        let typed = &piece[place];
        if self.open.as_ref().is_some_and(|open| differ(open.user, typed.user)) {
            self.end(FinalReason::UserChanged, false);
        }
        if typed.form.is_empty() {
            self.end(FinalReason::Cleared, false);
            self.just_submitted = false;
            return;
        }
        if self.take_as_echo(place) {
            return;
        }
        self.take_text(place);
        self.resume_corrected();
        if typed.submitted {
            self.submit(place);
        }
    }

    /// A submitted text is often sent once more: with the search that it starts, or by a second
    /// press of the key.
    fn take_as_echo(&mut self, place: usize) -> bool {
        let piece = self.piece;
        let Some(last) = self.ended.last_mut().filter(|_| self.just_submitted) else {
            return false;
        };
        let is_echo =
            piece[last.stored].form.equals(&piece[place].form) && !differ(last.user, piece[place].user);
        if is_echo {
            last.user = last.user.or(piece[place].user);
            last.keystrokes.push(place);
        }
        is_echo
    }

    fn take_text(&mut self, place: usize) {
        let piece = self.piece;
        let form = &piece[place].form;
        if let Some(open) = &mut self.open {
            if open.take(piece, place) {
                return;
            }
            let resumable = form.begins_like(&piece[open.left_behind(piece)].form);
            self.end(FinalReason::Replaced, resumable);
        }
        let submitted = self.ended.last().filter(|_| self.just_submitted);
        let is_leftover = submitted.is_some_and(|last| form.is_one_letter_short_of(&piece[last.stored].form));
        let user = piece[place].user;
        self.open =
            Some(OpenSearch { user, keystrokes: vec![place], longest: place, whole: None, is_leftover });
        self.just_submitted = false;
    }

    /// Makes one of the search before and this one, where this one turned out to correct it.
    fn resume_corrected(&mut self) {
        let piece = self.piece;
        while let Some(open) = &mut self.open {
            let Some(before) = self.ended.last().filter(|before| before.resumable) else {
                return;
            };
            let relation = piece[open.longest].form.relation_to(&piece[before.stored].form);
            if relation == Relation::Unrelated || differ(before.user, open.user) {
                return;
            }
            if relation == Relation::Shorter {
                open.longest = before.stored;
            }
            open.user = open.user.or(before.user);
            open.keystrokes.splice(..0, before.keystrokes.iter().copied());
            self.ended.pop();
        }
    }

    fn submit(&mut self, place: usize) {
        if let Some(open) = &mut self.open {
            open.longest = place;
            open.is_leftover = false;
        }
        self.end(FinalReason::Submitted, false);
        self.just_submitted = true;
    }

    fn end(&mut self, reason: FinalReason, resumable: bool) {
        let Some(open) = self.open.take() else {
            return;
        };
        let is_left = matches!(reason, FinalReason::Cleared | FinalReason::Replaced);
        if is_left && open.is_leftover {
            return;
        }
        let stored = if is_left { open.left_behind(self.piece) } else { open.longest };
        let OpenSearch { user, keystrokes, .. } = open;
        self.ended.push(FinalSearch { user, keystrokes, stored, reason, resumable });
    }
}

impl<'a> OpenSearch<'a> {
    /// Takes the next text, or refuses it because it is another search.
    fn take(&mut self, piece: &[Typed<'a>], place: usize) -> bool {
        let form = &piece[place].form;
        let mut relation = form.relation_to(&piece[self.longest].form);
        let takes_away = relation == Relation::Corrected && form.is_remnant_of(&piece[self.longest].form);
        if takes_away {
            self.whole.get_or_insert(self.longest);
        } else if matches!(relation, Relation::Longer | Relation::Corrected | Relation::Unrelated) {
            // Of what has been deleted for the most part, a letter more makes something else.
            let compared = self.left_behind(piece);
            if compared != self.longest {
                relation = form.relation_to(&piece[compared].form);
                self.longest = if relation == Relation::Shorter { compared } else { self.longest };
            }
            if relation == Relation::Unrelated {
                return false;
            }
            self.whole = None;
            self.is_leftover = false;
        }
        if relation != Relation::Shorter || self.is_leftover {
            self.longest = place;
        }
        self.user = self.user.or(piece[place].user);
        self.keystrokes.push(place);
        true
    }

    /// What stands for the search once it is left for another: where letters were only taken
    /// away until less than half was left, that was no correction.
    fn left_behind(&self, piece: &[Typed<'_>]) -> usize {
        let whole = self.whole.filter(|whole| piece[self.longest].form.is_under_half_of(&piece[*whole].form));
        whole.unwrap_or(self.longest)
    }
}

fn differ(one: Option<&UserId>, other: Option<&UserId>) -> bool {
    one.is_some() && other.is_some() && one != other
}
