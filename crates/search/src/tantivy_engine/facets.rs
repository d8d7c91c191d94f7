//! Counts the matching documents by the values of the label fields.

use std::collections::HashMap;

use tantivy::DocId;
use tantivy::columnar::StrColumn;

use super::super::engine::{Facet, FacetBucket};
use super::segment::IndexSegment;

/// The name of each facet in the API, and its column.
const FACETS: [(&str, &str); 3] =
    [("source", "source"), ("category", "category"), ("authorKey", "author_key")];
/// The maximum number of values per facet.
const MAX_BUCKETS: usize = 100;

/// Counts of all segments, by value.
#[derive(Default)]
pub(super) struct FacetCounts {
    counts: [HashMap<String, u64>; FACETS.len()],
}

/// Counts of one segment, by the ordinals of its columns.
pub(super) struct SegmentFacets {
    columns: Vec<(usize, StrColumn, Vec<u32>)>,
}

impl SegmentFacets {
    pub(super) fn open(segment: &IndexSegment) -> tantivy::Result<Self> {
        let mut columns = Vec::new();
        for (facet, (_, column)) in FACETS.iter().enumerate() {
            if let Some(column) = segment.labels(column)? {
                let counts = vec![0; column.num_terms()];
                columns.push((facet, column, counts));
            }
        }
        Ok(Self { columns })
    }

    pub(super) fn count(&mut self, doc: DocId) {
        for (_, column, counts) in &mut self.columns {
            for ordinal in column.term_ords(doc) {
                if let Some(count) = usize::try_from(ordinal).ok().and_then(|at| counts.get_mut(at)) {
                    *count += 1;
                }
            }
        }
    }
}

impl FacetCounts {
    pub(super) fn add(&mut self, segment: SegmentFacets) -> tantivy::Result<()> {
        for (facet, column, counts) in segment.columns {
            let mut value = String::new();
            for (ordinal, count) in (0..).zip(counts).filter(|(_, count)| *count > 0) {
                value.clear();
                if column.ord_to_str(ordinal, &mut value)? {
                    *self.counts[facet].entry(value.clone()).or_default() += u64::from(count);
                }
            }
        }
        Ok(())
    }

    pub(super) fn into_facets(self) -> Vec<Facet> {
        FACETS
            .iter()
            .zip(self.counts)
            .map(|((field, _), counts)| {
                let mut buckets: Vec<FacetBucket> =
                    counts.into_iter().map(|(value, count)| FacetBucket { value, count }).collect();
                buckets.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
                buckets.truncate(MAX_BUCKETS);
                Facet { field, buckets }
            })
            .collect()
    }
}
