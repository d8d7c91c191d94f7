//! The settings: one field each, with its bounds, default and description.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use toml::Value;

use super::key::KeyConfig;
use super::limits::LimitSettings;
use super::pattern::{Pattern, patterns};
use super::secret::Secret;
use super::source::{SourceList, source_tables};
use super::table::{settings_table, subtable, table_list};
use super::values::{
    MAX_BYTES, MAX_U32, address, browser_origins, choice, count, database_url, duration, header_names, hosts,
    index_prefix, log_filter, node_urls, otlp_url, redis_url, secret, share, switch, text, weight, words,
};

settings_table! {
    /// All settings of a process, checked.
    pub struct Settings {
        /// The address of the server.
        listen: SocketAddr = address().default("127.0.0.1:8000"),
        /// Allows an address that other machines can reach although no API keys are configured.
        insecure_listen: bool = switch().default(false),
        /// The folder of the index and of the embedded database.
        /// A relative path begins in the working directory.
        data_dir: PathBuf = text().default("data"),
        /// The database: `sqlite://`, `postgres://` or `mysql://` (MySQL and MariaDB).
        database_url: Secret = database_url().computed("sqlite://<data_dir>/quarry.db", || Secret::new("")),
        /// Redis for a keystroke buffer and a cache that several servers share: `redis://`, `rediss://` (with
        /// `?ca_file=` for a private authority) or `redis+unix:///path` (`?db=`, `user=`, `pass=`).
        /// Absent: a buffer in the process with a journal in the data folder, and a cache in the process.
        redis_url: Option<Secret> = redis_url().optional(),
        /// The prefix of all keys in Redis.
        redis_prefix: String = text().default("quarry"),
        /// The connections to the database.
        database: DatabaseSettings = subtable(),
        /// Searches and the index.
        search: SearchSettings = subtable(),
        /// The cluster of `search.engine = "opensearch"`.
        opensearch: OpenSearchSettings = subtable(),
        /// The weights of fields in scores.
        weights: WeightSettings = subtable(),
        /// Keystrokes and the search log.
        keystrokes: KeystrokeSettings = subtable(),
        /// Reports and their cache.
        reports: ReportSettings = subtable(),
        /// Suggestions.
        suggest: SuggestSettings = subtable(),
        /// Persisted queries.
        persisted: PersistedSettings = subtable(),
        /// The HTTP server.
        server: ServerSettings = subtable(),
        /// Rate limits.
        rate_limits: RateSettings = subtable(),
        /// Traces.
        telemetry: TelemetrySettings = subtable(),
        /// The log.
        log: LogSettings = subtable(),
        /// Limits of documents, requests and connections.
        limits: LimitSettings = subtable(),
        /// The API keys: one `[[keys]]` table each, as `quarry key new` prints it.
        /// None: access without keys.
        keys: Vec<KeyConfig> = table_list(),
        /// The sources: one `[[sources]]` table each. Without `url`, a source is not crawled: clients send its
        /// documents, and the table has a `name`, a `language` and `attributes` only.
        sources: SourceList = source_tables(),
        ..
        /// The origins of the values.
        pub(crate) provenance: Provenance
    }
}

/// The origins of the values of settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Provenance {
    /// The origins of the values that are no defaults, by key.
    pub(crate) origins: BTreeMap<String, String>,
    /// The file, if one was read.
    pub(crate) file: Option<PathBuf>,
    /// Ignored variables that begin with the prefix of settings.
    pub(crate) foreign_variables: Vec<String>,
}

settings_table! {
    /// The connections to the database.
    pub struct DatabaseSettings {
        /// Concurrent connections to the database.
        max_connections: u32 = count(1, 10_000).default(10),
        /// Accepts a database that is empty or not the one of the data folder, for one start.
        /// Otherwise commands reject it, since a missing database is seldom intended.
        allow_new: bool = switch().default(false),
    }
}

settings_table! {
    /// Searches and the index.
    pub struct SearchSettings {
        /// The search engine: `tantivy`, embedded in each server, or `opensearch`, a cluster of OpenSearch or
        /// Elasticsearch that the servers share ([when](operations.md#a-search-cluster)). The same on every server.
        engine: EngineKind = choice([EngineKind::Tantivy, EngineKind::OpenSearch]).default("tantivy"),
        /// Concurrent searches; 64 times as many may wait, further ones fail with `TOO_BUSY`.
        concurrency: usize = count(1, 65_536).computed("4 × the number of cores", default_concurrency),
        /// Memory of the index writer in MiB: at least 15 for each of its threads.
        indexing_memory_mb: usize = count(15, 65_536).default(128),
        /// Threads of the index writer.
        indexing_threads: usize = count(1, 64).default(1),
        /// A search that finds fewer documents also looks for typos, then for any of its words.
        sufficient_hits: u64 = count(1, 1_000).default(5),
        /// The days of clicks and conversions by which `boost: [{ interactions: … }]` raises documents.
        popularity_days: u16 = count(1, 365).default(30),
        /// The interval at which the indexer polls for changes by other servers.
        poll: Duration = duration("10ms").default("250ms"),
    }
}

/// The kind of a search engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// In the process.
    Tantivy,
    /// A cluster.
    OpenSearch,
}

settings_table! {
    /// A cluster of OpenSearch or Elasticsearch.
    pub struct OpenSearchSettings {
        /// The addresses of its nodes, tried in turn. In a variable, separated by commas.
        urls: Vec<String> = node_urls().default(vec!["http://127.0.0.1:9200"]),
        /// The beginning of the names of indexes and aliases: small letters, digits, `-` and `_`.
        prefix: String = index_prefix().default("quarry"),
        /// The user, with `opensearch.password`.
        username: Option<String> = text().optional(),
        /// The password of the user.
        password: Option<Secret> = secret().optional(),
        /// An encoded API key, in place of a user.
        api_key: Option<Secret> = secret().optional(),
        /// The file with certificates of authorities beside those of the system, in PEM.
        ca_file: Option<PathBuf> = text().optional(),
        /// Shards of a new index.
        shards: u32 = count(1, 1_024).default(1),
        /// Replicas of each shard of a new index.
        replicas: u32 = count(0, 100).default(1),
        /// The timeout of one request.
        timeout: Duration = duration("100ms").default("10s"),
        /// The longest time in which an answer is served from the cache while the index and the search rules are
        /// unchanged ([more](operations.md#cached-searches)). It is 90 to 100 % of this for each answer; `0s`
        /// sends each search to the cluster.
        cache_ttl: Duration = duration("0s").default("5m"),
        /// The time after `opensearch.cache_ttl` for which the last answer to a search is served, as `STALE`, while
        /// the cluster is unavailable; `0s`: such a search fails with `ENGINE_UNAVAILABLE`.
        cache_stale: Duration = duration("0s").default("0s"),
    }
}

settings_table! {
    /// The weights of fields in scores, beside those of `sources.attributes`: a match in a field adds in proportion
    /// to its weight, 1 as much as one in a title by default.
    pub struct WeightSettings {
        /// The weight of titles.
        title: f64 = weight().default(1.0),
        /// The weight of texts.
        text: f64 = weight().default(0.0),
        /// The weight of the names of authors.
        author: f64 = weight().default(0.0),
        /// The weight of categories.
        category: f64 = weight().default(0.0),
    }
}

/// Searches that one core runs concurrently by default.
const SEARCHES_PER_CORE: usize = 4;

fn default_concurrency() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from) * SEARCHES_PER_CORE
}

settings_table! {
    /// Keystrokes and the search log.
    pub struct KeystrokeSettings {
        /// The pause in typing after which a search is final. The same on every server.
        window: Duration = duration("100ms").default("5s"),
        /// The time after its last keystroke in which text that extends, shortens or corrects a logged search
        /// supersedes it; `0s`: never. A submitted search stands.
        continue_window: Duration = duration("0s").default("30s"),
        /// The time for which the last search of each input is remembered: erasing its text, or requesting it
        /// again, is no search. `0s`: not at all. The same on every server.
        memory: Duration = duration("0s").default("10m"),
        /// The interval at which the buffer is polled for final searches.
        poll: Duration = duration("10ms").default("250ms"),
        /// Masks e-mail addresses, phone, card, account and identity numbers, keys and tokens in logged searches.
        mask: bool = switch().default(true),
        /// Regular expressions of further texts to mask, as `[masked]`; they apply if `keystrokes.mask` is true.
        /// In a variable, as a list in TOML.
        mask_patterns: Vec<Pattern> = patterns().default(Vec::<Value>::new()),
        /// Regular expressions of texts that `keystrokes.mask` keeps, such as part numbers that look like phone numbers.
        /// It does not restrict `keystrokes.mask_patterns`. In a variable, as a list in TOML.
        mask_exempt: Vec<Pattern> = patterns().default(Vec::<Value>::new()),
        /// The searches that are logged: `all`, or `submitted` for those that end by Enter, a chosen suggestion, or
        /// another submission by the client, such as that of a click.
        log: SearchesToLog = choice([SearchesToLog::All, SearchesToLog::Submitted]).default("all"),
        /// Regular expressions of session ids whose keystrokes are answered, but not logged.
        exclude_sessions: Vec<Pattern> = patterns().default(Vec::<Value>::new()),
        /// Names of API keys whose keystrokes are answered, but not logged.
        exclude_keys: Vec<String> = words().default(Vec::<Value>::new()),
        /// Regular expressions of user agents whose keystrokes are answered, but not logged.
        exclude_user_agents: Vec<Pattern> = patterns().default(Vec::<Value>::new()),
        /// Regular expressions of texts that are not logged; they are compared with the masked text.
        exclude_queries: Vec<Pattern> = patterns().default(Vec::<Value>::new()),
        /// The age at which logged searches are removed, counted from their last keystroke; `0s`: never.
        retention: Duration = duration("0s").default("1year"),
        /// The largest share of the logged searches that retention removes in a day.
        /// The limit is at least 1,000, and at least twice the daily volume. A wrong clock thus does not empty
        /// the log; 1.0: no limit.
        retention_daily_share: f64 = share().default(0.1),
        /// Keystrokes in the buffer; further ones fail with `TOO_BUSY`. The same on every server.
        max_buffered: u64 = count(1, MAX_U32).default(1_000_000),
        /// Memory for buffered keystrokes in MiB; further ones fail with `TOO_BUSY`.
        /// The memory of the process, or of Redis. The journal uses up to three times as much disk space.
        /// The same on every server.
        max_buffered_mb: u64 = count(1, 1 << 20).default(128),
        /// Keystrokes of one session within 10 seconds; more are dropped. The same on every server.
        flood_limit: u32 = count(1, MAX_U32).default(1_000),
        /// The interval at which the journal is flushed to the disk; `0s`: before each response.
        /// A power failure loses at most this much. A killed process loses nothing either way.
        sync: Duration = duration("0s").default("1s"),
    }
}

/// The searches that are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SearchesToLog {
    /// All searches.
    All,
    /// Submitted searches.
    Submitted,
}

settings_table! {
    /// Reports and their cache.
    pub struct ReportSettings {
        /// The longest time in which a report is served from the cache.
        /// It is 90 to 100 % of this for each report; `0s` queries the database each time.
        ttl: Duration = duration("0s").default("5m"),
    }
}

settings_table! {
    /// Suggestions.
    pub struct SuggestSettings {
        /// The number of sessions that must have made a search before it is suggested to others.
        min_sessions: u32 = count(1, MAX_U32).default(3),
        /// The age up to which logged searches count for suggestions.
        period: Duration = duration("1m").default("3months"),
        /// Words and phrases that suggestions must not contain, in any case.
        /// In a variable, separated by commas.
        blocklist: Vec<String> = words().default(Vec::<Value>::new()),
    }
}

settings_table! {
    /// Persisted queries.
    pub struct PersistedSettings {
        /// The longest time for which a document of Apollo's automatic persisted queries is stored.
        /// `0s` stores none.
        ttl: Duration = duration("0s").default("1day"),
        /// The time for which clients may cache the response to a persisted GET query.
        /// It sets `Cache-Control: private, max-age`, and `ETag`; `0s`: no caching (`no-store`).
        max_age: Duration = duration("0s").default("0s"),
        /// A file of trusted documents, a JSON object of documents by their hashes.
        /// It is `persisted-documents.json` of the codegen client preset. A relative path begins in the working
        /// directory.
        documents: Option<PathBuf> = text().optional(),
        /// Rejects all documents other than those of `persisted.documents`.
        only_trusted: bool = switch().default(false),
    }
}

settings_table! {
    /// The HTTP server.
    pub struct ServerSettings {
        /// The largest request body, in bytes.
        max_body_bytes: usize = count(1_024, MAX_BYTES).default(16_777_216),
        /// The timeout of a query.
        request_timeout: Duration = duration("1ms").default("10s"),
        /// The time that a stopping server gives in-flight operations before it cancels them.
        shutdown_grace: Duration = duration("0s").default("20s"),
        /// The time in which a stopping server still accepts requests, while `/readyz` answers 503.
        /// Load balancers can react in it; `server.shutdown_grace` begins after it.
        drain_delay: Duration = duration("0s").default("0s"),
        /// A separate address for `/metrics` and health, such as a private one.
        /// Absent: `listen` serves `/metrics` to every client that reaches it.
        metrics_listen: Option<SocketAddr> = address().optional(),
        /// Access to the schema: `on` for all clients, `off` for none, or `auto`.
        /// `auto` is for all clients as long as no keys are configured, and for valid keys otherwise.
        introspection: Switch = dev_feature(),
        /// The GraphiQL page at `/graphiql`: `on`, `off`, or `auto`.
        /// `auto` serves it as long as no keys are configured and untrusted documents may run.
        graphiql: Switch = dev_feature(),
        /// The web console at `/`: `on`, `off`, or `auto`.
        /// `auto` serves it if GraphiQL is served. With keys, it asks for one.
        console: Switch = dev_feature(),
        /// Serves `_entities` and `_service`, the fields of a subgraph of Apollo Federation.
        /// `quarry schema --federation` prints the subgraph for its composition.
        federation: bool = switch().default(false),
        /// The number of proxies that each append an address to `X-Forwarded-For`.
        /// The client address is the n-th entry from the right, n = `trusted_proxies`; 0: the address of the
        /// connection.
        trusted_proxies: usize = count(0, 16).default(0),
        /// Origins such as `https://shop.example` whose pages may send requests and read responses.
        /// The server's own origin is always allowed; `["*"]`: all. In a variable, separated by commas.
        allowed_origins: Vec<String> = browser_origins().default(Vec::<Value>::new()),
        /// Headers that pages of `server.allowed_origins` may send besides those that the server reads.
        /// `["*"]`: any. In a variable, separated by commas.
        allowed_headers: Vec<String> = header_names().default(vec![
            "apollographql-client-name", "apollographql-client-version", "baggage", "cache-control",
            "graphql-client-name", "graphql-client-version", "pragma", "sentry-trace", "x-requested-with",
        ]),
        /// Host names of `/graphql` besides loopback ones; empty: no others without keys, any with keys.
        /// `["*"]`: any. In a variable, separated by commas.
        allowed_hosts: Vec<String> = hosts().default(Vec::<Value>::new()),
    }
}

/// The availability of a feature for developers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// Depends on the configured keys.
    Auto,
    /// Available to all clients.
    On,
    /// Not available.
    Off,
}

fn dev_feature() -> super::setting::Scalar<Switch> {
    choice([Switch::Auto, Switch::On, Switch::Off]).default("auto")
}

settings_table! {
    /// Rate limits.
    #[derive(Copy, Eq)]
    pub struct RateSettings {
        /// Operations of one key per minute, sustained.
        /// Further ones fail with `RATE_LIMITED`. 0: no limit.
        per_key: u32 = count(0, MAX_U32).default(0),
        /// Operations of one key at once after a pause, if its rate is limited.
        per_key_burst: u32 = count(1, MAX_U32).default(100),
        /// Operations of one client address per minute, sustained, with any key.
        /// An IPv6 client is a /64 network. 0: no limit.
        per_address: u32 = count(0, MAX_U32).default(0),
        /// Operations of one client address at once after a pause, if its rate is limited.
        per_address_burst: u32 = count(1, MAX_U32).default(100),
        /// Invalid or expired keys of one client address per minute.
        /// Further ones fail with `RATE_LIMITED`. 0: no limit.
        failed_keys: u32 = count(0, MAX_U32).default(600),
    }
}

impl RateSettings {
    /// No limits.
    pub const fn none() -> Self {
        Self { per_key: 0, per_key_burst: 1, per_address: 0, per_address_burst: 1, failed_keys: 0 }
    }
}

settings_table! {
    /// Traces.
    pub struct TelemetrySettings {
        /// The collector of traces, by OTLP over HTTP; the exporter appends `/v1/traces`.
        /// Absent: `OTEL_EXPORTER_OTLP_ENDPOINT`; if that is absent, too, tracing is off.
        otlp_endpoint: Option<Secret> = otlp_url().optional(),
        /// The share of requests that are traced, 0 to 1, unless their `traceparent` decides.
        sampling: f64 = share().default(1.0),
        /// The service name of this server in traces.
        service_name: String = text().default("quarry"),
    }
}

settings_table! {
    /// The log.
    pub struct LogSettings {
        /// `off`, `error`, `warn`, `info`, `debug` or `trace`, also by module: `info,quarry::crawl=debug`.
        level: String = log_filter().default("info"),
        /// The format of log lines: `text` or `json`.
        format: LogFormat = choice([LogFormat::Text, LogFormat::Json]).default("text"),
    }
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One line of text an event.
    Text,
    /// One JSON object an event.
    Json,
}
