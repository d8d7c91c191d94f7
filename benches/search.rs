//! Benchmark of the search engine on one core, beside tantivy's own queries.
//!
//! `cargo bench --bench search` measures 3,349 generated messages, and the real ones if their file exists
//! (see `support/corpus.rs`); arguments add sizes: `cargo bench --bench search -- 30000 300000 1000000`.
//! Queries are one and two words of the corpus, typed letter by letter; each returns ten stored hits and the
//! total, without highlights.
//!
//! Each query is evaluated in six ways, in the same process, on the same index:
//! - `quarry`: the engine in production;
//! - `quarry, other rules`: the same beside 5,000 sets of synonyms and 1,000 rules, none of which applies;
//! - `quarry, no fast path`: the same with a period that contains all messages, which disables `single` and
//!   `frequent`, so that the segment scan serves; it reads one more column per match;
//! - `TopDocs + Count`, `TopDocs, then Count`, `TopDocs by time + Count`: tantivy's own `BooleanQuery` of
//!   the same words, collected in three ways (`support/tantivy_queries.rs`).
//!
//! Rows group queries by the code that serves them: the first two lines of `single` and of `frequent` are
//! that fast path on and off. `x p50` and `x p99` are the times relative to `quarry`; `same total` is the
//! share of queries with the same number of matches. The last line is the same texts with a typo in each word
//! of at least four letters, searched by the engine alone.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails loudly")]

#[path = "support/corpus.rs"]
mod corpus;
#[path = "support/tantivy_queries.rs"]
mod tantivy_queries;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::DateTime;
use hdrhistogram::Histogram;
use quarry::domain::{
    AuthorDraft, AuthorId, AuthorRef, Document, DocumentChange, DocumentId, DocumentKey, Revision, SourceName,
};
use quarry::search::tantivy_engine::{TantivyEngine, TantivyOptions};
use quarry::search::{Batch, RuleDocument, Rulebook, SearchEngine, SearchRequest};
use quarry::simulator::synthetic;
use serde_json::{Value, json};
use uuid::Uuid;

use tantivy_queries::{Collect, ServedBy, TantivyQueries};

/// The binary's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Passes over all queries; the first is a warm-up and not recorded.
const ROUNDS: usize = 3;

/// The ways to evaluate a query; the first is the baseline.
const EVALUATORS: [(&str, Evaluator); 6] = [
    ("quarry", Evaluator::Quarry),
    ("quarry, other rules", Evaluator::QuarryRules),
    ("quarry, no fast path", Evaluator::QuarryScan),
    ("TopDocs + Count", Evaluator::Tantivy(Collect::OnePass)),
    ("TopDocs, then Count", Evaluator::Tantivy(Collect::TwoPasses)),
    ("TopDocs by time + Count", Evaluator::Tantivy(Collect::NewestFirst)),
];

/// Rows of the table: all queries, and those of each path of the engine.
const ROWS: [(&str, Option<ServedBy>); 4] = [
    ("all", None),
    ("single", Some(ServedBy::Single)),
    ("frequent", Some(ServedBy::Frequent)),
    ("scan", Some(ServedBy::Scan)),
];

const HEADER: &str = "served by queries  evaluator                   p50 us    p99 us   p999 us    max us    x p50   \
                      x p99  same total  slowest";

#[derive(Clone, Copy)]
enum Evaluator {
    Quarry,
    QuarryRules,
    QuarryScan,
    Tantivy(Collect),
}

/// A typed text with its total and times for each evaluator.
struct Query {
    text: String,
    served_by: ServedBy,
    totals: [u64; EVALUATORS.len()],
    nanos: [[u64; ROUNDS]; EVALUATORS.len()],
}

fn main() {
    let sizes = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(measure("generated", generated(corpus::GENERATED)));
    if let Some(file) = corpus::real_messages() {
        let text = std::fs::read_to_string(file).unwrap();
        let messages: Vec<Value> = serde_json::from_str(&text).unwrap();
        runtime.block_on(measure("real", messages.iter().map(document).collect()));
    }
    for size in sizes {
        runtime.block_on(measure("generated", generated(size)));
    }
}

fn generated(size: usize) -> Vec<Document> {
    let messages = synthetic::messages(size, 1);
    messages.map(|message| document(&serde_json::to_value(message).unwrap())).collect()
}

fn document(message: &Value) -> Document {
    let field = |name: &str| message[name].as_str().unwrap().to_owned();
    let source = SourceName::parse("messages").unwrap();
    let key = DocumentKey::parse(&field("id")).unwrap();
    let author = AuthorDraft { key: field("user_id"), name: field("user_name") };
    Document {
        id: DocumentId::of(&source, &key),
        title: None,
        text: field("message"),
        category: None,
        author: Some(AuthorRef {
            id: AuthorId::of(&source, &author.key),
            key: author.key,
            name: author.name,
        }),
        published_at: Some(DateTime::parse_from_rfc3339(&field("timestamp")).unwrap().to_utc()),
        attributes: "{}".to_owned(),
        indexed_at: DateTime::UNIX_EPOCH,
        source,
        key,
    }
}

async fn measure(label: &str, documents: Vec<Document>) {
    let folder = tempfile::tempdir().unwrap();
    let (count, texts) = (documents.len(), typed_texts(&documents));
    let engine = index(folder.path(), documents).await;
    let mebibytes = engine.health().await.unwrap().bytes as f64 / 1048576.0;
    let mut peer = TantivyQueries::open(folder.path());
    let misspelt: Vec<String> =
        texts.iter().map(|text| text.split(' ').map(misspelt).collect::<Vec<_>>().join(" ")).collect();
    let mut queries = queries_of(texts, &mut peer);
    let mut misspelt = queries_of(misspelt, &mut peer);
    run(&engine, &mut peer, &mut queries, &EVALUATORS);
    run(&engine, &mut peer, &mut misspelt, &EVALUATORS[..1]);
    println!("\n{count} {label} messages, {mebibytes:.1} MiB on disk");
    println!("{HEADER}");
    for (label, served_by) in ROWS {
        let queries = queries.iter().filter(|query| served_by.is_none_or(|by| by == query.served_by));
        report(label, &queries.collect::<Vec<_>>(), &EVALUATORS);
    }
    report("misspelt", &misspelt.iter().collect::<Vec<_>>(), &EVALUATORS[..1]);
}

fn queries_of(texts: Vec<String>, peer: &mut TantivyQueries) -> Vec<Query> {
    let queries = texts.into_iter().map(|text| Query {
        served_by: peer.served_by(&text),
        text,
        totals: Default::default(),
        nanos: Default::default(),
    });
    queries.collect()
}

fn run(
    engine: &TantivyEngine,
    peer: &mut TantivyQueries,
    queries: &mut [Query],
    evaluators: &[(&str, Evaluator)],
) {
    let rules = other_rules();
    for round in 0..ROUNDS {
        for (at, (_, evaluator)) in evaluators.iter().enumerate() {
            engine.use_rulebook(match evaluator {
                Evaluator::QuarryRules => rules.clone(),
                _ => Arc::default(),
            });
            for query in &mut *queries {
                let started = Instant::now();
                query.totals[at] = match evaluator {
                    Evaluator::Quarry | Evaluator::QuarryRules => total(engine, &query.text, false),
                    Evaluator::QuarryScan => total(engine, &query.text, true),
                    Evaluator::Tantivy(collect) => peer.search(&query.text, *collect),
                };
                query.nanos[at][round] = started.elapsed().as_nanos() as u64;
            }
        }
    }
}

/// Returns synonyms and rules whose words no query contains.
fn other_rules() -> Arc<Rulebook> {
    let synonyms: Vec<Value> = (0..5_000)
        .map(|at| json!({"id": at.to_string(), "words": [format!("qq{at}"), format!("qq{at} zz"), "qqx"]}))
        .collect();
    let rules: Vec<Value> = (0..1_000)
        .map(|at| {
            let condition = json!({"equals": [format!("zz{at}")], "contains": [format!("zz{at} qq")]});
            json!({"id": at.to_string(), "condition": condition, "redirect": "/"})
        })
        .collect();
    let document: RuleDocument =
        serde_json::from_value(json!({"synonyms": synonyms, "rules": rules})).unwrap();
    Arc::new(Rulebook::new(1, &document))
}

/// Swaps, omits or replaces a letter of a word of at least four letters, depending on the word.
fn misspelt(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    if letters.len() < 4 {
        return word.to_owned();
    }
    let at = 1 + letters[0] as usize % (letters.len() - 2);
    match letters.len() % 3 {
        0 => letters.swap(at, at + 1),
        1 => {
            letters.remove(at);
        }
        _ => letters[at] = 'q',
    }
    letters.into_iter().collect()
}

/// Indexes documents and merges them into one segment.
async fn index(folder: &Path, documents: Vec<Document>) -> TantivyEngine {
    let engine = TantivyEngine::open(TantivyOptions {
        folder: folder.to_owned(),
        languages: Default::default(),
        attributes: std::sync::Arc::default(),
        weights: Default::default(),
        sufficient_hits: 5,
        concurrency: 1,
        memory_bytes: 128 << 20,
        threads: 1,
    })
    .unwrap();
    let mut revision = 0;
    for chunk in documents.chunks(20_000) {
        let changes = chunk.iter().map(|document| {
            revision += 1;
            DocumentChange::Upserted(Revision::new(revision), Box::new(document.clone()))
        });
        let changes: Vec<DocumentChange> = changes.collect();
        let through = Revision::new(revision);
        engine.apply(Batch { store: Uuid::nil(), changes, through, caught_up: false }).await.unwrap();
    }
    let through = Revision::new(revision);
    loop {
        let nothing = Batch { store: Uuid::nil(), changes: Vec::new(), through, caught_up: true };
        engine.apply(nothing).await.unwrap();
        if engine.health().await.unwrap().segments <= 1 {
            return engine;
        }
        // tantivy merges in the background.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Searches with the engine; `scan` adds a period, which disables the fast paths.
fn total(engine: &TantivyEngine, text: &str, scan: bool) -> u64 {
    let mut request = SearchRequest::new(text, 10);
    request.filter.published_from = scan.then_some(DateTime::UNIX_EPOCH);
    let answer = engine.search_blocking(&request).unwrap();
    assert!(answer.hits.len() <= 10);
    answer.total
}

fn report(label: &str, queries: &[&Query], evaluators: &[(&str, Evaluator)]) {
    let mut base = None;
    for (at, (evaluator, _)) in evaluators.iter().enumerate() {
        let mut times = Histogram::<u64>::new(3).unwrap();
        for query in queries {
            for nanos in &query.nanos[at][1..] {
                times.record(*nanos).unwrap();
            }
        }
        let longest = |query: &&&Query| query.nanos[at][1..].iter().copied().max();
        let Some(slowest) = queries.iter().max_by_key(longest) else { return };
        let micros = |quantile: f64| times.value_at_quantile(quantile) as f64 / 1_000.0;
        let (p50, p99) = (micros(0.5), micros(0.99));
        let (base_p50, base_p99) = *base.get_or_insert((p50, p99));
        let same = queries.iter().filter(|query| query.totals[at] == query.totals[0]).count();
        println!(
            "{label:<9} {:>7}  {evaluator:<24} {p50:>9.1} {p99:>9.1} {:>9.1} {:>9.1}  {:>7.2} {:>7.2}  {:>8.2} %  {:?}",
            queries.len(),
            micros(0.999),
            times.max() as f64 / 1_000.0,
            p50 / base_p50,
            p99 / base_p99,
            same as f64 * 100.0 / queries.len() as f64,
            slowest.text,
        );
    }
}

/// Returns one and two adjacent words of some documents, letter by letter.
fn typed_texts(documents: &[Document]) -> Vec<String> {
    let mut texts = Vec::new();
    for document in documents.iter().step_by(documents.len() / 150 + 1) {
        let words: Vec<&str> = document.text.split_whitespace().take(4).collect();
        for at in 0..words.len() {
            let from = at.saturating_sub(usize::from(at % 2 == 1));
            let before: String = words[from..at].iter().map(|word| format!("{word} ")).collect();
            for (end, c) in words[at].char_indices() {
                texts.push(format!("{before}{}", &words[at][..end + c.len_utf8()]));
            }
        }
    }
    texts
}
