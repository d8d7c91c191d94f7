//! Query plans of the statements that a call executes.

use std::sync::{Arc, Mutex};

use quarry::store::Store;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::support::databases::TestDatabase;

/// Runs a call on a store of its own, and returns the plans of its statements.
pub(super) async fn plans_of<F>(database: &TestDatabase, call: impl FnOnce(Store) -> F) -> Vec<String>
where
    F: Future<Output = ()> + Send,
{
    let statements = Arc::new(Mutex::new(Vec::new()));
    let observed = statements.clone();
    let mut store = database.connect().await;
    store.observe_statements(move |statement| observed.lock().unwrap().push(statement.clone()));
    call(store).await;
    let statements = std::mem::take(&mut *statements.lock().unwrap());
    let connection = super::raw(database).await;
    let mut plans = Vec::new();
    for statement in statements {
        plans.push(explain(&connection, statement).await);
    }
    connection.close().await.unwrap();
    plans
}

async fn explain(connection: &impl ConnectionTrait, statement: Statement) -> String {
    let (explain, column) = match statement.db_backend {
        DbBackend::Postgres => ("EXPLAIN", 0),
        DbBackend::MySql => ("EXPLAIN FORMAT=JSON", 0),
        // The first three columns number the steps.
        _ => ("EXPLAIN QUERY PLAN", 3),
    };
    let explain = Statement { sql: format!("{explain} {}", statement.sql), ..statement };
    let steps = connection.query_all_raw(explain).await.unwrap();
    steps.iter().map(|step| step.try_get_by_index::<String>(column).unwrap() + "\n").collect()
}
