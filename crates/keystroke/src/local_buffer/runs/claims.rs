//! Claims: one run of an input at a time, and what is remembered once its searches are stored.

use std::collections::HashSet;

use uuid::Uuid;

use super::Runs;
use crate::local_buffer::run::{Claim, InputKey, Millis, RunId, millis, timestamp};
use crate::{ClaimId, ClaimScope, ClaimedRun, DueReason, FlushCounts, RememberedSearch, Settlement};

/// The approximate maximum of keystroke bytes in one claim, which decodes them. One run may exceed it.
pub(super) const CLAIM_BYTES: usize = 4 << 20;

/// A run that a claim may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::local_buffer) struct Claimable {
    pub run: RunId,
    pub reason: DueReason,
    /// The lease of an earlier claim has ended.
    pub is_reclaim: bool,
}

impl Runs {
    /// The claimable runs: first those with an ended lease, then by due time. Each input has one at a time.
    pub fn claimable(&self, scope: ClaimScope, limit: usize, now: Millis) -> Vec<Claimable> {
        let ended = self.leased.iter().take_while(|(end, _)| *end <= now);
        let due = self.due.iter().take_while(|(due, _)| scope == ClaimScope::All || *due <= now);
        let mut bytes = 0;
        let fits = |(_, id): &&(Millis, RunId)| {
            let fits = bytes < CLAIM_BYTES;
            bytes += self.runs[id].size();
            fits
        };
        let mut claimed: HashSet<&InputKey> = HashSet::new();
        let mut is_next = |(_, id): &&(Millis, RunId)| {
            let key = self.runs[id].key.as_ref();
            let is_blocked = self.inputs.get(key).is_some_and(|entry| entry.is_blocked(*id, now));
            !is_blocked && claimed.insert(key)
        };
        let next = ended.chain(due.filter(|run| is_next(run)));
        next.take(limit).take_while(fits).map(|(_, id)| self.claimable_run(*id, now)).collect()
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
                remembered: run.remembered.as_deref().cloned(),
            });
        }
        claimed
    }

    /// Leases a run to a claimer. An earlier claim of the run keeps its id.
    pub(super) fn lease(&mut self, id: RunId, claim: Claim, now: Millis, lease_end: Millis) {
        let Some(run) = self.runs.get_mut(&id) else { return };
        let queued = (run.queued, id);
        run.queued = lease_end;
        if run.claim.is_some() {
            self.leased.remove(&queued);
            self.leased.insert((lease_end, id));
            return;
        }
        run.claim = Some(claim);
        run.remembered = self.inputs.remembered_search(&run.key, now).cloned().map(Box::new);
        let key = run.key.clone();
        self.due.remove(&queued);
        self.leased.insert((lease_end, id));
        self.close(id, now);
        let waiting = self.limits.memory.max(self.limits.late_memory);
        self.inputs.claim(&key, id, now.saturating_add(millis(waiting)));
    }

    /// The runs of those claims that still exist, with the searches to remember.
    pub fn claimed(&self, settled: &[Settlement]) -> Vec<(RunId, Option<RememberedSearch>)> {
        let is_claimed = |epoch, id| {
            let claim = self.runs.get(&id).and_then(|run| run.claim);
            claim.is_some_and(|claim| claim.epoch == epoch)
        };
        let mut claimed: Vec<(RunId, Option<RememberedSearch>)> = settled
            .iter()
            .filter_map(|settled| Some((parse_claim(&settled.claim)?, settled.remember.clone())))
            .filter(|((epoch, id), _)| is_claimed(*epoch, *id))
            .map(|((_, id), remember)| (id, remember))
            .collect();
        claimed.sort_unstable_by_key(|(id, _)| *id);
        claimed.dedup_by_key(|(id, _)| *id);
        claimed
    }

    /// Removes claimed runs, remembers their last searches, and adds the counts of their flush.
    pub fn ack(&mut self, claimed: Vec<(RunId, Option<RememberedSearch>)>, counts: FlushCounts, now: Millis) {
        let has_claims = !claimed.is_empty();
        self.settle(claimed, now);
        self.counts.searches += counts.searches;
        self.counts.duplicates += counts.duplicates;
        self.counts.late += counts.late;
        if has_claims {
            self.counts.last_flush = Some(timestamp(now));
        }
    }

    pub(super) fn settle(&mut self, claimed: Vec<(RunId, Option<RememberedSearch>)>, now: Millis) {
        let until = now.saturating_add(millis(self.limits.memory));
        for (id, search) in claimed {
            if let (Some(run), Some(search)) = (self.runs.get(&id), search.filter(|_| until > now)) {
                self.inputs.remember(&run.key, search, until);
            }
            self.remove(id);
        }
    }
}

/// Returns a globally unique id: the ids of stored searches derive from it.
pub(super) fn claim_id(epoch: Uuid, id: RunId) -> ClaimId {
    ClaimId(format!("{}-{id}", epoch.simple()))
}

fn parse_claim(claim: &ClaimId) -> Option<(Uuid, RunId)> {
    let (epoch, id) = claim.0.split_once('-')?;
    Some((Uuid::try_parse(epoch).ok()?, id.parse().ok()?))
}
