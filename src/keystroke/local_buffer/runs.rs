//! The state of the buffer: open and claimed runs, what is due when, and what is remembered of
//! each place and session for a while.
//!
//! Every decision is a function of this state, the call and `now`; there is no clock, no file and
//! no lock here. No call costs more because more runs are open: runs are found by place or number,
//! and those due stand first in a queue. (Erasing looks at every run: it is rare, and rewrites the
//! journal anyway.)

mod replay;
#[cfg(test)]
mod tests;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use uuid::Uuid;

use super::record::Taken;
use super::run::{Claim, Millis, Place, Run, RunId, Stroke, millis, timestamp};
use crate::domain::{Keystroke, Searcher, SessionId};
use crate::keystroke::{
    Appended, BufferHealth, BufferLimits, ClaimId, ClaimedRun, DueReason, FlushTally, Wanted,
};

#[derive(Debug)]
pub(super) struct Runs {
    limits: BufferLimits,
    /// Open and claimed ones. Boxed, since a node of the tree has room for several.
    runs: BTreeMap<RunId, Box<Run>>,
    /// What is known of a place: dropped when nothing is.
    places: HashMap<Arc<Place>, Known>,
    /// Open runs by when they are due.
    due: BTreeSet<(Millis, RunId)>,
    /// Claimed runs by when their lease ends.
    leased: BTreeSet<(Millis, RunId)>,
    /// When marks can be forgotten, in order.
    marks: VecDeque<(Millis, Arc<Place>)>,
    /// How many keystrokes of a session were let through within its present period.
    floods: HashMap<SessionId, u32>,
    /// When the periods end, in order.
    flood_ends: VecDeque<(Millis, SessionId)>,
    next: RunId,
    keystrokes: u64,
    counts: BufferHealth,
}

#[derive(Debug, Default)]
struct Known {
    open: Option<RunId>,
    mark: Option<Mark>,
}

/// The last sequence of the runs that were claimed of a place.
#[derive(Clone, Copy, Debug)]
struct Mark {
    sequence: i64,
    until: Millis,
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
            places: HashMap::new(),
            due: BTreeSet::new(),
            leased: BTreeSet::new(),
            marks: VecDeque::new(),
            floods: HashMap::new(),
            flood_ends: VecDeque::new(),
            next: 0,
            keystrokes: 0,
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
        let mut taken = Vec::with_capacity(keystrokes.len());
        let mut outcomes = Vec::with_capacity(keystrokes.len());
        for keystroke in keystrokes {
            let place = Place { session: keystroke.session.clone(), input: keystroke.input.clone() };
            let outcome = self.judge(&place, keystroke, now);
            if outcome == Appended::Accepted {
                taken.push(self.take(place, keystroke, now));
            }
            outcomes.push(outcome);
        }
        (outcomes, taken)
    }

    fn judge(&mut self, place: &Place, keystroke: &Keystroke, now: Millis) -> Appended {
        if !self.let_through(&keystroke.session, now) {
            return Appended::Flooded;
        }
        let mark = self.places.get(place).and_then(|known| known.mark);
        let is_late = |sequence| mark.is_some_and(|mark: Mark| sequence <= mark.sequence);
        if keystroke.sequence.is_some_and(is_late) {
            return Appended::Late;
        }
        if self.keystrokes >= self.limits.keystrokes { Appended::Full } else { Appended::Accepted }
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

    fn take<'a>(&mut self, place: Place, keystroke: &'a Keystroke, now: Millis) -> Taken<'a> {
        let open = self.places.get(&place).and_then(|known| known.open);
        let (id, begins) = match open {
            Some(id) => (id, None),
            None => {
                let id = self.next;
                self.begin(id, place.clone(), now);
                (id, Some(place))
            }
        };
        let run = &self.runs[&id];
        let stroke = run.stroke(keystroke, now);
        let taken = Taken { run: id, begins, stroke };
        self.push(id, &taken.stroke);
        taken
    }

    fn begin(&mut self, id: RunId, place: Place, now: Millis) {
        let place = self.known(place);
        // A journal that was written anew may tell of a claimed run after the open one of its place.
        let known = self.places.entry(place.clone()).or_default();
        known.open = known.open.max(Some(id));
        let run = Run::new(place, now);
        self.due.insert((run.queued, id));
        self.runs.insert(id, Box::new(run));
        self.next = self.next.max(id + 1);
    }

    /// The place as it is shared by all that name it.
    fn known(&self, place: Place) -> Arc<Place> {
        match self.places.get_key_value(&place) {
            Some((known, _)) => known.clone(),
            None => Arc::new(place),
        }
    }

    fn push(&mut self, id: RunId, stroke: &Stroke<'_>) {
        let Some(run) = self.runs.get_mut(&id) else { return };
        run.push(stroke, &self.limits);
        self.keystrokes += 1;
        let due = run.due(&self.limits).0;
        if due != run.queued {
            self.due.remove(&(run.queued, id));
            run.queued = due;
            self.due.insert((due, id));
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
            **run = before;
            self.keystrokes -= 1;
        }
    }

    /// Counts what became of keystrokes.
    pub fn count(&mut self, outcomes: &[Appended]) {
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
        over.chain(due).take(limit).map(|(_, id)| self.claimable_run(*id, now)).collect()
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
        let (place, sequence) = (run.place.clone(), run.highest_sequence());
        if let Some(known) = self.places.get_mut(&place) {
            known.open = known.open.filter(|open| *open != id);
        }
        if let Some(sequence) = sequence {
            self.mark(&place, sequence, now.saturating_add(millis(self.limits.late_memory)));
        }
        self.forget_place(&place);
    }

    fn mark(&mut self, place: &Arc<Place>, sequence: i64, until: Millis) {
        let known = self.places.entry(place.clone()).or_default();
        let before = known.mark.unwrap_or(Mark { sequence, until });
        known.mark = Some(Mark { sequence: before.sequence.max(sequence), until: before.until.max(until) });
        self.marks.push_back((until, place.clone()));
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
            self.places.retain(|place, _| place.session != *session);
            self.marks.retain(|(_, place)| place.session != *session);
            self.floods.remove(session);
            self.flood_ends.retain(|(_, flooding)| flooding != session);
        }
        before - self.keystrokes
    }

    fn remove(&mut self, id: RunId) {
        let Entry::Occupied(entry) = self.runs.entry(id) else { return };
        let run = entry.remove();
        self.keystrokes -= u64::from(run.count);
        let queue = if run.claim.is_some() { &mut self.leased } else { &mut self.due };
        queue.remove(&(run.queued, id));
        if let Some(known) = self.places.get_mut(&run.place) {
            known.open = known.open.filter(|open| *open != id);
        }
        self.forget_place(&run.place);
    }

    /// Drops the marks and flood counts whose time is over.
    pub fn forget(&mut self, now: Millis) {
        while let Some((_, session)) = self.flood_ends.pop_front_if(|(end, _)| *end <= now) {
            self.floods.remove(&session);
        }
        while let Some((_, place)) = self.marks.pop_front_if(|(until, _)| *until <= now) {
            if let Some(known) = self.places.get_mut(&place) {
                known.mark = known.mark.filter(|mark| mark.until > now);
            }
            self.forget_place(&place);
        }
    }

    fn forget_place(&mut self, place: &Place) {
        if self.places.get(place).is_some_and(|known| known.open.is_none() && known.mark.is_none()) {
            self.places.remove(place);
        }
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
