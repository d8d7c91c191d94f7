//! Starts the workers of a server and waits for their end.

use std::time::Duration;

use anyhow::Result;
use futures_util::Stream;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tracing::warn;

use super::{Server, stop};
use crate::app::{metrics, outcome, popularity, search_rules, suggestions};
use crate::http::{HttpState, metrics_router, serve};
use crate::search::{IndexStep, Indexer};
use crate::store::Store;
use crate::supervisor::{Stage, StopCondition, Supervisor, run_worker};

/// The time for requests of metrics that are in flight when the server stops.
const METRICS_DRAIN: Duration = Duration::from_secs(1);
/// The time for a stopping feeder to release its lease.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);
/// The name of the worker that applies changes to the index.
const INDEXER: &str = "indexer";

impl Server {
    /// Serves until a signal, then completes in-flight operations.
    ///
    /// `metrics` is the listener of `/metrics`, if it has its own address.
    pub async fn run(
        self,
        listener: TcpListener,
        metrics: Option<TcpListener>,
        ready: impl FnOnce() + Send + 'static,
        signals: impl Stream<Item = &'static str>,
    ) -> Result<()> {
        let server = &self.settings.server;
        let supervisor = Supervisor::new(server.shutdown_grace).with_delay(server.drain_delay);
        let mut supervisor = supervisor.watched_by(self.pulses);
        if let Some(listener) = metrics {
            spawn_metrics(&mut supervisor, listener, self.state.clone());
        }
        let intake = supervisor.token(Stage::Intake);
        let (state, stop_http) = (self.state, intake.clone());
        supervisor.spawn("http", Stage::Intake, async move {
            serve(listener, state, stop_http).await;
            Ok(())
        });
        let follower = self.indexer.follow();
        spawn_indexer(&mut supervisor, self.indexer, &self.store, self.settings.search.poll);
        let (crawls, stop_crawls, pulse) = (self.crawls, intake.clone(), supervisor.pulse("crawler"));
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
        metrics::watch_redis(&self.keystrokes, self.redis_cache, &mut supervisor);
        self.reports.spawn(&mut supervisor);
        suggestions::spawn(self.suggestions, &mut supervisor);
        search_rules::spawn(self.rules, &mut supervisor);
        popularity::spawn(self.popularity, &mut supervisor);
        if let Some(reloader) = self.reloader {
            reloader.spawn(&mut supervisor);
        }
        let buffer = self.keystrokes.spawn(&mut supervisor);
        let ended = supervisor.run(signals).await;
        stop::close(self.record, ended, buffer, self.store).await
    }
}

/// Serves metrics to the end, so that the shutdown itself is observable.
fn spawn_metrics(supervisor: &mut Supervisor, listener: TcpListener, state: HttpState) {
    let stop = supervisor.token(Stage::Drain);
    let routes = metrics_router(state);
    supervisor.spawn("metrics", Stage::Drain, async move {
        let ended = stop.clone();
        let serving = axum::serve(listener, routes).with_graceful_shutdown(ended.cancelled_owned());
        tokio::select! {
            served = serving => Ok(served?),
            // An incomplete request must not delay the end.
            () = async { stop.cancelled().await; tokio::time::sleep(METRICS_DRAIN).await } => Ok(()),
        }
    });
}

fn spawn_indexer(supervisor: &mut Supervisor, indexer: Indexer, store: &Store, poll: Duration) {
    let indexer = Mutex::new(indexer);
    let (wake, stop) = (store.committed_here(), supervisor.token(Stage::Drain));
    let pulse = supervisor.pulse(INDEXER);
    supervisor.spawn(INDEXER, Stage::Drain, async move {
        let step = || async {
            outcome(indexer.lock().await.step().await.map(|step| step == IndexStep::Progressed), poll)
        };
        let ended = run_worker(INDEXER, &stop, StopCondition::BestEffort, wake, &pulse, step).await;
        // On a failure, the lease expires by itself.
        match timeout(RELEASE_TIMEOUT, indexer.lock().await.release()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(%error, "the lease of the feeder was not released"),
            Err(_) => warn!("the lease of the feeder was not released in time"),
        }
        ended
    });
}
