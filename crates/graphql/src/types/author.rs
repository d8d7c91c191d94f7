use async_graphql::{Context, ID, Object};

use super::{DocumentConnection, int};
use crate::failure::Failure;
use crate::ids::NodeId;
use crate::loaders::{AuthorCount, AuthorPage, Loaders};
use crate::pagination::{PageArguments, PageSelection};
use crate::response_budget::ResponseBudget;

/// The GraphQL type of an author.
#[derive(Clone)]
pub(crate) struct Author(pub(crate) quarry_domain::Author);

/// An author of documents.
#[Object]
impl Author {
    /// The id of the author: opaque and stable.
    pub(super) async fn id(&self) -> ID {
        NodeId::Author(self.0.id).into()
    }

    /// The name of the source that the author belongs to.
    async fn source(&self) -> &str {
        self.0.source.as_str()
    }

    /// The id of the author in the upstream.
    async fn key(&self, ctx: &Context<'_>) -> Result<&str, Failure> {
        ResponseBudget::add_text(ctx, &self.0.key)
    }

    /// The display name.
    async fn name(&self, ctx: &Context<'_>) -> Result<&str, Failure> {
        ResponseBudget::add_text(ctx, &self.0.name)
    }

    /// The number of the author's documents.
    async fn document_count(&self, ctx: &Context<'_>) -> Result<i32, Failure> {
        Ok(int(Loaders::load(ctx, AuthorCount(self.0.id)).await?.unwrap_or(0)))
    }

    /// The author's documents, newest first.
    async fn documents(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Returns the first n items: 10 by default, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Returns the items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Returns the last n items, in place of `first`: at most 100.")] last: Option<i32>,
        #[graphql(desc = "Returns the items before this cursor; with `last`, the page before it.")]
        before: Option<String>,
    ) -> Result<DocumentConnection, Failure> {
        let arguments = PageArguments { first, after, last, before };
        let selection = PageSelection::of(ctx, arguments)?;
        let page = AuthorPage { author: self.0.id, slice: selection.slice() };
        let documents = Loaders::load(ctx, page).await?.unwrap_or_default();
        Ok(DocumentConnection::new(self.0.id, selection.cut(documents)))
    }
}
