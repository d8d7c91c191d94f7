//! The resolved settings: typed, complete and checked.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono::Utc;
use serde::{Deserialize, Serialize};

use super::error::ConfigError;
use super::key::KeyConfig;
use super::kind::allows_every;
use super::limits::LimitSettings;
use super::reference::GENERAL;
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
    /// Documents that clients send by name.
    pub persisted: PersistedSettings,
    /// The HTTP server.
    pub server: ServerSettings,
    /// How often callers may ask.
    pub rate_limits: RateSettings,
    /// Traces.
    pub telemetry: TelemetrySettings,
    /// What clients may take.
    pub limits: LimitSettings,
    /// The log.
    pub log: LogSettings,
    /// Who may call; empty: everybody.
    pub keys: Vec<KeyConfig>,
    /// What is crawled.
    pub sources: Vec<SourceConfig>,
    /// Where the value of each key came from.
    #[serde(skip)]
    pub(super) origins: BTreeMap<&'static str, String>,
    /// The file that was read, if there was one.
    #[serde(skip)]
    pub(super) file: Option<PathBuf>,
    /// Variables that begin as settings do and are none.
    #[serde(skip)]
    pub(super) foreign_variables: Vec<String>,
}

impl Default for Settings {
    /// The settings of an empty file. Limits and options of other crates take their defaults from here.
    fn default() -> Self {
        Self::from_toml("").expect("the defaults of the reference fit together")
    }
}

/// The connections to the database.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// Connections at once.
    pub max_connections: u32,
    /// Lets a data folder take another database than the one that it belongs to.
    pub allow_new: bool,
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
    /// The largest share of the log that retention removes in a day.
    pub retention_daily_share: f64,
    /// Keystrokes that the buffer holds.
    pub max_buffered: u64,
    /// Memory that they take, in MiB.
    pub max_buffered_mb: u64,
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

/// Documents that clients send by name.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PersistedSettings {
    /// How long a document of an automatic persisted query is kept; zero: none is.
    #[serde(with = "humantime_serde")]
    pub ttl: Duration,
    /// The time for which a client may hold the answer to a named GET query; zero: not at all.
    #[serde(with = "humantime_serde")]
    pub max_age: Duration,
    /// A file of trusted documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documents: Option<PathBuf>,
    /// Whether no others run.
    pub only_trusted: bool,
}

/// The HTTP server.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// The largest request body, in bytes.
    pub max_body_bytes: usize,
    /// The longest a query may take.
    #[serde(with = "humantime_serde")]
    pub request_timeout: Duration,
    /// How long a stopping server finishes what is under way.
    #[serde(with = "humantime_serde")]
    pub shutdown_grace: Duration,
    /// How long a server that is told to stop still takes requests.
    #[serde(with = "humantime_serde")]
    pub drain_delay: Duration,
    /// An address of its own for metrics and health.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics_listen: Option<SocketAddr>,
    /// Who may ask for the schema.
    pub introspection: Switch,
    /// Whether the explorer is served.
    pub graphiql: Switch,
    /// Proxies between callers and this server that write `X-Forwarded-For`.
    pub trusted_proxies: usize,
    /// Origins whose pages may send requests besides the server's own; `*`: all.
    pub allowed_origins: Vec<String>,
    /// Headers that those pages may send besides the ones that the server reads; `*`: any.
    pub allowed_headers: Vec<String>,
    /// Host names that the server answers under besides loopback ones; `*`: any.
    pub allowed_hosts: Vec<String>,
}

/// Whether something is there that helps who develops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// As the keys make it sensible.
    Auto,
    /// For everybody.
    On,
    /// For nobody.
    Off,
}

/// How often callers may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RateSettings {
    /// Operations a minute of one key; 0: no limit.
    pub per_key: u32,
    /// Operations of one key at once.
    pub per_key_burst: u32,
    /// Operations a minute of one address; 0: no limit.
    pub per_address: u32,
    /// Operations of one address at once.
    pub per_address_burst: u32,
    /// Keys that do not fit, a minute from one address; 0: no limit.
    pub failed_keys: u32,
}

impl RateSettings {
    /// No limits.
    pub const fn none() -> Self {
        Self { per_key: 0, per_key_burst: 1, per_address: 0, per_address_burst: 1, failed_keys: 0 }
    }
}

/// Traces.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetrySettings {
    /// Where traces are sent. It may hold a password, so it is a secret.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "show::optional_secret_url")]
    pub otlp_endpoint: Option<Secret>,
    /// The share of requests that are traced.
    pub sampling: f64,
    /// What this server is called in traces.
    pub service_name: String,
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

    /// A warning that names the ignored variables; never their values, which may be secrets.
    pub fn foreign_variables(&self) -> Option<String> {
        let names = self.foreign_variables.join(", ");
        (!names.is_empty()).then(|| {
            format!(
                "ignored, since no setting has such a name: {names} (Kubernetes sets variables like these for a Service \
                 named quarry, unless the pod's spec has `enableServiceLinks: false`)"
            )
        })
    }

    /// What an operator should know about settings that are allowed but risky, of a server that
    /// listens on `address`, and about variables that are ignored.
    pub fn warnings(&self, address: SocketAddr) -> Vec<String> {
        let mut warnings: Vec<String> = self.foreign_variables().into_iter().collect();
        if self.keys.is_empty() {
            let reach = if is_loopback(address) { "this machine" } else { "other machines" };
            warnings.push(format!(
                "{address} can be reached from {reach} and no API keys are configured: anyone who reaches it may \
                 read, change and delete (`quarry key new` makes a key)"
            ));
        }
        if self.database.allow_new {
            warnings.push(
                "database.allow_new is on: a database that vanished or was exchanged is not noticed; leave it off \
                 after this start"
                     .to_owned(),
            );
        }
        if self.keys.is_empty() && !self.listens_on_loopback() && self.server.allowed_hosts.is_empty() {
            warnings.push(
                "without API keys, /graphql answers under loopback names only: list the other names that clients ask \
                 for in server.allowed_hosts"
                    .to_owned(),
            );
        }
        if self.keys.is_empty() && allows_every(&self.server.allowed_hosts) {
            warnings.push(
                "server.allowed_hosts is \"*\" and no API keys are configured: a page whose name is made to point here \
                 (DNS rebinding) may send requests and read the answers"
                    .to_owned(),
            );
        }
        let now = Utc::now();
        for key in self.keys.iter().filter(|key| key.expires.is_some_and(|expires| expires <= now)) {
            warnings.push(format!("the key {:?} has expired", key.name.as_str()));
        }
        if allows_every(&self.server.allowed_origins) {
            warnings.push(
                "server.allowed_origins is \"*\": every page that somebody opens who reaches this server may send it \
                 requests and read the answers"
                    .to_owned(),
            );
        }
        warnings
    }

    /// The keys of the settings that differ from what they were, in the order of the reference.
    pub fn changed_from(&self, before: &Self) -> Vec<&'static str> {
        let (now, then) = (show::table(self), show::table(before));
        let changed = |key: &str| match key {
            // What is shown of these is redacted.
            "database_url" => self.database_url != before.database_url,
            "redis_url" => self.redis_url != before.redis_url,
            "sources" => self.sources != before.sources,
            key => show::lookup(&now, key) != show::lookup(&then, key),
        };
        GENERAL.iter().map(|row| row.key).filter(|key| changed(key)).collect()
    }

    /// Why a server that runs with `self` must not go on with `next`: it would let in who was kept
    /// out, or keep out everybody, by what may well be a slip.
    pub fn refuses(&self, next: &Self) -> Option<ConfigError> {
        if let (Some(file), None) = (&self.file, &next.file) {
            let text = "is gone: what it says would be lost; put it back, or restart the server without it";
            return Some(ConfigError::one(file.display().to_string(), text));
        }
        if !self.keys.is_empty() && next.keys.is_empty() {
            let origin =
                next.file.as_deref().map_or("settings".to_owned(), |file| file.display().to_string());
            let text =
                "`keys` is empty, but the server asks for keys: to open it to everybody needs a restart";
            return Some(ConfigError::one(origin, text));
        }
        if self.persisted.only_trusted && next.persisted.documents.is_none() {
            let text =
                "`persisted.documents` is not set, but the server runs nothing else: that needs a restart";
            return Some(ConfigError::one("settings", text));
        }
        None
    }

    /// Whether only this machine reaches the server.
    pub fn listens_on_loopback(&self) -> bool {
        is_loopback(self.listen)
    }
}

fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}
