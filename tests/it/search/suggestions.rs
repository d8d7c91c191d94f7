//! Suggestions from a real log and a real index.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use quarry::config::{Settings, SuggestSettings};
use quarry::domain::{DocumentDraft, FinalReason, LoggedSearchId, Searcher, SessionId, query_key};
use quarry::search::{
    DocumentFilter, IndexStep, Indexer, SearchEngine, SearchError, SearchRequest, Suggestion, SuggestionKind,
    SuggestionStep, SuggestionWorker, Suggestions,
};
use quarry::store::{NewSearch, Store};
use tempfile::TempDir;

use super::busy_engine::BusyEngine;
use super::corpus::{draft, open};
use crate::support::databases::TestDatabase;

/// The parts of a server that suggestions need.
struct Setup {
    database: TestDatabase,
    store: Store,
    engine: Arc<dyn SearchEngine>,
    indexer: Indexer,
    settings: SuggestSettings,
    suggestions: Suggestions,
    worker: SuggestionWorker,
    now: DateTime<Utc>,
    _index: TempDir,
}

impl Setup {
    async fn new(blocklist: &[&str]) -> Self {
        let (database, index) = (TestDatabase::sqlite(), TempDir::new().unwrap());
        let store = database.store().await;
        let engine: Arc<dyn SearchEngine> = Arc::new(open(index.path()));
        let indexer = Indexer::new(store.clone(), engine.clone());
        let blocklist = blocklist.iter().map(|&entry| entry.to_owned()).collect();
        let settings = SuggestSettings { blocklist, ..Settings::default().suggest };
        let suggestions = Suggestions::new(store.clone(), engine.clone(), indexer.follow(), settings.clone());
        let worker = SuggestionWorker::new(suggestions.clone());
        let now = Utc::now();
        Self { database, store, engine, indexer, settings, suggestions, worker, now, _index: index }
    }

    async fn index(&mut self, documents: &[(&str, &str)]) {
        let drafts: Vec<DocumentDraft> =
            documents.iter().map(|(key, text)| draft("test", key, text)).collect();
        self.store.upsert_documents(&drafts).await.unwrap();
        self.catch_up().await;
    }

    async fn remove(&mut self, key: &str) {
        self.store.delete_documents(&[draft("test", key, "").id()]).await.unwrap();
        self.catch_up().await;
    }

    async fn catch_up(&mut self) {
        while self.indexer.step().await.unwrap() == IndexStep::Progressed {}
    }

    /// Logs one search of each session, later than all before.
    async fn log(&mut self, sessions: &[&str], query: &str) {
        self.now += TimeDelta::microseconds(1);
        let searches: Vec<NewSearch> = sessions.iter().map(|of| search(of, query, self.now)).collect();
        self.store.log_searches(&searches).await.unwrap();
    }

    async fn erase(&self, of: &str) {
        let searcher = Searcher::Session(SessionId::parse(of).unwrap());
        assert!(self.store.erase_searches(&searcher, self.now).await.unwrap() > 0);
    }

    /// Runs a step after the end of any pause.
    async fn step(&mut self) -> SuggestionStep {
        self.now += TimeDelta::minutes(30);
        self.worker.step(self.now).await.unwrap()
    }

    async fn suggest(&self, prefix: &str) -> Vec<Suggestion> {
        self.suggest_within(prefix, &DocumentFilter::default()).await
    }

    async fn suggest_within(&self, prefix: &str, filter: &DocumentFilter) -> Vec<Suggestion> {
        self.suggestions.suggest(prefix, 8, filter).await.unwrap()
    }

    async fn texts(&self, prefix: &str) -> Vec<String> {
        self.suggest(prefix).await.into_iter().map(|suggestion| suggestion.text).collect()
    }
}

fn search(of: &str, query: &str, at: DateTime<Utc>) -> NewSearch {
    NewSearch {
        id: LoggedSearchId(uuid::Uuid::new_v4()),
        revision: 1,
        session: SessionId::parse(of).unwrap(),
        user: None,
        query: query.to_owned(),
        query_key: query_key(query),
        truncated: false,
        keystrokes: 5,
        result_count: None,
        tier: None,
        context: Default::default(),
        reason: FinalReason::Idle,
        started_at: at - TimeDelta::seconds(3),
        last_keystroke_at: at,
    }
}

#[tokio::test]
async fn searches_of_enough_sessions_are_suggested_most_frequent_first() {
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
    assert_eq!(setup.suggest("").await.len(), 2, "an empty text has no completions");
    assert_eq!(setup.suggest("redsh").await, std::slice::from_ref(&shoes));
    assert_eq!(setup.suggestions.suggest("", 1, &DocumentFilter::default()).await.unwrap(), [apple]);
    assert_eq!(setup.suggestions.suggest("red", 0, &DocumentFilter::default()).await.unwrap(), []);
    for suggestion in setup.suggest("re").await {
        let exact = SearchRequest {
            typo_tolerance: false,
            relaxes: false,
            ..SearchRequest::new(&suggestion.text, 1)
        };
        let found = setup.engine.search(&exact).await.unwrap();
        assert_eq!(found.total, suggestion.hits, "{suggestion:?}");
    }
}

#[tokio::test]
async fn white_space_ends_a_word() {
    let mut setup = Setup::new(&[]).await;
    setup.index(&[("1", "red shoes, reddish"), ("2", "redo Wi-Fi"), ("3", "東京タワー")]).await;
    for query in ["red shoes", "reddish", "redo Wi-Fi", "red", "東京タワー"] {
        setup.log(&["a", "b", "c"], query).await;
    }
    setup.step().await;
    for (prefix, expected) in [
        ("red", &["red", "red shoes", "reddish", "redo Wi-Fi"][..]),
        ("red ", &["red", "red shoes"]),
        ("Re d\u{a0}", &["red", "red shoes"]),
        ("redo ", &["redo Wi-Fi"]),
        ("redo wi ", &[]),
        ("東京 ", &["東京タワー"]),
    ] {
        let found = setup.suggest(prefix).await.into_iter();
        let mut found: Vec<String> = found
            .filter(|found| found.kind == SuggestionKind::LoggedSearch)
            .map(|found| found.text)
            .collect();
        found.sort();
        assert_eq!(found, expected, "{prefix:?}");
    }
}

#[tokio::test]
async fn hit_counts_follow_the_index() {
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
    assert_eq!(hits(&setup).await, expected(&[("green", 2), ("green tea", 1)]), "without misspelt searches");
    setup.remove("1").await;
    assert_eq!(hits(&setup).await, expected(&[("green", 1)]));
    setup.index(&[("3", "tea, green")]).await;
    assert_eq!(hits(&setup).await, expected(&[("green", 2), ("green tea", 1)]));
}

#[tokio::test]
async fn words_of_the_index_complete_the_list() {
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
    let expected = ["Red shoes", "Red shop"].map(|text| of_index(text, 1));
    assert_eq!(setup.suggest("Red  sho").await, expected, "a document contains both words");
    for nothing in ["sho ", "red -sho", "\"sho\"", "sho!"] {
        assert!(
            setup.suggest(nothing).await.iter().all(|found| found.kind == SuggestionKind::LoggedSearch),
            "{nothing}"
        );
    }
    assert_eq!(setup.suggestions.suggest("sho", 2, &DocumentFilter::default()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn only_documents_within_the_filter_count() {
    let mut setup = Setup::new(&[]).await;
    let drafts = [
        draft("blue", "1", "merger with Acme"),
        draft("blue", "2", "a merger"),
        draft("green", "3", "Merger of rivers; mergansers"),
    ];
    setup.store.upsert_documents(&drafts).await.unwrap();
    setup.catch_up().await;
    for query in ["merger", "merger with acme", "rivers"] {
        setup.log(&["a", "b", "c"], query).await;
    }
    setup.step().await;
    let of = |name: &str| DocumentFilter { source: vec![name.to_owned()], ..Default::default() };
    for _ in 0..2 {
        let hits = async |prefix: &str, filter: DocumentFilter| -> Vec<(String, u64)> {
            let found = setup.suggest_within(prefix, &filter).await;
            found.into_iter().map(|found| (found.text, found.hits)).collect()
        };
        let expected =
            |of: &[(&str, u64)]| of.iter().map(|&(text, hits)| (text.to_owned(), hits)).collect::<Vec<_>>();
        assert_eq!(hits("mer", of("blue")).await, expected(&[("merger", 2), ("merger with acme", 1)]));
        assert_eq!(hits("mer", of("green")).await, expected(&[("merger", 1), ("mergansers", 1)]));
        assert_eq!(hits("merger ", of("green")).await, expected(&[("merger", 1), ("Merger of rivers", 1)]));
        assert_eq!(hits("", of("green")).await, expected(&[("merger", 1), ("rivers", 1)]));
        assert_eq!(hits("acm", of("green")).await, expected(&[]));
        assert_eq!(hits("mer", DocumentFilter::default()).await[0], ("merger".to_owned(), 3));
    }
}

#[tokio::test]
async fn typos_and_blocked_words_in_completions() {
    let mut setup = Setup::new(&["Acme"]).await;
    setup.index(&[("1", "Müller Café"), ("2", "Müller Acme"), ("3", "restaurant in London")]).await;
    setup.step().await;
    assert_eq!(setup.texts("mü").await, ["Müller"]);
    assert_eq!(setup.texts("müller ").await, ["Müller Café"]);
    assert_eq!(setup.texts("londin").await, ["London"]);
    assert_eq!(setup.texts("londin restuar").await, ["London restaurant"]);
}

#[tokio::test]
async fn blocked_texts_are_never_suggested() {
    let mut setup = Setup::new(&["bad", "New York"]).await;
    setup.index(&[("1", "a bad badge from New York, newly")]).await;
    for query in ["bad", "BAD badge", "badge", "to new york"] {
        setup.log(&["a", "b", "c"], query).await;
    }
    setup.step().await;
    assert_eq!(setup.texts("").await, ["badge"]);
    assert_eq!(setup.texts("ba").await, ["badge"]);
    assert_eq!(setup.texts("new yo").await, [""; 0]);
    assert_eq!(setup.texts("new").await, ["New", "newly"]);
}

#[tokio::test]
async fn masked_searches_are_not_suggested() {
    let mut setup = Setup::new(&[]).await;
    setup.index(&[("1", "pay by card, or write an email to the phone shop")]).await;
    for query in ["[phone]", "pay [card]", "pay by card", "write [email]", "email"] {
        setup.log(&["a", "b", "c"], query).await;
    }
    setup.step().await;
    assert_eq!(setup.texts("").await, ["email", "pay by card"]);
    assert!(setup.texts("pay").await.iter().all(|text| !text.contains('[')));
}

#[tokio::test]
async fn erased_searches_are_not_suggested() {
    let mut setup = Setup::new(&[]).await;
    setup.index(&[("1", "my secret plan")]).await;
    setup.log(&["a", "b", "c"], "secret").await;
    setup.log(&["b", "c", "d"], "plan").await;
    setup.step().await;
    let other = Suggestions::new(
        setup.database.connect().await,
        setup.engine.clone(),
        setup.indexer.follow(),
        setup.settings.clone(),
    );
    let mut other_worker = SuggestionWorker::new(other.clone());
    assert_eq!(other_worker.step(setup.now).await.unwrap(), SuggestionStep::Rebuilt(2));
    let logged = async |suggestions: &Suggestions| -> Vec<String> {
        suggestions
            .suggest("", 8, &DocumentFilter::default())
            .await
            .unwrap()
            .into_iter()
            .map(|found| found.text)
            .collect()
    };

    setup.erase("a").await;
    setup.suggestions.forget(setup.now).await;
    assert_eq!(logged(&setup.suggestions).await, ["plan"]);
    // An erasure ends the pause.
    assert_eq!(other_worker.step(setup.now).await.unwrap(), SuggestionStep::Rebuilt(1));
    assert_eq!(logged(&other).await, ["plan"]);

    // Without a database, no searches are suggested, since they may be erased.
    setup.erase("d").await;
    setup.store.clone().close().await.unwrap();
    setup.suggestions.forget(setup.now).await;
    assert_eq!(logged(&setup.suggestions).await, [""; 0]);
    assert!(setup.worker.step(setup.now).await.is_err());
    assert_eq!(setup.texts("sec").await, ["secret"], "words of the index remain");
}

#[tokio::test]
async fn the_log_is_read_after_changes_and_pauses() {
    let mut setup = Setup::new(&[]).await;
    setup.index(&[("1", "tea"), ("2", "coffee")]).await;
    assert_eq!(setup.step().await, SuggestionStep::Rebuilt(0));
    assert_eq!(setup.step().await, SuggestionStep::Idle);
    setup.log(&["a", "b", "c"], "tea").await;
    assert_eq!(setup.step().await, SuggestionStep::Rebuilt(1));
    setup.log(&["a", "b", "c"], "coffee").await;
    // The worker pauses after a rebuild.
    assert_eq!(setup.worker.step(setup.now).await.unwrap(), SuggestionStep::Idle);
    assert_eq!(setup.texts("").await, ["tea"]);
    assert_eq!(setup.step().await, SuggestionStep::Rebuilt(2));
    assert_eq!(setup.texts("").await, ["coffee", "tea"]);
    setup.now += TimeDelta::from_std(setup.settings.period).unwrap() + TimeDelta::hours(2);
    assert_eq!(setup.step().await, SuggestionStep::Rebuilt(0));
    assert_eq!(setup.texts("").await, [""; 0]);
}

#[tokio::test]
async fn a_period_longer_than_time_has_no_start() {
    let mut setup = Setup::new(&[]).await;
    let settings = SuggestSettings { period: Duration::MAX, ..setup.settings.clone() };
    let suggestions =
        Suggestions::new(setup.store.clone(), setup.engine.clone(), setup.indexer.follow(), settings);
    setup.log(&["a", "b", "c"], "tea").await;
    let step = SuggestionWorker::new(suggestions).step(setup.now).await.unwrap();
    assert_eq!(step, SuggestionStep::Rebuilt(1));
}

#[tokio::test]
async fn no_text_is_an_error() {
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
        let found = setup.suggestions.suggest(text, usize::MAX, &DocumentFilter::default()).await.unwrap();
        assert!(found.len() <= 20, "{text:?}");
    }
    assert_eq!(setup.texts("STRAS").await, ["Straße"]);
    assert_eq!(setup.texts("東京タ").await, ["東京タワー"]);
}

#[tokio::test]
async fn a_busy_engine_leaves_suggestions_with_cached_hit_counts() {
    let mut setup = Setup::new(&[]).await;
    setup.index(&[("1", "green tea"), ("2", "grapes")]).await;
    setup.log(&["a", "b", "c"], "green").await;
    setup.log(&["a", "b", "c"], "grapes").await;
    let engine = Arc::new(BusyEngine { engine: setup.engine.clone(), is_busy: AtomicBool::new(false) });
    let suggestions =
        Suggestions::new(setup.store.clone(), engine.clone(), setup.indexer.follow(), setup.settings.clone());
    SuggestionWorker::new(suggestions.clone()).step(setup.now).await.unwrap();
    let texts = async |prefix: &str| {
        let found = suggestions.suggest(prefix, 8, &DocumentFilter::default()).await;
        found.map(|found| found.into_iter().map(|found| found.text).collect::<Vec<_>>())
    };
    assert_eq!(texts("gree").await.unwrap(), ["green"]);
    engine.is_busy.store(true, Ordering::SeqCst);
    assert_eq!(texts("gr").await.unwrap(), ["green"], "texts without a cached count are omitted");
    assert!(matches!(texts("gra").await, Err(SearchError::TooBusy)), "no cached counts");
    engine.is_busy.store(false, Ordering::SeqCst);
    assert_eq!(texts("gr").await.unwrap(), ["grapes", "green"], "counted later");
}
