//! The factors by which values of attributes raise scores.

use tantivy::DocId;

use super::attribute_column::AttributeColumn;
use super::segment::IndexSegment;
use crate::request::{AttributeBoost, BoostShape, PUBLISHED_AT};

/// Returns the factor of a document: from 1 without a value to 1 and the weight.
pub(super) fn factor(boost: &AttributeBoost, now: i64, segment: &IndexSegment, doc: DocId) -> f32 {
    let share = value(boost, segment, doc).map_or(0.0, |value| match boost.shape {
        BoostShape::Saturation(half) => value.max(0.0) / (value.max(0.0) + half),
        BoostShape::HalfLife(micros) => (-(now as f64 - value).max(0.0) / micros).exp2(),
    });
    #[expect(clippy::cast_possible_truncation, reason = "a factor is at most 10")]
    let factor = (1.0 + boost.weight * share) as f32;
    factor
}

/// Returns the largest value of a document, a date in microseconds since 1970.
fn value(boost: &AttributeBoost, segment: &IndexSegment, doc: DocId) -> Option<f64> {
    if boost.name == PUBLISHED_AT {
        return segment.published_at(doc).map(|at| at as f64);
    }
    match segment.attribute(&boost.name)? {
        AttributeColumn::Numbers(column) => column.values_for_doc(doc).max_by(f64::total_cmp),
        AttributeColumn::Dates(column) => column.values_for_doc(doc).max().map(|at| at as f64),
        AttributeColumn::Labels { .. } | AttributeColumn::Points(_) => None,
    }
}
