use async_graphql::{Context, ID, Object};

use super::{DocumentConnection, int};
use crate::error::Failure;
use crate::ids::NodeId;
use crate::loaders::{AuthorCount, AuthorPage, Loaders};
use crate::pagination::{DocumentCursor, PageArguments, PageRequest};
use crate::response_budget::ResponseBudget;

/// An author, as GraphQL shows it.
#[derive(Clone)]
pub(crate) struct Author(pub(crate) quarry_domain::Author);

/// Somebody who writes documents of a source.
#[Object]
impl Author {
    /// Identifies the author; opaque and stable.
    pub(super) async fn id(&self) -> ID {
        NodeId::Author(self.0.id).into()
    }

    /// The source in which the author writes.
    async fn source(&self) -> &str {
        self.0.source.as_str()
    }

    /// The upstream's own id of the author.
    async fn key(&self, ctx: &Context<'_>) -> Result<&str, Failure> {
        ResponseBudget::say(ctx, &self.0.key)
    }

    /// The name to show.
    async fn name(&self, ctx: &Context<'_>) -> Result<&str, Failure> {
        ResponseBudget::say(ctx, &self.0.name)
    }

    /// How many documents the author has.
    async fn document_count(&self, ctx: &Context<'_>) -> Result<i32, Failure> {
        Ok(int(Loaders::load(ctx, AuthorCount(self.0.id)).await?.unwrap_or(0)))
    }

    /// The author's documents, newest first.
    async fn documents(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many to return: 10 unless given, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Continue after this cursor.")] after: Option<String>,
        #[graphql(desc = "Return this many from the end, instead of `first`: at most 100.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Return what comes before this cursor; with `last`, the page before it.")]
        before: Option<String>,
    ) -> Result<DocumentConnection, Failure> {
        let arguments = PageArguments { first, after, last, before };
        let request = PageRequest::of(ctx, arguments, |cursor| {
            DocumentCursor::parse(cursor).map(DocumentCursor::position)
        })?;
        let wanted = AuthorPage { author: self.0.id, slice: request.slice() };
        let documents = Loaders::load(ctx, wanted).await?.unwrap_or_default();
        Ok(DocumentConnection::new(self.0.id, request.cut(documents)))
    }
}
