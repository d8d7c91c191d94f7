//! A running server with its own database and index, and a client.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quarry::access::AccessControl;
use quarry::cache::{Cache, CacheLimits, LocalCache};
use quarry::config::{KeystrokeSettings, Settings, SourceConfig};
use quarry::crawl::{CrawlMetrics, CrawlSource, Crawls, LogProgress};
use quarry::domain::{SourceName, Timestamp};
use quarry::graphql::{Api, Limits, Services, TimeLimits};
use quarry::http::{
    Admission, ApqCache, HttpLimits, HttpServices, HttpState, Metrics, MetricsParts, Origins,
    PersistedQueries, Readiness, TrustedDocuments, serve,
};
use quarry::interaction::Interactions;
use quarry::keystroke::{
    BufferLimits, ClaimScope, Exclusions, FlushStatus, FlushStep, Flusher, FoldPolicy, KeystrokeBuffer,
    Keystrokes, LocalBuffer, LocalFeed, Mask,
};
use quarry::report::{Coverage, CoverageError, Reports};
use quarry::search::tantivy_engine::{TantivyEngine, TantivyOptions};
use quarry::search::{Attributes, FieldWeights, IndexStep, Indexer, RuleStore, SearchEngine, Suggestions};
use quarry::store::Store;
use quarry::supervisor::Pulses;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::crawl::scripted;
use crate::support::databases::TestDatabase;

/// The options of a test's server.
pub(super) struct Setup {
    /// Runs the indexer.
    pub(super) indexing: bool,
    /// The crawled source, whose name is [`SOURCE`].
    pub(super) source: SourceConfig,
    /// The declared attributes.
    pub(super) attributes: Attributes,
    /// The timeout of mutations that wait for the index.
    pub(super) index_timeout: Duration,
    /// The engine in place of the index.
    pub(super) engine: Option<Arc<dyn SearchEngine>>,
    /// The keystroke buffer in place of a journal in the server's folder.
    pub(super) buffer: Option<Arc<dyn KeystrokeBuffer>>,
    /// The settings of keystrokes that are not logged.
    pub(super) keystrokes: KeystrokeSettings,
    pub(super) times: TimeLimits,
    pub(super) http: HttpLimits,
    pub(super) limits: Limits,
    pub(super) gate: AccessControl,
    pub(super) graphiql: Option<bool>,
    pub(super) console: Option<bool>,
    pub(super) origins: Origins,
    /// The cache of documents that clients send with their hashes.
    pub(super) documents: Option<Arc<dyn Cache>>,
    /// A file of trusted documents.
    pub(super) trusted: Option<Value>,
    pub(super) only_trusted: bool,
    /// The time for which clients may cache responses to GET queries by hash.
    pub(super) max_age: Duration,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            indexing: true,
            source: scripted::source("http://127.0.0.1:9/messages".parse().unwrap()),
            attributes: Attributes::default(),
            index_timeout: TimeLimits::default().index_timeout(),
            engine: None,
            buffer: None,
            keystrokes: Settings::default().keystrokes,
            times: TimeLimits::default(),
            http: HttpLimits::default(),
            limits: Limits::default(),
            gate: AccessControl::unrestricted(),
            graphiql: None,
            console: None,
            origins: Origins::of(&Settings::default()),
            documents: None,
            trusted: None,
            only_trusted: false,
            max_age: Duration::ZERO,
        }
    }
}

/// A coverage without pending searches: tests flush before they query.
struct Everything;

#[async_trait::async_trait]
impl Coverage for Everything {
    async fn oldest_pending(&self) -> Result<Option<Timestamp>, CoverageError> {
        Ok(None)
    }
}

/// The configured source of every test server.
pub(super) const SOURCE: &str = "messages";

pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) store: Store,
    flusher: tokio::sync::Mutex<Flusher>,
    pub(super) crawl_requested: Arc<Notify>,
    pub(super) readiness: Readiness,
    pub(super) admission: Admission,
    /// The API that it serves.
    pub(super) api: Api,
    /// The signal of an orderly shutdown.
    pub(super) stop: CancellationToken,
    client: Client,
    tasks: Vec<JoinHandle<()>>,
    #[expect(dead_code, reason = "an indexer that stands still, where none runs")]
    idle: Option<Indexer>,
    #[expect(dead_code, reason = "held for its destructor")]
    database: TestDatabase,
    #[expect(dead_code, reason = "held for its destructor")]
    folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Server {
    pub(super) async fn start() -> Self {
        Self::start_with(Setup::default()).await
    }

    pub(super) async fn start_with(setup: Setup) -> Self {
        // The first test installs it for the process.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let database = TestDatabase::sqlite();
        let store = database.store().await;
        let folder = TempDir::new().unwrap();
        let index: Arc<dyn SearchEngine> = Arc::new(
            TantivyEngine::open(TantivyOptions {
                folder: folder.path().to_owned(),
                languages: BTreeMap::new(),
                weights: FieldWeights::of(&Settings::default().weights, &setup.attributes),
                attributes: Arc::new(setup.attributes),
                sufficient_hits: 5,
                concurrency: 2,
                memory_bytes: 20_000_000,
                threads: 1,
            })
            .unwrap(),
        );
        let mut indexer = Indexer::new(store.clone(), index.clone());
        let follower = indexer.follow();
        let mut tasks = Vec::new();
        let mut idle = None;
        if setup.indexing {
            // Commits the empty index now: a commit still running at the end of a short test would outlive its folder.
            while indexer.step().await.unwrap() == IndexStep::Progressed {}
            let mut committed = store.committed_here();
            tasks.push(tokio::spawn(async move {
                loop {
                    committed.mark_unchanged();
                    while indexer.step().await.expect("the store and the index work") == IndexStep::Progressed
                    {
                    }
                    if committed.changed().await.is_err() {
                        return;
                    }
                }
            }));
        } else {
            idle = Some(indexer);
        }
        let crawl_requested = Arc::new(Notify::new());
        let journal = folder.path().join("keystrokes");
        let buffer: Arc<dyn KeystrokeBuffer> = match setup.buffer {
            Some(buffer) => buffer,
            None => Arc::new(
                LocalBuffer::open(&journal, BufferLimits::default(), Duration::from_secs(1)).unwrap(),
            ),
        };
        let feed = Arc::new(LocalFeed::new());
        let flush_status = FlushStatus::default();
        let policy = FoldPolicy {
            window: BufferLimits::default().window,
            continue_window: std::time::Duration::from_secs(30),
            mask: Some(Mask::default()),
        };
        let exclusions = Exclusions::of(&setup.keystrokes);
        let flusher = Flusher::new(
            buffer.clone(),
            store.clone(),
            feed.clone(),
            policy,
            exclusions.clone(),
            flush_status.clone(),
        );
        let keystrokes = Keystrokes { buffer, feed, flush_status, mask: Some(Mask::default()), exclusions };
        let engine = setup.engine.unwrap_or(index);
        let settings = Settings::default().suggest;
        let suggestions = Suggestions::new(store.clone(), engine.clone(), follower.clone(), settings);
        let cache = Arc::new(LocalCache::new(CacheLimits::default()));
        let ttl = Duration::from_secs(300);
        let (interactions, writer) = Interactions::new(store.clone());
        tasks.push(tokio::spawn(writer.run(CancellationToken::new())));
        let reports = Reports::new(store.clone(), cache, Arc::new(Everything), ttl);
        let source = SourceName::parse(SOURCE).unwrap();
        let metrics = Metrics::new(MetricsParts {
            keystrokes: keystrokes.clone(),
            search: engine.clone(),
            index: follower.clone(),
            store: store.clone(),
            reports: reports.clone(),
            crawls: CrawlMetrics::new([source.clone()], Arc::new(LogProgress)),
            workers: Pulses::default(),
            redis: Vec::new(),
        });
        let services = Services {
            interactions,
            reports,
            store: store.clone(),
            keystrokes,
            rules: RuleStore::new(store.clone(), engine.clone()),
            search: engine,
            suggestions,
            index: follower.clone(),
            crawls: Crawls::new(
                store.clone(),
                tokio::sync::watch::channel(vec![CrawlSource::new(setup.source).unwrap()]).1,
                crawl_requested.clone(),
            ),
            index_timeout: setup.index_timeout,
        };
        let readiness = Readiness::new(follower);
        let api = Api::new(services, setup.limits, setup.times);
        let trusted = match setup.trusted {
            Some(file) => Some(TrustedDocuments::read(file.to_string().as_bytes(), &api).await.unwrap()),
            None => None,
        };
        let automatic = setup.documents.map(|cache| ApqCache::new(cache, Duration::from_secs(60)));
        let admission = Admission::new(&setup.http);
        let state = HttpState::from(HttpServices {
            api: api.clone(),
            readiness: readiness.clone(),
            metrics,
            persisted_queries: PersistedQueries::new(trusted, setup.only_trusted, automatic, setup.max_age),
            separate_metrics: false,
            limits: setup.http,
            access: setup.gate,
            graphiql: setup.graphiql,
            console: setup.console,
            origins: setup.origins,
            admission: admission.clone(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        tasks.push(tokio::spawn(serve(listener, state, stop.clone())));
        let client = Client::builder().no_proxy().build().unwrap();
        let flusher = tokio::sync::Mutex::new(flusher);
        Self {
            address,
            store,
            flusher,
            crawl_requested,
            readiness,
            admission,
            api,
            stop,
            client,
            tasks,
            idle,
            database,
            folder,
        }
    }

    /// Logs all buffered searches, final or not.
    pub(super) async fn flush(&self) {
        while self.flusher.lock().await.step(ClaimScope::All).await.unwrap() != FlushStep::Idle {}
    }

    pub(super) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("http://{}{path}", self.address))
    }

    pub(super) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.client.request(method.parse().unwrap(), format!("http://{}{path}", self.address))
    }

    /// A POST of JSON to `/graphql`.
    pub(super) fn post(&self, body: &Value) -> RequestBuilder {
        self.request("POST", "/graphql").header("content-type", "application/json").body(body.to_string())
    }

    /// The whole response to an operation.
    pub(super) async fn ask(&self, query: &str, variables: Value) -> Value {
        read(self.post(&json!({"query": query, "variables": variables})).send().await.unwrap()).await
    }

    /// The data of an operation that must not fail.
    pub(super) async fn data(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.ask(query, variables).await;
        assert_eq!(answer.get("errors"), None, "{query}");
        answer["data"].take()
    }

    /// The one error of an operation that must fail.
    pub(super) async fn error(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.ask(query, variables).await;
        let errors = answer["errors"].as_array_mut().unwrap_or_else(|| panic!("{query} did not fail"));
        assert_eq!(errors.len(), 1, "{errors:?}");
        errors.remove(0)
    }

    /// The message of the first error of a document that validation must refuse, whether it was sent before or not.
    pub(super) async fn validation_error(&self, query: &str, variables: &Value) -> String {
        let body = json!({"query": query, "variables": variables});
        let request = self.post(&body).header("accept", "application/graphql-response+json");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 400, "{query}");
        let answer = read(response).await;
        let error = &answer["errors"][0];
        assert_eq!(code(error), "GRAPHQL_VALIDATION_FAILED", "{query}: {answer}");
        error["message"].as_str().unwrap().to_owned()
    }

    /// Stores documents and waits until searches find them; returns the payload.
    pub(super) async fn index(&self, documents: Value) -> Value {
        let query = "mutation($input: IndexDocumentsInput!) { indexDocuments(input: $input) \
                     { inserted updated unchanged documents { id key } } }";
        self.data(query, json!({"input": {"documents": documents}})).await["indexDocuments"].take()
    }
}

/// The body of a response as JSON.
pub(super) async fn read(response: Response) -> Value {
    let text = response.text().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// `extensions.code` of an error.
pub(super) fn code(error: &Value) -> &str {
    error["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no code: {error}"))
}
