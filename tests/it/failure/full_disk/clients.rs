//! Clients that write continuously, retry failures and count acknowledged writes.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::messages::MESSAGES;
use crate::support::search_log::{Logged, Tables};
use crate::support::server::Endpoint;
use crate::support::typing_clients::{LOG_KEYSTROKES, TypedSearch};
use crate::support::wait::{ends, until};

const INDEX: &str = "mutation($input: IndexDocumentsInput!) {
    indexDocuments(input: $input) { inserted updated unchanged documents { id } } }";
const RECORD: &str =
    "mutation($input: RecordInteractionInput!) { recordInteraction(input: $input) { accepted } }";
const CRAWL: &str = "mutation { startCrawl(source: \"messages\") { state } }";
const REPORTS: &str = "{ reports { topSearches(refresh: true) { rows { query } }
    searchVolume(refresh: true) { rows { searches } } categories(refresh: true) { rows { quantity } } } }";

/// The codes of errors that a client retries; on a busy machine, operations also exceed their time limit.
const TRANSIENT: [&str; 4] = ["STORE_UNAVAILABLE", "BUFFER_UNAVAILABLE", "TOO_BUSY", "TIMEOUT"];
/// The pause between two requests of a client.
const PAUSE: Duration = Duration::from_millis(10);
/// The number of documents per request, and their length.
const DOCUMENTS: (usize, usize) = (10, 4_000);

/// Clients of successive servers, and their acknowledged writes.
pub(super) struct Clients {
    endpoint: Mutex<Endpoint>,
    is_stopping: AtomicBool,
    failures: Mutex<BTreeMap<String, usize>>,
    documents: AtomicUsize,
    interactions: AtomicUsize,
    searches: Mutex<Vec<Logged>>,
    product: Value,
}

impl Clients {
    /// Creates the clients of an empty server.
    pub(super) async fn of(endpoint: &Endpoint) -> Self {
        let product = json!({ "source": "shop", "key": "1", "text": "Mouse", "category": "things" });
        let data = endpoint.data(INDEX, json!({ "input": { "documents": [product] } })).await;
        Self {
            endpoint: Mutex::new(endpoint.clone()),
            is_stopping: AtomicBool::new(false),
            failures: Mutex::default(),
            documents: AtomicUsize::new(0),
            interactions: AtomicUsize::new(0),
            searches: Mutex::default(),
            product: data["indexDocuments"]["documents"][0]["id"].clone(),
        }
    }

    /// Switches to another server.
    pub(super) fn switch_to(&self, endpoint: &Endpoint) {
        *self.endpoint.lock().expect("not poisoned") = endpoint.clone();
    }

    /// Stops all clients after their current request.
    pub(super) fn stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Returns the number of failed requests by error code.
    pub(super) fn failures(&self, code: &str) -> usize {
        self.failures.lock().expect("not poisoned").get(code).copied().unwrap_or(0)
    }

    /// Returns the numbers of acknowledged documents, interactions and searches.
    pub(super) fn acknowledged(&self) -> [usize; 3] {
        let searches = self.searches.lock().expect("not poisoned").len();
        [self.documents.load(Ordering::Relaxed), self.interactions.load(Ordering::Relaxed), searches]
    }

    /// Runs the clients until they are stopped and their requests acknowledged.
    pub(super) async fn run(&self, round: u32) {
        self.is_stopping.store(false, Ordering::Relaxed);
        tokio::join!(
            self.store_documents(round),
            self.record_interactions(round),
            self.search(round),
            self.read_reports(),
            async {
                self.retry(CRAWL, Value::Null).await;
            },
        );
    }

    async fn store_documents(&self, round: u32) {
        let (count, length) = DOCUMENTS;
        let text = "jumps over the lazy dog ".repeat(length / 24);
        for batch in 0.. {
            let documents: Vec<Value> = (0..count)
                .map(|number| {
                    let key = format!("{round}-{batch}-{number}");
                    json!({ "source": "notes", "key": key, "text": format!("{key} {text}") })
                })
                .collect();
            self.retry(INDEX, json!({ "input": { "documents": documents, "wait": false } })).await;
            self.documents.fetch_add(count, Ordering::Relaxed);
            if self.pause().await {
                return;
            }
        }
    }

    async fn record_interactions(&self, round: u32) {
        for number in 0.. {
            let key = format!("order {round}-{number}");
            let input = json!({ "kind": "CONVERSION", "documentId": self.product, "idempotencyKey": key });
            let data = self.retry(RECORD, json!({ "input": input })).await;
            assert_eq!(data["recordInteraction"]["accepted"], true, "{data}");
            self.interactions.fetch_add(1, Ordering::Relaxed);
            if self.pause().await {
                return;
            }
        }
    }

    async fn search(&self, round: u32) {
        for number in 0.. {
            // One call, so that a server has all of it or nothing.
            let visit = TypedSearch::new(&format!("visitor-{round}"), number, true);
            self.retry(LOG_KEYSTROKES, json!({ "input": visit.keystrokes() })).await;
            self.searches.lock().expect("not poisoned").push(visit.logged());
            if self.pause().await {
                return;
            }
        }
    }

    async fn read_reports(&self) {
        while !self.pause().await {
            self.retry(REPORTS, Value::Null).await;
        }
    }

    /// Retries a request until it succeeds. Only transient errors may occur.
    async fn retry(&self, text: &str, variables: Value) -> Value {
        loop {
            let endpoint = self.endpoint.lock().expect("not poisoned").clone();
            match ends("an answer", endpoint.try_query(text, variables.clone())).await {
                Some(answer) if answer.errors.is_empty() => return answer.data,
                Some(answer) => {
                    let mut failures = self.failures.lock().expect("not poisoned");
                    for code in answer.codes() {
                        assert!(TRANSIENT.contains(&code), "{text}: {answer:?}");
                        *failures.entry(code.to_owned()).or_default() += 1;
                    }
                }
                None => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Pauses, and returns true once the clients are stopped.
    async fn pause(&self) -> bool {
        tokio::time::sleep(PAUSE).await;
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// Asserts that the store has each acknowledged write once, and no other.
    pub(super) async fn assert_stored(&self, endpoint: &Endpoint, tables: &Tables) {
        until("the end of the crawl", async || {
            let crawls = endpoint.crawls("messages").await;
            crawls.first().is_some_and(|crawl| crawl["state"] == "COMPLETED").then_some(())
        })
        .await;
        let [documents, interactions, _] = self.acknowledged();
        let live = "FROM documents WHERE deleted_at IS NULL AND source =";
        let stored = tables.number(&format!("SELECT COUNT(*) {live} 'notes'")).await;
        assert_eq!(stored, documents as i64, "documents that were acknowledged");
        assert_eq!(tables.number(&format!("SELECT COUNT(*) {live} 'messages'")).await, MESSAGES as i64);
        let all = documents + MESSAGES + 1;
        until("an index in step", async || {
            let found = endpoint.total("").await;
            assert!(found <= all as u64, "{found} documents are found of {all}");
            (found == all as u64).then_some(())
        })
        .await;
        let stored = tables.number("SELECT COUNT(*) FROM interactions").await;
        assert_eq!(stored, interactions as i64, "interactions that were acknowledged");
        let searches = self.searches.lock().expect("not poisoned").clone();
        endpoint.assert_logged(searches).await;
    }
}
