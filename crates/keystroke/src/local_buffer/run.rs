//! One run: what was typed into one input of one session, and when that is due.
//!
//! The keystrokes are kept packed, as they stand in the journal: a letter typed costs its text and
//! some ten bytes, not an allocation and a hundred. They are unpacked when the run is claimed.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{BufferLimits, DueReason};
use quarry_domain::{BufferedKeystroke, InputId, Keystroke, SessionId, Timestamp, UserId};

/// Milliseconds since 1970, UTC.
pub(super) type Millis = i64;

/// Numbers the runs of a journal, in the order in which they began.
pub(super) type RunId = u64;

/// Where a run is typed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Place {
    pub session: SessionId,
    pub input: InputId,
}

/// About what a run takes besides its keystrokes: its own fields, its entries in maps and queues, and
/// what is allocated for each.
const RUN_BYTES: usize = 640;
/// Copies of a session's name, of the run and of what limits its flood.
const SESSION_COPIES: usize = 3;
/// A keystroke besides its text, where it names no user.
const STROKE_BYTES: usize = 48;
/// Memory that may lie unused behind the keystrokes of a run, at least.
const SPARE_BYTES: usize = 1 << 10;

/// Whose claim it is: until when is the buffer's business alone and dies with its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claim {
    /// Which opening of the journal claimed it: run numbers alone may begin anew in a new folder.
    pub epoch: Uuid,
    pub reason: DueReason,
}

/// A keystroke within its run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stroke<'a> {
    /// Milliseconds since the run began; negative when the clock was set back between two processes.
    after: i64,
    user: StrokeUser<'a>,
    text: &'a str,
    sequence: Option<i64>,
    submitted: bool,
    result_count: Option<i64>,
}

impl Stroke<'_> {
    pub fn text(&self) -> &str {
        self.text
    }
}

/// Most keystrokes are of the user of the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum StrokeUser<'a> {
    Nobody,
    Same,
    Named(Cow<'a, UserId>),
}

#[derive(Debug)]
pub(super) struct Run {
    pub place: Arc<Place>,
    pub began: Millis,
    /// Under which time it is queued: when it is due, or when its lease ends.
    pub queued: Millis,
    pub claim: Option<Claim>,
    pub count: u32,
    last: Millis,
    /// When it was submitted: what is typed after that is not of this run.
    submitted: Option<Millis>,
    /// The highest of the client's counters.
    highest: Option<i64>,
    /// When it reached the limit of keystrokes.
    filled: Option<Millis>,
    /// The user of the last keystroke.
    user: Option<UserId>,
    packed: Vec<u8>,
}

impl Run {
    pub fn new(place: Arc<Place>, began: Millis) -> Self {
        Self {
            place,
            began,
            queued: began,
            claim: None,
            count: 0,
            last: began,
            submitted: None,
            highest: None,
            filled: None,
            user: None,
            packed: Vec::new(),
        }
    }

    /// How a keystroke is kept that comes next.
    pub fn stroke<'a>(&self, keystroke: &'a Keystroke, now: Millis) -> Stroke<'a> {
        let user = match &keystroke.user {
            user if *user == self.user => StrokeUser::Same,
            Some(user) => StrokeUser::Named(Cow::Borrowed(user)),
            None => StrokeUser::Nobody,
        };
        Stroke {
            after: now - self.began,
            user,
            text: &keystroke.text,
            sequence: keystroke.sequence,
            submitted: keystroke.submitted,
            result_count: keystroke.result_count,
        }
    }

    /// Whether a keystroke with this counter comes after all that are there, as far as is known.
    pub fn is_next(&self, sequence: Option<i64>) -> bool {
        sequence.is_none() || sequence > self.highest
    }

    pub fn is_submitted(&self) -> bool {
        self.submitted.is_some()
    }

    /// Adds a keystroke. Whether it is what submits the run, or what comes next in a submitted run,
    /// where that is an echo.
    pub fn push(&mut self, stroke: &Stroke<'_>, limits: &BufferLimits) -> bool {
        let mut packed = std::mem::take(&mut self.packed);
        if stroke.text.len() > SPARE_BYTES {
            packed.reserve_exact(stroke.text.len() + STROKE_BYTES);
        }
        self.packed = postcard::to_extend(stroke, packed).expect("memory takes every byte");
        // It doubles to grow, and most runs do not go on for long after a large text.
        let (spare, len) = (self.packed.capacity() - self.packed.len(), self.packed.len());
        if spare > SPARE_BYTES.max(len / 4) {
            self.packed.shrink_to(len + len / 8);
        }
        self.count += 1;
        self.last = self.began.saturating_add(stroke.after);
        let was_submitted = self.is_submitted();
        let is_next = self.is_next(stroke.sequence);
        // One that was overtaken has the beginning of the next search in its run already: the run
        // is not complete, and the fold will find what was submitted.
        let is_overtaken = !is_next && stroke.sequence != self.highest;
        if !was_submitted && stroke.submitted && !is_overtaken {
            self.submitted = Some(self.last);
        }
        self.highest = self.highest.max(stroke.sequence);
        match &stroke.user {
            StrokeUser::Same => {}
            StrokeUser::Nobody => self.user = None,
            StrokeUser::Named(user) => self.user = Some(user.as_ref().clone()),
        }
        if self.filled.is_none() && self.count >= limits.run_keystrokes {
            self.filled = Some(self.last);
        }
        if was_submitted { is_next } else { self.is_submitted() }
    }

    /// The run as it was before its last keystroke.
    pub fn without_last(&self, limits: &BufferLimits) -> Self {
        let mut run = Self::new(self.place.clone(), self.began);
        for stroke in self.strokes().take(self.count.saturating_sub(1) as usize) {
            run.push(&stroke, limits);
        }
        run
    }

    /// When it is due, and why: a submitted one is complete, whatever else it is.
    pub fn due(&self, limits: &BufferLimits) -> (Millis, DueReason) {
        let idle = self.last.saturating_add(millis(limits.window));
        let limit = self.began.saturating_add(millis(limits.run_age)).min(self.filled.unwrap_or(Millis::MAX));
        match self.submitted {
            Some(submitted) => (submitted.min(limit).min(idle), DueReason::Submitted),
            None if limit <= idle => (limit, DueReason::Limit),
            None => (idle, DueReason::Idle),
        }
    }

    /// The user and the time of the last keystroke.
    pub fn last(&self) -> (Option<&UserId>, Millis) {
        (self.user.as_ref(), self.last)
    }

    pub fn strokes(&self) -> impl Iterator<Item = Stroke<'_>> {
        let mut rest = self.packed.as_slice();
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let (stroke, after) = postcard::take_from_bytes(rest).expect("was packed by push");
            rest = after;
            Some(stroke)
        })
    }

    pub fn keystrokes(&self) -> Vec<BufferedKeystroke> {
        let mut keystrokes: Vec<BufferedKeystroke> = Vec::with_capacity(self.count as usize);
        for stroke in self.strokes() {
            let user = match stroke.user {
                StrokeUser::Same => keystrokes.last().and_then(|before| before.user.clone()),
                StrokeUser::Nobody => None,
                StrokeUser::Named(user) => Some(user.into_owned()),
            };
            keystrokes.push(BufferedKeystroke {
                at: timestamp(self.began.saturating_add(stroke.after)),
                user,
                text: stroke.text.to_owned(),
                sequence: stroke.sequence,
                submitted: stroke.submitted,
                result_count: stroke.result_count,
            });
        }
        keystrokes
    }

    /// About how many bytes the journal needs for it.
    pub fn size(&self) -> usize {
        self.packed.len() + self.place.session.as_str().len() + self.place.input.as_str().len()
    }

    /// About how many bytes it takes in memory.
    pub fn memory(&self) -> u64 {
        let place = SESSION_COPIES * self.place.session.as_str().len() + self.place.input.as_str().len();
        (RUN_BYTES + place + self.packed.capacity()) as u64
    }

    /// The highest of the client's counters.
    pub fn highest_sequence(&self) -> Option<i64> {
        self.highest
    }

    pub fn is_of(&self, wanted: &UserId) -> bool {
        self.strokes().any(|stroke| matches!(stroke.user, StrokeUser::Named(user) if user.as_ref() == wanted))
    }
}

pub(super) fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

pub(super) fn timestamp(millis: Millis) -> Timestamp {
    Timestamp::from_timestamp_millis(millis).unwrap_or_default()
}
