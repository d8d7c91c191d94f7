//! From the journal to the state, and from the state to a journal that says no more than it.

use std::ops::Range;
use std::sync::Arc;

use super::Runs;
use crate::keystroke::local_buffer::record::Record;
use crate::keystroke::local_buffer::run::{Claim, Millis, Place, Run, RunId, Stroke, millis};

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
                let place = self.known(place);
                self.mark(&place, sequence, until);
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
        if from == 0 {
            self.begin(id, place, began);
        }
        for stroke in strokes {
            self.push(id, stroke);
        }
        // Until its last part has come, it is open: to a claimed run nothing is added.
        if let Some(claim) = claim {
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
        let latest = now.saturating_add(millis(self.limits.late_memory));
        for known in self.places.values_mut() {
            if let Some(mark) = &mut known.mark {
                mark.until = mark.until.min(latest);
            }
        }
        for (until, _) in &mut self.marks {
            *until = (*until).min(latest);
        }
        self.marks.make_contiguous().sort_by_key(|(until, _)| *until);
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
        }
        (records, numbers.end)
    }

    /// The places of which a last sequence is remembered.
    pub fn marked(&self) -> Vec<Arc<Place>> {
        let marked = self.places.iter().filter(|(_, known)| known.mark.is_some());
        marked.map(|(place, _)| place.clone()).collect()
    }

    /// What a new journal says of the last sequences of these places.
    pub fn copied_marks(&self, places: &[Arc<Place>]) -> Vec<Record<'static>> {
        let mut records = Vec::with_capacity(places.len());
        for place in places {
            if let Some(mark) = self.places.get(place).and_then(|known| known.mark) {
                let place = place.as_ref().clone();
                records.push(Record::Marked { place, sequence: mark.sequence, until: mark.until });
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
