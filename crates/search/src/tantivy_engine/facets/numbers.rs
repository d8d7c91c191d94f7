//! Counts of numbers and dates: single values, intervals or ranges, and their statistics.

use std::fmt::Debug;

use tantivy::DocId;
use tantivy::columnar::Column;

use crate::facet_values::NumberCounts;
use crate::request::FacetRequest;

/// The values of a segment with their counts.
pub(super) struct NumberColumn {
    values: Values,
    counts: NumberCounts,
}

enum Values {
    Numbers(ValueReader<f64>),
    Dates(ValueReader<i64>),
}

/// Reads the values of documents into memory that it reuses.
struct ValueReader<T> {
    column: Column<T>,
    firsts: Vec<Option<T>>,
    of_doc: Vec<f64>,
}

impl NumberColumn {
    pub(super) fn of_numbers(request: &FacetRequest, column: Column<f64>) -> Self {
        Self::new(request, Values::Numbers(ValueReader::new(column)), false)
    }

    pub(super) fn of_dates(request: &FacetRequest, column: Column<i64>) -> Self {
        Self::new(request, Values::Dates(ValueReader::new(column)), true)
    }

    fn new(request: &FacetRequest, values: Values, is_date: bool) -> Self {
        Self { values, counts: NumberCounts::new(request, is_date) }
    }

    pub(super) fn count(&mut self, docs: &[DocId]) {
        match &mut self.values {
            Values::Numbers(reader) => reader.count(docs, &mut self.counts, |number| number),
            Values::Dates(reader) => reader.count(docs, &mut self.counts, |at| at as f64),
        }
    }

    pub(super) fn into_counts(self) -> NumberCounts {
        self.counts
    }
}

impl<T: PartialOrd + Copy + Debug + Send + Sync + 'static> ValueReader<T> {
    fn new(column: Column<T>) -> Self {
        Self { column, firsts: Vec::new(), of_doc: Vec::new() }
    }

    fn count(&mut self, docs: &[DocId], counts: &mut NumberCounts, number: impl Fn(T) -> f64) {
        let Self { column, firsts, of_doc } = self;
        if column.get_cardinality().is_multivalue() {
            for &doc in docs {
                of_doc.clear();
                of_doc.extend(column.values_for_doc(doc).map(&number));
                counts.count(of_doc);
            }
            return;
        }
        firsts.clear();
        firsts.resize(docs.len(), None);
        column.first_vals(docs, firsts);
        for first in firsts.iter().flatten() {
            counts.count(&[number(*first)]);
        }
    }
}
