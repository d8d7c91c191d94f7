use async_graphql::{ComplexObject, Context, SimpleObject};

use crate::error::Failure;
use crate::response_budget::ResponseBudget;

/// A field of a found document with its matches marked.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Highlight {
    /// The field: `title`, `text`, `author` or `category`.
    field: &'static str,
    #[graphql(skip)]
    html: String,
}

#[ComplexObject]
impl Highlight {
    /// HTML-escaped text with the matches in `<mark>`.
    async fn html(&self, ctx: &Context<'_>) -> Result<&str, Failure> {
        ResponseBudget::say(ctx, &self.html)
    }
}

impl From<quarry_search::Highlight> for Highlight {
    fn from(highlight: quarry_search::Highlight) -> Self {
        Self { field: highlight.field, html: highlight.html }
    }
}
