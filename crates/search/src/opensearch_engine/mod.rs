//! The search engine: OpenSearch, over HTTP, shared by all servers.
//!
//! | File | Holds |
//! |---|---|
//! | `http_client` | the nodes of the cluster in turn, credentials, the classes of errors |
//! | `indexes`, `mapping`, `document` | the indexes with alias and watermark, their fields, a document in them |
//! | `copies` | the searches of an index, each on the same copies of its shards |
//! | `vocabulary` | frequencies, languages and similar words, looked up and cached |
//! | `plan`, `typos`, `mistyped` | a query's units with their terms |
//! | `word_terms`, `unit_clauses`, `proximity`, `clauses` | the clauses of words and units with their scores |
//! | `filter`, `sorting`, `facets`, `boosts`, `distinct` | the parts of a request besides its query |
//! | `explain` | the parts of the score of a hit |
//! | `searcher`, `search`, `bodies`, `positions`, `completions`, `suggested_values` | the evaluation of a request, and of completions |
//!
//! quarry's analysis makes the terms, so that a document is found by the same words in each engine, and no
//! module of the engine is needed. Sets, counts, facets and promised orders are those of the embedded engine.

mod bodies;
mod boosts;
mod clauses;
mod completions;
mod copies;
mod distinct;
mod document;
mod explain;
mod facets;
mod filter;
mod http_client;
mod indexes;
mod mapping;
mod mistyped;
mod plan;
mod positions;
mod proximity;
mod search;
mod searcher;
mod sorting;
mod suggested_values;
mod typos;
mod unit_clauses;
mod vocabulary;
mod word_terms;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use prometheus_client::registry::Registry;
use tokio::sync::Mutex;
use tracing::Instrument;
use tracing::field::Empty;
use uuid::Uuid;

use self::boosts::ClusterPopularity;
use self::completions::WordCompleter;
use self::copies::Copies;
pub use self::http_client::ClusterCredentials;
use self::http_client::{HttpClient, unavailable};
use self::indexes::{IndexState, Indexes};
use self::searcher::ClusterSearcher;
use self::vocabulary::Vocabulary;
use self::word_terms::ClauseField;
use super::attributes::Attributes;
use super::engine::{Batch, EngineHealth, IndexVersion, SearchAnswer, SearchEngine, SearchError};
use super::field_bonus::{FieldBonus, bonuses};
use super::field_weights::FieldWeights;
use super::filter::DocumentFilter;
use super::indexed_sources::{IndexedSources, Languages};
use super::permits::Permits;
use super::popularity::Popularity;
use super::request::{CompletionRequest, SearchRequest};
use super::rules::Rulebook;
use quarry_domain::{Document, Revision};
use quarry_runtime::telemetry::TRACED;

/// The options of an engine.
#[derive(Clone, Debug)]
pub struct OpenSearchOptions {
    /// The addresses of nodes.
    pub urls: Vec<String>,
    /// The beginning of the names of indexes.
    pub prefix: String,
    /// The credentials of the cluster.
    pub credentials: ClusterCredentials,
    /// Certificates of authorities beside those of the system.
    pub ca_file: Option<PathBuf>,
    /// Shards of a new index.
    pub shards: u32,
    /// Replicas of each shard of a new index.
    pub replicas: u32,
    /// The time for one request.
    pub timeout: Duration,
    /// The languages of sources; the default is English.
    pub languages: Languages,
    /// The declared attributes of sources.
    pub attributes: Arc<Attributes>,
    /// The weights of fields in scores.
    pub weights: FieldWeights,
    /// A search that finds fewer documents also looks for typos, then for any of its words.
    pub sufficient_hits: u64,
    /// The maximum number of concurrent searches.
    pub concurrency: usize,
}

/// A failure to open the engine.
#[derive(Debug, thiserror::Error)]
pub enum ClusterOpenError {
    /// The file of certificates is not usable.
    #[error("opensearch.ca_file {path} cannot be used: {cause}")]
    CaFile {
        /// The file.
        path: PathBuf,
        /// The problem with it.
        cause: String,
    },
    /// The credentials are not text of a header.
    #[error("the credentials of [opensearch] contain characters that no header may contain")]
    ClusterCredentials,
    /// The client cannot be built.
    #[error("no HTTP client for [opensearch] could be built: {0}")]
    Client(String),
}

/// A search engine on the indexes of a cluster.
pub struct OpenSearchEngine {
    indexes: Indexes,
    sources: IndexedSources,
    /// The fields whose matches add to scores.
    bonuses: Vec<FieldBonus<ClauseField>>,
    weights: FieldWeights,
    popularity: RwLock<Arc<ClusterPopularity>>,
    sufficient_hits: u64,
    permits: Permits,
    rulebook: RwLock<Arc<Rulebook>>,
    /// The index that receives changes, as it was last read; the lock orders the writes of this server.
    target: Mutex<Option<IndexState>>,
    /// The version of the serving index when it was last read.
    serving: RwLock<Option<(String, Revision)>>,
    vocabulary: RwLock<Option<Arc<Vocabulary>>>,
    /// Reads the vocabulary of a version once.
    reading: Mutex<()>,
    /// The name of an index that replaces the serving one once it has caught up.
    building: Mutex<Option<String>>,
    rebuilds: bool,
}

impl OpenSearchEngine {
    /// Creates an engine without connecting yet.
    pub fn open(options: &OpenSearchOptions) -> Result<Self, ClusterOpenError> {
        Self::open_with(options, false)
    }

    /// Creates an engine that builds a new index; the present one serves until then.
    pub fn open_rebuilding(options: &OpenSearchOptions) -> Result<Self, ClusterOpenError> {
        Self::open_with(options, true)
    }

    fn open_with(options: &OpenSearchOptions, rebuilds: bool) -> Result<Self, ClusterOpenError> {
        let http =
            HttpClient::new(&options.urls, &options.credentials, options.ca_file.as_ref(), options.timeout)?;
        let weighted = options.weights.fields().map(|of| (ClauseField::Weighted(of.clone()), of));
        Ok(Self {
            indexes: Indexes::new(Arc::new(http), options),
            sources: IndexedSources::new(options.languages.clone(), options.attributes.clone()),
            bonuses: bonuses(&options.weights, Some(ClauseField::Title), weighted),
            weights: options.weights.clone(),
            popularity: RwLock::default(),
            sufficient_hits: options.sufficient_hits,
            permits: Permits::new(options.concurrency.max(1)),
            rulebook: RwLock::default(),
            target: Mutex::default(),
            serving: RwLock::default(),
            vocabulary: RwLock::default(),
            reading: Mutex::default(),
            building: Mutex::default(),
            rebuilds,
        })
    }

    /// Returns the name under which servers of this version share their index.
    pub fn alias(&self) -> &str {
        &self.indexes.alias
    }

    /// Reads the state of the index that receives changes; `None` without any.
    async fn read_target(&self) -> Result<Option<IndexState>, SearchError> {
        let mut building = self.building.lock().await;
        if !self.rebuilds {
            let state = self.indexes.serving().await?;
            self.note_serving(state.as_ref());
            if state.is_some() {
                // Another server was faster.
                *building = None;
                return Ok(state);
            }
        }
        let Some(index) = building.as_ref() else { return Ok(None) };
        let state = self.indexes.state_of(index).await;
        if state.is_err() {
            // It may have been deleted: the next step creates another one.
            *building = None;
        }
        state.map(Some)
    }

    /// Creates an index that serves once it has caught up: a part of the documents has wrong totals.
    async fn begin_building(&self) -> Result<IndexState, SearchError> {
        let created = self.indexes.create().await?;
        *self.building.lock().await = Some(created.index.clone());
        Ok(created)
    }

    fn note_serving(&self, state: Option<&IndexState>) {
        let version = state.map(|state| {
            let revision = state.watermark.as_ref().map_or(Revision::ZERO, |watermark| watermark.revision);
            (state.index.clone(), revision)
        });
        *self.serving.write().unwrap_or_else(PoisonError::into_inner) = version;
    }

    /// Returns the words of the serving index.
    async fn vocabulary(&self) -> Result<Arc<Vocabulary>, SearchError> {
        let serving = || self.serving.read().unwrap_or_else(PoisonError::into_inner).clone();
        let known = |version: &(String, Revision)| {
            let vocabulary = self.vocabulary.read().unwrap_or_else(PoisonError::into_inner).clone();
            vocabulary.filter(|vocabulary| vocabulary.version == *version)
        };
        if let Some(found) = serving().as_ref().and_then(known) {
            return Ok(found);
        }
        let _reading = self.reading.lock().await;
        let version = match serving() {
            Some(version) => version,
            None => {
                let state = self.indexes.serving().await?;
                self.note_serving(state.as_ref());
                serving().ok_or_else(|| unavailable("the index does not exist yet"))?
            }
        };
        if let Some(found) = known(&version) {
            return Ok(found);
        }
        let read = Arc::new(Vocabulary::read(&Copies::of_text(&self.indexes, ""), version).await?);
        *self.vocabulary.write().unwrap_or_else(PoisonError::into_inner) = Some(read.clone());
        Ok(read)
    }

    async fn search_now(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError> {
        let vocabulary = self.vocabulary().await?;
        let rulebook = self.rulebook();
        let popularity = self.popularity.read().unwrap_or_else(PoisonError::into_inner).clone();
        self.searcher(&request.query, &vocabulary, &rulebook).search(request, &popularity).await
    }

    /// Returns the parts that a search of a text uses.
    fn searcher<'a>(
        &'a self,
        text: &str,
        vocabulary: &'a Vocabulary,
        rulebook: &'a Rulebook,
    ) -> ClusterSearcher<'a> {
        let Self { sources, bonuses, sufficient_hits, .. } = self;
        let (copies, sufficient_hits) = (Copies::of_text(&self.indexes, text), *sufficient_hits);
        ClusterSearcher { copies, vocabulary, sources, rulebook, bonuses, sufficient_hits }
    }

    fn indexed(&self, document: &Document) -> serde_json::Value {
        let languages = self.sources.languages_of(document);
        let attributes = self.sources.attributes_of(document);
        let grouped = mapping::grouped(&self.sources.attributes);
        document::indexed(document, &languages, &attributes, &self.weights, grouped)
    }
}

#[async_trait]
impl SearchEngine for OpenSearchEngine {
    async fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError> {
        let _permit = self.permits.acquire().await?;
        let started = Instant::now();
        let span = tracing::info_span!(target: TRACED, "search", search.failed = Empty);
        let answer = self.search_now(request).instrument(span.clone()).await;
        if answer.is_err() {
            span.record("search.failed", true);
        }
        self.permits.record(started, &answer);
        answer
    }

    async fn apply(&self, batch: Batch) -> Result<Revision, SearchError> {
        let mut target = self.target.lock().await;
        // Read before the changes: a watermark that another server writes meanwhile rejects that of this one.
        let state = match target.take() {
            Some(state) => state,
            None => match self.read_target().await? {
                Some(state) => state,
                None => self.begin_building().await?,
            },
        };
        let known = state.watermark.as_ref().map(|watermark| (watermark.store, watermark.revision));
        if !batch.changes.is_empty() {
            self.indexes.write(&state.index, &batch.changes, |document| self.indexed(document)).await?;
        }
        let state = if known == Some((batch.store, batch.through)) {
            state
        } else {
            self.indexes.advance(&state, batch.store, batch.through).await?
        };
        let mut building = self.building.lock().await;
        let is_building = building.as_deref() == Some(state.index.as_str());
        if is_building && batch.caught_up {
            self.indexes.serve(&state.index).await?;
            if !self.rebuilds {
                *building = None;
            }
        }
        if !is_building || batch.caught_up {
            self.note_serving(Some(&state));
        }
        *target = Some(state);
        Ok(batch.through)
    }

    async fn applied_through(&self) -> Result<Option<(Uuid, Revision)>, SearchError> {
        let mut target = self.target.lock().await;
        *target = self.read_target().await?;
        let watermark = target.as_ref().and_then(|state| state.watermark.as_ref());
        Ok(watermark.map(|watermark| (watermark.store, watermark.revision)))
    }

    fn index_version(&self) -> Option<IndexVersion> {
        let (index, revision) = self.serving.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        Some(IndexVersion { index, revision })
    }

    async fn reset(&self) -> Result<(), SearchError> {
        let mut target = self.target.lock().await;
        let created = self.indexes.create().await?;
        self.indexes.serve(&created.index).await?;
        self.note_serving(Some(&created));
        *self.building.lock().await = None;
        *target = Some(created);
        Ok(())
    }

    async fn complete(&self, request: &CompletionRequest) -> Result<Vec<String>, SearchError> {
        let _permit = self.permits.acquire().await?;
        let (vocabulary, rulebook) = (self.vocabulary().await?, self.rulebook());
        WordCompleter { searcher: &self.searcher(&request.text, &vocabulary, &rulebook) }
            .complete(request)
            .await
    }

    async fn count(&self, texts: &[String], filter: &DocumentFilter) -> Result<Vec<u64>, SearchError> {
        let _permit = self.permits.acquire().await?;
        let (vocabulary, rulebook) = (self.vocabulary().await?, self.rulebook());
        let text = texts.first().map_or("", String::as_str);
        WordCompleter { searcher: &self.searcher(text, &vocabulary, &rulebook) }.count(texts, filter).await
    }

    fn attributes(&self) -> Arc<Attributes> {
        self.sources.attributes.clone()
    }

    fn use_rulebook(&self, rulebook: Arc<Rulebook>) {
        *self.rulebook.write().unwrap_or_else(PoisonError::into_inner) = rulebook;
    }

    fn rulebook(&self) -> Arc<Rulebook> {
        self.rulebook.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn use_popularity(&self, popularity: Arc<Popularity>) {
        let popularity = Arc::new(ClusterPopularity::new(popularity));
        *self.popularity.write().unwrap_or_else(PoisonError::into_inner) = popularity;
    }

    async fn health(&self) -> Result<EngineHealth, SearchError> {
        self.indexes.health().await
    }

    fn register_metrics(&self, registry: &mut Registry) {
        self.permits.register(registry);
        self.sources.register(registry);
    }
}
