//! Benchmark of indexing, and of the start with a large index.
//!
//! `cargo bench --bench indexing -- 1000000` generates that number of messages and measures, on one indexing
//! thread:
//! - tantivy alone, with the engine's own schema and the same words and stems, one commit at the end;
//! - the engine, which also looks up replaced documents, and commits while it follows the store;
//! - a rebuild, from rows in SQLite to a searchable index;
//! - a start with that index: open, check every file, compare with the store.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails loudly")]

#[path = "support/drafts.rs"]
mod drafts;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use drafts::draft;
use frostem::{Algorithm, Stemmer};
use quarry::domain::{Document, DocumentChange, DocumentDraft, Revision};
use quarry::search::tantivy_engine::{TantivyEngine, TantivyOptions};
use quarry::search::{Batch, IndexStep, Indexer, SearchEngine, SearchRequest};
use quarry::simulator::synthetic;
use quarry::store::Store;
use tantivy::schema::Schema;
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};
use tantivy::{Index, TantivyDocument};
use uuid::Uuid;

const MEMORY: usize = 128 << 20;

/// The binary's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let size = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure(size));
}

async fn measure(size: usize) {
    let folder = tempfile::tempdir().unwrap();
    let store =
        Store::connect(&format!("sqlite://{}", folder.path().join("quarry.db").display()), 4).await.unwrap();
    store.migrate_up(None).await.unwrap();
    let started = Instant::now();
    let drafts: Vec<DocumentDraft> = synthetic::messages(size, 1).map(draft).collect();
    for chunk in drafts.chunks(5_000) {
        store.upsert_documents(chunk).await.unwrap();
    }
    drop(drafts);
    report("synthetic messages → SQLite", size, started);
    let mut documents = Vec::with_capacity(size);
    let mut after = Revision::ZERO;
    loop {
        let changes = store.changes_after(after, 20_000).await.unwrap();
        let Some(last) = changes.last() else { break };
        after = last.revision();
        documents.extend(changes.into_iter().filter_map(|change| match change {
            DocumentChange::Upserted(_, document) => Some(*document),
            DocumentChange::Deleted(..) => None,
        }));
    }

    let engine_folder = folder.path().join("engine");
    let engine = open(&engine_folder);
    let schema = schema_of(&engine_folder);
    let started = Instant::now();
    raw(&folder.path().join("raw"), schema, &documents);
    let raw_rate = report("tantivy alone", size, started);

    let mut batches = Vec::new();
    let mut revision = 0;
    while !documents.is_empty() {
        let changes: Vec<DocumentChange> = documents
            .drain(..documents.len().min(20_000))
            .map(|document| {
                revision += 1;
                DocumentChange::Upserted(Revision::new(revision), Box::new(document))
            })
            .collect();
        let caught_up = documents.is_empty();
        batches.push(Batch { store: Uuid::nil(), changes, through: Revision::new(revision), caught_up });
    }
    let started = Instant::now();
    for batch in batches {
        engine.apply(batch).await.unwrap();
    }
    let engine_rate = report("the engine", size, started);
    println!("  {:.2} of tantivy alone", engine_rate / raw_rate);
    drop(engine);

    let index = folder.path().join("index");
    let started = Instant::now();
    let engine: Arc<dyn SearchEngine> = Arc::new(open(&index));
    let mut indexer = Indexer::new(store.clone(), engine.clone());
    while indexer.step().await.unwrap() == IndexStep::Progressed {}
    report("SQLite → searchable", size, started);
    assert_eq!(engine.search(&SearchRequest::new("", 1)).await.unwrap().total, size as u64);
    let started = Instant::now();
    loop {
        indexer.step().await.unwrap();
        if engine.health().await.unwrap().segments == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("{:<28} {:>8.2} s", "merged into one segment", started.elapsed().as_secs_f64());
    drop((indexer, engine));

    let started = Instant::now();
    let engine: Arc<dyn SearchEngine> = Arc::new(open(&index));
    let mut indexer = Indexer::new(store, engine.clone());
    assert_eq!(indexer.step().await.unwrap(), IndexStep::CaughtUp);
    assert!(engine.search(&SearchRequest::new("the", 10)).await.unwrap().total > 0);
    println!("{:<28} {:>8.2} s", "start, to the first answer", started.elapsed().as_secs_f64());
}

fn report(what: &str, size: usize, started: Instant) -> f64 {
    let seconds = started.elapsed().as_secs_f64();
    let rate = size as f64 / seconds;
    println!("{what:<28} {seconds:>8.2} s {rate:>9.0} documents/s");
    rate
}

fn open(folder: &Path) -> TantivyEngine {
    TantivyEngine::open(TantivyOptions {
        folder: folder.to_owned(),
        languages: Default::default(),
        attributes: Arc::default(),
        weights: Default::default(),
        sufficient_hits: 5,
        concurrency: 4,
        memory_bytes: MEMORY,
        threads: 1,
    })
    .unwrap()
}

/// The schema of the engine's index, read from its folder.
fn schema_of(folder: &Path) -> Schema {
    let index = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    Index::open_in_dir(index).unwrap().schema()
}

/// Indexes the same words and stems with tantivy alone.
fn raw(folder: &Path, schema: Schema, documents: &[Document]) {
    std::fs::create_dir(folder).unwrap();
    let index = Index::create_in_dir(folder, schema.clone()).unwrap();
    index.tokenizers().register("words", Words { marked: true, terms: Vec::new(), at: 0 });
    index.tokenizers().register("prefixes", Words { marked: false, terms: Vec::new(), at: 0 });
    let mut writer = index.writer_with_num_threads(1, MEMORY).unwrap();
    let field = |name: &str| schema.get_field(name).unwrap();
    for document in documents {
        let mut indexed = TantivyDocument::new();
        let (high, low) = document.id.0.as_u64_pair();
        indexed.add_bytes(field("id"), document.id.0.as_bytes());
        indexed.add_u64(field("id_high"), high);
        indexed.add_u64(field("id_low"), low);
        indexed.add_text(field("source"), document.source.as_str());
        indexed.add_text(field("words"), &document.text);
        let author = document.author.as_ref().unwrap();
        indexed.add_text(field("words"), &author.name);
        indexed.add_text(field("author_key"), &author.key);
        indexed.add_text(field("prefixes"), prefixes(&format!("{} {}", document.text, author.name)));
        indexed.add_i64(field("published_at"), document.published_at.unwrap().timestamp_micros());
        indexed.add_bytes(field("document"), serde_json::to_string(document).unwrap().as_bytes());
        writer.add_document(indexed).unwrap();
    }
    writer.commit().unwrap();
}

fn prefixes(text: &str) -> String {
    let mut prefixes = BTreeSet::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let word = word.to_lowercase();
        prefixes.extend(word.char_indices().take(2).map(|(at, c)| word[..at + c.len_utf8()].to_owned()));
    }
    prefixes.into_iter().collect::<Vec<_>>().join(" ")
}

/// Folded words, each with its marked stem where the engine has one.
#[derive(Clone)]
struct Words {
    marked: bool,
    terms: Vec<Token>,
    at: usize,
}

impl Tokenizer for Words {
    type TokenStream<'a> = Words;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Words {
        let mut terms = Vec::with_capacity(32);
        let stemmer = Stemmer::new(Algorithm::English);
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        for (position, word) in words.enumerate() {
            let word = word.to_lowercase();
            let mut add = |text| terms.push(Token { position, text, ..Token::default() });
            if self.marked {
                add(format!("\u{1}{}", stemmer.stem(&word)));
            }
            add(word);
        }
        Words { marked: self.marked, terms, at: 0 }
    }
}

impl TokenStream for Words {
    fn advance(&mut self) -> bool {
        self.at += 1;
        self.at <= self.terms.len()
    }

    fn token(&self) -> &Token {
        &self.terms[self.at - 1]
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.terms[self.at - 1]
    }
}
