//! A consistent view of the index, with all readers that a search needs.

use std::collections::HashMap;
use std::sync::Arc;

use tantivy::query::Bm25Weight;
use tantivy::{DocId, Searcher};

use super::decoded_documents::{DecodedDocuments, decoded_documents};
use super::schema::Fields;
use super::segment::IndexSegment;
use super::similar_words::{SimilarWordCache, SimilarWords};
use super::term_field::TermField;
use super::weights::idf;
use crate::field_bonus::{FieldBonus, bonuses};
use crate::field_weights::FieldWeights;
use crate::language_shares::{LanguageCounts, LanguageShares};

/// A view of the index that later commits do not change.
pub(super) struct IndexSnapshot {
    pub(super) searcher: Searcher,
    pub(super) segments: Vec<Arc<IndexSegment>>,
    /// The number of live documents.
    pub(super) documents: u64,
    /// The fields whose matches add to scores.
    pub(super) bonuses: Vec<FieldBonus<TermField>>,
    /// True if any field is short enough to be the whole of a query.
    pub(super) has_wholes: bool,
    /// The languages of the documents.
    pub(super) languages: LanguageShares,
    /// True if each document has stems.
    pub(super) stems_all: bool,
    pub(super) decoded: Arc<DecodedDocuments>,
    /// The similar words of each segment.
    pub(super) similar_words: SimilarWordCache<Arc<[SimilarWords]>>,
    /// BM25 of a term with an idf of 1; at most 2.2 (`k1 + 1`).
    pub(super) bm25: Arc<Bm25Weight>,
}

impl IndexSnapshot {
    /// Opens a view, and shares unchanged segments with an earlier one.
    pub(super) fn open(
        searcher: Searcher,
        fields: &Fields,
        weights: &FieldWeights,
        earlier: Option<&IndexSnapshot>,
    ) -> tantivy::Result<Self> {
        let opened = earlier.map_or(&[] as &[_], |earlier| earlier.segments.as_slice());
        let segments = searcher
            .segment_readers()
            .iter()
            .map(|reader| {
                let same = opened.iter().find(|segment| segment.reader.segment_id() == reader.segment_id());
                match same {
                    Some(same) if same.reader.delete_opstamp() == reader.delete_opstamp() => Ok(same.clone()),
                    same => IndexSegment::open(reader.clone(), fields, same.map(Arc::as_ref)).map(Arc::new),
                }
            })
            .collect::<tantivy::Result<Vec<_>>>()?;
        let documents = searcher.num_docs();
        let indexed: u64 = segments.iter().map(|segment| u64::from(segment.max_doc())).sum();
        let tokens: u64 = segments.iter().map(|segment| segment.words.total_num_tokens()).sum();
        let average_length = if indexed == 0 { 1.0 } else { (tokens as f32 / indexed as f32).max(1.0) };
        let bm25 = Bm25Weight::for_one_term_without_explain(1, documents.max(1), average_length)
            .boost_by(1.0 / idf(1, documents));
        let bm25 = Arc::new(bm25);
        let has_titles = segments.iter().any(|segment| segment.title.terms().num_terms() > 0);
        let has_wholes = segments.iter().any(|segment| segment.whole.terms().num_terms() > 0);
        let title = has_titles.then_some(TermField::Title);
        let weighted = fields.weighted.iter().enumerate();
        let weighted = weighted.map(|(at, terms)| (TermField::Weighted(at), &terms.of));
        let mut of_index = LanguageCounts::default();
        let mut of_sources: HashMap<String, LanguageCounts> = HashMap::new();
        for (source, counts) in segments.iter().flat_map(|segment| &segment.derived.languages) {
            of_index.add(counts);
            of_sources.entry(source.clone()).or_default().add(counts);
        }
        let stems_all = of_index.languages.values().any(|of_language| *of_language == indexed);
        let decoded =
            earlier.map_or_else(|| Arc::new(decoded_documents()), |earlier| earlier.decoded.clone());
        Ok(Self {
            searcher,
            segments,
            documents,
            bonuses: bonuses(weights, title, weighted),
            has_wholes,
            languages: LanguageShares::new(&of_index, of_sources),
            stems_all,
            decoded,
            similar_words: SimilarWordCache::default(),
            bm25,
        })
    }

    /// Returns the segment and the number of the live document with an id.
    pub(super) fn find(&self, id: u128) -> tantivy::Result<Option<(usize, DocId)>> {
        for (ordinal, segment) in self.segments.iter().enumerate() {
            if let Some(doc) = segment.find(id)? {
                return Ok(Some((ordinal, doc)));
            }
        }
        Ok(None)
    }

    /// Returns the number of documents with a word, deleted ones included.
    pub(super) fn frequency(&self, word: &str) -> tantivy::Result<u64> {
        let mut frequency = 0;
        for segment in &self.segments {
            let info = segment.words.terms().get(word)?;
            frequency += info.map_or(0, |info| u64::from(info.doc_freq));
        }
        Ok(frequency)
    }

    /// Returns the number of documents with the rarest of some words, deleted ones included.
    pub(super) fn least_frequency(&self, words: &[&str]) -> tantivy::Result<u64> {
        let mut least = None;
        for word in words {
            let frequency = self.frequency(word)?;
            least = Some(least.map_or(frequency, |least: u64| least.min(frequency)));
        }
        Ok(least.unwrap_or(0))
    }

    /// Returns true if a document, deleted ones included, contains a word or, if asked, its beginning.
    pub(super) fn has_word(&self, word: &str, or_prefix: bool) -> tantivy::Result<bool> {
        for segment in &self.segments {
            let found = if or_prefix {
                segment.words_with_prefix(word)?.advance()
            } else {
                segment.words.terms().get(word)?.is_some()
            };
            if found {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the inverse document frequency of BM25: more than 0, and more for rarer words.
    pub(super) fn idf(&self, document_frequency: u64) -> f32 {
        idf(document_frequency, self.documents)
    }
}
