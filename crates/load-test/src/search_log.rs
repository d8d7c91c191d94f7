//! Reads the server's log of searches, page by page.
//!
//! By time rather than session by session: of thousands of sessions that is a hundredth of the requests. Rows
//! of other people in that time are read over.

use std::collections::HashSet;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{RequestError, RequestErrorKind, ServerPool};
use super::comparison::StoredSearch;

/// The most that the contract gives at once.
const PAGE_SIZE: usize = 100;
/// More pages than this are other people's: the database is too busy a place for a check.
const MAX_PAGES: usize = 50_000;
/// A server's clock may be so far behind this one's.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(3);

const QUERY: &str = "query($from: DateTime!, $first: Int!, $after: String) {
    searchLog(filter: { from: $from }, first: $first, after: $after) {
        nodes { id sessionId userId query resultCount }
        pageInfo { hasNextPage endCursor } } }";
const PROBE: &str = "query($session: ID!) { searchLog(filter: { sessionId: $session }, first: 1) {
    nodes { id sessionId userId query resultCount } pageInfo { hasNextPage endCursor } } }";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogPage {
    nodes: Vec<LogRow>,
    page_info: LogPageInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogRow {
    id: String,
    session_id: String,
    user_id: Option<String>,
    query: String,
    result_count: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogPageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

/// Whether a server keeps such a log at all.
pub(super) async fn probe(pool: &ServerPool, server: &url::Url, session: &str) -> Result<(), RequestError> {
    let data = pool.execute_on(server, PROBE, &json!({ "session": session })).await?;
    parse(data).map(|_| ())
}

/// Everything that was logged since `began` of sessions whose id begins so.
pub(super) async fn read_since(
    pool: &ServerPool,
    began: DateTime<Utc>,
    prefix: &str,
) -> Result<Vec<StoredSearch>, RequestError> {
    let from = (began - CLOCK_SKEW).to_rfc3339_opts(SecondsFormat::Millis, true);
    let (mut rows, mut after) = (Vec::new(), None);
    // Rows that come in while this reads may push one from a page to the next.
    let mut seen = HashSet::new();
    for _ in 0..MAX_PAGES {
        let variables = json!({ "from": from, "first": PAGE_SIZE, "after": after });
        let page = parse(pool.execute(QUERY, &variables).await?)?;
        let own = page.nodes.into_iter().filter(|node| node.session_id.starts_with(prefix));
        let own = own.filter(|node| seen.insert(node.id.clone()));
        rows.extend(own.map(|node| StoredSearch {
            session: node.session_id,
            user: node.user_id,
            query: node.query,
            count: node.result_count,
        }));
        match page.page_info.end_cursor {
            Some(cursor) if page.page_info.has_next_page => after = Some(cursor),
            _ => return Ok(rows),
        }
    }
    Err(unreadable(format!("the log has more than {MAX_PAGES} pages of that time")))
}

fn parse(mut data: Value) -> Result<LogPage, RequestError> {
    serde_json::from_value(data["searchLog"].take())
        .map_err(|_| unreadable("searchLog is not as the contract has it".to_owned()))
}

fn unreadable(message: String) -> RequestError {
    RequestError { code: "UNREADABLE".to_owned(), message, kind: RequestErrorKind::Permanent }
}
