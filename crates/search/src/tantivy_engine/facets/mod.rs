//! Counts the matching documents by the values of fields: labels and declared attributes.

mod interval;
mod labels;
mod numbers;

use tantivy::DocId;

use self::labels::{LabelColumn, LabelCounts};
use self::numbers::{NumberColumn, NumberCounts};
use super::attribute_column::FieldValues;
use super::segment::IndexSegment;
use super::snapshot::IndexSnapshot;
use crate::engine::{Facet, SearchError};
use crate::filter::DocumentFilter;
use crate::request::FacetRequest;

/// A field whose values are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FacetField {
    Source,
    Category,
    Author,
    Attribute(String),
}

impl FacetField {
    /// Returns the fields of a request.
    fn of(request: &FacetRequest) -> Vec<Self> {
        if request.fields.is_empty() {
            return vec![Self::Source, Self::Category, Self::Author];
        }
        request.fields.iter().map(|name| Self::named(name)).collect()
    }

    fn named(name: &str) -> Self {
        match name {
            "source" => Self::Source,
            "category" => Self::Category,
            "authorKey" => Self::Author,
            name => Self::Attribute(name.to_owned()),
        }
    }

    /// Returns the fields whose own conditions of a filter some requests ignore.
    pub(super) fn lifted(requests: &[FacetRequest], filter: &DocumentFilter) -> Vec<Self> {
        let disjunctive = requests.iter().filter(|request| request.disjunctive);
        let mut lifted: Vec<Self> = Vec::new();
        for field in disjunctive.flat_map(Self::of) {
            if !lifted.contains(&field) && field.lifted_from(filter).is_some() {
                lifted.push(field);
            }
        }
        lifted
    }

    /// Returns a filter without the conditions of this field; `None` if it has none.
    pub(super) fn lifted_from(&self, filter: &DocumentFilter) -> Option<DocumentFilter> {
        let mut lifted = filter.clone();
        match self {
            Self::Source => lifted.source.clear(),
            Self::Category => lifted.category.clear(),
            Self::Author => lifted.author_key.clear(),
            Self::Attribute(name) => lifted.attributes.retain(|condition| condition.name != *name),
        }
        (lifted != *filter).then_some(lifted)
    }

    /// Returns its name in the API.
    fn name(&self) -> &str {
        match self {
            Self::Source => "source",
            Self::Category => "category",
            Self::Author => "authorKey",
            Self::Attribute(name) => name,
        }
    }
}

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

/// Counts of one segment.
pub(super) struct SegmentFacets {
    ordinal: usize,
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
        Ok(Self { ordinal, columns })
    }

    pub(super) fn count(&mut self, doc: DocId) {
        for counted in &mut self.columns {
            match &mut counted.column {
                ColumnCounts::Labels(column) => column.count(doc),
                ColumnCounts::Numbers(column) => column.count(doc),
            }
        }
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

    pub(super) fn add(&mut self, segment: SegmentFacets) -> tantivy::Result<()> {
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

/// Returns the buckets of a page, and true if more follow.
///
/// `compare` is the order of values; those equal to `after` in it, and before it, are on earlier pages.
fn page<T>(
    mut values: Vec<T>,
    first: usize,
    compare: impl Fn(&T, &T) -> std::cmp::Ordering,
    is_after: impl Fn(&T) -> bool,
) -> (Vec<T>, bool) {
    values.retain(is_after);
    values.sort_unstable_by(compare);
    let has_next = values.len() > first;
    values.truncate(first);
    (values, has_next)
}
