//! The values of attributes that complete a typed text as a whole.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::completions::Completer;
use super::document_terms::{VALUE_SEPARATOR, folded_words};
use super::failure::search_error;
use super::scope::DocumentScope;
use crate::engine::SearchError;
use crate::request::CompletionRequest;

/// Values with one beginning that are compared.
const MAX_VALUES: usize = 2_000;

impl Completer<'_> {
    /// Returns values that begin with the typed text and occur within the filter, most documents first.
    pub(super) fn values(&self, request: &CompletionRequest) -> Result<Vec<String>, SearchError> {
        let mut prefix = folded_words(&request.text);
        if prefix.is_empty() || self.fields.suggested.is_none() {
            return Ok(Vec::new());
        }
        if request.text.ends_with(char::is_whitespace) {
            prefix.push(' ');
        }
        let scope = DocumentScope::of(self.snapshot, self.fields, self.rulebook, "", false, &request.filter);
        let counts = scope.and_then(|scope| self.counts(&prefix, &scope)).map_err(search_error)?;
        let mut values: Vec<(String, u64)> = counts.into_iter().collect();
        values
            .sort_unstable_by(|(a, a_count), (b, b_count)| (Reverse(a_count), a).cmp(&(Reverse(b_count), b)));
        Ok(values.into_iter().take(request.limit).map(|(value, _)| value).collect())
    }

    /// Returns values with a beginning, and the number of their documents in a scope.
    fn counts(&self, prefix: &str, scope: &DocumentScope) -> tantivy::Result<HashMap<String, u64>> {
        let mut counts = HashMap::new();
        for (ordinal, segment) in self.snapshot.segments.iter().enumerate() {
            let Some(index) = &segment.suggested else { continue };
            let mut terms = segment.terms_with_prefix(index, prefix)?;
            let mut read = 0;
            while read < MAX_VALUES && terms.advance() {
                read += 1;
                let term = std::str::from_utf8(terms.key()).unwrap_or_default();
                let Some((_, value)) = term.split_once(VALUE_SEPARATOR) else { continue };
                let count = scope.count_term(segment, ordinal, index, terms.value())?;
                if count > 0 {
                    *counts.entry(value.to_owned()).or_default() += count;
                }
            }
        }
        Ok(counts)
    }
}
