//! Memory budgets: bytes that many share, each part held as long as its permit.

use std::sync::Arc;

use prometheus_client::metrics::counter::Counter;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Up to this size, in bytes, permits have a quarter of a budget to themselves.
pub const SMALL_BYTES: usize = 64 << 10;

/// A bounded number of bytes. Clones share it.
#[derive(Clone)]
pub struct MemoryBudget(Arc<BudgetState>);

struct BudgetState {
    limit: usize,
    free: Arc<Semaphore>,
    refusals: Counter,
}

/// Bytes of a budget, held until this is dropped.
#[derive(Debug, Default)]
pub struct MemoryPermit(Option<OwnedSemaphorePermit>);

/// A refusal: the budget has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the memory budget has no room")]
pub struct Exhausted;

impl MemoryBudget {
    /// Creates an unused budget.
    pub fn new(limit: usize) -> Self {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        let free = Arc::new(Semaphore::new(limit));
        Self(Arc::new(BudgetState { limit, free, refusals: Counter::default() }))
    }

    /// Adds bytes to a permit of this budget.
    pub fn grow(&self, permit: &mut MemoryPermit, bytes: usize) -> Result<(), Exhausted> {
        self.grow_within(permit, bytes, self.0.limit)
    }

    /// Adds bytes to a permit, unless all permits together would exceed `share`.
    pub fn grow_within(
        &self,
        permit: &mut MemoryPermit,
        bytes: usize,
        share: usize,
    ) -> Result<(), Exhausted> {
        // Otherwise a few large, long-held permits would block the small ones that most requests need.
        let large = permit.bytes().saturating_add(bytes) > SMALL_BYTES;
        let share = if large { share.min(self.0.limit - self.0.limit / 4) } else { share };
        if share < self.0.limit && self.taken().saturating_add(bytes) > share {
            return Err(self.refuse());
        }
        let more = u32::try_from(bytes).ok();
        let more = more.and_then(|bytes| self.0.free.clone().try_acquire_many_owned(bytes).ok());
        permit.merge(MemoryPermit(Some(more.ok_or_else(|| self.refuse())?)));
        Ok(())
    }

    /// Returns the bytes of all permits.
    pub fn taken(&self) -> usize {
        self.0.limit.saturating_sub(self.0.free.available_permits())
    }

    /// Returns the maximum bytes of all permits.
    pub fn limit(&self) -> usize {
        self.0.limit
    }

    /// Returns the counter of refusals.
    pub fn refusals(&self) -> &Counter {
        &self.0.refusals
    }

    fn refuse(&self) -> Exhausted {
        self.0.refusals.inc();
        Exhausted
    }
}

impl MemoryPermit {
    /// Returns the bytes of the permit.
    pub fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }

    /// Takes the permit out, leaving an empty one.
    pub fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// Adds the bytes of another permit of the same budget.
    pub fn merge(&mut self, other: Self) {
        let Some(more) = other.0 else { return };
        match &mut self.0 {
            Some(held) => held.merge(more),
            none => *none = Some(more),
        }
    }

    /// Gives back all but `bytes`.
    pub fn shrink_to(&mut self, bytes: usize) {
        let excess = self.bytes().saturating_sub(bytes);
        if let Some(held) = &mut self.0
            && excess > 0
        {
            drop(held.split(excess));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permits_grow_and_give_back() {
        let budget = MemoryBudget::new(100);
        let (mut one, mut other) = (MemoryPermit::default(), MemoryPermit::default());
        budget.grow(&mut one, 60).unwrap();
        budget.grow(&mut other, 30).unwrap();
        assert_eq!(budget.grow(&mut one, 20), Err(Exhausted));
        budget.grow(&mut one, 10).unwrap();
        assert_eq!((budget.taken(), one.bytes(), budget.refusals().get()), (100, 70, 1));
        one.shrink_to(80);
        one.shrink_to(5);
        assert_eq!((budget.taken(), one.bytes()), (35, 5));
        drop(one);
        assert_eq!(budget.taken(), 30);
        assert_eq!(budget.grow(&mut other, usize::MAX), Err(Exhausted));
    }

    #[test]
    fn large_permits_leave_room_for_small_ones() {
        let budget = MemoryBudget::new(4 << 20);
        let (mut large, mut small) = (MemoryPermit::default(), MemoryPermit::default());
        budget.grow(&mut large, 3 << 20).unwrap();
        budget.grow(&mut large, 1).unwrap_err();
        budget.grow(&mut small, SMALL_BYTES).unwrap();
        budget.grow(&mut small, 1).unwrap_err();
        drop(large);
        budget.grow(&mut small, 1).unwrap();
    }

    #[test]
    fn a_share_keeps_the_rest_free() {
        let budget = MemoryBudget::new(100);
        let (mut keyless, mut keyed) = (MemoryPermit::default(), MemoryPermit::default());
        budget.grow_within(&mut keyless, 50, 50).unwrap();
        budget.grow_within(&mut keyless, 1, 50).unwrap_err();
        budget.grow(&mut keyed, 50).unwrap();
    }
}
