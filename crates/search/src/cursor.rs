//! Keyset cursors: a page continues after the sort key of a hit.
//!
//! Pages join without gaps while the index changes.

use std::cmp::Ordering;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::request::{AttributeOrder, FacetRequest, SearchRequest, SearchSort, SortDirection};

/// A value that orders a hit; in the direction of its order, `Missing` comes last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum OrderValue {
    Missing,
    /// A number, a date in microseconds since 1970, or a distance in meters.
    Number(f64),
    Text(Box<str>),
}

/// The sort key of a hit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SortKey {
    /// The rank of the tier that found the document.
    pub(crate) tier: u8,
    /// One value for each attribute of the order.
    pub(crate) values: Box<[OrderValue]>,
    /// Relevance; 0 in searches sorted by time.
    pub(crate) score: f32,
    /// Microseconds since 1970; `None` comes last.
    pub(crate) published_at: Option<i64>,
    /// The document's id as a number.
    pub(crate) id: u128,
}

impl SortKey {
    /// Compares two keys; `Less` comes first.
    #[inline]
    pub(crate) fn compare(&self, other: &Self, orders: &[AttributeOrder], sort: SearchSort) -> Ordering {
        let by_time = || match (self.published_at, other.published_at) {
            (Some(a), Some(b)) if sort == SearchSort::Oldest => a.cmp(&b),
            (Some(a), Some(b)) => b.cmp(&a),
            // Documents without a time come last in both directions.
            (a, b) => b.is_some().cmp(&a.is_some()),
        };
        let by_values = || {
            let mut pairs = orders.iter().zip(self.values.iter().zip(&other.values));
            let differing = pairs.find_map(|(order, (a, b))| {
                Some(compare_values(order.direction, a, b)).filter(|ordering| ordering.is_ne())
            });
            differing.unwrap_or(Ordering::Equal)
        };
        let by_score = other.score.total_cmp(&self.score);
        let by_tier = self.tier.cmp(&other.tier);
        by_tier.then_with(by_values).then(by_score).then_with(by_time).then_with(|| self.id.cmp(&other.id))
    }
}

/// Compares the values of an order; `Less` comes first.
pub(crate) fn compare_values(direction: SortDirection, a: &OrderValue, b: &OrderValue) -> Ordering {
    let ascending = match (a, b) {
        (OrderValue::Number(a), OrderValue::Number(b)) => a.total_cmp(b),
        (OrderValue::Text(a), OrderValue::Text(b)) => a.cmp(b),
        // Missing values come last in both directions.
        (a, b) => return rank(a).cmp(&rank(b)),
    };
    match direction {
        SortDirection::Ascending => ascending,
        SortDirection::Descending => ascending.reverse(),
    }
}

fn rank(value: &OrderValue) -> u8 {
    match value {
        OrderValue::Number(_) => 0,
        OrderValue::Text(_) => 1,
        OrderValue::Missing => 2,
    }
}

/// Continues a search after a hit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchCursor {
    sort: SearchSort,
    /// The digest of the attributes that order or boost the hits, and of the distinct field; 0 without any.
    order: u32,
    /// The rank of the last tier of the answer.
    pub(crate) depth: u8,
    pub(crate) key: SortKey,
    /// The number of hits up to here, pinned ones included; 0 if none is pinned.
    pub(crate) shown: u32,
}

impl SearchCursor {
    pub(crate) fn new(request: &SearchRequest, depth: u8, key: SortKey) -> Self {
        Self { sort: request.sort, order: digest(request), depth, key, shown: 0 }
    }

    /// Creates a cursor before the first hit.
    pub(crate) fn start(request: &SearchRequest, depth: u8) -> Self {
        let latest = if request.sort == SearchSort::Oldest { i64::MIN } else { i64::MAX };
        let (values, published_at) = (Box::default(), Some(latest));
        Self::new(request, depth, SortKey { tier: 0, values, score: f32::MAX, published_at, id: 0 })
    }

    /// Returns the cursor of another hit of the search.
    pub(crate) fn at(&self, key: SortKey) -> Self {
        Self { key, shown: 0, ..*self }
    }

    /// Returns the cursor with the number of hits up to it.
    pub(crate) fn after_hits(self, shown: u32) -> Self {
        Self { shown, ..self }
    }

    /// Returns the cursor as opaque text.
    pub fn encode(&self) -> String {
        let bytes = postcard::to_stdvec(self).unwrap_or_default();
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// Decodes a cursor of a search with this order.
    pub(crate) fn decode(text: &str, request: &SearchRequest) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (cursor, rest) = postcard::take_from_bytes::<Self>(&bytes).ok()?;
        let is_valid = rest.is_empty()
            && cursor.sort == request.sort
            && cursor.order == digest(request)
            && cursor.key.values.len() == request.order_by.len()
            && cursor.key.score.is_finite();
        is_valid.then_some(cursor)
    }
}

/// Returns a digest that differs between most orders.
fn digest(request: &SearchRequest) -> u32 {
    if request.order_by.is_empty() && request.boosts.is_empty() && request.distinct.is_none() {
        return 0;
    }
    short_digest(&format!("{:?}{:?}{:?}", request.order_by, request.boosts, request.distinct))
}

/// Returns a digest that differs between most lists of values of a facet.
pub fn facet_digest(field: &str, request: &FacetRequest) -> u32 {
    let FacetRequest { order, interval, calendar, ranges, .. } = request;
    short_digest(&format!("{field:?}{order:?}{interval:?}{calendar:?}{ranges:?}"))
}

/// Returns a digest that all servers compute alike.
pub(crate) fn short_digest(text: &str) -> u32 {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).as_fields().0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_round_trip_and_others_are_rejected() {
        let order =
            AttributeOrder { name: "price".to_owned(), direction: SortDirection::Descending, near: None };
        let by_score = SearchRequest::new("", 1);
        let by_time = SearchRequest { sort: SearchSort::Newest, ..by_score.clone() };
        let by_price = SearchRequest { order_by: vec![order], ..by_score.clone() };
        let values: [Box<[OrderValue]>; 2] = [Box::default(), Box::new([OrderValue::Number(1.5)])];
        for (request, values) in [&by_score, &by_price].into_iter().zip(values) {
            let key = SortKey { tier: 1, values, score: 3.25, published_at: Some(-7), id: u128::MAX - 1 };
            let cursor = SearchCursor::new(request, 2, key).after_hits(300);
            let text = cursor.encode();
            assert_eq!(SearchCursor::decode(&text, request), Some(cursor));
            let others = [&by_score, &by_time, &by_price].into_iter().filter(|other| *other != request);
            for other in others {
                assert_eq!(SearchCursor::decode(&text, other), None);
            }
            assert_eq!(SearchCursor::decode(&text[1..], request), None);
        }
        for garbage in ["", "x", "%%%", "AAAA", "ééé"] {
            assert_eq!(SearchCursor::decode(garbage, &by_score), None, "{garbage}");
        }
    }
}
