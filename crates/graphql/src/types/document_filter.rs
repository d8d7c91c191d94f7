use async_graphql::InputObject;

use crate::failure::Failure;
use crate::scalars::DateTime;

/// The maximum number of values of one list.
const MAX_VALUES: usize = 100;
/// The maximum length of a value, in characters.
const MAX_VALUE_CHARS: usize = 1_024;

/// A filter of documents: all conditions must hold. An omitted condition or an empty list matches every document.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct DocumentFilter {
    /// The source is one of these: at most 100 names.
    source: Option<Vec<String>>,
    /// The category equals one of these: at most 100.
    category: Option<Vec<String>>,
    /// The author's key is one of these: at most 100.
    author_key: Option<Vec<String>>,
    /// The document was published at this time or later.
    published_from: Option<DateTime>,
    /// The document was published before this time.
    published_before: Option<DateTime>,
}

impl DocumentFilter {
    /// Validates the filter and converts it to the engine's type.
    pub(crate) fn checked(self) -> Result<quarry_search::DocumentFilter, Failure> {
        Ok(quarry_search::DocumentFilter {
            source: values("filter.source", self.source)?,
            category: values("filter.category", self.category)?,
            author_key: values("filter.authorKey", self.author_key)?,
            published_from: self.published_from.map(|at| at.0),
            published_before: self.published_before.map(|at| at.0),
        })
    }
}

fn values(path: &str, values: Option<Vec<String>>) -> Result<Vec<String>, Failure> {
    let values = values.unwrap_or_default();
    Failure::check_count(path, values.len(), MAX_VALUES, "values")?;
    // A value has at least as many bytes as characters, so most need no counting.
    let too_long = |value: &String| value.len() > MAX_VALUE_CHARS && value.chars().count() > MAX_VALUE_CHARS;
    if let Some(index) = values.iter().position(too_long) {
        let problem = format_args!("is longer than {MAX_VALUE_CHARS} characters: shorten it");
        return Err(Failure::bad_input(format!("{path}.{index}"), problem));
    }
    Ok(values)
}
