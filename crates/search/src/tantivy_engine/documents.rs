//! Reads the documents of a snapshot, and their words as written.

use std::sync::Arc;

use tantivy::DocId;

use super::super::analysis::{Word, for_each_spelling, words};
use super::super::engine::SearchError;
use super::failure::search_error;
use super::snapshot::IndexSnapshot;
use crate::stored_document::read_stored;
use quarry_domain::Document;

/// The part of a long text that suggestions read, in bytes.
const READ_BYTES: usize = 8_192;

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

/// Calls `visit` with each searched text of a document and its words, the most telling text first.
pub(super) fn for_each_text(document: &Document, mut visit: impl FnMut(&str, &[Word<'_>])) {
    let author = document.author.as_ref().map(|author| author.name.as_str());
    let texts =
        [document.title.as_deref(), author, document.category.as_deref(), Some(document.text.as_str())];
    for text in texts.into_iter().flatten() {
        let text = &text[..text.floor_char_boundary(READ_BYTES)];
        visit(text, &words(text));
    }
}

/// Calls `visit` with each unmarked term of a document that is not a stem, and with what it stands for.
pub(super) fn for_each_term(document: &Document, mut visit: impl FnMut(&str, &str)) {
    for_each_text(document, |text, words| {
        for word in words {
            visit(&word.text, &text[word.start..word.end]);
        }
        for_each_spelling(text, words, |spelling| {
            let last = spelling.first + spelling.words - 1;
            if !spelling.kind.is_marked()
                && let (Some(first), Some(last)) = (words.get(spelling.first), words.get(last))
            {
                visit(&spelling.term, &text[first.start..last.end]);
            }
        });
    });
}

/// Returns written text without soft hyphens and direction marks, which belong to its layout.
pub(super) fn visible(written: &str) -> String {
    let is_layout = |c: char| matches!(c, '\u{ad}' | '\u{200e}' | '\u{200f}' | '\u{2060}' | '\u{feff}');
    written.chars().filter(|&c| !is_layout(c)).collect()
}
