//! The memory of a response, counted while it is made: its texts, and the documents read for it.
//!
//! A response is a tree of values before it is JSON, and a short document can ask for the same long text
//! many times over. So long texts are counted as they are added, and what is over the limit is not added.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Context, ServerError};

use super::error::{ErrorCode, Failure, refusal};
use quarry_runtime::memory::{MemoryBudget, MemoryPermit};

/// Texts of up to this size, in bytes, are not counted one by one: the cost of a document bounds them.
const SHORT_BYTES: usize = 256;
/// Documents that are read for a response may take this many times its limit.
const READ_FACTOR: usize = 2;

/// The memory of one response. Clones share it.
#[derive(Clone)]
pub(super) struct ResponseBudget(Arc<Inner>);

struct Inner {
    limit: usize,
    said: AtomicUsize,
    read: AtomicUsize,
    /// The memory of all responses; none for mutations, which are not to fail once they have run.
    shared: Option<MemoryBudget>,
    permit: Mutex<MemoryPermit>,
}

/// The memory that a response holds until it is sent.
#[derive(Debug, Default)]
pub struct ResponseMemory {
    /// The bytes that it takes of the memory of all responses.
    pub permit: MemoryPermit,
    /// The bytes of its long texts: about the length of its JSON.
    pub bytes: usize,
    /// It may be refused for want of memory.
    pub refusable: bool,
}

impl ResponseBudget {
    pub(super) fn new(limit: usize, shared: Option<MemoryBudget>) -> Self {
        let (said, read) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self(Arc::new(Inner { limit, said, read, shared, permit: Mutex::default() }))
    }

    /// Counts a text of the response.
    pub(super) fn say<'a>(ctx: &Context<'_>, text: &'a str) -> Result<&'a str, Failure> {
        if text.len() > SHORT_BYTES
            && let Some(budget) = ctx.data_opt::<Self>()
        {
            budget.add(&budget.0.said, text.len(), budget.0.limit)?;
        }
        Ok(text)
    }

    /// Counts memory that documents take while the response is made.
    pub(super) fn read(ctx: &Context<'_>, bytes: usize) -> Result<(), Failure> {
        Self::of(ctx).map_or(Ok(()), |budget| budget.add_read(bytes))
    }

    /// See [`Self::read`].
    pub(super) fn add_read(&self, bytes: usize) -> Result<(), Failure> {
        self.add(&self.0.read, bytes, self.0.limit.saturating_mul(READ_FACTOR))
    }

    /// Bytes that may still be read for the response.
    pub(super) fn readable(&self) -> usize {
        self.0.limit.saturating_mul(READ_FACTOR).saturating_sub(self.0.read.load(Ordering::Relaxed))
    }

    /// The failure of a field that would make the response too large.
    pub(super) fn refusal(ctx: &Context<'_>) -> Failure {
        let limit = Self::of(ctx).map_or(usize::MAX, |budget| budget.0.limit);
        Failure::new(ErrorCode::ResponseTooLarge, too_large(limit))
    }

    /// The budget of the request.
    pub(super) fn of<'a>(ctx: &Context<'a>) -> Option<&'a Self> {
        ctx.data_opt::<Self>()
    }

    /// The memory that the finished response holds: that of its texts.
    pub(super) fn finish(&self) -> ResponseMemory {
        let mut permit = self.0.permit.lock().unwrap_or_else(PoisonError::into_inner).take();
        let bytes = self.0.said.load(Ordering::Relaxed);
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
                .map_err(|_| Failure::new(ErrorCode::TooBusy, too_busy(shared.limit())))?;
        }
        Ok(())
    }
}

fn too_large(limit: usize) -> String {
    format!(
        "The response would be larger than the {limit} bytes that this server sends (limits.response_bytes). Ask for \
         fewer documents, fields or aliases at once."
    )
}

fn too_busy(limit: usize) -> String {
    format!("The server is at its limit of {limit} bytes of responses. Try again in a moment.")
}

/// The error of a response that is larger than the server sends.
pub fn response_too_large(limit: usize) -> ServerError {
    refusal(ErrorCode::ResponseTooLarge, too_large(limit))
}

/// The error of a response for which there is no memory now.
pub fn no_room_for_response(limit: usize) -> ServerError {
    refusal(ErrorCode::TooBusy, too_busy(limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(added: Result<(), Failure>) -> Option<ErrorCode> {
        added.err().map(|failure| failure.code())
    }

    #[test]
    fn a_response_is_bounded_by_itself_and_by_all_others() {
        let shared = MemoryBudget::new(1_000);
        let (one, other) =
            (ResponseBudget::new(300, Some(shared.clone())), ResponseBudget::new(300, Some(shared.clone())));
        one.add_read(400).unwrap();
        assert_eq!(one.readable(), 200);
        assert_eq!(code(one.add_read(201)), Some(ErrorCode::ResponseTooLarge));
        let say = |budget: &ResponseBudget, bytes| budget.add(&budget.0.said, bytes, budget.0.limit);
        say(&one, 300).unwrap();
        assert_eq!(code(say(&one, 1)), Some(ErrorCode::ResponseTooLarge));
        say(&other, 200).unwrap();
        assert_eq!(code(other.add_read(101)), Some(ErrorCode::TooBusy));
        drop(one.finish());
        other.add_read(101).unwrap();
        let held = other.finish();
        assert_eq!((held.bytes, held.permit.bytes(), shared.taken()), (200, 200, 200));
        // What has been written is answered, whatever others hold.
        ResponseBudget::new(300, None).add_read(600).unwrap();
    }
}
