//! A cache of decoded documents: decoding one costs more than finding it.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tantivy::DocId;
use tantivy::index::SegmentId;

use quarry_domain::Document;

/// The capacity in bytes of memory.
const CACHE_BYTES: u64 = 64 << 20;
/// The memory of a short document in bytes, for the estimated number of entries.
const TYPICAL_DOCUMENT_BYTES: u64 = 512;

/// Documents by segment and number; entries never expire, since segments are immutable.
pub(super) type DecodedDocuments = Cache<(SegmentId, DocId), Arc<Document>, MemoryWeighter>;

/// Weighs a document by its memory in bytes.
#[derive(Clone)]
pub(super) struct MemoryWeighter;

impl Weighter<(SegmentId, DocId), Arc<Document>> for MemoryWeighter {
    fn weight(&self, _: &(SegmentId, DocId), document: &Arc<Document>) -> u64 {
        document.memory_bytes() as u64
    }
}

/// Creates an empty cache.
pub(super) fn decoded_documents() -> DecodedDocuments {
    Cache::with_weighter((CACHE_BYTES / TYPICAL_DOCUMENT_BYTES) as usize, CACHE_BYTES, MemoryWeighter)
}
