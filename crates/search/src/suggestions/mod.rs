//! Suggestions while typing: completions from logged searches and words of the index.
//!
//! - `logged`: logged searches by prefix, the most frequent first; in memory.
//! - `hit_counts`: the number of documents that a suggestion finds.
//! - `blocklist`: words that suggestions must not contain.
//! - `worker`: rebuilds the logged searches after the log has changed.
//!
//! A logged search is suggested once enough sessions have finished it, so that no one session's words are
//! disclosed, and while documents within the filter contain all its words, which excludes misspelt and
//! outdated searches. If there are too few, words of the index complete the list.
//!
//! Deliberately not here: personal suggestions, and the words of the index, which the engine completes.

mod blocklist;
mod hit_counts;
mod logged;
mod worker;

use quarry_runtime::boxed;
use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

pub use self::worker::{SuggestionStep, SuggestionWorker};

use self::blocklist::Blocklist;
use self::hit_counts::{CountBudget, HitCounts};
use self::logged::{LoggedSearches, RankedSearch};
use super::analysis::is_unspaced;
use super::engine::{SearchEngine, SearchError};
use super::filter::DocumentFilter;
use super::indexer::IndexFollower;
use super::request::CompletionRequest;
use quarry_config::SuggestSettings;
use quarry_domain::{Timestamp, is_masked, query_key};
use quarry_store::{SearchLogMark, Store, StoreError};

/// The maximum number of suggestions per call.
pub const MAX_SUGGESTIONS: usize = 20;
/// Logged searches in memory: at most about 20 MB.
///
/// A rebuild looks up the sessions of each.
const MAX_LOGGED_SEARCHES: usize = 20_000;
/// The maximum length of a suggestion in characters.
const MAX_CHARS: usize = 100;
/// Logged searches that one answer considers; more only matter if most no longer find anything.
const MAX_CANDIDATES: usize = 1_000;
/// Hit counts that one answer may compute if none are cached.
const MAX_COUNTS: usize = 32;
/// Completions in addition to those that are missing: some are blocked, or logged searches.
const SPARE_COMPLETIONS: usize = 8;
/// The timeout of a rebuild after an erasure; after it, no logged search is suggested.
const ERASURE_TIMEOUT: Duration = Duration::from_secs(5);

/// The origin of a suggestion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SuggestionKind {
    /// A search of other sessions.
    LoggedSearch,
    /// The typed text completed by words of the index.
    IndexTerm,
}

/// A suggested search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The text to search for.
    pub text: String,
    /// The origin.
    pub kind: SuggestionKind,
    /// Searches for it within the period; 0 for words of the index.
    pub searches: i64,
    /// The number of documents that it finds.
    pub hits: u64,
}

/// The suggestions of a server. Cheap to clone.
#[derive(Clone)]
pub struct Suggestions {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    engine: Arc<dyn SearchEngine>,
    hit_counts: HitCounts,
    blocklist: Blocklist,
    settings: SuggestSettings,
    /// Serializes rebuilds, so that a later one publishes later data.
    rebuild: Mutex<()>,
    published: RwLock<Published>,
}

/// The logged searches that are suggested.
#[derive(Default)]
struct Published {
    searches: Arc<LoggedSearches>,
    /// The state of the log before it was read; `None` requires a rebuild.
    mark: Option<SearchLogMark>,
    /// The number of drops; a rebuild that began before a drop does not publish.
    drops: u64,
}

impl Suggestions {
    /// Creates suggestions of index words only, until a [`SuggestionWorker`] has read the log.
    pub fn new(
        store: Store,
        engine: Arc<dyn SearchEngine>,
        index: IndexFollower,
        settings: SuggestSettings,
    ) -> Self {
        let inner = Inner {
            hit_counts: HitCounts::new(engine.clone(), index),
            blocklist: Blocklist::new(&settings.blocklist),
            store,
            engine,
            settings,
            rebuild: Mutex::default(),
            published: RwLock::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Returns at most `first` completions of the typed text, and at most [`MAX_SUGGESTIONS`].
    ///
    /// Logged searches come first, most frequent first, regardless of case, width and white space, but white
    /// space after a word ends it; then completions by words of the index, most documents first. All find
    /// documents within the filter. An empty text returns the most frequent searches; a text of more than a
    /// hundred characters returns none.
    /// While the engine is too busy, only texts with cached hit counts are suggested; it is an error if there
    /// are none.
    #[boxed]
    pub async fn suggest(
        &self,
        prefix: &str,
        first: usize,
        filter: &DocumentFilter,
    ) -> Result<Vec<Suggestion>, SearchError> {
        let first = first.min(MAX_SUGGESTIONS);
        let key = query_key(prefix);
        let mut list = SuggestionList {
            suggestions: Vec::with_capacity(first),
            first,
            budget: CountBudget::new(MAX_COUNTS),
        };
        if key.chars().count() > MAX_CHARS {
            return Ok(list.suggestions);
        }
        let is_word = prefix.ends_with(char::is_whitespace)
            && key.chars().next_back().is_some_and(|last| !is_unspaced(last));
        self.add_logged(&key, is_word, filter, &mut list).await?;
        self.add_completions(prefix, filter, &mut list).await?;
        if list.suggestions.is_empty() && list.budget.was_rejected {
            return Err(SearchError::TooBusy);
        }
        Ok(list.suggestions)
    }

    /// Adds the logged searches that begin with the key, or, with `is_word`, with its last word.
    async fn add_logged(
        &self,
        key: &str,
        is_word: bool,
        filter: &DocumentFilter,
        list: &mut SuggestionList,
    ) -> Result<(), SearchError> {
        let searches = self.inner.published().searches.clone();
        let mut candidates = searches.beginning_with(key, is_word).take(MAX_CANDIDATES).peekable();
        while list.missing() > 0 && candidates.peek().is_some() {
            let some: Vec<&RankedSearch> = candidates.by_ref().take(list.missing()).collect();
            let texts: Vec<String> = some.iter().map(|logged| logged.text.clone()).collect();
            let hits = self.inner.hit_counts.get(&texts, filter, &mut list.budget).await?;
            for ((logged, text), hits) in some.into_iter().zip(texts).zip(hits) {
                if hits > 0 {
                    let kind = SuggestionKind::LoggedSearch;
                    list.suggestions.push(Suggestion { text, kind, searches: logged.searches, hits });
                }
            }
        }
        Ok(())
    }

    async fn add_completions(
        &self,
        prefix: &str,
        filter: &DocumentFilter,
        list: &mut SuggestionList,
    ) -> Result<(), SearchError> {
        if list.missing() == 0 || list.budget.is_used_up() {
            return Ok(());
        }
        let limit = list.first + SPARE_COMPLETIONS;
        let request = CompletionRequest { text: prefix.to_owned(), filter: filter.clone(), limit };
        let completions = list.budget.unless_busy(self.inner.engine.complete(&request).await)?;
        let mut known: HashSet<String> =
            list.suggestions.iter().map(|suggestion| query_key(&suggestion.text)).collect();
        let mut texts = completions.unwrap_or_default();
        texts.retain(|text| {
            let is_short = text.chars().count() <= MAX_CHARS;
            is_short && !self.inner.blocklist.blocks(text) && known.insert(query_key(text))
        });
        texts.truncate(list.missing());
        let hits = self.inner.hit_counts.get(&texts, filter, &mut list.budget).await?;
        for (text, hits) in texts.into_iter().zip(hits) {
            // A later snapshot of the index may not contain the words any more.
            if hits > 0 {
                let kind = SuggestionKind::IndexTerm;
                list.suggestions.push(Suggestion { text, kind, searches: 0, hits });
            }
        }
        Ok(())
    }

    /// Rebuilds after an erasure; on return, no erased search is suggested.
    ///
    /// If the store does not answer in time, no logged search is suggested until it does.
    #[boxed]
    pub async fn forget(&self, now: Timestamp) {
        // The cache contains typed texts.
        self.inner.hit_counts.clear();
        if !matches!(timeout(ERASURE_TIMEOUT, self.rebuild(now)).await, Ok(Ok(_))) {
            self.inner.drop_logged();
        }
    }

    /// Publishes the searches of the log, and returns the duration without the lock.
    async fn rebuild(&self, now: Timestamp) -> Result<Duration, StoreError> {
        let inner = &self.inner;
        let _rebuild = inner.rebuild.lock().await;
        let started = Instant::now();
        let drops = inner.published().drops;
        let since = self.since(now);
        // Read first, so that changes during the read count as changes.
        let mark = inner.store.search_log_mark(since).await?;
        let popular = inner
            .store
            .popular_searches(since, inner.settings.min_sessions, MAX_LOGGED_SEARCHES as u64)
            .await?;
        let suggested = popular.into_iter().filter(|search| {
            let is_short = search.query.chars().count() <= MAX_CHARS;
            is_short && !is_masked(&search.query) && !inner.blocklist.blocks(&search.query)
        });
        let searches = Arc::new(LoggedSearches::new(suggested));
        let mut published = inner.published.write().unwrap_or_else(PoisonError::into_inner);
        if published.drops == drops {
            *published = Published { searches, mark: Some(mark), drops };
        }
        Ok(started.elapsed())
    }

    /// Returns the start of the period.
    fn since(&self, now: Timestamp) -> Timestamp {
        let period = chrono::TimeDelta::from_std(self.inner.settings.period).ok();
        period.and_then(|period| now.checked_sub_signed(period)).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl Inner {
    fn published(&self) -> RwLockReadGuard<'_, Published> {
        self.published.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn drop_logged(&self) {
        let mut published = self.published.write().unwrap_or_else(PoisonError::into_inner);
        *published = Published { drops: published.drops + 1, ..Published::default() };
    }
}

/// The suggestions of one answer.
struct SuggestionList {
    suggestions: Vec<Suggestion>,
    first: usize,
    budget: CountBudget,
}

impl SuggestionList {
    fn missing(&self) -> usize {
        self.first - self.suggestions.len()
    }
}
