//! Every setting, once: its key, what it may be, its default and its meaning. The checks, the
//! defaults and the documentation are all read from these tables, so they cannot disagree.

use std::time::Duration;

use Fallback::{Absent, Computed, Required, Value};
use Kind::{
    Address, Choice, Count, DatabaseUrl, Headers, Hosts, LogFilter, Pagination, Pointer, RedisUrl, Share,
    SourceName, Sources, Span, Switch, Text, WebUrl, Words,
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
    /// A list of host names.
    Hosts,
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

const fn row(key: &'static str, kind: Kind, fallback: Fallback, meaning: &'static str) -> Row {
    Row { key, kind, fallback, meaning }
}

/// The largest value of a setting that is kept in 32 bits.
const MANY: u64 = u32::MAX as u64;
/// The largest value of a setting that counts bytes: 1 TiB.
const BYTES: u64 = 1 << 40;
const NO_TIME: Kind = Span(Duration::ZERO);
const SOME_TIME: Kind = Span(Duration::from_millis(1));

/// The settings outside `[[sources]]`.
pub(super) const GENERAL: &[Row] = &[
    row("listen", Address, Value(r#""127.0.0.1:8000""#), "The address to serve on."),
    row(
        "insecure_listen",
        Switch,
        Value("false"),
        "Allows an address that other machines can reach although no API keys are configured.",
    ),
    row("data_dir", Text, Value(r#""data""#), "The folder of the index and of the embedded database."),
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
        "keystrokes.max_buffered",
        Count(1, MANY),
        Value("1000000"),
        "Keystrokes that the buffer holds before it answers `TOO_BUSY`. The same on every server.",
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
        "server.max_body_bytes",
        Count(1_024, BYTES),
        Value("16777216"),
        "The largest request body, in bytes.",
    ),
    row("server.request_timeout", SOME_TIME, Value(r#""10s""#), "The longest a request may take."),
    row(
        "server.shutdown_grace",
        NO_TIME,
        Value(r#""20s""#),
        "How long a stopping server finishes what is under way before it breaks it off.",
    ),
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
    row("sources", Sources, Value("[]"), "What is crawled: one `[[sources]]` table each."),
];

/// The settings of one `[[sources]]` table.
pub(super) const SOURCE: &[Row] = &[
    row("name", SourceName, Required, "The name of the source, unique among the sources."),
    row("url", WebUrl, Required, "The address of its first page, without the paging parameters."),
    row(
        "items",
        Pointer,
        Value(r#""""#),
        "Where a page holds its items; empty: the page is the array itself.",
    ),
    row("total", Pointer, Absent, "Where a page holds the total number of items."),
    row("pagination", Pagination, Required, "How pages are asked for: a table with a `kind`."),
    row("fields.key", Pointer, Required, "The upstream's id of an item."),
    row("fields.text", Pointer, Required, "What is searched and shown."),
    row("fields.title", Pointer, Absent, "A heading."),
    row("fields.category", Pointer, Absent, "The class the item belongs to."),
    row("fields.author_key", Pointer, Absent, "The upstream's id of the author."),
    row("fields.author_name", Pointer, Absent, "The author's name."),
    row("fields.published_at", Pointer, Absent, "When the item was published."),
    row(
        "headers",
        Headers,
        Value("{}"),
        "Headers to send. `${NAME}` in a value stands for that environment variable; `$${` for `${`.",
    ),
    row(
        "language",
        Choice(&["english", "none"]),
        Value(r#""english""#),
        "Whose word forms match each other: `english`, or `none`.",
    ),
    row("delay", NO_TIME, Value(r#""200ms""#), "Between the end of one request and the start of the next."),
    row("timeout", SOME_TIME, Value(r#""10s""#), "Of one request, from connecting to the last byte."),
    row(
        "refresh",
        Span(Duration::from_secs(1)),
        Absent,
        "Between the end of a crawl and the start of the next; absent: only when asked to, and once at first.",
    ),
    row(
        "max_attempts",
        Count(1, 1_000),
        Value("25"),
        "Requests for one page that may fail before the crawl does.",
    ),
    row(
        "max_refusals",
        Count(0, 1_000),
        Value("12"),
        "Of these, answers of 4xx that are not known to pass (other than 408, 425, 429).",
    ),
    row(
        "backoff",
        NO_TIME,
        Value(r#""250ms""#),
        "The first backoff's upper bound; it doubles with each failure.",
    ),
    row("max_backoff", NO_TIME, Value(r#""20s""#), "The largest backoff's upper bound."),
    row("max_retry_after", NO_TIME, Value(r#""1m""#), "The longest `Retry-After` that is honoured in full."),
    row(
        "max_body_bytes",
        Count(1_024, BYTES),
        Value("16777216"),
        "The largest page, in bytes, after decompression.",
    ),
    row("max_pages", Count(1, MANY), Value("100000"), "Pages of one pass over the upstream."),
    row("max_sweeps", Count(1, 1_000), Value("8"), "Passes that a crawl may take to see every key."),
    row("max_redirects", Count(0, 20), Value("5"), "Redirects of one request."),
    row(
        "redirect_hosts",
        Hosts,
        Value("[]"),
        "Hosts other than the address's own that a redirect may lead to.",
    ),
    row("max_duration", SOME_TIME, Value(r#""1day""#), "Of one crawl, resumptions included."),
    row(
        "max_shrink",
        Share,
        Value("0.2"),
        "The largest share of a source's documents that one crawl may remove, 0 to 1.",
    ),
];

const SIZE: Row = row("size", Count(1, MANY), Value("100"), "Items to ask for in one request.");

/// The settings of a `pagination` table, by its `kind`.
pub(super) const PAGINATION: &[(&str, &[Row])] = &[
    (
        "offset",
        &[
            row("offset", Text, Value(r#""skip""#), "The parameter that names the first item."),
            row("limit", Text, Value(r#""limit""#), "The parameter that names the page size."),
            SIZE,
        ],
    ),
    (
        "page",
        &[
            row("page", Text, Value(r#""page""#), "The parameter that names the page."),
            row("limit", Text, Value(r#""size""#), "The parameter that names the page size."),
            SIZE,
            row("first", Count(0, MANY), Value("1"), "The number of the first page."),
        ],
    ),
    (
        "cursor",
        &[
            row("cursor", Text, Value(r#""cursor""#), "The parameter that takes the cursor."),
            row("limit", Text, Value(r#""limit""#), "The parameter that names the page size."),
            SIZE,
            row("next", Pointer, Value(r#""/next_cursor""#), "Where the answer holds the next cursor."),
        ],
    ),
    ("link", &[row("limit", Text, Value(r#""per_page""#), "The parameter that names the page size."), SIZE]),
];

/// The settings of a `pagination` table of this kind.
pub(super) fn pagination_rows(kind: &str) -> Option<&'static [Row]> {
    PAGINATION.iter().find(|(name, _)| *name == kind).map(|(_, rows)| *rows)
}

/// The `QUARRY_*` variable that sets a key.
pub(super) fn variable_of(key: &str) -> String {
    format!("QUARRY_{}", key.to_uppercase().replace('.', "__"))
}

/// One line of the documentation of the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceLine {
    /// The dotted key, as in `quarry.toml`.
    pub key: String,
    /// The `QUARRY_*` variable that sets it; sources are set in the file alone.
    pub variable: Option<String>,
    /// The default as TOML, or a word about it.
    pub default: String,
    /// What the setting does.
    pub meaning: String,
}

/// Every setting, in the order in which the documentation shows them.
pub fn reference() -> Vec<ReferenceLine> {
    let mut lines = Vec::new();
    for row in GENERAL {
        let variable = (!matches!(row.kind, Sources)).then(|| variable_of(row.key));
        lines.push(line(row, row.key.to_owned(), variable, row.meaning.to_owned()));
    }
    for row in SOURCE {
        lines.push(line(row, format!("sources.{}", row.key), None, row.meaning.to_owned()));
        if matches!(row.kind, Pagination) {
            for (kind, rows) in PAGINATION {
                for row in *rows {
                    let meaning = format!("With `kind = \"{kind}\"`: {}", row.meaning);
                    lines.push(line(row, format!("sources.pagination.{}", row.key), None, meaning));
                }
            }
        }
    }
    lines
}

fn line(row: &Row, key: String, variable: Option<String>, meaning: String) -> ReferenceLine {
    let default = match row.fallback {
        Value(value) => format!("`{value}`"),
        Computed(text) => text.to_owned(),
        Absent => "none".to_owned(),
        Required => "required".to_owned(),
    };
    ReferenceLine { key, variable, default, meaning }
}
