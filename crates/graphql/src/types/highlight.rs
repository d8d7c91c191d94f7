use async_graphql::SimpleObject;

/// A field of a found document with its matches marked.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct Highlight {
    /// The field: `title`, `text`, `author` or `category`.
    field: &'static str,
    /// HTML-escaped text with the matches in `<mark>`.
    html: String,
}

impl From<quarry_search::Highlight> for Highlight {
    fn from(highlight: quarry_search::Highlight) -> Self {
        Self { field: highlight.field, html: highlight.html }
    }
}
