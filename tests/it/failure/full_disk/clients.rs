//! Clients that write all the time, and again what was not acknowledged: so what must be there is known.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use sea_orm::DbBackend;
use serde_json::{Value, json};

use crate::support::messages::MESSAGES;
use crate::support::search_log::{Logged, Tables};
use crate::support::server::Endpoint;
use crate::support::visitors::{LOG_MANY, Visit};
use crate::support::wait::{ends, until};

const INDEX: &str = "mutation($input: IndexDocumentsInput!) {
    indexDocuments(input: $input) { inserted updated unchanged documents { id } } }";
const RECORD: &str =
    "mutation($input: RecordInteractionInput!) { recordInteraction(input: $input) { accepted } }";
const CRAWL: &str = "mutation { startCrawl(source: \"messages\") { state } }";
const REPORTS: &str = "{ reports { topSearches(refresh: true) { rows { query } }
    searchVolume(refresh: true) { rows { searches } } categories(refresh: true) { rows { quantity } } } }";

/// Errors that a client may send again after.
const PASSING: [&str; 3] = ["STORE_UNAVAILABLE", "BUFFER_UNAVAILABLE", "TOO_BUSY"];
/// Between two requests of one client.
const PAUSE: Duration = Duration::from_millis(10);
/// Documents of a request, and their length.
const DOCUMENTS: (usize, usize) = (10, 4_000);

/// Clients of one server after the other, and what was acknowledged to them.
pub(super) struct Clients {
    endpoint: Mutex<Endpoint>,
    resting: AtomicBool,
    failures: Mutex<BTreeMap<String, usize>>,
    documents: AtomicUsize,
    interactions: AtomicUsize,
    searches: Mutex<Vec<Logged>>,
    product: Value,
}

impl Clients {
    /// Clients of this server, which holds nothing yet.
    pub(super) async fn of(endpoint: &Endpoint) -> Self {
        let product = json!({ "source": "shop", "key": "1", "text": "Mouse", "category": "things" });
        let data = endpoint.data(INDEX, json!({ "input": { "documents": [product] } })).await;
        Self {
            endpoint: Mutex::new(endpoint.clone()),
            resting: AtomicBool::new(false),
            failures: Mutex::default(),
            documents: AtomicUsize::new(0),
            interactions: AtomicUsize::new(0),
            searches: Mutex::default(),
            product: data["indexDocuments"]["documents"][0]["id"].clone(),
        }
    }

    /// Another server took the place of the one before.
    pub(super) fn turn_to(&self, endpoint: &Endpoint) {
        *self.endpoint.lock().expect("not poisoned") = endpoint.clone();
    }

    /// Lets all of them end what they do.
    pub(super) fn rest(&self) {
        self.resting.store(true, Ordering::Relaxed);
    }

    /// The number of requests that failed with a code so far.
    pub(super) fn failures(&self, code: &str) -> usize {
        self.failures.lock().expect("not poisoned").get(code).copied().unwrap_or(0)
    }

    /// The numbers of documents, interactions and searches that were acknowledged so far.
    pub(super) fn acknowledged(&self) -> [usize; 3] {
        let searches = self.searches.lock().expect("not poisoned").len();
        [self.documents.load(Ordering::Relaxed), self.interactions.load(Ordering::Relaxed), searches]
    }

    /// Works until they are let rest, and what was begun is acknowledged.
    pub(super) async fn work(&self, round: u32) {
        self.resting.store(false, Ordering::Relaxed);
        tokio::join!(
            self.store_documents(round),
            self.record_interactions(round),
            self.search(round),
            self.read_reports(),
            async {
                self.persist(CRAWL, Value::Null).await;
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
            self.persist(INDEX, json!({ "input": { "documents": documents, "wait": false } })).await;
            self.documents.fetch_add(count, Ordering::Relaxed);
            if self.rests().await {
                return;
            }
        }
    }

    async fn record_interactions(&self, round: u32) {
        for number in 0.. {
            let key = format!("order {round}-{number}");
            let input = json!({ "kind": "CONVERSION", "documentId": self.product, "idempotencyKey": key });
            let data = self.persist(RECORD, json!({ "input": input })).await;
            assert_eq!(data["recordInteraction"]["accepted"], true, "{data}");
            self.interactions.fetch_add(1, Ordering::Relaxed);
            if self.rests().await {
                return;
            }
        }
    }

    async fn search(&self, round: u32) {
        for number in 0.. {
            // In one call, so that a server has all of it or nothing.
            let visit = Visit::new(&format!("visitor-{round}"), number, true);
            self.persist(LOG_MANY, json!({ "input": visit.keystrokes() })).await;
            self.searches.lock().expect("not poisoned").push(visit.logged());
            if self.rests().await {
                return;
            }
        }
    }

    async fn read_reports(&self) {
        while !self.rests().await {
            self.persist(REPORTS, Value::Null).await;
        }
    }

    /// Asks until a server does it; none of the answers may be another error.
    async fn persist(&self, text: &str, variables: Value) -> Value {
        loop {
            let endpoint = self.endpoint.lock().expect("not poisoned").clone();
            match ends("an answer", endpoint.try_ask(text, variables.clone())).await {
                Some(answer) if answer.errors.is_empty() => return answer.data,
                Some(answer) => {
                    let mut failures = self.failures.lock().expect("not poisoned");
                    for code in answer.codes() {
                        assert!(PASSING.contains(&code), "{text}: {answer:?}");
                        *failures.entry(code.to_owned()).or_default() += 1;
                    }
                }
                None => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Pauses, and says whether to end.
    async fn rests(&self) -> bool {
        tokio::time::sleep(PAUSE).await;
        self.resting.load(Ordering::Relaxed)
    }

    /// Everything acknowledged is there once, and nothing else.
    pub(super) async fn assert_kept(&self, endpoint: &Endpoint, tables: &Tables) {
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
        let integer = if tables.0.get_database_backend() == DbBackend::MySql { "SIGNED" } else { "BIGINT" };
        let sum = format!("SELECT CAST(SUM(interactions) AS {integer}) FROM interaction_days");
        assert_eq!(tables.number(&sum).await, interactions as i64, "interactions that were added up");
        let searches = self.searches.lock().expect("not poisoned").clone();
        endpoint.assert_logged(searches).await;
    }
}
