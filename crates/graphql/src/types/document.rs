use std::sync::Arc;

use async_graphql::{Context, ID, Object, Value};

use super::Author;
use crate::error::Failure;
use crate::ids::NodeId;
use crate::loaders::Loaders;
use crate::response_budget::ResponseBudget;
use crate::scalars::{DateTime, Json};

/// A document, as GraphQL shows it.
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

/// The memory of the values of a JSON text, in bytes: each but the first stands behind one of these marks.
fn values_bytes(json: &str) -> usize {
    let marks = json.bytes().filter(|byte| matches!(byte, b',' | b':' | b'[' | b'{')).count();
    marks * size_of::<Value>()
}

/// A record that was crawled from a source or put in by `indexDocuments`.
#[Object]
impl Document {
    /// Identifies the document; opaque and stable. Where all else is equal, found documents
    /// are in the order of their ids.
    pub(super) async fn id(&self) -> ID {
        NodeId::Document(self.0.id).into()
    }

    /// The source that it comes from.
    async fn source(&self) -> &str {
        self.0.source.as_str()
    }

    /// The upstream's own id of the record.
    async fn key(&self, ctx: &Context<'_>) -> Result<&str, Failure> {
        ResponseBudget::say(ctx, self.0.key.as_str())
    }

    /// Its heading, where the upstream has one.
    async fn title(&self, ctx: &Context<'_>) -> Result<Option<&str>, Failure> {
        self.0.title.as_deref().map(|title| ResponseBudget::say(ctx, title)).transpose()
    }

    /// Its text.
    async fn text(&self, ctx: &Context<'_>) -> Result<&str, Failure> {
        ResponseBudget::say(ctx, &self.0.text)
    }

    /// The class it belongs to, where the upstream has one.
    async fn category(&self) -> Option<&str> {
        self.0.category.as_deref()
    }

    /// Who wrote it. Looked up in the database: null, with an error, while that is down.
    async fn author(&self, ctx: &Context<'_>) -> Option<Result<Author, Failure>> {
        // `Option<Result<_>>`: a failing `Result<Option<_>>` would take the document along.
        let author = self.0.author.as_ref()?;
        let found = match Loaders::load(ctx, author.id).await {
            Ok(found) => found,
            Err(failure) => return Some(Err(failure)),
        };
        // The index may hold a document for a moment longer than the store holds its author.
        let found = found.unwrap_or_else(|| quarry_domain::Author {
            id: author.id,
            source: self.0.source.clone(),
            key: author.key.clone(),
            name: author.name.clone(),
        });
        Some(Ok(Author(found)))
    }

    /// When the upstream says that it was published.
    async fn published_at(&self) -> Option<DateTime> {
        self.0.published_at.map(DateTime)
    }

    /// The upstream's fields that have no field of their own here: a JSON object.
    async fn attributes(&self, ctx: &Context<'_>) -> Result<Json, Failure> {
        let text = ResponseBudget::say(ctx, &self.0.attributes)?;
        ResponseBudget::read(ctx, values_bytes(text))?;
        let attributes: Value = serde_json::from_str(text)
            .map_err(|error| Failure::internal(format_args!("stored attributes are not JSON: {error}")))?;
        Ok(Json(attributes))
    }

    /// When this version of the document was stored.
    async fn indexed_at(&self) -> DateTime {
        DateTime(self.0.indexed_at)
    }
}
