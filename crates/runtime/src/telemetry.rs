//! The log of events on standard error, and traces of spans.
//!
//! Events belong to the log and spans to traces: neither appears in the other. Traced spans have the target
//! [`TRACED`]; without an exporter, such a span costs next to nothing.
//!
//! Deliberately without files, rotation and shipping: the service manager does that.

mod exporter;
mod panics;
mod traces;

use std::io::IsTerminal;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry};

pub use traces::{TraceOptions, Traces, continue_trace};

/// Libraries that log every step at `info`, and their levels unless the filter names them.
///
/// One module of tantivy warns about merges that a commit overtook, which is normal.
const VERBOSE_LIBRARIES: &[(&str, LevelFilter)] = &[
    ("sea_orm_migration", LevelFilter::WARN),
    ("sqlx", LevelFilter::WARN),
    ("tantivy", LevelFilter::WARN),
    ("tantivy::indexer::segment_manager", LevelFilter::ERROR),
];

/// Libraries that log the messages of users below [`CONTENT_FREE_LEVEL`], which no filter enables.
const CONTENT_LIBRARIES: &[&str] = &["tungstenite", "tokio_tungstenite"];
const CONTENT_FREE_LEVEL: LevelFilter = LevelFilter::INFO;

/// The format of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventFormat {
    /// A line of text per event.
    Text,
    /// A JSON object per event.
    Json,
}

/// The target of traced spans.
pub const TRACED: &str = "quarry::traced";

/// A failed setup of the log or of traces.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is invalid.
    #[error("the log filter is invalid: {0}")]
    Filter(#[from] ParseError),
    /// The exporter of traces cannot start.
    #[error("traces cannot be sent: {0}")]
    Traces(String),
    /// The process has a subscriber already.
    #[error("the log is set up already: {0}")]
    SetUp(#[from] TryInitError),
}

/// Sets up the log of this process, and traces if there is a collector.
///
/// Call it once, within a runtime. `filter` is a level, also by module: `info,quarry::crawl=debug`.
pub fn init(
    filter: &str,
    format: EventFormat,
    traces: Option<&TraceOptions>,
) -> Result<Option<Traces>, TelemetryError> {
    let traces = traces.map(Traces::start).transpose()?;
    let stderr = std::io::stderr;
    subscriber(filter, format, stderr, stderr().is_terminal(), traces.as_ref())?.try_init()?;
    std::panic::set_hook(Box::new(panics::log_panic));
    Ok(traces)
}

fn subscriber<W>(
    filter: &str,
    format: EventFormat,
    writer: W,
    is_terminal: bool,
    traces: Option<&Traces>,
) -> Result<Box<dyn Subscriber + Send + Sync>, TelemetryError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = targets(filter)?;
    let log = tracing_subscriber::fmt::layer().with_writer(writer);
    let log: Box<dyn Layer<Registry> + Send + Sync> = match format {
        // On a terminal, the library adds colours unless NO_COLOR is set.
        EventFormat::Text if is_terminal => log.boxed(),
        EventFormat::Text => log.with_ansi(false).boxed(),
        EventFormat::Json => log.json().flatten_event(true).boxed(),
    };
    let registry = tracing_subscriber::registry();
    Ok(match traces {
        // One filter for all: a disabled event costs nothing.
        None => Box::new(registry.with(log.and_then(filter))),
        Some(traces) => Box::new(registry.with(log.with_filter(filter).and_then(traces.layer()))),
    })
}

fn targets(filter: &str) -> Result<Targets, TelemetryError> {
    let mut targets: Targets = filter.parse()?;
    let of_modules: Vec<_> = targets
        .iter()
        .filter_map(|(target, level)| Some((target.strip_prefix("quarry::")?.to_owned(), level)))
        .collect();
    for (module, level) in of_modules {
        // A module in a crate of its own logs under the name of the crate.
        let crates = [format!("quarry_{module}"), format!("quarry_runtime::{module}")];
        targets = targets.with_targets(crates.map(|target| (target, level)));
    }
    let level = targets.default_level().unwrap_or(LevelFilter::OFF);
    let named: Vec<String> = targets.iter().map(|(target, _)| target.to_owned()).collect();
    for (part, from) in VERBOSE_LIBRARIES {
        let library = part.split("::").next().unwrap_or(part);
        if level > *from && !named.iter().any(|target| target.starts_with(library)) {
            targets = targets.with_target(*part, *from);
        }
    }
    for library in CONTENT_LIBRARIES {
        let own = [((*library).to_owned(), targets.default_level().unwrap_or(LevelFilter::OFF))];
        let named = targets.iter().filter(|(target, _)| target.starts_with(library));
        let named: Vec<_> = named.map(|(target, level)| (target.to_owned(), level)).collect();
        // The named targets come later and override the library's own.
        let capped =
            own.into_iter().chain(named).map(|(target, level)| (target, level.min(CONTENT_FREE_LEVEL)));
        targets = targets.with_targets(capped);
    }
    // Last, so that no named target overrides it.
    Ok(targets.with_target(TRACED, LevelFilter::OFF))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Output(Arc<Mutex<Vec<u8>>>);

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn written(filter: &str, format: EventFormat, events: impl FnOnce()) -> String {
        let output = Output::default();
        let writer = output.clone();
        let subscriber = subscriber(filter, format, move || writer.clone(), false, None).unwrap();
        tracing::subscriber::with_default(subscriber, events);
        let bytes = output.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn events() {
        tracing::info!(target: "quarry_crawl", { document.id = 7 }, "page taken");
        tracing::debug!(target: "quarry_crawl", "page asked for");
        tracing::info!(target: "tantivy::indexer", "commit prepared");
        tracing::warn!(target: "tantivy::indexer", "merge failed");
        tracing::warn!(target: "tantivy::indexer::segment_manager", "no segment");
    }

    #[test]
    fn text_is_a_plain_line_per_event() {
        let text = written("info", EventFormat::Text, events);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("INFO quarry_crawl: page taken document.id=7"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn json_is_an_object_per_event() {
        let text = written("info", EventFormat::Json, events);
        let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(first["message"], "page taken");
        assert_eq!(first["document.id"], 7);
        assert_eq!(first["level"], "INFO");
    }

    #[test]
    fn filters_select_by_module_and_verbose_libraries_log_only_if_named() {
        for (filter, expected) in [
            ("off", vec![]),
            ("error", vec![]),
            ("warn", vec!["merge failed"]),
            ("info", vec!["page taken", "merge failed"]),
            ("info,quarry::crawl=debug", vec!["page taken", "page asked for", "merge failed"]),
            ("warn,tantivy=info", vec!["commit prepared", "merge failed", "no segment"]),
            ("info,tantivy=off", vec!["page taken"]),
        ] {
            let text = written(filter, EventFormat::Json, events);
            let messages: Vec<String> = text
                .lines()
                .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["message"].to_string())
                .map(|message| message.trim_matches('"').to_owned())
                .collect();
            assert_eq!(messages, expected, "{filter}");
        }
        assert!(matches!(targets("quarry=loud"), Err(TelemetryError::Filter(_))));
    }

    #[test]
    fn no_filter_enables_the_messages_of_users() {
        let messages = || {
            tracing::trace!(target: "tungstenite::protocol", "received message: private");
            tracing::debug!(target: "tungstenite", "received frame: private");
            tracing::warn!(target: "tungstenite::protocol", "connection broke");
        };
        for filter in [
            "trace",
            "info,tungstenite=trace",
            "off,tungstenite::protocol=trace",
            "tungstenite=trace,tungstenite::protocol=debug",
        ] {
            let text = written(filter, EventFormat::Text, messages);
            assert!(text.contains("connection broke") && !text.contains("private"), "{filter}: {text}");
        }
        assert_eq!(written("trace,tungstenite=off", EventFormat::Text, messages), "");
    }
}
