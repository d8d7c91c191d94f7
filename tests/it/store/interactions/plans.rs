//! Each report is served by an index, on a table that is worth one.

use std::sync::Arc;

use chrono::TimeDelta;
use quarry::domain::{Interaction, InteractionKind, Period, QueryDigest, SearchId};
use sea_orm::{ConnectionTrait, DbBackend};

use super::super::at;
use super::{product, raw, sale};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(no_report_reads_all_interactions);

const PRODUCTS: usize = 500;
const INTERACTIONS: u128 = 20_000;

async fn no_report_reads_all_interactions(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let products: Vec<_> = (0..PRODUCTS)
        .map(|n| product("shop", &n.to_string(), "Thing", Some(["books", "toys", "clothing"][n % 3])))
        .collect();
    store.upsert_documents(&products).await.unwrap();
    for first in (0..INTERACTIONS).step_by(2_000) {
        // Over 83 days.
        let batch: Vec<Interaction> = (first..first + 2_000)
            .map(|n| Interaction {
                kind: if n % 2 == 0 { InteractionKind::Click } else { InteractionKind::Conversion },
                search: (n % 3 == 0).then(|| SearchId::new(n as u64, digest(n as u64 % 500))),
                ..sale(n, products[(n * 7) as usize % PRODUCTS].id(), 1, n as i64 * 360)
            })
            .collect();
        store.record_interactions(&batch).await.unwrap();
    }
    let connection = raw(&database).await;
    let backend = connection.get_database_backend();
    for table in ["interactions", "interaction_days", "documents"] {
        let analyze = match backend {
            DbBackend::MySql => format!("ANALYZE TABLE {table}"),
            // Also says which pages need no look at the rows, as the server does by itself.
            DbBackend::Postgres => format!("VACUUM ANALYZE {table}"),
            _ => format!("ANALYZE {table}"),
        };
        connection.execute_unprepared(&analyze).await.unwrap();
    }

    let from = at("2026-12-20T07:00:00Z");
    let days = |days: i64| Period { from, before: Some(from + TimeDelta::days(days)) };
    let periods = [days(1), days(7), Period { from: from + TimeDelta::days(40), before: None }];
    for period in periods {
        let plans =
            store.category_plans("toys", None, InteractionKind::Conversion, period, 10).await.unwrap();
        assert_eq!(plans.len(), 2);
        for plan in plans {
            assert!(plan.contains("interaction") && !scans(backend, &plan), "{period:?}: {plan}");
        }
        let queries: Vec<QueryDigest> = (0..10).map(digest).collect();
        for plan in store.clicked_searches_plans(&queries, period).await.unwrap() {
            assert!(plan.contains("interactions_"), "{period:?}: {plan}");
            assert!(!scans(backend, &plan), "{period:?}: {plan}");
        }
    }

    // Without the index that a part of a day is read by, this test would fail.
    let drop = match backend {
        DbBackend::MySql => "DROP INDEX interactions_time ON interactions",
        _ => "DROP INDEX interactions_time",
    };
    connection.execute_unprepared(drop).await.unwrap();
    connection.close().await.unwrap();
    // SQLite does not explain anew what a connection has explained before.
    let store = database.connect().await;
    let plans = store.category_plans("toys", None, InteractionKind::Conversion, days(1), 10).await.unwrap();
    assert!(plans.iter().all(|plan| scans(backend, plan)), "{plans:?}");
}

fn digest(query: u64) -> QueryDigest {
    QueryDigest::of(&format!("query {query}"))
}

/// Whether a table of interactions, or an index of one, is read from end to end.
fn scans(backend: DbBackend, plan: &str) -> bool {
    match backend {
        DbBackend::Postgres => plan.contains("Seq Scan on interaction"),
        DbBackend::MySql => {
            let plan: serde_json::Value = serde_json::from_str(plan).unwrap();
            reads_all(&plan)
        }
        // An index that SQLite makes for the one statement takes reading everything, too.
        _ => plan.lines().any(|line| {
            line.starts_with("SCAN interaction")
                || (line.starts_with("SEARCH interaction") && line.contains("AUTOMATIC"))
        }),
    }
}

/// Whether MySQL's plan reads all of a table of interactions.
fn reads_all(plan: &serde_json::Value) -> bool {
    match plan {
        serde_json::Value::Object(step) => {
            let text = |field: &str| step.get(field).and_then(|value| value.as_str()).unwrap_or_default();
            let is_ours = text("table_name").starts_with("interaction");
            let is_all = matches!(text("access_type"), "ALL" | "index");
            (is_ours && is_all) || step.values().any(reads_all)
        }
        serde_json::Value::Array(steps) => steps.iter().any(reads_all),
        _ => false,
    }
}
