//! Counts of the values of labels: sources, categories, authors, strings and booleans.

use std::collections::HashMap;

use tantivy::columnar::StrColumn;
use tantivy::{DocId, InvertedIndexReader};
use tantivy_common::BitSet;

use super::super::attribute_column::for_each_label;
use super::super::bit_sets::{for_each, intersection, union};
use super::super::documents::read_document;
use super::super::segment::IndexSegment;
use super::super::snapshot::IndexSnapshot;
use crate::analysis::{marked_name, words};
use crate::engine::{Facet, FacetBucket, SearchError};
use crate::facet_values::{LabelBeginning, label_page};
use crate::request::FacetRequest;

/// Counts by the ordinals of a column.
pub(super) struct LabelColumn {
    column: StrColumn,
    counts: Vec<u32>,
    /// A document of each value, if the names of authors are requested.
    examples: Vec<DocId>,
    /// The documents that count, if not all do.
    only: Option<BitSet>,
    /// The first values of documents, reused.
    firsts: Vec<Option<u64>>,
}

impl LabelColumn {
    pub(super) fn open(
        request: &FacetRequest,
        column: StrColumn,
        is_author: bool,
        segment: &IndexSegment,
    ) -> tantivy::Result<Self> {
        let only = match &request.starts_with {
            Some(start) if is_author => Some(authors(segment, start)?),
            _ => None,
        };
        let values = column.num_terms();
        let examples = if request.names && is_author { vec![0; values] } else { Vec::new() };
        Ok(Self { column, counts: vec![0; values], examples, only, firsts: Vec::new() })
    }

    pub(super) fn count(&mut self, docs: &[DocId]) {
        let Self { column, counts, examples, only, firsts } = self;
        let mut add = |doc: DocId, ordinal: u64| {
            let Ok(at) = usize::try_from(ordinal) else { return };
            if let Some(count) = counts.get_mut(at) {
                *count += 1;
            }
            if let Some(example) = examples.get_mut(at) {
                *example = doc;
            }
        };
        let counts_doc = |doc: DocId| only.as_ref().is_none_or(|only| only.contains(doc));
        let ordinals = column.ords();
        if ordinals.get_cardinality().is_multivalue() {
            for &doc in docs.iter().filter(|doc| counts_doc(**doc)) {
                ordinals.values_for_doc(doc).for_each(|ordinal| add(doc, ordinal));
            }
            return;
        }
        firsts.clear();
        firsts.resize(docs.len(), None);
        ordinals.first_vals(docs, firsts);
        for (&doc, first) in docs.iter().zip(firsts) {
            if let Some(ordinal) = first.filter(|_| counts_doc(doc)) {
                add(doc, ordinal);
            }
        }
    }
}

/// A value with its number of documents, and one of these.
struct CountedValue {
    count: u64,
    example: (usize, DocId),
}

/// Counts of all segments, by value.
pub(super) struct LabelCounts {
    /// The beginning of the values that count.
    start: LabelBeginning,
    values: HashMap<String, CountedValue>,
}

impl LabelCounts {
    pub(super) fn starting_with(start: Option<&String>) -> Self {
        Self { start: LabelBeginning::of(start), values: HashMap::new() }
    }

    pub(super) fn add(&mut self, counted: LabelColumn, ordinal: usize) -> tantivy::Result<()> {
        let LabelColumn { column, counts, examples, .. } = counted;
        let present: Vec<u64> =
            (0..).zip(&counts).filter(|(_, count)| **count > 0).map(|(at, _)| at).collect();
        for_each_label(&column, &present, |position, label| {
            let Ok(value) = std::str::from_utf8(label) else { return };
            if !self.start.begins(value) {
                return;
            }
            let label = present[position] as usize;
            let example = (ordinal, examples.get(label).copied().unwrap_or_default());
            let known = self.values.entry(value.to_owned()).or_insert(CountedValue { count: 0, example });
            known.count += u64::from(counts[label]);
        })
    }

    /// Returns the requested values; with the names of authors if a snapshot is given.
    pub(super) fn into_facet(
        self,
        field: String,
        request: &FacetRequest,
        named_in: Option<&IndexSnapshot>,
    ) -> Result<Facet, SearchError> {
        let value_count = self.values.len() as u64;
        let values = self.values.into_iter().map(|(value, of)| (value, of.count, of.example)).collect();
        let (values, has_next) = label_page(values, request);
        let mut buckets = Vec::with_capacity(values.len());
        for (value, count, (ordinal, doc)) in values {
            let name = match named_in {
                Some(snapshot) => {
                    let (document, _) = read_document(snapshot, ordinal, doc)?;
                    document.author.as_ref().map(|author| author.name.clone())
                }
                None => None,
            };
            buckets.push(FacetBucket { value, count, name, bounds: None });
        }
        Ok(Facet { field, buckets, value_count, has_next, stats: None, is_date: false })
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
