//! Adjacent words, as tantivy's phrase queries.

use tantivy::Term;
use tantivy::query::{EnableScoring, PhrasePrefixQuery, PhraseQuery, Query, Weight};

use super::schema::Fields;
use super::snapshot::IndexSnapshot;

/// Returns the weight of adjacent words.
pub(super) fn phrase_weight(
    snapshot: &IndexSnapshot,
    fields: &Fields,
    words: &[impl AsRef<str>],
) -> tantivy::Result<Box<dyn Weight>> {
    let terms = words.iter().map(|word| Term::from_field_text(fields.words, word.as_ref())).collect();
    PhraseQuery::new(terms).weight(EnableScoring::enabled_from_searcher(&snapshot.searcher))
}

/// Returns the weight of adjacent words, the last of which may be incomplete.
pub(super) fn phrase_prefix_weight(
    snapshot: &IndexSnapshot,
    fields: &Fields,
    words: &[&str],
) -> tantivy::Result<Box<dyn Weight>> {
    let terms = words.iter().map(|word| Term::from_field_text(fields.words, word)).collect();
    let query: Box<dyn Query> = Box::new(PhrasePrefixQuery::new(terms));
    query.weight(EnableScoring::enabled_from_searcher(&snapshot.searcher))
}
