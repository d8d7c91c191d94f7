//! The documents of a segment within a filter, as sets.

use std::sync::Arc;

use tantivy_common::BitSet;

use super::attribute_column::complement;
use super::bit_sets::{for_each, intersection};
use super::segment::IndexSegment;
use crate::filter::DocumentFilter;

/// Returns the documents within a filter, deleted ones included.
pub(super) fn filter_set(segment: &IndexSegment, filter: &DocumentFilter) -> tantivy::Result<Arc<BitSet>> {
    let cache = &segment.derived.completions.filters;
    if let Some(cached) = cache.get(filter) {
        return Ok(cached);
    }
    let mut within = Within { segment, set: None };
    segment.label_sets(filter)?.into_iter().for_each(|set| within.restrict(set));
    if filter.published_from.is_some() || filter.published_before.is_some() {
        within.restrict(published_within(segment, filter));
    }
    within.restrict_by_conditions(filter)?;
    let set = Arc::new(within.set.unwrap_or_else(|| everything(segment)));
    if filter.is_small() {
        cache.insert(filter.clone(), set.clone());
    }
    Ok(set)
}

/// Returns the documents that meet the conditions of attributes and of nested filters; `None` without any.
pub(super) fn condition_set(
    segment: &IndexSegment,
    filter: &DocumentFilter,
) -> tantivy::Result<Option<Arc<BitSet>>> {
    if !filter.has_conditions() {
        return Ok(None);
    }
    let conditions = DocumentFilter {
        attributes: filter.attributes.clone(),
        not: filter.not.clone(),
        any_of: filter.any_of.clone(),
        ..DocumentFilter::default()
    };
    filter_set(segment, &conditions).map(Some)
}

/// The documents within the conditions so far; all without any.
struct Within<'s> {
    segment: &'s IndexSegment,
    set: Option<BitSet>,
}

impl Within<'_> {
    fn restrict(&mut self, to: BitSet) {
        self.set = Some(match &self.set {
            Some(known) => intersection(known, &to, self.segment.max_doc()),
            None => to,
        });
    }

    fn restrict_by_conditions(&mut self, filter: &DocumentFilter) -> tantivy::Result<()> {
        let max_doc = self.segment.max_doc();
        for condition in &filter.attributes {
            // A stored rule may contain an attribute that no source declares any more.
            self.restrict(match self.segment.attribute(&condition.name) {
                Some(column) => column.documents(&condition.test, max_doc)?,
                None => BitSet::with_max_value(max_doc),
            });
        }
        if let Some(not) = &filter.not {
            self.restrict(complement(&*filter_set(self.segment, not)?, max_doc));
        }
        if !filter.any_of.is_empty() {
            let mut any = BitSet::with_max_value(max_doc);
            for alternative in &filter.any_of {
                for_each(&*filter_set(self.segment, alternative)?, |doc| {
                    any.insert(doc);
                });
            }
            self.restrict(any);
        }
        Ok(())
    }
}

fn everything(segment: &IndexSegment) -> BitSet {
    complement(&BitSet::with_max_value(segment.max_doc()), segment.max_doc())
}

fn published_within(segment: &IndexSegment, filter: &DocumentFilter) -> BitSet {
    let newest_first = &segment.derived.newest_first;
    let first_at = |is_later: &dyn Fn(i64) -> bool| {
        // `None` is less than any time, so it comes last.
        newest_first.partition_point(|&doc| segment.published_at(doc).is_some_and(is_later))
    };
    let before = filter.published_before.map(|at| at.timestamp_micros());
    let from = filter.published_from.map_or(i64::MIN, |at| at.timestamp_micros());
    let start = before.map_or(0, |before| first_at(&|at| at >= before));
    let end = first_at(&|at| at >= from);
    let mut set = BitSet::with_max_value(segment.max_doc());
    for &doc in newest_first.get(start..end).unwrap_or_default() {
        set.insert(doc);
    }
    set
}
