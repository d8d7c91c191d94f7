//! Counts the matching documents by the values of the label fields.

use std::collections::HashMap;

use tantivy::columnar::StrColumn;
use tantivy::{DocId, InvertedIndexReader};
use tantivy_common::BitSet;

use super::super::analysis::{marked_name, words};
use super::super::engine::{Facet, FacetBucket, SearchError};
use super::super::request::{DocumentFilter, FacetRequest};
use super::bit_sets::{for_each, intersection, union};
use super::documents::read_document;
use super::segment::IndexSegment;
use super::snapshot::IndexSnapshot;

/// A field whose values are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LabelField {
    Source,
    Category,
    Author,
}

/// The fields in the order of an answer.
pub(super) const LABEL_FIELDS: [LabelField; 3] =
    [LabelField::Source, LabelField::Category, LabelField::Author];

impl LabelField {
    /// Returns a filter without the labels of this field; `None` if it has none.
    pub(super) fn lifted_from(self, filter: &DocumentFilter) -> Option<DocumentFilter> {
        let mut lifted = filter.clone();
        let labels = match self {
            Self::Source => &mut lifted.source,
            Self::Category => &mut lifted.category,
            Self::Author => &mut lifted.author_key,
        };
        (!std::mem::take(labels).is_empty()).then_some(lifted)
    }

    /// Returns its name in the API.
    fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Category => "category",
            Self::Author => "authorKey",
        }
    }

    fn column(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Category => "category",
            Self::Author => "author_key",
        }
    }

    fn is_author(self) -> bool {
        self == Self::Author
    }
}

/// A value with its number of documents, and one of these.
struct CountedValue {
    count: u64,
    example: (usize, DocId),
}

/// Counts of all segments, by value.
pub(super) struct FacetCounts<'r> {
    requests: &'r [FacetRequest],
    /// By request and field.
    counts: Vec<[HashMap<String, CountedValue>; LABEL_FIELDS.len()]>,
}

/// Counts of one segment.
pub(super) struct SegmentFacets {
    ordinal: usize,
    columns: Vec<CountedColumn>,
}

/// Counts of one request by the ordinals of a column.
struct CountedColumn {
    request: usize,
    field: usize,
    column: StrColumn,
    counts: Vec<u32>,
    /// A document of each value.
    examples: Vec<DocId>,
    /// The documents that count, if not all do.
    only: Option<BitSet>,
}

impl SegmentFacets {
    /// Prepares to count the documents of some fields for each request.
    pub(super) fn open(
        facets: &FacetCounts<'_>,
        counts_field: impl Fn(&FacetRequest, LabelField) -> bool,
        ordinal: usize,
        segment: &IndexSegment,
    ) -> tantivy::Result<Self> {
        let mut columns = Vec::new();
        for (request, wanted) in facets.requests.iter().enumerate() {
            for (at, &field) in LABEL_FIELDS.iter().enumerate() {
                if !counts_field(wanted, field) {
                    continue;
                }
                let Some(column) = segment.labels(field.column())? else { continue };
                let only = match &wanted.starts_with {
                    Some(start) if field.is_author() => Some(authors(segment, start)?),
                    _ => None,
                };
                let values = column.num_terms();
                let (counts, examples) = (vec![0; values], vec![0; values]);
                columns.push(CountedColumn { request, field: at, column, counts, examples, only });
            }
        }
        Ok(Self { ordinal, columns })
    }

    pub(super) fn count(&mut self, doc: DocId) {
        for counted in &mut self.columns {
            if counted.only.as_ref().is_some_and(|only| !only.contains(doc)) {
                continue;
            }
            for ordinal in counted.column.term_ords(doc) {
                let Ok(at) = usize::try_from(ordinal) else { continue };
                if let (Some(count), Some(example)) =
                    (counted.counts.get_mut(at), counted.examples.get_mut(at))
                {
                    *count += 1;
                    *example = doc;
                }
            }
        }
    }
}

impl<'r> FacetCounts<'r> {
    pub(super) fn new(requests: &'r [FacetRequest]) -> Self {
        Self { requests, counts: requests.iter().map(|_| Default::default()).collect() }
    }

    pub(super) fn add(&mut self, segment: SegmentFacets) -> tantivy::Result<()> {
        for counted in segment.columns {
            let start = match &self.requests[counted.request].starts_with {
                Some(start) if !LABEL_FIELDS[counted.field].is_author() => start.to_lowercase(),
                _ => String::new(),
            };
            let counts = &mut self.counts[counted.request][counted.field];
            let mut value = String::new();
            for (at, &count) in counted.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                value.clear();
                if counted.column.ord_to_str(at as u64, &mut value)?
                    && (start.is_empty() || value.to_lowercase().starts_with(&start))
                {
                    let example = (segment.ordinal, counted.examples[at]);
                    let known = counts.entry(value.clone()).or_insert(CountedValue { count: 0, example });
                    known.count += u64::from(count);
                }
            }
        }
        Ok(())
    }

    /// Returns the most frequent values for each request.
    pub(super) fn into_facets(self, snapshot: &IndexSnapshot) -> Result<Vec<Vec<Facet>>, SearchError> {
        let mut facets = Vec::with_capacity(self.requests.len());
        for (request, counts) in self.requests.iter().zip(self.counts) {
            let mut of_request = Vec::with_capacity(LABEL_FIELDS.len());
            for (field, counts) in LABEL_FIELDS.into_iter().zip(counts) {
                let mut values: Vec<(String, CountedValue)> = counts.into_iter().collect();
                values.sort_unstable_by(|(a, a_of), (b, b_of)| b_of.count.cmp(&a_of.count).then(a.cmp(b)));
                values.truncate(request.first);
                let mut buckets = Vec::with_capacity(values.len());
                for (value, CountedValue { count, example: (ordinal, doc) }) in values {
                    let name = if request.names && field.is_author() {
                        let (document, _) = read_document(snapshot, ordinal, doc)?;
                        document.author.as_ref().map(|author| author.name.clone())
                    } else {
                        None
                    };
                    buckets.push(FacetBucket { value, count, name });
                }
                of_request.push(Facet { field: field.name(), buckets });
            }
            facets.push(of_request);
        }
        Ok(facets)
    }
}

/// Returns the documents of authors whose key, or all words of whose name, begin with a text.
fn authors(segment: &IndexSegment, start: &str) -> tantivy::Result<BitSet> {
    let max_doc = segment.max_doc();
    let mut found = with_prefix(segment, &segment.author_key, start)?;
    let mut named: Option<BitSet> = None;
    for word in words(start) {
        let set = with_prefix(segment, &segment.words, &marked_name(&word.text))?;
        named = Some(named.map_or_else(|| set.clone(), |named| intersection(&named, &set, max_doc)));
    }
    if let Some(named) = named {
        for_each(&named, |doc| {
            found.insert(doc);
        });
    }
    Ok(found)
}

fn with_prefix(segment: &IndexSegment, index: &InvertedIndexReader, prefix: &str) -> tantivy::Result<BitSet> {
    let mut terms = segment.terms_with_prefix(index, prefix)?;
    let mut infos = Vec::new();
    while terms.advance() {
        infos.push(terms.value().clone());
    }
    union(&infos, index, segment.max_doc())
}
