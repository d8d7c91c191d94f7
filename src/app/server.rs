//! A server: its opening, its run, its reload and its end.

mod open;
mod reload;
mod run;
mod stop;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use futures_util::Stream;

use self::reload::SettingsReloader;
use super::crawls::LiveSources;
use super::database::DatabaseRecord;
use super::keystrokes::KeystrokePipeline;
use super::reports::ReportComponents;
use crate::cache::RedisCache;
use crate::config::{ConfigError, Settings};
use crate::crawl::CrawlWorker;
use crate::http::{HttpState, Readiness};
use crate::instance::Instance;
use crate::search::{Indexer, PopularityCounter, RuleStore, Suggestions};
use crate::store::Store;
use crate::supervisor::Pulses;

/// An opened server, whose workers have not started.
pub struct Server {
    settings: Settings,
    /// Proves to other processes on the data folder that this one is alive.
    _instance: Instance,
    record: DatabaseRecord,
    store: Store,
    indexer: Indexer,
    crawls: CrawlWorker,
    sources: Option<LiveSources>,
    keystrokes: KeystrokePipeline,
    reports: ReportComponents,
    redis_cache: Option<Arc<RedisCache>>,
    suggestions: Suggestions,
    rules: RuleStore,
    popularity: PopularityCounter,
    state: HttpState,
    readiness: Readiness,
    pulses: Pulses,
    reloader: Option<SettingsReloader>,
}

impl Server {
    /// The path of GraphiQL, if it is served.
    pub fn explorer(&self) -> Option<&'static str> {
        self.state.serves_explorer().then_some("/graphiql")
    }

    /// The path of the console, if it is served.
    pub fn console(&self) -> Option<&'static str> {
        self.state.serves_console().then_some("/")
    }

    /// Reloads the settings at each of `signals`. `address` is where the server listens.
    pub fn reload_at(
        &mut self,
        address: SocketAddr,
        signals: impl Stream<Item = ()> + Send + 'static,
        load: impl Fn() -> Result<Settings, ConfigError> + Send + 'static,
    ) {
        let Some(sources) = self.sources.take() else { return };
        let reloader =
            SettingsReloader::new(self.settings.clone(), address, self.state.clone(), sources, signals, load);
        self.reloader = Some(reloader);
    }
}
