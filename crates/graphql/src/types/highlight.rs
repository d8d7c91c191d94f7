use async_graphql::{ComplexObject, Context, SimpleObject};

use crate::failure::Failure;
use crate::response_budget::ResponseBudget;

/// A field of a matching document with its matches marked.
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
    /// The HTML-escaped text of the field with each match in `<mark>`.
    async fn html(&self, ctx: &Context<'_>) -> Result<&str, Failure> {
        ResponseBudget::add_text(ctx, &self.html)
    }
}

impl From<quarry_search::Highlight> for Highlight {
    fn from(highlight: quarry_search::Highlight) -> Self {
        Self { field: highlight.field, html: highlight.html }
    }
}
