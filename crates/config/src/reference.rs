//! Every setting, once: its key, what it may be, its default and its meaning. The checks, the
//! defaults and the documentation are all read from these tables, so they cannot disagree.

use std::sync::LazyLock;
use std::time::Duration;

pub(super) use super::key::KEY;
use super::limits;
pub(super) use super::source_rows::{PAGINATION, SOURCE, pagination_rows};
use Fallback::{Absent, Computed, Value};
use Kind::{
    Address, Choice, Count, DatabaseUrl, HeaderNames, Hosts, Keys, LogFilter, Pages, RedisUrl, Share,
    Sources, Span, Switch, Text, WebUrl, Words,
};

/// What a setting may be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Text that is not empty.
    Text,
    /// `true` or `false`.
    Switch,
    /// A whole number within bounds.
    Count(u64, u64),
    /// A duration of at least this.
    Span(Duration),
    /// A number from 0 to 1.
    Share,
    /// A JSON pointer.
    Pointer,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// An IP address and a port.
    Address,
    /// Where the database is.
    DatabaseUrl,
    /// Where Redis is.
    RedisUrl,
    /// An `http` or `https` address.
    WebUrl,
    /// The name of a source.
    SourceName,
    /// A list of host names, or `*`.
    Hosts,
    /// A list of host names, each with its port or without.
    RedirectHosts,
    /// A list of header names, or `*`.
    HeaderNames,
    /// A list of origins of pages, or `*`.
    Pages,
    /// A list of words or phrases.
    Words,
    /// Which log lines are kept.
    LogFilter,
    /// A table of header names and values.
    Headers,
    /// A table whose `kind` decides what else it holds.
    Pagination,
    /// A list of tables, one a source.
    Sources,
    /// A list of tables, one an API key.
    Keys,
    /// The name of an API key.
    KeyName,
    /// The hash of an API key.
    KeyHash,
    /// What an API key may do.
    Scopes,
    /// A point in time.
    Time,
    /// Origins of pages.
    Origins,
}

impl Kind {
    /// Whether it is a list of tables, which the file alone can set.
    pub(super) const fn is_tables(self) -> bool {
        matches!(self, Sources | Keys)
    }
}

/// What holds when a setting is absent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fallback {
    /// This TOML value.
    Value(&'static str),
    /// Something that is worked out from the machine or from other settings.
    Computed(&'static str),
    /// Nothing: the setting may be absent.
    Absent,
    /// The setting may not be absent.
    Required,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Its dotted key within its scope.
    pub(super) key: &'static str,
    /// What it may be.
    pub(super) kind: Kind,
    /// What holds when it is absent.
    pub(super) fallback: Fallback,
    /// What it does.
    pub(super) meaning: &'static str,
}

pub(super) const fn row(key: &'static str, kind: Kind, fallback: Fallback, meaning: &'static str) -> Row {
    Row { key, kind, fallback, meaning }
}

/// The largest value of a setting that is kept in 32 bits.
pub(super) const MANY: u64 = u32::MAX as u64;
/// The largest value of a setting that counts bytes: 1 TiB.
pub(super) const BYTES: u64 = 1 << 40;
const SWITCH: Kind = Choice(&["auto", "on", "off"]);
pub(super) const NO_TIME: Kind = Span(Duration::ZERO);
pub(super) const SOME_TIME: Kind = Span(Duration::from_millis(1));

/// The settings outside `[[keys]]` and `[[sources]]`.
pub(super) static GENERAL: LazyLock<Vec<Row>> = LazyLock::new(|| {
    // The limits go before the two lists of tables, which stand last.
    let (tables, lists) = OTHERS.split_at(OTHERS.len() - 2);
    [tables, limits::ROWS, lists].concat()
});

/// All of them but the limits.
const OTHERS: &[Row] = &[
    row("listen", Address, Value(r#""127.0.0.1:8000""#), "The address to serve on."),
    row(
        "insecure_listen",
        Switch,
        Value("false"),
        "Allows an address that other machines can reach although no API keys are configured.",
    ),
    row(
        "data_dir",
        Text,
        Value(r#""data""#),
        "The folder of the index and of the embedded database. A relative path begins in the folder where the command runs.",
    ),
    row(
        "database_url",
        DatabaseUrl,
        Computed("sqlite://<data_dir>/quarry.db"),
        "The database: `sqlite://`, `postgres://` or `mysql://` (MySQL and MariaDB).",
    ),
    row(
        "redis_url",
        RedisUrl,
        Absent,
        "Redis, for several servers to share one keystroke buffer and one cache: `redis://` or `rediss://`; absent: a \
         buffer in the process with a journal in the data folder, and a cache in the process.",
    ),
    row("redis_prefix", Text, Value(r#""quarry""#), "What the names of all keys in Redis begin with."),
    row("database.max_connections", Count(1, 10_000), Value("10"), "Connections to the database at once."),
    row(
        "database.allow_new",
        Switch,
        Value("false"),
        "Takes a database that is empty, or another one than the data folder belongs to; otherwise a command refuses it, since \
         a database that is missing is seldom meant. For one start.",
    ),
    row(
        "search.concurrency",
        Count(1, 65_536),
        Computed("4 × the number of cores"),
        "Searches that run at once; 64 times as many may wait, one more is answered `TOO_BUSY`.",
    ),
    row(
        "search.indexing_memory_mb",
        Count(15, 65_536),
        Value("128"),
        "Memory of the index writer in MiB: at least 15 for each of its threads.",
    ),
    row("search.indexing_threads", Count(1, 64), Value("1"), "Threads of the index writer."),
    row(
        "search.poll",
        Span(Duration::from_millis(10)),
        Value(r#""250ms""#),
        "How often the indexer looks for changes that other servers stored.",
    ),
    row(
        "keystrokes.window",
        Span(Duration::from_millis(100)),
        Value(r#""5s""#),
        "A search is final when nothing was typed for this long. The same on every server.",
    ),
    row(
        "keystrokes.poll",
        Span(Duration::from_millis(10)),
        Value(r#""250ms""#),
        "How often the buffer is looked at for searches that are final.",
    ),
    row(
        "keystrokes.mask",
        Switch,
        Value("true"),
        "Masks e-mail addresses, phone and card numbers in logged searches.",
    ),
    row(
        "keystrokes.retention",
        NO_TIME,
        Value(r#""1year""#),
        "How long logged searches are kept after their last keystroke; `0s` keeps them for ever.",
    ),
    row(
        "keystrokes.retention_daily_share",
        Share,
        Value("0.1"),
        "The largest share of the logged searches that retention removes in a day (1,000 at least, and twice what falls due \
         daily), so that a wrong clock does not empty the log; 1.0: no limit.",
    ),
    row(
        "keystrokes.max_buffered",
        Count(1, MANY),
        Value("1000000"),
        "Keystrokes that the buffer holds before it answers `TOO_BUSY`. The same on every server.",
    ),
    row(
        "keystrokes.max_buffered_mb",
        Count(1, 1 << 20),
        Value("128"),
        "Memory in MiB that buffered keystrokes take, here or in Redis, before the buffer answers `TOO_BUSY`; its journal takes \
         up to three times as much of the disk. The same on every server.",
    ),
    row(
        "keystrokes.flood_limit",
        Count(1, MANY),
        Value("1000"),
        "Keystrokes of one session within 10 seconds; more are dropped. The same on every server.",
    ),
    row(
        "keystrokes.sync",
        NO_TIME,
        Value(r#""1s""#),
        "How often the journal is flushed to the disk: what a power cut may cost; `0s` before each answer. \
         A process that is killed loses nothing either way.",
    ),
    row(
        "reports.ttl",
        NO_TIME,
        Value(r#""5m""#),
        "How long a report is answered from the cache, at most: each one for 90 to 100 % of it; `0s` asks the \
         database each time.",
    ),
    row(
        "suggest.min_sessions",
        Count(1, MANY),
        Value("3"),
        "A logged search is suggested to others once so many sessions have searched for it.",
    ),
    row(
        "suggest.period",
        Span(Duration::from_secs(60)),
        Value(r#""3months""#),
        "How far back logged searches count for suggestions.",
    ),
    row(
        "suggest.blocklist",
        Words,
        Value("[]"),
        "Words and phrases that no suggestion may hold, whatever their case; in a variable, separated by commas.",
    ),
    row(
        "persisted.ttl",
        NO_TIME,
        Value(r#""1day""#),
        "How long a document of Apollo's automatic persisted queries is kept, at most; `0s` keeps none.",
    ),
    row(
        "persisted.max_age",
        NO_TIME,
        Value(r#""0s""#),
        "How long a client may hold the answer to a query that it sends by name with GET (`Cache-Control: private, \
         max-age`, and `ETag`); `0s`: not at all (`no-store`).",
    ),
    row(
        "persisted.documents",
        Text,
        Absent,
        "A file of trusted documents, a JSON object of documents by their hashes: `persisted-documents.json` of the \
         codegen client preset. A relative path begins in the folder where the command runs.",
    ),
    row(
        "persisted.only_trusted",
        Switch,
        Value("false"),
        "Runs no documents but those of `persisted.documents`.",
    ),
    row(
        "server.max_body_bytes",
        Count(1_024, BYTES),
        Value("16777216"),
        "The largest request body, in bytes.",
    ),
    row("server.request_timeout", SOME_TIME, Value(r#""10s""#), "The longest a query may take."),
    row(
        "server.shutdown_grace",
        NO_TIME,
        Value(r#""20s""#),
        "How long a stopping server finishes what is under way before it breaks it off.",
    ),
    row(
        "server.drain_delay",
        NO_TIME,
        Value(r#""0s""#),
        "How long a server that is told to stop still takes requests, while `/readyz` answers 503, so that a load \
         balancer notices first; `server.shutdown_grace` begins after it.",
    ),
    row(
        "server.metrics_listen",
        Address,
        Absent,
        "An address of its own for `/metrics` and health, such as a private one; absent: `/metrics` is on `listen`, \
         for whoever reaches that.",
    ),
    row(
        "server.introspection",
        SWITCH,
        Value(r#""auto""#),
        "Who may ask for the schema: `auto` everybody without keys, and with keys who has one; `on` everybody; `off` \
         nobody.",
    ),
    row(
        "server.graphiql",
        SWITCH,
        Value(r#""auto""#),
        "Whether `/graphiql` is served: `auto` as long as no keys are configured and not only trusted documents run, \
         `on` or `off`.",
    ),
    row(
        "server.trusted_proxies",
        Count(0, 16),
        Value("0"),
        "Proxies in front of the server that each add an address to `X-Forwarded-For`; callers are told apart by what \
         the outermost of them added. 0: by the connection alone.",
    ),
    row(
        "server.allowed_origins",
        Pages,
        Value("[]"),
        "Origins such as `https://shop.example` whose pages may send requests and read the answers, besides the \
         server's own; `[\"*\"]`: all. In a variable, separated by commas.",
    ),
    row(
        "server.allowed_headers",
        HeaderNames,
        Value(
            r#"["apollographql-client-name", "apollographql-client-version", "baggage", "cache-control", "graphql-client-name", "graphql-client-version", "pragma", "sentry-trace", "x-requested-with"]"#,
        ),
        "Headers that pages of `server.allowed_origins` may send, besides those that the server reads; `[\"*\"]`: any. In a \
         variable, separated by commas.",
    ),
    row(
        "server.allowed_hosts",
        Hosts,
        Value("[]"),
        "Host names that `/graphql` answers under, besides loopback ones; empty: without keys no others, with keys any. \
         `[\"*\"]`: any. In a variable, separated by commas.",
    ),
    row(
        "rate_limits.per_key",
        Count(0, MANY),
        Value("0"),
        "Operations that one key may send a minute, sustained; 0: no limit. More are answered `RATE_LIMITED`.",
    ),
    row(
        "rate_limits.per_key_burst",
        Count(1, MANY),
        Value("100"),
        "Operations that one key may send at once after a pause, where its rate is limited.",
    ),
    row(
        "rate_limits.per_address",
        Count(0, MANY),
        Value("0"),
        "Operations that one client address (of IPv6 one /64) may send a minute, sustained, whatever its key; 0: no \
         limit.",
    ),
    row(
        "rate_limits.per_address_burst",
        Count(1, MANY),
        Value("100"),
        "Operations that one client address may send at once after a pause, where its rate is limited.",
    ),
    row(
        "rate_limits.failed_keys",
        Count(0, MANY),
        Value("600"),
        "Wrong or expired keys that one client address may try a minute before the answer is `RATE_LIMITED`; 0: no \
         limit.",
    ),
    row(
        "telemetry.otlp_endpoint",
        WebUrl,
        Absent,
        "Where traces are sent, by OTLP over HTTP: `/v1/traces` is added. Absent: \
         `OTEL_EXPORTER_OTLP_ENDPOINT`; where that is absent, too, nothing is traced.",
    ),
    row(
        "telemetry.sampling",
        Share,
        Value("1.0"),
        "The share of requests that are traced, 0 to 1, unless their `traceparent` says whether they are.",
    ),
    row("telemetry.service_name", Text, Value(r#""quarry""#), "What this server is called in traces."),
    row(
        "log.level",
        LogFilter,
        Value(r#""info""#),
        "`off`, `error`, `warn`, `info`, `debug` or `trace`, also by module: `info,quarry::crawl=debug`.",
    ),
    row(
        "log.format",
        Choice(&["text", "json"]),
        Value(r#""text""#),
        "How log lines are written: `text` or `json`.",
    ),
    row(
        "keys",
        Keys,
        Value("[]"),
        "Who may call: one `[[keys]]` table each, as `quarry key new` prints it; none: everybody.",
    ),
    row("sources", Sources, Value("[]"), "What is crawled: one `[[sources]]` table each."),
];

/// The `QUARRY_*` variable that sets a key.
pub(super) fn variable_of(key: &str) -> String {
    format!("QUARRY_{}", key.to_uppercase().replace('.', "__"))
}
