//! Replay of the journal into the state, and the records of a compacted journal.

use std::ops::Range;
use std::sync::Arc;

use super::input_states::SequenceWatermark;
use super::{Claimable, Runs};
use crate::local_buffer::record::Record;
use crate::local_buffer::run::{BufferedRun, Claim, InputKey, Millis, PackedKeystroke, RunId, millis};
use crate::{RememberedSearch, SearchInContext};

/// The maximum number of keystrokes in one record of a copied run.
const COPIED_KEYSTROKES: usize = 1_000;

impl Runs {
    /// Replays a change. A change of a missing run belongs to a run that was removed before the compaction.
    pub fn replay(&mut self, record: Record<'_>) {
        match record {
            Record::Appended { at, keystrokes } => {
                for mut appended in keystrokes {
                    if let Some(key) = appended.opens.take() {
                        self.open(appended.run, key, at);
                    }
                    self.restart_if_late(appended.run, appended.keystroke.sequence);
                    self.push(appended.run, &appended.keystroke);
                }
            }
            Record::Claimed { at, epoch, runs } => {
                for (id, reason) in runs {
                    // The process that held the lease has ended.
                    self.lease(id, Claim { epoch, reason }, at, Millis::MIN);
                }
            }
            Record::Acked { runs } => {
                for id in runs {
                    self.remove(id);
                }
            }
            Record::Erased { searcher } => {
                self.erase(&searcher);
            }
            Record::Copied { run, key, began, claim, from, keystrokes } => {
                self.replay_copy(run, key, began, claim, from, &keystrokes);
            }
            Record::Watermark { key, sequence, until } => {
                let key = self.inputs.intern(key);
                let (first, delivered) = (None, [].into());
                self.inputs.restore_watermark(&key, SequenceWatermark { sequence, first, delivered, until });
            }
            Record::Numbered { key, first, sequence, until } => {
                let key = self.inputs.intern(key);
                let delivered = [].into();
                self.inputs.restore_watermark(&key, SequenceWatermark { sequence, first, delivered, until });
            }
            Record::Delivered { key, first, sequence, delivered, until } => {
                let (key, delivered) = (self.inputs.intern(key), delivered.into());
                self.inputs.restore_watermark(&key, SequenceWatermark { sequence, first, delivered, until });
            }
            Record::Settled { at, runs } => self.settle(runs, at),
            Record::SettledInContext { at, runs } => {
                let without_wrapper = |(id, search): (RunId, Option<SearchInContext>)| {
                    (id, search.map(|SearchInContext(search)| search))
                };
                self.settle(runs.into_iter().map(without_wrapper).collect(), at);
            }
            Record::Remembered { key, search, until }
            | Record::RememberedInContext { key, search: SearchInContext(search), until } => {
                let key = self.inputs.intern(key);
                self.inputs.remember(&key, search, until);
            }
            Record::Continued { run, search, until } => self.replay_continued(run, search, until),
            Record::ContinuedInContext { run, search, until } => {
                self.replay_continued(run, search.map(|SearchInContext(search)| search), until);
            }
            Record::Closed { runs } => {
                for id in runs {
                    if let Some(run) = self.runs.get(&id) {
                        self.inputs.close(&run.key, id);
                    }
                }
            }
            Record::Submitted { key, submission } => {
                let key = self.inputs.intern(key);
                self.inputs.restore_submission(&key, submission);
            }
        }
    }

    fn replay_continued(&mut self, id: RunId, search: Option<RememberedSearch>, until: Option<Millis>) {
        let Some(run) = self.runs.get_mut(&id) else { return };
        run.remembered = search.map(Box::new);
        if let Some(until) = until {
            self.inputs.claim(&run.key, id, until);
        }
    }

    fn replay_copy(
        &mut self,
        id: RunId,
        key: InputKey,
        began: Millis,
        claim: Option<Claim>,
        from: u32,
        keystrokes: &[PackedKeystroke<'_>],
    ) {
        // Watermark and submission have records of their own.
        if from == 0 {
            let key = self.inputs.intern(key);
            self.insert(id, key, began);
        }
        for keystroke in keystrokes {
            self.push_only(id, keystroke);
        }
        // The run is open until its last part, which has the claim: a claimed run takes no keystrokes.
        if let Some(claim) = claim {
            if let Some(run) = self.runs.get(&id) {
                self.inputs.close(&run.key, id);
            }
            self.lease(id, claim, began, Millis::MIN);
            // What it remembers has a record of its own.
            if let Some(run) = self.runs.get_mut(&id) {
                run.remembered = None;
                self.inputs.release(&run.key, id);
            }
        }
    }

    /// Ends the replay. Times beyond every limit stem from a clock that was set back since, and are capped.
    pub fn resume(&mut self, now: Millis) {
        let latest = now.saturating_add(millis(self.limits.window));
        while let Some((due, id)) = self.due.last().copied().filter(|(due, _)| *due > latest) {
            self.due.remove(&(due, id));
            self.due.insert((latest, id));
            if let Some(run) = self.runs.get_mut(&id) {
                run.queued = latest;
            }
        }
        let ahead = |duration| now.saturating_add(millis(duration));
        let limits = self.limits;
        self.inputs.cap_expiries(ahead(limits.late_memory), ahead(limits.window), ahead(limits.memory));
        self.expire(now);
    }

    /// The number of the next run.
    pub fn next(&self) -> RunId {
        self.next
    }

    /// The records of a range of runs, up to about `bytes`, and the next number.
    pub fn copies(&self, numbers: Range<RunId>, bytes: usize) -> (Vec<Record<'_>>, RunId) {
        let mut records = Vec::new();
        let mut size = 0;
        for (id, run) in self.runs.range(numbers.clone()) {
            if size >= bytes {
                return (records, *id);
            }
            size += run.size();
            copy_run(*id, run, &mut records);
            let is_open = self.inputs.get(&run.key).is_some_and(|entry| entry.open == Some(*id));
            if run.claim.is_some() {
                let waits = self.inputs.get(&run.key).and_then(|entry| entry.claimed);
                let until = waits.filter(|(claimed, _)| claimed == id).map(|(_, until)| until);
                let search = run.remembered.as_deref().cloned().map(SearchInContext);
                records.push(Record::ContinuedInContext { run: *id, search, until });
            } else if !is_open {
                records.push(Record::Closed { runs: vec![*id] });
            }
        }
        (records, numbers.end)
    }

    /// The records of what first claims remember.
    pub fn continued(&self, claimable: &[Claimable]) -> Vec<Record<'static>> {
        let first = claimable.iter().filter(|claimable| !claimable.is_reclaim);
        let remembered =
            first.filter_map(|first| Some((first.run, self.runs.get(&first.run)?.remembered.as_ref()?)));
        remembered
            .map(|(run, search)| Record::ContinuedInContext {
                run,
                search: Some(SearchInContext(search.as_ref().clone())),
                until: None,
            })
            .collect()
    }

    /// The inputs with a watermark, a submission or a remembered search.
    pub fn remembered(&self) -> Vec<Arc<InputKey>> {
        self.inputs.remembered()
    }

    /// The records of the watermarks, submissions and remembered searches of inputs.
    pub fn copied_inputs(&self, keys: &[Arc<InputKey>]) -> Vec<Record<'static>> {
        let mut records = Vec::with_capacity(keys.len());
        for shared in keys {
            let Some(entry) = self.inputs.get(shared) else { continue };
            let key = || shared.as_ref().clone();
            if let Some(SequenceWatermark { sequence, first, delivered, until }) = &entry.watermark {
                let (first, sequence, until) = (*first, *sequence, *until);
                let delivered = delivered.to_vec();
                records.push(Record::Delivered { key: key(), first, sequence, delivered, until });
            }
            if let Some(submission) = &entry.submission {
                records.push(Record::Submitted { key: key(), submission: **submission });
            }
            if let Some(memory) = &entry.memory {
                let (search, until) = (SearchInContext(memory.search.clone()), memory.until);
                records.push(Record::RememberedInContext { key: key(), search, until });
            }
        }
        records
    }
}

fn copy_run<'a>(id: RunId, run: &'a BufferedRun, records: &mut Vec<Record<'a>>) {
    let keystrokes: Vec<PackedKeystroke<'a>> = run.packed_keystrokes().collect();
    let mut from = 0;
    for part in keystrokes.chunks(COPIED_KEYSTROKES) {
        let end = from + part.len();
        records.push(Record::Copied {
            run: id,
            key: run.key.as_ref().clone(),
            began: run.began,
            claim: run.claim.filter(|_| end == keystrokes.len()),
            from: u32::try_from(from).unwrap_or(u32::MAX),
            keystrokes: part.to_vec(),
        });
        from = end;
    }
}
