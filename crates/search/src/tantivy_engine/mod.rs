//! The search engine of one server: tantivy, in process, in a folder of the server's own.
//!
//! An index that must be made anew (other fields, another analysis) is built beside the one that
//! serves, and takes over when it has caught up. Postings are walked here rather than through
//! tantivy's queries: search as one types is unions of completions and ties by time, which its
//! collectors do not do at the speed that is asked for.

mod completions;
mod documents;
mod evaluate;
mod facets;
mod failure;
mod folders;
mod frequent;
mod generation;
mod neighbours;
mod permits;
mod plan;
mod postings;
mod ranking;
mod schema;
mod sets;
mod single;
mod snapshot;
mod word;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use async_trait::async_trait;
use prometheus_client::registry::Registry;
use tracing::Instrument;
use tracing::field::Empty;
use uuid::Uuid;

use self::completions::completions;
use self::evaluate::find;
use self::failure::failed;
use self::folders::Folders;
use self::generation::{Generation, Languages, Watermark, WriterOptions};
use self::permits::Permits;
use self::ranking::Candidate;
use self::schema::read_stored;
use self::snapshot::Snapshot;
use super::analysis::fold;
use super::cursor::Cursor;
use super::engine::{Batch, EngineHealth, Highlight, Hit, SearchAnswer, SearchEngine, SearchError};
use super::highlight::Marks;
use super::request::SearchRequest;
use quarry_config::Language;
use quarry_domain::{Document, Revision};
use quarry_runtime::telemetry::TRACED;

/// Indexes of at most this many documents answer on the calling thread: a search takes some
/// microseconds there, less than handing it to another thread does.
const QUICK_DOCUMENTS: u64 = 50_000;

/// How the engine is set up.
#[derive(Clone, Debug)]
pub struct TantivyOptions {
    /// Where its indexes are: one folder each.
    pub folder: PathBuf,
    /// The language of each source; others are English.
    pub languages: Languages,
    /// Searches that run at once.
    pub concurrency: usize,
    /// Memory to index with, over all threads.
    pub memory_bytes: usize,
    /// Threads to index with.
    pub threads: usize,
}

/// Why the engine could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process writes to the same folder.
    #[error("another quarry process uses {0}: stop it, or give this one a data_dir of its own")]
    InUse(PathBuf),
    /// The folder cannot be used.
    #[error(
        "cannot use the index folder {folder}: {cause}; check its owner, the room on its disk and the limit of open files \
         (ulimit -n)"
    )]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// What the system or the library says.
        cause: String,
    },
}

/// The engine.
pub struct TantivyEngine {
    options: Arc<TantivyOptions>,
    languages: Arc<BTreeSet<Language>>,
    generations: RwLock<Generations>,
    permits: Permits,
    damaged: Arc<AtomicBool>,
}

/// The indexes in use.
struct Generations {
    folders: Folders,
    /// Answers searches.
    serving: Arc<Generation>,
    /// Takes changes until it has caught up, then serves.
    building: Option<Arc<Generation>>,
}

impl TantivyEngine {
    /// Opens the engine's folder; a damaged index is put aside and made anew.
    pub fn open(options: TantivyOptions) -> Result<Self, OpenError> {
        Self::open_with(options, false)
    }

    /// Opens the engine's folder and builds its index anew; the present one serves meanwhile.
    pub fn open_anew(options: TantivyOptions) -> Result<Self, OpenError> {
        Self::open_with(options, true)
    }

    fn open_with(options: TantivyOptions, anew: bool) -> Result<Self, OpenError> {
        let mut folders = Folders::new(&options);
        let (serving, building) = folders.open(writer_options(&options), anew)?;
        let languages: BTreeSet<Language> =
            options.languages.values().copied().chain([Language::default()]).collect();
        Ok(Self {
            languages: Arc::new(languages),
            permits: Permits::new(options.concurrency.max(1)),
            options: Arc::new(options),
            generations: RwLock::new(Generations { folders, serving, building }),
            damaged: Arc::new(AtomicBool::new(false)),
        })
    }

    /// Searches on the calling thread.
    pub fn search_here(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError> {
        let serving = self.serving();
        let answer = answer(&serving, &serving.snapshot(), &self.languages, &self.options.languages, request);
        self.note_damage(&answer);
        answer
    }

    /// Searches here or on a thread of its own, whichever costs less.
    async fn answer(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError> {
        let serving = self.serving();
        let snapshot = serving.snapshot();
        if snapshot.documents <= QUICK_DOCUMENTS {
            // Many in a row, as a report asks for, let others have their turn in between.
            tokio::task::consume_budget().await;
            return answer(&serving, &snapshot, &self.languages, &self.options.languages, request);
        }
        let (languages, options, request) = (self.languages.clone(), self.options.clone(), request.clone());
        blocking(move || answer(&serving, &snapshot, &languages, &options.languages, &request)).await
    }

    fn note_damage(&self, answer: &Result<SearchAnswer, SearchError>) {
        if matches!(answer, Err(SearchError::Damaged(_))) {
            self.damaged.store(true, Ordering::Relaxed);
        }
    }

    fn serving(&self) -> Arc<Generation> {
        self.generations.read().unwrap_or_else(PoisonError::into_inner).serving.clone()
    }

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
        let _permit = self.permits.enter().await?;
        let began = Instant::now();
        let span = tracing::info_span!(target: TRACED, "search", search.failed = Empty);
        let answer = self.answer(request).instrument(span.clone()).await;
        if answer.is_err() {
            span.record("search.failed", true);
        }
        self.permits.note(began, &answer);
        self.note_damage(&answer);
        answer
    }

    async fn apply(&self, batch: Batch) -> Result<Revision, SearchError> {
        let target = self.target();
        let options = self.options.clone();
        let caught_up = batch.caught_up;
        let applied = blocking(move || {
            let before = target.watermark().map_err(failed)?;
            let watermark = Watermark {
                store: batch.store,
                revision: batch.through.value(),
                complete: batch.caught_up || before.is_some_and(|before| before.complete),
            };
            if batch.changes.is_empty() && before == Some(watermark) {
                target.tidy().map_err(failed)?;
                return Ok(batch.through);
            }
            let committed = target
                .apply(&batch.changes, watermark, batch.caught_up, &options.languages)
                .map_err(failed)?;
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
        let watermark = self.target().watermark().map_err(failed)?;
        Ok(watermark.map(|watermark| (watermark.store, watermark.revision())))
    }

    async fn reset(&self) -> Result<(), SearchError> {
        let mut generations = self.generations.write().unwrap_or_else(PoisonError::into_inner);
        let fresh = generations
            .folders
            .fresh(writer_options(&self.options))
            .map_err(|error| SearchError::Failed(error.to_string()))?;
        let building = generations.building.take();
        let serving = std::mem::replace(&mut generations.serving, fresh);
        for old in building.into_iter().chain([serving]) {
            generations.folders.retire(old);
        }
        self.damaged.store(false, Ordering::Relaxed);
        Ok(())
    }

    async fn complete(&self, beginning: &str, most: usize) -> Result<Vec<String>, SearchError> {
        let _permit = self.permits.enter().await?;
        let snapshot = self.serving().snapshot();
        let beginning = fold(beginning).into_owned();
        if snapshot.documents <= QUICK_DOCUMENTS {
            // Many in a row, as a report asks for, let others have their turn in between.
            tokio::task::consume_budget().await;
            return completions(&snapshot, &beginning, most).map_err(failed);
        }
        blocking(move || completions(&snapshot, &beginning, most).map_err(failed)).await
    }

    async fn health(&self) -> Result<EngineHealth, SearchError> {
        let serving = self.serving();
        let snapshot = serving.snapshot();
        let (documents, segments) = (snapshot.documents, snapshot.segments.len());
        Ok(EngineHealth { documents, segments, bytes: serving.bytes() })
    }

    fn register_metrics(&self, registry: &mut Registry) {
        self.permits.register(registry);
    }
}

fn answer(
    generation: &Generation,
    snapshot: &Snapshot,
    languages: &BTreeSet<Language>,
    languages_of: &Languages,
    request: &SearchRequest,
) -> Result<SearchAnswer, SearchError> {
    let started = Instant::now();
    let mut found = find(snapshot, &generation.fields, languages, request)?;
    let has_next = found.best.len() > request.first;
    found.best.truncate(request.first);
    let mut hits = Vec::with_capacity(found.best.len());
    let mut read_bytes = 0_usize;
    for candidate in &found.best {
        let (document, bytes) = read(snapshot, candidate)?;
        read_bytes = read_bytes.saturating_add(bytes);
        if read_bytes > request.read_bytes {
            return Err(SearchError::TooLarge);
        }
        let highlights =
            if request.highlights { highlights(&document, &found.marks, languages_of) } else { Vec::new() };
        let cursor = Cursor::new(request.sort, found.relaxed, candidate.key);
        hits.push(Hit { document, score: candidate.key.score, cursor, highlights });
    }
    Ok(SearchAnswer {
        hits,
        has_next,
        total: found.total,
        relaxed: found.relaxed,
        facets: found.facets,
        took: started.elapsed(),
        read_bytes,
    })
}

/// A document, and the memory that it takes where it was not in memory before: others are shared.
fn read(snapshot: &Snapshot, candidate: &Candidate) -> Result<(Arc<Document>, usize), SearchError> {
    let segment = &snapshot.segments[candidate.segment];
    let key = (segment.reader.segment_id(), candidate.doc);
    if let Some(document) = snapshot.read.get(&key) {
        return Ok((document, 0));
    }
    let stored = segment.stored(candidate.doc).map_err(failed)?;
    let document = read_stored(&stored)
        .ok_or_else(|| SearchError::Damaged("a stored document cannot be read".to_owned()))?;
    let bytes = document.memory_bytes();
    let document = Arc::new(document);
    snapshot.read.insert(key, document.clone());
    Ok((document, bytes))
}

fn highlights(document: &Document, marks: &Marks, languages: &Languages) -> Vec<Highlight> {
    let language = languages.get(&document.source).copied().unwrap_or_default();
    let author = document.author.as_ref().map(|author| author.name.as_str());
    [
        ("title", document.title.as_deref(), language),
        ("text", Some(document.text.as_str()), language),
        ("author", author, Language::None),
        ("category", document.category.as_deref(), language),
    ]
    .into_iter()
    .filter_map(|(field, text, language)| {
        let html = marks.highlight(text?, language)?;
        Some(Highlight { field, html })
    })
    .collect()
}

fn writer_options(options: &TantivyOptions) -> WriterOptions {
    WriterOptions { threads: options.threads.max(1), memory_bytes: options.memory_bytes }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SearchError> + Send + 'static,
) -> Result<T, SearchError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(SearchError::Failed(format!("the engine's thread ended: {error}"))),
    }
}
