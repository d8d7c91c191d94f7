//! How a database goes about a statement, in its own words.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::failure::Failure;

/// The plan of a statement, which may quote its values.
pub(super) async fn explain(database: &impl ConnectionTrait, of: Statement) -> Result<String, Failure> {
    let (explain, column) = match of.db_backend {
        DbBackend::Postgres => ("EXPLAIN", 0),
        DbBackend::MySql => ("EXPLAIN FORMAT=JSON", 0),
        // Numbers of steps come first.
        _ => ("EXPLAIN QUERY PLAN", 3),
    };
    let explain = Statement { sql: format!("{explain} {}", of.sql), ..of };
    let mut plan = String::new();
    for row in database.query_all_raw(explain).await? {
        let line: String = row.try_get_by_index(column)?;
        plan.push_str(&line);
        plan.push('\n');
    }
    Ok(plan)
}
