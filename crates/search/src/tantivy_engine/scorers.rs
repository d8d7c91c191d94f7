//! Scorers of a query's units: words in all their forms, compounds and phrases.
//!
//! They follow the contracts of tantivy's [`DocSet`] and [`Scorer`]. In addition, `seek` to a document
//! before the current one is valid and returns the current one.

use std::ops::Range;
use std::sync::Arc;

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::{Postings, SegmentPostings};
use tantivy::query::{Bm25Weight, Scorer};
use tantivy::{DocId, DocSet, Score, TERMINATED};

use super::bit_sets::SharedBitSet;

/// The documents of one form of a word.
pub(super) enum DocIter {
    /// A posting list with term frequencies, which BM25 scores.
    Frequencies(Box<TermPostings>),
    /// A posting list with one score for all documents.
    Constant(Box<SegmentPostings>),
    /// A union of posting lists with one score for all documents.
    Set(SharedBitSet),
    /// A phrase with one score for all documents.
    Constants(Box<dyn Scorer>),
    /// A phrase that BM25 scores.
    Phrase(Box<dyn Scorer>),
}

/// A posting list with the means to score its documents.
pub(super) struct TermPostings {
    pub(super) postings: SegmentPostings,
    pub(super) bm25: Arc<Bm25Weight>,
    /// The score of a match beside BM25.
    pub(super) floor: Score,
    pub(super) lengths: FieldNormReader,
}

impl TermPostings {
    /// Returns the score of the current document: BM25 with a floor (BM25+), so that a match in a long document
    /// still outscores a lesser kind.
    fn score(&self, weight: Score) -> Score {
        let length = self.lengths.fieldnorm_id(self.postings.doc());
        weight * (self.floor + self.bm25.score(length, self.postings.term_freq()))
    }
}

impl DocSet for DocIter {
    fn doc(&self) -> DocId {
        match self {
            DocIter::Frequencies(term) => term.postings.doc(),
            DocIter::Constant(postings) => postings.doc(),
            DocIter::Set(set) => set.doc(),
            DocIter::Constants(scorer) | DocIter::Phrase(scorer) => scorer.doc(),
        }
    }

    fn advance(&mut self) -> DocId {
        match self {
            DocIter::Frequencies(term) => term.postings.advance(),
            DocIter::Constant(postings) => postings.advance(),
            DocIter::Set(set) => set.advance(),
            DocIter::Constants(scorer) | DocIter::Phrase(scorer) => scorer.advance(),
        }
    }

    fn seek(&mut self, target: DocId) -> DocId {
        if self.doc() >= target {
            return self.doc();
        }
        match self {
            DocIter::Frequencies(term) => term.postings.seek(target),
            DocIter::Constant(postings) => postings.seek(target),
            DocIter::Set(set) => set.seek(target),
            DocIter::Constants(scorer) | DocIter::Phrase(scorer) => scorer.seek(target),
        }
    }

    fn size_hint(&self) -> u32 {
        match self {
            DocIter::Frequencies(term) => term.postings.size_hint(),
            DocIter::Constant(postings) => postings.size_hint(),
            DocIter::Set(set) => set.size_hint(),
            DocIter::Constants(scorer) | DocIter::Phrase(scorer) => scorer.size_hint(),
        }
    }
}

/// One form of a word, with the weight of its matches.
pub(super) struct FormScorer {
    pub(super) docs: DocIter,
    /// The score of a match; for `Frequencies`, the factor of floor and BM25.
    pub(super) weight: Score,
    /// The current document: most of them are compared only, which then takes no look into the list.
    doc: DocId,
}

impl FormScorer {
    pub(super) fn new(docs: DocIter, weight: Score) -> Self {
        let doc = docs.doc();
        Self { docs, weight, doc }
    }

    fn advance(&mut self) -> DocId {
        self.doc = self.docs.advance();
        self.doc
    }

    #[inline]
    fn seek(&mut self, target: DocId) -> DocId {
        if self.doc < target {
            self.doc = self.docs.seek(target);
        }
        self.doc
    }

    /// Returns the score of a document, if the form matches it.
    #[inline]
    pub(super) fn score_of(&mut self, doc: DocId) -> Option<Score> {
        (self.seek(doc) == doc).then(|| self.score())
    }

    fn score(&mut self) -> Score {
        match &mut self.docs {
            DocIter::Frequencies(term) => term.score(self.weight),
            DocIter::Constant(_) | DocIter::Set(_) | DocIter::Constants(_) => self.weight,
            DocIter::Phrase(scorer) => self.weight + scorer.score(),
        }
    }

    /// Calls `put` with each document of a range that `wants` accepts, and with its score; both see `state`.
    pub(super) fn for_each_within<S>(
        &mut self,
        range: Range<DocId>,
        state: &mut S,
        wants: impl Fn(&S, DocId) -> bool,
        put: impl Fn(&mut S, DocId, Score),
    ) {
        let mut doc = self.seek(range.start);
        match &mut self.docs {
            DocIter::Set(set) => set.for_each_before(range.end, |doc| {
                if wants(state, doc) {
                    put(state, doc, self.weight);
                }
            }),
            DocIter::Frequencies(term) => {
                while doc < range.end {
                    if wants(state, doc) {
                        put(state, doc, term.score(self.weight));
                    }
                    doc = term.postings.advance();
                }
            }
            DocIter::Constant(_) | DocIter::Constants(_) | DocIter::Phrase(_) => {
                while doc < range.end {
                    if wants(state, doc) {
                        let score = self.score();
                        put(state, doc, score);
                    }
                    doc = self.docs.advance();
                }
            }
        }
        self.doc = self.docs.doc();
    }
}

/// Returns the score of the first form that matches a document.
fn first_score(forms: &mut [FormScorer], doc: DocId) -> Option<Score> {
    forms.iter_mut().find_map(|form| form.score_of(doc))
}

/// Returns the sum of the scores of all forms that match a document.
pub(super) fn sum_of_scores(forms: &mut [FormScorer], doc: DocId) -> Score {
    forms.iter_mut().filter_map(|form| form.score_of(doc)).fold(0.0, |sum, score| sum + score)
}

/// The forms of a word in a segment.
#[derive(Default)]
pub(super) struct WordForms {
    /// The forms whose union matches, best first; a document scores as its best.
    pub(super) forms: Vec<FormScorer>,
    /// Completions, compounds and typos, for documents without a form, best first.
    pub(super) groups: Vec<FormScorer>,
    /// Forms of documents that `forms` contains, whose scores they add to.
    pub(super) extras: Vec<FormScorer>,
    /// Add to the score of documents with a term of a group in the title.
    pub(super) group_titles: Vec<FormScorer>,
    /// An upper bound of the number of documents.
    pub(super) cost: u64,
}

impl WordForms {
    /// Returns the number of postings in all lists.
    pub(super) fn postings(&self) -> u64 {
        let Self { forms, groups, extras, group_titles, cost: _ } = self;
        let lists = forms.iter().chain(groups).chain(extras).chain(group_titles);
        lists.map(|list| u64::from(list.docs.size_hint())).sum()
    }
}

/// The union of a word's forms.
pub(super) struct WordScorer {
    pub(super) word: WordForms,
    doc: DocId,
}

impl WordScorer {
    pub(super) fn new(word: WordForms) -> Self {
        let docs = word.forms.iter().chain(&word.groups).map(|form| form.doc);
        let doc = docs.min().unwrap_or(TERMINATED);
        Self { word, doc }
    }

    /// Creates the scorer of a quoted phrase.
    pub(super) fn phrase(scorer: Box<dyn Scorer>) -> Self {
        let cost = u64::from(scorer.size_hint());
        let form = FormScorer::new(DocIter::Phrase(scorer), 1.0);
        Self::new(WordForms { forms: vec![form], cost, ..WordForms::default() })
    }

    /// Returns the score of a document, if one of the forms matches it.
    pub(super) fn score_of(&mut self, doc: DocId) -> Option<Score> {
        let word = &mut self.word;
        if let Some(score) = first_score(&mut word.forms, doc) {
            return Some(score + sum_of_scores(&mut word.extras, doc));
        }
        let score = first_score(&mut word.groups, doc)?;
        Some(score + first_score(&mut word.group_titles, doc).unwrap_or(0.0))
    }

    /// Moves the lists, and returns the first of their current documents.
    fn move_lists(&mut self, mut to: impl FnMut(&mut FormScorer) -> DocId) -> DocId {
        let mut next = TERMINATED;
        // Two loops instead of a chain of both: this is the innermost loop of most searches.
        for form in &mut self.word.forms {
            next = next.min(to(form));
        }
        for group in &mut self.word.groups {
            next = next.min(to(group));
        }
        next
    }
}

impl DocSet for WordScorer {
    fn doc(&self) -> DocId {
        self.doc
    }

    fn advance(&mut self) -> DocId {
        let current = self.doc;
        self.doc = self.move_lists(|list| if list.doc == current { list.advance() } else { list.doc });
        self.doc
    }

    fn seek(&mut self, target: DocId) -> DocId {
        if self.doc >= target {
            return self.doc;
        }
        self.doc = self.move_lists(|list| list.seek(target));
        self.doc
    }

    fn size_hint(&self) -> u32 {
        u32::try_from(self.word.cost).unwrap_or(u32::MAX)
    }

    fn cost(&self) -> u64 {
        self.word.cost
    }
}

impl Scorer for WordScorer {
    fn score(&mut self) -> Score {
        self.score_of(self.doc).unwrap_or(0.0)
    }
}

/// The documents with all parts of a compound, or with the compound as one word, whichever scores more.
pub(super) struct CompoundScorer {
    parts: Vec<UnitScorer>,
    /// Parts that add to scores only.
    others: Vec<UnitScorer>,
    /// True if one of the parts suffices.
    any: bool,
    /// The current document of the parts.
    parts_doc: DocId,
    joined: WordScorer,
    doc: DocId,
}

impl CompoundScorer {
    pub(super) fn new(
        parts: Vec<UnitScorer>,
        others: Vec<UnitScorer>,
        any: bool,
        joined: WordScorer,
    ) -> Self {
        let mut compound = Self { parts, others, any, parts_doc: 0, joined, doc: 0 };
        compound.parts_doc = compound.first_with_parts(0);
        compound.doc = compound.parts_doc.min(compound.joined.doc());
        compound
    }

    /// Returns the first document from `target` on that contains all parts, or any.
    fn first_with_parts(&mut self, mut target: DocId) -> DocId {
        if self.any {
            return self.parts.iter_mut().map(|part| part.seek(target)).min().unwrap_or(TERMINATED);
        }
        loop {
            let next = self.parts.iter_mut().map(|part| part.seek(target)).max().unwrap_or(TERMINATED);
            if next == target || next == TERMINATED {
                return next;
            }
            target = next;
        }
    }
}

impl DocSet for CompoundScorer {
    fn doc(&self) -> DocId {
        self.doc
    }

    fn advance(&mut self) -> DocId {
        self.seek(self.doc.saturating_add(1))
    }

    fn seek(&mut self, target: DocId) -> DocId {
        if self.doc < target {
            if self.parts_doc < target {
                self.parts_doc = self.first_with_parts(target);
            }
            self.doc = self.parts_doc.min(self.joined.seek(target));
        }
        self.doc
    }

    fn size_hint(&self) -> u32 {
        u32::try_from(self.cost()).unwrap_or(u32::MAX)
    }

    fn cost(&self) -> u64 {
        let costs = self.parts.iter().map(UnitScorer::cost);
        let parts = if self.any { costs.sum() } else { costs.min().unwrap_or(0) };
        parts + self.joined.cost()
    }
}

impl Scorer for CompoundScorer {
    fn score(&mut self) -> Score {
        let doc = self.doc;
        let mut parts = 0.0;
        if self.parts_doc == doc {
            let matching = self.parts.iter_mut().filter(|part| part.doc() == doc);
            let others = self.others.iter_mut().filter_map(|part| (part.seek(doc) == doc).then_some(part));
            parts = matching.chain(others).map(Scorer::score).fold(0.0, |sum, score| sum + score);
        }
        let joined = if self.joined.doc() == doc { self.joined.score() } else { 0.0 };
        Score::max(parts, joined)
    }
}

/// The documents of a unit.
pub(super) enum UnitScorer {
    Word(WordScorer),
    Compound(Box<CompoundScorer>),
}

impl DocSet for UnitScorer {
    fn doc(&self) -> DocId {
        match self {
            Self::Word(word) => word.doc(),
            Self::Compound(compound) => compound.doc(),
        }
    }

    fn advance(&mut self) -> DocId {
        match self {
            Self::Word(word) => word.advance(),
            Self::Compound(compound) => compound.advance(),
        }
    }

    fn seek(&mut self, target: DocId) -> DocId {
        match self {
            Self::Word(word) => word.seek(target),
            Self::Compound(compound) => compound.seek(target),
        }
    }

    fn size_hint(&self) -> u32 {
        u32::try_from(self.cost()).unwrap_or(u32::MAX)
    }

    fn cost(&self) -> u64 {
        match self {
            Self::Word(word) => word.cost(),
            Self::Compound(compound) => compound.cost(),
        }
    }
}

impl Scorer for UnitScorer {
    fn score(&mut self) -> Score {
        match self {
            Self::Word(word) => word.score(),
            Self::Compound(compound) => compound.score(),
        }
    }
}
