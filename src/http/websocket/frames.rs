//! A filter of a client's frames: checks their headers and splits long frames.
//!
//! The WebSocket library allocates the announced length of a frame before any of it has arrived. So a
//! header rejects a message over the limit, and the others are forwarded in short frames, whose memory
//! grows with the bytes that have arrived.

/// The longest payload of a control frame, in bytes.
const CONTROL_BYTES: u64 = 125;
/// The longest header of a frame, in bytes.
pub(super) const HEADER_BYTES: usize = 14;
/// The longest forwarded frame, in bytes; a multiple of the mask's length.
const FRAGMENT_BYTES: u64 = 16 << 10;

const LAST: u8 = 0x80;
const CONTROL: u8 = 0x08;
const MASKED: u8 = 0x80;

/// The state of the filter within a stream of frames.
#[derive(Debug, Default)]
pub(super) struct FrameFilter {
    /// The header that is being read, or the last one.
    header: Header,
    /// The header that is being forwarded, and the bytes of it that were.
    forwarded: Header,
    forwarded_bytes: usize,
    /// Remaining bytes of the fragment that is being forwarded, and of its frame after that.
    fragment: usize,
    rest: u64,
    /// A message has begun whose last frame is yet to come.
    is_fragmented: bool,
    /// The announced length of the message so far.
    message: u64,
}

/// A complete or partial frame header.
#[derive(Clone, Copy, Debug, Default)]
struct Header {
    bytes: [u8; HEADER_BYTES],
    length: usize,
}

/// The reason to reject a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameError {
    /// Its message exceeds the limit.
    TooLong,
    /// It violates the protocol.
    Malformed,
}

impl FrameFilter {
    /// The header bytes to read next; none while a frame is forwarded.
    pub(super) fn header_bytes(&self) -> usize {
        if self.is_forwarding() { 0 } else { self.header.missing() }
    }

    /// The payload bytes to forward next.
    pub(super) fn payload_bytes(&self) -> usize {
        self.fragment
    }

    /// Returns true if the payload belongs to a message, false for a control frame.
    pub(super) fn is_of_message(&self) -> bool {
        !self.header.is_control()
    }

    /// Returns true within a frame or a message.
    pub(super) fn is_incomplete(&self) -> bool {
        self.fragment > 0 || self.is_fragmented || (0 < self.header.length && !self.header.is_whole())
    }

    /// Reads bytes of a header, at most `header_bytes`.
    pub(super) fn read(&mut self, bytes: &[u8], limit: usize) -> Result<(), FrameError> {
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
                return Err(FrameError::Malformed);
            }
        } else {
            self.message = self.message.saturating_add(self.rest);
            if self.message > limit as u64 {
                return Err(FrameError::TooLong);
            }
        }
        self.start_fragment(self.header.bytes[0]);
        Ok(())
    }

    /// Writes a part of the next header to forward; returns the length of the part.
    pub(super) fn write_header(&mut self, buffer: &mut [u8]) -> usize {
        let left = &self.forwarded.bytes[self.forwarded_bytes..self.forwarded.length];
        let length = left.len().min(buffer.len());
        buffer[..length].copy_from_slice(&left[..length]);
        self.forwarded_bytes += length;
        if length > 0 && !self.is_forwarding() {
            self.end_frame();
        }
        length
    }

    /// Advances by forwarded bytes of the payload.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.fragment = self.fragment.saturating_sub(bytes);
        if self.fragment > 0 {
            return;
        }
        if self.rest > 0 {
            // A continuation frame has opcode 0.
            self.start_fragment(self.header.bytes[0] & LAST);
        } else {
            self.end_frame();
        }
    }

    fn is_forwarding(&self) -> bool {
        self.fragment > 0 || self.forwarded_bytes < self.forwarded.length
    }

    fn start_fragment(&mut self, first: u8) {
        let fragment = self.rest.min(FRAGMENT_BYTES);
        self.rest -= fragment;
        self.fragment = fragment as usize;
        let first = if self.rest > 0 { first & !LAST } else { first };
        self.forwarded = self.header.of_fragment(first, self.fragment);
        self.forwarded_bytes = 0;
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

    /// The length of the whole header, as far as its first bytes determine it.
    fn whole(&self) -> usize {
        if self.length < 2 { 2 } else { 2 + self.extension() + self.mask() }
    }

    /// The bytes of the extended payload length.
    fn extension(&self) -> usize {
        match self.bytes[1] & !MASKED {
            126 => 2,
            127 => 8,
            _ => 0,
        }
    }

    /// The bytes of the masking key.
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

    /// The header of a fragment of the frame, with the same masking key.
    fn of_fragment(&self, first: u8, length: usize) -> Self {
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

    /// Filters a stream in reads and writes of at most `most` bytes.
    fn filter(mut bytes: &[u8], most: usize) -> Result<Vec<u8>, FrameError> {
        let mut frames = FrameFilter::default();
        let mut forwarded = Vec::new();
        let mut buffer = vec![0; most];
        loop {
            let length = frames.write_header(&mut buffer);
            forwarded.extend_from_slice(&buffer[..length]);
            if length > 0 {
                continue;
            }
            let header = frames.header_bytes();
            let next = if header > 0 { header } else { frames.payload_bytes() };
            let (part, rest) = bytes.split_at(next.min(most).min(bytes.len()));
            bytes = rest;
            if part.is_empty() {
                assert!(!frames.is_incomplete());
                return Ok(forwarded);
            }
            if header > 0 {
                frames.read(part, LIMIT)?;
            } else {
                assert!(frames.is_incomplete());
                forwarded.extend_from_slice(part);
                frames.advance(part.len());
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
    fn messages_stay_the_same_in_short_frames() {
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
            assert_eq!(messages(filter(&stream, most).unwrap()), expected, "{most}");
        }
    }

    #[test]
    fn headers_reject_frames() {
        assert_eq!(filter(&frame(0x81, 70_001)[..14], 4_096), Err(FrameError::TooLong));
        let parts = [frame(0x01, 60_000), frame(0x8a, 9), frame(0x80, 10_001)].concat();
        assert_eq!(filter(&parts, 4_096), Err(FrameError::TooLong));
        let longest = [0x81, 0xff, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0];
        assert_eq!(filter(&longest, 5), Err(FrameError::TooLong));
        assert_eq!(filter(&frame(0x89, 126)[..8], 4_096), Err(FrameError::Malformed));
    }
}
