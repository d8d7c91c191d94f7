//! Benchmark of suggestions and of their rebuild.
//!
//! `cargo bench --bench suggest` measures 3,000 logged searches over 30,000 documents; arguments give other
//! sizes in pairs: `cargo bench --bench suggest -- 10000 1000000 20000 1000000`. The typed texts are the
//! logged searches, letter by letter, every third with a typo, so that suggestions come from both the log and
//! the index; with cached hit counts (warm), and after changes of the index (cold). The log is in SQLite.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails loudly")]

use std::sync::Arc;
use std::time::Instant;

use chrono::Utc;
use hdrhistogram::Histogram;
use quarry::config::Settings;
use quarry::domain::{
    DocumentDraft, DocumentKey, FinalReason, LoggedSearchId, SessionId, SourceName, comparison_key,
};
use quarry::search::tantivy_engine::{TantivyEngine, TantivyOptions};
use quarry::search::{
    DocumentFilter, IndexStep, Indexer, SearchEngine, SuggestionKind, SuggestionWorker, Suggestions,
};
use quarry::store::{NewSearch, Store};
use uuid::Uuid;

/// The binary's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Suggestions per call.
const FIRST: usize = 8;
/// Texts to type, letter by letter.
const TYPED: usize = 2_000;
/// Sessions that search for each text.
const SESSIONS: usize = 3;

fn main() {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.len() < 2 { vec![3_000, 30_000] } else { sizes };
    println!(
        "{:>8} {:>9}  {:>5}  {:>9} {:>9} {:>9}  {:>8} {:>8}  {:>10}",
        "searches", "documents", "index", "p50 us", "p99 us", "max us", "of log", "of index", "rebuild ms"
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for pair in sizes.chunks_exact(2) {
        runtime.block_on(measure(pair[0], pair[1]));
    }
}

async fn measure(searches: usize, documents: usize) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/quarry.db", folder.path().display());
    let store = Store::connect(&url, 4).await.unwrap();
    store.migrate_up(None).await.unwrap();
    let options = TantivyOptions {
        folder: folder.path().join("index"),
        languages: Default::default(),
        attributes: Arc::default(),
        weights: Default::default(),
        sufficient_hits: 5,
        concurrency: 8,
        memory_bytes: 128 << 20,
        threads: 1,
    };
    let engine: Arc<dyn SearchEngine> = Arc::new(TantivyEngine::open(options).unwrap());
    let mut indexer = Indexer::new(store.clone(), engine.clone());
    let texts = fill(&store, searches, documents).await;
    catch_up(&mut indexer).await;
    let settings = Settings::default().suggest;
    let suggestions = Suggestions::new(store.clone(), engine, indexer.follow(), settings);
    let started = Instant::now();
    SuggestionWorker::new(suggestions.clone()).step(Utc::now()).await.unwrap();
    let rebuild = started.elapsed();
    for index in ["cold", "warm"] {
        let mut times = Histogram::<u64>::new(3).unwrap();
        let (mut of_log, mut of_index) = (0, 0);
        for (n, text) in texts.iter().step_by(texts.len().div_ceil(TYPED)).enumerate() {
            if index == "cold" && n % 100 == 0 {
                store.upsert_documents(&[draft(&format!("new {n}"), text)]).await.unwrap();
                catch_up(&mut indexer).await;
            }
            let mut text = text.clone();
            if n % 3 == 0 {
                text.insert(text.chars().next().map_or(0, char::len_utf8), 'e');
            }
            for (end, _) in text.char_indices().skip(1) {
                let started = Instant::now();
                let found =
                    suggestions.suggest(&text[..end], FIRST, &DocumentFilter::default()).await.unwrap();
                times.record(started.elapsed().as_nanos() as u64).unwrap();
                let logged = found.iter().filter(|found| found.kind == SuggestionKind::LoggedSearch).count();
                of_log += logged;
                of_index += found.len() - logged;
            }
        }
        let micros = |nanos: u64| nanos as f64 / 1_000.0;
        println!(
            "{searches:>8} {documents:>9}  {index:>5}  {:>9.1} {:>9.1} {:>9.1}  {of_log:>8} {of_index:>8}  {:>10}",
            micros(times.value_at_quantile(0.5)),
            micros(times.value_at_quantile(0.99)),
            micros(times.max()),
            rebuild.as_millis(),
        );
    }
}

/// Stores documents, logs two or three adjacent words of each, and returns those texts.
async fn fill(store: &Store, searches: usize, documents: usize) -> Vec<String> {
    let mut texts = Vec::with_capacity(searches);
    let mut drafts = Vec::new();
    for (n, message) in quarry::simulator::synthetic::messages(documents, 1).enumerate() {
        let message = serde_json::to_value(message).unwrap();
        let text = message["message"].as_str().unwrap();
        if texts.len() < searches {
            let words: Vec<&str> = text.split_whitespace().skip(n % 5).take(2 + n % 2).collect();
            texts.push(words.join(" "));
        }
        drafts.push(draft(message["id"].as_str().unwrap(), text));
        if drafts.len() == 5_000 {
            store.upsert_documents(&std::mem::take(&mut drafts)).await.unwrap();
        }
    }
    store.upsert_documents(&drafts).await.unwrap();
    let at = Utc::now();
    for some in texts.chunks(300) {
        let logged: Vec<NewSearch> = some
            .iter()
            .flat_map(|text| (0..SESSIONS).map(move |session| (text, session)))
            .map(|(text, session)| NewSearch {
                revision: 1,
                id: LoggedSearchId(Uuid::new_v4()),
                session: SessionId::parse(&format!("session {session}")).unwrap(),
                user: None,
                query: text.clone(),
                query_key: comparison_key(text),
                truncated: false,
                keystrokes: 1,
                result_count: None,
                tier: None,
                context: Default::default(),
                reason: FinalReason::Idle,
                started_at: at,
                last_keystroke_at: at,
            })
            .collect();
        store.log_searches(&logged).await.unwrap();
    }
    texts.sort_unstable();
    texts.dedup();
    texts
}

fn draft(key: &str, text: &str) -> DocumentDraft {
    DocumentDraft {
        source: SourceName::parse("messages").unwrap(),
        key: DocumentKey::parse(key).unwrap(),
        title: None,
        text: text.to_owned(),
        category: None,
        author: None,
        published_at: None,
        attributes: "{}".to_owned(),
    }
}

async fn catch_up(indexer: &mut Indexer) {
    while indexer.step().await.unwrap() == IndexStep::Progressed {}
}
