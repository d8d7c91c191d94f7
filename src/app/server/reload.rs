//! Reloads the settings of a running server.

use std::net::SocketAddr;
use std::pin::Pin;

use futures_util::{Stream, StreamExt};

use crate::app::crawls::{self, LiveSources};
use crate::app::persisted_queries;
use crate::config::{ConfigError, Settings, SourceConfig};
use crate::http::HttpState;
use crate::supervisor::{Stage, Supervisor};

/// Settings that a reload applies; the others need a restart.
const RELOADABLE: [&str; 8] = [
    "keys",
    "persisted.documents",
    "rate_limits.per_key",
    "rate_limits.per_key_burst",
    "rate_limits.per_address",
    "rate_limits.per_address_burst",
    "rate_limits.failed_keys",
    "sources",
];

/// The worker that reloads the settings on a signal.
pub(super) struct SettingsReloader {
    /// The settings at the start.
    initial: Settings,
    /// The settings of the last successful reload.
    current: Settings,
    /// The address of the listener, from which reloaded settings may differ.
    address: SocketAddr,
    state: HttpState,
    sources: LiveSources,
    signals: Pin<Box<dyn Stream<Item = ()> + Send>>,
    load: Box<dyn Fn() -> Result<Settings, ConfigError> + Send>,
}

impl SettingsReloader {
    pub(super) fn new(
        settings: Settings,
        address: SocketAddr,
        state: HttpState,
        sources: LiveSources,
        signals: impl Stream<Item = ()> + Send + 'static,
        load: impl Fn() -> Result<Settings, ConfigError> + Send + 'static,
    ) -> Self {
        Self {
            initial: settings.clone(),
            current: settings,
            address,
            state,
            sources,
            signals: Box::pin(signals),
            load: Box::new(load),
        }
    }

    pub(super) fn spawn(mut self, supervisor: &mut Supervisor) {
        let stop = supervisor.token(Stage::Intake);
        supervisor.spawn("settings", Stage::Intake, async move {
            loop {
                tokio::select! {
                    Some(()) = self.signals.next() => self.step().await,
                    () = stop.cancelled() => return Ok(()),
                }
            }
        });
    }

    /// Applies all reloadable settings or none, and logs those that need a restart.
    async fn step(&mut self) {
        let loaded = (self.load)().and_then(|settings| match self.current.refuses(&settings) {
            Some(error) => Err(error),
            None => Ok(settings),
        });
        let settings = match loaded {
            Ok(settings) => settings,
            Err(error) => return error.problems().iter().for_each(|problem| reject(problem)),
        };
        // The file changes with each release of the clients, even under the same name.
        let trusted = match persisted_queries::trusted(&settings, &self.state.api).await {
            Ok(trusted) => trusted,
            Err(error) => return reject(&format!("{error:#}")),
        };
        // Unchanged sources keep their connections and crawls.
        let sources = if settings.sources.crawled == self.current.sources.crawled {
            None
        } else {
            match crawls::sources(&settings) {
                Ok(sources) => Some(sources),
                Err(error) => return reject(&format!("{error:#}")),
            }
        };
        if let Some(sources) = sources {
            log_sources(&self.current.sources.crawled, &settings.sources.crawled);
            self.sources.replace(sources);
        }
        self.state.access.replace(&settings.keys, &settings.rate_limits);
        self.state.persisted_queries.replace_trusted(trusted);
        let changed = settings.changed_from(&self.current);
        let reloaded: Vec<&str> = changed.into_iter().filter(|key| RELOADABLE.contains(key)).collect();
        tracing::info!(changed = reloaded.join(", "), keys = settings.keys.len(), "settings reloaded");
        for warning in settings.warnings(self.address) {
            tracing::warn!("{warning}");
        }
        // Compared with the initial settings: a reverted change needs no restart.
        let mut pending = settings.changed_from(&self.initial);
        pending.retain(|key| !RELOADABLE.contains(key));
        if settings.special_languages() != self.initial.special_languages() {
            // The index is rebuilt for them.
            pending.push("sources.language");
        }
        if settings.declared_attributes() != self.initial.declared_attributes() {
            pending.push("sources.attributes");
        }
        if !pending.is_empty() {
            tracing::warn!(settings = pending.join(", "), "changed settings need a restart");
        }
        self.current = settings;
        // It needs a restart, so the next reload is validated against the effective value.
        self.current.persisted.only_trusted = self.initial.persisted.only_trusted;
    }
}

/// Logs the names of added, changed and removed sources.
fn log_sources(before: &[SourceConfig], now: &[SourceConfig]) {
    let find = |sources: &'_ [SourceConfig], source: &SourceConfig| {
        sources.iter().position(|other| other.name == source.name)
    };
    let names = |sources: Vec<&SourceConfig>| {
        sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let added = names(now.iter().filter(|source| find(before, source).is_none()).collect());
    let removed = names(before.iter().filter(|source| find(now, source).is_none()).collect());
    let is_changed = |source: &&SourceConfig| find(before, source).is_some_and(|at| before[at] != **source);
    let changed = names(now.iter().filter(is_changed).collect());
    tracing::info!(added, changed, removed, "sources reloaded");
}

fn reject(problem: &dyn std::fmt::Display) {
    tracing::error!(%problem, "the settings are invalid, so the old ones stay in force");
}
