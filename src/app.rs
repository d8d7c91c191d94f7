//! The composition root: the only place that names concrete adapters and puts them together.

mod access;
mod data_folder;
mod limits;
mod keystrokes;
mod metrics;
mod permissions;
mod persisted_queries;
mod reports;
mod seed;
mod suggestions;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::Stream;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use self::access::Reload;
pub use self::data_folder::forget_if_gone;
use self::keystrokes::KeystrokePipeline;
use self::reports::ReportComponents;
pub use self::seed::{SeedProgress, SeedPlan, seed};
use crate::config::{ConfigError, Settings, SourceConfig};
use crate::crawl::{
    CrawlMetrics, CrawlOptions, CrawlSource, CrawlWorker, Crawler, HttpUpstream, LogProgress, Progress,
    RunEnd,
};
use crate::graphql::{Api, Limits, Services, TimeLimits};
use crate::http::{
    Admission, HttpLimits, HttpServices, HttpState, Metrics, MetricsParts, Origins, Readiness,
    metrics_router, serve,
};
use crate::instance::Instance;
use crate::search::tantivy_engine::{TantivyEngine, TantivyOptions};
use crate::search::{IndexStep, Indexer, SearchEngine, Suggestions};
use crate::store::Store;
use crate::supervisor::{Outcome, Pulses, Stage, Supervisor};

/// The folder of the index, within the data folder.
const INDEX_FOLDER: &str = "index";
/// How long a stopping server finishes telling its metrics.
const LAST_SCRAPES: Duration = Duration::from_secs(1);
/// The longest that the pool of connections may take to close.
const CLOSING: Duration = Duration::from_secs(2);
/// The folder of the keystroke journal, within the data folder.
const JOURNAL_FOLDER: &str = "keystrokes";
/// The folder of the process locks, within the data folder.
const INSTANCES_FOLDER: &str = "instances";

/// Connects to the database and brings its schema up to date.
pub async fn open_store(settings: &Settings) -> Result<Store> {
    let store = connect_store(settings).await?;
    store.migrate_up(None).await.context("the database's schema cannot be brought up to date")?;
    data_folder::remember(settings, &store).await?;
    for source in &settings.sources {
        store.register_source(&source.name).await?;
    }
    Ok(store)
}

/// Connects to the database as it is, if it is the one that the data folder belongs to.
pub async fn connect_store(settings: &Settings) -> Result<Store> {
    permissions::restrict(settings);
    data_folder::require_file(settings)?;
    data_folder::note_lost_log(settings)?;
    let store = Store::connect(settings.database_url.expose(), settings.database.max_connections)
        .await
        .context("cannot open the database: check database_url (`quarry config` shows it)")?;
    data_folder::require_same(settings, &store).await?;
    Ok(store)
}

/// Crawls one source now, whether it is due or not, and tells how that ended.
pub async fn crawl(
    settings: &Settings,
    store: Store,
    source: &SourceConfig,
    allow_shrink: bool,
    progress: &dyn Progress,
    cancel: &CancellationToken,
) -> Result<RunEnd> {
    let instance = register(settings)?;
    let upstream = Arc::new(HttpUpstream::new(source)?);
    let options = CrawlOptions { allow_shrink, wait_for_lease: true, ..crawl_options(settings, &instance) };
    let mut crawler = Crawler::new(store, upstream, source.clone(), options, rand::make_rng());
    Ok(crawler.run(cancel, progress).await?)
}

/// Builds the index anew from the store; `progress` is told the documents it holds so far.
pub async fn reindex(settings: &Settings, mut progress: impl FnMut(u64)) -> Result<u64> {
    let store = open_store(settings).await?;
    let engine: Arc<dyn SearchEngine> = Arc::new(TantivyEngine::open_rebuilding(engine_options(settings))?);
    let mut indexer = Indexer::new(store, engine.clone());
    let mut applied = 0;
    loop {
        let step = indexer.step().await?;
        applied = applied.max(indexer.follow().progress().applied.value().unsigned_abs());
        progress(applied);
        if step == IndexStep::CaughtUp {
            return Ok(engine.health().await?.documents);
        }
    }
}

/// A server, put together and not yet started.
pub struct Server {
    settings: Settings,
    /// Tells other processes on the data folder that this one lives.
    _instance: Instance,
    store: Store,
    indexer: Indexer,
    crawls: CrawlWorker,
    logging: KeystrokePipeline,
    reporting: ReportComponents,
    suggestions: Suggestions,
    state: HttpState,
    readiness: Readiness,
    pulses: Pulses,
    reload: Option<Reload>,
}

impl Server {
    /// Opens everything that a server needs.
    pub async fn open(settings: Settings) -> Result<Self> {
        let limits = limits::fit_to_open_files(&settings, HttpLimits::of(&settings));
        let store = open_store(&settings).await?;
        let instance = register(&settings)?;
        let options = engine_options(&settings);
        let engine = tokio::task::spawn_blocking(|| TantivyEngine::open(options)).await??;
        let engine: Arc<dyn SearchEngine> = Arc::new(engine);
        data_folder::require_log(&settings, &store, &engine).await?;
        data_folder::note_opened(&settings)?;
        let indexer = Indexer::new(store.clone(), engine.clone());
        let sources: Arc<[_]> = settings.sources.iter().map(|source| source.name.clone()).collect();
        let crawled = CrawlMetrics::new(sources.iter().cloned(), Arc::new(LogProgress));
        let crawls = CrawlWorker::new(
            store.clone(),
            crawl_sources(&settings)?,
            crawl_options(&settings, &instance),
            Arc::new(crawled.clone()),
        );
        let logging = KeystrokePipeline::open(&settings, &store).await?;
        let reporting = ReportComponents::open(&settings, &store, &logging.keystrokes)?;
        let suggestions = suggestions::open(&settings, &store, &engine, indexer.follow());
        let pulses = Pulses::default();
        let metrics = Metrics::new(MetricsParts {
            keystrokes: logging.keystrokes.clone(),
            search: engine.clone(),
            index: indexer.follow(),
            store: store.clone(),
            reports: reporting.reports.clone(),
            crawls: crawled,
            workers: pulses.clone(),
            redis: metrics::redis(&logging, &reporting),
        });
        let times = TimeLimits::of(&settings);
        let services = Services {
            store: store.clone(),
            suggestions: suggestions.clone(),
            reports: reporting.reports.clone(),
            interactions: reporting.interactions.clone(),
            search: engine,
            keystrokes: logging.keystrokes.clone(),
            index: indexer.follow(),
            crawl_wanted: crawls.waker(),
            sources,
            index_patience: times.index_patience(),
        };
        let readiness = metrics::readiness(indexer.follow(), &store, &logging);
        let api = Api::new(services, Limits::of(&settings), times);
        let state = HttpState::from(HttpServices {
            persisted_queries: persisted_queries::open(&settings, &api).await?,
            api,
            readiness: readiness.clone(),
            metrics,
            separate_metrics: settings.server.metrics_listen.is_some(),
            limits,
            admission: Admission::new(&limits),
            access: access::gate(&settings),
            graphiql: access::graphiql(&settings),
            origins: Origins::of(&settings),
        });
        let _instance = instance;
        Ok(Self {
            settings,
            _instance,
            store,
            indexer,
            crawls,
            logging,
            reporting,
            suggestions,
            state,
            readiness,
            pulses,
            reload: None,
        })
    }

    /// Where GraphiQL is, if it is served.
    pub fn explorer(&self) -> Option<&'static str> {
        self.state.serves_explorer().then_some("/graphiql")
    }

    /// Reads the settings again at each of `signals`. `address` is where the server listens.
    pub fn reload_at(
        &mut self,
        address: SocketAddr,
        signals: impl Stream<Item = ()> + Send + 'static,
        load: impl Fn() -> Result<Settings, ConfigError> + Send + 'static,
    ) {
        self.reload = Some(Reload::new(self.settings.clone(), address, self.state.clone(), signals, load));
    }

    /// Serves until a signal says to stop; then finishes what is under way. `metrics` is where metrics
    /// are told, if they have an address of their own.
    pub async fn run(
        self,
        listener: TcpListener,
        metrics: Option<TcpListener>,
        ready: impl FnOnce() + Send + 'static,
        signals: impl Stream<Item = &'static str>,
    ) -> Result<()> {
        let server = &self.settings.server;
        let supervisor = Supervisor::new(server.shutdown_grace).with_delay(server.drain_delay);
        let mut supervisor = supervisor.watched_by(self.pulses.clone());
        if let Some(listener) = metrics {
            self.spawn_metrics(&mut supervisor, listener);
        }
        let intake = supervisor.token(Stage::Intake);
        self.spawn_http(&mut supervisor, listener, &intake);
        let follower = self.indexer.follow();
        let indexer = Arc::new(Mutex::new(self.indexer));
        let poll = self.settings.search.poll;
        supervisor.spawn_resumable("indexer", self.store.committed_here(), move || {
            let indexer = indexer.clone();
            async move { index(&indexer, poll).await }
        });
        let crawls = self.crawls;
        let (stop_crawls, pulse) = (intake.clone(), supervisor.pulse("crawler"));
        supervisor.spawn("crawler", Stage::Intake, async move {
            crawls.run(stop_crawls, pulse).await;
            Ok(())
        });
        let (readiness, notice) = (self.readiness, supervisor.notice());
        supervisor.spawn("readiness", Stage::Intake, async move {
            tokio::select! {
                () = follower.until_ready() => ready(),
                () = notice.cancelled() => {}
            }
            notice.cancelled().await;
            readiness.drain();
            intake.cancelled().await;
            Ok(())
        });
        metrics::watch_store(&self.store, &mut supervisor);
        metrics::watch_redis(&self.logging, &self.reporting, &mut supervisor);
        self.reporting.spawn(&mut supervisor);
        suggestions::spawn(self.suggestions, &mut supervisor);
        if let Some(reload) = self.reload {
            reload.spawn(&mut supervisor);
        }
        let last_writes = self.logging.spawn(&mut supervisor);
        let ended = supervisor.run(signals).await;
        last_writes.finish().await?;
        ended?;
        // A call that was broken off may hold its connection for longer than a stopping process has.
        match tokio::time::timeout(CLOSING, self.store.close()).await {
            Ok(closed) => closed?,
            Err(_) => {
                tracing::warn!("the database was not closed in time: it recovers at the next start");
                return Ok(());
            }
        }
        data_folder::note_closed(&self.settings)
    }

    /// Metrics are told to the end, so that what happens at the end can be seen.
    fn spawn_metrics(&self, supervisor: &mut Supervisor, listener: TcpListener) {
        let stop = supervisor.token(Stage::Drain);
        let routes = metrics_router(self.state.clone());
        supervisor.spawn("metrics", Stage::Drain, async move {
            let ended = stop.clone();
            let serving = axum::serve(listener, routes).with_graceful_shutdown(ended.cancelled_owned());
            tokio::select! {
                served = serving => Ok(served?),
                // Who never finishes a request holds nothing up.
                () = async { stop.cancelled().await; tokio::time::sleep(LAST_SCRAPES).await } => Ok(()),
            }
        });
    }

    fn spawn_http(&self, supervisor: &mut Supervisor, listener: TcpListener, intake: &CancellationToken) {
        let (state, stop) = (self.state.clone(), intake.clone());
        supervisor.spawn("http", Stage::Intake, async move {
            serve(listener, state, stop).await;
            Ok(())
        });
    }
}

/// One step of the index, as the supervisor's loop understands it.
async fn index(indexer: &Mutex<Indexer>, poll: Duration) -> Outcome {
    match indexer.lock().await.step().await {
        Ok(IndexStep::Progressed) => Outcome::Progressed,
        Ok(IndexStep::CaughtUp) => Outcome::Idle(poll),
        Err(error) => Outcome::Failed(Box::new(error)),
    }
}

fn register(settings: &Settings) -> Result<Instance> {
    let folder = settings.data_dir.join(INSTANCES_FOLDER);
    Instance::register(&folder).with_context(|| {
        format!("cannot write to {}: choose another data_dir", whole(&settings.data_dir).display())
    })
}

/// A path as errors name it: whoever reads them may be in another folder.
fn whole(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Refuses where a server or a crawl uses the data folder. Of those with other data folders nothing is
/// known here.
pub fn require_idle(settings: &Settings) -> Result<()> {
    let folder = whole(&settings.data_dir);
    if Instance::is_any_alive(&folder.join(INSTANCES_FOLDER))? {
        bail!("another quarry process uses {}: stop it first", folder.display());
    }
    Ok(())
}

/// Refuses where a process with another data folder has the same SQLite file open. Of the users of a database
/// server nothing is known here.
pub fn require_sole_use(store: &Store) -> Result<()> {
    if !store.lock_exclusively() {
        bail!("another quarry process uses this database, with another data_dir: stop it first");
    }
    Ok(())
}

fn crawl_options(settings: &Settings, instance: &Instance) -> CrawlOptions {
    let folder = settings.data_dir.join(INSTANCES_FOLDER);
    let mut options = CrawlOptions::new(instance.id());
    options.known_dead = Some(Arc::new(move |holder| Instance::knows_dead(Path::new(&folder), holder)));
    options
}

fn crawl_sources(settings: &Settings) -> Result<Vec<CrawlSource>> {
    settings
        .sources
        .iter()
        .map(|config| {
            let upstream = Arc::new(HttpUpstream::new(config)?);
            Ok(CrawlSource { config: config.clone(), upstream })
        })
        .collect()
}

fn engine_options(settings: &Settings) -> TantivyOptions {
    let languages: BTreeMap<_, _> =
        settings.sources.iter().map(|source| (source.name.clone(), source.language)).collect();
    TantivyOptions {
        folder: whole(&settings.data_dir).join(INDEX_FOLDER),
        languages,
        concurrency: settings.search.concurrency,
        memory_bytes: settings.search.indexing_memory_mb << 20,
        threads: settings.search.indexing_threads,
    }
}
