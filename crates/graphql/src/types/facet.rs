use async_graphql::{Object, SimpleObject};

use super::int;
use crate::list::List;

/// The GraphQL type of a facet.
pub(crate) struct Facet {
    field: &'static str,
    buckets: List<Vec<FacetBucket>>,
}

/// A facet: the values of a field in the matching documents with their counts.
#[Object]
impl Facet {
    /// The field of `DocumentFilter`: `source`, `category` or `authorKey`.
    async fn field(&self) -> &'static str {
        self.field
    }

    /// The values by count in descending order, ties by value.
    async fn buckets(&self) -> &List<Vec<FacetBucket>> {
        &self.buckets
    }
}

/// A value of a facet.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct FacetBucket {
    /// The value: pass it to `DocumentFilter` to select these documents.
    value: String,
    /// The number of matching documents with this value.
    count: i32,
}

impl Facet {
    /// The facet with its `size` most frequent values.
    pub(super) fn top(facet: &quarry_search::Facet, size: usize) -> Self {
        let bucket = |bucket: &quarry_search::FacetBucket| FacetBucket {
            value: bucket.value.clone(),
            count: int(bucket.count),
        };
        Self { field: facet.field, buckets: facet.buckets.iter().take(size).map(bucket).collect() }
    }
}
