use async_graphql::SimpleObject;

use crate::search;

/// A field of a found document with its matches marked.
#[derive(Clone, Debug, SimpleObject)]
pub(in crate::graphql) struct Highlight {
    /// The field: `title`, `text`, `author` or `category`.
    field: &'static str,
    /// HTML-escaped text with the matches in `<mark>`.
    html: String,
}

impl From<search::Highlight> for Highlight {
    fn from(highlight: search::Highlight) -> Self {
        Self { field: highlight.field, html: highlight.html }
    }
}
