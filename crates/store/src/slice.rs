//! Keyset pagination: the positions of items, not their numbers, bound a slice of a list.
//!
//! A slice thus stays correct while items are inserted and deleted.

use sea_orm::sea_query::Order;

/// The items of a list between two positions, taken from its beginning or its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slice<P> {
    /// The position before the first item.
    pub after: Option<P>,
    /// The position after the last item.
    pub before: Option<P>,
    /// The maximum number of items.
    pub limit: u64,
    /// Takes the last items instead of the first, still in the order of the list.
    pub from_end: bool,
}

impl<P> Slice<P> {
    /// A slice of the first items.
    pub fn first(limit: u64) -> Self {
        Self { after: None, before: None, limit, from_end: false }
    }

    /// A slice of the last items.
    pub fn last(limit: u64) -> Self {
        Self { from_end: true, ..Self::first(limit) }
    }

    /// The slice of the items after a position.
    #[must_use]
    pub fn after(self, position: impl Into<Option<P>>) -> Self {
        Self { after: position.into(), ..self }
    }

    /// The slice of the items before a position.
    #[must_use]
    pub fn before(self, position: impl Into<Option<P>>) -> Self {
        Self { before: position.into(), ..self }
    }

    /// The order of the statement: that of the list, or its reverse.
    pub(super) fn order(&self, own: Order) -> Order {
        match own {
            own if !self.from_end => own,
            Order::Desc => Order::Asc,
            _ => Order::Desc,
        }
    }

    /// Restores the order of the list in rows of the statement.
    pub(super) fn in_list_order<T>(&self, mut rows: Vec<T>) -> Vec<T> {
        if self.from_end {
            rows.reverse();
        }
        rows
    }
}
