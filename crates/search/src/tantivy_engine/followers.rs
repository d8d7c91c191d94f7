//! The words that follow typed ones in the documents of a scope.

use super::super::engine::SearchError;
use super::super::followers::{FOLLOWED_DOCUMENTS, FollowerCounts};
use super::super::typed_text::TypedText;
use super::documents::read_document;
use super::indexed_sources::IndexedSources;
use super::scope::DocumentScope;
use super::snapshot::IndexSnapshot;
use crate::planner::StopWords;

/// Returns the typed text with the words that follow it in documents of a scope, most frequent first.
pub(super) fn followers(
    snapshot: &IndexSnapshot,
    sources: &IndexedSources,
    stop_words: StopWords<'_>,
    typed: &TypedText,
    scope: &DocumentScope,
    limit: usize,
) -> Result<Vec<String>, SearchError> {
    let mut counts = FollowerCounts::new(typed);
    if counts.is_empty() {
        return Ok(Vec::new());
    }
    for (ordinal, doc) in scope.newest(snapshot, FOLLOWED_DOCUMENTS) {
        let (document, _) = read_document(snapshot, ordinal, doc)?;
        counts.add(sources, &document, &|word: &str| stop_words.contains(word));
    }
    Ok(counts.into_texts(limit))
}
