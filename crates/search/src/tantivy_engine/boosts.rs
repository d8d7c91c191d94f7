//! The factors by which values of documents raise scores.

use std::sync::Arc;

use chrono::Utc;
use tantivy::DocId;

use super::attribute_column::AttributeColumn;
use super::segment::IndexSegment;
use crate::popularity::Popularity;
use crate::request::{BoostValue, ValueBoost};

/// The boosts of a search.
#[derive(Clone, Default)]
pub(super) struct Boosts {
    boosts: Arc<[ValueBoost]>,
    /// The time of the search in microseconds since 1970: a document keeps its score within it.
    now: i64,
    popularity: Arc<Popularity>,
}

impl Boosts {
    pub(super) fn of(boosts: &[ValueBoost], popularity: &Arc<Popularity>) -> Self {
        if boosts.is_empty() {
            return Self::default();
        }
        Self { boosts: boosts.into(), now: Utc::now().timestamp_micros(), popularity: popularity.clone() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.boosts.is_empty()
    }

    /// Returns each boost with its factor for a document: from 1 without a value to 1 and the weight.
    pub(super) fn factors(
        &self,
        segment: &IndexSegment,
        doc: DocId,
    ) -> impl Iterator<Item = (&BoostValue, f32)> {
        self.boosts
            .iter()
            .map(move |boost| (&boost.value, boost.factor(self.value(&boost.value, segment, doc), self.now)))
    }

    /// Returns the largest value of a document, a date in microseconds since 1970.
    fn value(&self, value: &BoostValue, segment: &IndexSegment, doc: DocId) -> Option<f64> {
        let name = match value {
            BoostValue::PublishedAt => return segment.published_at(doc).map(|at| at as f64),
            BoostValue::Interactions(kind) => return self.popularity.visitors(*kind, segment.id(doc)),
            BoostValue::Attribute(name) => name,
        };
        match segment.attribute(name)? {
            AttributeColumn::Numbers(column) => column.values_for_doc(doc).max_by(f64::total_cmp),
            AttributeColumn::Dates(column) => column.values_for_doc(doc).max().map(|at| at as f64),
            AttributeColumn::Labels { .. } | AttributeColumn::Points(_) => None,
        }
    }
}
