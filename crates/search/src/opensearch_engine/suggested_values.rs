//! The values of attributes that complete a typed text as a whole.

use std::cmp::Reverse;

use serde_json::json;

use super::clauses::pattern;
use super::completions::WordCompleter;
use super::filter::filter_clause;
use super::mapping::{ID, SUGGESTED};
use crate::document_terms::{VALUE_SEPARATOR, folded_words};
use crate::engine::SearchError;
use crate::request::CompletionRequest;

/// Values with one beginning that are compared.
const MAX_VALUES: usize = 2_000;

impl WordCompleter<'_> {
    /// Returns values that begin with the typed text and occur within the filter, most documents first.
    pub(super) async fn values(&self, request: &CompletionRequest) -> Result<Vec<String>, SearchError> {
        let mut prefix = folded_words(&request.text);
        if prefix.is_empty() || request.limit == 0 || !self.searcher.sources.attributes.suggest() {
            return Ok(Vec::new());
        }
        if request.text.ends_with(char::is_whitespace) {
            prefix.push(' ');
        }
        let within = json!({ "bool": { "filter": [
            filter_clause(&request.filter),
            { "exists": { "field": ID } },
        ] } });
        let counts = self.counted(SUGGESTED, &format!("{}.*", pattern(&prefix)), MAX_VALUES, &within).await?;
        let value = |(term, count): (String, u64)| {
            let (_, value) = term.split_once(VALUE_SEPARATOR)?;
            Some((value.to_owned(), count))
        };
        let mut values: Vec<(String, u64)> = counts.into_iter().filter_map(value).collect();
        // The engine orders ties by the folded words.
        values
            .sort_unstable_by(|(a, a_count), (b, b_count)| (Reverse(a_count), a).cmp(&(Reverse(b_count), b)));
        Ok(values.into_iter().take(request.limit).map(|(value, _)| value).collect())
    }
}
