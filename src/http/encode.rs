//! Responses as JSON, bounded in length and counted in memory until they are sent.

use std::io::{self, Write};

use bytes::Bytes;
use serde::Serialize;

use super::HttpState;
use super::http_error::Errors;
use crate::graphql::{Answer, ResponseMemory, response_memory_exhausted, response_too_large};
use crate::memory::MemoryPermit;

/// The size of a page of search results, in bytes; reserved at once to avoid reallocation.
const TYPICAL_BYTES: usize = 2 << 10;
/// The longest response that is not counted, in bytes: each connection's buffer holds as much.
const UNCOUNTED_BYTES: usize = 4 << 10;

/// A body or a message, with a permit for its memory until it is sent.
#[derive(Default)]
pub(super) struct ResponseBody {
    json: Vec<u8>,
    permit: MemoryPermit,
    is_replaced: bool,
}

impl ResponseBody {
    pub(super) fn starting_with(bytes: &[u8]) -> Self {
        let mut json = Vec::with_capacity(TYPICAL_BYTES);
        json.extend_from_slice(bytes);
        Self { json, ..Self::default() }
    }

    /// Appends bytes.
    pub(super) fn raw(mut self, bytes: &[u8]) -> Self {
        self.json.extend_from_slice(bytes);
        self
    }

    /// Appends an answer, or an error in its place if it exceeds a limit.
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
                    let mut bounded = BoundedWriter { json: &mut self.json, limit };
                    serde_json::to_writer(&mut bounded, &response).is_ok()
                };
                drop(response);
                let error = if fits {
                    self.reserve(memory, before, state).err()
                } else {
                    Some(response_too_large(limit))
                };
                let Some(error) = error else { return self };
                self.is_replaced = true;
                self.json.truncate(before);
                self.json.shrink_to(before + TYPICAL_BYTES);
                error
            }
        };
        self.json(&Errors { errors: &[error] })
    }

    /// Returns true if an error took the place of an answer.
    pub(super) fn is_replaced(&self) -> bool {
        self.is_replaced
    }

    /// The bytes; the last reference to them releases the permit.
    pub(super) fn into_bytes(self) -> Bytes {
        if self.permit.bytes() == 0 { self.json.into() } else { Bytes::from_owner(self) }
    }

    fn json(mut self, value: &impl Serialize) -> Self {
        serde_json::to_writer(&mut self.json, value).expect("errors are JSON");
        self
    }

    /// Reserves the memory of the bytes after `before`.
    fn reserve(
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
            responses.grow(&mut permit, more).map_err(|_| response_memory_exhausted(responses.limit()))?;
            permit.shrink_to(added);
            self.permit.merge(permit);
        }
        Ok(())
    }
}

impl AsRef<[u8]> for ResponseBody {
    fn as_ref(&self) -> &[u8] {
        &self.json
    }
}

/// A writer that fails at its limit.
struct BoundedWriter<'a> {
    json: &'a mut Vec<u8>,
    limit: usize,
}

impl Write for BoundedWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    // The serializer calls this one.
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
