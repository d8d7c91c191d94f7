use async_graphql::{Object, SimpleObject};

use super::int;
use crate::list::List;

/// The counts of a field's values, as GraphQL shows them.
pub(crate) struct Facet {
    field: &'static str,
    buckets: List<Vec<FacetBucket>>,
}

/// The values of a field in the found documents, with their counts.
#[Object]
impl Facet {
    /// The field, as `DocumentFilter` names it: `source`, `category` or `authorKey`.
    async fn field(&self) -> &'static str {
        self.field
    }

    /// Its values, most frequent first, ties by value.
    async fn buckets(&self) -> &List<Vec<FacetBucket>> {
        &self.buckets
    }
}

/// One value of a facet.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct FacetBucket {
    /// The value: give it to the filter to see these documents only.
    value: String,
    /// How many found documents have it.
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
