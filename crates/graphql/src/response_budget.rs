//! The memory of a response, counted during execution: its texts and the documents read.
//!
//! A response is a tree of values before it becomes JSON, and a short document can request a long text many times. Long
//! texts are therefore counted before they are added, and fail beyond the limit.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Context, ServerError};

use super::error_code::{ErrorCode, request_error};
use super::failure::Failure;
use quarry_runtime::memory::{MemoryBudget, MemoryPermit};

/// The length of texts that are not counted, in bytes: the document's cost bounds them.
const SHORT_BYTES: usize = 256;
/// The limit of the documents read, in relation to the limit of the response.
const READ_FACTOR: usize = 2;

/// The memory of one response. Clones share it.
#[derive(Clone)]
pub(super) struct ResponseBudget(Arc<ResponseUsage>);

struct ResponseUsage {
    limit: usize,
    text_bytes: AtomicUsize,
    read_bytes: AtomicUsize,
    /// The memory of all responses; `None` for mutations, which must not fail after they have written.
    shared: Option<MemoryBudget>,
    permit: Mutex<MemoryPermit>,
}

/// The memory that a response occupies until it is sent.
#[derive(Debug, Default)]
pub struct ResponseMemory {
    /// The share of the memory of all responses.
    pub permit: MemoryPermit,
    /// The length of the long texts, in bytes: approximately that of the JSON.
    pub bytes: usize,
    /// The response may be rejected if memory is exhausted.
    pub refusable: bool,
}

impl ResponseBudget {
    pub(super) fn new(limit: usize, shared: Option<MemoryBudget>) -> Self {
        let (text_bytes, read_bytes) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self(Arc::new(ResponseUsage { limit, text_bytes, read_bytes, shared, permit: Mutex::default() }))
    }

    /// Adds a text to the response.
    pub(super) fn add_text<'a>(ctx: &Context<'_>, text: &'a str) -> Result<&'a str, Failure> {
        if text.len() > SHORT_BYTES
            && let Some(budget) = Self::of(ctx)
        {
            budget.add(&budget.0.text_bytes, text.len(), budget.0.limit)?;
        }
        Ok(text)
    }

    /// Adds the memory of documents that are read for the response.
    pub(super) fn add_read(&self, bytes: usize) -> Result<(), Failure> {
        self.add(&self.0.read_bytes, bytes, self.0.limit.saturating_mul(READ_FACTOR))
    }

    /// The remaining memory for documents, in bytes.
    pub(super) fn readable(&self) -> usize {
        self.0.limit.saturating_mul(READ_FACTOR).saturating_sub(self.0.read_bytes.load(Ordering::Relaxed))
    }

    /// The failure of a field that would make the response too large.
    pub(super) fn too_large(ctx: &Context<'_>) -> Failure {
        let limit = Self::of(ctx).map_or(usize::MAX, |budget| budget.0.limit);
        Failure::new(ErrorCode::ResponseTooLarge, too_large(limit))
    }

    /// The budget of the request; subscriptions have none.
    pub(super) fn of<'a>(ctx: &Context<'a>) -> Option<&'a Self> {
        ctx.data_opt::<Self>()
    }

    /// The memory of the finished response: that of its texts.
    pub(super) fn finish(&self) -> ResponseMemory {
        let mut permit = self.0.permit.lock().unwrap_or_else(PoisonError::into_inner).take();
        let bytes = self.0.text_bytes.load(Ordering::Relaxed);
        permit.shrink_to(bytes);
        ResponseMemory { permit, bytes, refusable: self.0.shared.is_some() }
    }

    fn add(&self, sum: &AtomicUsize, bytes: usize, limit: usize) -> Result<(), Failure> {
        if bytes == 0 {
            return Ok(());
        }
        if sum.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) > limit {
            return Err(Failure::new(ErrorCode::ResponseTooLarge, too_large(self.0.limit)));
        }
        if let Some(shared) = &self.0.shared {
            let mut permit = self.0.permit.lock().unwrap_or_else(PoisonError::into_inner);
            shared
                .grow(&mut permit, bytes)
                .map_err(|_| Failure::new(ErrorCode::TooBusy, memory_exhausted(shared.limit())))?;
        }
        Ok(())
    }
}

fn too_large(limit: usize) -> String {
    format!(
        "The response would exceed the limit of {limit} bytes (limits.response_bytes). Request fewer documents, fields \
         or aliases at once."
    )
}

fn memory_exhausted(limit: usize) -> String {
    format!("The server is at its limit of {limit} bytes of responses. Retry in a moment.")
}

/// The error of a response that exceeds the limit of its size.
pub fn response_too_large(limit: usize) -> ServerError {
    request_error(ErrorCode::ResponseTooLarge, too_large(limit))
}

/// The error of a response that exceeds the memory of all responses.
pub fn response_memory_exhausted(limit: usize) -> ServerError {
    request_error(ErrorCode::TooBusy, memory_exhausted(limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(added: Result<(), Failure>) -> Option<ErrorCode> {
        added.err().map(|failure| failure.code)
    }

    #[test]
    fn the_memory_of_a_response_and_of_all_responses_is_bounded() {
        let shared = MemoryBudget::new(1_000);
        let (one, other) =
            (ResponseBudget::new(300, Some(shared.clone())), ResponseBudget::new(300, Some(shared.clone())));
        one.add_read(400).unwrap();
        assert_eq!(one.readable(), 200);
        assert_eq!(code(one.add_read(201)), Some(ErrorCode::ResponseTooLarge));
        let add_text =
            |budget: &ResponseBudget, bytes| budget.add(&budget.0.text_bytes, bytes, budget.0.limit);
        add_text(&one, 300).unwrap();
        assert_eq!(code(add_text(&one, 1)), Some(ErrorCode::ResponseTooLarge));
        add_text(&other, 200).unwrap();
        assert_eq!(code(other.add_read(101)), Some(ErrorCode::TooBusy));
        drop(one.finish());
        other.add_read(101).unwrap();
        let memory = other.finish();
        assert_eq!((memory.bytes, memory.permit.bytes(), shared.taken()), (200, 200, 200));
        // A mutation is independent of other responses.
        ResponseBudget::new(300, None).add_read(600).unwrap();
    }
}
