//! The search log, read by a client, and its tables, read in the database.

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use serde_json::{Value, json};

use super::server::Endpoint;
use super::wait::until;

/// Session and query of a logged search.
pub(crate) type Logged = (String, String);

const LOG: &str = "query($after: String) { searchLog(first: 100, after: $after) {
    totalCount nodes { id sessionId query keystrokes finalReason startedAt lastKeystrokeAt loggedAt }
    pageInfo { hasNextPage endCursor } } }";
const HEALTH: &str = "{ loggingHealth { bufferedSearches keystrokesAccepted keystrokesDropped searchesFlushed
    duplicatesSuppressed oldestBufferedAt lastFlushAt lastError } }";

impl Endpoint {
    /// Returns all rows of the log, page by page.
    pub(crate) async fn search_log(&self) -> Vec<Value> {
        let (mut rows, mut after) = (Vec::new(), Value::Null);
        loop {
            let mut page = self.data(LOG, json!({ "after": after })).await["searchLog"].take();
            rows.extend(page["nodes"].as_array().expect("nodes").iter().cloned());
            after = page["pageInfo"]["endCursor"].take();
            if page["pageInfo"]["hasNextPage"] == false {
                return rows;
            }
        }
    }

    /// Returns the number of searches in the log.
    pub(crate) async fn logged_count(&self) -> u64 {
        let data = self.data("{ searchLog(first: 1) { totalCount } }", Value::Null).await;
        data["searchLog"]["totalCount"].as_u64().expect("a count")
    }

    /// Returns the state of the keystroke pipeline.
    pub(crate) async fn logging_health(&self) -> Value {
        self.data(HEALTH, Value::Null).await["loggingHealth"].take()
    }

    /// Waits for an empty buffer, and asserts that the log contains exactly these searches, each once.
    pub(crate) async fn assert_logged(&self, expected: impl IntoIterator<Item = Logged>) {
        let mut expected: Vec<Logged> = expected.into_iter().collect();
        expected.sort_unstable();
        // A buffered search is an expected one or an extra one, so the wait includes both.
        until("an empty buffer", async || {
            (self.logging_health().await["bufferedSearches"] == 0).then_some(())
        })
        .await;
        let mut logged: Vec<Logged> = self.search_log().await.iter().map(logged).collect();
        logged.sort_unstable();
        let missing: Vec<_> = expected.iter().filter(|search| !logged.contains(search)).collect();
        let extra: Vec<_> = logged.iter().filter(|search| !expected.contains(search)).collect();
        assert!(missing.is_empty() && extra.is_empty(), "missing: {missing:?}, not expected: {extra:?}");
        assert_eq!(logged.len(), expected.len(), "a duplicate search");
    }
}

/// Returns session and query of a row.
pub(crate) fn logged(row: &Value) -> Logged {
    let text = |field: &str| row[field].as_str().expect("a text").to_owned();
    (text("sessionId"), text("query"))
}

/// The tables of a server's database.
pub(crate) struct Tables(pub(crate) DatabaseConnection);

impl Tables {
    pub(crate) async fn connect(url: &str) -> Self {
        Self(Database::connect(url).await.expect("connects"))
    }

    /// Executes a statement without a result.
    pub(crate) async fn execute(&self, sql: &str) {
        self.0.execute_unprepared(sql).await.expect("the statement succeeds");
    }

    /// Returns the number that a query selects.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(self.0.get_database_backend(), sql);
        let row = self.0.query_one_raw(statement).await.expect("the statement succeeds").expect("a row");
        row.try_get_by_index(0).expect("a number")
    }

    /// Asserts that the roll-ups add up to the rows.
    pub(crate) async fn assert_rolled_up(&self) {
        let rows = self.number("SELECT COUNT(*) FROM search_logs").await;
        for rollup in ["search_query_hours", "search_volume_quarters"] {
            let sum = format!("SELECT CAST(COALESCE(SUM(searches), 0) AS BIGINT) FROM {rollup}");
            assert_eq!(self.number(&sum).await, rows, "{rollup}");
        }
    }
}
