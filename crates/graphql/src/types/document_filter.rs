use async_graphql::InputObject;

use crate::error::Failure;
use crate::scalars::DateTime;

/// The most values of one list of a filter.
const MAX_VALUES: usize = 100;
/// The longest value, in characters.
const MAX_VALUE_CHARS: usize = 1_024;

/// Restricts a search. What is left out or an empty list restricts nothing; all that is given must hold.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct DocumentFilter {
    /// Any of these sources, by name. At most 100.
    source: Option<Vec<String>>,
    /// Any of these categories, exactly as they are stored. At most 100.
    category: Option<Vec<String>>,
    /// Any of these authors, by the upstream's key. At most 100.
    author_key: Option<Vec<String>>,
    /// Published at this time or later.
    published_from: Option<DateTime>,
    /// Published before this time.
    published_before: Option<DateTime>,
}

impl DocumentFilter {
    /// The filter as the engine takes it.
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
    if values.len() > MAX_VALUES {
        let problem = format_args!("may hold {MAX_VALUES} values, but holds {}", values.len());
        return Err(Failure::bad_input(path, problem));
    }
    // A value has at least as many bytes as characters, so most need no counting.
    let too_long = |value: &String| value.len() > MAX_VALUE_CHARS && value.chars().count() > MAX_VALUE_CHARS;
    if let Some(index) = values.iter().position(too_long) {
        let problem = format_args!("is longer than {MAX_VALUE_CHARS} characters");
        return Err(Failure::bad_input(format!("{path}.{index}"), problem));
    }
    Ok(values)
}
