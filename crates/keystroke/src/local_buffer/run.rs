//! A run: the keystrokes of one session and input, and the time when they are due.
//!
//! Keystrokes stay encoded as in the journal: a letter takes its text and some ten bytes, not an
//! allocation and a hundred. A claim decodes them.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::buffer::counts_again;
use crate::digest::{DeliveryDigest, MAX_DELIVERIES, delivery};
use crate::keystroke_details::KeystrokeDetails;
use crate::{BufferLimits, DueReason, RememberedSearch};
use quarry_domain::{BufferedKeystroke, InputId, Keystroke, SessionId, Timestamp, UserId};

/// Milliseconds since 1970, UTC.
pub(super) type Millis = i64;

/// The number of a run in its journal, in the order of first keystrokes.
pub(super) type RunId = u64;

/// The session and the input of a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct InputKey {
    pub session: SessionId,
    pub input: InputId,
}

/// The approximate memory of a run besides its keystrokes: fields, allocations, entries in maps and queues.
const RUN_BYTES: usize = 640;
/// Copies of a session id: in the key, the run and the rate limit.
const SESSION_COPIES: usize = 3;
/// The encoded size of an anonymous keystroke besides its text.
const KEYSTROKE_BYTES: usize = 48;
/// The minimum spare capacity behind the keystrokes of a run.
const SPARE_BYTES: usize = 1 << 10;

/// A claim without its lease, which ends with the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claim {
    /// The process that claimed it: a new folder numbers its runs from zero again.
    pub epoch: Uuid,
    pub reason: DueReason,
}

/// A keystroke as the run and the journal encode it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PackedKeystroke<'a> {
    /// Milliseconds since the run began; negative if the clock was set back between two processes.
    after: i64,
    user: PackedUser<'a>,
    pub text: &'a str,
    pub sequence: Option<i64>,
    #[serde(borrow)]
    details: KeystrokeDetails<'a>,
}

/// A user, relative to the previous keystroke: most keystrokes do not change it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum PackedUser<'a> {
    Anonymous,
    Unchanged,
    Named(Cow<'a, UserId>),
}

#[derive(Debug)]
pub(super) struct BufferedRun {
    pub key: Arc<InputKey>,
    pub began: Millis,
    /// The time in its queue: when it is due, or when its lease ends.
    pub queued: Millis,
    pub claim: Option<Claim>,
    pub count: u32,
    last: Millis,
    /// The time of its submission; later texts belong to another run.
    submitted: Option<Millis>,
    /// The highest sequence.
    pub highest: Option<i64>,
    /// The sequence that arrived first.
    pub first: Option<i64>,
    /// The remembered search at its first claim.
    pub remembered: Option<Box<RememberedSearch>>,
    /// The time when it reached the limit of keystrokes.
    filled: Option<Millis>,
    /// The user of the last keystroke.
    user: Option<UserId>,
    packed: Vec<u8>,
}

impl BufferedRun {
    pub fn new(key: Arc<InputKey>, began: Millis) -> Self {
        Self {
            key,
            began,
            queued: began,
            claim: None,
            count: 0,
            last: began,
            submitted: None,
            highest: None,
            first: None,
            remembered: None,
            filled: None,
            user: None,
            packed: Vec::new(),
        }
    }

    /// Encodes the next keystroke.
    pub fn pack<'a>(&self, keystroke: &'a Keystroke, now: Millis) -> PackedKeystroke<'a> {
        let user = match &keystroke.user {
            user if *user == self.user => PackedUser::Unchanged,
            Some(user) => PackedUser::Named(Cow::Borrowed(user)),
            None => PackedUser::Anonymous,
        };
        PackedKeystroke {
            after: now - self.began,
            user,
            text: &keystroke.text,
            sequence: keystroke.sequence,
            details: KeystrokeDetails::of(keystroke),
        }
    }

    /// Returns true unless a keystroke with a higher sequence is in the run.
    pub fn is_next(&self, sequence: Option<i64>) -> bool {
        sequence.is_none() || sequence > self.highest
    }

    /// Returns true if the client's counter has begun again after the run, and the keystroke is none of it.
    pub fn is_restarted_by(&self, keystroke: &Keystroke) -> bool {
        let numbers = keystroke.sequence.zip(self.first);
        numbers.is_some_and(|(sequence, first)| counts_again(sequence, first)) && !self.repeats(keystroke)
    }

    /// Returns true if it is a repeated delivery.
    fn repeats(&self, keystroke: &Keystroke) -> bool {
        self.packed_keystrokes().any(|packed| {
            packed.sequence == keystroke.sequence
                && packed.text == keystroke.text
                && packed.details.is_submitted() == keystroke.submitted
        })
    }

    /// The last keystrokes with a sequence, in order of arrival.
    pub fn deliveries(&self) -> Vec<DeliveryDigest> {
        let passed = (self.count as usize).saturating_sub(MAX_DELIVERIES);
        let last = self.packed_keystrokes().skip(passed);
        let of = |packed: PackedKeystroke<'_>| {
            let submitted = packed.details.is_submitted();
            Some(delivery(&self.key.session, packed.sequence?, submitted, packed.text))
        };
        last.filter_map(of).collect()
    }

    pub fn is_submitted(&self) -> bool {
        self.submitted.is_some()
    }

    /// Appends a keystroke. Returns true for the run's submission and its next echo.
    pub fn push(&mut self, keystroke: &PackedKeystroke<'_>, limits: &BufferLimits) -> bool {
        let mut packed = std::mem::take(&mut self.packed);
        if keystroke.text.len() > SPARE_BYTES {
            packed.reserve_exact(keystroke.text.len() + KEYSTROKE_BYTES);
        }
        self.packed = postcard::to_extend(keystroke, packed).expect("memory takes every byte");
        // A vector doubles its capacity, and most runs end soon after a large text.
        let (spare, len) = (self.packed.capacity() - self.packed.len(), self.packed.len());
        if spare > SPARE_BYTES.max(len / 4) {
            self.packed.shrink_to(len + len / 8);
        }
        self.count += 1;
        self.last = self.began.saturating_add(keystroke.after);
        let was_submitted = self.is_submitted();
        let is_next = self.is_next(keystroke.sequence);
        // After an overtaken submission, the run already holds the beginning of the next search: it
        // stays open, and the fold finds the submission.
        let submits = keystroke.details.is_submitted() && (is_next || keystroke.sequence == self.highest);
        if !was_submitted && submits {
            self.submitted = Some(self.last);
        }
        self.first = self.first.or(keystroke.sequence);
        self.highest = self.highest.max(keystroke.sequence);
        match &keystroke.user {
            PackedUser::Unchanged => {}
            PackedUser::Anonymous => self.user = None,
            PackedUser::Named(user) => self.user = Some(user.as_ref().clone()),
        }
        if self.filled.is_none() && self.count >= limits.run_keystrokes {
            self.filled = Some(self.last);
        }
        if was_submitted { is_next } else { self.is_submitted() }
    }

    /// Rebuilds the run without its last keystroke.
    pub fn without_last(&self, limits: &BufferLimits) -> Self {
        let mut run = Self::new(self.key.clone(), self.began);
        for keystroke in self.packed_keystrokes().take(self.count.saturating_sub(1) as usize) {
            run.push(&keystroke, limits);
        }
        run
    }

    /// The time when it is due, and the reason. A submission outranks the other reasons.
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

    pub fn packed_keystrokes(&self) -> impl Iterator<Item = PackedKeystroke<'_>> {
        let mut rest = self.packed.as_slice();
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let (keystroke, after) = postcard::take_from_bytes(rest).expect("was packed by push");
            rest = after;
            Some(keystroke)
        })
    }

    pub fn keystrokes(&self) -> Vec<BufferedKeystroke> {
        let mut keystrokes: Vec<BufferedKeystroke> = Vec::with_capacity(self.count as usize);
        for packed in self.packed_keystrokes() {
            let user = match packed.user {
                PackedUser::Unchanged => keystrokes.last().and_then(|previous| previous.user.clone()),
                PackedUser::Anonymous => None,
                PackedUser::Named(user) => Some(user.into_owned()),
            };
            keystrokes.push(BufferedKeystroke {
                at: timestamp(self.began.saturating_add(packed.after)),
                user,
                text: packed.text.to_owned(),
                sequence: packed.sequence,
                submitted: packed.details.is_submitted(),
                result_count: packed.details.result_count,
                composing: packed.details.is_composing(),
                context: packed.details.context(),
            });
        }
        keystrokes
    }

    /// The approximate size in the journal.
    pub fn size(&self) -> usize {
        self.packed.len() + self.key.session.as_str().len() + self.key.input.as_str().len()
    }

    /// The approximate size in memory.
    pub fn memory(&self) -> u64 {
        let key = SESSION_COPIES * self.key.session.as_str().len() + self.key.input.as_str().len();
        (RUN_BYTES + key + self.packed.capacity()) as u64
    }

    /// Returns true if it continues a search of the user.
    pub fn remembers(&self, user: &UserId) -> bool {
        self.remembered.as_ref().is_some_and(|remembered| remembered.search.user.as_ref() == Some(user))
    }

    pub fn has_user(&self, wanted: &UserId) -> bool {
        let is_theirs = |packed: PackedKeystroke<'_>| matches!(packed.user, PackedUser::Named(user) if user.as_ref() == wanted);
        self.packed_keystrokes().any(is_theirs)
    }
}

pub(super) fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

pub(super) fn timestamp(millis: Millis) -> Timestamp {
    Timestamp::from_timestamp_millis(millis).unwrap_or_default()
}
