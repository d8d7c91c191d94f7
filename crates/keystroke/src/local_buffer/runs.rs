//! The state machine of the buffer: runs, their due times, and the state of each input and session.
//!
//! Each decision is a function of this state, the call and `now`, without clock, file or lock. The scripts of
//! [`RedisBuffer`](crate::RedisBuffer) implement the same machine under the same names; one conformance suite
//! covers both. The cost of a call does not grow with the number of runs: keys and numbers find a run, and
//! queues are ordered by time. (Erasing scans all runs: it is rare, and compacts the journal anyway.)

mod claims;
mod input_states;
mod replay;
#[cfg(test)]
mod tests;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

pub(super) use self::claims::Claimable;
use self::input_states::{InputStates, SequenceWatermark};
use super::record::AppendedKeystroke;
use super::run::{BufferedRun, InputKey, Millis, PackedKeystroke, RunId, millis, timestamp};
use crate::{AppendOutcome, BufferHealth, BufferLimits};
use quarry_domain::{Keystroke, Searcher, SessionId};

#[derive(Debug)]
pub(super) struct Runs {
    limits: BufferLimits,
    /// Open, closed and claimed runs. Boxed, since a node of the tree reserves space for several.
    runs: BTreeMap<RunId, Box<BufferedRun>>,
    inputs: InputStates,
    /// Unclaimed runs by due time.
    due: BTreeSet<(Millis, RunId)>,
    /// Claimed runs by the end of their lease.
    leased: BTreeSet<(Millis, RunId)>,
    /// The keystrokes of each session within its current period.
    floods: HashMap<SessionId, u32>,
    /// The ends of the periods, in order.
    flood_ends: VecDeque<(Millis, SessionId)>,
    next: RunId,
    keystrokes: u64,
    /// The approximate memory of the runs.
    bytes: u64,
    counts: BufferHealth,
}

/// Divides the limit of bytes: the share that watermarks may take in addition to the runs.
const WATERMARKS_SHARE: u64 = 4;
/// The approximate memory of a watermark with its key.
const WATERMARK_BYTES: u64 = 1 << 10;

/// The run that receives a keystroke.
enum Destination {
    /// The open run.
    Open(RunId),
    /// A new run; it closes the open one.
    New,
    /// None: an echo of a claimed submission.
    Discarded,
}

impl Runs {
    pub fn new(limits: BufferLimits) -> Self {
        Self {
            limits,
            runs: BTreeMap::new(),
            inputs: InputStates::default(),
            due: BTreeSet::new(),
            leased: BTreeSet::new(),
            floods: HashMap::new(),
            flood_ends: VecDeque::new(),
            next: 0,
            keystrokes: 0,
            bytes: 0,
            counts: BufferHealth::default(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Appends keystrokes, and returns their outcomes and the journal's record of them.
    ///
    /// Opens a transaction: the caller writes the record, then calls [`Runs::commit`] or [`Runs::rollback`].
    pub fn append<'a>(
        &mut self,
        keystrokes: &'a [Keystroke],
        now: Millis,
    ) -> (Vec<AppendOutcome>, Vec<AppendedKeystroke<'a>>) {
        self.expire(now);
        self.inputs.begin();
        let mut appended = Vec::with_capacity(keystrokes.len());
        let outcomes =
            keystrokes.iter().map(|keystroke| self.append_one(keystroke, now, &mut appended)).collect();
        (outcomes, appended)
    }

    fn append_one<'a>(
        &mut self,
        keystroke: &'a Keystroke,
        now: Millis,
        appended: &mut Vec<AppendedKeystroke<'a>>,
    ) -> AppendOutcome {
        if self.is_flooded(&keystroke.session, now) {
            return AppendOutcome::Flooded;
        }
        let key = InputKey { session: keystroke.session.clone(), input: keystroke.input.clone() };
        let late = self.inputs.get(&key).filter(|entry| entry.is_late(keystroke.sequence));
        if late.is_some_and(|entry| !entry.is_restarted_by(keystroke)) {
            return AppendOutcome::Late;
        }
        let restarts = late.is_some();
        let destination = self.destination(&key, keystroke, restarts);
        let (run, opens) = match destination {
            // A discarded echo takes no space.
            Destination::Discarded => return AppendOutcome::Accepted,
            _ if self.is_full() => return AppendOutcome::Full,
            Destination::Open(id) => (id, None),
            Destination::New => {
                let id = self.next;
                self.open(id, key.clone(), now);
                (id, Some(key))
            }
        };
        self.restart_if_late(run, keystroke.sequence);
        let keystroke = self.runs[&run].pack(keystroke, now);
        self.push(run, &keystroke);
        appended.push(AppendedKeystroke { run, opens, keystroke });
        AppendOutcome::Accepted
    }

    /// Deletes the watermark that an accepted keystroke does not exceed: the client counts from the beginning again.
    fn restart_if_late(&mut self, run: RunId, sequence: Option<i64>) {
        if sequence.is_none() {
            return;
        }
        let Some(run) = self.runs.get(&run) else { return };
        if self.inputs.get(&run.key).is_some_and(|entry| entry.is_late(sequence)) {
            self.inputs.restart(&run.key);
        }
    }

    fn is_full(&self) -> bool {
        self.keystrokes >= self.limits.keystrokes || self.bytes >= self.limits.bytes
    }

    /// `restarts` is true if the counter of the client has begun again since the last closed run.
    fn destination(&self, key: &InputKey, keystroke: &Keystroke, restarts: bool) -> Destination {
        let Some(entry) = self.inputs.get(key) else { return Destination::New };
        match entry.open {
            Some(id) => {
                let run = &self.runs[&id];
                let is_next = run.is_next(keystroke.sequence);
                // A page may send the text of its prefilled box: the last submitted one, with its first number.
                let follows =
                    is_next && !entry.is_echo(keystroke) || !is_next && run.is_restarted_by(keystroke);
                if run.is_submitted() && follows { Destination::New } else { Destination::Open(id) }
            }
            None if !restarts && entry.is_echo(keystroke) => Destination::Discarded,
            None => Destination::New,
        }
    }

    /// Counts a keystroke of a session, and returns true if it exceeds the rate limit.
    fn is_flooded(&mut self, session: &SessionId, now: Millis) -> bool {
        if let Some(count) = self.floods.get_mut(session) {
            if *count >= self.limits.flood_keystrokes {
                return true;
            }
            *count += 1;
            return false;
        }
        if self.limits.flood_keystrokes == 0 {
            return true;
        }
        self.floods.insert(session.clone(), 1);
        self.flood_ends.push_back((now.saturating_add(millis(self.limits.flood_period)), session.clone()));
        false
    }

    /// Opens a run for other text than the last submission. Closes the input's open run.
    fn open(&mut self, id: RunId, key: InputKey, now: Millis) {
        let open = self.inputs.get(&key).and_then(|entry| entry.open);
        let key = self.inputs.intern(key);
        if let Some(open) = open {
            self.close(open, now);
        }
        self.inputs.delete_submission(&key);
        self.insert(id, key, now);
    }

    fn insert(&mut self, id: RunId, key: Arc<InputKey>, now: Millis) {
        self.inputs.open(&key, id);
        let run = BufferedRun::new(key, now);
        self.due.insert((run.queued, id));
        self.bytes += run.memory();
        self.runs.insert(id, Box::new(run));
        self.next = self.next.max(id + 1);
    }

    /// Appends a keystroke to a run, and remembers a submission or its echo.
    fn push(&mut self, id: RunId, keystroke: &PackedKeystroke<'_>) {
        if !self.push_only(id, keystroke) {
            return;
        }
        let run = &self.runs[&id];
        let (user, at) = run.last();
        let until = at.saturating_add(millis(self.limits.window));
        self.inputs.submit(&run.key, keystroke.text, user, until);
    }

    /// Appends a keystroke to a run. Returns true for a submission and its echoes.
    fn push_only(&mut self, id: RunId, keystroke: &PackedKeystroke<'_>) -> bool {
        let Some(run) = self.runs.get_mut(&id) else { return false };
        let before = run.memory();
        let submits = run.push(keystroke, &self.limits);
        self.keystrokes += 1;
        self.bytes += run.memory() - before;
        let due = run.due(&self.limits).0;
        if due != run.queued {
            self.due.remove(&(run.queued, id));
            run.queued = due;
            self.due.insert((due, id));
        }
        submits
    }

    /// Closes a run: it takes no more keystrokes, and those up to its highest sequence are late.
    fn close(&mut self, id: RunId, now: Millis) {
        let Some(run) = self.runs.get(&id) else { return };
        if !self.inputs.close(&run.key, id) {
            return;
        }
        if let Some(sequence) = run.highest {
            let until = now.saturating_add(millis(self.limits.late_memory));
            let (first, delivered) = (run.first, run.deliveries().into());
            let raised = SequenceWatermark { sequence, first, delivered, until };
            self.inputs.raise_watermark(&run.key, raised, now);
        }
    }

    /// Rolls back the last [`Runs::append`].
    pub fn rollback(
        &mut self,
        keystrokes: &[Keystroke],
        outcomes: &[AppendOutcome],
        appended: &[AppendedKeystroke<'_>],
    ) {
        for (keystroke, outcome) in keystrokes.iter().zip(outcomes) {
            let counted = *outcome != AppendOutcome::Flooded;
            if let Some(count) = self.floods.get_mut(&keystroke.session).filter(|_| counted) {
                *count -= 1;
            }
        }
        for appended in appended.iter().rev() {
            if appended.opens.is_some() {
                self.remove(appended.run);
                continue;
            }
            let Some(run) = self.runs.get_mut(&appended.run) else { continue };
            let mut before = run.without_last(&self.limits);
            before.queued = before.due(&self.limits).0;
            self.due.remove(&(run.queued, appended.run));
            self.due.insert((before.queued, appended.run));
            self.bytes -= run.memory() - before.memory();
            **run = before;
            self.keystrokes -= 1;
        }
        self.inputs.rollback();
    }

    /// Commits the last [`Runs::append`], and counts its outcomes.
    pub fn commit(&mut self, outcomes: &[AppendOutcome]) {
        self.inputs.commit();
        for outcome in outcomes {
            match outcome {
                AppendOutcome::Accepted => self.counts.accepted += 1,
                AppendOutcome::Late => self.counts.late += 1,
                AppendOutcome::Flooded => self.counts.flooded += 1,
                AppendOutcome::Full => self.counts.full += 1,
            }
        }
    }

    /// Removes the runs and the state of a searcher, and returns the number of keystrokes.
    pub fn erase(&mut self, searcher: &Searcher) -> u64 {
        let is_theirs = |run: &BufferedRun| match searcher {
            Searcher::Session(session) => run.key.session == *session,
            Searcher::User(user) => run.has_user(user) || run.remembers(user),
        };
        let theirs: Vec<RunId> =
            self.runs.iter().filter(|(_, run)| is_theirs(run)).map(|(id, _)| *id).collect();
        let before = self.keystrokes;
        for id in theirs {
            self.remove(id);
        }
        match searcher {
            Searcher::Session(session) => {
                self.inputs.erase(session);
                self.floods.remove(session);
                self.flood_ends.retain(|(_, flooding)| flooding != session);
            }
            Searcher::User(user) => self.inputs.forget(user),
        }
        before - self.keystrokes
    }

    fn remove(&mut self, id: RunId) {
        let Entry::Occupied(entry) = self.runs.entry(id) else { return };
        let run = entry.remove();
        self.keystrokes -= u64::from(run.count);
        self.bytes -= run.memory();
        let queue = if run.claim.is_some() { &mut self.leased } else { &mut self.due };
        queue.remove(&(run.queued, id));
        self.inputs.close(&run.key, id);
        self.inputs.release(&run.key, id);
    }

    /// Removes expired watermarks, submissions and flood counts.
    pub fn expire(&mut self, now: Millis) {
        while let Some((_, session)) = self.flood_ends.pop_front_if(|(end, _)| *end <= now) {
            self.floods.remove(&session);
        }
        let max_watermarks = self.limits.bytes / WATERMARKS_SHARE / WATERMARK_BYTES;
        self.inputs.expire(now, usize::try_from(max_watermarks).unwrap_or(usize::MAX));
    }

    pub fn health(&self) -> BufferHealth {
        BufferHealth {
            runs: self.runs.len() as u64,
            keystrokes: self.keystrokes,
            // Run numbers follow the order of first keystrokes.
            oldest: self.runs.values().next().map(|run| timestamp(run.began)),
            ..self.counts
        }
    }
}
