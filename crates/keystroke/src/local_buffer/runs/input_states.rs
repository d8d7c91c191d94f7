//! The state of each input: its open run, its claim and, for a while, its watermark, last submission and last
//! stored search.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::RememberedSearch;
use crate::buffer::is_another;
use crate::digest::{DeliveryDigest, MAX_DELIVERIES, delivery};
use crate::local_buffer::run::{InputKey, Millis, RunId};
use crate::local_buffer::submission::Submission;
use quarry_domain::{Keystroke, SessionId, UserId};

#[derive(Debug, Default)]
pub struct InputStates {
    /// The entries that are not empty.
    entries: HashMap<Arc<InputKey>, InputEntry>,
    /// Expiries of watermarks, in order.
    watermarks: VecDeque<(Millis, Arc<InputKey>)>,
    /// Expiries of submissions, in order.
    submissions: VecDeque<(Millis, Arc<InputKey>)>,
    /// Expiries of remembered searches, in order.
    memories: VecDeque<(Millis, Arc<InputKey>)>,
    /// The changes of the open transaction.
    undo: Option<UndoLog>,
}

#[derive(Clone, Debug, Default)]
pub struct InputEntry {
    pub open: Option<RunId>,
    pub watermark: Option<SequenceWatermark>,
    /// Boxed, since few inputs have one at a time.
    pub submission: Option<Box<Submission>>,
    /// The claimed run, and the time until which the next one waits for it.
    pub claimed: Option<(RunId, Millis)>,
    pub memory: Option<Arc<Memory>>,
}

/// The last stored search of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    pub search: RememberedSearch,
    pub until: Millis,
}

/// The highest sequence of the input's closed and claimed runs.
#[derive(Clone, Debug)]
pub struct SequenceWatermark {
    pub sequence: i64,
    /// The first sequence of the last of them: a counter that begins again does not exceed it.
    pub first: Option<i64>,
    /// The last keystrokes of the runs, the latest at the end: their repeated deliveries are late.
    pub delivered: Arc<[DeliveryDigest]>,
    pub until: Millis,
}

#[derive(Debug)]
struct UndoLog {
    entries: Vec<(Arc<InputKey>, InputEntry)>,
    watermarks: usize,
    submissions: usize,
}

impl SequenceWatermark {
    /// Adds those of earlier runs.
    fn after(self, earlier: &Self) -> Self {
        let delivered: Vec<DeliveryDigest> = [&earlier.delivered[..], &self.delivered].concat();
        Self {
            sequence: self.sequence.max(earlier.sequence),
            first: self.first,
            delivered: delivered[delivered.len().saturating_sub(MAX_DELIVERIES)..].into(),
            until: self.until.max(earlier.until),
        }
    }
}

impl InputEntry {
    fn is_empty(&self) -> bool {
        self.open.is_none()
            && self.watermark.is_none()
            && self.submission.is_none()
            && self.claimed.is_none()
            && self.memory.is_none()
    }

    pub fn is_late(&self, sequence: Option<i64>) -> bool {
        let watermark = self.watermark.as_ref();
        sequence.zip(watermark).is_some_and(|(sequence, watermark)| sequence <= watermark.sequence)
    }

    /// Returns true if a keystroke with a late sequence is another search nevertheless.
    pub fn is_restarted_by(&self, keystroke: &Keystroke) -> bool {
        let (Some(watermark), Some(sequence)) = (&self.watermark, keystroke.sequence) else { return false };
        let Keystroke { session, submitted, text, .. } = keystroke;
        let is_repeated = || watermark.delivered.contains(&delivery(session, sequence, *submitted, text));
        let submits = *submitted && !self.is_echo(keystroke);
        watermark.first.is_some_and(|first| is_another(sequence, submits, first)) && !is_repeated()
    }

    /// Returns true if another run of the input is claimed, and this one waits for it.
    pub fn is_blocked(&self, id: RunId, now: Millis) -> bool {
        self.claimed.is_some_and(|(claimed, until)| claimed != id && until > now)
    }

    pub fn is_echo(&self, keystroke: &Keystroke) -> bool {
        self.submission.as_ref().is_some_and(|submission| submission.is_echo(keystroke))
    }
}

impl InputStates {
    pub fn get(&self, key: &InputKey) -> Option<&InputEntry> {
        self.entries.get(key)
    }

    /// Returns the shared copy of a key.
    pub fn intern(&self, key: InputKey) -> Arc<InputKey> {
        match self.entries.get_key_value(&key) {
            Some((shared, _)) => shared.clone(),
            None => Arc::new(key),
        }
    }

    /// Opens a run, unless a later one is open: a compacted journal may hold a closed run after it.
    pub fn open(&mut self, key: &Arc<InputKey>, id: RunId) {
        let entry = self.change(key);
        entry.open = entry.open.max(Some(id));
    }

    /// Closes a run, and returns true if it was open.
    pub fn close(&mut self, key: &Arc<InputKey>, id: RunId) -> bool {
        let is_open = self.entries.get(key).is_some_and(|entry| entry.open == Some(id));
        if is_open {
            self.change(key).open = None;
        }
        self.remove_if_empty(key);
        is_open
    }

    /// Blocks the other runs of an input by a claimed one.
    pub fn claim(&mut self, key: &Arc<InputKey>, id: RunId, until: Millis) {
        self.change(key).claimed = Some((id, until));
    }

    /// Unblocks the other runs of an input when a claimed one is removed.
    pub fn release(&mut self, key: &Arc<InputKey>, id: RunId) {
        if let Some(entry) = self.entries.get_mut(key)
            && entry.claimed.is_some_and(|(claimed, _)| claimed == id)
        {
            entry.claimed = None;
        }
        self.remove_if_empty(key);
    }

    /// Remembers the last stored search of an input.
    pub fn remember(&mut self, key: &Arc<InputKey>, search: RememberedSearch, until: Millis) {
        self.memories.push_back((until, key.clone()));
        self.change(key).memory = Some(Arc::new(Memory { search, until }));
    }

    /// The remembered search of an input at a time.
    pub fn remembered_search(&self, key: &InputKey, now: Millis) -> Option<&RememberedSearch> {
        let memory = self.entries.get(key)?.memory.as_ref()?;
        (memory.until > now).then_some(&memory.search)
    }

    /// Forgets the searches of a user.
    pub fn forget(&mut self, user: &UserId) {
        for entry in self.entries.values_mut() {
            entry.memory =
                entry.memory.take().filter(|memory| memory.search.search.user.as_ref() != Some(user));
        }
        self.entries.retain(|_, entry| !entry.is_empty());
    }

    /// Deletes the watermark: the client counts from the beginning again.
    pub fn restart(&mut self, key: &Arc<InputKey>) {
        self.change(key).watermark = None;
    }

    /// Raises the watermark to the highest sequence of a run closed at `from`.
    pub fn raise_watermark(&mut self, key: &Arc<InputKey>, raised: SequenceWatermark, from: Millis) {
        let until = raised.until;
        let entry = self.change(key);
        // A replay has expired nothing yet.
        let current = entry.watermark.take().filter(|watermark| watermark.until > from);
        entry.watermark = Some(match current {
            Some(current) => raised.after(&current),
            None => raised,
        });
        self.watermarks.push_back((until, key.clone()));
    }

    /// Replaces the watermark with that of a compacted journal.
    pub fn restore_watermark(&mut self, key: &Arc<InputKey>, watermark: SequenceWatermark) {
        self.watermarks.push_back((watermark.until, key.clone()));
        self.change(key).watermark = Some(watermark);
    }

    /// Remembers a submission, or extends it by an echo.
    pub fn submit(&mut self, key: &Arc<InputKey>, text: &str, user: Option<&UserId>, until: Millis) {
        let previous = self.entries.get(key).and_then(|entry| entry.submission.as_deref());
        let submission = Submission::new(text, user, until, previous);
        self.restore_submission(key, submission);
    }

    pub fn restore_submission(&mut self, key: &Arc<InputKey>, submission: Submission) {
        self.submissions.push_back((submission.until, key.clone()));
        self.change(key).submission = Some(Box::new(submission));
    }

    pub fn delete_submission(&mut self, key: &Arc<InputKey>) {
        if self.entries.get(key).is_some_and(|entry| entry.submission.is_some()) {
            self.change(key).submission = None;
        }
    }

    /// Removes expired entries, and the oldest watermarks and remembered searches beyond `max_watermarks` of each.
    ///
    /// A late keystroke of theirs becomes a search of its own, which is better than unbounded memory.
    pub fn expire(&mut self, now: Millis, max_watermarks: usize) {
        let mut excess = self.memories.len().saturating_sub(max_watermarks);
        while let Some((until, key)) = self.memories.pop_front_if(|(until, _)| excess > 0 || *until <= now) {
            let expired = if excess > 0 { until } else { now };
            excess = excess.saturating_sub(1);
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.memory = entry.memory.take().filter(|memory| memory.until > expired);
            }
            self.remove_if_empty(&key);
        }
        let mut excess = self.watermarks.len().saturating_sub(max_watermarks);
        while let Some((until, key)) = self.watermarks.pop_front_if(|(until, _)| excess > 0 || *until <= now)
        {
            let expired = if excess > 0 { until } else { now };
            excess = excess.saturating_sub(1);
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.watermark = entry.watermark.take().filter(|watermark| watermark.until > expired);
            }
            self.remove_if_empty(&key);
        }
        while let Some((_, key)) = self.submissions.pop_front_if(|(until, _)| *until <= now) {
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.submission = entry.submission.take().filter(|submission| submission.until > now);
            }
            self.remove_if_empty(&key);
        }
    }

    pub fn erase(&mut self, session: &SessionId) {
        self.entries.retain(|key, _| key.session != *session);
        self.watermarks.retain(|(_, key)| key.session != *session);
        self.submissions.retain(|(_, key)| key.session != *session);
        self.memories.retain(|(_, key)| key.session != *session);
    }

    /// Moves later expiries forward to these times.
    pub fn cap_expiries(&mut self, watermarks: Millis, submissions: Millis, memories: Millis) {
        for entry in self.entries.values_mut() {
            if let Some((_, until)) = &mut entry.claimed {
                *until = (*until).min(watermarks.max(memories));
            }
            if let Some(memory) = entry.memory.as_mut().filter(|memory| memory.until > memories) {
                Arc::make_mut(memory).until = memories;
            }
            if let Some(watermark) = &mut entry.watermark {
                watermark.until = watermark.until.min(watermarks);
            }
            if let Some(submission) = &mut entry.submission {
                submission.until = submission.until.min(submissions);
            }
        }
        let queues = [
            (&mut self.watermarks, watermarks),
            (&mut self.submissions, submissions),
            (&mut self.memories, memories),
        ];
        for (queue, latest) in queues {
            for (until, _) in queue.iter_mut() {
                *until = (*until).min(latest);
            }
            queue.make_contiguous().sort_by_key(|(until, _)| *until);
        }
    }

    /// The inputs with a watermark, a submission or a remembered search.
    pub fn remembered(&self) -> Vec<Arc<InputKey>> {
        let is_remembered = |entry: &InputEntry| {
            entry.watermark.is_some() || entry.submission.is_some() || entry.memory.is_some()
        };
        self.entries.iter().filter(|(_, entry)| is_remembered(entry)).map(|(key, _)| key.clone()).collect()
    }

    /// Begins a transaction.
    pub fn begin(&mut self) {
        let (watermarks, submissions) = (self.watermarks.len(), self.submissions.len());
        self.undo = Some(UndoLog { entries: Vec::new(), watermarks, submissions });
    }

    /// Rolls the transaction back. Requires that [`Self::expire`] was not called within it.
    pub fn rollback(&mut self) {
        let Some(undo) = self.undo.take() else { return };
        self.watermarks.truncate(undo.watermarks);
        self.submissions.truncate(undo.submissions);
        for (key, entry) in undo.entries.into_iter().rev() {
            *self.change(&key) = entry;
            self.remove_if_empty(&key);
        }
    }

    /// Commits the transaction.
    pub fn commit(&mut self) {
        self.undo = None;
    }

    fn change(&mut self, key: &Arc<InputKey>) -> &mut InputEntry {
        let entry = self.entries.entry(key.clone()).or_default();
        if let Some(undo) = &mut self.undo {
            undo.entries.push((key.clone(), entry.clone()));
        }
        entry
    }

    fn remove_if_empty(&mut self, key: &InputKey) {
        if self.entries.get(key).is_some_and(InputEntry::is_empty) {
            self.entries.remove(key);
        }
    }

    #[cfg(test)]
    pub fn lengths(&self) -> [usize; 4] {
        [self.entries.len(), self.watermarks.len(), self.submissions.len(), self.memories.len()]
    }
}
