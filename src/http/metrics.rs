//! `/metrics`: how the server does, in Prometheus's text format.
//!
//! Figures are kept where they arise; each scrape asks for them and writes the page anew. There is
//! no registry that lives longer, so nothing is counted twice, and a new metric is one more line in
//! the function of its part. Names and labels are fixed words: nothing here is about a person.
//!
//! It deliberately lacks OpenMetrics, which wants other names in its comments: everything that
//! scrapes understands the older format as well.

use std::fmt;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Metric, Registry};

use super::HttpState;
use super::problem::Problem;
use crate::domain::Timestamp;
use crate::graphql::ErrorCode;
use crate::keystroke::{BufferHealth, Keystrokes};

/// How long a scrape waits for a part that does not answer: far less than a scraper waits.
const PATIENCE: Duration = Duration::from_secs(2);
/// What the names of all metrics begin with.
const PREFIX: &str = "quarry";
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the page tells of. Clones share it.
#[derive(Clone)]
pub struct Metrics {
    keystrokes: Keystrokes,
}

impl Metrics {
    /// The metrics of these parts.
    pub fn new(keystrokes: Keystrokes) -> Self {
        Self { keystrokes }
    }

    /// The page as of now.
    async fn page(&self) -> Result<String, fmt::Error> {
        let health = tokio::time::timeout(PATIENCE, self.keystrokes.health()).await;
        let buffer = health.ok().and_then(Result::ok).map(|health| health.buffer);
        let mut page = Page(Registry::with_prefix(PREFIX));
        page.buffer(buffer.as_ref(), Utc::now());
        page.add(
            "flush_duration_seconds",
            "How long this server took to log what it had claimed, from folding to acknowledging",
            self.keystrokes.progress().seconds(),
        );
        let mut text = String::new();
        encode_registry(&mut text, &page.0)?;
        Ok(text)
    }
}

pub(super) async fn serve(State(state): State<HttpState>) -> Response {
    match state.metrics.page().await {
        Ok(text) => ([(CONTENT_TYPE, TEXT), (CACHE_CONTROL, "no-store")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            let message = "The metrics cannot be written. The log has more.";
            Problem::new(http::StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::InternalServerError, message)
                .into_response()
        }
    }
}

/// A page under way.
struct Page(Registry);

impl Page {
    /// Adds a metric; a full stop follows the help text.
    fn add(&mut self, name: &str, help: &str, metric: impl Metric) {
        self.0.register(name, help, metric);
    }

    fn count(&mut self, name: &str, help: &str, count: u64) {
        self.add(name, help, Count(count));
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.add(name, help, ConstGauge::new(value));
    }

    /// The keystroke buffer, as far as it answers. Where servers share one, each tells the same.
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and a buffer holds millions")]
    fn buffer(&mut self, health: Option<&BufferHealth>, now: Timestamp) {
        let up = if health.is_some() { 1.0 } else { 0.0 };
        self.gauge(
            "keystroke_buffer_up",
            "Whether the keystroke buffer answers; without it, its figures are left out",
            up,
        );
        let Some(health) = health else { return };
        self.count("keystrokes_accepted_total", "Keystrokes that the buffer took", health.accepted);
        self.add(
            "keystrokes_dropped_total",
            "Keystrokes that were not taken: behind a search that was final (late), over a session's limit (flood), \
             or over what the buffer holds (full)",
            CountBy("cause", [("late", health.late), ("flood", health.flooded), ("full", health.full)]),
        );
        self.gauge("keystrokes_buffered", "Keystrokes that wait in the buffer", health.keystrokes as f64);
        self.gauge(
            "keystroke_runs_buffered",
            "Runs of keystrokes that are being typed or wait to be logged",
            health.runs as f64,
        );
        let age = health.oldest.map_or(0.0, |oldest| (now - oldest).as_seconds_f64().max(0.0));
        self.gauge(
            "keystrokes_oldest_age_seconds",
            "Since the first keystroke of the run that waits longest; 0 if none waits",
            age,
        );
        self.count("keystroke_runs_claimed_total", "Runs that were claimed to be logged", health.claimed);
        self.count(
            "keystroke_runs_reclaimed_total",
            "Runs that were claimed again, since whoever had claimed them did not finish in time",
            health.reclaimed,
        );
        self.count("searches_flushed_total", "Searches that were logged", health.searches);
        self.count(
            "searches_duplicates_suppressed_total",
            "Searches that came a second time after something broke off, and were not logged again",
            health.duplicates,
        );
        let flushed = health.last_flush.map(|at| at.timestamp_millis() as f64 / 1_000.0);
        if let Some(flushed) = flushed {
            self.gauge(
                "last_flush_timestamp_seconds",
                "When searches were last logged, in Unix time",
                flushed,
            );
        }
    }
}

/// A counter whose whole name is given, `_total` and all: the crate's own is named for OpenMetrics.
#[derive(Debug)]
struct Count(u64);

impl EncodeMetric for Count {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        encoder.encode_gauge(&self.0)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}

/// Such a counter for each value of a label.
#[derive(Debug)]
struct CountBy<const N: usize>(&'static str, [(&'static str, u64); N]);

impl<const N: usize> EncodeMetric for CountBy<N> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let Self(label, counts) = self;
        for (value, count) in counts {
            encoder.encode_family(&[(*label, *value)])?.encode_gauge(count)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}
