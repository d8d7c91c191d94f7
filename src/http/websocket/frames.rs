//! The ends of a client's frames and messages, found in the bytes as they are read.
//!
//! The library that reads messages allocates what a frame announces and gathers the frames of a message,
//! so their lengths are checked before.

/// The longest payload of a control frame, in bytes.
const CONTROL_BYTES: u64 = 125;
/// The longest header of a frame, in bytes.
const HEADER_BYTES: usize = 14;

/// The place in a stream of frames.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// The header that is being read.
    header: [u8; HEADER_BYTES],
    header_read: usize,
    /// Bytes of the payload that are to come.
    left: u64,
    is_control: bool,
    is_last: bool,
    /// A message was begun, and its last frame is to come.
    is_fragmented: bool,
    /// The length of the message so far, as announced.
    message: u64,
}

/// The progress by some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A part of a frame.
    Partial,
    /// The end of a frame that is not the end of a message.
    Frame,
    /// The end of a message.
    Message,
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
    /// The most bytes to read next: none beyond the frame.
    pub(super) fn wanted(&self) -> usize {
        match usize::try_from(self.left).unwrap_or(usize::MAX) {
            0 => self.header_length() - self.header_read,
            left => left,
        }
    }

    /// A frame or a message was begun.
    pub(super) fn is_incomplete(&self) -> bool {
        self.header_read > 0 || self.left > 0 || self.is_fragmented
    }

    /// The next bytes are those of a message, not of a header or of a control frame.
    pub(super) fn is_in_message(&self) -> bool {
        self.left > 0 && !self.is_control
    }

    /// Goes on by bytes, at most as many as wanted.
    pub(super) fn advance(&mut self, bytes: &[u8], limit: usize) -> Result<Step, Unfit> {
        if self.left > 0 {
            self.left = self.left.saturating_sub(bytes.len() as u64);
        } else {
            let end = self.header_read + bytes.len();
            self.header[self.header_read..end].copy_from_slice(bytes);
            self.header_read = end;
            if self.header_read < self.header_length() {
                return Ok(Step::Partial);
            }
            self.begin(limit)?;
        }
        if self.left > 0 {
            return Ok(Step::Partial);
        }
        if self.is_control {
            return Ok(Step::Frame);
        }
        self.is_fragmented = !self.is_last;
        if self.is_fragmented {
            return Ok(Step::Frame);
        }
        self.message = 0;
        Ok(Step::Message)
    }

    fn begin(&mut self, limit: usize) -> Result<(), Unfit> {
        self.header_read = 0;
        self.left = self.length();
        self.is_last = self.header[0] & 0x80 != 0;
        self.is_control = self.header[0] & 0x08 != 0;
        if self.is_control {
            return if self.left > CONTROL_BYTES { Err(Unfit::Malformed) } else { Ok(()) };
        }
        self.message = self.message.saturating_add(self.left);
        if self.message > limit as u64 { Err(Unfit::TooLong) } else { Ok(()) }
    }

    /// The length of the header, as far as its first bytes tell.
    fn header_length(&self) -> usize {
        if self.header_read < 2 {
            return 2;
        }
        let extended = match self.header[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if self.header[1] & 0x80 != 0 { 4 } else { 0 };
        2 + extended + mask
    }

    /// The length of the payload.
    fn length(&self) -> u64 {
        let bytes: &[u8] = match self.header[1] & 0x7f {
            126 => &self.header[2..4],
            127 => &self.header[2..10],
            short => return short.into(),
        };
        bytes.iter().fold(0, |length, byte| length << 8 | u64::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, length: usize) -> Vec<u8> {
        let mut frame = vec![first];
        match length {
            0..126 => frame.push(0x80 | length as u8),
            126..65_536 => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&(length as u16).to_be_bytes());
            }
            _ => {
                frame.push(0x80 | 127);
                frame.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        frame.extend_from_slice(&[7; 4]);
        frame.resize(frame.len() + length, 0xff);
        frame
    }

    /// The ends that are found, in pieces of at most `most` bytes.
    fn ends(mut bytes: &[u8], most: usize) -> Result<Vec<Step>, Unfit> {
        let mut frames = Frames::default();
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at(frames.wanted().min(most).min(bytes.len()));
            bytes = rest;
            match frames.advance(piece, 70_000)? {
                Step::Partial => assert!(frames.is_incomplete()),
                end => found.push(end),
            }
        }
        Ok(found)
    }

    #[test]
    fn ends_are_found_however_the_bytes_come() {
        let stream = [
            frame(0x81, 5),
            frame(0x8a, 0),
            frame(0x81, 0),
            frame(0x01, 60_000),
            frame(0x89, 125),
            frame(0x80, 10_000),
            frame(0x82, 70_000),
        ]
        .concat();
        use Step::{Frame, Message};
        for most in [1, 2, 3, 7, 4_096, usize::MAX] {
            let expected = vec![Message, Frame, Message, Frame, Frame, Message, Message];
            assert_eq!(ends(&stream, most), Ok(expected), "{most}");
        }
    }

    #[test]
    fn what_is_too_long_is_refused_by_its_header() {
        assert_eq!(ends(&frame(0x81, 70_001)[..14], usize::MAX), Err(Unfit::TooLong));
        let parts = [frame(0x01, 60_000), frame(0x8a, 9), frame(0x80, 10_001)].concat();
        assert_eq!(ends(&parts, usize::MAX), Err(Unfit::TooLong));
        assert_eq!(
            ends(&[0x81, 0xff, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0], 5),
            Err(Unfit::TooLong)
        );
        assert_eq!(ends(&frame(0x89, 126)[..8], usize::MAX), Err(Unfit::Malformed));
    }
}
