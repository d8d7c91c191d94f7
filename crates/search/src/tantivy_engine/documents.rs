//! Documents that were read from the index lately: unpacking one costs more than finding it.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tantivy::DocId;
use tantivy::index::SegmentId;

use quarry_domain::Document;

/// How much the documents in memory may take, in bytes.
const KEPT_BYTES: u64 = 64 << 20;
/// What a short document takes, in bytes: how many there will be.
const TYPICAL_BYTES: u64 = 512;

/// The documents of a segment never change, so one that was read stays right.
pub(super) type Documents = Cache<(SegmentId, DocId), Arc<Document>, Size>;

/// What a document takes in memory, in bytes, about.
#[derive(Clone)]
pub(super) struct Size;

impl Weighter<(SegmentId, DocId), Arc<Document>> for Size {
    fn weight(&self, _: &(SegmentId, DocId), document: &Arc<Document>) -> u64 {
        document.memory_bytes() as u64
    }
}

/// No documents yet.
pub(super) fn documents() -> Documents {
    Cache::with_weighter((KEPT_BYTES / TYPICAL_BYTES) as usize, KEPT_BYTES, Size)
}
