//! The documents that contain words within a filter, as sets: for counts without scores.

use std::cmp::Reverse;
use std::sync::Arc;

use tantivy::postings::TermInfo;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, InvertedIndexReader, TERMINATED};
use tantivy_common::{BitSet, TinySet};

use super::super::explanation::MatchKind;
use super::super::query::ParsedQuery;
use super::super::request::SearchRequest;
use super::super::rules::Rulebook;
use super::bit_sets::for_each;
use super::document_terms::SHORT_PREFIX_CHARS;
use super::filter_sets::filter_set;
use super::plan::planner;
use super::schema::Fields;
use super::segment::IndexSegment;
use super::snapshot::IndexSnapshot;
use super::term_field::TermField;
use super::word::{TermGroup, WordPlan, is_commonplace};
use crate::filter::DocumentFilter;
use crate::planner::UnitPlan;
use crate::tiers::RequiredUnits;

/// Documents of one bucket of a set.
const BUCKET: u32 = 64;

/// Live documents of a snapshot.
pub(super) struct DocumentScope {
    /// `None` for all documents.
    segments: Option<Vec<LiveSet>>,
}

impl DocumentScope {
    /// Finds the documents that contain all words of a text, as the first tier of a search does.
    pub(super) fn of(
        snapshot: &IndexSnapshot,
        fields: &Fields,
        rulebook: &Rulebook,
        text: &str,
        prefix: bool,
        filter: &DocumentFilter,
    ) -> tantivy::Result<Self> {
        let query = ParsedQuery::parse(text);
        if query.included.is_empty() && query.excluded.is_empty() && filter.is_empty() {
            return Ok(Self { segments: None });
        }
        let request = SearchRequest { prefix, ..SearchRequest::new("", 0) };
        let plan = planner(snapshot, fields, rulebook, filter, false).plan(&query, &request)?;
        let mut segments = Vec::with_capacity(snapshot.segments.len());
        for (ordinal, segment) in snapshot.segments.iter().enumerate() {
            let mut sets = Vec::with_capacity(plan.included.len() + 1);
            for unit in &plan.included {
                sets.push(unit_sets(&unit.plan, snapshot, ordinal)?);
            }
            if !filter.is_empty() {
                sets.push(vec![filter_set(segment, filter)?]);
            }
            let mut live = LiveSet::intersection(&sets, segment);
            for unit in &plan.excluded {
                for set in unit_sets(unit, snapshot, ordinal)? {
                    for_each(&set, |doc| live.remove(doc));
                }
            }
            segments.push(live);
        }
        Ok(Self { segments: Some(segments) })
    }

    /// Restricts the documents to those with a word that shares its first letters with another.
    pub(super) fn with_prefix(&self, snapshot: &IndexSnapshot, word: &str) -> tantivy::Result<Self> {
        let end = word.char_indices().nth(SHORT_PREFIX_CHARS).map_or(word.len(), |(end, _)| end);
        let mut segments = Vec::with_capacity(snapshot.segments.len());
        for (ordinal, segment) in snapshot.segments.iter().enumerate() {
            let term = segment.prefixes.terms().get(&word[..end])?;
            let group = TermGroup::new(TermField::Prefixes, term, MatchKind::Prefix, 0.0);
            let mut live = LiveSet::intersection(&[vec![group.set(segment)?]], segment);
            if let Some(known) = self.segment(ordinal) {
                live.intersect(known);
            }
            segments.push(live);
        }
        Ok(Self { segments: Some(segments) })
    }

    /// Returns true if it restricts nothing.
    pub(super) fn is_everything(&self) -> bool {
        self.segments.is_none()
    }

    pub(super) fn contains(&self, ordinal: usize, doc: DocId) -> bool {
        self.segment(ordinal).is_none_or(|live| live.contains(doc))
    }

    /// Returns the number of documents.
    pub(super) fn len(&self, snapshot: &IndexSnapshot) -> u64 {
        match &self.segments {
            Some(segments) => segments.iter().map(LiveSet::len).sum(),
            None => snapshot.documents,
        }
    }

    /// Returns the number of documents with a word in exactly this form.
    pub(super) fn count(&self, snapshot: &IndexSnapshot, word: &str) -> tantivy::Result<u64> {
        let mut count = 0;
        for (ordinal, segment) in snapshot.segments.iter().enumerate() {
            let Some(info) = segment.words.terms().get(word)? else { continue };
            count += match self.segment(ordinal) {
                Some(live) => live.count_word(segment, &info)?,
                None => live_frequency(segment, &segment.words, &info)?,
            };
        }
        Ok(count)
    }

    /// Returns the number of documents of a segment with a term of another field.
    pub(super) fn count_term(
        &self,
        segment: &IndexSegment,
        ordinal: usize,
        index: &InvertedIndexReader,
        info: &TermInfo,
    ) -> tantivy::Result<u64> {
        match self.segment(ordinal) {
            Some(live) => live.count(index, info),
            None => live_frequency(segment, index, info),
        }
    }

    /// Returns up to `limit` documents, newest first.
    pub(super) fn newest(&self, snapshot: &IndexSnapshot, limit: usize) -> Vec<(usize, DocId)> {
        let mut newest = Vec::new();
        for (ordinal, segment) in snapshot.segments.iter().enumerate() {
            let Some(live) = self.segment(ordinal) else { break };
            newest.extend(live.newest(segment, limit).into_iter().map(|doc| (ordinal, doc)));
        }
        newest.sort_by_cached_key(|&(ordinal, doc)| {
            let segment = &snapshot.segments[ordinal];
            (Reverse(segment.published_at(doc)), segment.id(doc))
        });
        newest.truncate(limit);
        newest
    }

    fn segment(&self, ordinal: usize) -> Option<&LiveSet> {
        self.segments.as_ref().map(|segments| &segments[ordinal])
    }
}

/// Returns the number of documents with a term, deleted ones included; 0 if all are deleted.
fn live_frequency(
    segment: &IndexSegment,
    index: &InvertedIndexReader,
    info: &TermInfo,
) -> tantivy::Result<u64> {
    Ok(if segment.has_live_document(index, info)? { u64::from(info.doc_freq) } else { 0 })
}

/// Live documents of a segment.
struct LiveSet(Vec<TinySet>);

impl LiveSet {
    fn intersection(unions: &[Vec<Arc<BitSet>>], segment: &IndexSegment) -> Self {
        let union_in = |sets: &[Arc<BitSet>], bucket: u32| {
            sets.iter().fold(TinySet::empty(), |docs, set| docs.union(set.tinyset(bucket)))
        };
        let in_bucket = |bucket: u32| match unions.split_first() {
            Some((first, others)) => others
                .iter()
                .fold(union_in(first, bucket), |docs, sets| docs.intersect(union_in(sets, bucket))),
            None if (bucket + 1) * BUCKET <= segment.max_doc() => TinySet::full(),
            None => TinySet::range_lower(segment.max_doc() % BUCKET),
        };
        let mut live = Self((0..segment.max_doc().div_ceil(BUCKET)).map(in_bucket).collect());
        for &doc in &segment.deleted {
            live.remove(doc);
        }
        live
    }

    fn intersect(&mut self, other: &Self) {
        for (docs, others) in self.0.iter_mut().zip(&other.0) {
            *docs = docs.intersect(*others);
        }
    }

    fn remove(&mut self, doc: DocId) {
        self.0[(doc / BUCKET) as usize].remove_mut(doc % BUCKET);
    }

    fn contains(&self, doc: DocId) -> bool {
        self.0[(doc / BUCKET) as usize].contains(doc % BUCKET)
    }

    fn len(&self) -> u64 {
        self.0.iter().map(|docs| u64::from(docs.len())).sum()
    }

    /// Counts documents with a word; the sets of commonplace ones are cached.
    fn count_word(&self, segment: &IndexSegment, info: &TermInfo) -> tantivy::Result<u64> {
        if !is_commonplace(u64::from(info.doc_freq), u64::from(segment.max_doc())) {
            return self.count(&segment.words, info);
        }
        let set = segment.derived.term_sets.get(&segment.words, info, segment.max_doc())?;
        let buckets = (0..).zip(&self.0);
        Ok(buckets.map(|(bucket, docs)| u64::from(docs.intersect(set.tinyset(bucket)).len())).sum())
    }

    fn count(&self, index: &InvertedIndexReader, info: &TermInfo) -> tantivy::Result<u64> {
        let mut count = 0;
        let mut block = index.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
        while !block.docs().is_empty() {
            count += block.docs().iter().filter(|&&doc| self.contains(doc)).count() as u64;
            block.advance();
        }
        Ok(count)
    }

    fn newest(&self, segment: &IndexSegment, limit: usize) -> Vec<DocId> {
        let newest_first = &segment.derived.newest_first;
        // Of a large set, the first documents by time contain enough; a small one is read whole.
        if self.len().saturating_mul(limit as u64) > u64::from(segment.max_doc()) {
            return newest_first.iter().copied().filter(|&doc| self.contains(doc)).take(limit).collect();
        }
        let mut docs: Vec<DocId> = Vec::new();
        for (bucket, &set) in (0..).zip(&self.0) {
            let mut set = set;
            while let Some(lowest) = set.pop_lowest() {
                docs.push(bucket * BUCKET + lowest);
            }
        }
        if docs.len() > limit {
            docs.select_nth_unstable_by_key(limit, |&doc| segment.time_rank(doc));
            docs.truncate(limit);
        }
        docs.sort_unstable_by_key(|&doc| segment.time_rank(doc));
        docs
    }
}

/// Returns sets whose union is the documents of a unit, without typos.
fn unit_sets(
    unit: &UnitPlan<WordPlan>,
    snapshot: &IndexSnapshot,
    ordinal: usize,
) -> tantivy::Result<Vec<Arc<BitSet>>> {
    let segment = &snapshot.segments[ordinal];
    if let UnitPlan::Word(word) = unit
        && word.terms.phrases.is_empty()
    {
        return word.terms.documents(ordinal, segment, false);
    }
    let mut scorer = unit.scorer(snapshot, ordinal, RequiredUnits::All, false)?;
    let mut set = BitSet::with_max_value(segment.max_doc());
    while scorer.doc() != TERMINATED {
        set.insert(scorer.doc());
        scorer.advance();
    }
    Ok(vec![Arc::new(set)])
}
