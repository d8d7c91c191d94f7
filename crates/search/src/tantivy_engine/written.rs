//! Words as documents write them.

use std::sync::Arc;

use tantivy::DocId;
use tantivy::postings::TermInfo;
use tantivy::schema::IndexRecordOption;

use super::super::engine::SearchError;
use super::super::written_words::{READ_DOCUMENTS, Spellings};
use super::documents::read_document;
use super::failure::search_error;
use super::indexed_sources::IndexedSources;
use super::scope::DocumentScope;
use super::segment::IndexSegment;
use super::snapshot::IndexSnapshot;

/// Documents of a posting list that are looked at for those in a scope.
const MAX_SCANNED: usize = 100_000;

/// Returns a folded word as documents of a scope write it; as it is, if none of those read contains it.
///
/// Reads a few documents instead of a field of the index, which would make that larger.
pub(super) fn written_form(
    snapshot: &IndexSnapshot,
    sources: &IndexedSources,
    word: &str,
    scope: &DocumentScope,
) -> Result<Arc<str>, SearchError> {
    // Most documents of the word are in one segment.
    let mut found: Vec<(usize, TermInfo)> = Vec::new();
    for (ordinal, segment) in snapshot.segments.iter().enumerate() {
        let info = segment.words.terms().get(word).map_err(|error| search_error(error.into()))?;
        found.extend(info.map(|info| (ordinal, info)));
    }
    found.sort_by_key(|(_, info)| std::cmp::Reverse(info.doc_freq));
    for (ordinal, info) in found {
        let segment = &snapshot.segments[ordinal];
        let cache = &segment.derived.completions.written;
        // Spellings of documents outside of a scope must not be disclosed.
        let cached = if scope.is_everything() { cache.get(word) } else { None };
        if let Some(cached) = cached {
            return Ok(cached);
        }
        let mut spellings = Spellings::default();
        for doc in some_documents(segment, ordinal, &info, scope).map_err(search_error)? {
            let (document, _) = read_document(snapshot, ordinal, doc)?;
            spellings.add_from(sources, &document, word);
            if spellings.is_clear() {
                break;
            }
        }
        if let Some(best) = spellings.best() {
            let best: Arc<str> = best.into();
            if scope.is_everything() {
                cache.insert(word.into(), best.clone());
            }
            return Ok(best);
        }
    }
    Ok(word.into())
}

fn some_documents(
    segment: &IndexSegment,
    ordinal: usize,
    info: &TermInfo,
    scope: &DocumentScope,
) -> tantivy::Result<Vec<DocId>> {
    let mut docs = Vec::with_capacity(READ_DOCUMENTS);
    let mut scanned = 0;
    let mut block = segment.words.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
    while !block.docs().is_empty() && docs.len() < READ_DOCUMENTS && scanned < MAX_SCANNED {
        scanned += block.docs().len();
        let within =
            block.docs().iter().filter(|&&doc| segment.is_alive(doc) && scope.contains(ordinal, doc));
        docs.extend(within.take(READ_DOCUMENTS - docs.len()));
        block.advance();
    }
    Ok(docs)
}
