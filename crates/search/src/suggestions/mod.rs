//! What to offer somebody who is typing: what others searched for, and words of the index.
//!
//! - `logged`: logged searches by their beginning, the most frequent first; in memory.
//! - `terms`: what the word that is being typed may become, by the index.
//! - `hits`: how many documents a suggestion finds now.
//! - `blocklist`: what no suggestion may hold.
//! - `worker`: makes the logged searches anew after the log has changed.
//!
//! A logged search is suggested once enough sessions have finished it, so nobody's own words are
//! shown to others, and as long as documents hold all of its words: misspelt searches and those
//! for what is gone are left out. Where the log has too little, words of the index fill up.
//!
//! Deliberately not here: personal suggestions, and typing errors in what was typed so far.

mod blocklist;
mod hits;
mod logged;
mod terms;
mod worker;

use quarry_runtime::boxed;
use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

pub use self::worker::{SuggestionStep, SuggestionWorker};

use self::blocklist::Blocklist;
use self::hits::{Allowance, Hits};
use self::logged::LoggedSearches;
use super::engine::{SearchEngine, SearchError};
use super::indexer::IndexFollower;
use quarry_config::{Settings, SuggestSettings};
use quarry_domain::{Timestamp, comparison_key};
use quarry_store::{SearchLogMark, Store, StoreError};

/// The most suggestions that one call returns.
pub const MOST_SUGGESTIONS: usize = 20;
/// Logged searches that are kept in memory: some 20 MB at their longest. What a rebuild costs
/// grows with it, since each of them has its sessions looked for.
const KEPT_SEARCHES: usize = 20_000;
/// A longer text is nothing to choose from a list, in characters.
const LONGEST: usize = 100;
/// Candidates that are looked at for one answer: more only where most find nothing any more.
const CANDIDATES: usize = 1_000;
/// Searches that one answer may cost, where nothing is known of any candidate.
const SEARCHES: usize = 64;
/// Words that the last one may become, of which some are found together with those before it.
const COMPLETIONS: usize = 32;
/// How long an erasure waits for the suggestions to be made anew; without them it goes on.
const FORGET_PATIENCE: Duration = Duration::from_secs(5);

/// What is suggested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuggestionOptions {
    /// Sessions that must have finished a search before it is suggested to others.
    pub min_sessions: u32,
    /// How far back logged searches count.
    pub period: Duration,
    /// Words and phrases that no suggestion may hold.
    pub blocklist: Vec<String>,
}

impl SuggestionOptions {
    /// The options that the settings describe.
    pub fn of(settings: &SuggestSettings) -> Self {
        let SuggestSettings { min_sessions, period, blocklist } = settings.clone();
        Self { min_sessions, period, blocklist }
    }
}

impl Default for SuggestionOptions {
    fn default() -> Self {
        Self::of(&Settings::default().suggest)
    }
}

/// Where a suggestion comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SuggestionKind {
    /// Others searched for it.
    LoggedSearch,
    /// The word that is being typed was completed to one of the index.
    IndexTerm,
}

/// A text to search for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The text.
    pub text: String,
    /// Where it comes from.
    pub kind: SuggestionKind,
    /// How often it was searched for in the period; 0 for words of the index.
    pub searches: i64,
    /// Documents that a search for it finds now.
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
    hits: Hits,
    blocklist: Blocklist,
    options: SuggestionOptions,
    /// Held while the log is read: what is shown was read after what was shown before.
    building: Mutex<()>,
    shown: RwLock<Shown>,
}

/// What is suggested from the log.
#[derive(Default)]
struct Shown {
    searches: Arc<LoggedSearches>,
    /// How the log stood before it was read; `None` if it has to be read in any case.
    mark: Option<SearchLogMark>,
    /// Counts how often everything was dropped: what was read before is not shown after.
    dropped: u64,
}

impl Suggestions {
    /// Suggestions of words only, until a [`SuggestionWorker`] has read the log.
    pub fn new(
        store: Store,
        engine: Arc<dyn SearchEngine>,
        index: IndexFollower,
        options: SuggestionOptions,
    ) -> Self {
        let inner = Inner {
            hits: Hits::new(engine.clone(), index),
            blocklist: Blocklist::new(&options.blocklist),
            store,
            engine,
            options,
            building: Mutex::default(),
            shown: RwLock::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// At most `first` texts that begin with what was typed, and at most [`MOST_SUGGESTIONS`]:
    /// logged searches, most searched first, whatever their case, width and white space; then what
    /// the last word may become, most documents first. Of nothing typed, what is searched
    /// for most; of more than a hundred characters, nothing. While the engine is too busy, only those
    /// whose documents are known; that it is too busy is an error only where there are none.
    #[boxed]
    pub async fn suggest(&self, prefix: &str, first: usize) -> Result<Vec<Suggestion>, SearchError> {
        let first = first.min(MOST_SUGGESTIONS);
        let key = comparison_key(prefix);
        let mut found =
            Found { suggestions: Vec::with_capacity(first), first, allowance: Allowance::of(SEARCHES) };
        if key.chars().count() > LONGEST {
            return Ok(found.suggestions);
        }
        self.add_logged(&key, &mut found).await?;
        self.add_terms(prefix, &mut found).await?;
        if found.suggestions.is_empty() && found.allowance.was_refused {
            return Err(SearchError::TooBusy);
        }
        Ok(found.suggestions)
    }

    async fn add_logged(&self, key: &str, found: &mut Found) -> Result<(), SearchError> {
        let searches = self.inner.shown.read().unwrap_or_else(PoisonError::into_inner).searches.clone();
        for logged in searches.beginning_with(key).take(CANDIDATES) {
            if found.is_complete() {
                break;
            }
            if let Some(hits) = self.inner.hits.of(&logged.text, &mut found.allowance).await? {
                found.suggestions.push(Suggestion {
                    text: logged.text.clone(),
                    kind: SuggestionKind::LoggedSearch,
                    searches: logged.searches,
                    hits,
                });
            }
        }
        Ok(())
    }

    async fn add_terms(&self, prefix: &str, found: &mut Found) -> Result<(), SearchError> {
        if found.is_complete() {
            return Ok(());
        }
        let Some(open) = terms::open_word(prefix) else { return Ok(()) };
        // With words before it that nothing has, no last word will do.
        if !open.before.trim().is_empty()
            && self.inner.hits.of(&open.before, &mut found.allowance).await?.is_none()
        {
            return Ok(());
        }
        let mut known: HashSet<String> =
            found.suggestions.iter().map(|suggestion| comparison_key(&suggestion.text)).collect();
        if found.allowance.was_refused {
            return Ok(());
        }
        let completions = self.inner.engine.complete(&open.word, COMPLETIONS).await;
        for completion in found.allowance.unless_busy(completions)?.unwrap_or_default() {
            if found.is_complete() {
                break;
            }
            let text = open.completed_to(&completion);
            if self.inner.blocklist.blocks(&text) || !known.insert(comparison_key(&text)) {
                continue;
            }
            if let Some(hits) = self.inner.hits.of(&text, &mut found.allowance).await? {
                let kind = SuggestionKind::IndexTerm;
                found.suggestions.push(Suggestion { text, kind, searches: 0, hits });
            }
        }
        Ok(())
    }

    /// To be called when searches were erased: returns when they are suggested no more. They are
    /// read anew; if the store does not answer in time, nothing of the log is suggested until it
    /// does.
    #[boxed]
    pub async fn forget(&self, now: Timestamp) {
        // Texts that were typed are in there, too.
        self.inner.hits.clear();
        if !matches!(timeout(FORGET_PATIENCE, self.rebuild(now)).await, Ok(Ok(_))) {
            self.inner.drop_logged();
        }
    }

    /// Reads the log and shows what it says now; returns how long that took, its turn not counted.
    async fn rebuild(&self, now: Timestamp) -> Result<Duration, StoreError> {
        let inner = &self.inner;
        let _turn = inner.building.lock().await;
        let started = Instant::now();
        let dropped = inner.shown.read().unwrap_or_else(PoisonError::into_inner).dropped;
        let since = self.since(now);
        // First, so that whatever changes while the log is read is a change.
        let mark = inner.store.search_log_mark(since).await?;
        let popular =
            inner.store.popular_searches(since, inner.options.min_sessions, KEPT_SEARCHES as u64).await?;
        let suggested = popular.into_iter().filter(|search| {
            let is_short = search.query.chars().count() <= LONGEST;
            is_short && !inner.blocklist.blocks(&search.query)
        });
        let searches = Arc::new(LoggedSearches::new(suggested));
        let mut shown = inner.shown.write().unwrap_or_else(PoisonError::into_inner);
        if shown.dropped == dropped {
            *shown = Shown { searches, mark: Some(mark), dropped };
        }
        Ok(started.elapsed())
    }

    /// Since when logged searches count.
    fn since(&self, now: Timestamp) -> Timestamp {
        let period = chrono::TimeDelta::from_std(self.inner.options.period).ok();
        period.and_then(|period| now.checked_sub_signed(period)).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl Inner {
    fn drop_logged(&self) {
        let mut shown = self.shown.write().unwrap_or_else(PoisonError::into_inner);
        *shown = Shown { dropped: shown.dropped + 1, ..Shown::default() };
    }

    /// How many logged searches there are to choose from.
    fn logged(&self) -> usize {
        self.shown.read().unwrap_or_else(PoisonError::into_inner).searches.len()
    }

    fn mark(&self) -> Option<SearchLogMark> {
        self.shown.read().unwrap_or_else(PoisonError::into_inner).mark.clone()
    }
}

/// An answer in the making.
struct Found {
    suggestions: Vec<Suggestion>,
    first: usize,
    allowance: Allowance,
}

impl Found {
    fn is_complete(&self) -> bool {
        self.suggestions.len() >= self.first
    }
}
