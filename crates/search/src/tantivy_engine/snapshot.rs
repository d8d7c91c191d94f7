//! One consistent view of the index, with everything opened that a search reads.

use std::sync::Arc;

use tantivy::columnar::{Column, StrColumn};
use tantivy::directory::OwnedBytes;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::index::SegmentReader;
use tantivy::query::Bm25Weight;
use tantivy::schema::IndexRecordOption;
use tantivy::store::StoreReader;
use tantivy::{DocId, InvertedIndexReader, Searcher};

use super::completions::CompletionCache;
use super::documents::Documents;
use super::schema::{Fields, ID_HIGH, ID_LOW, PUBLISHED_AT};
use super::sets::SetCache;

/// Blocks of stored documents that each segment keeps unpacked: some 16 KiB each.
const STORED_BLOCKS: usize = 128;

/// A view of the index that no commit changes.
pub(super) struct Snapshot {
    pub(super) searcher: Searcher,
    pub(super) segments: Vec<Arc<Segment>>,
    pub(super) documents: u64,
    /// Some document has a title.
    pub(super) has_titles: bool,
    /// Documents that were read lately.
    pub(super) read: Arc<Documents>,
    /// BM25 of a word whose rarity is 1: what its frequency counts.
    shares: Bm25Weight,
}

/// A segment with its readers.
pub(super) struct Segment {
    pub(super) reader: SegmentReader,
    ids: Arc<InvertedIndexReader>,
    pub(super) words: Arc<InvertedIndexReader>,
    pub(super) title: Arc<InvertedIndexReader>,
    pub(super) prefixes: Arc<InvertedIndexReader>,
    pub(super) source: Arc<InvertedIndexReader>,
    pub(super) category: Arc<InvertedIndexReader>,
    pub(super) author_key: Arc<InvertedIndexReader>,
    pub(super) lengths: FieldNormReader,
    store: StoreReader,
    published_at: Column<i64>,
    id_high: Column<u64>,
    id_low: Column<u64>,
    /// Removed documents that are still in the posting lists.
    pub(super) removed: Vec<DocId>,
    /// All documents, newest first, then by id.
    pub(super) newest_first: Arc<[DocId]>,
    /// The place of each document in `newest_first`.
    time_ranks: Arc<[u32]>,
    /// The documents of frequent short prefixes, and of commonplace terms.
    pub(super) prefix_sets: Arc<SetCache>,
    pub(super) term_sets: Arc<SetCache>,
    pub(super) completions: Arc<CompletionCache>,
}

impl Snapshot {
    /// Opens a view; what did not change since the view before is taken over from it.
    pub(super) fn open(
        searcher: Searcher,
        fields: &Fields,
        before: Option<&Snapshot>,
    ) -> tantivy::Result<Self> {
        let known = before.map_or(&[] as &[_], |before| before.segments.as_slice());
        let segments = searcher
            .segment_readers()
            .iter()
            .map(|reader| {
                let same = known.iter().find(|known| known.reader.segment_id() == reader.segment_id());
                match same {
                    Some(same) if same.reader.delete_opstamp() == reader.delete_opstamp() => Ok(same.clone()),
                    same => Segment::open(reader.clone(), fields, same).map(Arc::new),
                }
            })
            .collect::<tantivy::Result<Vec<_>>>()?;
        let documents = searcher.num_docs();
        let indexed: u64 = segments.iter().map(|segment| u64::from(segment.reader.max_doc())).sum();
        let tokens: u64 = segments.iter().map(|segment| segment.words.total_num_tokens()).sum();
        let average_length = if indexed == 0 { 1.0 } else { (tokens as f32 / indexed as f32).max(1.0) };
        let rarity = rarity(1, documents);
        let shares = Bm25Weight::for_one_term_without_explain(1, documents.max(1), average_length)
            .boost_by(1.0 / rarity);
        let has_titles = segments.iter().any(|segment| segment.title.terms().num_terms() > 0);
        let read =
            before.map_or_else(|| Arc::new(super::documents::documents()), |before| before.read.clone());
        Ok(Self { searcher, segments, documents, has_titles, read, shares })
    }

    /// Where a live document is.
    pub(super) fn find(&self, id: u128) -> tantivy::Result<Option<(usize, DocId)>> {
        for (ordinal, segment) in self.segments.iter().enumerate() {
            let Some(info) = segment.ids.terms().get(id.to_be_bytes())? else { continue };
            let mut block = segment.ids.read_block_postings_from_terminfo(&info, IndexRecordOption::Basic)?;
            while !block.docs().is_empty() {
                if let Some(&doc) = block.docs().iter().find(|&&doc| segment.is_alive(doc)) {
                    return Ok(Some((ordinal, doc)));
                }
                block.advance();
            }
        }
        Ok(None)
    }

    /// How rare a word is (BM25's idf): more than 0, and more the fewer documents have it.
    pub(super) fn rarity(&self, document_frequency: u64) -> f32 {
        rarity(document_frequency, self.documents)
    }

    /// What a word's frequency in a document counts: more than 0, less than 2.2
    /// (BM25's `k1 + 1`).
    pub(super) fn shares(&self) -> &Bm25Weight {
        &self.shares
    }
}

fn rarity(document_frequency: u64, documents: u64) -> f32 {
    let frequency = document_frequency as f32;
    // Removed documents count in frequencies until their segment is rewritten.
    let documents = documents.max(document_frequency) as f32;
    (1.0 + (documents - frequency + 0.5) / (frequency + 0.5)).ln()
}

impl Segment {
    fn open(reader: SegmentReader, fields: &Fields, before: Option<&Arc<Segment>>) -> tantivy::Result<Self> {
        let columns = reader.fast_fields();
        let removed = match reader.alive_bitset() {
            Some(alive) => (0..reader.max_doc()).filter(|&doc| alive.is_deleted(doc)).collect(),
            None => Vec::new(),
        };
        let mut segment = Self {
            ids: reader.inverted_index(fields.id)?,
            words: reader.inverted_index(fields.words)?,
            title: reader.inverted_index(fields.title)?,
            prefixes: reader.inverted_index(fields.prefixes)?,
            source: reader.inverted_index(fields.source)?,
            category: reader.inverted_index(fields.category)?,
            author_key: reader.inverted_index(fields.author_key)?,
            lengths: reader.get_fieldnorms_reader(fields.words)?,
            store: reader.get_store_reader(STORED_BLOCKS)?,
            published_at: columns.i64(PUBLISHED_AT)?,
            id_high: columns.u64(ID_HIGH)?,
            id_low: columns.u64(ID_LOW)?,
            removed,
            newest_first: Arc::from([]),
            time_ranks: Arc::from([]),
            prefix_sets: Arc::default(),
            term_sets: Arc::default(),
            completions: Arc::default(),
            reader,
        };
        // Removals change neither the order of documents nor posting lists.
        match before {
            Some(before) => {
                segment.newest_first = before.newest_first.clone();
                segment.time_ranks = before.time_ranks.clone();
                segment.prefix_sets = before.prefix_sets.clone();
                segment.term_sets = before.term_sets.clone();
                segment.completions = before.completions.clone();
            }
            None => {
                segment.newest_first = segment.sort_by_time();
                let mut ranks = vec![0; segment.newest_first.len()];
                for (rank, &doc) in (0..).zip(segment.newest_first.iter()) {
                    ranks[doc as usize] = rank;
                }
                segment.time_ranks = ranks.into();
            }
        }
        Ok(segment)
    }

    fn sort_by_time(&self) -> Arc<[DocId]> {
        let mut docs: Vec<(Option<i64>, DocId)> =
            (0..self.reader.max_doc()).map(|doc| (self.published_at(doc), doc)).collect();
        // `None`, being the least, comes last.
        docs.sort_unstable_by(|(a_time, a), (b_time, b)| {
            b_time.cmp(a_time).then_with(|| self.id(*a).cmp(&self.id(*b)))
        });
        docs.into_iter().map(|(_, doc)| doc).collect()
    }

    pub(super) fn published_at(&self, doc: DocId) -> Option<i64> {
        self.published_at.first(doc)
    }

    /// The place of a document among all of the segment, the newest being first.
    pub(super) fn time_rank(&self, doc: DocId) -> u32 {
        self.time_ranks[doc as usize]
    }

    pub(super) fn id(&self, doc: DocId) -> u128 {
        let half = |column: &Column<u64>| u128::from(column.first(doc).unwrap_or(0));
        half(&self.id_high) << 64 | half(&self.id_low)
    }

    /// What the document store has of a document.
    pub(super) fn stored(&self, doc: DocId) -> tantivy::Result<OwnedBytes> {
        self.store.get_document_bytes(doc)
    }

    /// The column of a label, for facets.
    pub(super) fn labels(&self, field: &str) -> tantivy::Result<Option<StrColumn>> {
        self.reader.fast_fields().str(field)
    }

    pub(super) fn is_alive(&self, doc: DocId) -> bool {
        !self.reader.is_deleted(doc)
    }
}
