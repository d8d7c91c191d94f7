//! A word with its terms in each segment, and the scorer of its documents.

use std::sync::Arc;

use tantivy::InvertedIndexReader;
use tantivy::postings::TermInfo;
use tantivy::query::Weight;
use tantivy::schema::IndexRecordOption;
use tantivy_common::BitSet;

use super::bit_sets::{SharedBitSet, add_documents, union};
use super::scorers::{DocIter, FormScorer, TermPostings, WordScorer};
use super::segment::IndexSegment;
use super::snapshot::IndexSnapshot;

/// Posting lists that are iterated in parallel; more are merged into a bit set first.
const MAX_PARALLEL_POSTINGS: usize = 4;
/// A term in one of this number of documents has its bit set cached.
const FREQUENT: u32 = 64;
/// Frequent terms in at least this number of documents are commonplace.
const COMMONPLACE_DOCUMENTS: u64 = 20_000;

/// Returns true if a term is so frequent that all its matches score the same.
///
/// Its frequency within a document means little, and scoring each match would take milliseconds.
pub(super) fn is_commonplace(frequency: u64, documents: u64) -> bool {
    frequency >= COMMONPLACE_DOCUMENTS && frequency >= documents / u64::from(FREQUENT)
}

/// A word with its terms in each segment.
pub(super) struct WordPlan {
    /// Its inverse document frequency, by which all its scores are multiplied.
    pub(super) idf: f32,
    pub(super) segments: Vec<SegmentWord>,
    /// The word as adjacent terms, with the factor of their score.
    pub(super) phrases: Vec<(Box<dyn Weight>, f32)>,
}

/// A word's terms in the dictionaries of one segment.
#[derive(Default)]
pub(super) struct SegmentWord {
    /// Terms that BM25 scores.
    pub(super) forms: Vec<WordForm>,
    /// Terms with one score for all their documents, less than that of any form.
    pub(super) groups: Vec<TermGroup>,
    /// The same for typos, which only some tiers permit.
    pub(super) typos: Vec<TermGroup>,
    /// Terms in titles, which add to the score of forms.
    pub(super) form_titles: Vec<TermGroup>,
    /// Terms in titles, which add to the score of groups.
    pub(super) group_titles: Vec<TermGroup>,
}

/// A term that stands for a word: the word itself, another spelling, a stem or a name.
pub(super) struct WordForm {
    pub(super) info: TermInfo,
    /// The factor of its score.
    pub(super) factor: f32,
    /// True if the other forms contain all its documents: it raises their scores only.
    pub(super) optional: bool,
    /// True if all its matches score the same.
    pub(super) commonplace: bool,
}

impl WordForm {
    fn scorer(
        &self,
        idf: f32,
        snapshot: &IndexSnapshot,
        segment: &IndexSegment,
    ) -> tantivy::Result<FormScorer> {
        let docs = if self.commonplace {
            DocIter::Set(SharedBitSet::new(self.set(segment)?))
        } else {
            DocIter::Frequencies(Box::new(TermPostings {
                postings: segment
                    .words
                    .read_postings_from_terminfo(&self.info, IndexRecordOption::WithFreqs)?,
                bm25: snapshot.bm25.clone(),
                lengths: segment.lengths.clone(),
            }))
        };
        Ok(FormScorer { docs, weight: idf * self.factor })
    }

    /// Returns the documents of a commonplace term.
    pub(super) fn set(&self, segment: &IndexSegment) -> tantivy::Result<Arc<BitSet>> {
        segment.derived.term_sets.get(&segment.words, &self.info, segment.max_doc())
    }
}

/// The field that contains the terms of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TermField {
    Words,
    Prefixes,
    Title,
    TitlePrefixes,
    Suffixes,
    Whole,
}

/// Terms whose documents all score the same.
#[derive(Clone)]
pub(super) struct TermGroup {
    pub(super) field: TermField,
    pub(super) terms: Vec<TermInfo>,
    /// The factor of its score.
    pub(super) factor: f32,
}

impl TermGroup {
    /// Returns an upper bound of the number of documents.
    pub(super) fn frequency(&self) -> u64 {
        self.terms.iter().map(|term| u64::from(term.doc_freq)).sum()
    }

    pub(super) fn index<'s>(&self, segment: &'s IndexSegment) -> &'s InvertedIndexReader {
        match self.field {
            TermField::Words => &segment.words,
            TermField::Prefixes => &segment.prefixes,
            TermField::Title => &segment.title,
            TermField::TitlePrefixes => &segment.title_prefixes,
            TermField::Suffixes => &segment.suffixes,
            TermField::Whole => &segment.whole,
        }
    }

    /// Returns the documents as a set.
    pub(super) fn set(&self, segment: &IndexSegment) -> tantivy::Result<Arc<BitSet>> {
        let (index, max_doc) = (self.index(segment), segment.max_doc());
        match (self.cached_term(segment), self.field) {
            (Some(info), TermField::TitlePrefixes) => {
                segment.derived.title_prefix_sets.get(index, info, max_doc)
            }
            (Some(info), _) => segment.derived.prefix_sets.get(index, info, max_doc),
            (None, _) => Ok(Arc::new(union(&self.terms, index, max_doc)?)),
        }
    }

    /// Returns the frequent short prefix that the group consists of.
    fn cached_term(&self, segment: &IndexSegment) -> Option<&TermInfo> {
        let is_prefix = matches!(self.field, TermField::Prefixes | TermField::TitlePrefixes);
        match self.terms.as_slice() {
            [info] if is_prefix && info.doc_freq >= segment.max_doc() / FREQUENT => Some(info),
            _ => None,
        }
    }

    /// Returns the documents and an upper bound of their number.
    fn docs(&self, segment: &IndexSegment) -> tantivy::Result<(DocIter, u64)> {
        if let [info] = self.terms.as_slice()
            && self.cached_term(segment).is_none()
        {
            let postings =
                self.index(segment).read_postings_from_terminfo(info, IndexRecordOption::Basic)?;
            return Ok((DocIter::Constant(Box::new(postings)), u64::from(info.doc_freq)));
        }
        let cost = self.frequency().min(u64::from(segment.max_doc()));
        Ok((DocIter::Set(SharedBitSet::new(self.set(segment)?)), cost))
    }

    pub(super) fn scorer(&self, idf: f32, segment: &IndexSegment) -> tantivy::Result<FormScorer> {
        let (docs, _) = self.docs(segment)?;
        Ok(FormScorer { docs, weight: idf * self.factor })
    }
}

impl SegmentWord {
    /// Returns the groups, with typos if they are permitted.
    pub(super) fn groups(&self, typos: bool) -> impl Iterator<Item = &TermGroup> + Clone {
        self.groups.iter().chain(self.typos.iter().filter(move |_| typos))
    }
}

impl WordPlan {
    /// Creates a plan without terms.
    pub(super) fn empty(segments: usize) -> Self {
        let segments = std::iter::repeat_with(SegmentWord::default).take(segments).collect();
        Self { idf: 0.0, segments, phrases: Vec::new() }
    }

    /// Returns true if no segment contains any of its terms.
    pub(super) fn is_empty(&self) -> bool {
        self.phrases.is_empty()
            && self.segments.iter().all(|found| found.forms.is_empty() && found.groups.is_empty())
    }

    /// Returns the scorer of the word's documents in a segment.
    pub(super) fn scorer(
        &self,
        snapshot: &IndexSnapshot,
        ordinal: usize,
        typos: bool,
    ) -> tantivy::Result<WordScorer> {
        let (found, segment) = (&self.segments[ordinal], &snapshot.segments[ordinal]);
        let mut cost: u64 = 0;
        let mut forms = Vec::with_capacity(found.forms.len() + found.groups.len());
        let mut optional = Vec::new();
        for form in &found.forms {
            let scorer = form.scorer(self.idf, snapshot, segment)?;
            if form.optional {
                optional.push(scorer);
            } else {
                cost += u64::from(form.info.doc_freq);
                forms.push(scorer);
            }
        }
        let by_weight = |a: &FormScorer, b: &FormScorer| b.weight.total_cmp(&a.weight);
        forms.sort_by(by_weight);
        optional.sort_by(by_weight);
        if forms.len() > MAX_PARALLEL_POSTINGS {
            // In parallel, each step reads every list; a set of all is one lookup.
            let terms = found.forms.iter().filter(|form| !form.optional).map(|form| &form.info);
            let set = Arc::new(union(terms, &segment.words, segment.max_doc())?);
            optional.append(&mut forms);
            forms.push(FormScorer { docs: DocIter::Set(SharedBitSet::new(set)), weight: 0.0 });
        }
        for (weight, factor) in &self.phrases {
            let scorer = weight.scorer(&segment.reader, 0.0)?;
            cost += u64::from(scorer.size_hint());
            forms.push(FormScorer { docs: DocIter::Constants(scorer), weight: self.idf * factor });
        }
        let groups_from = forms.len();
        for group in found.groups(typos) {
            let (docs, frequency) = group.docs(segment)?;
            cost += frequency;
            forms.push(FormScorer { docs, weight: self.idf * group.factor });
        }
        forms[groups_from..].sort_by(by_weight);
        let titles = |groups: &[TermGroup]| -> tantivy::Result<Vec<FormScorer>> {
            groups.iter().map(|group| group.scorer(self.idf, segment)).collect()
        };
        let (form_titles, group_titles) = (titles(&found.form_titles)?, titles(&found.group_titles)?);
        Ok(WordScorer::new(forms, groups_from, optional, form_titles, group_titles, cost))
    }

    /// Returns all documents of the word in a segment, deleted ones included.
    pub(super) fn all_documents(
        &self,
        ordinal: usize,
        segment: &IndexSegment,
        typos: bool,
    ) -> tantivy::Result<Arc<BitSet>> {
        let found = &self.segments[ordinal];
        let forms: Vec<&WordForm> = found.forms.iter().filter(|form| !form.optional).collect();
        let mut groups = found.groups(typos);
        let mut set = match (groups.next(), forms.as_slice()) {
            (Some(group), []) if found.groups(typos).count() == 1 => return group.set(segment),
            (None, [form]) if form.commonplace => return form.set(segment),
            (Some(group), _) => BitSet::clone(&*group.set(segment)?),
            (None, _) => BitSet::with_max_value(segment.max_doc()),
        };
        for group in groups {
            for info in &group.terms {
                add_documents(&mut set, group.index(segment), info)?;
            }
        }
        for form in forms {
            add_documents(&mut set, &segment.words, &form.info)?;
        }
        Ok(Arc::new(set))
    }
}
