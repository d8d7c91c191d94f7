//! The resolved settings: typed, complete and checked.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::show;
use super::source::{Secret, SourceConfig};

/// Everything that can be set. It is made by [`Settings::load`] and [`Settings::from_toml`],
/// which check what the types do not carry.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The address to serve on.
    pub listen: SocketAddr,
    /// `listen` may be an address that other machines reach although no API keys are configured.
    pub insecure_listen: bool,
    /// The folder of the index and of the embedded database.
    pub data_dir: PathBuf,
    /// The database. It may hold a password, so it is a secret.
    #[serde(serialize_with = "show::secret_url")]
    pub database_url: Secret,
    /// Redis, where servers share a keystroke buffer and a cache. It may hold a password, so it is a secret.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "show::optional_secret_url")]
    pub redis_url: Option<Secret>,
    /// What the names of all keys in Redis begin with.
    pub redis_prefix: String,
    /// The connections to the database.
    pub database: DatabaseSettings,
    /// Search and the index behind it.
    pub search: SearchSettings,
    /// Keystrokes and the searches that are logged of them.
    pub keystrokes: KeystrokeSettings,
    /// Reports and their cache.
    pub reports: ReportSettings,
    /// Suggestions.
    pub suggest: SuggestSettings,
    /// The HTTP server.
    pub server: ServerSettings,
    /// The log.
    pub log: LogSettings,
    /// What is crawled.
    pub sources: Vec<SourceConfig>,
    /// Where the value of each key came from.
    #[serde(skip)]
    pub(super) origins: BTreeMap<&'static str, String>,
}

/// The connections to the database.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// Connections at once.
    pub max_connections: u32,
}

/// Search and the index behind it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SearchSettings {
    /// Searches under way at once.
    pub concurrency: usize,
    /// Memory of the index writer, in MiB.
    pub indexing_memory_mb: usize,
    /// Threads of the index writer.
    pub indexing_threads: usize,
    /// How often the indexer looks for changes that other servers stored.
    #[serde(with = "humantime_serde")]
    pub poll: Duration,
}

/// Keystrokes and the searches that are logged of them.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KeystrokeSettings {
    /// A search is final when nothing was typed for this long.
    #[serde(with = "humantime_serde")]
    pub window: Duration,
    /// How often the buffer is looked at for searches that are final.
    #[serde(with = "humantime_serde")]
    pub poll: Duration,
    /// Whether e-mail addresses, phone and card numbers are masked.
    pub mask: bool,
    /// How long logged searches are kept; zero: for ever.
    #[serde(with = "humantime_serde")]
    pub retention: Duration,
    /// Keystrokes that the buffer holds.
    pub max_buffered: u64,
    /// Keystrokes of one session within 10 seconds.
    pub flood_limit: u32,
    /// How often the journal is flushed to the disk; zero: before each answer.
    #[serde(with = "humantime_serde")]
    pub sync: Duration,
}

/// Reports and their cache.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReportSettings {
    /// How long a report is answered from the cache; zero: never.
    #[serde(with = "humantime_serde")]
    pub ttl: Duration,
}

/// Suggestions.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SuggestSettings {
    /// Sessions that must have searched for what is suggested.
    pub min_sessions: u32,
    /// How far back logged searches count.
    #[serde(with = "humantime_serde")]
    pub period: Duration,
    /// Words and phrases that no suggestion may hold.
    pub blocklist: Vec<String>,
}

/// The HTTP server.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// The largest request body, in bytes.
    pub max_body_bytes: usize,
    /// The longest a request may take.
    #[serde(with = "humantime_serde")]
    pub request_timeout: Duration,
    /// How long a stopping server finishes what is under way.
    #[serde(with = "humantime_serde")]
    pub shutdown_grace: Duration,
}

/// The log.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// Which lines are kept: levels, also by module, separated by commas.
    pub level: String,
    /// How lines are written.
    pub format: LogFormat,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One line of text an event.
    Text,
    /// One JSON object an event.
    Json,
}

impl Settings {
    /// The settings as TOML that can be fed back, each with where it came from. No secret is
    /// in it: headers' values are left out as `[redacted]`, addresses lose their passwords.
    pub fn to_toml_redacted(&self) -> String {
        show::to_toml(self)
    }

    /// What an operator should know about settings that are allowed but risky.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if !self.listens_on_loopback() {
            warnings.push(format!(
                "{} can be reached from other machines and no API keys are configured: anyone who reaches it may \
                 read, change and delete",
                self.listen
            ));
        }
        warnings
    }

    pub(super) fn listens_on_loopback(&self) -> bool {
        self.listen.ip().to_canonical().is_loopback()
    }
}
