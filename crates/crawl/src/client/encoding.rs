//! The `Content-Encoding` of responses: gzip of one or several members, and deflate with and without zlib's header.
//!
//! reqwest decodes one member of gzip and zlib only, and compares the names of codings case-sensitively.

use std::io::{self, Write as _};

use flate2::write::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use http::header::{CONTENT_ENCODING, HeaderMap};

use super::statements::str_of;

/// The codings that requests accept.
pub(super) const ACCEPTED_ENCODINGS: &str = "gzip, deflate";

/// Other codings that compress: other names stand beside plain bodies, too.
const OTHER_CODINGS: [&str; 10] =
    ["br", "zstd", "compress", "x-compress", "bzip2", "xz", "lz4", "snappy", "dcb", "dcz"];

/// The encoded bytes that are decoded at once, to at most a thousand times as many.
const PART_BYTES: usize = 1_024;
/// The space for decoded bytes that is added at once.
const BUFFER_BYTES: usize = 32 * 1_024;

/// Takes a decoded part of a body, or refuses it.
type AppendPart<'a> = dyn FnMut(&[u8]) -> io::Result<()> + 'a;

/// Decodes the chunks of a body.
#[derive(Default)]
pub(super) struct BodyDecoder {
    /// The codings in the order in which they are removed: the last applied one first.
    codings: Vec<Coding>,
    /// One that requests do not accept.
    other: Option<&'static str>,
}

/// A coding that is being removed.
enum Coding {
    /// The body has not begun.
    NewGzip,
    Gzip(MultiGzDecoder<Vec<u8>>),
    /// The first byte, which with the second one tells zlib from raw deflate.
    NewDeflate(Option<u8>),
    Deflate(Inflater),
}

/// Decodes deflate, and notices if the end is missing.
struct Inflater {
    stream: Decompress,
    has_header: bool,
    has_ended: bool,
}

impl BodyDecoder {
    /// Reads the codings of a response. Unknown ones leave the body as it is.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(CONTENT_ENCODING).iter().filter_map(str_of);
        let (mut codings, mut other) = (Vec::new(), None);
        for coding in lines.flat_map(|line| line.split(',')) {
            match coding.trim().to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => codings.push(Coding::NewGzip),
                "deflate" | "x-deflate" => codings.push(Coding::NewDeflate(None)),
                name => other = OTHER_CODINGS.into_iter().find(|known| *known == name).or(other),
            }
        }
        codings.reverse();
        Self { codings, other }
    }

    /// Returns the coding of the response that requests do not accept, if any.
    pub(super) fn other_coding(&self) -> Option<&'static str> {
        self.other
    }

    /// Decodes a chunk, and passes the result to `append` in parts: a few bytes may be the code of many.
    pub(super) fn decode(&mut self, chunk: &[u8], append: &mut AppendPart<'_>) -> io::Result<()> {
        decode(&mut self.codings, chunk, append)
    }

    /// Passes on the rest of the body; an error if it is not whole.
    pub(super) fn finish(self, append: &mut AppendPart<'_>) -> io::Result<()> {
        let mut codings = self.codings.into_iter();
        while let Some(coding) = codings.next() {
            decode(codings.as_mut_slice(), &coding.finish()?, append)?;
        }
        Ok(())
    }
}

fn decode(codings: &mut [Coding], chunk: &[u8], append: &mut AppendPart<'_>) -> io::Result<()> {
    let Some((coding, others)) = codings.split_first_mut() else { return append(chunk) };
    for part in chunk.chunks(PART_BYTES) {
        decode(others, &coding.decode(part)?, append)?;
    }
    Ok(())
}

impl Coding {
    fn decode(&mut self, mut chunk: &[u8]) -> io::Result<Vec<u8>> {
        if chunk.is_empty() {
            return Ok(Vec::new());
        }
        let mut first = None;
        match self {
            Self::NewGzip => *self = Self::Gzip(MultiGzDecoder::new(Vec::new())),
            Self::NewDeflate(known) => {
                let byte = known.take().unwrap_or_else(|| {
                    let byte = chunk[0];
                    chunk = &chunk[1..];
                    byte
                });
                let Some(second) = chunk.first() else {
                    *known = Some(byte);
                    return Ok(Vec::new());
                };
                first = Some(byte);
                let has_header = is_zlib(byte, *second);
                let stream = Decompress::new(has_header);
                *self = Self::Deflate(Inflater { stream, has_header, has_ended: false });
            }
            Self::Gzip(_) | Self::Deflate(_) => {}
        }
        match self {
            Self::Gzip(decoder) => {
                decoder.write_all(chunk)?;
                Ok(std::mem::take(decoder.get_mut()))
            }
            Self::Deflate(inflater) => {
                let mut decoded = Vec::new();
                for part in [first.as_slice(), chunk] {
                    inflater.decode(part, &mut decoded)?;
                }
                Ok(decoded)
            }
            Self::NewGzip | Self::NewDeflate(_) => Ok(Vec::new()),
        }
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            // Some servers name a coding for an empty body.
            Self::NewGzip | Self::NewDeflate(None) => Ok(Vec::new()),
            Self::NewDeflate(Some(_)) => Err(io::ErrorKind::UnexpectedEof.into()),
            Self::Gzip(decoder) => decoder.finish(),
            Self::Deflate(inflater) if inflater.has_ended => Ok(Vec::new()),
            // Without the header of zlib, a text may decode to its end.
            Self::Deflate(inflater) if !inflater.has_header => Err(io::ErrorKind::InvalidData.into()),
            Self::Deflate(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Inflater {
    fn decode(&mut self, mut chunk: &[u8], decoded: &mut Vec<u8>) -> io::Result<()> {
        while !self.has_ended {
            decoded.reserve(BUFFER_BYTES);
            let before = self.stream.total_in();
            let status = self.stream.decompress_vec(chunk, decoded, FlushDecompress::None)?;
            let read = usize::try_from(self.stream.total_in() - before).unwrap_or(chunk.len());
            chunk = &chunk[read.min(chunk.len())..];
            self.has_ended = status == Status::StreamEnd;
            if chunk.is_empty() && decoded.len() < decoded.capacity() {
                break;
            }
        }
        Ok(())
    }
}

/// Recognizes the header of zlib (RFC 1950).
fn is_zlib(first: u8, second: u8) -> bool {
    first & 0x0f == 8 && u16::from_be_bytes([first, second]).is_multiple_of(31)
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    const TEXT: &[u8] = b"{\"items\": [1, 2, 3, 1, 2, 3]}";

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).expect("written");
        encoder.finish().expect("compressed")
    }

    fn deflate(text: &[u8], has_header: bool) -> Vec<u8> {
        let level = Compression::default();
        if has_header {
            let mut encoder = ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(text).expect("written");
            return encoder.finish().expect("compressed");
        }
        let mut encoder = DeflateEncoder::new(Vec::new(), level);
        encoder.write_all(text).expect("written");
        encoder.finish().expect("compressed")
    }

    fn decode(encoding: &str, body: &[u8], chunk: usize) -> io::Result<Vec<u8>> {
        let headers = HeaderMap::from_iter([(CONTENT_ENCODING, encoding.parse().expect("a value"))]);
        let mut decoder = BodyDecoder::of(&headers);
        let mut text = Vec::new();
        let mut append = |part: &[u8]| {
            text.extend_from_slice(part);
            Ok(())
        };
        for chunk in body.chunks(chunk) {
            decoder.decode(chunk, &mut append)?;
        }
        decoder.finish(&mut append)?;
        Ok(text)
    }

    #[test]
    fn codings_are_removed_in_any_spelling_and_chunking() {
        let members = [gzip(&TEXT[..9]), gzip(&TEXT[9..])].concat();
        for (encoding, body) in [
            ("gzip", gzip(TEXT)),
            ("GZIP", gzip(TEXT)),
            ("x-gzip", gzip(TEXT)),
            ("gzip", members),
            ("deflate", deflate(TEXT, true)),
            ("Deflate", deflate(TEXT, false)),
            ("gzip, gzip", gzip(&gzip(TEXT))),
            ("deflate, gzip", gzip(&deflate(TEXT, false))),
            ("identity", TEXT.to_vec()),
            ("aws-chunked", TEXT.to_vec()),
        ] {
            for chunk in [1, 2, 7, 1_000] {
                assert_eq!(decode(encoding, &body, chunk).expect("a body"), TEXT, "{encoding} by {chunk}");
            }
        }
        assert_eq!(decode("gzip", b"", 1).expect("a body"), b"", "an empty body");
    }

    #[test]
    fn a_small_body_of_many_bytes_is_decoded_in_parts_until_one_is_refused() {
        let zeros = gzip(&vec![0; 16 << 20]);
        for (encoding, body) in [("gzip", zeros.clone()), ("gzip, gzip", gzip(&zeros))] {
            let headers = HeaderMap::from_iter([(CONTENT_ENCODING, encoding.parse().expect("a value"))]);
            let (mut decoded, mut largest) = (0, 0);
            let mut append = |part: &[u8]| {
                (decoded, largest) = (decoded + part.len(), largest.max(part.len()));
                if decoded > 4 << 20 { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(()) }
            };
            let mut decoder = BodyDecoder::of(&headers);
            let outcome = decoder.decode(&body, &mut append).and_then(|()| decoder.finish(&mut append));
            let error = outcome.expect_err("a refusal");
            assert_eq!(error.kind(), io::ErrorKind::FileTooLarge, "{encoding}");
            assert!(largest <= 2 << 20 && decoded <= 6 << 20, "{encoding}: {largest} of {decoded} bytes");
        }
    }

    #[test]
    fn a_broken_body_is_an_error() {
        for (encoding, body) in
            [("gzip", gzip(TEXT)), ("deflate", deflate(TEXT, true)), ("deflate", deflate(TEXT, false))]
        {
            assert!(decode(encoding, &body[..body.len() - 4], 7).is_err(), "{encoding}, cut off");
            assert!(decode(encoding, TEXT, 7).is_err(), "{encoding}, plain");
        }
        assert!(decode("deflate", b"x", 1).is_err());
    }
}
