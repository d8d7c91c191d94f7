//! Benchmark of declared attributes on one core: filters, orders and facets beside the same searches without.
//!
//! `cargo bench --bench attributes -- 1000000` measures that many generated messages with five attributes; the
//! default is 100,000. Searches are words of the corpus and the empty query, which matches every message; each
//! returns ten stored hits and the total. `x p50` and `x p99` are the times relative to the plain search. The
//! first lines compare indexing, disk space and memory with an index of the same messages without declarations.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails loudly")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::DateTime;
use hdrhistogram::Histogram;
use quarry::config::Settings;
use quarry::domain::{Document, DocumentChange, DocumentId, DocumentKey, Revision, SourceName};
use quarry::search::tantivy_engine::{TantivyEngine, TantivyOptions};
use quarry::search::{
    AttributeCondition, AttributeOrder, AttributeTest, Attributes, Batch, FacetRequest, NumberRange,
    SearchEngine, SearchRequest, SortDirection,
};
use quarry::simulator::synthetic;
use uuid::Uuid;

/// The binary's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The declarations of the messages' attributes.
const DECLARED: &str = r#"
[[sources]]
name = "messages"
attributes = [
    { name = "price", type = "number" },
    { name = "rating", type = "number" },
    { name = "brand", type = "string" },
    { name = "tags", type = "string" },
    { name = "created", type = "date" },
]
"#;
/// Messages without an argument.
const DEFAULT_SIZE: usize = 100_000;
/// Words that are searched.
const WORDS: usize = 300;
/// Passes over all searches; the first is a warm-up and not recorded.
const ROUNDS: usize = 3;

/// The part of a search besides its words.
#[derive(Clone, Copy)]
enum Extra {
    Plain,
    /// A range of numbers, which the segment caches after its first use.
    NumberFilter,
    /// Another range for each search, which is not cached.
    NewNumberFilter,
    ValueFilter,
    NumberOrder,
    TenFacets,
}

const EXTRAS: [(&str, Extra); 6] = [
    ("plain", Extra::Plain),
    ("filter by one range", Extra::NumberFilter),
    ("filter by new ranges", Extra::NewNumberFilter),
    ("filter by two values", Extra::ValueFilter),
    ("order by a number", Extra::NumberOrder),
    ("ten facets", Extra::TenFacets),
];

fn main() {
    let size = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(DEFAULT_SIZE);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(measure(size));
}

async fn measure(size: usize) {
    let settings = Settings::from_toml(DECLARED).unwrap();
    let declared = Arc::new(Attributes::of(settings.sources.contents()));
    let (without, with) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    println!("{size} generated messages with five attributes");
    let plain = index(without.path(), size, Arc::default(), "without declarations").await;
    drop(plain);
    let engine = index(with.path(), size, declared, "with declarations").await;
    let words = words(size);
    println!(
        "\n{:<22} {:>9} {:>9} {:>9}  {:>7} {:>7}",
        "search", "p50 us", "p99 us", "max us", "x p50", "x p99"
    );
    for (label, texts) in [("words", words), ("everything", vec![String::new(); 20])] {
        let mut base = None;
        for (extra_label, extra) in EXTRAS {
            let mut times = Histogram::<u64>::new(3).unwrap();
            for round in 0..ROUNDS {
                for (at, text) in texts.iter().enumerate() {
                    let request = request(text, extra, round * texts.len() + at);
                    let started = Instant::now();
                    let answer = engine.search_blocking(&request).unwrap();
                    let elapsed = started.elapsed();
                    assert!(answer.hits.len() <= 10);
                    if round > 0 {
                        times.record(elapsed.as_nanos() as u64).unwrap();
                    }
                }
            }
            let micros = |quantile: f64| times.value_at_quantile(quantile) as f64 / 1_000.0;
            let (p50, p99) = (micros(0.5), micros(0.99));
            let (base_p50, base_p99) = *base.get_or_insert((p50, p99));
            println!(
                "{label:<10} {extra_label:<22} {p50:>9.1} {p99:>9.1} {:>9.1}  {:>7.2} {:>7.2}",
                times.max() as f64 / 1_000.0,
                p50 / base_p50,
                p99 / base_p99
            );
        }
    }
}

fn request(text: &str, extra: Extra, number: usize) -> SearchRequest {
    let mut request = SearchRequest::new(text, 10);
    let condition = |name: &str, test| AttributeCondition { name: name.to_owned(), test };
    match extra {
        Extra::Plain => {}
        Extra::NumberFilter | Extra::NewNumberFilter => {
            let from = if matches!(extra, Extra::NumberFilter) { 100.0 } else { number as f64 / 10.0 };
            let range = NumberRange { from: from.into(), to: (from + 300.0).into() };
            request.filter.attributes.push(condition("price", AttributeTest::Numbers(vec![range])));
        }
        Extra::ValueFilter => {
            let labels = ["brand 3", "brand 7"].map(str::to_owned).to_vec();
            request.filter.attributes.push(condition("brand", AttributeTest::Labels(labels)));
        }
        Extra::NumberOrder => request.order_by.push(AttributeOrder {
            name: "price".to_owned(),
            direction: SortDirection::Ascending,
            near: None,
        }),
        Extra::TenFacets => {
            let labels = ["brand", "tags", "rating", "source", "category", "authorKey"];
            let fields = labels.map(str::to_owned).to_vec();
            request.facets.push(FacetRequest { fields, ..FacetRequest::new(10) });
            for (field, width) in
                [("price", 50.0), ("price", 500.0), ("created", 86_400e6 * 30.0), ("rating", 1.0)]
            {
                let fields = vec![field.to_owned()];
                request.facets.push(FacetRequest { fields, interval: Some(width), ..FacetRequest::new(50) });
            }
        }
    }
    request
}

/// Returns the resident memory of this process.
fn resident_mebibytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kibibytes / 1024
}

/// Returns words of the first messages.
fn words(size: usize) -> Vec<String> {
    let mut words = BTreeSet::new();
    for message in synthetic::messages(size.min(2_000), 1) {
        let message = serde_json::to_value(message).unwrap();
        let text = message["message"].as_str().unwrap_or_default();
        words.extend(
            text.split(|char: char| !char.is_alphabetic())
                .filter(|word| word.len() > 2)
                .map(str::to_lowercase),
        );
    }
    let step = (words.len() / WORDS).max(1);
    words.into_iter().step_by(step).map(|word| word + " ").collect()
}

fn documents(size: usize) -> impl Iterator<Item = Document> {
    let source = SourceName::parse("messages").unwrap();
    synthetic::messages(size, 1).enumerate().map(move |(number, message)| {
        let message = serde_json::to_value(message).unwrap();
        let key = DocumentKey::parse(message["id"].as_str().unwrap()).unwrap();
        let scattered = number.wrapping_mul(2_654_435_761) % 1_000_003;
        let attributes = serde_json::json!({
            "price": (scattered % 100_000) as f64 / 100.0,
            "rating": scattered % 5 + 1,
            "brand": format!("brand {}", scattered % 200),
            "tags": [format!("tag {}", scattered % 30), format!("tag {}", scattered % 17)],
            "created": 1_600_000_000 + scattered * 60,
        });
        Document {
            id: DocumentId::of(&source, &key),
            title: None,
            text: message["message"].as_str().unwrap().to_owned(),
            category: None,
            author: None,
            published_at: DateTime::from_timestamp(1_600_000_000 + number as i64, 0),
            attributes: attributes.to_string(),
            indexed_at: DateTime::UNIX_EPOCH,
            source: source.clone(),
            key,
        }
    })
}

/// Indexes messages, merges them into one segment, and prints the costs.
async fn index(folder: &Path, size: usize, attributes: Arc<Attributes>, label: &str) -> TantivyEngine {
    let engine = TantivyEngine::open(TantivyOptions {
        folder: folder.to_owned(),
        languages: Default::default(),
        weights: Default::default(),
        attributes,
        sufficient_hits: 5,
        concurrency: 1,
        memory_bytes: 128 << 20,
        threads: 1,
    })
    .unwrap();
    let (mut revision, mut indexing) = (0, Duration::ZERO);
    let mut documents = documents(size);
    loop {
        let chunk = documents.by_ref().take(20_000);
        let changes: Vec<DocumentChange> = chunk
            .map(|document| {
                revision += 1;
                DocumentChange::Upserted(Revision::new(revision), Box::new(document))
            })
            .collect();
        let caught_up = changes.is_empty();
        let through = Revision::new(revision);
        let started = Instant::now();
        engine.apply(Batch { store: Uuid::nil(), changes, through, caught_up }).await.unwrap();
        indexing += started.elapsed();
        if caught_up {
            break;
        }
    }
    let started = Instant::now();
    loop {
        let through = Revision::new(revision);
        engine
            .apply(Batch { store: Uuid::nil(), changes: Vec::new(), through, caught_up: true })
            .await
            .unwrap();
        if engine.health().await.unwrap().segments <= 1 {
            break;
        }
        // tantivy merges in the background.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!(
        "{label}: {:.1} us per message, {:.1} s of merging after it, {:.1} MiB on disk, {} MiB of memory",
        indexing.as_secs_f64() * 1e6 / size as f64,
        started.elapsed().as_secs_f64(),
        engine.health().await.unwrap().bytes as f64 / 1_048_576.0,
        resident_mebibytes()
    );
    engine
}
