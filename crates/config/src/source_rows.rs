//! The settings of `[[sources]]`, for `reference`.

use std::time::Duration;

use super::reference::Fallback::{Absent, Required, Value};
use super::reference::Kind::{
    Choice, Count, Headers, Pagination, Pointer, RedirectHosts, Share, SourceName, Span, Text, WebUrl,
};
use super::reference::{BYTES, MANY, NO_TIME, Row, SOME_TIME, row};

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
        RedirectHosts,
        Value("[]"),
        "Hosts other than the address's own that a redirect may lead to, as `host:port`; without a port, on the usual \
         one of `http` or `https`, or the address's own.",
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
