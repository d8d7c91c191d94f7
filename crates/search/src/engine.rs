//! The seam to a search engine.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use uuid::Uuid;

use super::cursor::Cursor;
use super::request::SearchRequest;
use quarry_domain::{Document, DocumentChange, Revision};

/// Why a search engine could not answer.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// More searches are under way than the engine takes at once; try again.
    #[error("too many searches are under way")]
    TooBusy,
    /// The cursor does not belong to this kind of search.
    #[error("the cursor is not one of this search's")]
    InvalidCursor,
    /// The hits take more memory than the request allows.
    #[error("the hits take too much memory")]
    TooLarge,
    /// The index is damaged and must be rebuilt.
    #[error("the index is damaged: {0}")]
    Damaged(String),
    /// The engine failed.
    #[error("the search engine failed: {0}")]
    Failed(String),
}

/// A found document.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The stored document, shared with other answers.
    pub document: Arc<Document>,
    /// Its relevance; comparable within one answer only.
    pub score: f32,
    /// Continues the search after this hit.
    pub cursor: Cursor,
    /// Where the query matched: empty unless asked for.
    pub highlights: Vec<Highlight>,
}

/// A field of a hit with its matches marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Highlight {
    /// `title`, `text`, `author` or `category`.
    pub field: &'static str,
    /// HTML-escaped text with the matches in `<mark>`.
    pub html: String,
}

/// How the found documents spread over the values of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    /// `source`, `category` or `authorKey`: as the filter names it.
    pub field: &'static str,
    /// Values, most frequent first, ties by value.
    pub buckets: Vec<FacetBucket>,
}

/// One value of a facet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacetBucket {
    /// The value.
    pub value: String,
    /// Found documents that have it.
    pub count: u64,
}

/// What a search found.
#[derive(Clone, Debug, Default)]
pub struct SearchAnswer {
    /// At most `first` hits.
    pub hits: Vec<Hit>,
    /// There are hits after the last one.
    pub has_next: bool,
    /// All matching documents, whatever the page.
    pub total: u64,
    /// No document had all the words, so any of them counted.
    pub relaxed: bool,
    /// One facet a field: empty unless asked for. At most 100 buckets each.
    pub facets: Vec<Facet>,
    /// Time in the engine.
    pub took: Duration,
    /// Memory of the hits that were not in memory before, in bytes.
    pub read_bytes: usize,
}

/// Changes to apply together.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The store that the changes come from.
    pub store: Uuid,
    /// In order of revision.
    pub changes: Vec<DocumentChange>,
    /// The watermark once they are applied.
    pub through: Revision,
    /// Nothing is left above `through`: once applied, the index is in step with the store.
    pub caught_up: bool,
}

/// How an engine stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineHealth {
    /// Documents in the index.
    pub documents: u64,
    /// Parts that the index consists of: the fewer, the quicker it answers.
    pub segments: usize,
    /// Bytes that the index takes.
    pub bytes: u64,
}

impl EngineHealth {
    /// Registers the size of the index.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "index_documents",
            "Documents in this server's index",
            ConstGauge::new(self.documents),
        );
        registry.register("index_segments", "Segments of the index", ConstGauge::new(self.segments));
        registry.register("index_bytes", "Size of the index on disk, in bytes", ConstGauge::new(self.bytes));
    }
}

/// A search engine that follows the store.
///
/// `apply` is idempotent; the watermark never runs ahead of the data.
#[async_trait]
pub trait SearchEngine: Send + Sync + 'static {
    /// Finds documents.
    async fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError>;
    /// Takes changes, and says up to where everything can be found and is durable: up to the
    /// batch's end, or less while more batches follow, since few large commits cost less than many
    /// small ones. After a failure, the changes above `applied_through` must be given again. A batch
    /// that brings nothing new gives the engine time to tidy up.
    async fn apply(&self, batch: Batch) -> Result<Revision, SearchError>;
    /// The store and the revision up to which the index is durable; `None` for an empty index.
    async fn applied_through(&self) -> Result<Option<(Uuid, Revision)>, SearchError>;
    /// Empties the index, to be filled from the beginning.
    async fn reset(&self) -> Result<(), SearchError>;
    /// Words that some document has and that begin so, those of the most documents first; as they
    /// are typed, not as stems. What was typed is folded as words of a query are. A method of its
    /// own, since it asks for words and no search tells any.
    async fn complete(&self, beginning: &str, most: usize) -> Result<Vec<String>, SearchError>;
    /// How the engine stands.
    async fn health(&self) -> Result<EngineHealth, SearchError>;
    /// Registers the metrics of searches.
    fn register_metrics(&self, registry: &mut Registry);
}
