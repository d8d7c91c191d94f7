//! Traces of the spans with the target [`TRACED`].
//!
//! Spans describe steps and their outcomes in fixed words and numbers. They never contain requests,
//! results or ids of users.

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

use super::exporter::CollectorClient;
use super::{TRACED, TelemetryError};

/// The path of a collector for traces.
const TRACES_PATH: &str = "/v1/traces";
/// The capacity of the export queue; a full queue drops spans.
const QUEUED_SPANS: usize = 4_096;
/// The maximum number of spans in one export.
const BATCH_SPANS: usize = 512;
/// The time between two exports of incomplete batches.
const EXPORT_INTERVAL: Duration = Duration::from_secs(2);

/// The destination and the sampling of traces.
#[derive(Clone, Debug)]
pub struct TraceOptions {
    /// The URL of a collector, without the path for traces.
    pub endpoint: String,
    /// The share of traced requests, unless the `traceparent` of a request decides.
    pub sampling: f64,
    /// The name of this service.
    pub service: String,
}

/// The exporter of traces while this process runs.
pub struct Traces(SdkTracerProvider);

impl Traces {
    pub(super) fn start(options: &TraceOptions) -> Result<Self, TelemetryError> {
        let refused = |error: &dyn std::fmt::Display| TelemetryError::Traces(error.to_string());
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(CollectorClient::new().map_err(|error| refused(&error))?)
            .with_endpoint(format!("{}{TRACES_PATH}", options.endpoint.trim_end_matches('/')))
            .build()
            .map_err(|error| refused(&error))?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUED_SPANS)
            .with_max_export_batch_size(BATCH_SPANS)
            .with_scheduled_delay(EXPORT_INTERVAL)
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

    /// Returns the layer that traces spans with the target [`TRACED`].
    pub(super) fn layer(&self) -> impl Layer<Registry> + Send + Sync + use<> {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("quarry"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|metadata| metadata.is_span() && metadata.target() == TRACED))
    }

    /// Exports the queued spans and stops. Spans left after `within` are lost.
    #[boxed]
    pub async fn finish(self, within: Duration) {
        let ended = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(within)).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::warn!("the last traces could not be sent");
        }
    }
}

/// Continues the trace of a request's `traceparent` header.
///
/// Ignores the other headers of the trace context: they may contain anything.
pub fn continue_trace(span: &Span, traceparent: Option<&str>) {
    let (Some(traceparent), false) = (traceparent, span.is_disabled()) else { return };
    let carrier = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
    let parent = TraceContextPropagator::new().extract(&carrier);
    // An error means that this process exports no traces.
    let _ = span.set_parent(parent);
}
