//! Log lines of rejected origins and host names.
//!
//! An operator sees which setting is missing, and many different names do not flood the log.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use url::{Host, Url};

/// The time between two lines of one name.
const INTERVAL: Duration = Duration::from_secs(600);
/// The names that have a line of their own within the interval.
const MAX_NAMES: usize = 32;
/// The longest name that is logged: the longest of DNS, with a scheme and a port.
const MAX_CHARS: usize = 270;
/// The placeholder of malformed names.
const MALFORMED: &str = "malformed";

/// The recently rejected names.
#[derive(Debug, Default)]
pub(super) struct RejectionLog(Mutex<HashMap<String, Instant>>);

impl RejectionLog {
    /// Logs a rejected origin.
    pub(super) fn log_origin(&self, origin: &str) {
        let origin = match Url::parse(origin) {
            Ok(url) if url.has_host() => url.origin().ascii_serialization(),
            _ => if origin == "null" { "null" } else { MALFORMED }.to_owned(),
        };
        if let Some(origin) = self.due(origin) {
            tracing::info!(origin, "request rejected: its origin is not in server.allowed_origins");
        }
    }

    /// Logs a rejected host name; `None` is malformed.
    pub(super) fn log_host(&self, host: Option<&Host>) {
        let name = host.map_or_else(|| MALFORMED.to_owned(), Host::to_string);
        if let Some(host) = self.due(name) {
            tracing::info!(host, "request rejected: its host name is not in server.allowed_hosts");
        }
    }

    /// Returns the name if it had no line within the interval.
    fn due(&self, name: String) -> Option<String> {
        let name = if name.len() > MAX_CHARS { MALFORMED.to_owned() } else { name };
        let mut logged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        logged.retain(|_, at| now.duration_since(*at) < INTERVAL);
        if logged.contains_key(&name) || logged.len() >= MAX_NAMES {
            return None;
        }
        logged.insert(name.clone(), now);
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_name_has_one_line_per_interval_up_to_a_limit() {
        let log = RejectionLog::default();
        let due = |name: &str| log.due(name.to_owned());
        assert_eq!(due("https://a.example").as_deref(), Some("https://a.example"));
        assert_eq!(due("https://a.example"), None);
        assert_eq!(due(&"x".repeat(MAX_CHARS + 1)).as_deref(), Some(MALFORMED));
        let lines = (0..1_000).filter(|n| due(&n.to_string()).is_some()).count();
        assert_eq!(lines, MAX_NAMES - 2);
        tokio::time::advance(INTERVAL).await;
        assert!(due("https://a.example").is_some() && due("1").is_some());
        assert!(log.0.lock().unwrap().len() <= MAX_NAMES);
    }
}
