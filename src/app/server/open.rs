//! Opens the parts of a server and connects them.

use std::sync::Arc;

use anyhow::Result;

use super::Server;
use crate::access::AccessControl;
use crate::app::cache::SharedCache;
use crate::app::crawls::LiveSources;
use crate::app::database::{DatabaseState, open_store};
use crate::app::index::OpenedIndex;
use crate::app::keystrokes::KeystrokePipeline;
use crate::app::reports::ReportComponents;
use crate::app::{crawls, data_folder, index, limits, metrics, persisted_queries};
use crate::config::{Settings, Switch};
use crate::crawl::{CrawlMetrics, CrawlWorker, LogProgress};
use crate::graphql::{Api, Limits, Services, TimeLimits};
use crate::http::{Admission, HttpLimits, HttpServices, HttpState, Metrics, MetricsParts, Origins};
use crate::search::{PopularityCounter, RuleStore, Suggestions};
use crate::supervisor::Pulses;

impl Server {
    /// Opens all parts of a server, without serving yet.
    pub async fn open(settings: Settings) -> Result<Self> {
        let limits = limits::fit_to_open_files(&settings, HttpLimits::of(&settings));
        let (store, mut record) = open_store(&settings).await?;
        let instance = data_folder::register(&settings)?;
        let cache = SharedCache::open(&settings)?;
        let OpenedIndex { engine, indexer } =
            index::open(&settings, &store, instance.id(), &cache.client).await?;
        record.require_log(&store, &engine).await?;
        record.set_state(DatabaseState::Open)?;
        let names = settings.sources.crawled.iter().map(|source| source.name.clone());
        let crawled = CrawlMetrics::new(names, Arc::new(LogProgress));
        let crawls = CrawlWorker::new(
            store.clone(),
            crawls::sources(&settings)?,
            crawls::options(&settings, &instance),
            Arc::new(crawled.clone()),
        );
        let live = LiveSources { crawls: crawls.sources(), metrics: crawled.clone() };
        let keystrokes = KeystrokePipeline::open(&settings, &store).await?;
        let reports = ReportComponents::new(&store, cache.client, &keystrokes.keystrokes);
        let suggestions =
            Suggestions::new(store.clone(), engine.clone(), indexer.follow(), settings.suggest.clone());
        let rules = RuleStore::new(store.clone(), engine.clone());
        rules.step().await?;
        let popularity =
            PopularityCounter::new(store.clone(), engine.clone(), settings.search.popularity_days);
        let pulses = Pulses::default();
        let metrics = Metrics::new(MetricsParts {
            keystrokes: keystrokes.keystrokes.clone(),
            search: engine.clone(),
            index: indexer.follow(),
            store: store.clone(),
            reports: reports.reports.clone(),
            crawls: crawled,
            workers: pulses.clone(),
            redis: metrics::redis(&keystrokes, cache.redis.as_deref()),
        });
        let times = TimeLimits::of(&settings);
        let services = Services {
            store: store.clone(),
            suggestions: suggestions.clone(),
            rules: rules.clone(),
            reports: reports.reports.clone(),
            interactions: reports.interactions.clone(),
            search: engine,
            keystrokes: keystrokes.keystrokes.clone(),
            index: indexer.follow(),
            crawls: crawls.crawls(),
            index_timeout: times.index_timeout(),
        };
        let readiness = metrics::readiness(indexer.follow(), &store, &keystrokes);
        let api = Api::new(services, Limits::of(&settings), times);
        let state = HttpState::from(HttpServices {
            persisted_queries: persisted_queries::open(&settings, &api).await?,
            api,
            readiness: readiness.clone(),
            metrics,
            separate_metrics: settings.server.metrics_listen.is_some(),
            limits,
            admission: Admission::new(&limits),
            access: AccessControl::new(
                &settings.keys,
                &settings.rate_limits,
                settings.server.trusted_proxies,
            ),
            graphiql: serves_graphiql(&settings),
            console: serves_console(&settings),
            origins: Origins::of(&settings),
        });
        Ok(Self {
            settings,
            _instance: instance,
            record,
            store,
            indexer,
            crawls,
            sources: Some(live),
            keystrokes,
            reports,
            redis_cache: cache.redis,
            suggestions,
            rules,
            popularity,
            state,
            readiness,
            pulses,
            reloader: None,
        })
    }
}

/// Returns true if GraphiQL is served; `None` if it is served while no keys are configured.
fn serves_graphiql(settings: &Settings) -> Option<bool> {
    match settings.server.graphiql {
        // With trusted documents only, it could execute none of the typed ones.
        Switch::Auto if settings.persisted.only_trusted => Some(false),
        Switch::Auto => None,
        Switch::On => Some(true),
        Switch::Off => Some(false),
    }
}

/// Returns true if the console is served; `None` if it is served beside GraphiQL.
const fn serves_console(settings: &Settings) -> Option<bool> {
    match settings.server.console {
        Switch::Auto => None,
        Switch::On => Some(true),
        Switch::Off => Some(false),
    }
}
