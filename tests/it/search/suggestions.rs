//! Suggestions, over a real log and a real index.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use prometheus_client::registry::Registry;
use quarry::domain::{
    DocumentDraft, DocumentKey, FinalReason, LoggedSearchId, Revision, Searcher, SessionId, SourceName,
    comparison_key,
};
use quarry::search::{
    Batch, EngineHealth, IndexStep, Indexer, SearchAnswer, SearchEngine, SearchError, SearchRequest,
    Suggestion, SuggestionKind, SuggestionOptions, SuggestionStep, SuggestionWorker, Suggestions,
};
use quarry::store::{NewSearch, Store};
use tempfile::TempDir;
use uuid::Uuid;

use super::corpus::open;
use crate::support::databases::TestDatabase;

/// A server's part of it all.
struct Setup {
    database: TestDatabase,
    store: Store,
    engine: Arc<dyn SearchEngine>,
    indexer: Indexer,
    options: SuggestionOptions,
    suggestions: Suggestions,
    worker: SuggestionWorker,
    now: DateTime<Utc>,
    _index: TempDir,
}

fn draft(key: &str, text: &str) -> DocumentDraft {
    DocumentDraft {
        source: SourceName::parse("test").unwrap(),
        key: DocumentKey::parse(key).unwrap(),
        title: None,
        text: text.to_owned(),
        category: None,
        author: None,
        published_at: None,
        attributes: serde_json::Map::new(),
    }
}

impl Setup {
    async fn new(blocklist: &[&str]) -> Self {
        let (database, index) = (TestDatabase::sqlite(), TempDir::new().unwrap());
        let store = database.store().await;
        let engine: Arc<dyn SearchEngine> = Arc::new(open(index.path()));
        let indexer = Indexer::new(store.clone(), engine.clone());
        let blocklist = blocklist.iter().map(|&entry| entry.to_owned()).collect();
        let options = SuggestionOptions { blocklist, ..SuggestionOptions::default() };
        let suggestions = Suggestions::new(store.clone(), engine.clone(), indexer.follow(), options.clone());
        let worker = SuggestionWorker::new(suggestions.clone());
        let now = Utc::now();
        Self { database, store, engine, indexer, options, suggestions, worker, now, _index: index }
    }

    async fn index(&mut self, documents: &[(&str, &str)]) {
        let drafts: Vec<DocumentDraft> = documents.iter().map(|(key, text)| draft(key, text)).collect();
        self.store.upsert_documents(&drafts).await.unwrap();
        self.catch_up().await;
    }

    async fn remove(&mut self, key: &str) {
        self.store.delete_documents(&[draft(key, "").id()]).await.unwrap();
        self.catch_up().await;
    }

    async fn catch_up(&mut self) {
        while self.indexer.step().await.unwrap() == IndexStep::Progressed {}
    }

    /// Each session searches for the text once, later than for any before.
    async fn log(&mut self, sessions: &[&str], query: &str) {
        self.now += TimeDelta::microseconds(1);
        let searches: Vec<NewSearch> = sessions.iter().map(|of| search(of, query, self.now)).collect();
        self.store.log_searches(&searches).await.unwrap();
    }

    async fn erase(&self, of: &str) {
        let searcher = Searcher::Session(SessionId::parse(of).unwrap());
        assert!(self.store.erase_searches(&searcher, self.now).await.unwrap() > 0);
    }

    /// A step after every pause is over.
    async fn step(&mut self) -> SuggestionStep {
        self.now += TimeDelta::minutes(30);
        self.worker.step(self.now).await.unwrap()
    }

    async fn suggest(&self, prefix: &str) -> Vec<Suggestion> {
        self.suggestions.suggest(prefix, 8).await.unwrap()
    }

    async fn texts(&self, prefix: &str) -> Vec<String> {
        self.suggest(prefix).await.into_iter().map(|suggestion| suggestion.text).collect()
    }
}

fn search(of: &str, query: &str, at: DateTime<Utc>) -> NewSearch {
    NewSearch {
        id: LoggedSearchId(Uuid::new_v4()),
        session: SessionId::parse(of).unwrap(),
        user: None,
        query: query.to_owned(),
        query_key: comparison_key(query),
        truncated: false,
        keystrokes: 5,
        result_count: None,
        reason: FinalReason::Idle,
        started_at: at - TimeDelta::seconds(3),
        last_keystroke_at: at,
    }
}

#[tokio::test]
async fn what_enough_sessions_searched_for_is_suggested_most_searched_first() {
    let mut setup = Setup::new(&[]).await;
    setup.index(&[("1", "red shoes in London"), ("2", "red apple"), ("3", "reddish apple")]).await;
    setup.log(&["a", "b", "c"], "red shoes").await;
    setup.log(&["a", "b"], "Red Apple").await;
    setup.log(&["c", "d"], "red  APPLE").await;
    setup.log(&["a", "b"], "reddish").await;
    assert_eq!(setup.step().await, SuggestionStep::Rebuilt(2));
    let logged = |text: &str, searches, hits| Suggestion {
        text: text.to_owned(),
        kind: SuggestionKind::LoggedSearch,
        searches,
        hits,
    };
    let apple = logged("red  APPLE", 4, 1);
    let shoes = logged("red shoes", 3, 1);
    for prefix in ["", " ", "RED\u{3000}", "ｒｅ", "re d"] {
        let found = setup.suggest(prefix).await;
        assert_eq!(found[..2], [apple.clone(), shoes.clone()], "{prefix:?}");
    }
    assert_eq!(setup.suggest("").await.len(), 2, "no words of nothing");
    assert_eq!(setup.suggest("redsh").await, std::slice::from_ref(&shoes));
    assert_eq!(setup.suggestions.suggest("", 1).await.unwrap(), [apple]);
    assert_eq!(setup.suggestions.suggest("red", 0).await.unwrap(), []);
    for suggestion in setup.suggest("re").await {
        let found = setup.engine.search(&SearchRequest::new(&suggestion.text, 1)).await.unwrap();
        assert_eq!(found.total, suggestion.hits, "{suggestion:?}");
    }
}

#[tokio::test]
async fn hits_are_those_of_the_index_as_it_is() {
    let mut setup = Setup::new(&[]).await;
    for query in ["green tea", "gren tea", "green"] {
        setup.log(&["a", "b", "c"], query).await;
    }
    setup.step().await;
    assert_eq!(setup.suggest("g").await, []);
    setup.index(&[("1", "green tea"), ("2", "green house")]).await;
    let hits = async |setup: &Setup| -> Vec<(String, u64)> {
        setup.suggest("g").await.into_iter().map(|found| (found.text, found.hits)).collect()
    };
    let expected = |of: &[(&str, u64)]| -> Vec<(String, u64)> {
        of.iter().map(|&(text, hits)| (text.to_owned(), hits)).collect()
    };
    assert_eq!(hits(&setup).await, expected(&[("green", 2), ("green tea", 1)]), "not what is misspelt");
    setup.remove("1").await;
    assert_eq!(hits(&setup).await, expected(&[("green", 1)]));
    setup.index(&[("3", "tea, green")]).await;
    assert_eq!(hits(&setup).await, expected(&[("green", 2), ("green tea", 1)]));
}

#[tokio::test]
async fn words_of_the_index_fill_up() {
    let mut setup = Setup::new(&[]).await;
    setup
        .index(&[("1", "red shoes"), ("2", "shopping for shoes"), ("3", "a red shop"), ("4", "shows")])
        .await;
    setup.log(&["a", "b", "c"], "shopping").await;
    setup.step().await;
    let found = setup.suggest("sho").await;
    let of_index = |text: &str, hits| Suggestion {
        text: text.to_owned(),
        kind: SuggestionKind::IndexTerm,
        searches: 0,
        hits,
    };
    assert_eq!(found[0].kind, SuggestionKind::LoggedSearch);
    assert_eq!(found[1..], [of_index("shoes", 2), of_index("shop", 2), of_index("shows", 1)]);
    // The stem of shopping is in the third.
    let expected = ["Red shoes", "Red shop", "Red shopping"].map(|text| of_index(text, 1));
    assert_eq!(setup.suggest("Red  sho").await, expected, "together they must be found");
    for nothing in ["sho ", "red -sho", "\"sho\"", "sho!"] {
        assert!(
            setup.suggest(nothing).await.iter().all(|found| found.kind == SuggestionKind::LoggedSearch),
            "{nothing}"
        );
    }
    assert_eq!(setup.suggestions.suggest("sho", 2).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_blocked_is_never_suggested() {
    let mut setup = Setup::new(&["bad", "New York"]).await;
    setup.index(&[("1", "a bad badge from New York, newly")]).await;
    for query in ["bad", "BAD badge", "badge", "to new york"] {
        setup.log(&["a", "b", "c"], query).await;
    }
    setup.step().await;
    assert_eq!(setup.texts("").await, ["badge"]);
    assert_eq!(setup.texts("ba").await, ["badge"]);
    assert_eq!(setup.texts("new yo").await, [""; 0]);
    assert_eq!(setup.texts("new").await, ["new", "newly"]);
}

#[tokio::test]
async fn what_was_erased_is_suggested_no_more() {
    let mut setup = Setup::new(&[]).await;
    setup.index(&[("1", "my secret plan")]).await;
    setup.log(&["a", "b", "c"], "secret").await;
    setup.log(&["b", "c", "d"], "plan").await;
    setup.step().await;
    let elsewhere = Suggestions::new(
        setup.database.connect().await,
        setup.engine.clone(),
        setup.indexer.follow(),
        setup.options.clone(),
    );
    let mut worker_elsewhere = SuggestionWorker::new(elsewhere.clone());
    assert_eq!(worker_elsewhere.step(setup.now).await.unwrap(), SuggestionStep::Rebuilt(2));
    let logged = async |suggestions: &Suggestions| -> Vec<String> {
        suggestions.suggest("", 8).await.unwrap().into_iter().map(|found| found.text).collect()
    };

    setup.erase("a").await;
    setup.suggestions.forget(setup.now).await;
    assert_eq!(logged(&setup.suggestions).await, ["plan"]);
    // However short the time since it last read the log.
    assert_eq!(worker_elsewhere.step(setup.now).await.unwrap(), SuggestionStep::Rebuilt(1));
    assert_eq!(logged(&elsewhere).await, ["plan"]);

    // Without a database, nothing is better than what may have been erased.
    setup.erase("d").await;
    setup.store.clone().close().await.unwrap();
    setup.suggestions.forget(setup.now).await;
    assert_eq!(logged(&setup.suggestions).await, [""; 0]);
    assert!(setup.worker.step(setup.now).await.is_err());
    assert_eq!(setup.texts("sec").await, ["secret"], "words of the index are there");
}

#[tokio::test]
async fn the_log_is_read_when_it_has_changed_and_not_all_the_time() {
    let mut setup = Setup::new(&[]).await;
    setup.index(&[("1", "tea"), ("2", "coffee")]).await;
    assert_eq!(setup.step().await, SuggestionStep::Rebuilt(0));
    assert_eq!(setup.step().await, SuggestionStep::Rested);
    setup.log(&["a", "b", "c"], "tea").await;
    assert_eq!(setup.step().await, SuggestionStep::Rebuilt(1));
    setup.log(&["a", "b", "c"], "coffee").await;
    // It was read just now.
    assert_eq!(setup.worker.step(setup.now).await.unwrap(), SuggestionStep::Rested);
    assert_eq!(setup.texts("").await, ["tea"]);
    assert_eq!(setup.step().await, SuggestionStep::Rebuilt(2));
    assert_eq!(setup.texts("").await, ["coffee", "tea"]);
    setup.now += TimeDelta::from_std(setup.options.period).unwrap() + TimeDelta::hours(2);
    assert_eq!(setup.step().await, SuggestionStep::Rebuilt(0));
    assert_eq!(setup.texts("").await, [""; 0]);
}

#[tokio::test]
async fn a_period_that_is_longer_than_time_reaches_back_to_its_beginning() {
    let mut setup = Setup::new(&[]).await;
    let options = SuggestionOptions { period: Duration::MAX, ..setup.options.clone() };
    let suggestions =
        Suggestions::new(setup.store.clone(), setup.engine.clone(), setup.indexer.follow(), options);
    setup.log(&["a", "b", "c"], "tea").await;
    let step = SuggestionWorker::new(suggestions).step(setup.now).await.unwrap();
    assert_eq!(step, SuggestionStep::Rebuilt(1));
}

#[tokio::test]
async fn nothing_that_is_typed_is_an_error() {
    let mut setup = Setup::new(&["bad"]).await;
    setup.index(&[("1", "İstanbul Straße 東京タワー שָׁלוֹם party 🎉 27 a_b"), ("2", "*:/\\(){}")]).await;
    setup.log(&["a", "b", "c"], "Straße").await;
    setup.step().await;
    let long = "x".repeat(1 << 20);
    let many = "a b ".repeat(20);
    for text in [
        "",
        " ",
        "\"",
        "\"\"",
        "-",
        "--x",
        "*",
        "\\",
        "(",
        "a:b",
        "AND",
        "\0",
        "\u{1}",
        "\u{2}s",
        "\u{10ffff}",
        "İ",
        "🎉",
        "👨‍👩‍👧",
        "e\u{301}",
        "שָׁ",
        "\u{202e}",
        "東京タ",
        "27\"",
        "%",
        "_",
        "a_",
        &long,
        &many,
    ] {
        let found = setup.suggestions.suggest(text, usize::MAX).await.unwrap();
        assert!(found.len() <= 20, "{text:?}");
    }
    assert_eq!(setup.texts("STRAS").await, ["Straße"]);
    assert_eq!(setup.texts("東京タ").await, ["東京タワー"]);
}

/// An engine that has too much to do when the test says so.
struct Busy {
    engine: Arc<dyn SearchEngine>,
    is_busy: AtomicBool,
}

impl Busy {
    fn free(&self) -> Result<&dyn SearchEngine, SearchError> {
        if self.is_busy.load(Ordering::SeqCst) { Err(SearchError::TooBusy) } else { Ok(&*self.engine) }
    }
}

#[async_trait]
impl SearchEngine for Busy {
    async fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError> {
        self.free()?.search(request).await
    }
    async fn apply(&self, batch: Batch) -> Result<Revision, SearchError> {
        self.engine.apply(batch).await
    }
    async fn applied_through(&self) -> Result<Option<(Uuid, Revision)>, SearchError> {
        self.engine.applied_through().await
    }
    async fn reset(&self) -> Result<(), SearchError> {
        self.engine.reset().await
    }
    async fn complete(&self, beginning: &str, most: usize) -> Result<Vec<String>, SearchError> {
        self.free()?.complete(beginning, most).await
    }
    async fn health(&self) -> Result<EngineHealth, SearchError> {
        self.engine.health().await
    }
    fn register_metrics(&self, registry: &mut Registry) {
        self.engine.register_metrics(registry);
    }
}

#[tokio::test]
async fn an_engine_that_is_too_busy_leaves_what_is_known() {
    let mut setup = Setup::new(&[]).await;
    setup.index(&[("1", "green tea"), ("2", "grapes")]).await;
    setup.log(&["a", "b", "c"], "green").await;
    setup.log(&["a", "b", "c"], "grapes").await;
    let engine = Arc::new(Busy { engine: setup.engine.clone(), is_busy: AtomicBool::new(false) });
    let suggestions =
        Suggestions::new(setup.store.clone(), engine.clone(), setup.indexer.follow(), setup.options.clone());
    SuggestionWorker::new(suggestions.clone()).step(setup.now).await.unwrap();
    let texts = async |prefix: &str| {
        let found = suggestions.suggest(prefix, 8).await;
        found.map(|found| found.into_iter().map(|found| found.text).collect::<Vec<_>>())
    };
    assert_eq!(texts("gree").await.unwrap(), ["green"]);
    engine.is_busy.store(true, Ordering::SeqCst);
    assert_eq!(texts("gr").await.unwrap(), ["green"], "what is not known is left out");
    assert!(matches!(texts("gra").await, Err(SearchError::TooBusy)), "nothing is known of these");
    engine.is_busy.store(false, Ordering::SeqCst);
    assert_eq!(texts("gr").await.unwrap(), ["grapes", "green"], "and asked for later");
}
