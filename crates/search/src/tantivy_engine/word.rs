//! A word with its terms in each segment, and the scorer of its documents.

use std::sync::Arc;

use tantivy::InvertedIndexReader;
use tantivy::postings::TermInfo;
use tantivy::schema::IndexRecordOption;
use tantivy_common::BitSet;

use super::bit_sets::{SharedBitSet, add_documents, union};
use super::scorers::{DocIter, FormScorer, TermPostings, UnitScorer};
use super::segment::IndexSegment;
use super::snapshot::IndexSnapshot;

/// The factor of an exact match.
///
/// BM25 multiplies factors by 1 to 3.2, so an exact match outscores a stem, and a stem a prefix.
pub(super) const EXACT: f32 = 1.0;
pub(super) const STEM: f32 = 0.3;
pub(super) const PREFIX: f32 = 0.25;
const IN_TITLE: f32 = 1.0;

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
    pub(super) idf: f32,
    pub(super) segments: Vec<SegmentWord>,
}

/// A word's terms in the dictionary of one segment.
#[derive(Default)]
pub(super) struct SegmentWord {
    pub(super) forms: Vec<WordForm>,
    pub(super) completions: Completions,
    pub(super) titles: Vec<TermInfo>,
}

/// A term that stands for a word: the word itself, a stem or a name.
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

/// The terms that begin with a word, the word itself included.
#[derive(Default)]
pub(super) enum Completions {
    #[default]
    None,
    /// The posting list of a short prefix.
    ShortPrefix(TermInfo),
    Words(Vec<TermInfo>),
}

impl Completions {
    pub(super) fn frequency(&self) -> u64 {
        self.terms().iter().map(|term| u64::from(term.doc_freq)).sum()
    }

    fn terms(&self) -> &[TermInfo] {
        match self {
            Self::None => &[],
            Self::ShortPrefix(info) => std::slice::from_ref(info),
            Self::Words(words) => words,
        }
    }

    fn index<'s>(&self, segment: &'s IndexSegment) -> &'s InvertedIndexReader {
        match self {
            Self::ShortPrefix(_) => &segment.prefixes,
            Self::None | Self::Words(_) => &segment.words,
        }
    }

    pub(super) fn is_none(&self) -> bool {
        self.terms().is_empty()
    }

    /// Returns true if a live document contains one of the terms.
    pub(super) fn has_live_document(&self, segment: &IndexSegment) -> tantivy::Result<bool> {
        for info in self.terms() {
            if segment.has_live_document(self.index(segment), info)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the documents as a set; `None` without completions.
    fn set(&self, segment: &IndexSegment) -> tantivy::Result<Option<Arc<BitSet>>> {
        let max_doc = segment.max_doc();
        Ok(match self {
            Self::None => None,
            Self::ShortPrefix(info) if is_frequent(info, segment) => {
                Some(segment.derived.prefix_sets.get(&segment.prefixes, info, max_doc)?)
            }
            _ => Some(Arc::new(union(self.terms(), self.index(segment), max_doc)?)),
        })
    }

    /// Returns the documents and an upper bound of their number; `None` without completions.
    fn docs(&self, segment: &IndexSegment) -> tantivy::Result<Option<(DocIter, u64)>> {
        if let [info] = self.terms()
            && !(matches!(self, Self::ShortPrefix(_)) && is_frequent(info, segment))
        {
            return Ok(Some((constant(self.index(segment), info)?, u64::from(info.doc_freq))));
        }
        let cost = self.frequency().min(u64::from(segment.max_doc()));
        Ok(self.set(segment)?.map(|set| (DocIter::Set(SharedBitSet::new(set)), cost)))
    }
}

fn is_frequent(info: &TermInfo, segment: &IndexSegment) -> bool {
    info.doc_freq >= segment.max_doc() / FREQUENT
}

fn constant(index: &InvertedIndexReader, info: &TermInfo) -> tantivy::Result<DocIter> {
    let postings = index.read_postings_from_terminfo(info, IndexRecordOption::Basic)?;
    Ok(DocIter::Constant(Box::new(postings)))
}

impl WordPlan {
    /// Returns the scorer of the word's documents in a segment.
    pub(super) fn scorer(&self, snapshot: &IndexSnapshot, ordinal: usize) -> tantivy::Result<UnitScorer> {
        let (found, segment) = (&self.segments[ordinal], &snapshot.segments[ordinal]);
        let mut cost: u64 = 0;
        let mut forms = Vec::with_capacity(found.forms.len() + 1);
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
        forms.sort_by(|a: &FormScorer, b: &FormScorer| b.weight.total_cmp(&a.weight));
        if let Some((docs, frequency)) = found.completions.docs(segment)? {
            cost += frequency;
            forms.push(FormScorer { docs, weight: self.idf * PREFIX });
        } else if forms.len() > MAX_PARALLEL_POSTINGS {
            // In parallel, each step reads every list; a set of all is one lookup.
            let terms = found.forms.iter().filter(|form| !form.optional).map(|form| &form.info);
            let set = Arc::new(union(terms, &segment.words, segment.max_doc())?);
            optional.append(&mut forms);
            forms.push(FormScorer { docs: DocIter::Set(SharedBitSet::new(set)), weight: 0.0 });
        }
        Ok(UnitScorer::new(forms, optional, self.title(found, segment)?, cost))
    }

    fn title(&self, found: &SegmentWord, segment: &IndexSegment) -> tantivy::Result<Option<FormScorer>> {
        let docs = match found.titles.as_slice() {
            [] => return Ok(None),
            [info] => constant(&segment.title, info)?,
            titles => {
                let set = union(titles, &segment.title, segment.max_doc())?;
                DocIter::Set(SharedBitSet::new(Arc::new(set)))
            }
        };
        Ok(Some(FormScorer { docs, weight: self.idf * IN_TITLE }))
    }

    /// Returns all documents of the word in a segment, deleted ones included.
    pub(super) fn all_documents(
        &self,
        ordinal: usize,
        segment: &IndexSegment,
    ) -> tantivy::Result<Arc<BitSet>> {
        let found = &self.segments[ordinal];
        let completions = found.completions.set(segment)?;
        let forms: Vec<&WordForm> = found.forms.iter().filter(|form| !form.optional).collect();
        let mut set = match (completions, forms.as_slice()) {
            (Some(set), []) => return Ok(set),
            (None, [form]) if form.commonplace => return form.set(segment),
            (Some(set), _) => BitSet::clone(&set),
            (None, _) => BitSet::with_max_value(segment.max_doc()),
        };
        for form in forms {
            add_documents(&mut set, &segment.words, &form.info)?;
        }
        Ok(Arc::new(set))
    }
}
