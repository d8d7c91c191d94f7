//! The attributes that order hits: their columns, and the comparison of their values.

use std::cell::Cell;
use std::cmp::Ordering;

use tantivy::DocId;
use tantivy::columnar::StrColumn;

use super::attribute_column::AttributeColumn;
use super::ranked_doc::RankedDoc;
use super::segment::IndexSegment;
use crate::cursor::{OrderValue, compare_values};
use crate::request::{AttributeOrder, SortDirection};

/// The attributes that order hits, none by default.
pub(super) struct Orders<'r>(pub(super) &'r [AttributeOrder]);

impl Orders<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the values that order a document.
    pub(super) fn values(&self, segment: &IndexSegment, doc: DocId) -> Box<[OrderValue]> {
        if self.is_empty() {
            return Box::default();
        }
        self.0.iter().map(|order| value(order, segment, doc).unwrap_or(OrderValue::Missing)).collect()
    }

    /// Returns false if the first value alone puts a document of a segment behind the last of the best.
    pub(super) fn may_precede(
        &self,
        ordinal: usize,
        segment: &IndexSegment,
        doc: DocId,
        last: &RankedDoc,
        bound: &Cell<Option<LabelBound>>,
    ) -> bool {
        let (Some(order), Some(last_value)) = (self.0.first(), last.key.values.first()) else { return true };
        match (segment.attribute(&order.name), last_value) {
            (Some(AttributeColumn::Labels { values: Some(column), .. }), OrderValue::Text(text)) => {
                let Some(label) = label_ordinal(order.direction, column, doc) else { return false };
                let known = bound.get().filter(|bound| bound.is_of(ordinal, last));
                let Some(known) = known.or_else(|| LabelBound::of(ordinal, last, column, text)) else {
                    return true;
                };
                bound.set(Some(known));
                match order.direction {
                    SortDirection::Ascending => label < known.first || known.is_exact && label == known.first,
                    SortDirection::Descending => label >= known.first,
                }
            }
            (Some(AttributeColumn::Labels { values: Some(_), .. }), _) => true,
            _ => {
                let first = value(order, segment, doc).unwrap_or(OrderValue::Missing);
                compare_values(order.direction, &first, last_value) != Ordering::Greater
            }
        }
    }
}

/// The place of a text among the labels of a segment: that of the last of the best documents so far.
///
/// Ordinals are compared in place of texts, which take long to read.
#[derive(Clone, Copy)]
pub(super) struct LabelBound {
    segment: usize,
    last: (usize, DocId),
    /// The first label that is not before the text.
    first: u64,
    /// True if that label is the text.
    is_exact: bool,
}

impl LabelBound {
    fn of(segment: usize, last: &RankedDoc, column: &StrColumn, text: &str) -> Option<Self> {
        let mut labels = column.dictionary().range().ge(text).into_stream().ok()?;
        let (first, is_exact) = match labels.advance() {
            true => (labels.term_ord(), labels.key() == text.as_bytes()),
            false => (u64::MAX, false),
        };
        Some(Self { segment, last: (last.segment, last.doc), first, is_exact })
    }

    fn is_of(&self, segment: usize, last: &RankedDoc) -> bool {
        self.segment == segment && self.last == (last.segment, last.doc)
    }
}

/// Returns the value of a document that comes first in the direction of an order.
fn value(order: &AttributeOrder, segment: &IndexSegment, doc: DocId) -> Option<OrderValue> {
    let first = |numbers: &mut dyn Iterator<Item = f64>| {
        let number = match order.direction {
            SortDirection::Ascending => numbers.min_by(f64::total_cmp),
            SortDirection::Descending => numbers.max_by(f64::total_cmp),
        };
        number.map(OrderValue::Number)
    };
    match segment.attribute(&order.name)? {
        AttributeColumn::Labels { values, .. } => label(order.direction, values.as_ref()?, doc),
        AttributeColumn::Numbers(column) => first(&mut column.values_for_doc(doc)),
        AttributeColumn::Dates(column) => first(&mut column.values_for_doc(doc).map(|at| at as f64)),
        AttributeColumn::Points(points) => {
            let from = order.near?;
            first(&mut points.points(doc).map(|point| from.meters_to(point)))
        }
    }
}

fn label(direction: SortDirection, column: &StrColumn, doc: DocId) -> Option<OrderValue> {
    let ordinal = label_ordinal(direction, column, doc)?;
    let mut text = String::new();
    // A column that cannot be read is damaged; searches of its words report that.
    column.ord_to_str(ordinal, &mut text).ok()?.then(|| OrderValue::Text(text.into()))
}

/// Ordinals of a segment are in the order of the texts.
fn label_ordinal(direction: SortDirection, column: &StrColumn, doc: DocId) -> Option<u64> {
    let ordinals = column.term_ords(doc);
    match direction {
        SortDirection::Ascending => ordinals.min(),
        SortDirection::Descending => ordinals.max(),
    }
}
