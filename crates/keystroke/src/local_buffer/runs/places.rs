//! What is known of the places where is typed: which run is open there, and for a while the last
//! sequence that was claimed and what was submitted last.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::echo::{Digest, text_digest, user_digest};
use crate::local_buffer::run::{Millis, Place, RunId};
use quarry_domain::{Keystroke, SessionId, UserId};

#[derive(Debug, Default)]
pub struct Places {
    /// A place is dropped when nothing is known of it.
    known: HashMap<Arc<Place>, Known>,
    /// When marks can be forgotten, in order.
    marks: VecDeque<(Millis, Arc<Place>)>,
    /// When submissions can be forgotten, in order.
    submissions: VecDeque<(Millis, Arc<Place>)>,
    /// How to undo the changes that are being made, where they may have to be.
    before: Option<Before>,
}

#[derive(Clone, Debug, Default)]
pub struct Known {
    pub open: Option<RunId>,
    pub mark: Option<Mark>,
    /// Boxed, since few have one at a time.
    pub submission: Option<Box<Submission>>,
}

/// The last sequence of the runs that were claimed or closed.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    pub sequence: i64,
    pub until: Millis,
}

/// What was submitted last, to know its echo by. Nothing else was typed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    text: Digest,
    user: Option<Digest>,
    pub until: Millis,
}

#[derive(Debug)]
struct Before {
    known: Vec<(Arc<Place>, Known)>,
    marks: usize,
    submissions: usize,
}

impl Known {
    fn is_nothing(&self) -> bool {
        self.open.is_none() && self.mark.is_none() && self.submission.is_none()
    }

    /// Whether the keystroke repeats what was submitted, and nobody else typed it.
    pub fn is_echo(&self, keystroke: &Keystroke) -> bool {
        let Some(submission) = &self.submission else { return false };
        let is_other =
            |user: &Digest| keystroke.user.as_ref().is_some_and(|other| user_digest(other) != *user);
        !submission.user.as_ref().is_some_and(is_other) && text_digest(&keystroke.text) == submission.text
    }
}

impl Places {
    pub fn get(&self, place: &Place) -> Option<&Known> {
        self.known.get(place)
    }

    /// The place as it is shared by all that name it.
    pub fn shared(&self, place: Place) -> Arc<Place> {
        match self.known.get_key_value(&place) {
            Some((known, _)) => known.clone(),
            None => Arc::new(place),
        }
    }

    /// A run is open from now on, unless a later one is: a journal that was written anew may tell of
    /// a run that is not open after the one that is.
    pub fn open(&mut self, place: &Arc<Place>, id: RunId) {
        let known = self.change(place);
        known.open = known.open.max(Some(id));
    }

    /// A run is no longer open; whether it was.
    pub fn close(&mut self, place: &Arc<Place>, id: RunId) -> bool {
        let is_open = self.known.get(place).is_some_and(|known| known.open == Some(id));
        if is_open {
            self.change(place).open = None;
        }
        self.drop_if_nothing(place);
        is_open
    }

    /// Remembers the last sequence of a run that is out of reach `from` some time on.
    pub fn mark(&mut self, place: &Arc<Place>, sequence: i64, from: Millis, until: Millis) {
        let known = self.change(place);
        // In a replay, nothing was forgotten yet.
        let before = known.mark.filter(|mark| mark.until > from).unwrap_or(Mark { sequence, until });
        known.mark = Some(Mark { sequence: before.sequence.max(sequence), until: before.until.max(until) });
        self.marks.push_back((until, place.clone()));
    }

    /// What is remembered is this, whatever a replay made of what came before.
    pub fn set_mark(&mut self, place: &Arc<Place>, sequence: i64, until: Millis) {
        self.change(place).mark = Some(Mark { sequence, until });
        self.marks.push_back((until, place.clone()));
    }

    /// Remembers what was submitted, or that it was once more.
    pub fn submit(&mut self, place: &Arc<Place>, text: &str, user: Option<&UserId>, until: Millis) {
        let text = text_digest(text);
        let before = self.known.get(place).and_then(|known| known.submission.as_ref());
        // An echo may bring the user along.
        let user = before
            .filter(|before| before.text == text)
            .and_then(|before| before.user)
            .or_else(|| user.map(user_digest));
        self.remember(place, Submission { text, user, until });
    }

    pub fn remember(&mut self, place: &Arc<Place>, submission: Submission) {
        self.submissions.push_back((submission.until, place.clone()));
        self.change(place).submission = Some(Box::new(submission));
    }

    /// Something else is typed.
    pub fn forget_submission(&mut self, place: &Arc<Place>) {
        if self.known.get(place).is_some_and(|known| known.submission.is_some()) {
            self.change(place).submission = None;
        }
    }

    /// Drops what need not be remembered any longer, and the oldest marks beyond `most`: a late keystroke of
    /// theirs is a search of its own, which is better than memory without a bound.
    pub fn forget(&mut self, now: Millis, most: usize) {
        while self.marks.len() > most
            && let Some((until, place)) = self.marks.pop_front()
        {
            if let Some(known) = self.known.get_mut(&place) {
                known.mark = known.mark.filter(|mark| mark.until > until);
            }
            self.drop_if_nothing(&place);
        }
        while let Some((_, place)) = self.marks.pop_front_if(|(until, _)| *until <= now) {
            if let Some(known) = self.known.get_mut(&place) {
                known.mark = known.mark.filter(|mark| mark.until > now);
            }
            self.drop_if_nothing(&place);
        }
        while let Some((_, place)) = self.submissions.pop_front_if(|(until, _)| *until <= now) {
            if let Some(known) = self.known.get_mut(&place) {
                known.submission = known.submission.take().filter(|submission| submission.until > now);
            }
            self.drop_if_nothing(&place);
        }
    }

    pub fn erase(&mut self, session: &SessionId) {
        self.known.retain(|place, _| place.session != *session);
        self.marks.retain(|(_, place)| place.session != *session);
        self.submissions.retain(|(_, place)| place.session != *session);
    }

    /// Nothing is remembered for longer than until these times.
    pub fn shorten(&mut self, marks: Millis, submissions: Millis) {
        for known in self.known.values_mut() {
            if let Some(mark) = &mut known.mark {
                mark.until = mark.until.min(marks);
            }
            if let Some(submission) = &mut known.submission {
                submission.until = submission.until.min(submissions);
            }
        }
        for (queue, latest) in [(&mut self.marks, marks), (&mut self.submissions, submissions)] {
            for (until, _) in queue.iter_mut() {
                *until = (*until).min(latest);
            }
            queue.make_contiguous().sort_by_key(|(until, _)| *until);
        }
    }

    /// Those of which more is known than their open run.
    pub fn remembered(&self) -> Vec<Arc<Place>> {
        let is_more = |known: &Known| known.mark.is_some() || known.submission.is_some();
        self.known.iter().filter(|(_, known)| is_more(known)).map(|(place, _)| place.clone()).collect()
    }

    /// From here on, changes can be undone.
    pub fn begin_changes(&mut self) {
        let (marks, submissions) = (self.marks.len(), self.submissions.len());
        self.before = Some(Before { known: Vec::new(), marks, submissions });
    }

    /// Undoes the changes; `forget` was not called meanwhile.
    pub fn undo_changes(&mut self) {
        let Some(before) = self.before.take() else { return };
        self.marks.truncate(before.marks);
        self.submissions.truncate(before.submissions);
        for (place, known) in before.known.into_iter().rev() {
            *self.change(&place) = known;
            self.drop_if_nothing(&place);
        }
    }

    /// Lets the changes stand.
    pub fn keep_changes(&mut self) {
        self.before = None;
    }

    fn change(&mut self, place: &Arc<Place>) -> &mut Known {
        let known = self.known.entry(place.clone()).or_default();
        if let Some(before) = &mut self.before {
            before.known.push((place.clone(), known.clone()));
        }
        known
    }

    fn drop_if_nothing(&mut self, place: &Place) {
        if self.known.get(place).is_some_and(Known::is_nothing) {
            self.known.remove(place);
        }
    }

    #[cfg(test)]
    pub fn lengths(&self) -> [usize; 3] {
        [self.known.len(), self.marks.len(), self.submissions.len()]
    }
}
