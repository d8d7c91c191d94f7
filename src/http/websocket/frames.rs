//! A client's frames, checked by their headers, and long ones cut into short ones.
//!
//! The library that reads messages allocates what a frame announces, before any of it has arrived. So a
//! message over the limit is refused by a header, and what is within it arrives in short frames, which a
//! message may consist of: it takes the memory of what has arrived.

/// The longest payload of a control frame, in bytes.
const CONTROL_BYTES: u64 = 125;
/// The longest header of a frame, in bytes.
pub(super) const HEADER_BYTES: usize = 14;
/// The longest frame that is passed on, in bytes; a multiple of the mask's length.
const PIECE_BYTES: u64 = 16 << 10;

const LAST: u8 = 0x80;
const CONTROL: u8 = 0x08;
const MASKED: u8 = 0x80;

/// The place in a stream of frames.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// The header that is being read, or was read last.
    header: Header,
    /// The header that is being passed on, and how much of it was.
    passed: Header,
    passed_bytes: usize,
    /// Bytes to come of the piece that is being passed on, and of its frame after that.
    piece: usize,
    rest: u64,
    /// A message was begun, and its last frame is to come.
    is_fragmented: bool,
    /// The length of the message so far, as announced.
    message: u64,
}

/// A part of a header, or a whole one.
#[derive(Clone, Copy, Debug, Default)]
struct Header {
    bytes: [u8; HEADER_BYTES],
    length: usize,
}

/// A frame that is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// Its message is longer than the limit.
    TooLong,
    /// It is no frame.
    Malformed,
}

impl Frames {
    /// Bytes of a header that are to be read next; none while a frame is passed on.
    pub(super) fn wanted(&self) -> usize {
        if self.is_passing() { 0 } else { self.header.missing() }
    }

    /// Bytes of the payload that are to be passed on next.
    pub(super) fn payload(&self) -> usize {
        self.piece
    }

    /// The payload is that of a message, not of a control frame.
    pub(super) fn is_of_message(&self) -> bool {
        !self.header.is_control()
    }

    /// A frame or a message was begun.
    pub(super) fn is_incomplete(&self) -> bool {
        self.piece > 0 || self.is_fragmented || (0 < self.header.length && !self.header.is_whole())
    }

    /// Adds bytes of a header, at most as many as wanted.
    pub(super) fn read(&mut self, bytes: &[u8], limit: usize) -> Result<(), Unfit> {
        if self.header.is_whole() {
            self.header = Header::default();
        }
        self.header.push(bytes);
        if !self.header.is_whole() {
            return Ok(());
        }
        self.rest = self.header.payload();
        if self.header.is_control() {
            if self.rest > CONTROL_BYTES {
                return Err(Unfit::Malformed);
            }
        } else {
            self.message = self.message.saturating_add(self.rest);
            if self.message > limit as u64 {
                return Err(Unfit::TooLong);
            }
        }
        self.begin_piece(self.header.bytes[0]);
        Ok(())
    }

    /// Passes a header on, or a part of it; returns its length.
    pub(super) fn pass(&mut self, buffer: &mut [u8]) -> usize {
        let left = &self.passed.bytes[self.passed_bytes..self.passed.length];
        let length = left.len().min(buffer.len());
        buffer[..length].copy_from_slice(&left[..length]);
        self.passed_bytes += length;
        if length > 0 && !self.is_passing() {
            self.end_frame();
        }
        length
    }

    /// Advances by bytes of the payload that were passed on.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.piece = self.piece.saturating_sub(bytes);
        if self.piece > 0 {
            return;
        }
        if self.rest > 0 {
            // What follows in a message has no kind of its own.
            self.begin_piece(self.header.bytes[0] & LAST);
        } else {
            self.end_frame();
        }
    }

    fn is_passing(&self) -> bool {
        self.piece > 0 || self.passed_bytes < self.passed.length
    }

    fn begin_piece(&mut self, first: u8) {
        let piece = self.rest.min(PIECE_BYTES);
        self.rest -= piece;
        self.piece = piece as usize;
        let first = if self.rest > 0 { first & !LAST } else { first };
        self.passed = self.header.of_piece(first, self.piece);
        self.passed_bytes = 0;
    }

    fn end_frame(&mut self) {
        if self.header.is_control() {
            return;
        }
        self.is_fragmented = self.header.bytes[0] & LAST == 0;
        if !self.is_fragmented {
            self.message = 0;
        }
    }
}

impl Header {
    fn push(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        self.bytes[self.length..end].copy_from_slice(bytes);
        self.length = end;
    }

    fn is_control(&self) -> bool {
        self.bytes[0] & CONTROL != 0
    }

    fn is_whole(&self) -> bool {
        self.length >= 2 && self.length == self.whole()
    }

    fn missing(&self) -> usize {
        if self.is_whole() { 2 } else { self.whole() - self.length }
    }

    /// The length of the whole header, as far as its first bytes tell.
    fn whole(&self) -> usize {
        if self.length < 2 { 2 } else { 2 + self.extension() + self.mask() }
    }

    /// Bytes that the length takes beside the second one.
    fn extension(&self) -> usize {
        match self.bytes[1] & !MASKED {
            126 => 2,
            127 => 8,
            _ => 0,
        }
    }

    /// Bytes of the mask.
    fn mask(&self) -> usize {
        if self.bytes[1] & MASKED != 0 { 4 } else { 0 }
    }

    /// The length of the payload.
    fn payload(&self) -> u64 {
        match self.extension() {
            0 => (self.bytes[1] & !MASKED).into(),
            extension => {
                let bytes = &self.bytes[2..2 + extension];
                bytes.iter().fold(0, |length, byte| length << 8 | u64::from(*byte))
            }
        }
    }

    /// The header of a piece of the frame, under the same mask.
    fn of_piece(&self, first: u8, length: usize) -> Self {
        let mut header = Self::default();
        let masked = self.bytes[1] & MASKED;
        match u8::try_from(length) {
            Ok(short @ ..126) => header.push(&[first, masked | short]),
            _ => {
                header.push(&[first, masked | 126]);
                header.push(&(length as u16).to_be_bytes());
            }
        }
        let mask = 2 + self.extension();
        header.push(&self.bytes[mask..mask + self.mask()]);
        header
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket};
    use tokio_tungstenite::tungstenite::{Error, Message};

    use super::*;

    const LIMIT: usize = 70_000;

    fn frame(first: u8, length: usize) -> Vec<u8> {
        let mut frame = vec![first];
        match length {
            0..126 => frame.push(MASKED | length as u8),
            126..65_536 => {
                frame.push(MASKED | 126);
                frame.extend_from_slice(&(length as u16).to_be_bytes());
            }
            _ => {
                frame.push(MASKED | 127);
                frame.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        let mask = [1, 2, 4, 8];
        frame.extend_from_slice(&mask);
        let letter = |at: usize| b'a' + (at % 7) as u8;
        frame.extend((0..length).map(|at| letter(at) ^ mask[at % 4]));
        frame
    }

    /// The frames passed on of a stream, in pieces of at most `most` bytes.
    fn pass(mut bytes: &[u8], most: usize) -> Result<Vec<u8>, Unfit> {
        let mut frames = Frames::default();
        let mut passed = Vec::new();
        let mut buffer = vec![0; most];
        loop {
            let length = frames.pass(&mut buffer);
            passed.extend_from_slice(&buffer[..length]);
            if length > 0 {
                continue;
            }
            let wanted = frames.wanted();
            let next = if wanted > 0 { wanted } else { frames.payload() };
            let (piece, rest) = bytes.split_at(next.min(most).min(bytes.len()));
            bytes = rest;
            if piece.is_empty() {
                assert!(!frames.is_incomplete());
                return Ok(passed);
            }
            if wanted > 0 {
                frames.read(piece, LIMIT)?;
            } else {
                assert!(frames.is_incomplete());
                passed.extend_from_slice(piece);
                frames.advance(piece.len());
            }
        }
    }

    fn messages(stream: Vec<u8>) -> Vec<Message> {
        let mut socket = WebSocket::from_raw_socket(Cursor::new(stream), Role::Server, None);
        let mut messages = Vec::new();
        loop {
            match socket.read() {
                Ok(message) => messages.push(message),
                Err(Error::Io(_) | Error::Protocol(_)) => return messages,
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn messages_stay_as_they_are_in_short_frames() {
        let stream = [
            frame(0x81, 5),
            frame(0x8a, 0),
            frame(0x81, 0),
            frame(0x81, 70_000),
            frame(0x01, 40_001),
            frame(0x8a, 125),
            frame(0x00, 20_000),
            frame(0x80, 9_999),
            frame(0x82, 16_384),
            frame(0x81, 126),
        ]
        .concat();
        let expected = messages(stream.clone());
        assert_eq!(expected.len(), 8);
        for most in [1, 2, 3, 7, 4_096, 1 << 20] {
            assert_eq!(messages(pass(&stream, most).unwrap()), expected, "{most}");
        }
    }

    #[test]
    fn unfit_frames_are_refused_by_their_headers() {
        assert_eq!(pass(&frame(0x81, 70_001)[..14], 4_096), Err(Unfit::TooLong));
        let parts = [frame(0x01, 60_000), frame(0x8a, 9), frame(0x80, 10_001)].concat();
        assert_eq!(pass(&parts, 4_096), Err(Unfit::TooLong));
        let longest = [0x81, 0xff, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0];
        assert_eq!(pass(&longest, 5), Err(Unfit::TooLong));
        assert_eq!(pass(&frame(0x89, 126)[..8], 4_096), Err(Unfit::Malformed));
    }
}
