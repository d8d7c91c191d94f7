//! Traces: what is made of spans with the target [`TRACED`].
//!
//! Spans say what was done and how it went, in fixed words and numbers. They never hold what was
//! asked for, what was found, or who asked.

use crate::boxed;
use std::collections::HashMap;
use std::time::Duration;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, SpanLimits,
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::{Layer, Registry};

use super::exporter::Collector;
use super::{TRACED, TelemetryError};

/// The path of a collector that takes traces.
const PATH: &str = "/v1/traces";
/// Spans that wait to be sent; more are dropped.
const WAITING: usize = 4_096;
/// Spans that are sent at once, at most.
const AT_ONCE: usize = 512;
/// Between two times that spans are sent, unless many wait.
const EVERY: Duration = Duration::from_secs(2);

/// Where traces go, and which.
#[derive(Clone, Debug)]
pub struct TraceOptions {
    /// The address of a collector, without the path for traces.
    pub endpoint: String,
    /// The share of requests that are traced, unless they say themselves.
    pub sampling: f64,
    /// What this server is called.
    pub service: String,
}

/// Traces that are sent while this process runs.
pub struct Traces(SdkTracerProvider);

impl Traces {
    pub(super) fn start(options: &TraceOptions) -> Result<Self, TelemetryError> {
        let refused = |error: &dyn std::fmt::Display| TelemetryError::Traces(error.to_string());
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::new().map_err(|error| refused(&error))?)
            .with_endpoint(format!("{}{PATH}", options.endpoint.trim_end_matches('/')))
            .build()
            .map_err(|error| refused(&error))?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(WAITING)
            .with_max_export_batch_size(AT_ONCE)
            .with_scheduled_delay(EVERY)
            .build();
        let resource = Resource::builder_empty()
            .with_service_name(options.service.clone())
            .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(options.sampling)));
        let provider = SdkTracerProvider::builder()
            .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(batches).build())
            .with_sampler(sampler)
            .with_span_limits(SpanLimits { max_events_per_span: 0, ..SpanLimits::default() })
            .with_resource(resource)
            .build();
        Ok(Self(provider))
    }

    /// What makes traces of spans, and of nothing else.
    pub(super) fn layer(&self) -> impl Layer<Registry> + Send + Sync + use<> {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("quarry"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|metadata| metadata.is_span() && metadata.target() == TRACED))
    }

    /// Sends what waits, and no more after that. What is not sent within this time is lost.
    #[boxed]
    pub async fn finish(self, within: Duration) {
        let ended = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(within)).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::warn!("the last traces could not be sent");
        }
    }
}

/// Lets a span go on with the trace of whoever sent the request, as its `traceparent` header says.
/// Nothing else that is sent with it is passed on: it could hold anything.
pub fn continue_trace(span: &Span, traceparent: Option<&str>) {
    let (Some(traceparent), false) = (traceparent, span.is_disabled()) else { return };
    let carrier = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
    let parent = TraceContextPropagator::new().extract(&carrier);
    // Without traces, there is nobody to tell.
    let _ = span.set_parent(parent);
}
