//! The journal: a file of records that reproduce the buffer's state.
//!
//! A frame is the length of a record, the checksum of the length, the checksum of the record, and
//! the record (postcard). A change is one `write` that precedes the reply, so a killed process loses
//! nothing. A failed `write` is truncated at once, or before the next one.
//!
//! During a compaction, each change goes to the old file and to the new one. The new file replaces the old
//! one, under a name of its own, once it is complete and on disk. So one file is complete at any time, and a
//! failed compaction only drops the new file.

mod frames;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::warn;

use super::record::Record;
use frames::{HEADER, Tail};

/// The length of a journal without records.
pub(super) const EMPTY_BYTES: u64 = HEADER.len() as u64;

const JOURNAL: &str = "journal";
/// The extension of an incomplete compacted file.
const PART: &str = "part";
/// The extension of unreadable bytes that were set aside.
const DAMAGED: &str = "damaged";

#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
    /// The number of the current file, the highest of the folder.
    number: u64,
    current: JournalFile,
    compacted: Option<JournalFile>,
    /// Bytes of changes since the journal was opened.
    written: u64,
    frames: Vec<u8>,
}

#[derive(Debug)]
struct JournalFile {
    path: PathBuf,
    file: Arc<File>,
    /// The length of its whole frames.
    len: u64,
    /// A failed write may have left bytes behind them.
    torn: bool,
}

impl Journal {
    /// Opens or creates the journal of a folder, and replays its records.
    pub fn open(folder: &Path, replay: impl FnMut(Record<'_>)) -> io::Result<Self> {
        for path in files(folder, PART)? {
            std::fs::remove_file(path)?;
        }
        let journals = files(folder, JOURNAL)?.into_iter();
        let newest =
            journals.filter_map(|path| Some((path.file_stem()?.to_str()?.parse().ok()?, path))).max();
        let (number, current) = match newest {
            Some((number, path)) => (number, JournalFile::open(path, replay)?),
            None => (1, JournalFile::create(name(folder, 1, JOURNAL))?),
        };
        remove_replaced(folder, &current.path)?;
        sync_folder(folder)?;
        let folder = folder.to_owned();
        Ok(Self { folder, number, current, compacted: None, written: 0, frames: Vec::new() })
    }

    /// Passes a change to the operating system, or leaves the journal as it was.
    pub fn write(&mut self, record: &Record<'_>) -> io::Result<()> {
        if self.is_deleted() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the open journal was deleted"));
        }
        self.frames.clear();
        frames::encode(record, &mut self.frames)?;
        self.current.write(&self.frames)?;
        self.written += self.frames.len() as u64;
        if let Some(compacted) = &mut self.compacted
            && let Err(error) = compacted.write(&self.frames)
        {
            warn!(%error, "the compaction of the keystroke journal failed: the journal remains in use");
            self.abort_compaction();
        }
        Ok(())
    }

    pub fn begin_compaction(&mut self) -> io::Result<()> {
        self.abort_compaction();
        self.compacted = Some(JournalFile::create(name(&self.folder, self.number + 1, PART))?);
        Ok(())
    }

    pub fn is_compacting(&self) -> bool {
        self.compacted.is_some()
    }

    /// Copies records of the state into the compacted file.
    pub fn copy(&mut self, records: &[Record<'_>]) -> io::Result<()> {
        self.frames.clear();
        for record in records {
            frames::encode(record, &mut self.frames)?;
        }
        let compacted = self.compacted.as_mut().ok_or_else(compaction_aborted)?;
        compacted.write(&self.frames)
    }

    /// The compacted file and its length.
    pub fn compacted_file(&self) -> io::Result<(Arc<File>, u64)> {
        let compacted = self.compacted.as_ref().ok_or_else(compaction_aborted)?;
        Ok((compacted.file.clone(), compacted.len))
    }

    /// Makes the compacted file current. It must be on disk; the caller removes the old one.
    pub fn finish_compaction(&mut self) -> io::Result<()> {
        let mut compacted = self.compacted.take().ok_or_else(compaction_aborted)?;
        let complete = name(&self.folder, self.number + 1, JOURNAL);
        if let Err(error) = std::fs::rename(&compacted.path, &complete) {
            self.compacted = Some(compacted);
            return Err(error);
        }
        compacted.path = complete;
        self.number += 1;
        self.current = compacted;
        Ok(())
    }

    pub fn abort_compaction(&mut self) {
        if let Some(compacted) = self.compacted.take()
            && let Err(error) = std::fs::remove_file(&compacted.path)
        {
            warn!(%error, "the file of a failed compaction of the keystroke journal was not removed");
        }
    }

    /// The current file, and the bytes of changes since the journal was opened.
    pub fn file(&self) -> (Arc<File>, u64) {
        (self.current.file.clone(), self.written)
    }

    /// The bytes of changes since the journal was opened.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Replaces the current file, and returns the previous one.
    #[cfg(test)]
    pub fn replace_file(&mut self, file: Arc<File>) -> Arc<File> {
        std::mem::replace(&mut self.current.file, file)
    }

    /// Detects a file without a name: its content would end with the process.
    pub fn is_deleted(&self) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            self.current.file.metadata().is_ok_and(|found| found.nlink() == 0)
        }
        // Other systems refuse to delete an open file.
        #[cfg(not(unix))]
        false
    }

    pub fn path(&self) -> &Path {
        &self.current.path
    }

    /// The length of the current file.
    pub fn bytes(&self) -> u64 {
        self.current.len
    }
}

impl JournalFile {
    fn create(path: PathBuf) -> io::Result<Self> {
        let file = options().create(true).open(&path)?;
        file.set_len(0)?;
        let mut created = Self { path, file: Arc::new(file), len: 0, torn: false };
        created.write(HEADER)?;
        Ok(created)
    }

    /// Opens a file of an earlier process, and truncates its unreadable end.
    fn open(path: PathBuf, replay: impl FnMut(Record<'_>)) -> io::Result<Self> {
        let file = options().open(&path)?;
        let (len, tail) = frames::read(&file, replay)?;
        let rest = file.metadata()?.len() - len;
        match tail {
            Tail::Whole => {}
            Tail::Torn => warn!(journal.bytes = rest, "the keystroke journal's torn end was cut off"),
            Tail::Damaged => {
                let aside = set_aside(&path, &file, len)?;
                warn!(
                    journal.bytes = rest,
                    journal.aside = %aside.display(),
                    "the keystroke journal is damaged: the part before the damage remains in use, the rest was set aside"
                );
            }
        }
        file.set_len(len)?;
        let mut opened = Self { path, file: Arc::new(file), len, torn: false };
        if len == 0 {
            opened.write(HEADER)?;
        }
        // The process that wrote it may have ended before its sync.
        opened.file.sync_all()?;
        Ok(opened)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.torn {
            self.file.set_len(self.len)?;
            self.torn = false;
        }
        if let Err(error) = self.file.as_ref().write_all(bytes) {
            self.torn = self.file.set_len(self.len).is_err();
            return Err(error);
        }
        self.len += bytes.len() as u64;
        Ok(())
    }
}

/// Opens for appending, so that a truncation leaves no hole.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    options
}

fn compaction_aborted() -> io::Error {
    io::Error::other("the compaction of the keystroke journal was aborted")
}

fn name(folder: &Path, number: u64, extension: &str) -> PathBuf {
    folder.join(format!("{number:020}.{extension}"))
}

fn files(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Copies the bytes after an offset into a file of their own.
fn set_aside(path: &Path, mut file: &File, from: u64) -> io::Result<PathBuf> {
    let mut number = 0;
    let (aside, mut copy) = loop {
        let aside = path.with_extension(format!("{number}.{DAMAGED}"));
        match File::create_new(&aside) {
            Ok(copy) => break (aside, copy),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    };
    file.seek(SeekFrom::Start(from))?;
    io::copy(&mut file.take(u64::MAX), &mut copy)?;
    copy.sync_all()?;
    Ok(aside)
}

/// Removes all journals but the newest.
pub(super) fn remove_replaced(folder: &Path, newest: &Path) -> io::Result<()> {
    for path in files(folder, JOURNAL)? {
        if path != newest {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Removes the bytes that were set aside: they may hold the text of an erased person.
pub(super) fn remove_set_aside(folder: &Path) -> io::Result<()> {
    for path in files(folder, DAMAGED)? {
        warn!(journal.aside = %path.display(), "an erasure removes a damaged keystroke journal");
        std::fs::remove_file(path)?;
    }
    Ok(())
}

/// Syncs the names of new files.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Other systems cannot open a folder like a file, and need no sync.
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
