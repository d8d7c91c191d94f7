//! Counts of numbers and dates: single values, intervals or ranges, and their statistics.

use tantivy::DocId;
use tantivy::columnar::Column;

use crate::facet_values::NumberCounts;
use crate::request::FacetRequest;

/// The values of a segment with their counts.
pub(super) struct NumberColumn {
    values: Values,
    counts: NumberCounts,
    /// The values of one document, reused.
    of_doc: Vec<f64>,
}

enum Values {
    Numbers(Column<f64>),
    Dates(Column<i64>),
}

impl NumberColumn {
    pub(super) fn of_numbers(request: &FacetRequest, column: Column<f64>) -> Self {
        Self::new(request, Values::Numbers(column), false)
    }

    pub(super) fn of_dates(request: &FacetRequest, column: Column<i64>) -> Self {
        Self::new(request, Values::Dates(column), true)
    }

    fn new(request: &FacetRequest, values: Values, is_date: bool) -> Self {
        let counts = NumberCounts::new(request, is_date);
        Self { values, counts, of_doc: Vec::new() }
    }

    pub(super) fn count(&mut self, doc: DocId) {
        self.of_doc.clear();
        match &self.values {
            Values::Numbers(column) => self.of_doc.extend(column.values_for_doc(doc)),
            Values::Dates(column) => self.of_doc.extend(column.values_for_doc(doc).map(|at| at as f64)),
        }
        self.counts.count(&self.of_doc);
    }

    pub(super) fn into_counts(self) -> NumberCounts {
        self.counts
    }
}
