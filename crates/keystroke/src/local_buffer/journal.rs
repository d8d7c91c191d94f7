//! The journal: one file that says, change by change, how the buffer's state came to be.
//!
//! A frame is the length of a record, the checksum of the length, the checksum of the record, and
//! the record (postcard). A change is one `write`, so the system has it before anybody is told, and
//! a process that is killed loses nothing. What such a write left half done is cut off at once, or
//! before the next one.
//!
//! While the journal is written anew, every change goes to the old file and to the new one, which
//! takes the old one's place under a name of its own when it is complete and on disk. So there is
//! always one file that tells everything, and a new file that cannot be finished is just dropped.

mod frames;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::warn;

use super::record::Record;
use frames::{Ending, HEADER};

/// The length of a journal that says nothing.
pub(super) const EMPTY_BYTES: u64 = HEADER.len() as u64;

const JOURNAL: &str = "journal";
/// A new file that is not complete.
const PART: &str = "part";
/// What could not be read.
const DAMAGED: &str = "damaged";

#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
    /// Numbers the files; the highest one counts.
    number: u64,
    current: Segment,
    next: Option<Segment>,
    /// How many bytes of changes were written since the journal was opened.
    written: u64,
    frames: Vec<u8>,
}

#[derive(Debug)]
struct Segment {
    path: PathBuf,
    file: Arc<File>,
    /// The bytes of whole frames.
    len: u64,
    /// There may be more bytes behind them.
    ragged: bool,
}

impl Journal {
    /// Opens the journal of a folder, or begins one, and tells what it says.
    pub fn open(folder: &Path, tell: impl FnMut(Record<'_>)) -> io::Result<Self> {
        for path in files(folder, PART)? {
            std::fs::remove_file(path)?;
        }
        let journals = files(folder, JOURNAL)?.into_iter();
        let newest =
            journals.filter_map(|path| Some((path.file_stem()?.to_str()?.parse().ok()?, path))).max();
        let (number, current) = match newest {
            Some((number, path)) => (number, Segment::open(path, tell)?),
            None => (1, Segment::create(name(folder, 1, JOURNAL))?),
        };
        remove_old(folder, &current.path)?;
        sync_folder(folder)?;
        Ok(Self { folder: folder.to_owned(), number, current, next: None, written: 0, frames: Vec::new() })
    }

    /// Writes a change: when this returns, the system has it; when it fails, nobody has.
    pub fn write(&mut self, record: &Record<'_>) -> io::Result<()> {
        if self.is_deleted() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "it was deleted while it was open"));
        }
        self.frames.clear();
        frames::put(record, &mut self.frames)?;
        self.current.write(&self.frames)?;
        self.written += self.frames.len() as u64;
        if let Some(next) = &mut self.next
            && let Err(error) = next.write(&self.frames)
        {
            warn!(%error, "the new keystroke journal cannot be written, the old one goes on");
            self.abandon();
        }
        Ok(())
    }

    /// Begins to write the journal anew.
    pub fn begin_anew(&mut self) -> io::Result<()> {
        self.abandon();
        self.next = Some(Segment::create(name(&self.folder, self.number + 1, PART))?);
        Ok(())
    }

    /// Says in the new journal what the old one said before.
    pub fn copy(&mut self, records: &[Record<'_>]) -> io::Result<()> {
        self.frames.clear();
        for record in records {
            frames::put(record, &mut self.frames)?;
        }
        let next = self.next.as_mut().ok_or_else(abandoned)?;
        next.write(&self.frames)
    }

    /// The new file, and how much of it there is.
    pub fn new_file(&self) -> io::Result<(Arc<File>, u64)> {
        let next = self.next.as_ref().ok_or_else(abandoned)?;
        Ok((next.file.clone(), next.len))
    }

    /// Puts the new file, which is on disk, into the place of the old one, which is to be removed.
    pub fn finish_anew(&mut self) -> io::Result<()> {
        let mut next = self.next.take().ok_or_else(abandoned)?;
        let complete = name(&self.folder, self.number + 1, JOURNAL);
        if let Err(error) = std::fs::rename(&next.path, &complete) {
            self.next = Some(next);
            return Err(error);
        }
        next.path = complete;
        self.number += 1;
        self.current = next;
        Ok(())
    }

    /// Drops the new file.
    pub fn abandon(&mut self) {
        if let Some(next) = self.next.take()
            && let Err(error) = std::fs::remove_file(&next.path)
        {
            warn!(%error, "an unfinished keystroke journal could not be removed");
        }
    }

    /// The file, and how many bytes of changes it has been given so far.
    pub fn file(&self) -> (Arc<File>, u64) {
        (self.current.file.clone(), self.written)
    }

    /// Writes to another file from now on.
    #[cfg(test)]
    pub fn replace_file(&mut self, file: Arc<File>) -> Arc<File> {
        std::mem::replace(&mut self.current.file, file)
    }

    /// Detects a file without a name: what is written to it ends with the process.
    pub fn is_deleted(&self) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            self.current.file.metadata().is_ok_and(|found| found.nlink() == 0)
        }
        // Elsewhere an open file cannot be deleted.
        #[cfg(not(unix))]
        false
    }

    pub fn written(&self) -> u64 {
        self.written
    }

    pub fn path(&self) -> &Path {
        &self.current.path
    }

    /// How long the journal is.
    pub fn bytes(&self) -> u64 {
        self.current.len
    }
}

impl Segment {
    fn create(path: PathBuf) -> io::Result<Self> {
        let file = options().create(true).open(&path)?;
        file.set_len(0)?;
        let mut segment = Self { path, file: Arc::new(file), len: 0, ragged: false };
        segment.write(HEADER)?;
        Ok(segment)
    }

    /// Opens a file of an earlier process, and cuts off what cannot be read.
    fn open(path: PathBuf, tell: impl FnMut(Record<'_>)) -> io::Result<Self> {
        let file = options().open(&path)?;
        let (len, ending) = frames::read(&file, tell)?;
        let rest = file.metadata()?.len() - len;
        match ending {
            Ending::Whole => {}
            Ending::Torn => warn!(journal.bytes = rest, "the keystroke journal's torn end was cut off"),
            Ending::Damaged => {
                let aside = set_aside(&path, &file, len)?;
                warn!(
                    journal.bytes = rest,
                    journal.aside = %aside.display(),
                    "the keystroke journal is damaged: it goes on from before the damage, the rest was set aside"
                );
            }
        }
        file.set_len(len)?;
        let mut segment = Self { path, file: Arc::new(file), len, ragged: false };
        if len == 0 {
            segment.write(HEADER)?;
        }
        // The process that wrote it may not have come to that.
        segment.file.sync_all()?;
        Ok(segment)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.ragged {
            self.file.set_len(self.len)?;
            self.ragged = false;
        }
        if let Err(error) = self.file.as_ref().write_all(bytes) {
            self.ragged = self.file.set_len(self.len).is_err();
            return Err(error);
        }
        self.len += bytes.len() as u64;
        Ok(())
    }
}

/// Appending, so that what was cut off leaves no hole.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    options
}

fn abandoned() -> io::Error {
    io::Error::other("the new keystroke journal could not be finished")
}

fn name(folder: &Path, number: u64, kind: &str) -> PathBuf {
    folder.join(format!("{number:020}.{kind}"))
}

fn files(folder: &Path, kind: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == kind) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Keeps what stands behind a place of a file in a file of its own.
fn set_aside(path: &Path, mut file: &File, from: u64) -> io::Result<PathBuf> {
    let mut tries = 0;
    let (aside, mut copy) = loop {
        let aside = path.with_extension(format!("{tries}.{DAMAGED}"));
        match File::create_new(&aside) {
            Ok(copy) => break (aside, copy),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => tries += 1,
            Err(error) => return Err(error),
        }
    };
    file.seek(SeekFrom::Start(from))?;
    io::copy(&mut file.take(u64::MAX), &mut copy)?;
    copy.sync_all()?;
    Ok(aside)
}

/// Removes the journals that a newer one has taken the place of.
pub(super) fn remove_old(folder: &Path, newest: &Path) -> io::Result<()> {
    for path in files(folder, JOURNAL)? {
        if path != newest {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Removes what was set aside: nobody can tell what is in there.
pub(super) fn remove_set_aside(folder: &Path) -> io::Result<()> {
    for path in files(folder, DAMAGED)? {
        warn!(journal.aside = %path.display(), "a damaged keystroke journal is removed, since somebody is erased");
        std::fs::remove_file(path)?;
    }
    Ok(())
}

/// Makes the names of new files last.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened like a file, and needs no such thing.
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
