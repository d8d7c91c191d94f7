//! One consistent view of the index, with everything opened that a search reads.

use std::sync::Arc;

use tantivy::columnar::StrColumn;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::index::SegmentReader;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, InvertedIndexReader, Searcher};

use super::schema::{Fields, ID_HIGH, ID_LOW, PUBLISHED_AT};

/// How quickly more occurrences of a word stop to count (BM25's k1).
const SATURATION: f32 = 1.2;
/// How much the length of a document counts (BM25's b).
const LENGTH_WEIGHT: f32 = 0.75;

/// A view of the index that no commit changes.
pub(super) struct Snapshot {
    pub(super) searcher: Searcher,
    pub(super) segments: Vec<Segment>,
    pub(super) documents: u64,
    /// Some document has a title.
    pub(super) has_titles: bool,
    /// BM25's length normalisation for each of the 256 lengths that the index tells apart.
    length_norms: [f32; 256],
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
    lengths: FieldNormReader,
    published_at: tantivy::columnar::Column<i64>,
    id_high: tantivy::columnar::Column<u64>,
    id_low: tantivy::columnar::Column<u64>,
}

impl Snapshot {
    pub(super) fn open(searcher: Searcher, fields: &Fields) -> tantivy::Result<Self> {
        let segments = searcher
            .segment_readers()
            .iter()
            .map(|reader| Segment::open(reader.clone(), fields))
            .collect::<tantivy::Result<Vec<_>>>()?;
        let documents = searcher.num_docs();
        let indexed: u64 = segments.iter().map(|segment| u64::from(segment.reader.max_doc())).sum();
        let tokens: u64 = segments.iter().map(|segment| segment.words.total_num_tokens()).sum();
        let average_length = if indexed == 0 { 1.0 } else { tokens as f32 / indexed as f32 };
        let mut length_norms = [0.0; 256];
        for (id, norm) in (0..=u8::MAX).zip(length_norms.iter_mut()) {
            let length = FieldNormReader::id_to_fieldnorm(id) as f32;
            *norm = SATURATION * (1.0 - LENGTH_WEIGHT + LENGTH_WEIGHT * length / average_length.max(1.0));
        }
        let has_titles = segments.iter().any(|segment| segment.title.terms().num_terms() > 0);
        Ok(Self { searcher, segments, documents, has_titles, length_norms })
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

    /// How rare a word is (BM25's idf): 0 or more, and more the fewer documents have it.
    pub(super) fn rarity(&self, document_frequency: u64) -> f32 {
        let frequency = document_frequency as f32;
        let documents = self.documents.max(document_frequency) as f32;
        (1.0 + (documents - frequency + 0.5) / (frequency + 0.5)).ln()
    }

    /// BM25's share of a word's frequency in a document: more than 0, less than 2.2.
    pub(super) fn frequency_share(&self, frequency: u32, length_id: u8) -> f32 {
        let frequency = frequency as f32;
        frequency * (SATURATION + 1.0) / (frequency + self.length_norms[usize::from(length_id)])
    }
}

impl Segment {
    fn open(reader: SegmentReader, fields: &Fields) -> tantivy::Result<Self> {
        let columns = reader.fast_fields();
        Ok(Self {
            ids: reader.inverted_index(fields.id)?,
            words: reader.inverted_index(fields.words)?,
            title: reader.inverted_index(fields.title)?,
            prefixes: reader.inverted_index(fields.prefixes)?,
            source: reader.inverted_index(fields.source)?,
            category: reader.inverted_index(fields.category)?,
            author_key: reader.inverted_index(fields.author_key)?,
            lengths: reader.get_fieldnorms_reader(fields.words)?,
            published_at: columns.i64(PUBLISHED_AT)?,
            id_high: columns.u64(ID_HIGH)?,
            id_low: columns.u64(ID_LOW)?,
            reader,
        })
    }

    pub(super) fn length_id(&self, doc: DocId) -> u8 {
        self.lengths.fieldnorm_id(doc)
    }

    pub(super) fn published_at(&self, doc: DocId) -> Option<i64> {
        self.published_at.first(doc)
    }

    pub(super) fn id(&self, doc: DocId) -> u128 {
        let half = |column: &tantivy::columnar::Column<u64>| u128::from(column.first(doc).unwrap_or(0));
        half(&self.id_high) << 64 | half(&self.id_low)
    }

    /// The column of a label, for facets.
    pub(super) fn labels(&self, field: &str) -> tantivy::Result<Option<StrColumn>> {
        self.reader.fast_fields().str(field)
    }

    pub(super) fn is_alive(&self, doc: DocId) -> bool {
        !self.reader.is_deleted(doc)
    }
}
