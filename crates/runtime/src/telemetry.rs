//! The log: which events are written to standard error, and how. And traces: where spans are sent.
//!
//! Events are for the log, spans are for traces: neither shows in the other. What is traced says so
//! by the target [`TRACED`]; without a place to send traces to, such a span costs next to nothing.
//!
//! It deliberately lacks files, rotation and shipping: whatever runs the process does that.

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

/// Libraries that tell of every step at `info`, and from where up they are heard unless the filter names
/// them. One part of tantivy warns of merges that a commit overtook, which happens.
const TALKATIVE: &[(&str, LevelFilter)] = &[
    ("sqlx", LevelFilter::WARN),
    ("tantivy", LevelFilter::WARN),
    ("tantivy::indexer::segment_manager", LevelFilter::ERROR),
];

/// Libraries that write down what is sent through them, below this level: they are not heard from
/// there, whatever the filter says, since it is what people type.
const INDISCREET: &[&str] = &["tungstenite", "tokio_tungstenite"];
const DISCREET_LEVEL: LevelFilter = LevelFilter::INFO;

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One line of text an event.
    Text,
    /// One JSON object an event.
    Json,
}

/// The target of spans that are traced, and of nothing else.
pub const TRACED: &str = "quarry::traced";

/// Why the log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not one.
    #[error("the log filter cannot be read: {0}")]
    Filter(#[from] ParseError),
    /// Traces cannot be sent so.
    #[error("traces cannot be sent: {0}")]
    Traces(String),
    /// The process has a log already.
    #[error("the log is set up already: {0}")]
    SetUp(#[from] TryInitError),
}

/// Sets the log of this process up, and traces where there is a place to send them to: once, and
/// within a runtime. `filter` is a level, also by module: `info,quarry::crawl=debug`.
pub fn init(
    filter: &str,
    format: LogFormat,
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
    format: LogFormat,
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
        // On a terminal, the library colours unless NO_COLOR is set.
        LogFormat::Text if is_terminal => log.boxed(),
        LogFormat::Text => log.with_ansi(false).boxed(),
        LogFormat::Json => log.json().flatten_event(true).boxed(),
    };
    let registry = tracing_subscriber::registry();
    Ok(match traces {
        // One filter for all: what it refuses is not even looked at.
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
        // Modules that are crates of their own log under the crate's name.
        let crates = [format!("quarry_{module}"), format!("quarry_runtime::{module}")];
        targets = targets.with_targets(crates.map(|target| (target, level)));
    }
    let level = targets.default_level().unwrap_or(LevelFilter::OFF);
    let named: Vec<String> = targets.iter().map(|(target, _)| target.to_owned()).collect();
    for (part, from) in TALKATIVE {
        let library = part.split("::").next().unwrap_or(part);
        if level > *from && !named.iter().any(|target| target.starts_with(library)) {
            targets = targets.with_target(*part, *from);
        }
    }
    for library in INDISCREET {
        let own = [((*library).to_owned(), targets.default_level().unwrap_or(LevelFilter::OFF))];
        let named = targets.iter().filter(|(target, _)| target.starts_with(library));
        let named: Vec<_> = named.map(|(target, level)| (target.to_owned(), level)).collect();
        // What is named comes later, and holds.
        let capped = own.into_iter().chain(named).map(|(target, level)| (target, level.min(DISCREET_LEVEL)));
        targets = targets.with_targets(capped);
    }
    // Last, so that nothing that is named beats it.
    Ok(targets.with_target(TRACED, LevelFilter::OFF))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn written(filter: &str, format: LogFormat, events: impl FnOnce()) -> String {
        let page = Page::default();
        let writer = page.clone();
        let subscriber = subscriber(filter, format, move || writer.clone(), false, None).unwrap();
        tracing::subscriber::with_default(subscriber, events);
        let bytes = page.0.lock().unwrap().clone();
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
    fn text_is_one_plain_line_an_event() {
        let text = written("info", LogFormat::Text, events);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("INFO quarry_crawl: page taken document.id=7"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn json_is_one_object_an_event() {
        let text = written("info", LogFormat::Json, events);
        let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(first["message"], "page taken");
        assert_eq!(first["document.id"], 7);
        assert_eq!(first["level"], "INFO");
    }

    #[test]
    fn filters_choose_by_module_and_talkative_libraries_are_quiet_unless_named() {
        for (filter, expected) in [
            ("off", vec![]),
            ("error", vec![]),
            ("warn", vec!["merge failed"]),
            ("info", vec!["page taken", "merge failed"]),
            ("info,quarry::crawl=debug", vec!["page taken", "page asked for", "merge failed"]),
            ("warn,tantivy=info", vec!["commit prepared", "merge failed", "no segment"]),
            ("info,tantivy=off", vec!["page taken"]),
        ] {
            let text = written(filter, LogFormat::Json, events);
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
    fn libraries_that_write_down_what_is_sent_cannot_be_made_to() {
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
            let text = written(filter, LogFormat::Text, messages);
            assert!(text.contains("connection broke") && !text.contains("private"), "{filter}: {text}");
        }
        assert_eq!(written("trace,tungstenite=off", LogFormat::Text, messages), "");
    }
}
