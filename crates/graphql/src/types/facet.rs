use async_graphql::SimpleObject;

use super::int;

/// How the found documents spread over the values of a field.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct Facet {
    /// The field, as `DocumentFilter` names it: `source`, `category` or `authorKey`.
    field: &'static str,
    /// Its values, most frequent first, ties by value.
    buckets: Vec<FacetBucket>,
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
