//! Records as bytes, and back. What comes back may be torn or damaged anywhere.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use crate::local_buffer::record::Record;

/// Begins every file; another version gets another number.
pub(super) const HEADER: &[u8] = b"quarry keystrokes 1\n";
/// The length, its checksum, the record's checksum.
const PREFIX_BYTES: usize = 12;
/// Read at once.
const BUFFER_BYTES: usize = 256 << 10;

/// How a file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Whole,
    /// The last write was broken off.
    Torn,
    /// There is something that no write can have left.
    Damaged,
}

pub(super) fn put(record: &Record<'_>, frames: &mut Vec<u8>) -> io::Result<()> {
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

/// Tells the records of a file in order; how far it can be read, and what is there.
pub(super) fn read(mut file: &File, mut tell: impl FnMut(Record<'_>)) -> io::Result<(u64, Ending)> {
    let total = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::with_capacity(BUFFER_BYTES, file);
    let mut header = Vec::new();
    reader.by_ref().take(HEADER.len() as u64).read_to_end(&mut header)?;
    if header != HEADER {
        let torn = HEADER.starts_with(&header) || only_zeros(header.as_slice().chain(reader))?;
        return Ok((0, if torn { Ending::Torn } else { Ending::Damaged }));
    }
    let mut at = HEADER.len() as u64;
    let mut record = Vec::new();
    while at < total {
        let rest = total - at;
        if rest < PREFIX_BYTES as u64 {
            return Ok((at, Ending::Torn));
        }
        let mut prefix = [0; PREFIX_BYTES];
        reader.read_exact(&mut prefix)?;
        let Some((len, sum)) = parse_prefix(prefix) else {
            // A system that went down may leave a file longer than what it wrote.
            let torn = only_zeros(prefix.as_slice().chain(reader))?;
            return Ok((at, if torn { Ending::Torn } else { Ending::Damaged }));
        };
        let frame = PREFIX_BYTES as u64 + u64::from(len);
        if frame > rest {
            return Ok((at, Ending::Torn));
        }
        record.resize(len as usize, 0);
        reader.read_exact(&mut record)?;
        if crc32fast::hash(&record) != sum {
            return Ok((at, Ending::Damaged));
        }
        match postcard::take_from_bytes(&record) {
            Ok((record, [])) => tell(record),
            _ => return Ok((at, Ending::Damaged)),
        }
        at += frame;
    }
    Ok((at, Ending::Whole))
}

/// The record's length and checksum, if the length is sound.
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
