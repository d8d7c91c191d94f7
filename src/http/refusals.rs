//! Log lines of refused origins and host names: an operator sees which setting is missing, and many
//! different names do not flood the log.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use url::{Host, Url};

/// Between two lines of one name.
const INTERVAL: Duration = Duration::from_secs(600);
/// Names that have a line of their own within the interval.
const MAX_NAMES: usize = 32;
/// The longest name that is logged: the longest of DNS, with a scheme and a port.
const MAX_CHARS: usize = 270;
/// Stands in for what is no name.
const MALFORMED: &str = "malformed";

/// The names that were refused lately.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<HashMap<String, Instant>>);

impl Refusals {
    /// Logs a page's origin that is not allowed.
    pub(super) fn log_origin(&self, origin: &str) {
        let origin = match Url::parse(origin) {
            Ok(url) if url.has_host() => url.origin().ascii_serialization(),
            _ => if origin == "null" { "null" } else { MALFORMED }.to_owned(),
        };
        if let Some(origin) = self.is_due(origin) {
            tracing::info!(origin, "refused a page: its origin is not in server.allowed_origins");
        }
    }

    /// Logs a host name that the server does not answer under.
    pub(super) fn log_host(&self, host: &str) {
        let name = host.parse().ok().and_then(|host: http::uri::Authority| Host::parse(host.host()).ok());
        let name = name.map_or_else(|| MALFORMED.to_owned(), |name| name.to_string());
        if let Some(host) = self.is_due(name) {
            tracing::info!(host, "refused a request: the host that it names is not in server.allowed_hosts");
        }
    }

    /// Returns the name if it had no line within the interval.
    fn is_due(&self, name: String) -> Option<String> {
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
    async fn each_name_has_a_line_an_interval_and_many_have_no_more() {
        let refusals = Refusals::default();
        let due = |name: &str| refusals.is_due(name.to_owned());
        assert_eq!(due("https://a.example").as_deref(), Some("https://a.example"));
        assert_eq!(due("https://a.example"), None);
        assert_eq!(due(&"x".repeat(MAX_CHARS + 1)).as_deref(), Some(MALFORMED));
        let lines = (0..1_000).filter(|n| due(&n.to_string()).is_some()).count();
        assert_eq!(lines, MAX_NAMES - 2);
        tokio::time::advance(INTERVAL).await;
        assert!(due("https://a.example").is_some() && due("1").is_some());
        assert!(refusals.0.lock().unwrap().len() <= MAX_NAMES);
    }
}
