//! Reads the documents of a snapshot.

use std::sync::Arc;

use tantivy::DocId;

use super::super::engine::SearchError;
use super::failure::search_error;
use super::snapshot::IndexSnapshot;
use crate::stored_document::read_stored;
use quarry_domain::Document;

/// Returns a document, and the memory that it takes unless it was cached.
pub(super) fn read_document(
    snapshot: &IndexSnapshot,
    ordinal: usize,
    doc: DocId,
) -> Result<(Arc<Document>, usize), SearchError> {
    let segment = &snapshot.segments[ordinal];
    let key = (segment.reader.segment_id(), doc);
    if let Some(document) = snapshot.decoded.get(&key) {
        return Ok((document, 0));
    }
    let stored = segment.stored(doc).map_err(search_error)?;
    let document = read_stored(&stored)
        .ok_or_else(|| SearchError::Damaged("cannot decode a stored document".to_owned()))?;
    let bytes = document.memory_bytes();
    let document = Arc::new(document);
    snapshot.decoded.insert(key, document.clone());
    Ok((document, bytes))
}
