//! Rankers of a test collection: the engine, the server over GraphQL, and OpenSearch.

use std::path::Path;
use std::process::Command;

use async_trait::async_trait;
use chrono::DateTime;
use quarry::domain::{Document, DocumentChange, DocumentId, DocumentKey, Revision, SourceName};
use quarry::search::tantivy_engine::{TantivyEngine, TantivyOptions};
use quarry::search::{Batch, MatchPolicy, SearchEngine, SearchRequest};
use reqwest::Client;
use serde_json::{Value, json};
use uuid::Uuid;

use super::measures::DEPTH;
use super::process::{Running, free_address, wait_for};
use super::test_collection::{CollectionDocument, TestCollection};

const SOURCE: &str = "collection";
/// Documents per indexing request.
const PER_REQUEST: usize = 500;
/// Words and characters of the longest query that a server accepts if it rejects longer ones.
const SHORTENED: (usize, usize) = (32, 1_024);

/// The ranking of one query.
pub(crate) struct Ranking {
    /// Ids of documents, best first.
    pub(crate) ids: Vec<String>,
    /// True if the query was rejected until it was cut.
    pub(crate) cut: bool,
}

#[async_trait]
pub(crate) trait Ranker {
    async fn rank(&self, query: &str) -> Ranking;
}

/// The engine with one match policy.
pub(crate) struct EngineRanker<'a> {
    pub(crate) engine: &'a TantivyEngine,
    pub(crate) policy: MatchPolicy,
}

#[async_trait]
impl Ranker for EngineRanker<'_> {
    async fn rank(&self, query: &str) -> Ranking {
        let mut request = SearchRequest::new(query, DEPTH);
        request.match_policy = self.policy;
        let answer = self.engine.search_blocking(&request).unwrap();
        let ids = answer.hits.iter().map(|hit| hit.document.key.as_str().to_owned()).collect();
        Ranking { ids, cut: false }
    }
}

/// Indexes a collection with the engine.
pub(crate) async fn engine(folder: &Path, collection: &TestCollection) -> TantivyEngine {
    let options = TantivyOptions {
        folder: folder.to_owned(),
        languages: Default::default(),
        attributes: std::sync::Arc::default(),
        weights: Default::default(),
        sufficient_hits: 5,
        concurrency: 1,
        memory_bytes: 128 << 20,
        threads: 1,
    };
    let engine = TantivyEngine::open(options).unwrap();
    let source = SourceName::parse(SOURCE).unwrap();
    let mut revision = 0;
    let changes = collection.documents.iter().map(|document| {
        revision += 1;
        let key = DocumentKey::parse(&document.id).unwrap();
        let document = Document {
            id: DocumentId::of(&source, &key),
            title: document.title.clone(),
            text: document.text.clone(),
            category: None,
            author: None,
            published_at: None,
            attributes: "{}".to_owned(),
            indexed_at: DateTime::UNIX_EPOCH,
            source: source.clone(),
            key,
        };
        DocumentChange::Upserted(Revision::new(revision), Box::new(document))
    });
    let changes: Vec<DocumentChange> = changes.collect();
    let through = Revision::new(revision);
    engine.apply(Batch { store: Uuid::nil(), changes, through, caught_up: true }).await.unwrap();
    engine
}

/// A server that holds a collection.
pub(crate) struct Server {
    client: Client,
    url: String,
    _process: Running,
}

/// Returns a document as a `DocumentInput`.
fn input(CollectionDocument { id, title, text }: &CollectionDocument) -> Value {
    json!({ "source": SOURCE, "key": id, "title": title, "text": text })
}

/// A server with one match policy; the default without any.
pub(crate) struct ServerRanker<'a> {
    pub(crate) server: &'a Server,
    pub(crate) policy: Option<&'static str>,
}

impl Server {
    /// Starts a server and stores a collection in it.
    pub(crate) async fn start(folder: &Path, collection: &TestCollection) -> Self {
        let address = free_address();
        let settings = format!("listen = \"{address}\"\n[log]\nlevel = \"warn\"\n");
        std::fs::write(folder.join("quarry.toml"), settings).unwrap();
        let process =
            Running::start(Command::new(env!("CARGO_BIN_EXE_quarry")).arg("serve").current_dir(folder));
        wait_for(address);
        let server = Self { client: client(), url: format!("http://{address}/graphql"), _process: process };
        for documents in collection.documents.chunks(PER_REQUEST) {
            let documents: Vec<Value> = documents.iter().map(input).collect();
            let mutation = "mutation Index($documents: [DocumentInput!]!) { \
                            indexDocuments(input: { documents: $documents }) { inserted } }";
            let response = server.execute(mutation, json!({ "documents": documents })).await;
            assert!(response["errors"].is_null(), "{response}");
        }
        server
    }

    async fn execute(&self, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables }).to_string();
        send(self.client.post(&self.url), "application/json", body).await
    }
}

#[async_trait]
impl Ranker for ServerRanker<'_> {
    async fn rank(&self, query: &str) -> Ranking {
        let policy = self.policy.map_or_else(String::new, |policy| format!(", match: {policy}"));
        let operation = format!(
            "query Search($q: String!, $first: Int) {{ \
             search(query: $q, first: $first{policy}) {{ nodes {{ key }} }} }}"
        );
        let ask =
            async |query: &str| self.server.execute(&operation, json!({ "q": query, "first": DEPTH })).await;
        let mut response = ask(query).await;
        let cut = !response["errors"].is_null();
        if cut {
            response = ask(&shortened(query)).await;
        }
        let nodes = &response["data"]["search"]["nodes"];
        Ranking { ids: ids(nodes, "key", &response), cut }
    }
}

/// OpenSearch with BM25 and its English analyzer on title and text together.
pub(crate) struct OpenSearchRanker {
    client: Client,
    index: String,
}

impl OpenSearchRanker {
    /// Indexes a collection under the name of the collection, in place of an earlier run's.
    pub(crate) async fn index(url: &str, collection: &TestCollection) -> Self {
        let client = client();
        let name: String =
            collection.name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
        let index = format!("{}/relevance-{name}", url.trim_end_matches('/'));
        // An index of this name exists if an earlier run was stopped.
        client.delete(&index).send().await.unwrap();
        let mapping = json!({
            "settings": { "number_of_shards": 1, "number_of_replicas": 0 },
            "mappings": { "properties": { "content": { "type": "text", "analyzer": "english" } } },
        });
        let created = send(client.put(&index), "application/json", mapping.to_string()).await;
        // The nodes of the test services lack the module analysis-common: without the analyzer, the ranking is another.
        assert_eq!(created["acknowledged"], json!(true), "{created}");
        for documents in collection.documents.chunks(PER_REQUEST) {
            let mut body = String::new();
            for CollectionDocument { id, title, text } in documents {
                let content = format!("{} {text}", title.as_deref().unwrap_or_default());
                body +=
                    &format!("{}\n{}\n", json!({ "index": { "_id": id } }), json!({ "content": content }));
            }
            let response = send(client.post(format!("{index}/_bulk")), "application/x-ndjson", body).await;
            assert_eq!(response["errors"], json!(false), "{response}");
        }
        send(client.post(format!("{index}/_refresh")), "application/json", String::new()).await;
        Self { client, index }
    }

    /// Deletes the index.
    pub(crate) async fn delete(self) {
        self.client.delete(&self.index).send().await.unwrap();
    }
}

#[async_trait]
impl Ranker for OpenSearchRanker {
    async fn rank(&self, query: &str) -> Ranking {
        let body = json!({ "size": DEPTH, "_source": false, "query": { "match": { "content": query } } });
        let request = self.client.post(format!("{}/_search", self.index));
        let response = send(request, "application/json", body.to_string()).await;
        Ranking { ids: ids(&response["hits"]["hits"], "_id", &response), cut: false }
    }
}

fn ids(hits: &Value, field: &str, response: &Value) -> Vec<String> {
    let hits = hits.as_array().unwrap_or_else(|| panic!("no hits: {response}"));
    hits.iter().map(|hit| hit[field].as_str().unwrap().to_owned()).collect()
}

fn shortened(query: &str) -> String {
    let (words, chars) = SHORTENED;
    // Punctuation divides words, too, so that a word counts as the most it can be.
    let spaced: String = query.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let words: Vec<&str> = spaced.split_whitespace().take(words).collect();
    words.join(" ").chars().take(chars).collect()
}

fn client() -> Client {
    // The first call sets the provider of the process; later ones fail.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}

async fn send(request: reqwest::RequestBuilder, content_type: &str, body: String) -> Value {
    let response = request.header("content-type", content_type).body(body).send().await.unwrap();
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}
