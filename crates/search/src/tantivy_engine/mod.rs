//! The search engine: tantivy, in process, on indexes in a folder of the server.
//!
//! | File | Holds |
//! |---|---|
//! | `folders`, `generation`, `schema`, `indexed_document` | the indexes on disk, the writer of one, its fields |
//! | `snapshot`, `segment` | a consistent view of an index and its open readers |
//! | `plan`, `unit_plan`, `word` | a query's units with their terms in each segment |
//! | `phrases`, `fuzzy_words`, `fuzzy` | adjacent words and typos |
//! | `curation`, `boosts` | the effects of rules: pinned and hidden documents, factors of scores; those of values |
//! | `scorers`, `scan`, `proximity` | scores: of a word, of a query in a segment, of near words |
//! | `evaluate`, `top_docs`, `ranked_doc`, `orders`, `distinct`, `facets` | counting, ranking and faceting of the matches, tier by tier |
//! | `single`, `frequent` | shorter paths to the same result for common kinds of queries |
//! | `answer` | the hits of an evaluated query, with highlights |
//! | `completions`, `followers`, `written`, `suggested_values` | words that complete or follow typed text, as documents write them; values that do |
//! | `attribute_field`, `attribute_column` | declared attributes in the schema, in a segment |
//! | `explain` | the parts of the score of a hit |
//! | `term_field`, `weighted_field` | the fields with terms; the terms of those that have a weight |
//! | `filter_sets` | the documents within a filter |
//! | `scope`, `documents` | the documents within words and filter as a set, and their texts |
//! | `bit_sets`, `completion_cache`, `similar_words`, `decoded_documents` | cached sets, words and documents |
//! | `failure` | the classes of errors |
//!
//! An index with another schema or analysis is built beside the serving one, and replaces it once it has
//! caught up. Queries are evaluated here instead of by tantivy's `BooleanQuery` and collectors: searches
//! while typing are unions of completions with ties by time, which those evaluate several times slower
//! (`docs/decisions/own-evaluator.md`).

mod answer;
mod attribute_column;
mod attribute_field;
mod bit_sets;
mod boosts;
mod candidates;
mod clause;
mod completion_cache;
mod completions;
mod curation;
mod decoded_documents;
mod distinct;
mod documents;
mod evaluate;
mod explain;
mod facets;
mod failure;
mod filter_sets;
mod folders;
mod followers;
mod frequent;
pub(crate) mod fuzzy;
mod fuzzy_words;
mod generation;
mod indexed_document;
mod orders;
mod phrases;
mod plan;
mod proximity;
mod ranked_doc;
mod scan;
mod schema;
mod scope;
mod scorers;
mod segment;
mod similar_words;
mod single;
mod snapshot;
mod suggested_values;
mod term_field;
mod term_list;
mod top_docs;
mod unit_plan;
mod weighted_field;
mod wholes;
mod windows;
mod word;
mod written;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use async_trait::async_trait;
use prometheus_client::registry::Registry;
use tracing::Instrument;
use tracing::field::Empty;
use uuid::Uuid;

use self::answer::IndexSearcher;
use self::completions::Completer;
use self::failure::search_error;
use self::folders::IndexFolders;
use self::generation::{Generation, Watermark, WriterOptions};
use super::attributes::Attributes;
use super::engine::{Batch, EngineHealth, SearchAnswer, SearchEngine, SearchError};
use super::field_weights::FieldWeights;
use super::filter::DocumentFilter;
use super::indexed_sources::{IndexedSources, Languages};
use super::permits::Permits;
use super::popularity::Popularity;
use super::request::{CompletionRequest, SearchRequest};
use super::rules::Rulebook;
use super::{document_terms, indexed_sources, tiers, weights};
use quarry_domain::Revision;
use quarry_runtime::telemetry::TRACED;

/// Indexes of at most this many documents are searched on the calling thread.
///
/// Such a search takes a few microseconds, less than a switch to another thread.
const INLINE_DOCUMENTS: u64 = 50_000;

/// The options of an engine.
#[derive(Clone, Debug)]
pub struct TantivyOptions {
    /// The folder that contains one folder per index.
    pub folder: PathBuf,
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
    /// Memory for indexing, over all threads.
    pub memory_bytes: usize,
    /// Threads for indexing.
    pub threads: usize,
}

/// A failure to open the engine.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process writes to the same folder.
    #[error("another quarry process uses {0}: stop it, or give this one a data_dir of its own")]
    InUse(PathBuf),
    /// The folder is not usable.
    #[error(
        "cannot use the index folder {folder}: {cause}; check its owner, free disk space and the limit of open \
         files (ulimit -n)"
    )]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The message of the operating system or of tantivy.
        cause: String,
    },
}

/// A search engine on tantivy's indexes.
pub struct TantivyEngine {
    writer_options: WriterOptions,
    sufficient_hits: u64,
    sources: Arc<IndexedSources>,
    generations: RwLock<Generations>,
    permits: Permits,
    damaged: AtomicBool,
    rulebook: RwLock<Arc<Rulebook>>,
    popularity: RwLock<Arc<Popularity>>,
}

/// The indexes in use.
struct Generations {
    folders: IndexFolders,
    /// The index that answers searches.
    serving: Arc<Generation>,
    /// The index that receives changes until it has caught up, and then serves.
    building: Option<Arc<Generation>>,
}

impl TantivyEngine {
    /// Opens the engine's folder; a damaged index is replaced by an empty one.
    pub fn open(options: TantivyOptions) -> Result<Self, OpenError> {
        Self::open_with(options, false)
    }

    /// Opens the engine's folder and rebuilds its index; the present one serves until then.
    pub fn open_rebuilding(options: TantivyOptions) -> Result<Self, OpenError> {
        Self::open_with(options, true)
    }

    fn open_with(options: TantivyOptions, rebuild: bool) -> Result<Self, OpenError> {
        let mut folders = IndexFolders::new(&options);
        let writer_options =
            WriterOptions { threads: options.threads.max(1), memory_bytes: options.memory_bytes };
        let (serving, building) = folders.open(writer_options, rebuild)?;
        Ok(Self {
            sufficient_hits: options.sufficient_hits,
            sources: Arc::new(IndexedSources::new(options.languages, options.attributes)),
            permits: Permits::new(options.concurrency.max(1)),
            writer_options,
            generations: RwLock::new(Generations { folders, serving, building }),
            damaged: AtomicBool::new(false),
            rulebook: RwLock::default(),
            popularity: RwLock::default(),
        })
    }

    /// Searches on the calling thread, without a permit.
    pub fn search_blocking(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError> {
        let answer = self.searcher().search(request);
        self.note_damage(&answer);
        answer
    }

    fn searcher(&self) -> IndexSearcher {
        let generation = self.serving();
        IndexSearcher {
            snapshot: generation.snapshot(),
            generation,
            sufficient_hits: self.sufficient_hits,
            sources: self.sources.clone(),
            rulebook: self.rulebook(),
            popularity: self.popularity.read().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    async fn with_completer<T: Send + 'static>(
        &self,
        filter: &DocumentFilter,
        work: impl FnOnce(&Completer<'_>) -> Result<T, SearchError> + Send + 'static,
    ) -> Result<T, SearchError> {
        let _permit = self.permits.acquire().await?;
        let generation = self.serving();
        generation.fields.require(filter.attribute_names().into_iter())?;
        let (snapshot, sufficient_hits) = (generation.snapshot(), self.sufficient_hits);
        let rulebook = self.rulebook();
        let (documents, sources) = (snapshot.documents, self.sources.clone());
        let answer = run(documents, move || {
            let fields = &generation.fields;
            let (sources, rulebook) = (&sources, &rulebook);
            work(&Completer { snapshot: &snapshot, fields, sources, rulebook, sufficient_hits })
        });
        let answer = answer.await;
        self.note_damage(&answer);
        answer
    }

    fn note_damage<T>(&self, answer: &Result<T, SearchError>) {
        if matches!(answer, Err(SearchError::Damaged(_))) {
            self.damaged.store(true, Ordering::Relaxed);
        }
    }

    fn serving(&self) -> Arc<Generation> {
        self.generations.read().unwrap_or_else(PoisonError::into_inner).serving.clone()
    }

    /// Returns the index that receives changes.
    fn target(&self) -> Arc<Generation> {
        let generations = self.generations.read().unwrap_or_else(PoisonError::into_inner);
        generations.building.as_ref().unwrap_or(&generations.serving).clone()
    }

    /// Lets the index that has caught up serve.
    fn swap(&self) {
        let mut generations = self.generations.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(built) = generations.building.take() {
            let old = std::mem::replace(&mut generations.serving, built);
            generations.folders.retire(old);
        }
    }
}

#[async_trait]
impl SearchEngine for TantivyEngine {
    async fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError> {
        let _permit = self.permits.acquire().await?;
        let started = Instant::now();
        let span = tracing::info_span!(target: TRACED, "search", search.failed = Empty);
        let (searcher, request) = (self.searcher(), request.clone());
        let documents = searcher.snapshot.documents;
        let answer = run(documents, move || searcher.search(&request)).instrument(span.clone()).await;
        if answer.is_err() {
            span.record("search.failed", true);
        }
        self.permits.record(started, &answer);
        self.note_damage(&answer);
        answer
    }

    async fn apply(&self, batch: Batch) -> Result<Revision, SearchError> {
        let target = self.target();
        let sources = self.sources.clone();
        let caught_up = batch.caught_up;
        let applied = blocking(move || {
            let before = target.watermark().map_err(search_error)?;
            let watermark = Watermark {
                store: batch.store,
                revision: batch.through.value(),
                complete: batch.caught_up || before.is_some_and(|before| before.complete),
            };
            if batch.changes.is_empty() && before == Some(watermark) {
                target.maintain().map_err(search_error)?;
                return Ok(batch.through);
            }
            let committed =
                target.apply(&batch.changes, watermark, batch.caught_up, &sources).map_err(search_error)?;
            Ok(if committed { batch.through } else { before.map_or(Revision::ZERO, |w| w.revision()) })
        })
        .await?;
        if caught_up {
            self.swap();
        }
        Ok(applied)
    }

    async fn applied_through(&self) -> Result<Option<(Uuid, Revision)>, SearchError> {
        if self.damaged.load(Ordering::Relaxed) {
            return Err(SearchError::Damaged("a search could not read it".to_owned()));
        }
        let watermark = self.target().watermark().map_err(search_error)?;
        Ok(watermark.map(|watermark| (watermark.store, watermark.revision())))
    }

    async fn reset(&self) -> Result<(), SearchError> {
        let mut generations = self.generations.write().unwrap_or_else(PoisonError::into_inner);
        let empty = generations
            .folders
            .create(self.writer_options)
            .map_err(|error| SearchError::Failed(error.to_string()))?;
        let building = generations.building.take();
        let serving = std::mem::replace(&mut generations.serving, empty);
        for old in building.into_iter().chain([serving]) {
            generations.folders.retire(old);
        }
        self.damaged.store(false, Ordering::Relaxed);
        Ok(())
    }

    async fn complete(&self, request: &CompletionRequest) -> Result<Vec<String>, SearchError> {
        let request = request.clone();
        let filter = request.filter.clone();
        self.with_completer(&filter, move |completer| completer.complete(&request)).await
    }

    async fn count(&self, texts: &[String], filter: &DocumentFilter) -> Result<Vec<u64>, SearchError> {
        let (texts, counted) = (texts.to_vec(), filter.clone());
        self.with_completer(filter, move |completer| completer.count(&texts, &counted)).await
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
        *self.popularity.write().unwrap_or_else(PoisonError::into_inner) = popularity;
    }

    async fn health(&self) -> Result<EngineHealth, SearchError> {
        let serving = self.serving();
        let snapshot = serving.snapshot();
        let (documents, segments) = (snapshot.documents, snapshot.segments.len());
        Ok(EngineHealth { documents, segments, bytes: serving.bytes() })
    }

    fn register_metrics(&self, registry: &mut Registry) {
        self.permits.register(registry);
        self.sources.register(registry);
    }
}

/// Runs a search on the calling thread if the index is small, else on another.
async fn run<T: Send + 'static>(
    documents: u64,
    search: impl FnOnce() -> Result<T, SearchError> + Send + 'static,
) -> Result<T, SearchError> {
    if documents > INLINE_DOCUMENTS {
        return blocking(search).await;
    }
    // Lets other tasks run between the many searches of a report.
    tokio::task::consume_budget().await;
    search()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SearchError> + Send + 'static,
) -> Result<T, SearchError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(SearchError::Failed(format!("the engine's thread ended: {error}"))),
    }
}
