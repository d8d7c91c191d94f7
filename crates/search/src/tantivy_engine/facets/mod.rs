//! Counts the matching documents by the values of fields: labels and declared attributes.

mod labels;
mod numbers;

use tantivy::DocId;

use self::labels::{LabelColumn, LabelCounts};
use self::numbers::NumberColumn;
use super::attribute_column::FieldValues;
use super::segment::IndexSegment;
use super::snapshot::IndexSnapshot;
use crate::engine::{Facet, SearchError};
pub(super) use crate::facet_values::FacetField;
use crate::facet_values::NumberCounts;
use crate::request::FacetRequest;

/// Counts of all segments.
pub(super) struct FacetCounts<'r> {
    requests: &'r [FacetRequest],
    /// By request and field.
    counts: Vec<Vec<(FacetField, FieldCounts)>>,
}

enum FieldCounts {
    /// Neither a document nor the index has such a value.
    Unknown,
    Labels(LabelCounts),
    Numbers(NumberCounts),
}

/// Documents that are counted together: a column decodes a block of values in less time than single ones.
const BLOCK: usize = 1_024;

/// Counts of one segment.
pub(super) struct SegmentFacets {
    ordinal: usize,
    /// Documents that are not counted yet.
    docs: Vec<DocId>,
    columns: Vec<CountedColumn>,
}

/// Counts of one field of a request.
struct CountedColumn {
    request: usize,
    field: usize,
    column: ColumnCounts,
}

enum ColumnCounts {
    Labels(LabelColumn),
    Numbers(NumberColumn),
}

impl SegmentFacets {
    /// Prepares to count the documents of some fields for each request.
    pub(super) fn open(
        facets: &FacetCounts<'_>,
        counts_field: impl Fn(&FacetRequest, &FacetField) -> bool,
        ordinal: usize,
        segment: &IndexSegment,
    ) -> tantivy::Result<Self> {
        let mut columns = Vec::new();
        for (request, (wanted, fields)) in facets.requests.iter().zip(&facets.counts).enumerate() {
            for (at, (field, _)) in fields.iter().enumerate() {
                if counts_field(wanted, field)
                    && let Some(column) = ColumnCounts::open(wanted, field, segment)?
                {
                    columns.push(CountedColumn { request, field: at, column });
                }
            }
        }
        Ok(Self { ordinal, docs: Vec::new(), columns })
    }

    pub(super) fn count(&mut self, doc: DocId) {
        if self.columns.is_empty() {
            return;
        }
        self.docs.push(doc);
        if self.docs.len() == BLOCK {
            self.count_block();
        }
    }

    fn count_block(&mut self) {
        for counted in &mut self.columns {
            match &mut counted.column {
                ColumnCounts::Labels(column) => column.count(&self.docs),
                ColumnCounts::Numbers(column) => column.count(&self.docs),
            }
        }
        self.docs.clear();
    }
}

impl ColumnCounts {
    fn open(
        request: &FacetRequest,
        field: &FacetField,
        segment: &IndexSegment,
    ) -> tantivy::Result<Option<Self>> {
        Ok(match segment.values(field.name())? {
            Some(FieldValues::Labels(labels)) => {
                let is_author = *field == FacetField::Author;
                Some(Self::Labels(LabelColumn::open(request, labels, is_author, segment)?))
            }
            Some(FieldValues::Numbers(column)) => {
                Some(Self::Numbers(NumberColumn::of_numbers(request, column)))
            }
            Some(FieldValues::Dates(column)) => Some(Self::Numbers(NumberColumn::of_dates(request, column))),
            None => None,
        })
    }
}

impl<'r> FacetCounts<'r> {
    pub(super) fn new(requests: &'r [FacetRequest]) -> Self {
        let fields = |request| {
            FacetField::of(request).into_iter().map(|field| (field, FieldCounts::Unknown)).collect()
        };
        Self { requests, counts: requests.iter().map(fields).collect() }
    }

    pub(super) fn add(&mut self, mut segment: SegmentFacets) -> tantivy::Result<()> {
        segment.count_block();
        for counted in segment.columns {
            let request = &self.requests[counted.request];
            let (field, counts) = &mut self.counts[counted.request][counted.field];
            match counted.column {
                ColumnCounts::Labels(column) => {
                    if let FieldCounts::Unknown = counts {
                        let start = request.starts_with.as_ref().filter(|_| *field != FacetField::Author);
                        *counts = FieldCounts::Labels(LabelCounts::starting_with(start));
                    }
                    if let FieldCounts::Labels(counts) = counts {
                        counts.add(column, segment.ordinal)?;
                    }
                }
                ColumnCounts::Numbers(column) => match counts {
                    FieldCounts::Numbers(counts) => counts.add(column.into_counts()),
                    _ => *counts = FieldCounts::Numbers(column.into_counts()),
                },
            }
        }
        Ok(())
    }

    /// Returns the requested values for each request.
    pub(super) fn into_facets(self, snapshot: &IndexSnapshot) -> Result<Vec<Vec<Facet>>, SearchError> {
        let mut facets = Vec::with_capacity(self.requests.len());
        for (request, counts) in self.requests.iter().zip(self.counts) {
            let mut of_request = Vec::with_capacity(counts.len());
            for (field, counts) in counts {
                let name = field.name().to_owned();
                of_request.push(match counts {
                    FieldCounts::Unknown => Facet { field: name, ..Facet::default() },
                    FieldCounts::Labels(counts) => {
                        let names = request.names && field == FacetField::Author;
                        counts.into_facet(name, request, names.then_some(snapshot))?
                    }
                    FieldCounts::Numbers(counts) => counts.into_facet(name, request),
                });
            }
            facets.push(of_request);
        }
        Ok(facets)
    }
}
