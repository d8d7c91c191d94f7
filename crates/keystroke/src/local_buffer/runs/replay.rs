//! From the journal to the state, and from the state to a journal that says no more than it.

use std::ops::Range;
use std::sync::Arc;

use super::Runs;
use crate::local_buffer::record::Record;
use crate::local_buffer::run::{Claim, Millis, Place, Run, RunId, Stroke, millis};

/// Keystrokes of a run that one record may hold, so that no record grows with its run.
const COPIED_TOGETHER: usize = 1_000;

impl Runs {
    /// Repeats a change. One of a run that is not there was of a run that went later on.
    pub fn replay(&mut self, record: Record<'_>) {
        match record {
            Record::Taken { at, keystrokes } => {
                for mut taken in keystrokes {
                    if let Some(place) = taken.begins.take() {
                        self.begin(taken.run, place, at);
                    }
                    self.push(taken.run, &taken.stroke);
                }
            }
            Record::Claimed { at, epoch, runs } => {
                for (id, reason) in runs {
                    // Whoever held the lease is dead.
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
            Record::Copied { run, place, began, claim, from, strokes } => {
                self.replay_copy(run, place, began, claim, from, &strokes);
            }
            Record::Marked { place, sequence, until } => {
                let place = self.places.shared(place);
                self.places.set_mark(&place, sequence, until);
            }
            Record::Closed { runs } => {
                for id in runs {
                    if let Some(run) = self.runs.get(&id) {
                        self.places.close(&run.place, id);
                    }
                }
            }
            Record::Submitted { place, submission } => {
                let place = self.places.shared(place);
                self.places.remember(&place, submission);
            }
        }
    }

    fn replay_copy(
        &mut self,
        id: RunId,
        place: Place,
        began: Millis,
        claim: Option<Claim>,
        from: u32,
        strokes: &[Stroke<'_>],
    ) {
        // What is remembered of its place has records of its own.
        if from == 0 {
            let place = self.places.shared(place);
            self.insert(id, place, began);
        }
        for stroke in strokes {
            self.hold(id, stroke);
        }
        // Until its last part has come, it is open: to a claimed run nothing is added.
        if let Some(claim) = claim {
            if let Some(run) = self.runs.get(&id) {
                self.places.close(&run.place, id);
            }
            self.lease(id, claim, began, Millis::MIN);
        }
    }

    /// Ends the replay. Times that lie further ahead than any limit allows were taken by a clock that
    /// has been set back since; nothing waits for them.
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
        self.places.shorten(ahead(self.limits.late_memory), ahead(self.limits.window));
        self.forget(now);
    }

    /// The runs there have been are numbered below this.
    pub fn next(&self) -> RunId {
        self.next
    }

    /// What a new journal says of the runs with these numbers, up to about `bytes`; and the number
    /// to go on with.
    pub fn copies(&self, numbers: Range<RunId>, bytes: usize) -> (Vec<Record<'_>>, RunId) {
        let mut records = Vec::new();
        let mut size = 0;
        for (id, run) in self.runs.range(numbers.clone()) {
            if size >= bytes {
                return (records, *id);
            }
            size += run.size();
            copy_run(*id, run, &mut records);
            let is_open = self.places.get(&run.place).is_some_and(|known| known.open == Some(*id));
            if !is_open && run.claim.is_none() {
                records.push(Record::Closed { runs: vec![*id] });
            }
        }
        (records, numbers.end)
    }

    /// The places of which more is remembered than their runs.
    pub fn remembered(&self) -> Vec<Arc<Place>> {
        self.places.remembered()
    }

    /// What a new journal says of these places.
    pub fn copied_memories(&self, places: &[Arc<Place>]) -> Vec<Record<'static>> {
        let mut records = Vec::with_capacity(places.len());
        for shared in places {
            let Some(known) = self.places.get(shared) else { continue };
            let place = || shared.as_ref().clone();
            if let Some(mark) = known.mark {
                records.push(Record::Marked { place: place(), sequence: mark.sequence, until: mark.until });
            }
            if let Some(submission) = &known.submission {
                records.push(Record::Submitted { place: place(), submission: **submission });
            }
        }
        records
    }
}

fn copy_run<'a>(id: RunId, run: &'a Run, records: &mut Vec<Record<'a>>) {
    let strokes: Vec<Stroke<'a>> = run.strokes().collect();
    let mut from = 0;
    for part in strokes.chunks(COPIED_TOGETHER) {
        let end = from + part.len();
        records.push(Record::Copied {
            run: id,
            place: run.place.as_ref().clone(),
            began: run.began,
            claim: run.claim.filter(|_| end == strokes.len()),
            from: u32::try_from(from).unwrap_or(u32::MAX),
            strokes: part.to_vec(),
        });
        from = end;
    }
}
