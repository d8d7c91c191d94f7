//! The embedded keystroke buffer: state in memory, and a journal in the data folder.
//!
//! [`runs`] holds the state and makes every decision; this file adds the clock, the lock and the journal. A
//! change is written (one `write`) before the call returns, so a killed process loses nothing. That takes
//! microseconds and happens in the calling task; syncs and compactions run on blocking threads, in
//! [`LocalBuffer::sync`] and in `erase`. A compaction copies the state piece by piece, and calls proceed in
//! between. It happens once the journal has doubled or the buffer is empty.
//!
//! `docs/decisions/keystroke-journal.md` compares the journal with embedded databases.
//!
//! The buffer deliberately has no thread or task of its own: its owner calls [`LocalBuffer::sync`]. One process
//! owns the folder. The counts in its health start at zero with each process.

mod clock;
mod journal;
mod record;
mod run;
mod runs;
mod submission;
#[cfg(test)]
mod tests;

use quarry_runtime::boxed;
use std::fs::{File, TryLockError};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tracing::warn;
use uuid::Uuid;

use super::{
    AppendOutcome, BufferError, BufferHealth, BufferLimits, ClaimScope, ClaimedRun, Erasure, FlushCounts,
    KeystrokeBuffer, SearchInContext, Settlement,
};
use clock::Clock;
use journal::Journal;
use quarry_domain::{Keystroke, Searcher};
use record::Record;
use run::{InputKey, RunId};
use runs::{Claimable, Runs};

/// The file that a process locks while it owns the folder.
const LOCK: &str = "lock";
/// The minimum growth before a compaction.
const COMPACTION_BYTES: u64 = 1 << 20;
/// The bytes that a compaction copies under one lock: about a millisecond.
const COPY_BYTES: usize = 128 << 10;
/// The inputs that a compaction copies under one lock.
const COPY_INPUTS: usize = 1_000;
/// The pause between two copies, for waiting calls.
const COPY_PAUSE: Duration = Duration::from_micros(50);

/// Attempts to lock the folder: an ending process holds the lock for a moment, as does its child until
/// it has executed its own program.
const LOCK_ATTEMPTS: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// The health's error while the journal cannot be written.
const REFUSING: &str = "The keystroke journal cannot be written: its disk is full, or fails.";

/// A failure to open a buffer.
#[derive(Debug, thiserror::Error)]
pub enum LocalBufferError {
    /// Another process owns the folder.
    #[error(
        "another quarry process uses {}: stop it, give this one a data_dir of its own, or set redis_url so that \
         several servers share one buffer",
        folder.display()
    )]
    InUse {
        /// The journal's folder.
        folder: PathBuf,
    },
    /// The folder is unusable.
    #[error("the keystroke journal in {} cannot be opened: {cause}", folder.display())]
    Folder {
        /// The journal's folder.
        folder: PathBuf,
        /// The error of the operating system.
        #[source]
        cause: io::Error,
    },
}

/// A keystroke buffer in memory, with a journal.
pub struct LocalBuffer {
    shared: Arc<Shared>,
    sync_every: Duration,
    /// The length of the journal on disk. Locked during a sync: waiting calls find their change synced, or
    /// sync for all changes since.
    synced: tokio::sync::Mutex<u64>,
}

struct Shared {
    folder: PathBuf,
    state: Mutex<BufferState>,
    /// Locked during a compaction.
    compacting: Mutex<()>,
    _lock: File,
}

struct BufferState {
    runs: Runs,
    journal: Journal,
    clock: Clock,
    /// Distinguishes this process's claims from those of earlier processes.
    epoch: Uuid,
    /// The length of the journal after its last compaction.
    base: u64,
    /// The journal contains erased text, or differs from the state.
    needs_compaction: bool,
    /// The last append failed.
    refusing: bool,
}

impl LocalBuffer {
    /// Opens the journal of a folder, or creates both.
    ///
    /// Open runs are open again; claims come back immediately under their ids, since their claimers have
    /// ended. Opening reads the whole journal: call it on a blocking thread. A damaged journal never prevents
    /// a start: see the log. `sync_every` is the interval of [`LocalBuffer::sync`]; zero syncs before each
    /// call returns.
    pub fn open(folder: &Path, limits: BufferLimits, sync_every: Duration) -> Result<Self, LocalBufferError> {
        let unusable = |cause| LocalBufferError::Folder { folder: folder.to_owned(), cause };
        let lock = lock(folder).map_err(unusable)?;
        let Some(lock) = lock else { return Err(LocalBufferError::InUse { folder: folder.to_owned() }) };
        let mut runs = Runs::new(limits);
        let mut needs_compaction = false;
        let journal = Journal::open(folder, |record| {
            needs_compaction |= matches!(record, Record::Erased { .. });
            runs.replay(record);
        });
        let journal = journal.map_err(unusable)?;
        let mut clock = Clock::new();
        runs.resume(clock.now());
        let state = BufferState {
            runs,
            journal,
            clock,
            epoch: Uuid::new_v4(),
            base: journal::EMPTY_BYTES,
            needs_compaction,
            refusing: false,
        };
        let shared = Shared {
            folder: folder.to_owned(),
            state: Mutex::new(state),
            compacting: Mutex::new(()),
            _lock: lock,
        };
        Ok(Self { shared: Arc::new(shared), sync_every, synced: tokio::sync::Mutex::new(0) })
    }

    /// The interval of [`LocalBuffer::sync`].
    pub fn sync_every(&self) -> Duration {
        self.sync_every
    }

    /// Syncs the journal to disk, and compacts it if it is due.
    ///
    /// Call it every `sync_every` (about every second if that is zero), and once more after the last `ack`.
    #[boxed]
    pub async fn sync(&self) -> Result<(), BufferError> {
        self.sync_and_compact_if(BufferState::is_overgrown).await
    }

    /// Syncs the journal for the last time.
    ///
    /// Compacts it only to remove erased text: copying a large state would delay the stop.
    #[boxed]
    pub async fn close(&self) -> Result<(), BufferError> {
        self.sync_and_compact_if(BufferState::is_stale).await
    }

    /// The error that prevents it from accepting keystrokes, if any.
    pub fn last_error(&self) -> Option<&'static str> {
        self.shared.state().last_error()
    }

    async fn sync_and_compact_if(&self, is_due: fn(&BufferState) -> bool) -> Result<(), BufferError> {
        let written = self.shared.state().journal.written();
        let synced = self.sync_through(written).await;
        if !is_due(&self.shared.state()) {
            return synced;
        }
        // A compacted journal on disk makes up for a failed sync.
        let shared = self.shared.clone();
        blocking(move || shared.compact()).await
    }

    /// Syncs before the reply if the settings require it.
    async fn sync_if_required(&self, written: u64) -> Result<(), BufferError> {
        if self.sync_every.is_zero() { self.sync_through(written).await } else { Ok(()) }
    }

    async fn sync_through(&self, written: u64) -> Result<(), BufferError> {
        let mut synced = self.synced.lock().await;
        if *synced < written {
            let shared = self.shared.clone();
            *synced = blocking(move || shared.sync_file()).await?;
        }
        Ok(())
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, BufferState> {
        // A panic elsewhere does not refuse keystrokes: the journal is whole at any time.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sync_file(&self) -> io::Result<u64> {
        let (file, written) = self.state().journal.file();
        if let Err(error) = file.sync_data() {
            // The system may have dropped unwritten pages; the state in memory is complete.
            warn!(%error, "the sync of the keystroke journal failed: it will be compacted");
            self.state().needs_compaction = true;
            return Err(error);
        }
        Ok(written)
    }

    /// Replaces the journal with one that holds the current state.
    fn compact(&self) -> io::Result<()> {
        let _exclusive = self.compacting.lock().unwrap_or_else(PoisonError::into_inner);
        let compacted = self.write_compacted();
        if compacted.is_err() {
            let mut state = self.state();
            state.journal.abort_compaction();
            state.needs_compaction = true;
        }
        compacted
    }

    fn write_compacted(&self) -> io::Result<()> {
        let end = {
            let mut state = self.state();
            state.journal.begin_compaction()?;
            state.needs_compaction = false;
            state.runs.next()
        };
        let mut next = 0;
        while next < end {
            next = self.copy_runs(next..end)?;
            std::thread::sleep(COPY_PAUSE);
        }
        // Inputs follow the runs: claims of runs that were not yet copied raise watermarks.
        let remembered = self.state().runs.remembered();
        for inputs in remembered.chunks(COPY_INPUTS) {
            self.copy_inputs(inputs)?;
            std::thread::sleep(COPY_PAUSE);
        }
        let (file, synced) = self.state().journal.compacted_file()?;
        file.sync_all()?;
        let newest = {
            let mut state = self.state();
            if state.journal.compacted_file()?.1 > synced {
                file.sync_all()?;
            }
            state.journal.finish_compaction()?;
            state.base = state.journal.bytes();
            state.refusing = false;
            state.journal.path().to_owned()
        };
        journal::sync_folder(&self.folder)?;
        journal::remove_replaced(&self.folder, &newest)
    }

    fn copy_runs(&self, numbers: Range<RunId>) -> io::Result<RunId> {
        let BufferState { runs, journal, .. } = &mut *self.state();
        let (records, next) = runs.copies(numbers, COPY_BYTES);
        journal.copy(&records)?;
        Ok(next)
    }

    fn copy_inputs(&self, inputs: &[Arc<InputKey>]) -> io::Result<()> {
        let BufferState { runs, journal, .. } = &mut *self.state();
        journal.copy(&runs.copied_inputs(inputs))
    }

    fn append(&self, keystrokes: &[Keystroke]) -> Result<(Vec<AppendOutcome>, u64), BufferError> {
        let state = &mut *self.state();
        let now = state.clock.now();
        let (outcomes, appended) = state.runs.append(keystrokes, now);
        if !appended.is_empty() {
            let record = Record::Appended { at: now, keystrokes: appended };
            let written = state.journal.write(&record);
            // A successful compaction shows that the disk has space again.
            state.refusing = written.is_err();
            state.needs_compaction |= state.refusing;
            if let (Err(error), Record::Appended { keystrokes: appended, .. }) = (written, record) {
                state.runs.rollback(keystrokes, &outcomes, &appended);
                return Err(unwritten(&error));
            }
        }
        state.runs.commit(&outcomes);
        Ok((outcomes, state.journal.written()))
    }

    fn claim(&self, scope: ClaimScope, limit: usize) -> Result<(Vec<ClaimedRun>, u64), BufferError> {
        let state = &mut *self.state();
        let now = state.clock.now();
        state.runs.expire(now);
        let claimable = state.runs.claimable(scope, limit, now);
        let first = claimable.iter().filter(|claimable| !claimable.is_reclaim);
        let runs: Vec<_> = first.map(|claimable| (claimable.run, claimable.reason)).collect();
        if !runs.is_empty() {
            let record = Record::Claimed { at: now, epoch: state.epoch, runs };
            state.journal.write(&record).map_err(|error| unwritten(&error))?;
        }
        let claimed = state.runs.claim(&claimable, state.epoch, now);
        if state.journal.is_compacting() {
            state.record_continued(&claimable);
        }
        Ok((claimed, state.journal.written()))
    }

    fn ack(&self, settled: &[Settlement], counts: FlushCounts) {
        let state = &mut *self.state();
        let now = state.clock.now();
        let runs = state.runs.claimed(settled);
        state.runs.ack(runs.clone(), counts, now);
        if runs.is_empty() {
            return;
        }
        let runs = runs.into_iter().map(|(run, search)| (run, search.map(SearchInContext))).collect();
        if let Err(error) = state.journal.write(&Record::SettledInContext { at: now, runs }) {
            // Their searches are stored, so the runs are removed. A process that replays them stores
            // nothing new, since the ids are the same.
            warn!(%error, "an acknowledgement was not written to the keystroke journal");
            state.needs_compaction = true;
        }
    }

    fn erase(&self, searcher: &Searcher) -> Result<Erasure, BufferError> {
        let erasure = {
            let state = &mut *self.state();
            let record = Record::Erased { searcher: searcher.clone() };
            state.journal.write(&record).map_err(|error| unwritten(&error))?;
            state.needs_compaction = true;
            let keystrokes = state.runs.erase(searcher);
            Erasure { keystrokes, at: run::timestamp(state.clock.now()) }
        };
        self.compact()
            .and_then(|()| journal::remove_set_aside(&self.folder))
            .map_err(|error| unwritten(&error))?;
        Ok(erasure)
    }
}

impl BufferState {
    /// Records what first claims remember: the compacted journal does not hold the state of their inputs yet.
    fn record_continued(&mut self, claimable: &[Claimable]) {
        for record in self.runs.continued(claimable) {
            if let Err(error) = self.journal.write(&record) {
                warn!(%error, "a claim was not written to the keystroke journal as a whole");
                self.needs_compaction = true;
            }
        }
    }

    fn last_error(&self) -> Option<&'static str> {
        self.refusing.then_some(REFUSING)
    }

    /// Returns true if the journal is deleted, wrong, or contains only obsolete records.
    fn is_stale(&self) -> bool {
        let is_obsolete = self.runs.is_empty() && self.journal.bytes() > self.base;
        self.needs_compaction || self.journal.is_deleted() || is_obsolete
    }

    fn is_overgrown(&self) -> bool {
        let most = self.base.saturating_mul(2).saturating_add(COMPACTION_BYTES);
        self.is_stale() || self.journal.bytes() >= most
    }
}

#[async_trait]
impl KeystrokeBuffer for LocalBuffer {
    async fn append(&self, keystrokes: &[Keystroke]) -> Result<Vec<AppendOutcome>, BufferError> {
        let (outcomes, written) = self.shared.append(keystrokes)?;
        self.sync_if_required(written).await?;
        Ok(outcomes)
    }

    async fn claim(&self, scope: ClaimScope, limit: usize) -> Result<Vec<ClaimedRun>, BufferError> {
        let (claimed, written) = self.shared.claim(scope, limit)?;
        self.sync_if_required(written).await?;
        Ok(claimed)
    }

    async fn ack(&self, settled: &[Settlement], counts: FlushCounts) -> Result<(), BufferError> {
        self.shared.ack(settled, counts);
        Ok(())
    }

    async fn erase(&self, searcher: &Searcher) -> Result<Erasure, BufferError> {
        let (shared, searcher) = (self.shared.clone(), searcher.clone());
        blocking(move || Ok(shared.erase(&searcher))).await?
    }

    async fn health(&self) -> Result<BufferHealth, BufferError> {
        let mut state = self.shared.state();
        let now = run::timestamp(state.clock.now());
        let health = state.runs.health();
        let settled = health.oldest.map_or(now, |oldest| oldest.min(now));
        Ok(BufferHealth { settled: Some(settled), last_error: state.last_error(), ..health })
    }
}

fn lock(folder: &Path) -> io::Result<Option<File>> {
    std::fs::create_dir_all(folder)?;
    let file = File::options().create(true).truncate(false).write(true).open(folder.join(LOCK))?;
    for _ in 0..LOCK_ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(None)
}

fn unwritten(error: &io::Error) -> BufferError {
    BufferError::Unavailable(format!("the keystroke journal cannot be written: {error}"))
}

/// Runs disk operations on a blocking thread.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, BufferError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| unwritten(&error)),
        Err(panic) => Err(BufferError::Damaged(format!("the journal's thread ended: {panic}"))),
    }
}
