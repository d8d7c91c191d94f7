//! A consistent view of the index, with all readers that a search needs.

use std::sync::Arc;

use tantivy::query::Bm25Weight;
use tantivy::{DocId, Searcher};

use super::decoded_documents::{DecodedDocuments, decoded_documents};
use super::schema::Fields;
use super::segment::IndexSegment;

/// A view of the index that later commits do not change.
pub(super) struct IndexSnapshot {
    pub(super) searcher: Searcher,
    pub(super) segments: Vec<Arc<IndexSegment>>,
    /// The number of live documents.
    pub(super) documents: u64,
    /// True if any document has a title.
    pub(super) has_titles: bool,
    pub(super) decoded: Arc<DecodedDocuments>,
    /// BM25 of a term with an idf of 1; at most 2.2 (`k1 + 1`).
    pub(super) bm25: Bm25Weight,
}

impl IndexSnapshot {
    /// Opens a view, and shares unchanged segments with an earlier one.
    pub(super) fn open(
        searcher: Searcher,
        fields: &Fields,
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
        let has_titles = segments.iter().any(|segment| segment.title.terms().num_terms() > 0);
        let decoded =
            earlier.map_or_else(|| Arc::new(decoded_documents()), |earlier| earlier.decoded.clone());
        Ok(Self { searcher, segments, documents, has_titles, decoded, bm25 })
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

    /// Returns true if a live document contains a word.
    pub(super) fn has_live_word(&self, word: &str) -> tantivy::Result<bool> {
        for segment in &self.segments {
            if let Some(info) = segment.words.terms().get(word)?
                && segment.has_live_document(&segment.words, &info)?
            {
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

fn idf(document_frequency: u64, documents: u64) -> f32 {
    let frequency = document_frequency as f32;
    // Frequencies include deleted documents until their segment is merged.
    let documents = documents.max(document_frequency) as f32;
    (1.0 + (documents - frequency + 0.5) / (frequency + 0.5)).ln()
}
