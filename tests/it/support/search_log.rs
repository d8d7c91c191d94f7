//! What a server has logged, read as a client reads it, and what its database has added up.

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use serde_json::{Value, json};

use super::server::Endpoint;
use super::wait::until;

/// Session and text of a logged search.
pub(crate) type Logged = (String, String);

const LOG: &str = "query($after: String) { searchLog(first: 100, after: $after) {
    totalCount nodes { id sessionId query keystrokes finalReason startedAt lastKeystrokeAt loggedAt }
    pageInfo { hasNextPage endCursor } } }";
const HEALTH: &str = "{ loggingHealth { bufferedSearches keystrokesAccepted keystrokesDropped searchesFlushed
    duplicatesSuppressed oldestBufferedAt lastFlushAt lastError } }";

impl Endpoint {
    /// Everything in the log, walked page by page.
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

    /// How many searches are in the log.
    pub(crate) async fn logged_count(&self) -> u64 {
        let data = self.data("{ searchLog(first: 1) { totalCount } }", Value::Null).await;
        data["searchLog"]["totalCount"].as_u64().expect("a count")
    }

    /// How the logging goes.
    pub(crate) async fn logging_health(&self) -> Value {
        self.data(HEALTH, Value::Null).await["loggingHealth"].take()
    }

    /// Waits until nothing is buffered any more; then the log holds exactly this: nothing else,
    /// nothing twice.
    pub(crate) async fn assert_logged(&self, expected: impl IntoIterator<Item = Logged>) {
        let mut expected: Vec<Logged> = expected.into_iter().collect();
        expected.sort_unstable();
        // Whatever is buffered is an expected search, or one too many: it is waited for, too.
        until("an empty buffer", async || {
            (self.logging_health().await["bufferedSearches"] == 0).then_some(())
        })
        .await;
        let mut logged: Vec<Logged> = self.search_log().await.iter().map(logged).collect();
        logged.sort_unstable();
        let missing: Vec<_> = expected.iter().filter(|search| !logged.contains(search)).collect();
        let extra: Vec<_> = logged.iter().filter(|search| !expected.contains(search)).collect();
        assert!(missing.is_empty() && extra.is_empty(), "missing: {missing:?}, not expected: {extra:?}");
        assert_eq!(logged.len(), expected.len(), "something is there twice");
    }
}

/// Session and text of a row.
pub(crate) fn logged(row: &Value) -> Logged {
    let text = |field: &str| row[field].as_str().expect("a text").to_owned();
    (text("sessionId"), text("query"))
}

/// The database behind a server, looked into directly.
pub(crate) struct Tables(pub(crate) DatabaseConnection);

impl Tables {
    pub(crate) async fn connect(url: &str) -> Self {
        Self(Database::connect(url).await.expect("the database answers"))
    }

    /// Does something that answers nothing.
    pub(crate) async fn execute(&self, sql: &str) {
        self.0.execute_unprepared(sql).await.expect("the database does it");
    }

    /// The one number that a statement answers.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(self.0.get_database_backend(), sql);
        let row = self.0.query_one_raw(statement).await.expect("the database does it").expect("a row");
        row.try_get_by_index(0).expect("a number")
    }

    /// The roll-ups add up to the rows.
    pub(crate) async fn assert_rolled_up(&self) {
        let rows = self.number("SELECT COUNT(*) FROM search_logs").await;
        for rollup in ["search_query_hours", "search_volume_quarters"] {
            let sum = format!("SELECT CAST(COALESCE(SUM(searches), 0) AS BIGINT) FROM {rollup}");
            assert_eq!(self.number(&sum).await, rows, "{rollup}");
        }
    }
}
