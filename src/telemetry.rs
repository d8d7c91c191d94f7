//! The log: which events are written to standard error, and how.
//!
//! It deliberately lacks files, rotation and shipping: whatever runs the process does that.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// Libraries that tell of every step at `info`: they are heard from `warn` up, unless the
/// filter names them.
const TALKATIVE: &[&str] = &["sqlx", "tantivy"];

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

/// Why the log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not one.
    #[error("the log filter cannot be read: {0}")]
    Filter(#[from] ParseError),
    /// The process has a log already.
    #[error("the log is set up already: {0}")]
    SetUp(#[from] TryInitError),
}

/// Sets the log of this process up: once. `filter` is a level, also by module:
/// `info,quarry::crawl=debug`.
pub fn init(filter: &str, format: LogFormat) -> Result<(), TelemetryError> {
    subscriber(filter, format, std::io::stderr, std::io::stderr().is_terminal())?.try_init()?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Logs where a thread panicked. What it said is left out unless it is a fixed text: one that was put
/// together may quote what somebody typed.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let reason = fixed_text(panic.payload()).unwrap_or("withheld, since it may quote data");
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        tracing::error!(panic.location = location, panic.reason = reason, %backtrace, "a thread panicked");
    } else {
        tracing::error!(panic.location = location, panic.reason = reason, "a thread panicked");
    }
}

fn fixed_text(payload: &dyn Any) -> Option<&'static str> {
    payload.downcast_ref::<&'static str>().copied()
}

fn subscriber<W>(
    filter: &str,
    format: LogFormat,
    writer: W,
    is_terminal: bool,
) -> Result<Box<dyn Subscriber + Send + Sync>, TelemetryError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let registry = tracing_subscriber::registry().with(targets(filter)?);
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    Ok(match format {
        // On a terminal, the library colours unless NO_COLOR is set.
        LogFormat::Text if is_terminal => Box::new(registry.with(layer)),
        LogFormat::Text => Box::new(registry.with(layer.with_ansi(false))),
        LogFormat::Json => Box::new(registry.with(layer.json().flatten_event(true))),
    })
}

fn targets(filter: &str) -> Result<Targets, TelemetryError> {
    let mut targets: Targets = filter.parse()?;
    for library in TALKATIVE {
        let level = targets.default_level().unwrap_or(LevelFilter::OFF);
        let is_named = targets.iter().any(|(target, _)| target.starts_with(library));
        if level > LevelFilter::WARN && !is_named {
            targets = targets.with_target(*library, LevelFilter::WARN);
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
    Ok(targets)
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
        let subscriber = subscriber(filter, format, move || writer.clone(), false).unwrap();
        tracing::subscriber::with_default(subscriber, events);
        let bytes = page.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn events() {
        tracing::info!(target: "quarry::crawl", { document.id = 7 }, "page taken");
        tracing::debug!(target: "quarry::crawl", "page asked for");
        tracing::info!(target: "tantivy::indexer", "commit prepared");
        tracing::warn!(target: "tantivy::indexer", "merge failed");
    }

    #[test]
    fn text_is_one_plain_line_an_event() {
        let text = written("info", LogFormat::Text, events);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("INFO quarry::crawl: page taken document.id=7"), "{text}");
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
            ("warn,tantivy=info", vec!["commit prepared", "merge failed"]),
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
    fn what_a_panic_says_is_told_where_nobody_can_have_typed_it() {
        let typed = "kanarie";
        let fixed = std::panic::catch_unwind(|| panic!("the table is missing")).unwrap_err();
        assert_eq!(fixed_text(&*fixed), Some("the table is missing"));
        let quoting = std::panic::catch_unwind(|| panic!("no entry {typed}")).unwrap_err();
        assert_eq!(fixed_text(&*quoting), None);
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
