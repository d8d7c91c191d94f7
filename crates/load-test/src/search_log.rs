//! Reads the server's search log, page by page.
//!
//! The filter is the time rather than each session, which takes a hundredth of the requests for thousands of
//! sessions. Rows of other sessions are skipped.

use std::collections::HashSet;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{RequestError, RequestErrorKind, ServerPool};
use super::comparison::StoredSearch;

/// The schema's limit of rows on one page.
const PAGE_SIZE: usize = 100;
/// The most pages; more belong to other sessions, on a database too busy for verification.
const MAX_PAGES: usize = 50_000;
/// The largest difference between the clocks of server and client.
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

/// Checks that a server has a search log and accepts the credentials.
pub(super) async fn probe(pool: &ServerPool, server: &url::Url, session: &str) -> Result<(), RequestError> {
    let data = pool.execute_on(server, PROBE, &json!({ "session": session })).await?;
    parse(data).map(|_| ())
}

/// Reads the rows since `began` of sessions with a prefix.
pub(super) async fn read_since(
    pool: &ServerPool,
    began: DateTime<Utc>,
    prefix: &str,
) -> Result<Vec<StoredSearch>, RequestError> {
    let from = (began - CLOCK_SKEW).to_rfc3339_opts(SecondsFormat::Millis, true);
    let (mut rows, mut after) = (Vec::new(), None);
    // Rows inserted between two pages may shift a row to the next page.
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
    Err(unreadable(format!(
        "the log has more than {MAX_PAGES} pages since the start: use a database with less traffic"
    )))
}

fn parse(mut data: Value) -> Result<LogPage, RequestError> {
    serde_json::from_value(data["searchLog"].take()).map_err(|_| {
        unreadable(
            "the response does not match the schema of searchLog: use the release of the server".to_owned(),
        )
    })
}

fn unreadable(message: String) -> RequestError {
    RequestError { code: "UNREADABLE".to_owned(), message, kind: RequestErrorKind::Permanent }
}
