//! Who may call: from the settings at the start, and again whenever they are read anew.

use std::net::SocketAddr;
use std::pin::Pin;

use futures_util::{Stream, StreamExt};

use super::persisted_queries;
use crate::access::AccessControl;
use crate::config::{ConfigError, Settings, Switch};
use crate::http::HttpState;
use crate::supervisor::{Stage, Supervisor};

/// What changes while a server runs. All else needs a restart.
const RELOADED: [&str; 7] = [
    "keys",
    "persisted.documents",
    "rate_limits.per_key",
    "rate_limits.per_key_burst",
    "rate_limits.per_address",
    "rate_limits.per_address_burst",
    "rate_limits.failed_keys",
];

/// The gate that the settings describe.
pub(super) fn gate(settings: &Settings) -> AccessControl {
    AccessControl::new(&settings.keys, &settings.rate_limits, settings.server.trusted_proxies)
}

/// Whether the explorer is served; absent: as long as no keys are asked for. Where only trusted
/// documents run, it could send none of what is typed into it.
pub(super) fn graphiql(settings: &Settings) -> Option<bool> {
    match settings.server.graphiql {
        Switch::Auto if settings.persisted.only_trusted => Some(false),
        Switch::Auto => None,
        Switch::On => Some(true),
        Switch::Off => Some(false),
    }
}

/// Reads the settings anew when it is told to.
pub(super) struct Reload {
    /// What the server was started with.
    started_with: Settings,
    /// The last that were taken.
    current: Settings,
    /// Where the server listens: settings that are read anew may name another address.
    address: SocketAddr,
    state: HttpState,
    signals: Pin<Box<dyn Stream<Item = ()> + Send>>,
    load: Box<dyn Fn() -> Result<Settings, ConfigError> + Send>,
}

impl Reload {
    pub(super) fn new(
        settings: Settings,
        address: SocketAddr,
        state: HttpState,
        signals: impl Stream<Item = ()> + Send + 'static,
        load: impl Fn() -> Result<Settings, ConfigError> + Send + 'static,
    ) -> Self {
        Self {
            started_with: settings.clone(),
            current: settings,
            address,
            state,
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

    /// Takes what can change while the server runs, all of it or nothing, and names what cannot.
    async fn step(&mut self) {
        let loaded = (self.load)().and_then(|settings| match self.current.refuses(&settings) {
            Some(error) => Err(error),
            None => Ok(settings),
        });
        let settings = match loaded {
            Ok(settings) => settings,
            Err(error) => return error.problems().iter().for_each(|problem| refuse(problem)),
        };
        // Their file is read again even if its name is the same: it is another with each release.
        let trusted = match persisted_queries::trusted(&settings, &self.state.api).await {
            Ok(trusted) => trusted,
            Err(error) => return refuse(&format!("{error:#}")),
        };
        self.state.access.replace(&settings.keys, &settings.rate_limits);
        self.state.persisted_queries.replace_trusted(trusted);
        let changed = settings.changed_from(&self.current);
        let reloaded: Vec<&str> = changed.into_iter().filter(|key| RELOADED.contains(key)).collect();
        tracing::info!(changed = reloaded.join(", "), keys = settings.keys.len(), "settings reloaded");
        for warning in settings.warnings(self.address) {
            tracing::warn!("{warning}");
        }
        // Against what runs: a change that was taken back needs no restart any more.
        let mut waiting = settings.changed_from(&self.started_with);
        waiting.retain(|key| !RELOADED.contains(key));
        if !waiting.is_empty() {
            tracing::warn!(settings = waiting.join(", "), "changed settings need a restart");
        }
        self.current = settings;
        // It waits for a restart, so what is refused goes by what runs.
        self.current.persisted.only_trusted = self.started_with.persisted.only_trusted;
    }
}

fn refuse(problem: &dyn std::fmt::Display) {
    tracing::error!(%problem, "the settings are wrong, so the old ones stay");
}
