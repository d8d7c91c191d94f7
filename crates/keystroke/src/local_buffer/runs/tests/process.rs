//! A process with its journal, which can be killed and compacted at any point.

use super::*;
use crate::local_buffer::record::Record;

/// The state of a buffer, and its journal.
pub(super) struct Process {
    pub(super) runs: Runs,
    pub(super) journal: Vec<Vec<u8>>,
    /// The compacted journal, and the numbers of the runs to copy.
    pub(super) new: Option<(Vec<Vec<u8>>, std::ops::Range<RunId>)>,
    pub(super) epoch: u128,
}

impl Process {
    pub(super) fn write(&mut self, record: &Record<'_>) {
        let bytes = postcard::to_stdvec(record).unwrap();
        if let Some((new, _)) = &mut self.new {
            new.push(bytes.clone());
        }
        self.journal.push(bytes);
    }

    pub(super) fn restart(&mut self, now: Millis) {
        self.new = None;
        self.epoch += 1;
        self.runs = Runs::new(limits());
        for bytes in &self.journal {
            self.runs.replay(postcard::from_bytes(bytes).unwrap());
        }
        self.runs.resume(now);
    }

    pub(super) fn copy_one(&mut self) -> bool {
        let Some((new, rest)) = &mut self.new else { return false };
        let (records, next) = self.runs.copies(rest.clone(), 1);
        new.extend(records.iter().map(|record| postcard::to_stdvec(record).unwrap()));
        rest.start = next;
        rest.start < rest.end
    }

    pub(super) fn finish_compaction(&mut self) {
        while self.copy_one() {}
        if let Some((mut new, _)) = self.new.take() {
            let memories = self.runs.copied_inputs(&self.runs.remembered());
            new.extend(memories.iter().map(|record| postcard::to_stdvec(record).unwrap()));
            self.journal = new;
        }
    }
}
