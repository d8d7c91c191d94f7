use std::sync::Arc;

use async_graphql::{Context, ID, Object};

use super::Author;
use crate::failure::Failure;
use crate::ids::NodeId;
use crate::loaders::Loaders;
use crate::response_budget::ResponseBudget;
use crate::scalars::{DateTime, JsonScalar};

/// The GraphQL type of a document.
#[derive(Clone)]
pub(crate) struct Document(pub(crate) Arc<quarry_domain::Document>);

impl From<quarry_domain::Document> for Document {
    fn from(document: quarry_domain::Document) -> Self {
        Self(Arc::new(document))
    }
}

impl From<Arc<quarry_domain::Document>> for Document {
    fn from(document: Arc<quarry_domain::Document>) -> Self {
        Self(document)
    }
}

/// A document, crawled from a source or stored by `indexDocuments`.
#[Object]
impl Document {
    /// The id of the document: opaque and stable. Search results that are equal otherwise are sorted by id.
    pub(super) async fn id(&self) -> ID {
        NodeId::Document(self.0.id).into()
    }

    /// The name of the document's source.
    async fn source(&self) -> &str {
        self.0.source.as_str()
    }

    /// The id of the document in the upstream.
    async fn key(&self, ctx: &Context<'_>) -> Result<&str, Failure> {
        ResponseBudget::add_text(ctx, self.0.key.as_str())
    }

    /// The title; null if the document has none.
    async fn title(&self, ctx: &Context<'_>) -> Result<Option<&str>, Failure> {
        self.0.title.as_deref().map(|title| ResponseBudget::add_text(ctx, title)).transpose()
    }

    /// The text.
    async fn text(&self, ctx: &Context<'_>) -> Result<&str, Failure> {
        ResponseBudget::add_text(ctx, &self.0.text)
    }

    /// The category; null if the document has none.
    async fn category(&self) -> Option<&str> {
        self.0.category.as_deref()
    }

    /// The author; null if the document has none. Read from the database: null, with an error, while the database is
    /// unavailable.
    async fn author(&self, ctx: &Context<'_>) -> Option<Result<Author, Failure>> {
        // `Option<Result<_>>`: a failing `Result<Option<_>>` would null the document as well.
        let author = self.0.author.as_ref()?;
        let found = match Loaders::load(ctx, author.id).await {
            Ok(found) => found,
            Err(failure) => return Some(Err(failure)),
        };
        // The index may contain a document for a moment longer than the store contains its author.
        let found = found.unwrap_or_else(|| quarry_domain::Author {
            id: author.id,
            source: self.0.source.clone(),
            key: author.key.clone(),
            name: author.name.clone(),
        });
        Some(Ok(Author(found)))
    }

    /// The time of publication as stated by the upstream; null if it states none.
    async fn published_at(&self) -> Option<DateTime> {
        self.0.published_at.map(DateTime)
    }

    /// All other fields of the upstream's record: a JSON object.
    async fn attributes(&self, ctx: &Context<'_>) -> Result<JsonScalar, Failure> {
        let text = ResponseBudget::add_text(ctx, &self.0.attributes)?;
        JsonScalar::raw(text)
            .map_err(|error| Failure::internal(format_args!("stored attributes are not JSON: {error}")))
    }

    /// The time at which this version of the document was stored.
    async fn indexed_at(&self) -> DateTime {
        DateTime(self.0.indexed_at)
    }
}
