//! The encoding of records as frames, and its tolerant reader: a file may be torn or damaged anywhere.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use crate::local_buffer::record::Record;

/// The first bytes of each file, with the version of the format.
pub(super) const HEADER: &[u8] = b"quarry keystrokes 1\n";
/// The length, its checksum, the record's checksum.
const PREFIX_BYTES: usize = 12;
const READ_BUFFER_BYTES: usize = 256 << 10;

/// The state of the end of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tail {
    Whole,
    /// The last write is incomplete.
    Torn,
    /// Bytes that no write left there.
    Damaged,
}

pub(super) fn encode(record: &Record<'_>, frames: &mut Vec<u8>) -> io::Result<()> {
    let start = frames.len();
    frames.extend([0; PREFIX_BYTES]);
    *frames = postcard::to_extend(record, std::mem::take(frames)).map_err(io::Error::other)?;
    let payload = start + PREFIX_BYTES;
    let len = u32::try_from(frames.len() - payload).map_err(io::Error::other)?.to_le_bytes();
    let sums = [crc32fast::hash(&len), crc32fast::hash(&frames[payload..])].map(u32::to_le_bytes);
    frames[start..start + 4].copy_from_slice(&len);
    frames[start + 4..start + 8].copy_from_slice(&sums[0]);
    frames[start + 8..payload].copy_from_slice(&sums[1]);
    Ok(())
}

/// Replays the records of a file. Returns the length of its whole frames, and its tail.
pub(super) fn read(mut file: &File, mut replay: impl FnMut(Record<'_>)) -> io::Result<(u64, Tail)> {
    let total = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::with_capacity(READ_BUFFER_BYTES, file);
    let mut header = Vec::new();
    reader.by_ref().take(HEADER.len() as u64).read_to_end(&mut header)?;
    if header != HEADER {
        let torn = HEADER.starts_with(&header) || only_zeros(header.as_slice().chain(reader))?;
        return Ok((0, if torn { Tail::Torn } else { Tail::Damaged }));
    }
    let mut at = HEADER.len() as u64;
    let mut record = Vec::new();
    while at < total {
        let rest = total - at;
        if rest < PREFIX_BYTES as u64 {
            return Ok((at, Tail::Torn));
        }
        let mut prefix = [0; PREFIX_BYTES];
        reader.read_exact(&mut prefix)?;
        let Some((len, sum)) = parse_prefix(prefix) else {
            // After a crash of the system, zeros may follow the written bytes.
            let torn = only_zeros(prefix.as_slice().chain(reader))?;
            return Ok((at, if torn { Tail::Torn } else { Tail::Damaged }));
        };
        let frame = PREFIX_BYTES as u64 + u64::from(len);
        if frame > rest {
            return Ok((at, Tail::Torn));
        }
        record.resize(len as usize, 0);
        reader.read_exact(&mut record)?;
        if crc32fast::hash(&record) != sum {
            return Ok((at, Tail::Damaged));
        }
        match postcard::take_from_bytes(&record) {
            Ok((record, [])) => replay(record),
            _ => return Ok((at, Tail::Damaged)),
        }
        at += frame;
    }
    Ok((at, Tail::Whole))
}

/// The length and the checksum of a record, if the checksum of the length matches.
fn parse_prefix(prefix: [u8; PREFIX_BYTES]) -> Option<(u32, u32)> {
    let [len, len_sum, sum] = [0, 4, 8].map(|at| {
        let bytes: [u8; 4] = std::array::from_fn(|byte| prefix[at + byte]);
        u32::from_le_bytes(bytes)
    });
    (crc32fast::hash(&len.to_le_bytes()) == len_sum).then_some((len, sum))
}

fn only_zeros(reader: impl Read) -> io::Result<bool> {
    for byte in BufReader::new(reader).bytes() {
        if byte? != 0 {
            return Ok(false);
        }
    }
    Ok(true)
}
