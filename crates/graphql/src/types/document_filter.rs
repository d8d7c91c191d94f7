use async_graphql::InputObject;

use super::attribute_filter::AttributeFilter;
use crate::failure::Failure;
use crate::scalars::DateTime;
use quarry_search::{Attributes, MAX_FILTER_DEPTH, MAX_FILTER_VALUE_CHARS, MAX_FILTER_VALUES};

/// The maximum number of filters, nested ones and those of attributes included.
const MAX_FILTERS: usize = 100;

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
    /// All of these filters by declared attributes match.
    attributes: Option<Vec<AttributeFilter>>,
    /// This filter does not match.
    not: Option<Box<DocumentFilter>>,
    /// One of these filters matches.
    any_of: Option<Vec<DocumentFilter>>,
}

impl DocumentFilter {
    /// Validates the filter and converts it to the engine's type.
    pub(crate) fn checked(self, attributes: &Attributes) -> Result<quarry_search::DocumentFilter, Failure> {
        Failure::check_count("filter", self.count(), MAX_FILTERS, "nested filters")?;
        self.checked_at("filter", MAX_FILTER_DEPTH, attributes)
    }

    /// Returns the number of filters within this one.
    fn count(&self) -> usize {
        let nested = self.not.as_deref().into_iter().chain(self.any_of.iter().flatten());
        let attributes = self.attributes.as_ref().map_or(0, Vec::len);
        attributes + nested.map(|filter| filter.count() + 1).sum::<usize>()
    }

    fn checked_at(
        self,
        path: &str,
        depth: usize,
        attributes: &Attributes,
    ) -> Result<quarry_search::DocumentFilter, Failure> {
        let Some(below) = depth.checked_sub(1) else {
            let problem = format_args!("is nested more than {MAX_FILTER_DEPTH} levels deep: simplify it");
            return Err(Failure::bad_input(path, problem));
        };
        let mut conditions = Vec::new();
        for (at, filter) in self.attributes.unwrap_or_default().into_iter().enumerate() {
            conditions.extend(filter.checked(&format!("{path}.attributes.{at}"), attributes)?);
        }
        let not = self.not.map(|not| not.checked_at(&format!("{path}.not"), below, attributes));
        let any_of = self.any_of.unwrap_or_default().into_iter().enumerate();
        let any_of = any_of
            .map(|(at, filter)| filter.checked_at(&format!("{path}.anyOf.{at}"), below, attributes))
            .collect::<Result<_, Failure>>()?;
        Ok(quarry_search::DocumentFilter {
            source: values(&format!("{path}.source"), self.source)?,
            category: values(&format!("{path}.category"), self.category)?,
            author_key: values(&format!("{path}.authorKey"), self.author_key)?,
            published_from: self.published_from.map(|at| at.0),
            published_before: self.published_before.map(|at| at.0),
            attributes: conditions,
            not: not.transpose()?.map(Box::new),
            any_of,
        })
    }
}

fn values(path: &str, values: Option<Vec<String>>) -> Result<Vec<String>, Failure> {
    let values = values.unwrap_or_default();
    Failure::check_count(path, values.len(), MAX_FILTER_VALUES, "values")?;
    // A value has at least as many bytes as characters, so most need no counting.
    let too_long = |value: &String| {
        value.len() > MAX_FILTER_VALUE_CHARS && value.chars().count() > MAX_FILTER_VALUE_CHARS
    };
    if let Some(index) = values.iter().position(too_long) {
        let problem = format_args!("is longer than {MAX_FILTER_VALUE_CHARS} characters: shorten it");
        return Err(Failure::bad_input(format!("{path}.{index}"), problem));
    }
    Ok(values)
}
