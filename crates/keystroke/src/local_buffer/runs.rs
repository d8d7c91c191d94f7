//! The state machine of the buffer: runs, their due times, and the state of each input and session.
//!
//! Each decision is a function of this state, the call and `now`, without clock, file or lock. The scripts of
//! [`RedisBuffer`](crate::RedisBuffer) implement the same machine under the same names; one conformance suite
//! covers both. The cost of a call does not grow with the number of runs: keys and numbers find a run, and
//! queues are ordered by time. (Erasing scans all runs: it is rare, and compacts the journal anyway.)

mod input_states;
mod replay;
#[cfg(test)]
mod tests;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use uuid::Uuid;

use self::input_states::InputStates;
use super::record::AppendedKeystroke;
use super::run::{BufferedRun, Claim, InputKey, Millis, PackedKeystroke, RunId, millis, timestamp};
use crate::{
    AppendOutcome, BufferHealth, BufferLimits, ClaimId, ClaimScope, ClaimedRun, DueReason, FlushCounts,
};
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

/// The approximate maximum of keystroke bytes in one claim, which decodes them. One run may exceed it.
const CLAIM_BYTES: usize = 4 << 20;

/// Divides the limit of bytes: the share that watermarks may take in addition to the runs.
const WATERMARKS_SHARE: u64 = 4;
/// The approximate memory of a watermark with its key.
const WATERMARK_BYTES: u64 = 512;

/// The run that receives a keystroke.
enum Destination {
    /// The open run.
    Open(RunId),
    /// A new run; it closes the open one.
    New,
    /// None: an echo of a claimed submission.
    Discarded,
}

/// A run that a claim may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claimable {
    pub run: RunId,
    pub reason: DueReason,
    /// The lease of an earlier claim has ended.
    pub is_reclaim: bool,
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
        if self.inputs.get(&key).is_some_and(|entry| entry.is_late(keystroke.sequence)) {
            return AppendOutcome::Late;
        }
        let (run, opens) = match self.destination(&key, keystroke) {
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
        let keystroke = self.runs[&run].pack(keystroke, now);
        self.push(run, &keystroke);
        appended.push(AppendedKeystroke { run, opens, keystroke });
        AppendOutcome::Accepted
    }

    fn is_full(&self) -> bool {
        self.keystrokes >= self.limits.keystrokes || self.bytes >= self.limits.bytes
    }

    fn destination(&self, key: &InputKey, keystroke: &Keystroke) -> Destination {
        let Some(entry) = self.inputs.get(key) else { return Destination::New };
        match entry.open {
            Some(id) => {
                let run = &self.runs[&id];
                let closes =
                    run.is_submitted() && run.is_next(keystroke.sequence) && !entry.is_echo(keystroke);
                if closes { Destination::New } else { Destination::Open(id) }
            }
            None if entry.is_echo(keystroke) => Destination::Discarded,
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
            self.inputs.raise_watermark(&run.key, sequence, now, until);
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

    /// The claimable runs: first those with an ended lease, then by due time.
    pub fn claimable(&self, scope: ClaimScope, limit: usize, now: Millis) -> Vec<Claimable> {
        let ended = self.leased.iter().take_while(|(end, _)| *end <= now);
        let due = self.due.iter().take_while(|(due, _)| scope == ClaimScope::All || *due <= now);
        let mut bytes = 0;
        let fits = |(_, id): &&(Millis, RunId)| {
            let fits = bytes < CLAIM_BYTES;
            bytes += self.runs[id].size();
            fits
        };
        ended.chain(due).take(limit).take_while(fits).map(|(_, id)| self.claimable_run(*id, now)).collect()
    }

    fn claimable_run(&self, id: RunId, now: Millis) -> Claimable {
        let run = &self.runs[&id];
        let reason = match run.claim {
            Some(claim) => claim.reason,
            None => match run.due(&self.limits) {
                (due, reason) if due <= now => reason,
                _ if run.queued <= now => DueReason::Idle,
                _ => DueReason::Shutdown,
            },
        };
        Claimable { run: id, reason, is_reclaim: run.claim.is_some() }
    }

    /// Claims runs: later keystrokes of their inputs open new ones.
    pub fn claim(&mut self, claimable: &[Claimable], epoch: Uuid, now: Millis) -> Vec<ClaimedRun> {
        let lease_end = now.saturating_add(millis(self.limits.lease));
        let mut claimed = Vec::with_capacity(claimable.len());
        for Claimable { run: id, reason, is_reclaim } in claimable {
            if *is_reclaim {
                self.counts.reclaimed += 1;
            } else {
                self.counts.claimed += 1;
            }
            self.lease(*id, Claim { epoch, reason: *reason }, now, lease_end);
            let run = &self.runs[id];
            let Some(claim) = run.claim else { continue };
            claimed.push(ClaimedRun {
                id: claim_id(claim.epoch, *id),
                session: run.key.session.clone(),
                input: run.key.input.clone(),
                reason: claim.reason,
                keystrokes: run.keystrokes(),
            });
        }
        claimed
    }

    /// Leases a run to a claimer. An earlier claim of the run keeps its id.
    fn lease(&mut self, id: RunId, claim: Claim, now: Millis, lease_end: Millis) {
        let Some(run) = self.runs.get_mut(&id) else { return };
        let queued = (run.queued, id);
        run.queued = lease_end;
        if run.claim.is_some() {
            self.leased.remove(&queued);
            self.leased.insert((lease_end, id));
            return;
        }
        run.claim = Some(claim);
        self.due.remove(&queued);
        self.leased.insert((lease_end, id));
        self.close(id, now);
    }

    /// The runs of those claims that still exist.
    pub fn claimed(&self, claims: &[ClaimId]) -> Vec<RunId> {
        let is_claimed = |epoch, id| {
            let claim = self.runs.get(&id).and_then(|run| run.claim);
            claim.is_some_and(|claim| claim.epoch == epoch)
        };
        let parsed = claims.iter().filter_map(parse_claim);
        let mut ids: Vec<RunId> =
            parsed.filter(|(epoch, id)| is_claimed(*epoch, *id)).map(|(_, id)| id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Removes claimed runs, and adds the counts of their flush.
    pub fn ack(&mut self, claimed: &[RunId], counts: FlushCounts, now: Millis) {
        for id in claimed {
            self.remove(*id);
        }
        self.counts.searches += counts.searches;
        self.counts.duplicates += counts.duplicates;
        self.counts.late += counts.late;
        if !claimed.is_empty() {
            self.counts.last_flush = Some(timestamp(now));
        }
    }

    /// Removes the runs and the state of a searcher, and returns the number of keystrokes.
    pub fn erase(&mut self, searcher: &Searcher) -> u64 {
        let is_theirs = |run: &BufferedRun| match searcher {
            Searcher::Session(session) => run.key.session == *session,
            Searcher::User(user) => run.has_user(user),
        };
        let theirs: Vec<RunId> =
            self.runs.iter().filter(|(_, run)| is_theirs(run)).map(|(id, _)| *id).collect();
        let before = self.keystrokes;
        for id in theirs {
            self.remove(id);
        }
        if let Searcher::Session(session) = searcher {
            self.inputs.erase(session);
            self.floods.remove(session);
            self.flood_ends.retain(|(_, flooding)| flooding != session);
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

/// Returns a globally unique id: the ids of stored searches derive from it.
fn claim_id(epoch: Uuid, id: RunId) -> ClaimId {
    ClaimId(format!("{}-{id}", epoch.simple()))
}

fn parse_claim(claim: &ClaimId) -> Option<(Uuid, RunId)> {
    let (epoch, id) = claim.0.split_once('-')?;
    Some((Uuid::try_parse(epoch).ok()?, id.parse().ok()?))
}
