//! Walks over the documents of a segment: posting lists, sets, phrases, and their unions.

use std::sync::Arc;

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::BlockSegmentPostings;
use tantivy::query::{Bm25Weight, Scorer};
use tantivy::{DocId, DocSet, TERMINATED};
use tantivy_common::BitSet;

use super::frequent::{FrequentUnit, WeightedSet};
use super::sets::{SetCursor, for_each};
use super::snapshot::{Segment, Snapshot};

/// A walk over one posting list, a block at a time.
#[derive(Clone)]
pub(super) struct PostingCursor {
    block: BlockSegmentPostings,
    at: usize,
    doc: DocId,
}

impl PostingCursor {
    pub(super) fn new(block: BlockSegmentPostings) -> Box<Self> {
        let doc = block.doc(0);
        Box::new(Self { block, at: 0, doc })
    }

    fn advance(&mut self) -> DocId {
        self.at += 1;
        if self.at >= self.block.block_len() {
            self.block.advance();
            self.at = 0;
        }
        self.doc = self.block.doc(self.at);
        self.doc
    }

    fn seek(&mut self, target: DocId) -> DocId {
        if self.doc >= target {
            return self.doc;
        }
        let docs = self.block.docs();
        if docs.last().is_some_and(|&last| last >= target) {
            // Where two frequent words meet, the next document is a few steps away.
            self.at += docs[self.at..].iter().take_while(|&&doc| doc < target).count();
        } else {
            self.at = self.block.seek(target);
        }
        self.doc = self.block.doc(self.at);
        self.doc
    }

    /// What the word's frequency in the current document counts.
    fn share(&self, shares: &Bm25Weight, lengths: &FieldNormReader) -> f32 {
        shares.score(lengths.fieldnorm_id(self.doc), self.block.freq(self.at))
    }

    /// The documents that are left.
    fn to_set(&self, max_doc: DocId) -> BitSet {
        let mut cursor = self.clone();
        let mut set = BitSet::with_max_value(max_doc);
        while cursor.doc != TERMINATED {
            set.insert(cursor.doc);
            cursor.advance();
        }
        set
    }

    /// Calls `found` with every document whose score, `weight` times 1 and its share, is at least
    /// what `found` last returned; whole blocks that score less are passed over.
    pub(super) fn for_each_score(
        mut self,
        weight: f32,
        shares: &Bm25Weight,
        lengths: &FieldNormReader,
        mut least: f32,
        mut found: impl FnMut(DocId, f32) -> f32,
    ) {
        // Scores are compared, not shares: going back from one to the other would round.
        while !self.block.docs().is_empty() {
            if weight * (1.0 + self.block.block_max_score(lengths, shares)) >= least {
                for at in 0..self.block.block_len() {
                    let doc = self.block.doc(at);
                    let share = shares.score(lengths.fieldnorm_id(doc), self.block.freq(at));
                    let score = weight * (1.0 + share);
                    if score >= least {
                        least = found(doc, score);
                    }
                }
            }
            self.block.advance();
        }
    }
}

/// The documents that match one form of a word.
pub(super) enum Documents {
    /// Those of one term, with its frequency.
    Term(Box<PostingCursor>),
    /// Those of one term or of many, all alike.
    TermAlike(Box<PostingCursor>),
    Set(SetCursor),
    Phrase(Box<dyn Scorer>),
}

impl Documents {
    fn doc(&self) -> DocId {
        match self {
            Documents::Term(cursor) | Documents::TermAlike(cursor) => cursor.doc,
            Documents::Set(set) => set.doc(),
            Documents::Phrase(scorer) => scorer.doc(),
        }
    }

    fn advance(&mut self) -> DocId {
        match self {
            Documents::Term(cursor) | Documents::TermAlike(cursor) => cursor.advance(),
            Documents::Set(set) => set.seek(set.doc().saturating_add(1)),
            Documents::Phrase(scorer) => scorer.advance(),
        }
    }

    fn seek(&mut self, target: DocId) -> DocId {
        if self.doc() >= target {
            return self.doc();
        }
        match self {
            Documents::Term(cursor) | Documents::TermAlike(cursor) => cursor.seek(target),
            Documents::Set(set) => set.seek(target),
            Documents::Phrase(scorer) => scorer.seek(target),
        }
    }
}

/// One form of a word and what a match of it is worth.
pub(super) struct Form {
    pub(super) documents: Documents,
    /// The score of a match: for `Term` the factor of `1 + frequency share`, else all of it.
    pub(super) weight: f32,
}

/// The documents that one unit of a query matches, in any of its forms.
pub(super) struct UnitCursor {
    /// Their union is what matches. Best form first.
    forms: Vec<Form>,
    /// Forms whose documents are among those of `forms`: they only raise the score.
    better: Vec<Form>,
    /// Adds to the score where the title has the word.
    title: Option<Form>,
    doc: DocId,
    /// How many documents there are, at most.
    pub(super) size: u64,
}

impl UnitCursor {
    pub(super) fn new(forms: Vec<Form>, better: Vec<Form>, title: Option<Form>, size: u64) -> Self {
        let doc = forms.iter().map(|form| form.documents.doc()).min().unwrap_or(TERMINATED);
        Self { forms, better, title, doc, size }
    }

    pub(super) fn doc(&self) -> DocId {
        self.doc
    }

    pub(super) fn advance(&mut self) -> DocId {
        if let [form] = self.forms.as_mut_slice() {
            self.doc = form.documents.advance();
            return self.doc;
        }
        let current = self.doc;
        let mut next = TERMINATED;
        for form in &mut self.forms {
            let doc =
                if form.documents.doc() == current { form.documents.advance() } else { form.documents.doc() };
            next = next.min(doc);
        }
        self.doc = next;
        next
    }

    pub(super) fn seek(&mut self, target: DocId) -> DocId {
        if self.doc >= target {
            return self.doc;
        }
        let mut next = TERMINATED;
        for form in &mut self.forms {
            next = next.min(form.documents.seek(target));
        }
        self.doc = next;
        next
    }

    /// The unit as sets; `None` where it is not made of words alone. Walks no further.
    pub(super) fn as_frequent(&self, max_doc: DocId) -> Option<FrequentUnit> {
        if self.title.is_some() {
            return None;
        }
        let mut unit = FrequentUnit::default();
        for form in &self.forms {
            let set = match &form.documents {
                Documents::Set(set) => set.set().clone(),
                Documents::Term(cursor) => {
                    let set = Arc::new(cursor.to_set(max_doc));
                    for_each(&set, |doc| unit.scored.push(doc));
                    set
                }
                Documents::TermAlike(cursor) => Arc::new(cursor.to_set(max_doc)),
                Documents::Phrase(_) => return None,
            };
            unit.members.push(WeightedSet { set, weight: form.weight });
        }
        for form in &self.better {
            match &form.documents {
                Documents::Set(set) => {
                    unit.better.push(WeightedSet { set: set.set().clone(), weight: form.weight });
                }
                Documents::Term(cursor) => for_each(&cursor.to_set(max_doc), |doc| unit.scored.push(doc)),
                Documents::TermAlike(_) | Documents::Phrase(_) => return None,
            }
        }
        Some(unit)
    }

    /// What the match at the current document is worth: that of the best form.
    pub(super) fn score(&mut self, snapshot: &Snapshot, segment: &Segment) -> f32 {
        let doc = self.doc;
        let best = self
            .better
            .iter_mut()
            .chain(self.forms.iter_mut())
            .find_map(|form| form.score_of(doc, snapshot, segment))
            .unwrap_or(0.0);
        let title = self.title.as_mut().and_then(|form| form.score_of(doc, snapshot, segment));
        best + title.unwrap_or(0.0)
    }
}

impl Form {
    fn score_of(&mut self, doc: DocId, snapshot: &Snapshot, segment: &Segment) -> Option<f32> {
        if self.documents.seek(doc) != doc {
            return None;
        }
        Some(match &mut self.documents {
            // BM25 with a floor (BM25+): a match in a long document is worth something too, so
            // that forms can be ranked whatever the document's length.
            Documents::Term(cursor) => {
                self.weight * (1.0 + cursor.share(snapshot.shares(), &segment.lengths))
            }
            Documents::TermAlike(_) | Documents::Set(_) => self.weight,
            Documents::Phrase(scorer) => self.weight + scorer.score(),
        })
    }
}
