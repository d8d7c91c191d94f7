//! The seam to a search engine: its trait, answers and errors.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::attributes::Attributes;
use super::cursor::SearchCursor;
use super::explanation::Explanation;
use super::filter::DocumentFilter;
use super::popularity::Popularity;
use super::request::{CompletionRequest, NumberBounds, SearchRequest};
use super::rules::{AppliedRule, Rulebook};
use quarry_cache::CacheStatus;
use quarry_domain::{Document, DocumentChange, MatchTier, Revision};

/// A failure of the search engine.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SearchError {
    /// The queue of searches is full.
    #[error("too many concurrent searches: retry later")]
    TooBusy,
    /// The cursor is malformed or belongs to a search with another sort.
    #[error("the cursor does not belong to this search: start again without one")]
    InvalidCursor,
    /// The index does not contain an attribute yet, or with another type than the declared one.
    #[error("the attribute {0:?} is being indexed: retry later")]
    NotIndexedYet(String),
    /// The hits exceed the request's memory limit.
    #[error("the hits exceed the memory limit: request fewer")]
    TooLarge,
    /// The engine does not support a part of the request.
    #[error("the search engine does not support {0}: set [search] engine = \"tantivy\" for it")]
    Unsupported(&'static str),
    /// The engine cannot be reached; the search may succeed later.
    #[error("the search engine is unavailable: {0}")]
    Unavailable(String),
    /// The index is damaged and must be rebuilt.
    #[error("the index is damaged: {0}")]
    Damaged(String),
    /// The engine failed.
    #[error("the search engine failed: {0}")]
    Failed(String),
}

/// A typed word and the word of the documents that it was taken for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// The typed word, folded.
    pub typed: String,
    /// The word as a document spells it.
    pub meant: String,
}

/// A matching document.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hit {
    /// The document, shared with other answers.
    #[serde(with = "shared_document")]
    pub document: Arc<Document>,
    /// Its relevance, comparable within one answer only.
    pub score: f32,
    /// The tier that found it.
    pub tier: MatchTier,
    /// The other matching documents with its value of the distinct field.
    pub collapsed: u64,
    /// Continues the search after this hit.
    pub cursor: SearchCursor,
    /// The fields with matches, if requested.
    pub highlights: Vec<Highlight>,
    /// True if a rule pinned the document at its position.
    pub pinned: bool,
    /// The parts of its score, if requested.
    #[serde(skip)]
    pub explanation: Option<Box<Explanation>>,
}

/// A field of a hit with marked matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Highlight {
    /// `title`, `text`, `author`, `category`, or the name of a searched attribute.
    pub field: String,
    /// The requested maximum length in characters.
    pub length: usize,
    /// HTML-escaped text with the matches in `<mark>`; of a longer text, the best fragment.
    pub html: String,
}

/// The matching documents by the values of a field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facet {
    /// `source`, `category` or `authorKey`, as in the filter, or the name of an attribute.
    pub field: String,
    /// The values in the requested order.
    pub buckets: Vec<FacetBucket>,
    /// The number of different values, intervals or ranges.
    pub value_count: u64,
    /// True if values follow the last bucket.
    pub has_next: bool,
    /// Those of numbers and dates.
    pub stats: Option<FacetStats>,
    /// The numbers are microseconds since 1970.
    pub is_date: bool,
}

/// One value of a facet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FacetBucket {
    /// The value.
    pub value: String,
    /// The number of matching documents.
    pub count: u64,
    /// The name of an author, if requested.
    pub name: Option<String>,
    /// The bounds of an interval or range.
    pub bounds: Option<NumberBounds>,
}

/// The statistics of the numbers of a facet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FacetStats {
    /// The number of values.
    pub count: u64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// Their sum.
    pub sum: f64,
}

impl FacetStats {
    pub(crate) fn add(&mut self, number: f64) {
        self.merge(&Self { count: 1, min: number, max: number, sum: number });
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *other;
            return;
        }
        self.count += other.count;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.sum += other.sum;
    }
}

/// The answer to a search.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SearchAnswer {
    /// At most `first` hits.
    pub hits: Vec<Hit>,
    /// True if there are hits after the last one.
    pub has_next: bool,
    /// The number of all matching documents; with a distinct field, of its values.
    pub total: u64,
    /// The last tier that found documents.
    pub tier: MatchTier,
    /// True if few documents contain all words, so that others with any of them follow.
    pub relaxed: bool,
    /// The typed words that hits of this page contain otherwise, if requested.
    pub corrections: Vec<Correction>,
    /// True if the query was too long, and only its most informative words were used.
    pub is_truncated: bool,
    /// For each facet request, one facet per field.
    pub facets: Vec<Vec<Facet>>,
    /// The rules that applied, in order of priority.
    pub rules: Vec<AppliedRule>,
    /// The URL to which the client should lead its user.
    pub redirect: Option<String>,
    /// The time in the engine.
    pub took: Duration,
    /// The memory of the hits that were not cached, in bytes.
    pub read_bytes: usize,
    /// The part of the cache of answers; `None` without such a cache.
    #[serde(skip)]
    pub cache: Option<CacheStatus>,
}

/// The encoding of a shared document, which is that of the document.
mod shared_document {
    use std::sync::Arc;

    use quarry_domain::Document;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(document: &Arc<Document>, to: S) -> Result<S::Ok, S::Error> {
        (**document).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<Document>, D::Error> {
        Document::deserialize(from).map(Arc::new)
    }
}

/// Changes to apply in one call.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The id of the store.
    pub store: Uuid,
    /// The changes, in order of revision.
    pub changes: Vec<DocumentChange>,
    /// The watermark after the changes.
    pub through: Revision,
    /// True if the store has no changes above `through`.
    pub caught_up: bool,
}

/// A version of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexVersion {
    /// The name of the index, which a rebuild replaces.
    pub index: String,
    /// The revision up to which all changes are visible.
    pub revision: Revision,
}

/// The size of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineHealth {
    /// Documents in the index.
    pub documents: u64,
    /// Segments of the index; fewer are faster to search.
    pub segments: usize,
    /// Bytes on disk.
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

/// A search engine whose index follows the store.
///
/// `apply` is idempotent; the watermark is never ahead of the data.
#[async_trait]
pub trait SearchEngine: Send + Sync + 'static {
    /// Finds documents.
    async fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError>;
    /// Applies changes, and returns the revision up to which all changes are visible and durable.
    ///
    /// That is the end of the batch, or less while more batches follow, since few large commits cost less
    /// than many small ones. After a failure, apply the changes above `applied_through` again. A batch
    /// without changes lets the engine maintain its index.
    async fn apply(&self, batch: Batch) -> Result<Revision, SearchError>;
    /// Returns store and revision of the last durable change; `None` without any.
    async fn applied_through(&self) -> Result<Option<(Uuid, Revision)>, SearchError>;
    /// Returns the version of the index that later searches reflect at least; `None` if it is not known.
    fn index_version(&self) -> Option<IndexVersion> {
        None
    }
    /// Empties the index.
    async fn reset(&self) -> Result<(), SearchError>;
    /// Returns the typed text with its last word completed by words of documents, most frequent first.
    ///
    /// After a space, the words that follow it in documents are added. Each completion finds documents
    /// within the filter. Words are spelled as documents write them.
    async fn complete(&self, request: &CompletionRequest) -> Result<Vec<String>, SearchError>;
    /// Counts the documents with all words of each text, as typed or in another form.
    async fn count(&self, texts: &[String], filter: &DocumentFilter) -> Result<Vec<u64>, SearchError>;
    /// Returns the attributes that documents can be filtered, counted and ordered by.
    fn attributes(&self) -> Arc<Attributes> {
        Arc::default()
    }
    /// Applies synonyms, stop words and rules to later requests.
    fn use_rulebook(&self, rulebook: Arc<Rulebook>);
    /// Returns the synonyms, stop words and rules of later requests.
    fn rulebook(&self) -> Arc<Rulebook>;
    /// Boosts later searches by these numbers; an engine without boosts needs none.
    fn use_popularity(&self, _popularity: Arc<Popularity>) {}
    /// Returns the size of the index.
    async fn health(&self) -> Result<EngineHealth, SearchError>;
    /// Registers the metrics of searches.
    fn register_metrics(&self, registry: &mut Registry);
}
