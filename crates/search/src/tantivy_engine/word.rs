//! A word that was looked up: its documents in a segment, and what each form of it is worth.

use std::sync::Arc;

use tantivy::InvertedIndexReader;
use tantivy::postings::TermInfo;
use tantivy::schema::IndexRecordOption;
use tantivy_common::BitSet;

use super::postings::{Documents, Form, PostingCursor, UnitCursor};
use super::sets::{SetCursor, add_documents, union};
use super::snapshot::Segment;

/// What a match of each form is worth, as a factor of the word's rarity. A term's score is this
/// times 1 to 3.2, so an exact match is always worth more than a stem, and that more than a
/// prefix.
pub(super) const EXACT: f32 = 1.0;
pub(super) const STEM: f32 = 0.3;
pub(super) const PREFIX: f32 = 0.25;
const IN_TITLE: f32 = 1.0;

/// Up to this many posting lists are walked side by side; more become a set first.
const SIDE_BY_SIDE: usize = 4;
/// What at least one in so many documents has is kept as a set.
const FREQUENT: u32 = 64;
/// A frequent term that at least so many documents have is commonplace.
const COMMONPLACE: u64 = 20_000;

/// A word, looked up in every segment.
pub(super) struct WordPlan {
    pub(super) rarity: f32,
    pub(super) segments: Vec<SegmentWord>,
}

/// What one segment's dictionary has of a word.
#[derive(Default)]
pub(super) struct SegmentWord {
    pub(super) terms: Vec<FoundTerm>,
    /// Words that begin with it.
    pub(super) completions: Completions,
    pub(super) titles: Vec<TermInfo>,
}

/// A term of a word's forms.
pub(super) struct FoundTerm {
    pub(super) info: TermInfo,
    /// The factor of its score.
    pub(super) factor: f32,
    /// Its documents are among those of the other forms: it only raises their score.
    pub(super) covered: bool,
    /// So many documents have it that it is worth the same in each.
    pub(super) commonplace: bool,
}

/// Whether so many documents have a term that it is worth the same in each: how often it stands
/// in one says next to nothing, and to weigh each of them would take milliseconds.
pub(super) fn is_commonplace(frequency: u64, documents: u64) -> bool {
    frequency >= COMMONPLACE && frequency >= documents / u64::from(FREQUENT)
}

impl FoundTerm {
    /// The documents in one segment.
    fn documents(&self, segment: &Segment) -> tantivy::Result<Documents> {
        if self.commonplace {
            Ok(Documents::Set(SetCursor::new(self.set(segment)?)))
        } else {
            Ok(Documents::Term(postings(segment, &self.info)?))
        }
    }

    /// The documents of a commonplace term.
    pub(super) fn set(&self, segment: &Segment) -> tantivy::Result<Arc<BitSet>> {
        segment.term_sets.get(&segment.words, &self.info, segment.reader.max_doc())
    }
}

#[derive(Default)]
pub(super) enum Completions {
    #[default]
    None,
    /// The posting list of a short prefix.
    Short(TermInfo),
    /// The words themselves; the exact word is among them.
    Words(Vec<TermInfo>),
}

impl Completions {
    pub(super) fn frequency(&self) -> u64 {
        match self {
            Completions::None => 0,
            Completions::Short(term) => u64::from(term.doc_freq),
            Completions::Words(terms) => terms.iter().map(|term| u64::from(term.doc_freq)).sum(),
        }
    }

    pub(super) fn is_none(&self) -> bool {
        matches!(self, Completions::None)
    }

    /// The documents as a set; `None` without completions.
    pub(super) fn set(&self, segment: &Segment) -> tantivy::Result<Option<Arc<BitSet>>> {
        let max_doc = segment.reader.max_doc();
        Ok(match self {
            Completions::None => None,
            Completions::Short(info) if is_frequent(info, segment) => {
                Some(segment.prefix_sets.get(&segment.prefixes, info, max_doc)?)
            }
            Completions::Short(info) => Some(Arc::new(union([info], &segment.prefixes, max_doc)?)),
            Completions::Words(words) => Some(Arc::new(union(words, &segment.words, max_doc)?)),
        })
    }

    /// The documents and at most how many they are; `None` without completions.
    fn documents(&self, segment: &Segment) -> tantivy::Result<Option<(Documents, u64)>> {
        let single = match self {
            Completions::Short(info) if !is_frequent(info, segment) => Some((&segment.prefixes, info)),
            Completions::Words(words) => match words.as_slice() {
                [info] => Some((&segment.words, info)),
                _ => None,
            },
            _ => None,
        };
        if let Some((index, info)) = single {
            return Ok(Some((alike(index, info)?, u64::from(info.doc_freq))));
        }
        let size = self.frequency().min(u64::from(segment.reader.max_doc()));
        Ok(self.set(segment)?.map(|set| (Documents::Set(SetCursor::new(set)), size)))
    }
}

fn is_frequent(info: &TermInfo, segment: &Segment) -> bool {
    info.doc_freq >= segment.reader.max_doc() / FREQUENT
}

fn alike(index: &InvertedIndexReader, info: &TermInfo) -> tantivy::Result<Documents> {
    let block = index.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
    Ok(Documents::TermAlike(PostingCursor::new(block)))
}

/// The posting list of a term, with frequencies.
pub(super) fn postings(segment: &Segment, info: &TermInfo) -> tantivy::Result<Box<PostingCursor>> {
    let block = segment.words.read_block_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?;
    Ok(PostingCursor::new(block))
}

impl WordPlan {
    pub(super) fn new(rarity: f32, segments: Vec<SegmentWord>) -> Self {
        Self { rarity, segments }
    }

    /// The word's documents in one segment.
    pub(super) fn cursor(&self, ordinal: usize, segment: &Segment) -> tantivy::Result<UnitCursor> {
        let found = &self.segments[ordinal];
        let mut size: u64 = 0;
        let mut forms = Vec::with_capacity(found.terms.len() + 1);
        let mut better = Vec::new();
        for term in &found.terms {
            let form = Form { documents: term.documents(segment)?, weight: self.rarity * term.factor };
            if term.covered {
                better.push(form);
            } else {
                size += u64::from(term.info.doc_freq);
                forms.push(form);
            }
        }
        forms.sort_by(|a: &Form, b: &Form| b.weight.total_cmp(&a.weight));
        if let Some((documents, frequency)) = found.completions.documents(segment)? {
            size += frequency;
            forms.push(Form { documents, weight: self.rarity * PREFIX });
        } else if forms.len() > SIDE_BY_SIDE {
            // Side by side, each step asks every list: a set of them all answers at once.
            let terms = found.terms.iter().filter(|term| !term.covered).map(|term| &term.info);
            let set = Arc::new(union(terms, &segment.words, segment.reader.max_doc())?);
            better.append(&mut forms);
            forms.push(Form { documents: Documents::Set(SetCursor::new(set)), weight: 0.0 });
        }
        Ok(UnitCursor::new(forms, better, self.title(found, segment)?, size))
    }

    fn title(&self, found: &SegmentWord, segment: &Segment) -> tantivy::Result<Option<Form>> {
        let documents = match found.titles.as_slice() {
            [] => return Ok(None),
            [info] => alike(&segment.title, info)?,
            titles => {
                let set = union(titles, &segment.title, segment.reader.max_doc())?;
                Documents::Set(SetCursor::new(Arc::new(set)))
            }
        };
        Ok(Some(Form { documents, weight: self.rarity * IN_TITLE }))
    }

    /// All documents of the word in one segment, in whatever form, removed ones too.
    pub(super) fn all_documents(&self, ordinal: usize, segment: &Segment) -> tantivy::Result<Arc<BitSet>> {
        let found = &self.segments[ordinal];
        let completions = found.completions.set(segment)?;
        let mut others = found.terms.iter().filter(|term| !term.covered).peekable();
        if let (Some(set), None) = (&completions, others.peek()) {
            return Ok(set.clone());
        }
        if completions.is_none()
            && others.clone().count() == 1
            && let Some(only) = others.clone().find(|term| term.commonplace)
        {
            return only.set(segment);
        }
        let mut set = match completions {
            Some(set) => BitSet::clone(&set),
            None => BitSet::with_max_value(segment.reader.max_doc()),
        };
        for term in others {
            add_documents(&mut set, &segment.words, &term.info)?;
        }
        Ok(Arc::new(set))
    }
}
