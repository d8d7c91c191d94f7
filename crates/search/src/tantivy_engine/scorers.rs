//! Scorers of a query's units: words in all their forms, and phrases.
//!
//! They follow the contracts of tantivy's [`DocSet`] and [`Scorer`]. In addition, `seek` to a document
//! before the current one is valid and returns the current one.

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
    Phrase(Box<dyn Scorer>),
}

/// A posting list with the means to score its documents.
pub(super) struct TermPostings {
    pub(super) postings: SegmentPostings,
    pub(super) bm25: Bm25Weight,
    pub(super) lengths: FieldNormReader,
}

impl DocSet for DocIter {
    fn doc(&self) -> DocId {
        match self {
            DocIter::Frequencies(term) => term.postings.doc(),
            DocIter::Constant(postings) => postings.doc(),
            DocIter::Set(set) => set.doc(),
            DocIter::Phrase(scorer) => scorer.doc(),
        }
    }

    fn advance(&mut self) -> DocId {
        match self {
            DocIter::Frequencies(term) => term.postings.advance(),
            DocIter::Constant(postings) => postings.advance(),
            DocIter::Set(set) => set.advance(),
            DocIter::Phrase(scorer) => scorer.advance(),
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
            DocIter::Phrase(scorer) => scorer.seek(target),
        }
    }

    fn size_hint(&self) -> u32 {
        match self {
            DocIter::Frequencies(term) => term.postings.size_hint(),
            DocIter::Constant(postings) => postings.size_hint(),
            DocIter::Set(set) => set.size_hint(),
            DocIter::Phrase(scorer) => scorer.size_hint(),
        }
    }
}

/// One form of a word, with the weight of its matches.
pub(super) struct FormScorer {
    pub(super) docs: DocIter,
    /// The score of a match; for `Frequencies`, the factor of `1 + BM25`.
    pub(super) weight: Score,
}

impl FormScorer {
    /// Returns the score of a document, if the form matches it.
    fn score_of(&mut self, doc: DocId) -> Option<Score> {
        (self.docs.seek(doc) == doc).then(|| self.score())
    }

    fn score(&mut self) -> Score {
        match &mut self.docs {
            // BM25 with a floor (BM25+): a match in a long document still outscores a lesser form.
            DocIter::Frequencies(term) => {
                let length = term.lengths.fieldnorm_id(term.postings.doc());
                self.weight * (1.0 + term.bm25.score(length, term.postings.term_freq()))
            }
            DocIter::Constant(_) | DocIter::Set(_) => self.weight,
            DocIter::Phrase(scorer) => self.weight + scorer.score(),
        }
    }
}

/// The union of a unit's forms; a document scores as its best form.
pub(super) struct UnitScorer {
    /// The forms whose union matches, best first.
    pub(super) forms: Vec<FormScorer>,
    /// Better forms of documents that `forms` contains: they raise scores only.
    pub(super) optional: Vec<FormScorer>,
    /// Adds to the score of documents with the word in the title.
    pub(super) title: Option<FormScorer>,
    /// An upper bound of the number of documents.
    cost: u64,
    doc: DocId,
}

impl UnitScorer {
    pub(super) fn new(
        forms: Vec<FormScorer>,
        optional: Vec<FormScorer>,
        title: Option<FormScorer>,
        cost: u64,
    ) -> Self {
        let doc = forms.iter().map(|form| form.docs.doc()).min().unwrap_or(TERMINATED);
        Self { forms, optional, title, cost, doc }
    }

    pub(super) fn phrase(scorer: Box<dyn Scorer>) -> Self {
        let cost = u64::from(scorer.size_hint());
        let form = FormScorer { docs: DocIter::Phrase(scorer), weight: 1.0 };
        Self::new(vec![form], Vec::new(), None, cost)
    }
}

impl DocSet for UnitScorer {
    fn doc(&self) -> DocId {
        self.doc
    }

    fn advance(&mut self) -> DocId {
        if let [form] = self.forms.as_mut_slice() {
            self.doc = form.docs.advance();
            return self.doc;
        }
        let current = self.doc;
        let mut next = TERMINATED;
        for form in &mut self.forms {
            let doc = if form.docs.doc() == current { form.docs.advance() } else { form.docs.doc() };
            next = next.min(doc);
        }
        self.doc = next;
        next
    }

    fn seek(&mut self, target: DocId) -> DocId {
        if self.doc >= target {
            return self.doc;
        }
        let mut next = TERMINATED;
        for form in &mut self.forms {
            next = next.min(form.docs.seek(target));
        }
        self.doc = next;
        next
    }

    fn size_hint(&self) -> u32 {
        u32::try_from(self.cost).unwrap_or(u32::MAX)
    }

    fn cost(&self) -> u64 {
        self.cost
    }
}

impl Scorer for UnitScorer {
    fn score(&mut self) -> Score {
        let doc = self.doc;
        let best = self.optional.iter_mut().chain(&mut self.forms).find_map(|form| form.score_of(doc));
        let title = self.title.as_mut().and_then(|form| form.score_of(doc));
        best.unwrap_or(0.0) + title.unwrap_or(0.0)
    }
}
