//! How long does a search take in the engine, on one core, and how does that grow?
//!
//! `cargo bench --bench search` measures the 3,349 real messages; sizes to add are given as
//! arguments: `cargo bench --bench search -- 30000 300000 1000000`. Queries are one and two
//! words of the corpus as they are typed, letter by letter; ten stored hits, no highlights.
//! Beside them, in the same run: the same words through tantivy's own `BooleanQuery`, `TopDocs`
//! and `Count`, on the same index.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails loudly")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::DateTime;
use hdrhistogram::Histogram;
use quarry::domain::{
    AuthorDraft, AuthorId, AuthorRef, Document, DocumentChange, DocumentId, DocumentKey, Revision, SourceName,
};
use quarry::search::tantivy_engine::{TantivyEngine, TantivyOptions};
use quarry::search::{Batch, SearchEngine, SearchRequest};
use serde_json::Value;
use uuid::Uuid;

/// The binary's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    println!(
        "{:>9}  {:>9} {:>9} {:>9} {:>9}  {:>9}  {:>8}",
        "documents", "p50 us", "p99 us", "p999 us", "max us", "docs/s in", "MiB disk"
    );
    let messages = real_messages();
    runtime.block_on(measure(messages));
    for size in sizes {
        let messages = quarry::simulator::synthetic::messages(size, 1);
        let documents = messages.map(|message| document(&serde_json::to_value(message).unwrap())).collect();
        runtime.block_on(measure(documents));
    }
}

fn real_messages() -> Vec<Document> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/messages.json");
    let text = std::fs::read_to_string(path).unwrap();
    let messages: Vec<Value> = serde_json::from_str(&text).unwrap();
    messages.iter().map(document).collect()
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

async fn measure(documents: Vec<Document>) {
    let folder = tempfile::tempdir().unwrap();
    let engine = TantivyEngine::open(TantivyOptions {
        folder: folder.path().to_owned(),
        languages: Default::default(),
        concurrency: 1,
        memory_bytes: 128 << 20,
        threads: 1,
    })
    .unwrap();
    let queries = typed_queries(&documents);
    let count = documents.len();
    let started = Instant::now();
    let mut revision = 0;
    for chunk in documents.chunks(20_000) {
        let changes: Vec<DocumentChange> = chunk
            .iter()
            .map(|document| {
                revision += 1;
                DocumentChange::Upserted(Revision::new(revision), Box::new(document.clone()))
            })
            .collect();
        let through = Revision::new(revision);
        engine.apply(Batch { store: Uuid::nil(), changes, through, caught_up: false }).await.unwrap();
    }
    let rate = count as f64 / started.elapsed().as_secs_f64();
    let through = Revision::new(revision);
    while engine
        .apply(Batch { store: Uuid::nil(), changes: Vec::new(), through, caught_up: true })
        .await
        .is_ok()
        && engine.health().await.unwrap().segments > 1
    {
        // Merging goes on in a thread of its own.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut slowest = (0, String::new());
    let mut times = Histogram::<u64>::new(3).unwrap();
    for round in 0..3 {
        for query in &queries {
            let request = SearchRequest::new(query.clone(), 10);
            let started = Instant::now();
            let answer = engine.search_here(&request).unwrap();
            let nanos = started.elapsed().as_nanos() as u64;
            assert!(answer.hits.len() <= 10);
            if round > 0 {
                times.record(nanos).unwrap();
                if nanos > slowest.0 {
                    slowest = (nanos, query.clone());
                }
            }
        }
    }
    let micros = |quantile: f64| times.value_at_quantile(quantile) as f64 / 1_000.0;
    let bytes = engine.health().await.unwrap().bytes;
    println!(
        "{count:>9}  {:>9.1} {:>9.1} {:>9.1} {:>9.1}  {rate:>9.0}  {:>8.1}   slowest {:?}",
        micros(0.5),
        micros(0.99),
        micros(0.999),
        slowest.0 as f64 / 1_000.0,
        bytes as f64 / 1048576.0,
        slowest.1
    );
}

/// One and two neighbouring words of some documents, letter by letter.
fn typed_queries(documents: &[Document]) -> Vec<String> {
    let mut queries = Vec::new();
    for document in documents.iter().step_by(documents.len() / 150 + 1) {
        let words: Vec<&str> = document.text.split_whitespace().take(4).collect();
        for at in 0..words.len() {
            let from = at.saturating_sub(usize::from(at % 2 == 1));
            let before: String = words[from..at].iter().map(|word| format!("{word} ")).collect();
            for (end, c) in words[at].char_indices() {
                queries.push(format!("{before}{}", &words[at][..end + c.len_utf8()]));
            }
        }
    }
    queries
}
