//! Answers as JSON: none longer than the limit, and each counted in memory until it is sent.

use std::io::{self, Write};

use bytes::Bytes;
use serde::Serialize;

use super::HttpState;
use super::problem::Errors;
use crate::graphql::{Answer, ResponseMemory, no_room_for_response, response_too_large};
use crate::memory::MemoryPermit;

/// The size of a page of found documents, in bytes: reserved at once, since growing costs.
const TYPICAL_BYTES: usize = 2 << 10;
/// Up to this size, in bytes, what is sent is not counted: connections hold as much anyway.
const UNCOUNTED_BYTES: usize = 4 << 10;

/// A body or a message, with the memory that it takes until it is sent.
#[derive(Default)]
pub(super) struct Encoded {
    json: Vec<u8>,
    permit: MemoryPermit,
    is_replaced: bool,
}

impl Encoded {
    /// The beginning of a body.
    pub(super) fn begin(bytes: &[u8]) -> Self {
        let mut json = Vec::with_capacity(TYPICAL_BYTES);
        json.extend_from_slice(bytes);
        Self { json, ..Self::default() }
    }

    /// Adds bytes as they are.
    pub(super) fn raw(mut self, bytes: &[u8]) -> Self {
        self.json.extend_from_slice(bytes);
        self
    }

    /// Adds an answer, or why it is not sent.
    pub(super) fn answer(mut self, answer: Answer, state: &HttpState) -> Self {
        let error = match answer {
            Answer::Refused(errors) => return self.json(&Errors { errors: &errors }),
            Answer::Ran(response, memory) => {
                let before = self.json.len();
                let limit = state.limits.response_bytes;
                if memory.bytes > 0 {
                    self.json.reserve(memory.bytes.saturating_add(TYPICAL_BYTES).min(limit));
                }
                let fits = {
                    let mut bounded = Bounded { json: &mut self.json, limit };
                    serde_json::to_writer(&mut bounded, &response).is_ok()
                };
                drop(response);
                let refused = if fits {
                    self.hold(memory, before, state).err()
                } else {
                    Some(response_too_large(limit))
                };
                let Some(error) = refused else { return self };
                self.is_replaced = true;
                self.json.truncate(before);
                self.json.shrink_to(before + TYPICAL_BYTES);
                error
            }
        };
        self.json(&Errors { errors: &[error] })
    }

    /// An answer was replaced by the reason why it is not sent.
    pub(super) fn is_replaced(&self) -> bool {
        self.is_replaced
    }

    /// The bytes; their memory is given back with the last of them.
    pub(super) fn into_bytes(self) -> Bytes {
        if self.permit.bytes() == 0 { self.json.into() } else { Bytes::from_owner(self) }
    }

    fn json(mut self, value: &impl Serialize) -> Self {
        serde_json::to_writer(&mut self.json, value).expect("errors are JSON");
        self
    }

    /// Counts what was added since.
    fn hold(
        &mut self,
        memory: ResponseMemory,
        before: usize,
        state: &HttpState,
    ) -> Result<(), async_graphql::ServerError> {
        let ResponseMemory { mut permit, refusable, .. } = memory;
        let added = self.json.len() - before;
        if added > UNCOUNTED_BYTES && refusable {
            let responses = state.api.responses();
            let more = added.saturating_sub(permit.bytes());
            responses.grow(&mut permit, more).map_err(|_| no_room_for_response(responses.limit()))?;
            permit.shrink_to(added);
            self.permit.merge(permit);
        }
        Ok(())
    }
}

impl AsRef<[u8]> for Encoded {
    fn as_ref(&self) -> &[u8] {
        &self.json
    }
}

/// A buffer of a bounded length.
struct Bounded<'a> {
    json: &'a mut Vec<u8>,
    limit: usize,
}

impl Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    // Called by the serializer for each piece.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.json.len() + bytes.len() > self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.json.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
