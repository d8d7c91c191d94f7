//! The state of the buffer: open and claimed runs, what is due when, and what is remembered of
//! each place and session for a while.
//!
//! Every decision is a function of this state, the call and `now`; there is no clock, no file and
//! no lock here. No call costs more because more runs are open: runs are found by place or number,
//! and those due stand first in a queue. (Erasing looks at every run: it is rare, and rewrites the
//! journal anyway.)

mod places;
mod replay;
#[cfg(test)]
mod tests;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use uuid::Uuid;

use self::places::Places;
pub(super) use self::places::Submission;
use super::record::Taken;
use super::run::{Claim, Millis, Place, Run, RunId, Stroke, millis, timestamp};
use crate::{Appended, BufferHealth, BufferLimits, ClaimId, ClaimedRun, DueReason, FlushTally, Wanted};
use quarry_domain::{Keystroke, Searcher, SessionId};

#[derive(Debug)]
pub(super) struct Runs {
    limits: BufferLimits,
    /// Open and claimed ones. Boxed, since a node of the tree has room for several.
    runs: BTreeMap<RunId, Box<Run>>,
    places: Places,
    /// Open and closed runs by when they are due.
    due: BTreeSet<(Millis, RunId)>,
    /// Claimed runs by when their lease ends.
    leased: BTreeSet<(Millis, RunId)>,
    /// How many keystrokes of a session were let through within its present period.
    floods: HashMap<SessionId, u32>,
    /// When the periods end, in order.
    flood_ends: VecDeque<(Millis, SessionId)>,
    next: RunId,
    keystrokes: u64,
    /// About what the runs take in memory.
    bytes: u64,
    counts: BufferHealth,
}

/// About the most bytes of keystrokes that one claim takes: they are unpacked for it. One run more can be
/// over it.
const CLAIM_BYTES: usize = 4 << 20;

/// The part of the memory for keystrokes that may be taken beside them by what is remembered of places.
const MARKS_SHARE: u64 = 4;
/// About what is remembered of a place, with the names of a session and an input.
const MARK_BYTES: u64 = 512;

/// Where a keystroke goes.
enum Destination {
    /// To the run that is open.
    Open(RunId),
    /// To a new run; one that is open is complete, and closed.
    New,
    /// Nowhere: it repeats what was submitted and claimed.
    Nowhere,
}

/// A run that can be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claimable {
    pub run: RunId,
    pub reason: DueReason,
    /// It was claimed before, and the lease is over.
    pub again: bool,
}

impl Runs {
    pub fn new(limits: BufferLimits) -> Self {
        Self {
            limits,
            runs: BTreeMap::new(),
            places: Places::default(),
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

    /// Takes keystrokes: what became of each, and what the journal must say. Until that is
    /// written, [`Runs::take_back`] undoes it; once it is, [`Runs::count`] counts it.
    pub fn append<'a>(
        &mut self,
        keystrokes: &'a [Keystroke],
        now: Millis,
    ) -> (Vec<Appended>, Vec<Taken<'a>>) {
        self.forget(now);
        self.places.begin_changes();
        let mut taken = Vec::with_capacity(keystrokes.len());
        let mut outcomes = Vec::with_capacity(keystrokes.len());
        for keystroke in keystrokes {
            let place = Place { session: keystroke.session.clone(), input: keystroke.input.clone() };
            outcomes.push(self.append_one(place, keystroke, now, &mut taken));
        }
        (outcomes, taken)
    }

    fn append_one<'a>(
        &mut self,
        place: Place,
        keystroke: &'a Keystroke,
        now: Millis,
        taken: &mut Vec<Taken<'a>>,
    ) -> Appended {
        if !self.let_through(&keystroke.session, now) {
            return Appended::Flooded;
        }
        let mark = self.places.get(&place).and_then(|known| known.mark);
        let is_late = |sequence| mark.is_some_and(|mark| sequence <= mark.sequence);
        if keystroke.sequence.is_some_and(is_late) {
            return Appended::Late;
        }
        let (id, begins) = match self.destination(&place, keystroke) {
            // It needs no room.
            Destination::Nowhere => return Appended::Accepted,
            _ if self.is_full() => return Appended::Full,
            Destination::Open(id) => (id, None),
            Destination::New => {
                let id = self.next;
                self.begin(id, place.clone(), now);
                (id, Some(place))
            }
        };
        let stroke = self.runs[&id].stroke(keystroke, now);
        let one = Taken { run: id, begins, stroke };
        self.push(id, &one.stroke);
        taken.push(one);
        Appended::Accepted
    }

    fn is_full(&self) -> bool {
        self.keystrokes >= self.limits.keystrokes || self.bytes >= self.limits.bytes
    }

    fn destination(&self, place: &Place, keystroke: &Keystroke) -> Destination {
        let Some(known) = self.places.get(place) else { return Destination::New };
        match known.open {
            Some(id) => {
                let run = &self.runs[&id];
                let goes_on =
                    !run.is_submitted() || !run.is_next(keystroke.sequence) || known.is_echo(keystroke);
                if goes_on { Destination::Open(id) } else { Destination::New }
            }
            None if known.is_echo(keystroke) => Destination::Nowhere,
            None => Destination::New,
        }
    }

    fn let_through(&mut self, session: &SessionId, now: Millis) -> bool {
        if let Some(count) = self.floods.get_mut(session) {
            if *count >= self.limits.flood_keystrokes {
                return false;
            }
            *count += 1;
            return true;
        }
        if self.limits.flood_keystrokes == 0 {
            return false;
        }
        self.floods.insert(session.clone(), 1);
        self.flood_ends.push_back((now.saturating_add(millis(self.limits.flood_period)), session.clone()));
        true
    }

    /// Begins a run, where something else was typed than what was submitted, if anything was. A run
    /// that is open there is complete: it is closed, and waits to be claimed as it is.
    fn begin(&mut self, id: RunId, place: Place, now: Millis) {
        let open = self.places.get(&place).and_then(|known| known.open);
        let place = self.places.shared(place);
        if let Some(open) = open {
            self.put_out_of_reach(open, now);
        }
        self.places.forget_submission(&place);
        self.insert(id, place, now);
    }

    fn insert(&mut self, id: RunId, place: Arc<Place>, now: Millis) {
        self.places.open(&place, id);
        let run = Run::new(place, now);
        self.due.insert((run.queued, id));
        self.bytes += run.memory();
        self.runs.insert(id, Box::new(run));
        self.next = self.next.max(id + 1);
    }

    fn push(&mut self, id: RunId, stroke: &Stroke<'_>) {
        if !self.hold(id, stroke) {
            return;
        }
        let run = &self.runs[&id];
        let (user, at) = run.last();
        let until = at.saturating_add(millis(self.limits.window));
        self.places.submit(&run.place, stroke.text(), user, until);
    }

    /// Adds a keystroke; whether it is to be remembered, since it submits its run or is an echo.
    fn hold(&mut self, id: RunId, stroke: &Stroke<'_>) -> bool {
        let Some(run) = self.runs.get_mut(&id) else { return false };
        let before = run.memory();
        let submits = run.push(stroke, &self.limits);
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

    /// A run is no longer open: nothing is added to it, and keystrokes up to its last are late.
    fn put_out_of_reach(&mut self, id: RunId, now: Millis) {
        let Some(run) = self.runs.get(&id) else { return };
        if !self.places.close(&run.place, id) {
            return;
        }
        if let Some(sequence) = run.highest_sequence() {
            let until = now.saturating_add(millis(self.limits.late_memory));
            self.places.mark(&run.place, sequence, now, until);
        }
    }

    /// Undoes the `append` just made: its keystrokes could not be written down.
    pub fn take_back(&mut self, keystrokes: &[Keystroke], outcomes: &[Appended], taken: &[Taken<'_>]) {
        for (keystroke, outcome) in keystrokes.iter().zip(outcomes) {
            let counted = *outcome != Appended::Flooded;
            if let Some(count) = self.floods.get_mut(&keystroke.session).filter(|_| counted) {
                *count -= 1;
            }
        }
        for taken in taken.iter().rev() {
            if taken.begins.is_some() {
                self.remove(taken.run);
                continue;
            }
            let Some(run) = self.runs.get_mut(&taken.run) else { continue };
            let mut before = run.without_last(&self.limits);
            before.queued = before.due(&self.limits).0;
            self.due.remove(&(run.queued, taken.run));
            self.due.insert((before.queued, taken.run));
            self.bytes -= run.memory() - before.memory();
            **run = before;
            self.keystrokes -= 1;
        }
        self.places.undo_changes();
    }

    /// Counts what became of keystrokes.
    pub fn count(&mut self, outcomes: &[Appended]) {
        self.places.keep_changes();
        for outcome in outcomes {
            match outcome {
                Appended::Accepted => self.counts.accepted += 1,
                Appended::Late => self.counts.late += 1,
                Appended::Flooded => self.counts.flooded += 1,
                Appended::Full => self.counts.full += 1,
            }
        }
    }

    /// What can be claimed: those whose lease is over, then those that have been due longest.
    pub fn claimable(&self, wanted: Wanted, limit: usize, now: Millis) -> Vec<Claimable> {
        let over = self.leased.iter().take_while(|(end, _)| *end <= now);
        let due = self.due.iter().take_while(|(due, _)| wanted == Wanted::All || *due <= now);
        let mut bytes = 0;
        let fits = |(_, id): &&(Millis, RunId)| {
            let fits = bytes < CLAIM_BYTES;
            bytes += self.runs[id].size();
            fits
        };
        over.chain(due).take(limit).take_while(fits).map(|(_, id)| self.claimable_run(*id, now)).collect()
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
        Claimable { run: id, reason, again: run.claim.is_some() }
    }

    /// Claims runs: a later keystroke of their places begins new ones.
    pub fn claim(&mut self, claimable: &[Claimable], epoch: Uuid, now: Millis) -> Vec<ClaimedRun> {
        let lease_end = now.saturating_add(millis(self.limits.lease));
        let mut claimed = Vec::with_capacity(claimable.len());
        for Claimable { run: id, reason, again } in claimable {
            if *again {
                self.counts.reclaimed += 1;
            } else {
                self.counts.claimed += 1;
            }
            self.lease(*id, Claim { epoch, reason: *reason }, now, lease_end);
            let run = &self.runs[id];
            let Some(claim) = run.claim else { continue };
            claimed.push(ClaimedRun {
                id: claim_id(claim.epoch, *id),
                session: run.place.session.clone(),
                input: run.place.input.clone(),
                reason: claim.reason,
                keystrokes: run.keystrokes(),
            });
        }
        claimed
    }

    /// Puts a run under a lease. The claim of one that was claimed before stands.
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
        self.put_out_of_reach(id, now);
    }

    /// Which of these claims are still there.
    pub fn claimed(&self, claims: &[ClaimId]) -> Vec<RunId> {
        let is_claimed = |epoch, id| {
            let claim = self.runs.get(&id).and_then(|run| run.claim);
            claim.is_some_and(|claim| claim.epoch == epoch)
        };
        let parts = claims.iter().filter_map(parts);
        let mut ids: Vec<RunId> =
            parts.filter(|(epoch, id)| is_claimed(*epoch, *id)).map(|(_, id)| id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Removes claimed runs, and counts what came of them.
    pub fn ack(&mut self, claimed: &[RunId], tally: FlushTally, now: Millis) {
        for id in claimed {
            self.remove(*id);
        }
        self.counts.searches += tally.searches;
        self.counts.duplicates += tally.duplicates;
        self.counts.late += tally.late;
        if !claimed.is_empty() {
            self.counts.last_flush = Some(timestamp(now));
        }
    }

    /// Removes the runs of a person and what is remembered of them, and counts the keystrokes.
    pub fn erase(&mut self, searcher: &Searcher) -> u64 {
        let is_theirs = |run: &Run| match searcher {
            Searcher::Session(session) => run.place.session == *session,
            Searcher::User(user) => run.is_of(user),
        };
        let theirs: Vec<RunId> =
            self.runs.iter().filter(|(_, run)| is_theirs(run)).map(|(id, _)| *id).collect();
        let before = self.keystrokes;
        for id in theirs {
            self.remove(id);
        }
        if let Searcher::Session(session) = searcher {
            self.places.erase(session);
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
        self.places.close(&run.place, id);
    }

    /// Drops what was remembered and flood counts whose time is over.
    pub fn forget(&mut self, now: Millis) {
        while let Some((_, session)) = self.flood_ends.pop_front_if(|(end, _)| *end <= now) {
            self.floods.remove(&session);
        }
        let most = self.limits.bytes / MARKS_SHARE / MARK_BYTES;
        self.places.forget(now, usize::try_from(most).unwrap_or(usize::MAX));
    }

    pub fn health(&self) -> BufferHealth {
        BufferHealth {
            runs: self.runs.len() as u64,
            keystrokes: self.keystrokes,
            // Runs are numbered in the order in which they began.
            oldest: self.runs.values().next().map(|run| timestamp(run.began)),
            ..self.counts
        }
    }
}

/// Unique for good: rows of the database are named after it.
fn claim_id(epoch: Uuid, id: RunId) -> ClaimId {
    ClaimId(format!("{}-{id}", epoch.simple()))
}

fn parts(claim: &ClaimId) -> Option<(Uuid, RunId)> {
    let (epoch, id) = claim.0.split_once('-')?;
    Some((Uuid::try_parse(epoch).ok()?, id.parse().ok()?))
}
