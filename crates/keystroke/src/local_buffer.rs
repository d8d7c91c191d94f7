//! The keystroke buffer of a server without Redis: state in memory, and a journal in the data
//! folder that says how it came to be, so that a process that is killed loses nothing.
//!
//! The state and every decision are in [`runs`], which knows no clock and no file; here are the
//! clock, the lock and the journal. A change is in the system's hands (one `write`) before the call
//! returns; that takes microseconds and is done where the call is made. What takes longer, which is
//! to wait for the disk and to write the journal anew, is done by blocking threads, in [`LocalBuffer::sync`]
//! and in `erase`. The journal is written anew when it has doubled, or when nothing waits any more;
//! meanwhile calls go on, between the pieces that are copied.
//!
//! The journal is our own, some 300 lines, since no crate fits: fjall and redb take 64 MiB or a
//! disk's flush for each change, and keep erased text in pages and levels until they please;
//! okaywal is unmaintained and says that it is not for production; open-wal flushes at each commit and
//! refuses to open what is damaged. All of them would leave the larger half, what is live and
//! when to write it anew, to be written here anyway.
//!
//! It deliberately lacks a thread or task of its own: whoever opens it calls [`LocalBuffer::sync`]. And
//! it lacks sharing: one process has the folder. The counts in its health begin anew with each process.

mod clock;
mod journal;
mod record;
mod run;
mod runs;
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
    Appended, BufferError, BufferHealth, BufferLimits, ClaimId, ClaimedRun, Erased, FlushTally,
    KeystrokeBuffer, Wanted,
};
use clock::Clock;
use journal::Journal;
use quarry_domain::{Keystroke, Searcher};
use record::Record;
use run::{Place, RunId};
use runs::Runs;

/// Locked for as long as a process has the folder.
const LOCK: &str = "lock";
/// A journal is not written anew before it has grown by this.
const REWRITE_BYTES: u64 = 1 << 20;
/// What is copied at once while calls wait: a millisecond's work.
const COPY_BYTES: usize = 128 << 10;
/// Places of which is copied at once what is remembered.
const COPY_PLACES: usize = 1_000;
/// Between two pieces, for the calls that wait.
const COPY_PAUSE: Duration = Duration::from_micros(50);

/// A process that is just ending holds the lock for a moment, as does one that it has started, until that
/// runs its own program.
const LOCK_ATTEMPTS: u32 = 50;
/// Between two of these attempts.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// The reason of a buffer that cannot write its journal.
const REFUSING: &str = "The keystroke journal cannot be written: its disk is full, or fails.";

/// Why a buffer cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum LocalBufferError {
    /// Another process has the folder.
    #[error(
        "another quarry is running on this data folder: {} is locked. Stop it, give this one a data_dir of its own, \
         or set redis_url so that several servers share one buffer",
        folder.display()
    )]
    InUse {
        /// The journal's folder.
        folder: PathBuf,
    },
    /// The folder cannot be used.
    #[error("the keystroke journal in {} cannot be opened: {cause}", folder.display())]
    Folder {
        /// The journal's folder.
        folder: PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
}

/// Keystrokes in memory, with a journal.
pub struct LocalBuffer {
    shared: Arc<Shared>,
    sync_every: Duration,
    /// Up to where the journal is on disk. Held while it is flushed: who waits for it meanwhile
    /// finds their change flushed, too, or flushes for all that came after.
    synced: tokio::sync::Mutex<u64>,
}

struct Shared {
    folder: PathBuf,
    state: Mutex<State>,
    /// Held while the journal is written anew.
    rewriting: Mutex<()>,
    /// Holds the folder's lock.
    _lock: File,
}

struct State {
    runs: Runs,
    journal: Journal,
    clock: Clock,
    /// Names the claims of this process.
    epoch: Uuid,
    /// The journal's length when it was last written anew.
    base: u64,
    /// The journal holds what must not stay, or is in doubt.
    rewrite: bool,
    /// The last keystrokes could not be written.
    refusing: bool,
}

impl LocalBuffer {
    /// Opens the journal of a folder, which is made if it is missing. Open runs are open again; claims
    /// come back at once, with their ids, since whoever held them is dead.
    ///
    /// It reads the whole journal, so it is work for a blocking thread. A journal that is damaged
    /// never keeps a server from starting: see the log. `sync_every` is how
    /// often the caller means to call [`LocalBuffer::sync`]: zero flushes before each call returns.
    pub fn open(folder: &Path, limits: BufferLimits, sync_every: Duration) -> Result<Self, LocalBufferError> {
        let unusable = |cause| LocalBufferError::Folder { folder: folder.to_owned(), cause };
        let lock = lock(folder).map_err(unusable)?;
        let Some(lock) = lock else { return Err(LocalBufferError::InUse { folder: folder.to_owned() }) };
        let mut runs = Runs::new(limits);
        let mut rewrite = false;
        let journal = Journal::open(folder, |record| {
            rewrite |= matches!(record, Record::Erased { .. });
            runs.replay(record);
        });
        let journal = journal.map_err(unusable)?;
        let mut clock = Clock::new();
        runs.resume(clock.now());
        let state = State {
            runs,
            journal,
            clock,
            epoch: Uuid::new_v4(),
            base: journal::EMPTY_BYTES,
            rewrite,
            refusing: false,
        };
        let shared = Shared {
            folder: folder.to_owned(),
            state: Mutex::new(state),
            rewriting: Mutex::new(()),
            _lock: lock,
        };
        Ok(Self { shared: Arc::new(shared), sync_every, synced: tokio::sync::Mutex::new(0) })
    }

    /// How often [`LocalBuffer::sync`] is to be called.
    pub fn sync_every(&self) -> Duration {
        self.sync_every
    }

    /// Flushes the journal to the disk, and writes it anew if it is time. A worker's step: to be called
    /// every `sync_every` (every second or so if that is zero), and once more after the last `ack`.
    #[boxed]
    pub async fn sync(&self) -> Result<(), BufferError> {
        let shared = self.shared.clone();
        let written = shared.state().journal.written();
        let flushed = self.sync_through(written).await;
        if !self.shared.state().is_overgrown() {
            return flushed;
        }
        // What could not be flushed is on disk when a new journal is.
        blocking(move || shared.write_anew()).await
    }

    /// The reason why it takes no keystrokes, if so.
    pub fn last_error(&self) -> Option<&'static str> {
        self.shared.state().last_error()
    }

    /// Flushes the journal for the last time. It is written again only where that removes text that must not
    /// stay: the copy of a large one would cost a stopping process its time.
    #[boxed]
    pub async fn close(&self) -> Result<(), BufferError> {
        let shared = self.shared.clone();
        let written = shared.state().journal.written();
        let flushed = self.sync_through(written).await;
        if !self.shared.state().is_stale() {
            return flushed;
        }
        blocking(move || shared.write_anew()).await
    }

    /// Waits for the disk, if it is to be waited for.
    async fn settle(&self, written: u64) -> Result<(), BufferError> {
        if self.sync_every.is_zero() { self.sync_through(written).await } else { Ok(()) }
    }

    async fn sync_through(&self, written: u64) -> Result<(), BufferError> {
        let mut synced = self.synced.lock().await;
        if *synced < written {
            let shared = self.shared.clone();
            *synced = blocking(move || shared.flush()).await?;
        }
        Ok(())
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere is no reason to refuse keystrokes: the journal is whole at any time.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn flush(&self) -> io::Result<u64> {
        let (file, written) = self.state().journal.file();
        if let Err(error) = file.sync_data() {
            // The system may have dropped what it could not write: memory knows it still.
            warn!(%error, "the keystroke journal could not be flushed, it will be written anew");
            self.state().rewrite = true;
            return Err(error);
        }
        Ok(written)
    }

    /// Writes a journal that says what is live, and no more.
    fn write_anew(&self) -> io::Result<()> {
        let _alone = self.rewriting.lock().unwrap_or_else(PoisonError::into_inner);
        let written = self.write_new_journal();
        if written.is_err() {
            let mut state = self.state();
            state.journal.abandon();
            state.rewrite = true;
        }
        written
    }

    fn write_new_journal(&self) -> io::Result<()> {
        let end = {
            let mut state = self.state();
            state.journal.begin_anew()?;
            state.rewrite = false;
            state.runs.next()
        };
        let mut next = 0;
        while next < end {
            next = self.copy_runs(next..end)?;
            std::thread::sleep(COPY_PAUSE);
        }
        // After the runs: the new journal tells of claims whose runs it did not hold yet.
        let remembered = self.state().runs.remembered();
        for places in remembered.chunks(COPY_PLACES) {
            self.copy_memories(places)?;
            std::thread::sleep(COPY_PAUSE);
        }
        let (file, flushed) = self.state().journal.new_file()?;
        file.sync_all()?;
        let newest = {
            let mut state = self.state();
            if state.journal.new_file()?.1 > flushed {
                file.sync_all()?;
            }
            state.journal.finish_anew()?;
            state.base = state.journal.bytes();
            state.refusing = false;
            state.journal.path().to_owned()
        };
        journal::sync_folder(&self.folder)?;
        journal::remove_old(&self.folder, &newest)
    }

    fn copy_runs(&self, numbers: Range<RunId>) -> io::Result<RunId> {
        let State { runs, journal, .. } = &mut *self.state();
        let (records, goes_on) = runs.copies(numbers, COPY_BYTES);
        journal.copy(&records)?;
        Ok(goes_on)
    }

    fn copy_memories(&self, places: &[Arc<Place>]) -> io::Result<()> {
        let State { runs, journal, .. } = &mut *self.state();
        journal.copy(&runs.copied_memories(places))
    }

    fn append(&self, keystrokes: &[Keystroke]) -> Result<(Vec<Appended>, u64), BufferError> {
        let state = &mut *self.state();
        let now = state.clock.now();
        let (outcomes, taken) = state.runs.append(keystrokes, now);
        if !taken.is_empty() {
            let record = Record::Taken { at: now, keystrokes: taken };
            let written = state.journal.write(&record);
            // A journal that can be rewritten shows that there is room again.
            state.refusing = written.is_err();
            state.rewrite |= state.refusing;
            if let (Err(error), Record::Taken { keystrokes: taken, .. }) = (written, record) {
                state.runs.take_back(keystrokes, &outcomes, &taken);
                return Err(unwritten(&error));
            }
        }
        state.runs.count(&outcomes);
        Ok((outcomes, state.journal.written()))
    }

    fn claim(&self, wanted: Wanted, limit: usize) -> Result<(Vec<ClaimedRun>, u64), BufferError> {
        let state = &mut *self.state();
        let now = state.clock.now();
        state.runs.forget(now);
        let claimable = state.runs.claimable(wanted, limit, now);
        let first = claimable.iter().filter(|claimable| !claimable.again);
        let runs: Vec<_> = first.map(|claimable| (claimable.run, claimable.reason)).collect();
        if !runs.is_empty() {
            let record = Record::Claimed { at: now, epoch: state.epoch, runs };
            state.journal.write(&record).map_err(|error| unwritten(&error))?;
        }
        let claimed = state.runs.claim(&claimable, state.epoch, now);
        Ok((claimed, state.journal.written()))
    }

    fn ack(&self, claims: &[ClaimId], tally: FlushTally) {
        let state = &mut *self.state();
        let now = state.clock.now();
        let runs = state.runs.claimed(claims);
        state.runs.ack(&runs, tally, now);
        if runs.is_empty() {
            return;
        }
        if let Err(error) = state.journal.write(&Record::Acked { runs }) {
            // They are stored, and go. A process that finds them in the journal stores them under the
            // same ids, which changes nothing.
            warn!(%error, "an ack could not be written to the keystroke journal");
            state.rewrite = true;
        }
    }

    fn erase(&self, searcher: &Searcher) -> Result<Erased, BufferError> {
        let erased = {
            let state = &mut *self.state();
            let record = Record::Erased { searcher: searcher.clone() };
            state.journal.write(&record).map_err(|error| unwritten(&error))?;
            state.rewrite = true;
            let keystrokes = state.runs.erase(searcher);
            Erased { keystrokes, at: run::timestamp(state.clock.now()) }
        };
        self.write_anew()
            .and_then(|()| journal::remove_set_aside(&self.folder))
            .map_err(|error| unwritten(&error))?;
        Ok(erased)
    }
}

impl State {
    /// The reason why keystrokes are refused, if so.
    fn last_error(&self) -> Option<&'static str> {
        self.refusing.then_some(REFUSING)
    }

    /// The journal is gone, in doubt, or holds nothing but what need not stay.
    fn is_stale(&self) -> bool {
        let idle = self.runs.is_empty() && self.journal.bytes() > self.base;
        self.rewrite || self.journal.is_deleted() || idle
    }

    fn is_overgrown(&self) -> bool {
        let most = self.base.saturating_mul(2).saturating_add(REWRITE_BYTES);
        self.is_stale() || self.journal.bytes() >= most
    }
}

#[async_trait]
impl KeystrokeBuffer for LocalBuffer {
    async fn append(&self, keystrokes: &[Keystroke]) -> Result<Vec<Appended>, BufferError> {
        let (outcomes, written) = self.shared.append(keystrokes)?;
        self.settle(written).await?;
        Ok(outcomes)
    }

    async fn claim(&self, wanted: Wanted, limit: usize) -> Result<Vec<ClaimedRun>, BufferError> {
        let (claimed, written) = self.shared.claim(wanted, limit)?;
        self.settle(written).await?;
        Ok(claimed)
    }

    async fn ack(&self, claims: &[ClaimId], tally: FlushTally) -> Result<(), BufferError> {
        self.shared.ack(claims, tally);
        Ok(())
    }

    async fn erase(&self, searcher: &Searcher) -> Result<Erased, BufferError> {
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

/// Does what waits for the disk where waiting harms nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, BufferError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| unwritten(&error)),
        Err(broken) => Err(BufferError::Damaged(format!("its journal's thread ended: {broken}"))),
    }
}
