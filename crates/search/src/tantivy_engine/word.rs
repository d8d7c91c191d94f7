//! A word with its terms in each segment, and the scorer of its documents.

use std::cell::OnceCell;
use std::sync::Arc;

use tantivy::InvertedIndexReader;
use tantivy::postings::TermInfo;
use tantivy::query::Weight;
use tantivy::schema::IndexRecordOption;
use tantivy_common::BitSet;

use super::bit_sets::{SharedBitSet, add_documents, intersection, members, union};
use super::scorers::{DocIter, FormScorer, TermPostings, WordForms, WordScorer};
use super::segment::IndexSegment;
use super::snapshot::IndexSnapshot;
use super::term_field::TermField;
use super::term_list::TermList;
use super::weights::MAX_BM25;
pub(super) use super::weights::{FREQUENT, is_commonplace};
use crate::explanation::MatchKind;
use crate::planner::TermRole;

/// Posting lists that are iterated in parallel; more are merged into a bit set first.
const MAX_PARALLEL_POSTINGS: usize = 4;

/// The terms of a word in each segment.
pub(super) struct WordPlan {
    /// Its inverse document frequency, by which all its scores are multiplied.
    pub(super) idf: f32,
    /// The score of a match of a form beside BM25.
    pub(super) floor: f32,
    pub(super) segments: Vec<SegmentWord>,
    /// The word as adjacent terms.
    pub(super) phrases: Vec<PhraseForm>,
}

/// A word as adjacent terms.
pub(super) struct PhraseForm {
    pub(super) weight: Box<dyn Weight>,
    /// The factor of its score.
    pub(super) factor: f32,
    pub(super) kind: MatchKind,
    /// True if only tiers with typos permit it.
    pub(super) is_typo: bool,
    /// The documents of each segment to which it is restricted.
    pub(super) within: Option<Arc<[Arc<BitSet>]>>,
}

/// A word's terms in the dictionaries of one segment.
#[derive(Default)]
pub(super) struct SegmentWord {
    /// The terms of which each document of the word has one, unless it has one of a group only.
    pub(super) forms: Vec<WordForm>,
    /// Terms of documents with a form, whose scores they add to.
    pub(super) extras: Vec<WordForm>,
    /// Terms in titles and other fields with a weight, which add to the score of documents with a form.
    pub(super) titles: Vec<TermGroup>,
    /// Terms with one score for all their documents, less than that of any form.
    pub(super) groups: Vec<TermGroup>,
    /// The same for typos, which only some tiers permit.
    pub(super) typos: Vec<TermGroup>,
    /// Terms in titles and other fields with a weight, of which the best adds to the score of groups.
    pub(super) group_titles: Vec<TermGroup>,
}

/// A term that stands for a word: the word itself, another spelling, a stem or a name.
pub(super) struct WordForm {
    pub(super) info: TermInfo,
    pub(super) kind: MatchKind,
    /// The factor of its score.
    pub(super) factor: f32,
    /// True if all its matches score the same.
    pub(super) commonplace: bool,
}

impl WordForm {
    pub(super) fn scorer(
        &self,
        word: &WordPlan,
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
                floor: word.floor,
                lengths: segment.lengths.clone(),
            }))
        };
        Ok(FormScorer::new(docs, self.weight(word)))
    }

    /// Returns the score of all matches of a commonplace term, else the factor of floor and BM25.
    pub(super) fn weight(&self, word: &WordPlan) -> f32 {
        let weight = word.idf * self.factor;
        // As much as the floor and the BM25 of one occurrence in a text of average length.
        if self.commonplace { weight * (word.floor + 1.0) } else { weight }
    }

    /// Returns the most that a match scores.
    pub(super) fn max_score(&self, word: &WordPlan) -> f32 {
        if self.commonplace { self.weight(word) } else { self.weight(word) * (word.floor + MAX_BM25) }
    }

    /// Returns the documents of a commonplace term.
    pub(super) fn set(&self, segment: &IndexSegment) -> tantivy::Result<Arc<BitSet>> {
        segment.derived.term_sets.get(&segment.words, &self.info, segment.max_doc())
    }
}

/// Terms of a segment whose documents all score the same.
pub(super) struct TermGroup {
    pub(super) field: TermField,
    pub(super) terms: TermList,
    pub(super) kind: MatchKind,
    /// The factor of its score.
    pub(super) factor: f32,
    /// The documents to which it is restricted.
    within: Option<Arc<BitSet>>,
    /// The documents, once they were asked for.
    set: OnceCell<Arc<BitSet>>,
}

impl TermGroup {
    pub(super) fn new(field: TermField, terms: impl Into<TermList>, kind: MatchKind, factor: f32) -> Self {
        Self::within(field, terms, kind, factor, None)
    }

    /// Creates a group whose documents are restricted to some.
    pub(super) fn within(
        field: TermField,
        terms: impl Into<TermList>,
        kind: MatchKind,
        factor: f32,
        within: Option<Arc<BitSet>>,
    ) -> Self {
        Self { field, terms: terms.into(), kind, factor, within, set: OnceCell::new() }
    }

    /// Returns an upper bound of the number of documents.
    pub(super) fn frequency(&self) -> u64 {
        self.terms.iter().map(|term| u64::from(term.doc_freq)).sum()
    }

    /// Returns the documents as a set.
    pub(super) fn set(&self, segment: &IndexSegment) -> tantivy::Result<Arc<BitSet>> {
        if let Some(set) = self.set.get() {
            return Ok(set.clone());
        }
        let (index, max_doc) = (segment.terms_of(self.field), segment.max_doc());
        let set = match (self.cached_term(segment), self.field) {
            (Some(info), TermField::TitlePrefixes) => {
                segment.derived.title_prefix_sets.get(index, info, max_doc)?
            }
            (Some(info), _) => segment.derived.prefix_sets.get(index, info, max_doc)?,
            (None, _) => self.terms.documents(index, max_doc)?,
        };
        let set = match &self.within {
            Some(within) => Arc::new(intersection(&set, within, max_doc)),
            None => set,
        };
        Ok(self.set.get_or_init(|| set).clone())
    }

    /// Returns the frequent short prefix that the group consists of.
    fn cached_term(&self, segment: &IndexSegment) -> Option<&TermInfo> {
        let is_prefix = matches!(self.field, TermField::Prefixes | TermField::TitlePrefixes);
        match &*self.terms {
            [info] if is_prefix && info.doc_freq >= segment.max_doc() / FREQUENT => Some(info),
            _ => None,
        }
    }

    /// Returns the documents and an upper bound of their number.
    fn docs(&self, segment: &IndexSegment) -> tantivy::Result<(DocIter, u64)> {
        if let [info] = &*self.terms
            && self.cached_term(segment).is_none()
            && self.within.is_none()
        {
            let postings =
                segment.terms_of(self.field).read_postings_from_terminfo(info, IndexRecordOption::Basic)?;
            return Ok((DocIter::Constant(Box::new(postings)), u64::from(info.doc_freq)));
        }
        let cost = self.frequency().min(u64::from(segment.max_doc()));
        Ok((DocIter::Set(SharedBitSet::new(self.set(segment)?)), cost))
    }

    pub(super) fn scorer(&self, idf: f32, segment: &IndexSegment) -> tantivy::Result<FormScorer> {
        let (docs, _) = self.docs(segment)?;
        Ok(FormScorer::new(docs, idf * self.factor))
    }
}

pub(super) fn push_group(
    groups: &mut Vec<TermGroup>,
    field: TermField,
    terms: impl Into<TermList>,
    kind: MatchKind,
    factor: f32,
) {
    let terms = terms.into();
    if !terms.is_empty() {
        groups.push(TermGroup::new(field, terms, kind, factor));
    }
}

/// Looks up terms of a field.
pub(super) fn infos_of(
    segment: &IndexSegment,
    field: TermField,
    terms: &[impl AsRef<[u8]>],
) -> tantivy::Result<Vec<TermInfo>> {
    let mut infos = Vec::new();
    for term in terms {
        infos.extend(segment.terms_of(field).terms().get(term)?);
    }
    Ok(infos)
}

impl SegmentWord {
    /// Returns the list of terms with a role.
    pub(super) fn forms_of(&mut self, role: TermRole) -> &mut Vec<WordForm> {
        match role {
            TermRole::Form => &mut self.forms,
            TermRole::Extra => &mut self.extras,
        }
    }

    /// Returns the groups, with typos if they are permitted.
    pub(super) fn groups(&self, typos: bool) -> impl Iterator<Item = &TermGroup> + Clone {
        self.groups.iter().chain(self.typos.iter().filter(move |_| typos))
    }
}

impl WordPlan {
    /// Creates a plan without terms.
    pub(super) fn empty(segments: usize, floor: f32) -> Self {
        let segments = std::iter::repeat_with(SegmentWord::default).take(segments).collect();
        Self { idf: 0.0, floor, segments, phrases: Vec::new() }
    }

    /// Returns true if documents match that have none of its forms.
    pub(super) fn has_other_terms(&self, ordinal: usize) -> bool {
        !self.phrases.is_empty() || self.segments[ordinal].groups(true).next().is_some()
    }

    /// Returns the scorer of the word's documents in a segment.
    pub(super) fn scorer(
        &self,
        snapshot: &IndexSnapshot,
        ordinal: usize,
        typos: bool,
    ) -> tantivy::Result<WordScorer> {
        let (found, segment) = (&self.segments[ordinal], &snapshot.segments[ordinal]);
        let by_weight = |a: &FormScorer, b: &FormScorer| b.weight.total_cmp(&a.weight);
        let mut word = WordForms::default();
        for form in &found.forms {
            word.cost += u64::from(form.info.doc_freq);
            word.forms.push(form.scorer(self, snapshot, segment)?);
        }
        if word.forms.len() > MAX_PARALLEL_POSTINGS {
            // In parallel, each step reads every list; a set of all is one lookup, and its score is never
            // the best.
            let terms = found.forms.iter().map(|form| &form.info);
            let set = Arc::new(union(terms, &segment.words, segment.max_doc())?);
            word.forms.push(FormScorer::new(DocIter::Set(SharedBitSet::new(set)), 0.0));
        }
        for phrase in self.phrases.iter().filter(|phrase| typos || !phrase.is_typo) {
            let scorer = phrase.weight.scorer(&segment.reader, 1.0)?;
            word.cost += u64::from(scorer.size_hint());
            let weight = self.idf * phrase.factor;
            let docs = match &phrase.within {
                Some(within) => DocIter::Set(SharedBitSet::new(Arc::new(members(scorer, &within[ordinal])))),
                None => DocIter::Constants(scorer),
            };
            word.forms.push(FormScorer::new(docs, weight));
        }
        word.forms.sort_by(by_weight);
        for form in &found.extras {
            word.extras.push(form.scorer(self, snapshot, segment)?);
        }
        for group in &found.titles {
            word.extras.push(group.scorer(self.idf, segment)?);
        }
        for group in found.groups(typos) {
            let (docs, frequency) = group.docs(segment)?;
            word.cost += frequency;
            word.groups.push(FormScorer::new(docs, self.idf * group.factor));
        }
        word.groups.sort_by(by_weight);
        for group in &found.group_titles {
            word.group_titles.push(group.scorer(self.idf, segment)?);
        }
        word.group_titles.sort_by(by_weight);
        Ok(WordScorer::new(word))
    }

    /// Returns sets whose union is all documents of the word in a segment, deleted ones included.
    ///
    /// The sets of frequent terms are cached; the others are merged.
    pub(super) fn documents(
        &self,
        ordinal: usize,
        segment: &IndexSegment,
        typos: bool,
    ) -> tantivy::Result<Vec<Arc<BitSet>>> {
        let found = &self.segments[ordinal];
        let mut groups = found.groups(typos);
        let mut sets = Vec::new();
        if let Some(group) = groups.next() {
            sets.push(group.set(segment)?);
        }
        let mut rare: Option<BitSet> = None;
        let mut add = |index: &InvertedIndexReader, info: &TermInfo| {
            let set = rare.get_or_insert_with(|| BitSet::with_max_value(segment.max_doc()));
            add_documents(set, index, info)
        };
        for group in groups {
            if group.within.is_some() {
                sets.push(group.set(segment)?);
                continue;
            }
            for info in group.terms.iter() {
                add(segment.terms_of(group.field), info)?;
            }
        }
        for form in &found.forms {
            if form.commonplace {
                sets.push(form.set(segment)?);
            } else {
                add(&segment.words, &form.info)?;
            }
        }
        sets.extend(rare.map(Arc::new));
        Ok(sets)
    }
}
